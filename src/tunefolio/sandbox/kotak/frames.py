"""Packets of the market feed: little-endian, packed, end to end in one message. Prices go out in paise."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum

from tunefolio.core.time import Instant
from tunefolio.sandbox.market import Level, Sight
from tunefolio.sandbox.universe import Listed

EXCHANGES = {
    "nse_cm": 1, "nse_fo": 2, "cde_fo": 3, "nse_com": 4, "bse_cm": 5, "bse_fo": 6, "bse_cd": 7, "bse_co": 8,
    "mcx_fo": 9, "ncd_co": 10,
}  # fmt: skip
DIVIDERS = {**dict.fromkeys(EXCHANGES, 100), "cde_fo": 10_000_000, "bse_cd": 10_000_000}
"""What prices of each exchange are whole numbers over."""
_HEADER_SIZE = 9
_PICTURE_CODE, _INDEX_CODE, _STATUS_CODE, _AUCTION_CODE = 7208, 7207, 105, 104
_NEVER = -2_209_008_600
"""How an exchange writes that nothing was updated yet: a moment of 1900."""


class Depth(IntEnum):
    """How much of an instrument a subscription asks for; the header's level."""

    LITE = 1
    TOUCH = 4
    DEPTH = 8
    FULL = 16


def _packet(code: int, exchange: int, level: int, body: bytes, sequence: int, auction: int = 0) -> bytes:
    head = struct.pack(
        "<HHbBBBB", _HEADER_SIZE + len(body), code, exchange, level, auction, sequence % 256, 1
    )
    return head + body


def price_packet(
    sight: Sight,
    depth: Depth,
    *,
    book: tuple[Sequence[Level], Sequence[Level]],
    exchange: int,
    sequence: int,
) -> bytes:
    """One instrument's packet at this depth. book: bids and asks, best first."""
    if depth is Depth.LITE:
        return _packet(_PICTURE_CODE, exchange, depth, _mini(sight), sequence)
    bids, asks = book
    if depth is Depth.TOUCH:
        nothing = (Level(0, 0, 0),)
        bids, asks = (bids or nothing)[:1], (asks or nothing)[:1]
    rows = b"".join(struct.pack("<qii", one.quantity, one.price, one.orders) for one in (*bids, *asks))
    body = _picture(sight, len(bids), len(asks)) + rows
    is_auction = 0 if sight.is_trading else 1
    return _packet(_PICTURE_CODE, exchange, depth, body, sequence, is_auction)


def index_packet(sight: Sight, name: str, *, exchange: int, sequence: int) -> bytes:
    """An index: known by its name, though it has a token."""
    year_high, year_low = _year(sight)
    body = struct.pack(
        "<IiiiiiQiiidBi21s",
        sight.listed.exchange_token, sight.open, sight.previous_close, sight.high, sight.low, sight.last,
        _seconds(sight.traded), year_high, year_low, _percent(sight), 0.0, 2, 100, name.encode()[:21],
    )  # fmt: skip
    return _packet(_INDEX_CODE, exchange, 0, body, sequence)


def status_packet(code: int, exchange: int, *, sequence: int) -> bytes:
    """What a segment does; the words beside the number are mostly left empty."""
    words = b"OPEN" if code == 1 else b""
    return _packet(_STATUS_CODE, exchange, 0, struct.pack("<H5s", code, words), sequence)


def auction_packet(
    listed: Listed, reference: int, *, imbalance: int, at_market: int, exchange: int, sequence: int
) -> bytes:
    """A share in the closing auction; outside of it all three are 0."""
    body = struct.pack("<IIqq", listed.exchange_token, reference, imbalance, at_market)
    return _packet(_AUCTION_CODE, exchange, 0, body, sequence, 1)


def _mini(sight: Sight) -> bytes:
    return struct.pack(
        "<IqIqIiiIBI",
        sight.listed.exchange_token, _seconds(sight.traded), sight.last, sight.last_quantity,
        sight.previous_close, _percent(sight), sight.last - sight.previous_close, 1, 2, 1,
    )  # fmt: skip


def _picture(sight: Sight, bids: int, asks: int) -> bytes:
    year_high, year_low = _year(sight)
    updated = _seconds(sight.traded) if sight.volume else _NEVER
    return struct.pack(
        "<IqqqqqIIIIIqIIIIhiIdiIIIIIBI",
        sight.listed.exchange_token, sight.volume // 9, sight.volume // 11, sight.volume,
        _seconds(sight.traded), updated, sight.open, sight.previous_close, sight.high, sight.low, sight.last,
        sight.last_quantity, sight.average, 0, bids, asks, 2, _percent(sight), 0,
        float(sight.volume) * sight.average, sight.last - sight.previous_close,
        sight.previous_close * 11 // 10, sight.previous_close * 9 // 10, year_high, year_low, 1, 2, 1,
    )  # fmt: skip


def _percent(sight: Sight) -> int:
    """Change against the close before, in hundredths of a per cent."""
    return round(10_000 * (sight.last - sight.previous_close) / sight.previous_close)


def _year(sight: Sight) -> tuple[int, int]:
    before = sight.previous_close
    return max(sight.high, before * 5 // 4), min(sight.low, before * 3 // 4)


def _seconds(at: Instant) -> int:
    return int(at.utc.timestamp())
