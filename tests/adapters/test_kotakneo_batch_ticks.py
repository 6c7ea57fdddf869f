"""Kotak's frames read as columns tell exactly what its packets tell one by one, and the same news."""

from __future__ import annotations

import base64
import json
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.batches import NOW, SECOND, Told, i32, i64, is_news, u32, whole
from tunefolio.adapters.brokers.kotakneo import columns as kotak_columns
from tunefolio.adapters.brokers.kotakneo import stream as kotak_stream
from tunefolio.adapters.brokers.kotakneo import ticks as kotak
from tunefolio.adapters.brokers.kotakneo.scrips import Symbol
from tunefolio.core.time import Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

DIVIDERS = {1: 100, 3: 10_000_000, 4: 0}
kotak_seconds = st.one_of(
    st.integers(SECOND - 100, SECOND + 100), st.sampled_from([0, -2_209_008_600, 2**62, 253_402_300_800])
)


def packed_kotak(code: int, level: int, body: bytes, exchange: int) -> bytes:
    return struct.pack("<HHbBBBB", 9 + len(body), code, exchange, level, 1, 3, 1) + body


@st.composite
def kotak_packets(draw: st.DrawFn) -> bytes:
    kind = draw(
        st.sampled_from(["mini", "picture", "index", "status", "auction", "open", "strange", "short"])
    )
    exchange, token = draw(st.sampled_from([1, 3, 4, -2])), draw(st.sampled_from([1594, 11536, 7]))
    prices = [draw(st.integers(0, 3)) for _ in range(2)]
    traded = draw(kotak_seconds)
    match kind:
        case "mini":
            body = struct.pack("<IqIqIiiIBI", token, traded, prices[0], 10, prices[1], -5, 150, 1, 2, 1)
            return packed_kotak(7208, 1, body, exchange)
        case "picture":
            counts, rows = [draw(st.integers(0, 6)) for _ in range(2)], draw(st.integers(0, 12))
            body = struct.pack(
                "<IqqqqqIIIIIqIIIIhiIdiIIIIIBI",
                token, draw(i64), 1100, draw(i64), traded, draw(kotak_seconds), 142_500, prices[1], draw(u32),
                142_000, prices[0], 25, 142_650, 0, *counts, 2, draw(i32), 9, 1e9, -785, 1, 2, 3, 4, 1, 2, 1,
            )  # fmt: skip
            book = (struct.pack("<qii", 10 + row, 142_995 - row, 1 + row) for row in range(rows))
            level = draw(st.sampled_from([2, 4, 8, 16]))
            return packed_kotak(7208, level, body + b"".join(book) + bytes(draw(st.integers(0, 3))), exchange)
        case "index":
            name = draw(st.sampled_from([b"Nifty 50", b"Sensex\0x", b"", b"  \xff"]))
            body = struct.pack(
                "<IiiiiiQiiidBi21s", token, 1, prices[1], draw(i32), 3, prices[0] - 1, traded % 2**64, 5, 6,
                -37, 0.0, 2, 100, name,
            )  # fmt: skip
            return packed_kotak(7207, draw(st.integers(0, 4)), body, exchange)
        case "status":
            return packed_kotak(105, 1, struct.pack("<H5s", 1, b"OPEN") + bytes(60), exchange)
        case "auction":
            return packed_kotak(104, 4, struct.pack("<IIqq", token, 143_000, -250, 12) + bytes(200), exchange)
        case "open":
            return packed_kotak(6511, 1, bytes(50), exchange)
        case "strange":
            return packed_kotak(9_999, draw(st.sampled_from([0, 3, 255])), bytes(45), exchange)
        case _:
            code, level = draw(st.sampled_from([7207, 7208])), draw(st.sampled_from([1, 2, 16]))
            return packed_kotak(code, level, b"short", exchange)


kotak_mixed = st.lists(kotak_packets(), max_size=12).map(b"".join)
kotak_even = st.tuples(kotak_packets(), st.integers(1, 9)).map(lambda told: told[0] * told[1])
kotak_frames = st.one_of(kotak_mixed, kotak_even)
NO_TIME = "last_trade", "updated"


def kotak_ticks(frame: bytes) -> list[kotak.Tick]:
    return [one for one in kotak.packets(frame, DIVIDERS) if isinstance(one, kotak.Tick)]


def kotak_read(frame: bytes) -> None:
    ticks, prices = kotak_ticks(frame), kotak_columns.columns(frame)
    packets = prices.packets
    assert len(packets) == len(ticks)
    dividers = kotak_columns.dividers_of(prices, DIVIDERS).tolist()
    exchanges = packets.column("exchange").tolist()
    assert [kotak.SEGMENTS.get(one, str(one)) for one in exchanges] == [tick.segment for tick in ticks]
    assert list(map(str, packets.column("token").tolist())) == [tick.token for tick in ticks]
    for name in [*kotak_columns.PRICES, "volume", "buy_quantity", "sell_quantity", "open_interest"]:
        expected = [whole(getattr(one, name), by) for one, by in zip(ticks, dividers, strict=True)]
        assert packets.column(name).tolist() == expected, name
    for name in NO_TIME:
        seconds = packets.column(name).tolist()
        assert [kotak.instant(second) for second in seconds] == [getattr(tick, name) for tick in ticks]
    assert packets.column("change_bps").tolist() == [whole(tick.change_percent, 100) for tick in ticks]
    assert [one > 0 for one in packets.column("auction").tolist()] == [tick.is_auction for tick in ticks]
    assert_books(prices, ticks, dividers)
    briefs = [(brief.last, brief.close, brief.name) for brief in kotak.briefs(frame)]
    assert briefs == [
        (whole(one.last, by), whole(one.close, by), one.name) for one, by in zip(ticks, dividers, strict=True)
    ]


def assert_books(prices: kotak_columns.Prices, ticks: list[kotak.Tick], dividers: list[int]) -> None:
    book, packets = prices.book(), prices.packets
    group = packets.groups.get(kotak_columns.PICTURE)
    rows = [] if group is None else list(range(group.count)) if group.rows is None else group.rows.tolist()
    levels = list(zip(book.prices.tolist(), book.quantities.tolist(), book.orders.tolist(), strict=True))
    assert len(book.starts) == len(rows) + 1
    assert len(levels) == book.starts[-1]
    for place, row in enumerate(rows):
        told = levels[book.starts[place] : book.starts[place + 1]]
        expected = [
            (whole(one.price, dividers[row]), one.quantity, one.orders)
            for one in ticks[row].bids + ticks[row].asks
        ]
        assert told == expected
        assert book.bids[place] == len(ticks[row].bids)


@given(kotak_frames, st.data())
def test_kotaks_columns_are_kotaks_ticks(frame: bytes, data: st.DataObject) -> None:
    kotak_read(frame)
    kotak_read(frame[: data.draw(st.integers(0, len(frame)))])


@given(st.binary(max_size=400))
def test_any_bytes_tell_kotaks_columns_what_they_tell_its_parser(data: bytes) -> None:
    kotak_read(data)


INFY, INFY_EQ, NIFTY, RUPEE = (Listing("NSE", name) for name in ("INFY", "INFY-EQ", "NIFTY", "RUPEE"))
KOTAK_ASKED = {
    Symbol("nse_cm", "1594"): [INFY, INFY_EQ],
    Symbol("nse_cm", "Nifty 50"): [NIFTY],
    Symbol("cde_fo", "7"): [RUPEE],
    Symbol("no_such", "7"): [Listing("NSE", "NOWHERE")],
}


class KotakModel:
    """The rule, over whole ticks: as Kite's, and never a price that is older than the newest."""

    def __init__(self) -> None:
        self.told: dict[Symbol, Told] = {}
        self.newest: dict[Symbol, Instant] = {}

    def of(self, frame: bytes, now: Instant) -> dict[Listing, QuoteClaim]:
        found: dict[Listing, QuoteClaim] = {}
        for tick in kotak_ticks(frame):
            symbol = Symbol(tick.segment, tick.name or tick.token)
            at = tick.last_trade or now
            if symbol not in KOTAK_ASKED or tick.last <= 0 or at < self.newest.get(symbol, at):
                continue
            self.newest[symbol] = at
            one = (tick.last, tick.close, at)
            if is_news(self.told.get(symbol), one):
                self.told[symbol] = one
                close = tick.close if tick.close > 0 else None
                found |= {it: QuoteClaim(it, tick.last, close, at) for it in KOTAK_ASKED[symbol]}
        return found


@pytest.mark.parametrize("many", [0, 1 << 30], ids=["as columns", "one by one"])
@given(told=st.lists(st.tuples(kotak_frames, st.integers(0, 90)), max_size=6))
def test_kotaks_news_is_what_changed(told: list[tuple[bytes, int]], many: int) -> None:
    news, model, now = kotak_stream.Claims(KOTAK_ASKED), KotakModel(), NOW
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kotak_stream, "_MANY_BYTES", many)
        for frame, pause in told:
            now += timedelta(seconds=pause)
            assert news.of(frame, DIVIDERS, now) == model.of(frame, now)


@pytest.mark.parametrize("many", [0, 1 << 30], ids=["as columns", "one by one"])
def test_a_price_that_goes_and_comes_back_within_a_frame_is_told_as_it_ends(
    many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kotak_stream, "_MANY_BYTES", many)
    news = kotak_stream.Claims(KOTAK_ASKED)
    one, other = (
        packed_kotak(7208, 1, struct.pack("<IqIqIiiIBI", 1594, SECOND, price, 10, 9, -5, 1, 1, 2, 1), 1)
        for price in (100, 200)
    )
    assert news.of(one, DIVIDERS, NOW)[INFY].last == 1
    assert news.of(other + one, DIVIDERS, NOW)[INFY].last == 1
    assert news.of(one + other, DIVIDERS, NOW)[INFY].last == 2
    assert news.of(other, DIVIDERS, NOW) == {}


def test_another_divider_is_another_price() -> None:
    body = struct.pack("<IqIqIiiIBI", 1594, SECOND, 143_000, 10, 140_000, -5, 150, 1, 2, 1)
    frame, news = packed_kotak(7208, 1, body, 1), kotak_stream.Claims(KOTAK_ASKED)
    assert news.of(frame, {1: 100}, NOW)[INFY].last == 1430
    assert news.of(frame, {1: 100}, NOW) == {}
    assert news.of(frame, {1: 1000}, NOW)[INFY].last == 143


def test_a_golden_frame() -> None:
    mini = struct.pack("<IqIqIiiIBI", 7, SECOND, 912_345_678, 10, 910_000_000, -5, 150, 1, 2, 1)
    picture = struct.pack(
        "<IqqqqqIIIIIqIIIIhiIdiIIIIIBI",
        1594, 900, 1_100, 52_000, SECOND - 1, -1, 142_500, 143_785, 143_100, 142_000, 143_000, 25, 142_650,
        0, 1, 5, 2, -55, 44, 1e9, -785, 158_160, 129_405, 179_700, 107_800, 1, 2, 1,
    )  # fmt: skip
    rows = struct.pack("<qiiqii", 10, 142_995, 1, 20, 143_005, 2)
    prices = kotak_columns.columns(packed_kotak(7208, 1, mini, 3) + packed_kotak(7208, 8, picture + rows, 1))
    packets, book = prices.packets, prices.book()
    assert kotak_columns.dividers_of(prices, DIVIDERS).tolist() == [10_000_000, 100]
    assert packets.column("last").tolist() == [912_345_678, 143_000]
    assert packets.column("close").tolist() == [910_000_000, 143_785]
    assert packets.column("volume").tolist() == [0, 52_000]
    assert packets.column("last_trade").tolist() == [SECOND, SECOND - 1]
    assert packets.column("year_low").tolist() == [0, 107_800]
    assert (book.starts.tolist(), book.bids.tolist()) == ([0, 2], [1])
    assert (book.prices.tolist(), book.quantities.tolist(), book.orders.tolist()) == (
        [142_995, 143_005], [10, 20], [1, 2],
    )  # fmt: skip


def test_the_recorded_packet_too(recorded: Path) -> None:
    data = base64.b64decode(json.loads((recorded / "kotak" / "feed_binary_mini.json").read_bytes())["b64"])
    for count in (1, 3):
        kotak_read(data * count)
