"""Kotak's live prices (SFeed, native_batch): a pure parser of its frames.

A binary message is packets end to end, all little-endian and packed: length, code, exchange, level, auction,
sequence and bitmask in nine bytes, then the body. Prices are whole numbers over the exchange's divider.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from tunefolio.core.time import Instant

SEGMENTS: Mapping[int, str] = {
    1: "nse_cm", 2: "nse_fo", 3: "cde_fo", 4: "nse_com", 5: "bse_cm", 6: "bse_fo", 7: "bse_cd", 8: "bse_co",
    9: "mcx_fo", 10: "ncd_co",
}  # fmt: skip
USUAL_DIVIDER = 100
STATUS: Mapping[int, str] = {
    1: "open",
    2: "closed",
    3: "pre-open ending",
    4: "pre-open ended",
    5: "auction",
    6: "closing session",
    7: "closing session ended",
    8: "closed until the closing auction",
    9: "closing auction's price band",
    10: "closing auction",
    11: "market orders restricted",
    12: "closing auction ended",
}
_BODILESS = {6511: 1, 6521: 2}
"""Codes that say by themselves what the market does."""
CODE_INDEX, _CODE_STATUS, _CODE_AUCTION = 7207, 105, 104
LEVEL_MINI, LEVEL_TOUCH = 1, 4
PICTURES = frozenset({2, LEVEL_TOUCH, 8, 16})
PRICELESS = frozenset({*_BODILESS, _CODE_STATUS, _CODE_AUCTION})
"""Codes of packets that tell no price, whatever their level."""

LAST_SECOND = 253_402_300_799
"""Of the last year that there is in a calendar; what is beyond says nothing."""

_HEADER = struct.Struct("<HHbBBBB")
_LENGTH = struct.Struct("<H")
_MINI = struct.Struct("<IqIqIiiIBI")
_PICTURE = struct.Struct("<IqqqqqIIIIIqIIIIhiIdiIIIIIBI")
_ROW = struct.Struct("<qii")
_INDEX = struct.Struct("<IiiiiiQiiidBi21s")
_STATUS = struct.Struct("<H5s")
_CAS = struct.Struct("<IIqq")
_BRIEF_MINI = struct.Struct("<IqI8xi17x")
_BRIEF_PICTURE = struct.Struct("<I24xq12xI8xI71x")
_BRIEF_INDEX = struct.Struct("<I4xi8xiQ25x21s")


class Level(NamedTuple):
    """One step of the order book."""

    price: Decimal
    quantity: int
    orders: int


class Tick(NamedTuple):
    """A price; a tuple, because hundreds of thousands are made in a second. What a shorter packet does not
    carry is None; bids and asks are empty.

    name: of an index; "" for all else. close: of the session before. change_percent: of it, as told.
    """

    segment: str
    token: str
    last: Decimal
    close: Decimal
    last_trade: Instant | None
    change_percent: Decimal
    name: str = ""
    last_quantity: int | None = None
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    average: Decimal | None = None
    volume: int | None = None
    buy_quantity: int | None = None
    sell_quantity: int | None = None
    open_interest: int | None = None
    upper_circuit: Decimal | None = None
    lower_circuit: Decimal | None = None
    year_high: Decimal | None = None
    year_low: Decimal | None = None
    updated: Instant | None = None
    is_auction: bool = False
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """What a segment does now. text: "" for a code we do not know."""

    segment: str
    code: int

    @property
    def text(self) -> str:
        return STATUS.get(self.code, "")


@dataclass(frozen=True, slots=True)
class AuctionState:
    """A share within the closing auction: the price it turns about, and orders that find no counterpart."""

    segment: str
    token: str
    reference: Decimal
    imbalance: int
    imbalance_at_market: int


class Brief(NamedTuple):
    """What of a price makes a quote. last, close: whole numbers over the exchange's divider; traded: seconds
    since 1970, 0 or below for none; name: of an index."""

    exchange: int
    token: int
    last: int
    close: int
    traded: int
    name: str = ""


Packet = Tick | MarketStatus | AuctionState
Dividers = Mapping[int, int]
"""By exchange, as the feed tells them after the login; 100 for one that it leaves out."""


def packets(frame: bytes, dividers: Dividers) -> Iterator[Packet]:
    """What one binary message says. A tail that breaks off is left out, what came before it stands; kinds of
    packets that we do not know are passed over."""
    for place, length in _packets(frame):
        found = packet(frame[place : place + length], dividers)
        if found is not None:
            yield found


def briefs(frame: bytes) -> Iterator[Brief]:
    """The prices of it in short."""
    for place, length in _packets(frame):
        _, code, exchange, level, _, _, _ = _HEADER.unpack_from(frame, place)
        body, place = length - _HEADER.size, place + _HEADER.size
        if code == CODE_INDEX:
            if body >= _BRIEF_INDEX.size:
                token, close, last, traded, name = _BRIEF_INDEX.unpack_from(frame, place)
                yield Brief(exchange, token, last, close, traded, name_of(name))
        elif code in PRICELESS:
            continue
        elif level == LEVEL_MINI:
            if body >= _BRIEF_MINI.size:
                token, traded, last, close = _BRIEF_MINI.unpack_from(frame, place)
                yield Brief(exchange, token, last, close, traded)
        elif level in PICTURES and body >= _BRIEF_PICTURE.size:
            token, traded, close, last = _BRIEF_PICTURE.unpack_from(frame, place)
            yield Brief(exchange, token, last, close, traded)


def _packets(frame: bytes) -> Iterator[tuple[int, int]]:
    """Where each packet begins, and its length."""
    place, size = 0, len(frame)
    while place + _LENGTH.size <= size:
        (length,) = _LENGTH.unpack_from(frame, place)
        if length < _HEADER.size or place + length > size:
            return
        yield place, length
        place += length


def packet(data: bytes, dividers: Dividers) -> Packet | None:
    """One packet; None for a kind we do not know, or one too short for its kind."""
    _, code, exchange, level, auction, _, _ = _HEADER.unpack_from(data)
    segment = SEGMENTS.get(exchange, str(exchange))
    divider = dividers.get(exchange) or USUAL_DIVIDER
    try:
        if code in _BODILESS:
            return MarketStatus(segment, _BODILESS[code])
        if code == CODE_INDEX:
            return _index(data, segment, divider)
        if code == _CODE_STATUS:
            return MarketStatus(segment, _STATUS.unpack_from(data, _HEADER.size)[0])
        if code == _CODE_AUCTION:
            return _auction(data, segment, divider)
        if level == LEVEL_MINI:
            return _mini(data, segment, divider)
        return _picture(data, segment, divider, level, auction) if level in PICTURES else None
    except struct.error:
        return None


def _mini(data: bytes, segment: str, divider: int) -> Tick:
    token, traded, last, quantity, close, percent, _, _, _, _ = _MINI.unpack_from(data, _HEADER.size)
    return Tick(
        segment,
        str(token),
        Decimal(last) / divider,
        Decimal(close) / divider,
        instant(traded),
        Decimal(percent) / 100,
        last_quantity=quantity,
    )


def _picture(data: bytes, segment: str, divider: int, level: int, auction: int) -> Tick:
    (
        token, buying, selling, volume, traded, updated, first, close, high, low, last, quantity, average,
        _, bids, asks, _, percent, interest, _, _, upper, lower, year_high, year_low, _, _, _,
    ) = _PICTURE.unpack_from(data, _HEADER.size)  # fmt: skip
    if level == LEVEL_TOUCH:
        bids = asks = 1
    book = _rows(data, bids + asks, divider)
    return Tick(
        segment,
        str(token),
        Decimal(last) / divider,
        Decimal(close) / divider,
        instant(traded),
        Decimal(percent) / 100,
        last_quantity=quantity,
        open=Decimal(first) / divider,
        high=Decimal(high) / divider,
        low=Decimal(low) / divider,
        average=Decimal(average) / divider,
        volume=volume,
        buy_quantity=buying,
        sell_quantity=selling,
        open_interest=interest,
        upper_circuit=Decimal(upper) / divider,
        lower_circuit=Decimal(lower) / divider,
        year_high=Decimal(year_high) / divider,
        year_low=Decimal(year_low) / divider,
        updated=instant(updated),
        is_auction=auction > 0,
        bids=tuple(book[:bids]),
        asks=tuple(book[bids:]),
    )


def _rows(data: bytes, count: int, divider: int) -> list[Level]:
    """Rows of the book behind the fixed part; fewer where the packet carries fewer."""
    start = _HEADER.size + _PICTURE.size
    there = min(count, (len(data) - start) // _ROW.size)
    told = _ROW.iter_unpack(data[start : start + there * _ROW.size])
    return [Level(Decimal(price) / divider, quantity, orders) for quantity, price, orders in told]


def _index(data: bytes, segment: str, divider: int) -> Tick:
    (
        token, first, close, high, low, value, traded, year_high, year_low, percent, _, _, _, name,
    ) = _INDEX.unpack_from(data, _HEADER.size)  # fmt: skip
    return Tick(
        segment,
        str(token),
        Decimal(value) / divider,
        Decimal(close) / divider,
        instant(traded),
        Decimal(percent) / 100,
        name=name_of(name),
        open=Decimal(first) / divider,
        high=Decimal(high) / divider,
        low=Decimal(low) / divider,
        year_high=Decimal(year_high) / divider,
        year_low=Decimal(year_low) / divider,
    )


def _auction(data: bytes, segment: str, divider: int) -> AuctionState | None:
    """Outside the auction all three are 0, which says nothing."""
    token, reference, imbalance, at_market = _CAS.unpack_from(data, _HEADER.size)
    if reference == imbalance == at_market == 0:
        return None
    return AuctionState(segment, str(token), Decimal(reference) / divider, imbalance, at_market)


def name_of(told: bytes) -> str:
    """Of an index; zeros fill it up."""
    return told.split(b"\x00", 1)[0].decode("utf-8", "replace").strip()


@lru_cache(1024)  # prices of one second are many
def instant(second: int) -> Instant | None:
    """Seconds since 1970. 0 and below: there is none (Kotak writes the year 1900)."""
    return Instant(datetime.fromtimestamp(second, UTC)) if 0 < second <= LAST_SECOND else None


def micros(moment: Instant) -> int:
    """Microseconds since 1970."""
    return round(moment.utc.timestamp() * 1e6)
