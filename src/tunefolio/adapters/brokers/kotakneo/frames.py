"""Which prices of a large frame are of instruments that were asked for. Loads numpy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tunefolio.adapters.brokers.kotakneo.columns import INDEX, columns
from tunefolio.adapters.brokers.kotakneo.scrips import Symbol
from tunefolio.adapters.brokers.kotakneo.ticks import LAST_SECOND, SEGMENTS, Brief, name_of
from tunefolio.adapters.packed import Ints, Packets

_EXCHANGES = {segment: exchange for exchange, segment in SEGMENTS.items()}


@dataclass(frozen=True, slots=True)
class There:
    """Prices of instruments that were asked for; each int64[N]. at: microseconds since 1970."""

    slots: Ints
    exchange: Ints
    last: Ints
    close: Ints
    traded: Ints
    at: Ints

    def rows(self, rows: Ints) -> There:
        """Some of them."""
        if len(rows) == len(self.slots):
            return self
        columns = (self.slots, self.exchange, self.last, self.close, self.traded, self.at)
        return There(*(column[rows] for column in columns))

    def briefs(self) -> Iterator[tuple[int, Brief]]:
        """The slot and the price of each; without the token, which the slot stands for."""
        columns = (self.exchange, self.last, self.close, self.traded)
        told = zip(*(column.tolist() for column in columns), strict=True)
        for slot, (exchange, last, close, traded) in zip(self.slots.tolist(), told, strict=True):
            yield slot, Brief(exchange, 0, last, close, traded)


class Slots:
    """Instruments that were asked for, numbered from 0 in their order."""

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self._by_symbol = {symbol: slot for slot, symbol in enumerate(symbols)}
        self._by_key = {
            key: slot for slot, symbol in enumerate(symbols) if (key := _key_of(symbol)) is not None
        }
        self._keys = np.array(sorted(self._by_key), np.int64)
        self._of_keys = np.array([self._by_key[key] for key in self._keys.tolist()], np.int64)

    def find(self, brief: Brief) -> int | None:
        """Which of them a price is of; an index is known by its name."""
        if brief.name:
            return self._by_symbol.get(Symbol(SEGMENTS.get(brief.exchange, str(brief.exchange)), brief.name))
        return self._by_key.get((brief.exchange << 32) | brief.token)

    def of(self, frame: bytes, now_us: int) -> There:
        """All of a frame that have a price; those without a time are as of now."""
        packets = columns(frame).packets
        names = ("exchange", "token", "last", "close", "last_trade")
        exchange, token, last, close, traded = (packets.column(name) for name in names)
        slots = self._slots((exchange << 32) | token)
        self._name_indices(packets, slots)
        at = np.where((traded > 0) & (traded <= LAST_SECOND), traded * 1_000_000, now_us)
        found = There(slots, exchange, last, close, traded, at)
        return found.rows(np.flatnonzero((slots >= 0) & (last > 0)))

    def _slots(self, keys: Ints) -> Ints:
        """-1 for what nobody asked for."""
        if not len(self._keys):
            return np.full(len(keys), -1, np.int64)
        places = np.searchsorted(self._keys, keys)
        places[places == len(self._keys)] = 0
        return np.where(self._keys[places] == keys, self._of_keys[places], -1)

    def _name_indices(self, packets: Packets, slots: Ints) -> None:
        """Indices have names, which are few."""
        if (group := packets.groups.get(INDEX)) is None:
            return
        rows = range(group.count) if group.rows is None else group.rows.tolist()
        told = zip(rows, group.numbers("<i1", 4).tolist(), group.numbers("S21", 66).tolist(), strict=True)
        for row, exchange, raw in told:
            if name := name_of(raw):
                slot = self.find(Brief(exchange, 0, 0, 0, 0, name))
                slots[row] = -1 if slot is None else slot


def _key_of(symbol: Symbol) -> int | None:
    """Exchange and token in one number; None for an index, which has a name instead."""
    exchange = _EXCHANGES.get(symbol.segment)
    if exchange is None or not symbol.token.isdecimal() or symbol.token != str(int(symbol.token)):
        return None
    return (exchange << 32) | int(symbol.token)
