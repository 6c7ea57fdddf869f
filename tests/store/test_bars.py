"""Bars are kept exactly, in little room, once however often they come; two writers lose nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.market.test_real_bars import read
from tests.store.books import NOW, instrument, later
from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.bar_merge import merged, trimmed
from tunefolio.market.bars import Bar, Bars, Part
from tunefolio.store import bars, closes, revisions
from tunefolio.store.bar_rows import digest, year_places
from tunefolio.store.bars import BarsOf
from tunefolio.store.codec import framed, packed_chunk, unpacked_bars
from tunefolio.store.db import Database, ReadDb
from tunefolio.store.tables import bar_chunks

FIRST = TradingDay.parse("2023-12-27")
USD = Currency("USD")


def bar(after: int, *prices: str, volume: int | None = None) -> Bar:
    """A close alone, or open, high, low, close."""
    numbers = [Decimal(price) for price in prices]
    if len(numbers) == 1:
        return Bar(FIRST.plus_days(after), numbers[0], volume=volume)
    open, high, low, close = numbers
    return Bar(FIRST.plus_days(after), close, open, high, low, volume)


def told(*given: Bar, by: str = "nse") -> Bars:
    return Bars.of(given, by)


def kept(db: ReadDb, one: InstrumentId) -> list[Bar]:
    return list(bars.of(db, [one])[one])


prices = st.integers(-(2**62), 2**62)
volumes = st.integers(0, 2**62)
rows = st.dictionaries(
    st.integers(1, 3_650_000),
    st.tuples(prices, prices, prices, prices, volumes, st.integers(0, 3), st.integers(0, 2)),
    min_size=1,
    max_size=40,
)


@st.composite
def many_bars(draw: st.DrawFn) -> Bars:
    """Any bars at all, also such as no market has; what is untold is empty."""
    found = sorted(draw(rows).items())
    table = np.array([row for _, row in found], np.int64).T
    days = np.array([day for day, _ in found], np.int32)
    parts, codes = table[5].astype(np.uint8), table[6].astype(np.uint8)
    open, high, low, close, volume = table[:5].copy()
    drawn = Bars(
        days, open, high, low, close, volume, parts, codes, ("a", "b", "c"), draw(st.integers(0, 12))
    )
    step = draw(st.sampled_from([1, 5, 100]))
    if step > 1:
        open, high, low, close = (column // step * step for column in (open, high, low, close))
        drawn = replace(drawn, open=open, high=high, low=low, close=close)
    return untold_is_empty(drawn)


def untold_is_empty(drawn: Bars) -> Bars:
    has_range = (drawn.parts & Part.RANGE) != 0
    open, high, low = (np.where(has_range, c, drawn.close) for c in (drawn.open, drawn.high, drawn.low))
    volume = np.where((drawn.parts & Part.VOLUME) != 0, drawn.volume, 0)
    return replace(drawn, open=open, high=high, low=low, volume=volume)


def same(one: Bars, other: Bars) -> bool:
    names = ("days", "open", "high", "low", "close", "volume", "parts")
    alike = all(getattr(one, name).tolist() == getattr(other, name).tolist() for name in names)
    sources = [one.source(i) for i in range(len(one))] == [other.source(i) for i in range(len(other))]
    return alike and sources and one.scale == other.scale


@given(many_bars())
def test_what_is_packed_is_unpacked(given_bars: Bars) -> None:
    again = unpacked_bars([packed_chunk(given_bars)], [given_bars.sources])
    assert same(again, given_bars)


@given(many_bars(), st.integers(1, 39))
def test_runs_are_unpacked_together_as_they_are_alone(given_bars: Bars, cut: int) -> None:
    halves = [given_bars.cut(slice(0, cut)), given_bars.cut(slice(cut, None))]
    chunks = [packed_chunk(half) for half in halves if len(half)]
    assert same(unpacked_bars(chunks, [given_bars.sources] * len(chunks)), given_bars)


@given(many_bars())
def test_compiled_loops_pack_the_same_bytes(given_bars: Bars) -> None:
    from tunefolio.store import bar_kernels

    out, places = np.empty(50 * len(given_bars) + 16, np.uint8), np.empty(5, np.int64)
    one = given_bars
    ends = np.array([0, len(one)], np.int64)
    bar_kernels.pack(
        one.days, one.open, one.high, one.low, one.close, one.volume, one.parts, ends, out, places
    )
    calm, noise, rest, rest_noise = (out[places[i] : places[i + 1]].tobytes() for i in range(4))
    chunk = packed_chunk(given_bars)
    assert framed(calm, noise) == chunk.body
    assert (framed(rest, rest_noise) if rest else None) == chunk.rest


@given(many_bars())
def test_told_twice_is_told_once(given_bars: Bars) -> None:
    once, news = merged(Bars.empty(), given_bars)
    assert news == len(given_bars)
    again, news = merged(once, given_bars)
    assert news == 0
    assert same(again, once)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 99), st.sampled_from("xyz")), max_size=30))
def test_of_a_day_the_last_telling_wins(tellings: list[tuple[int, int, str]]) -> None:
    together, expected = Bars.empty(), {}
    for after, price, source in tellings:
        together, news = merged(together, told(bar(after, str(price)), by=source))
        if news:
            expected[after] = (Decimal(price), source)
    found = {together.day(i) - FIRST: (one.close, together.source(i)) for i, one in enumerate(together)}
    assert found == expected
    assert set(together.sources) >= {source for _, source in expected.values()}


def test_a_close_alone_leaves_the_range_of_the_same_close() -> None:
    full = told(bar(0, "10", "12", "9", "11", volume=5), bar(1, "10", "12", "9", "11", volume=5))
    after, news = merged(full, told(bar(0, "11.00"), bar(1, "11.5"), by="file"))
    assert news == 1
    assert list(after) == [bar(0, "10", "12", "9", "11", volume=5), bar(1, "11.5")]
    assert [after.source(0), after.source(1)] == ["nse", "file"]


def test_a_range_that_comes_later_is_news_and_volume_stays() -> None:
    after, news = merged(told(bar(0, "11", volume=5)), told(bar(0, "10", "12", "9", "11"), by="yahoo"))
    assert (news, list(after)) == (1, [bar(0, "10", "12", "9", "11", volume=5)])
    assert after.sources == ("yahoo",)


def test_too_large_for_the_finer_of_two_scales_is_refused() -> None:
    with pytest.raises(Misuse, match="too large"):
        merged(told(bar(0, str(2**60))), told(bar(1, "0.000001")))


def test_no_more_decimals_than_needed() -> None:
    days = np.array([1, 2], np.int32)
    ticks = np.array([1500, 2000], np.int64)
    empty = np.zeros(2, np.int64)
    none = np.zeros(2, np.uint8)
    wide = Bars(days, empty, empty, empty, ticks, empty, none, none, ("x",), 3)
    slim = trimmed(wide)
    assert (slim.scale, slim.close.tolist(), slim.high.tolist()) == (1, [15, 20], [15, 20])


def test_a_damaged_chunk_is_never_a_price() -> None:
    chunk = packed_chunk(told(*(bar(i, "10", "12", "9", str(10 + i % 2), volume=i) for i in range(50))))
    assert chunk.rest is not None
    for place in range(len(chunk.rest)):
        damaged = bytearray(chunk.rest)
        damaged[place] ^= 0x55
        with pytest.raises(BrokenLaw):
            unpacked_bars([chunk._replace(rest=bytes(damaged))], [("nse",)])
    with pytest.raises(BrokenLaw):
        unpacked_bars([chunk._replace(length=49)], [("nse",)])


# On both databases --------------------------------------------------------------------------------


def test_what_is_put_is_there_once(database: Database) -> None:
    given_bars = [bar(0, "10", "12", "9", "11.05", volume=5), bar(3, "11"), bar(400, "10", "11", "9", "10")]
    with database.writing() as db:
        one, other = instrument(db), instrument(db, "ITC")
        assert bars.put(db, one, INR, told(*given_bars), NOW) == 3
        assert bars.put(db, one, INR, told(*given_bars, by="yahoo"), later(1)) == 0
        assert kept(db, one) == given_bars
        found = bars.of(db, [one, other])
        assert set(found) == {one}
        assert found[one].sources == ("nse",)
        assert bars.put(db, other, INR, Bars.empty("nse"), NOW) == 0
        assert bars.spans(db, [one]) == {one: bars.Span(FIRST, FIRST.plus_days(400), later(1))}


def test_a_period_is_cut_out(database: Database) -> None:
    with database.writing() as db:
        one = instrument(db)
        bars.put(db, one, INR, told(*(bar(i * 30, str(i + 1)) for i in range(30))), NOW)
        part = bars.of(db, [one], FIRST.plus_days(30), FIRST.plus_days(90))
        assert [str(day.close) for day in part[one]] == ["2", "3"]
        assert bars.of(db, [one], FIRST.plus_days(5_000)) == {}


def test_each_day_remembers_who_told_it(database: Database) -> None:
    with database.writing() as db:
        one = instrument(db)
        bars.put(db, one, INR, told(bar(0, "10"), bar(1, "11"), bar(2, "12")), NOW)
        bars.put(db, one, INR, told(bar(1, "11.5"), bar(2, "12"), by="yahoo"), later(1))
        found = bars.of(db, [one])[one]
        assert [found.source(i) for i in range(3)] == ["nse", "yahoo", "nse"]
        row = db.execute(select(bar_chunks)).first()
        assert row is not None
        assert row.source == "nse,yahoo"
        bars.put(db, one, INR, told(bar(0, "9"), bar(2, "8"), by="yahoo"), later(2))
        rows = db.execute(select(bar_chunks.c.source, bar_chunks.c.codes).order_by(bar_chunks.c.year)).all()
    assert [tuple(row) for row in rows] == [("yahoo", None)]


def test_closes_are_read_from_the_same_rows_and_put_there(database: Database) -> None:
    full = bar(0, "10", "12", "9", "11", volume=5)
    with database.writing() as db:
        one = instrument(db)
        bars.put(db, one, INR, told(full), NOW)
        found = closes.book(db, [one]).of(one)
        assert found is not None
        assert [close.price for close in found] == [Decimal(11)]
        assert closes.put(db, one, INR, list(found), "file", later(1)) == 0
        assert kept(db, one) == [full]


def test_another_currency_takes_the_place(database: Database) -> None:
    with database.writing() as db:
        one = instrument(db)
        bars.put(db, one, INR, told(bar(0, "10"), bar(400, "11")), NOW)
        bars.put(db, one, USD, told(bar(400, "2")), NOW)
        assert kept(db, one) == [bar(400, "2")]


def test_bars_out_of_order_or_of_a_source_with_a_comma_are_refused(database: Database) -> None:
    good = told(bar(0, "10"), bar(1, "11"))
    with database.writing() as db:
        one = instrument(db)
        with pytest.raises(Misuse, match="ascending"):
            bars.put(db, one, INR, replace(good, days=good.days[::-1]), NOW)
        with pytest.raises(Misuse, match="comma"):
            bars.put(db, one, INR, replace(good, sources=("a,b",)), NOW)
        with pytest.raises(Misuse, match="lengths"):
            bars.put(db, one, INR, replace(good, close=good.close[:1]), NOW)
        assert bars.of(db, [one]) == {}


def test_many_at_once_are_as_one_by_one(database: Database) -> None:
    rng = np.random.default_rng(5)
    series = {name: random_bars(rng, 700) for name in ("AAA", "BBB", "CCC")}
    with database.writing() as db:
        ids = {name: instrument(db, name) for name in series}
        bars.put(db, ids["BBB"], INR, told(bar(2, "7", volume=3), bar(9_000, "8"), by="file"), NOW)
        batch = [BarsOf(ids[name], INR, one) for name, one in series.items()]
        assert bars.put_many(db, batch, NOW) == 2_100
        assert bars.put_many(db, batch, later(1)) == 0
        many = bars.of(db, ids.values())
        chunks = db.execute(select(bar_chunks).order_by(bar_chunks.c.instrument_id, bar_chunks.c.year)).all()
    assert same(many[ids["AAA"]], series["AAA"])
    assert same(many[ids["CCC"]], series["CCC"])
    assert len(many[ids["BBB"]]) == len({*series["BBB"].days.tolist(), *days_of(2, 9_000)})
    with database.writing() as db:
        bars.put(db, ids["AAA"], INR, told(bar(0, "1"), by="z"), later(2))
        for name, one in series.items():
            alone = instrument(db, f"{name}2")
            bars.put(db, alone, INR, one, NOW)
            if name != "BBB":
                query = select(bar_chunks).where(bar_chunks.c.instrument_id == alone)
                rows = db.execute(query.order_by(bar_chunks.c.year)).all()
                bulk = [row for row in chunks if row.instrument_id == ids[name]]
                assert [row.digest for row in rows] == [row.digest for row in bulk]
                assert [row.first_day for row in rows] == [row.first_day for row in bulk]


def random_bars(rng: np.random.Generator, count: int) -> Bars:
    """Some years of ordinary bars from two sources, some of them without range or volume."""
    days = FIRST.date.toordinal() + np.cumsum(rng.integers(1, 4, count))
    close = 100_000 + np.cumsum(rng.integers(-900, 900, count)) * 5
    spread = rng.integers(0, 200, (3, count)) * 5
    parts = rng.integers(0, 4, count).astype(np.uint8)
    codes = (np.arange(count) >= count // 3).astype(np.uint8)
    drawn = Bars(
        days.astype(np.int32), close - spread[0], close + spread[1], close - spread[0] - spread[2], close,
        rng.integers(0, 10**7, count), parts, codes, ("nse", "yahoo"), 2,
    )  # fmt: skip
    return trimmed(drawn)


def days_of(*after: int) -> list[int]:
    return [FIRST.plus_days(one).date.toordinal() for one in after]


def test_what_depends_on_prices_learns_of_news_only(database: Database) -> None:
    with database.writing() as db:
        one = instrument(db)
        bars.put(db, one, INR, told(bar(0, "10")), NOW)
    numbers = []
    for given_bars in (told(bar(0, "10")), told(bar(0, "10", volume=1))):
        with database.writing() as db:
            bars.put(db, one, INR, given_bars, NOW)
        with database.reading() as db:
            numbers.append(revisions.revision(db))
    assert numbers[1] > numbers[0]


def test_the_digest_moves_with_what_is_told_and_only_then(database: Database) -> None:
    def digests() -> list[int]:
        with database.reading() as db:
            return list(db.execute(select(bar_chunks.c.digest).order_by(bar_chunks.c.year)).scalars())

    with database.writing() as db:
        one = instrument(db)
        bars.put(db, one, INR, told(bar(0, "10"), bar(400, "11")), NOW)
    before = digests()
    with database.writing() as db:
        bars.put(db, one, INR, told(bar(0, "10"), by="file"), later(9))
    assert digests() == before
    with database.writing() as db:
        bars.put(db, one, INR, told(bar(400, "11", volume=1)), later(9))
    first, second = digests()
    assert first == before[0]
    assert second != before[1]
    chunk = packed_chunk(told(bar(0, "1")))
    assert digest("INR", "a", chunk) != digest("INR", "b", chunk)


def test_real_bars_take_at_most_eight_bytes_each() -> None:
    """And come back as they were; reads TUNEFOLIO_DATA, without it a visible skip."""
    taken = count = 0
    for one in read()[::6]:
        for _, start, end in year_places(one.bars.days):
            run = one.bars.cut(slice(start, end))
            chunk = packed_chunk(run)
            assert same(unpacked_bars([chunk], [run.sources]), run)
            taken += len(chunk.body) + len(chunk.rest or b"")
            count += len(run)
    assert count > 200_000
    assert taken / count < 8
