"""Angel One's live prices: a pure parser of its frames, one packet to a binary message.

Little-endian; prices are whole numbers of paise (of currencies: 10^-7), and stay so until asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from struct import Struct, error
from typing import Any, NamedTuple

from tunefolio.adapters import jsons
from tunefolio.core.errors import Rejected
from tunefolio.core.time import Instant

_HEAD = Struct("<BB25sqqq")
_QUOTE = Struct("<BB25sqqqqqqddqqqq")
_SNAP = Struct("<qqd" + 10 * "hqqh" + "qqqq")
_DEPTH = Struct("<BB25sqq")
_STEP = Struct("<iih")
CURRENCY = 13
_STEPS = 20
_NO_MORE = bytes(6 * 8)


class Mode(IntEnum):
    """How much of a quote is streamed."""

    LTP = 1
    QUOTE = 2
    SNAP = 3
    DEPTH = 4


SIZES = {
    Mode.LTP: _HEAD.size,
    Mode.QUOTE: _QUOTE.size,
    Mode.SNAP: _QUOTE.size + _SNAP.size,
    Mode.DEPTH: _DEPTH.size + 2 * _STEPS * _STEP.size,
}
"""Bytes of a packet; more are ignored."""
_PRICED = {int(mode): size for mode, size in SIZES.items() if mode != Mode.DEPTH}


class Level(NamedTuple):
    """One step of the order book; price in the tick's own unit."""

    price: int
    quantity: int
    orders: int


class Tick(NamedTuple):
    """One packet. What a shorter one does not carry is 0; a book is empty.

    exchange: Angel One's number of it. at_ms: the exchange's clock, milliseconds since 1970. last to close,
    upper to year_low: in paise, or 10^-7 of a currency's unit. close: of the session before. traded_s: in
    seconds since 1970.
    """

    mode: int
    exchange: int
    token: str
    sequence: int
    at_ms: int
    last: int
    last_quantity: int = 0
    average: int = 0
    volume: int = 0
    buying: int = 0
    selling: int = 0
    open: int = 0
    high: int = 0
    low: int = 0
    close: int = 0
    traded_s: int = 0
    open_interest: int = 0
    upper: int = 0
    lower: int = 0
    year_high: int = 0
    year_low: int = 0
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()

    @property
    def at(self) -> Instant | None:
        """When the exchange said so; None for none, or one beyond all calendars."""
        return moment(self.at_ms)

    def rupees(self, scaled: int) -> Decimal:
        """A price of this packet in its currency."""
        return rupees(scaled, self.exchange)

    @property
    def value(self) -> tuple[int, ...]:
        """What makes it news: all that is told of trades, nothing of when or how often it was sent."""
        return (self.last, self.last_quantity, self.volume, self.open, self.high, self.low, self.close)


class Brief(NamedTuple):
    """What of a packet makes a quote, or none. value: as Tick's, in bytes of eight."""

    exchange: int
    token: bytes
    at_ms: int
    last: int
    value: bytes

    @property
    def close(self) -> int:
        return int.from_bytes(self.value[-8:], "little", signed=True)


class Note(NamedTuple):
    """A text message that is an error; code "E1001" (not understood), "E1002" (too many), …"""

    code: str
    message: str


def tick(frame: bytes) -> Tick:
    """One binary message. Rejected: it breaks off, or is of no known mode; more bytes are ignored."""
    mode = frame[0] if frame else 0
    try:
        match mode:
            case Mode.LTP:
                return _told(_HEAD.unpack_from(frame))
            case Mode.QUOTE:
                return _told(_QUOTE.unpack_from(frame))
            case Mode.SNAP:
                return _snap(frame)
            case Mode.DEPTH:
                return _depth(frame)
            case _:
                raise Rejected(f"Angel One: a tick packet of mode {mode} is unknown", code="unknown_packet")
    except error:
        raise Rejected("Angel One: a tick frame breaks off", code="torn_frame") from None


def brief(frame: bytes) -> Brief | None:
    """The same in short; None for one without a last price. Rejected as by tick."""
    mode = frame[0] if frame else 0
    if mode not in _PRICED or len(frame) < _PRICED[mode]:
        tick(frame)  # says what is wrong with it, if anything
        return None
    _, exchange, token, _, at_ms, last = _HEAD.unpack_from(frame)
    more = _NO_MORE if mode == Mode.LTP else frame[51:59] + frame[67:75] + frame[91:123]
    return Brief(exchange, token.partition(b"\0")[0], at_ms, last, frame[43:51] + more)


def rupees(scaled: int, exchange: int) -> Decimal:
    """A price of a packet of that exchange, in its currency."""
    return Decimal(scaled).scaleb(-7 if exchange == CURRENCY else -2)


def moment(at_ms: int) -> Instant | None:
    """Milliseconds since 1970; None for none, or one beyond all calendars."""
    try:
        return Instant(datetime.fromtimestamp(at_ms / 1000, UTC)) if at_ms > 0 else None
    except (OverflowError, ValueError, OSError):
        return None


def note(message: str) -> Note | None:
    """An error in a text message; None for all else."""
    try:
        told = jsons.loads(message.encode())
    except ValueError:
        return None
    if not isinstance(told, dict) or not told.get("errorCode"):
        return None
    return Note(str(told["errorCode"]), str(told.get("errorMessage") or "")[:200])


def _told(cells: tuple[Any, ...]) -> Tick:
    """Cells in the order of Tick's fields; quantities that come as floats are whole."""
    mode, exchange, token, *rest = cells
    if len(rest) > 3:
        rest[6], rest[7] = _whole(rest[6]), _whole(rest[7])
    return Tick(mode, exchange, _name(token), *rest)


def _snap(frame: bytes) -> Tick:
    """A quote, then what else a snapshot tells; its OI change is a dummy. Flag 1 stands for a bid."""
    told = _SNAP.unpack_from(frame, _QUOTE.size)
    flags, quantities, prices, orders = (told[3 + place : 43 : 4] for place in range(4))
    levels = list(map(Level, prices, quantities, orders))
    return _told(_QUOTE.unpack_from(frame))._replace(
        traded_s=told[0],
        open_interest=told[1],
        upper=told[43],
        lower=told[44],
        year_high=told[45],
        year_low=told[46],
        bids=tuple(level for flag, level in zip(flags, levels, strict=True) if flag),
        asks=tuple(level for flag, level in zip(flags, levels, strict=True) if not flag),
    )


def _depth(frame: bytes) -> Tick:
    """Twenty bids, then twenty asks, without a last price; no sequence number either."""
    mode, exchange, token, _, at_ms = _DEPTH.unpack_from(frame)
    steps = [_STEP.unpack_from(frame, _DEPTH.size + _STEP.size * place) for place in range(2 * _STEPS)]
    book = tuple(Level(price, quantity, orders) for quantity, price, orders in steps)
    return Tick(mode, exchange, _name(token), 0, at_ms, 0, bids=book[:_STEPS], asks=book[_STEPS:])


def _name(token: bytes) -> str:
    return token.partition(b"\0")[0].decode("ascii", "replace")


def _whole(number: float) -> int:
    """0 for what is no number at all."""
    return int(number) if abs(number) < 1e18 else 0
