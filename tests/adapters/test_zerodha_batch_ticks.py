"""Kite's frames read as columns tell exactly what its packets tell one by one, and the same news."""

from __future__ import annotations

import base64
import json
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.batches import NOW, SECOND, Told, is_news, refusal, u32, whole
from tunefolio.adapters import packed
from tunefolio.adapters.brokers.zerodha import columns as kite_columns
from tunefolio.adapters.brokers.zerodha import stream as kite_stream
from tunefolio.adapters.brokers.zerodha import ticks as kite
from tunefolio.core.errors import Rejected
from tunefolio.core.time import Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

KITE_TOKENS = [408065, 256 * 7 + 1, 256 * 9 + 3, 256 * 9 + 6, 256 * 9 + 12, 256265]
seconds = st.one_of(st.just(0), st.integers(SECOND - 200, SECOND + 200))


@st.composite
def kite_packets(draw: st.DrawFn) -> bytes:
    length = draw(st.sampled_from([8, 28, 32, 44, 184]))
    token = draw(st.sampled_from(KITE_TOKENS))
    body = bytearray(draw(st.binary(min_size=length, max_size=length)))
    struct.pack_into(">II", body, 0, token, draw(st.one_of(st.just(0), st.integers(1, 3), u32)))
    if length in (28, 32):
        struct.pack_into(">I", body, 20, draw(st.integers(0, 2)))
    if length >= 44:
        struct.pack_into(">I", body, 40, draw(st.integers(0, 2)))
    if length == 32:
        struct.pack_into(">I", body, 28, draw(seconds))
    if length == 184:
        struct.pack_into(">I", body, 60, draw(seconds))
    return bytes(body)


def kite_frame(packets: list[bytes]) -> bytes:
    return struct.pack(">H", len(packets)) + b"".join(struct.pack(">H", len(p)) + p for p in packets)


kite_mixed = st.lists(kite_packets(), max_size=12).map(kite_frame)
kite_even = st.tuples(kite_packets(), st.integers(1, 9)).map(lambda told: kite_frame([told[0]] * told[1]))
kite_frames = st.one_of(kite_mixed, kite_even)


def kite_read(frame: bytes) -> None:
    """Columns against ticks, field by field; or both refuse it for the same reason."""
    refused = refusal(lambda: list(kite.ticks(frame)))
    assert refusal(lambda: kite_columns.columns(frame)) == refused
    assert refusal(lambda: list(kite.briefs(frame))) == refused
    if refused is not None:
        return
    one_by_one = list(kite.ticks(frame))
    packets = kite_columns.columns(frame)
    assert len(packets) == len(one_by_one)
    divisors = kite_columns.divisors(packets).tolist()
    for name in kite_columns.LAYOUTS[kite_columns.FULL].cells:
        column, carried = packets.column(name), packets.carried(name).tolist()
        told = [getattr(tick, name) for tick in one_by_one]
        expected = [whole(one, divisor) for one, divisor in zip(told, divisors, strict=True)]
        assert column.dtype == "int64"
        assert column.tolist() == expected, name
        if name not in ("at", "last_trade"):
            assert carried == [one is not None for one in told]
            assert (name in packets.names) is any(carried)
    full = [tick for tick in one_by_one if tick.bids]
    levels = [[*tick.bids, *tick.asks] for tick in full]
    prices, quantities, orders = kite_columns.book(packets)
    scales = [kite.DIVISORS.get(tick.token & 0xFF, 100) for tick in full]
    assert prices.tolist() == [
        [whole(level.price, scale) for level in book] for book, scale in zip(levels, scales, strict=True)
    ]
    assert quantities.tolist() == [[level.quantity for level in book] for book in levels]
    assert orders.tolist() == [[level.orders for level in book] for book in levels]
    assert [brief[0] for brief in kite.briefs(frame)] == [tick.token for tick in one_by_one]


@given(kite_frames, st.binary(max_size=5))
def test_kite_columns_are_kites_ticks(frame: bytes, more: bytes) -> None:
    kite_read(frame)
    kite_read(frame + more)


@given(kite_frames, st.data())
def test_kite_frames_that_are_torn_or_strange_are_refused_alike(frame: bytes, data: st.DataObject) -> None:
    kite_read(frame[: data.draw(st.integers(0, len(frame)))])
    if len(frame) > 3:
        strange = bytearray(frame)
        strange[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
        kite_read(bytes(strange))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_alike(data: bytes) -> None:
    kite_read(data)


KITE_LISTINGS = {token: Listing("NSE", str(token)) for token in KITE_TOKENS[1:]}


class KiteModel:
    """The rule, over whole ticks: another price or close, or the same confirmed a minute later."""

    def __init__(self) -> None:
        self.told: dict[Listing, Told] = {}

    def of(self, frame: bytes, now: Instant) -> dict[Listing, QuoteClaim]:
        found = {}
        for tick in kite.ticks(frame):
            listing = KITE_LISTINGS.get(tick.token)
            if listing is None or not tick.last:
                continue
            one = (tick.last, tick.close or None, tick.at or now)
            if is_news(self.told.get(listing), one):
                self.told[listing] = one
                found[listing] = QuoteClaim(listing, *one)
        return found


steps = st.lists(st.tuples(kite_frames, st.integers(0, 90)), max_size=6)


@pytest.mark.parametrize("many", [0, 1 << 30], ids=["as columns", "one by one"])
@given(told=steps)
def test_kite_news_is_what_changed(told: list[tuple[bytes, int]], many: int) -> None:
    news, model, now = kite_stream.News(KITE_LISTINGS), KiteModel(), NOW
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kite_stream, "_MANY", many)
        for frame, pause in told:
            now += timedelta(seconds=pause)
            assert news.of(frame, now) == model.of(frame, now)


@pytest.mark.parametrize("many", [0, 1 << 30], ids=["as columns", "one by one"])
def test_a_price_that_goes_and_comes_back_within_a_frame_is_told_as_it_ends(
    many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kite_stream, "_MANY", many)
    token, listing = next(iter(KITE_LISTINGS.items()))
    news = kite_stream.News(KITE_LISTINGS)
    one, other = (struct.pack(">II", token, price) for price in (100, 200))
    assert news.of(kite_frame([one]), NOW)[listing].last == 1
    assert news.of(kite_frame([other, one]), NOW)[listing].last == 1
    assert news.of(kite_frame([one, other]), NOW)[listing].last == 2
    assert news.of(kite_frame([other]), NOW) == {}


def test_kite_news_of_a_torn_frame_is_none_of_it() -> None:
    token = next(iter(KITE_LISTINGS))
    packets = [struct.pack(">II", token, price) for price in range(1, 100)]
    news = kite_stream.News(KITE_LISTINGS)
    for some in (packets, packets[:3]):
        with pytest.raises(Rejected):
            news.of(kite_frame(some)[:-1], NOW)
    assert len(news.of(kite_frame(packets[:3]), NOW)) == 1


def test_packets_that_lie_evenly_are_not_copied() -> None:
    data = struct.pack("<4I", 1, 2, 3, 4)
    one = packed.even(data, range(0, 16, 8), kind=0, layout=packed.Layout.of(8, {"n": ("<u4", 4)}))
    view = one.groups[0].numbers("<u4", 4)
    assert view.base is not None
    assert not view.flags.owndata
    assert one.column("n").tolist() == [2, 4]
    assert one.column("none").tolist() == [0, 0]


def test_a_heartbeat_has_empty_columns() -> None:
    for frame in (b"", b"\0", kite_frame([])):
        packets = kite_columns.columns(frame)
        assert len(packets) == 0
        assert packets.column("last").tolist() == []
        assert packets.carried("last").tolist() == []


def test_a_golden_frame() -> None:
    day = struct.pack(">7I", 1, 2, 3, 4, 156_500, 154_000, 155_510)
    quote = struct.pack(">IIII", 408065, 156_040, 7, 156_001) + day
    rest = struct.pack(">5I", SECOND - 5, 900, 950, 850, SECOND)
    book = b"".join(struct.pack(">IIHxx", 10 * step, 156_040 - step, 60_000 + step) for step in range(10))
    rupee = struct.pack(">II", 256 * 9 + 3, 912_345_678)
    packets = kite_columns.columns(kite_frame([quote + rest + book, rupee]))
    told = {name: packets.column(name).tolist() for name in packets.names}
    assert told["last"] == [156_040, 912_345_678]
    assert kite_columns.divisors(packets).tolist() == [100, 10_000_000]
    assert (told["volume"][0], told["open"][0], told["high"][0]) == (1, 4, 156_500)
    assert (told["close"], told["at"], told["last_trade"]) == ([155_510, 0], [SECOND, 0], [SECOND - 5, 0])
    assert packets.carried("close").tolist() == [True, False]
    prices, quantities, orders = kite_columns.book(packets)
    assert (prices[0, 9], quantities[0, 9], orders[0, 9]) == (156_031, 90, 60_009)


def test_recorded_frames_too(recorded: Path) -> None:
    shape = json.loads((recorded / "kite" / "ws_frame_ltp_and_heartbeat.json").read_text())
    full = base64.b64decode((recorded / "kite" / "ticker_full.packet").read_bytes())
    for frame in (
        base64.b64decode(shape["ltp_frame_b64"]),
        kite_frame([full]),
        kite_frame([full[:44], full]),
    ):
        kite_read(frame)
