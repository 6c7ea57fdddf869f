"""Angel One's packets read together tell exactly what they tell one by one, and the same news."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.batches import NOW, SECOND, i64, refusal
from tunefolio.adapters.brokers.angelone import columns as angel_columns
from tunefolio.adapters.brokers.angelone import ticks as angel
from tunefolio.adapters.brokers.angelone.stream import News as AngelNews
from tunefolio.core.time import FixedClock
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

ANGEL_SIZES = {1: 51, 2: 123, 3: 379, 4: 443}


@st.composite
def angel_frames(draw: st.DrawFn) -> bytes:
    mode = draw(st.sampled_from([1, 2, 3, 4]))
    body = bytearray(draw(st.binary(min_size=ANGEL_SIZES[mode], max_size=ANGEL_SIZES[mode] + 3)))
    body[0] = mode
    body[1] = draw(st.sampled_from([1, 3, 13]))
    struct.pack_into("25s", body, 2, draw(st.sampled_from([b"1594", b"99", b"1594\0x", b"9" * 25])))
    if mode in (2, 3):
        number = st.one_of(st.floats(width=64), st.integers(0, 10**9).map(float))
        struct.pack_into("<dd", body, 75, draw(number), draw(number))
    if mode != 4:
        at = draw(st.one_of(st.just(0), st.integers(SECOND - 90, SECOND + 90).map(lambda one: one * 1000)))
        struct.pack_into("<qq", body, 35, at, draw(st.one_of(st.integers(-1, 3), i64)))
    if mode in (2, 3) and draw(st.booleans()):
        struct.pack_into("<qqq", body, 51, 1, 2, 3)
        struct.pack_into("<qqqq", body, 91, 1, 2, 3, draw(st.integers(-1, 2)))
    return bytes(body)


def angel_read(frames: list[bytes]) -> None:
    refused = refusal(lambda: [angel.tick(frame) for frame in frames])
    assert refusal(lambda: angel_columns.columns(frames)) == refused
    if refused is not None:
        return
    one_by_one = [angel.tick(frame) for frame in frames]
    packets = angel_columns.columns(frames)
    assert len(packets) == len(one_by_one)
    for name in angel_columns.LAYOUTS[3].cells:
        assert packets.column(name).tolist() == [getattr(tick, name) for tick in one_by_one], name
    names = [token.decode("ascii", "replace") for token in angel_columns.tokens(packets).tolist()]
    assert names == [tick.token for tick in one_by_one]
    divisors = angel_columns.divisors(packets).tolist()
    for tick, divisor in zip(one_by_one, divisors, strict=True):
        assert Decimal(tick.last) / divisor == tick.rupees(tick.last)
    snaps = iter([tick for tick in one_by_one if tick.mode == 3])
    for flags, *book in zip(*(column.tolist() for column in angel_columns.book(packets)), strict=True):
        levels = list(zip(flags, *book, strict=True))
        tick = next(snaps)
        assert [tuple(level) for level in tick.bids] == [tuple(one) for flag, *one in levels if flag]
        assert [tuple(level) for level in tick.asks] == [tuple(one) for flag, *one in levels if not flag]
    deep = [tick for tick in one_by_one if tick.mode == 4]
    prices, quantities, orders = (column.tolist() for column in angel_columns.deep_book(packets))
    assert [list(zip(*one, strict=True)) for one in zip(prices, quantities, orders, strict=True)] == [
        [tuple(level) for level in tick.bids + tick.asks] for tick in deep
    ]


@given(st.lists(angel_frames(), max_size=8))
def test_angels_columns_are_angels_ticks(frames: list[bytes]) -> None:
    angel_read(frames)


@given(angel_frames(), st.integers(1, 5))
def test_angels_packets_of_one_length_too(frame: bytes, count: int) -> None:
    angel_read([frame] * count)


@given(st.lists(angel_frames(), min_size=1, max_size=5), st.data())
def test_angels_torn_packets_are_refused_alike(frames: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(frames) - 1))
    frames[place] = frames[place][: data.draw(st.integers(0, len(frames[place])))]
    angel_read(frames)
    frames[place] = data.draw(st.binary(max_size=130))
    angel_read(frames)


class AngelModel:
    """The rule, over whole ticks: something was told of trades that was not told before, and not too late."""

    def __init__(self) -> None:
        self.told: dict[tuple[int, str], angel.Tick] = {}

    def of(self, frame: bytes) -> Mapping[Listing, QuoteClaim] | None:
        tick = angel.tick(frame)
        key = tick.exchange, tick.token
        before = self.told.get(key)
        if key not in ANGEL_LISTINGS or tick.last <= 0:
            return None
        if before is not None:
            is_late = tick.at_ms < before.at_ms <= SECOND * 1000 + 60_000
            if tick.value == before.value or is_late:
                return None
        self.told[key] = tick
        close = tick.rupees(tick.close) if tick.close > 0 else None
        (listing,) = ANGEL_LISTINGS[key]
        return {listing: QuoteClaim(listing, tick.rupees(tick.last), close, tick.at or NOW)}


ANGEL_LISTINGS = {(1, "1594"): [Listing("NSE", "INFY")], (13, "99"): [Listing("CDS", "USDINR")]}


@given(st.lists(angel_frames(), max_size=25))
def test_angels_news_is_what_changed(frames: list[bytes]) -> None:
    news, model = AngelNews(ANGEL_LISTINGS, FixedClock(NOW)), AngelModel()
    for frame in frames:
        assert news.read(frame) == model.of(frame)


@given(angel_frames(), st.integers(0, 443))
def test_angels_news_refuses_what_the_parser_refuses(frame: bytes, kept: int) -> None:
    news = AngelNews(ANGEL_LISTINGS, FixedClock(NOW))
    expected = refusal(lambda: angel.tick(frame[:kept]))
    assert refusal(lambda: news.read(frame[:kept])) == expected


def test_golden_packets() -> None:
    head = struct.pack("<BB25sqqq", 2, 1, b"1594", 7, SECOND * 1000, 141_295)
    quote = head + struct.pack(
        "<qqqddqqqq", 12, 140_901, 5 * 10**9, 310.0, 290.0, 139_600, 142_175, 1, 138_965
    )
    rupee = struct.pack("<BB25sqqq", 1, 13, b"99", 8, 0, 841_234_500)
    packets = angel_columns.columns([quote, rupee])
    assert angel_columns.tokens(packets).tolist() == [b"1594", b"99"]
    assert angel_columns.divisors(packets).tolist() == [100, 10_000_000]
    assert packets.column("last").tolist() == [141_295, 841_234_500]
    assert packets.column("close").tolist() == [138_965, 0]
    assert packets.column("volume").tolist() == [5 * 10**9, 0]
    assert packets.column("buying").tolist() == [310, 0]
    assert packets.column("at_ms").tolist() == [SECOND * 1000, 0]


def test_the_recorded_frame_too(recorded: Path) -> None:
    frame = base64.b64decode(json.loads((recorded / "angel" / "ws_frame_ltp.json").read_text())["b64"])
    angel_read([frame])
    angel_read([frame, frame])
