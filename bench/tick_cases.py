"""Frames of the three brokers as they come in a session, and our ways to read them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefolio.adapters.brokers.angelone import columns as angel_columns
from tunefolio.adapters.brokers.angelone import stream as angel_stream
from tunefolio.adapters.brokers.angelone import ticks as angel_ticks
from tunefolio.adapters.brokers.kotakneo import columns as kotak_columns
from tunefolio.adapters.brokers.kotakneo import stream as kotak_stream
from tunefolio.adapters.brokers.kotakneo import ticks as kotak_ticks
from tunefolio.adapters.brokers.kotakneo.scrips import Symbol
from tunefolio.adapters.brokers.zerodha import columns as kite_columns
from tunefolio.adapters.brokers.zerodha import stream as kite_stream
from tunefolio.adapters.brokers.zerodha import ticks as kite_ticks
from tunefolio.adapters.packed import Packets
from tunefolio.core.time import FixedClock, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

SIZES = (1, 100, 1_000)
NOW = Instant.parse("2026-11-20T10:00:00+05:30")
SECOND = int(NOW.utc.timestamp())
DIVIDERS = {1: 100}
Frames = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """Some frames of a broker: `ticks` prices of different instruments."""

    name: str
    frames: Frames
    ticks: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """Columns of what the packets carry; prices, quantities and orders of the book, each [rows, steps]."""

    columns: Mapping[str, NDArray[Any]]
    book: tuple[NDArray[Any], ...] = ()
    rows: NDArray[np.int64] | None = None
    """Of the ticks that have a book; None: all."""

    def numbers(self, order: Sequence[str]) -> NDArray[np.float64]:
        """float64[ticks, numbers] as the official client's answer is laid out; 0 for what is not carried."""
        count = len(self.columns["token"])
        found = np.zeros((count, len(order) + 3 * (self.book[0].shape[1] if self.book else 0)))
        for place, name in enumerate(order):
            if name in self.columns:
                found[:, place] = self.columns[name].astype(float)
        if self.book:
            found[slice(None) if self.rows is None else self.rows, len(order) :] = np.stack(
                self.book, axis=2
            ).reshape(len(self.book[0]), -1)
        return found


@dataclass(frozen=True, slots=True)
class Ours:
    """Our decoders of one broker. prices: frames told first, then frames told in turn → quotes made."""

    objects: Callable[[Frames], object]
    columns: Callable[[Frames], Decoded]
    order: Sequence[str]
    """Of the numbers that tick_clients reads."""
    cases: Sequence[Case]
    moved: Callable[[str, int, int], Frames]
    """kind, count, how many of them with another price."""
    whole: Callable[[Frames], object]
    """Quotes as they were made before columns: of every tick."""
    news: Callable[[int], Callable[[Frames], object]]
    """What makes quotes of frames of so many instruments."""
    kind: str


def _columns(packets: Packets, prices: Sequence[str], divisors: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """All that the packets carry."""
    told = {name: packets.column(name) for name in packets.names}
    return told | {name: told[name] / divisors for name in prices if name in told}


def _cases(kinds: Sequence[str], frames: Callable[[str, int, int], Frames], words: str) -> list[Case]:
    return [
        Case(f"{kind}, {count:,} {words}", frames(kind, count, 0), count) for kind in kinds for count in SIZES
    ]


# ── Kite ──────────────────────────────────────────────────────────────────────────────────────────

_KITE_TOKENS = [256 * place + 1 for place in range(1, 1_001)]
_KITE_LISTINGS = {token: Listing("NSE", str(token)) for token in _KITE_TOKENS}


def _kite_packet(kind: str, token: int, price: int) -> bytes:
    if kind == "LTP" or (kind == "mixed" and token % 3 == 0):
        return struct.pack(">II", token, price)
    day = price - 300, price + 500, price - 700, 150_000
    quote = struct.pack(">11I", token, price, 25, price + 7, 5_200_000, 91_000, 88_000, *day)
    if kind == "quote" or (kind == "mixed" and token % 3 == 1):
        return quote
    book = (struct.pack(">IIHxx", 10 * step + 5, price - step, step + 1) for step in range(10))
    return quote + struct.pack(">5I", SECOND - 2, 900, 950, 850, SECOND) + b"".join(book)


def _kite_frames(kind: str, count: int, moved: int) -> Frames:
    prices = [150_000 + 35 * place + (5 if place < moved else 0) for place in range(count)]
    packets = [_kite_packet(kind, token, price) for token, price in zip(_KITE_TOKENS, prices, strict=False)]
    return [struct.pack(">H", count) + b"".join(struct.pack(">H", len(one)) + one for one in packets)]


def _kite_columns(frames: Frames) -> Decoded:
    packets = kite_columns.columns(frames[0])
    divisors = kite_columns.divisors(packets)
    found = _columns(packets, kite_columns.PRICES, divisors)
    if (full := packets.groups.get(kite_columns.FULL)) is None:
        return Decoded(found)
    steps, quantities, orders = kite_columns.book(packets)
    scale = divisors if full.rows is None else divisors[full.rows]
    return Decoded(found, (steps / scale[:, None], quantities, orders), full.rows)


def _kite_whole(frames: Frames) -> object:
    return {
        listing: QuoteClaim(listing, tick.last, tick.close or None, tick.at or NOW)
        for tick in kite_ticks.ticks(frames[0])
        if (listing := _KITE_LISTINGS.get(tick.token)) is not None
    }


def _kite_news(count: int) -> Callable[[Frames], object]:
    news = kite_stream.News({token: _KITE_LISTINGS[token] for token in _KITE_TOKENS[:count]})
    return lambda frames: news.of(frames[0], NOW)


KITE = Ours(
    lambda frames: list(kite_ticks.ticks(frames[0])),
    _kite_columns,
    (
        "token", "last", "average", "open", "high", "low", "close", "last_quantity", "volume", "buy_quantity",
        "sell_quantity", "open_interest", "last_trade", "at",
    ),
    _cases(("full", "quote", "LTP", "mixed"), _kite_frames, "in a frame"),
    _kite_frames,
    _kite_whole,
    _kite_news,
    "full",
)  # fmt: skip


# ── Angel One ─────────────────────────────────────────────────────────────────────────────────────

_ANGEL_LISTINGS = {(1, str(token)): [Listing("NSE", str(token))] for token in range(1_001, 2_001)}


def _angel_frame(kind: str, token: int, price: int) -> bytes:
    mode = ("LTP", "quote", "snapshot").index(kind) + 1
    told = struct.pack("<BB25sqqq", mode, 1, str(token).encode(), 77, SECOND * 1000 + 5, price)
    if mode == 1:
        return told
    day = price - 300, price + 500, price - 700, 150_000
    told += struct.pack("<qqqddqqqq", 25, price + 7, 5_200_000, 91_000.0, 88_000.0, *day)
    if mode == 2:
        return told
    book = (struct.pack("<hqqh", step < 5, 10 * step + 5, price - step, step + 1) for step in range(10))
    limits = struct.pack("<qqqq", 165_000, 135_000, 200_000, 100_000)
    return told + struct.pack("<qqd", SECOND - 2, 900, 0.5) + b"".join(book) + limits


def _angel_frames(kind: str, count: int, moved: int) -> Frames:
    prices = [150_000 + 35 * place + (5 if place < moved else 0) for place in range(count)]
    return [_angel_frame(kind, 1_001 + place, price) for place, price in enumerate(prices)]


def _angel_columns(frames: Frames) -> Decoded:
    """The official client leaves prices in paise."""
    packets = angel_columns.columns(frames)
    found = {"token": angel_columns.tokens(packets), **_columns(packets, (), np.ones(1))}
    if angel_ticks.Mode.SNAP not in packets.groups:
        return Decoded(found)
    _, *book = angel_columns.book(packets)
    return Decoded(found, tuple(book))


class _AngelBefore:
    """As it was: every packet read whole, then compared with the one before."""

    def __init__(self) -> None:
        self._told: dict[tuple[int, str], tuple[int, ...]] = {}

    def __call__(self, frames: Frames) -> object:
        found: dict[Listing, QuoteClaim] = {}
        for tick in map(angel_ticks.tick, frames):
            key = tick.exchange, tick.token
            if self._told.get(key) != tick.value:
                self._told[key] = tick.value
                last, close = tick.rupees(tick.last), tick.rupees(tick.close)
                found |= {one: QuoteClaim(one, last, close, tick.at or NOW) for one in _ANGEL_LISTINGS[key]}
        return found


def _angel_news(count: int) -> Callable[[Frames], object]:
    read = angel_stream.News(dict(list(_ANGEL_LISTINGS.items())[:count]), FixedClock(NOW)).read
    return lambda frames: [read(frame) for frame in frames]


ANGEL = Ours(
    lambda frames: [angel_ticks.tick(frame) for frame in frames],
    _angel_columns,
    (
        "token", "exchange", "sequence", "at_ms", "last", "last_quantity", "average", "volume", "buying",
        "selling", "open", "high", "low", "close", "traded_s", "open_interest", "upper", "lower", "year_high",
        "year_low",
    ),
    _cases(("LTP", "quote", "snapshot"), _angel_frames, "together"),
    _angel_frames,
    _AngelBefore(),
    _angel_news,
    "quote",
)  # fmt: skip

# ── Kotak ─────────────────────────────────────────────────────────────────────────────────────────

_KOTAK_LISTINGS = {
    Symbol("nse_cm", str(token)): [Listing("NSE", str(token))] for token in range(1_001, 2_001)
}


def _kotak_packet(kind: str, token: int, price: int) -> bytes:
    if kind == "lite":
        body = struct.pack("<IqIqIiiIBI", token, SECOND, price, 25, 150_000, 55, 150, 1, 2, 1)
        return struct.pack("<HHbBBBB", 9 + len(body), 7208, 1, 1, 0, 3, 1) + body
    day = price - 300, 150_000, price + 500, price - 700, price
    body = struct.pack(
        "<IqqqqqIIIIIqIIIIhiIdiIIIIIBI", token, 91_000, 88_000, 5_200_000, SECOND, SECOND, *day, 25,
        price + 7, 0, 5, 5, 2, -55, 900, 1e9, -785, 165_000, 135_000, 200_000, 100_000, 1, 2, 1,
    )  # fmt: skip
    body += b"".join(struct.pack("<qii", 10 * step + 5, price - step, step + 1) for step in range(10))
    return struct.pack("<HHbBBBB", 9 + len(body), 7208, 1, 8, 0, 3, 1) + body


def _kotak_frames(kind: str, count: int, moved: int) -> Frames:
    prices = [150_000 + 35 * place + (5 if place < moved else 0) for place in range(count)]
    return [b"".join(_kotak_packet(kind, 1_001 + place, price) for place, price in enumerate(prices))]


def _kotak_columns(frames: Frames) -> Decoded:
    prices = kotak_columns.columns(frames[0])
    packets, dividers = prices.packets, kotak_columns.dividers_of(prices, DIVIDERS)
    found = _columns(packets, kotak_columns.PRICES, dividers)
    book = prices.book()
    if not len(book.prices):
        return Decoded(found)
    steps = book.prices / np.repeat(dividers, np.diff(book.starts))
    return Decoded(
        found, tuple(one.reshape(len(packets), -1) for one in (steps, book.quantities, book.orders))
    )


def _kotak_whole(frames: Frames) -> object:
    found: dict[Listing, QuoteClaim] = {}
    for tick in kotak_ticks.packets(frames[0], DIVIDERS):
        if isinstance(tick, kotak_ticks.Tick):
            listings = _KOTAK_LISTINGS[Symbol(tick.segment, tick.token)]
            found |= {one: QuoteClaim(one, tick.last, tick.close, tick.last_trade or NOW) for one in listings}
    return found


def _kotak_news(count: int) -> Callable[[Frames], object]:
    claims = kotak_stream.Claims(dict(list(_KOTAK_LISTINGS.items())[:count]))
    return lambda frames: claims.of(frames[0], DIVIDERS, NOW)


KOTAK = Ours(
    lambda frames: list(kotak_ticks.packets(frames[0], DIVIDERS)),
    _kotak_columns,
    (
        "token", *kotak_columns.PRICES, "last_trade", "last_quantity", "volume", "buy_quantity",
        "sell_quantity", "open_interest",
    ),
    _cases(("lite", "depth"), _kotak_frames, "in a frame"),
    _kotak_frames,
    _kotak_whole,
    _kotak_news,
    "lite",
)  # fmt: skip
