"""One suite over every registered price source: what its ports promise, and what it makes of wrong answers.

All over real HTTP, against the simulated world's faces.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.adapters.world import (
    CASES,
    GENERIC_PATH,
    NOWHERE,
    ask,
    deeds,
    faults_of,
    known_of,
    made,
    names,
    root_of,
    sessions,
    started,
)
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices import SOURCES
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.money import currency_of
from tunefolio.market.bars import Bars
from tunefolio.market.instruments import EXCHANGES, Listing
from tunefolio.market.provider import (
    BarSource,
    DayFileSource,
    InstrumentSource,
    MarketQuoteSource,
    MasterRow,
    QuoteClaim,
    RateSource,
)
from tunefolio.sandbox.serve import Sandbox

NAMES = names()
DEEDS = deeds()
every_source = pytest.mark.parametrize("name", NAMES)
every_deed = pytest.mark.parametrize(("name", "deed"), DEEDS, ids=[f"{name}-{deed}" for name, deed in DEEDS])


def of(port: type) -> pytest.MarkDecorator:
    """Every source that has the port."""
    return pytest.mark.parametrize("name", [name for name in NAMES if isinstance(made(name, NOWHERE), port)])


rated = pytest.mark.parametrize("name", [name for name in NAMES if CASES[name].pair is not None])
quoted = pytest.mark.parametrize("name", [name for name, deed in DEEDS if deed == "quotes"])
sleepless = pytest.mark.parametrize(
    "name", [name for name in NAMES if (CASES[name].known or Listing("", "")).exchange == "CRYPTO"]
)


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    yield from started()


@pytest.fixture
def sandbox(world: Sandbox) -> Iterator[Sandbox]:
    yield world
    world.world_faults.clear()
    world.yahoo_faults.clear()
    world.kite_faults.clear()


def test_every_source_that_is_registered_has_a_case() -> None:
    packaged = {name for name, make in SOURCES if make.__module__.startswith("tunefolio.")}
    assert packaged == set(CASES)
    assert set(NAMES) >= packaged - {"angelone", "kotakneo"}


# What every source promises -----------------------------------------------------------------------


@every_source
def test_it_has_its_registered_name_and_serves_without_asking(name: str) -> None:
    source = made(name, NOWHERE)
    assert source.name == name
    case = CASES[name]
    if hasattr(source, "serves"):
        for exchange in EXCHANGES:
            assert source.serves(Listing(exchange, "..")) in (True, False)
        assert not source.serves(Listing("OWN", "DEPOSIT"))
        if case.known is not None:
            assert source.serves(case.known)


@every_source
@pytest.mark.parametrize(
    "wrong",
    [{"no_such_option": "1"}, {"root_url": "not an address"}, {"root_url": "ftp://host"},
     {"requests_per_second": "0"}, {"timeout_seconds": "soon"}, {"rest_seconds": "-1"}],
    ids=str,
)  # fmt: skip
def test_a_wrong_option_is_named(name: str, wrong: dict[str, str]) -> None:
    (option,) = wrong
    with pytest.raises(Misuse) as caught:
        SOURCES.of(name)({**CASES[name].options, **wrong}, Gates(MemoryShared()))
    assert caught.value.field == f"{name}.{option}"


@of(MarketQuoteSource)
def test_an_empty_question_and_a_strangers_listing_ask_nobody(name: str) -> None:
    source = made(name, NOWHERE)
    assert source.quotes([]) == {}
    assert source.quotes([Listing("OWN", "DEPOSIT")]) == {}


@of(BarSource)
def test_an_empty_range_and_a_strangers_listing_ask_nobody(name: str, sandbox: Sandbox) -> None:
    source = made(name, NOWHERE)
    day = sessions(sandbox, 1)[0]
    assert source.bars(Listing("OWN", "DEPOSIT"), day.plus_days(-5), day) is None
    if (known := CASES[name].known) is not None:
        claim = source.bars(known, day, day)
        assert claim is None or claim.bars == ()


@of(BarSource)
def test_what_it_does_not_know_is_none(name: str, sandbox: Sandbox) -> None:
    source, unknown = made(name, root_of(sandbox, name)), CASES[name].unknown
    assert unknown is not None
    day = sessions(sandbox, 1)[0]
    claim = source.bars(unknown, day.plus_days(-9), day)
    assert claim is None or claim.bars == ()
    if isinstance(source, MarketQuoteSource):
        assert source.quotes([unknown]) == {}


@of(RateSource)
def test_a_pair_that_it_does_not_know_is_none(name: str, sandbox: Sandbox) -> None:
    source = made(name, root_of(sandbox, name))
    day = sessions(sandbox, 1)[0]
    assert source.rates(*CASES[name].unknown_pair, day.plus_days(-9), day) is None


@of(BarSource)
def test_bars_ascend_within_the_half_open_range(name: str, sandbox: Sandbox) -> None:
    source = made(name, root_of(sandbox, name))
    listing, days = known_of(name, source), sessions(sandbox, 12)
    whole = source.bars(listing, days[0], days[-1])
    part = source.bars(listing, days[4], days[8])
    assert [bar.day for bar in part.bars] == [bar.day for bar in whole.bars if days[4] <= bar.day < days[8]]
    assert part.bars == tuple(bar for bar in whole.bars if days[4] <= bar.day < days[8])
    assert days[4] in {bar.day for bar in part.bars}
    are_clean(whole.bars)
    assert currency_of(whole.currency) == whole.currency


@sleepless
def test_the_running_day_is_no_bar(name: str, sandbox: Sandbox) -> None:
    """Of a market that never sleeps today is never over."""
    source = made(name, root_of(sandbox, name))
    today = sandbox.config.clock.now().utc.date()
    days = sessions(sandbox, 3)
    claim = source.bars(CASES[name].known, days[0], days[2].plus_days(30))
    assert max(bar.day.date for bar in claim.bars) < today


@rated
def test_rates_ascend_within_the_half_open_range(name: str, sandbox: Sandbox) -> None:
    pair = CASES[name].pair
    assert pair is not None
    source = made(name, root_of(sandbox, name))
    days = sessions(sandbox, 12)
    whole, part = source.rates(*pair, days[0], days[-1]), source.rates(*pair, days[4], days[8])
    assert part == tuple(rate for rate in whole if days[4] <= rate.day < days[8])
    assert part
    for one, other in pairwise(whole):
        assert one.day < other.day
    for rate in whole:
        assert (rate.base, rate.quote) == pair
        assert isinstance(rate.rate, Decimal)
        assert rate.rate > 0
        assert decimals(rate.rate) <= 10


@rated
def test_a_weekends_rate_is_never_made_up(name: str, sandbox: Sandbox) -> None:
    """Who asks for a Saturday hears of no rate, or None; never the Friday's under the Saturday's name."""
    pair = CASES[name].pair
    assert pair is not None
    source = made(name, root_of(sandbox, name))
    saturday = next(day for day in map(sessions(sandbox, 1)[0].plus_days, range(-9, 0)) if is_saturday(day))
    assert not source.rates(*pair, saturday, saturday.plus_days(2))


def is_saturday(day: Any) -> bool:
    return bool(day.date.weekday() == 5)


@quoted
def test_a_quote_says_its_price_currency_and_time(name: str, sandbox: Sandbox) -> None:
    source = made(name, root_of(sandbox, name))
    listing = known_of(name, source)
    (claim,) = source.quotes([listing, listing]).values()
    is_clean_quote(claim)
    assert claim.listing == listing
    assert currency_of(claim.currency) == claim.currency
    assert claim.as_of <= sandbox.config.clock.now() + timedelta(seconds=5)


@of(DayFileSource)
def test_a_day_file_is_of_its_day_and_a_holiday_has_none(name: str, sandbox: Sandbox) -> None:
    source = made(name, root_of(sandbox, name))
    day = sessions(sandbox, 3)[0]
    found = source.day_file(day)
    assert (found.source, found.day) == (name, day)
    assert currency_of(found.currency) == found.currency
    assert found.bars
    assert {row.bar.day for row in found.bars} == {day}
    assert len({row.listing for row in found.bars}) == len(found.bars)
    saturday = next(one for one in map(day.plus_days, range(-9, 0)) if is_saturday(one))
    assert source.day_file(saturday) is None
    now = sandbox.config.clock.now()
    assert source.day_file(sandbox.market.sessions.current(now).plus_days(3)) is None


@of(InstrumentSource)
def test_a_master_names_every_listing_once(name: str, sandbox: Sandbox) -> None:
    rows = tuple(made(name, root_of(sandbox, name)).instruments())
    assert rows
    assert_unique(rows)
    assert all(currency_of(row.claim.currency) and row.claim.listing.symbol for row in rows)
    assert all(row.tick is None or row.tick > 0 for row in rows)


# What it makes of answers gone wrong --------------------------------------------------------------

REFUSALS = {"429": 429, "403": 403, "500": 500, "502": 502, "503": 503}


@every_deed
@pytest.mark.parametrize("fault", [*REFUSALS, "html", "empty"])
def test_a_refusal_or_no_data_is_an_error(name: str, deed: str, fault: str, sandbox: Sandbox) -> None:
    """Nobody takes a page or nothing for an answer: what was not learned is not known to be absent."""
    faults, path = faults_of(sandbox, name)
    source = made(name, root_of(sandbox, name))
    faults.plan(fault, path=path, times=50)
    with pytest.raises((Retry, Rejected)):
        ask(name, deed, source, sandbox)


def sound_and_under(
    fault: str, name: str, deed: str, sandbox: Sandbox, *, source: Any = None, **how: Any
) -> tuple[Any, Any] | None:
    """What a source makes of a question while all is well, and what another (a new one, or `source`) makes of
    it under that fault; None when that one takes the answer for an error."""
    faults, path = faults_of(sandbox, name)
    whole = ask(name, deed, made(name, root_of(sandbox, name)), sandbox)
    source = source or made(name, root_of(sandbox, name))
    faults.plan(fault, path=path, times=50, **how)
    try:
        return whole, ask(name, deed, source, sandbox)
    except (Retry, Rejected):
        return None


@every_deed
def test_a_torn_answer_is_an_error_or_whole_rows(name: str, deed: str, sandbox: Sandbox) -> None:
    answers = sound_and_under("truncated", name, deed, sandbox)
    if answers is None:
        return
    whole, told = answers
    assert set(told or ()) <= set(whole)


@every_deed
def test_a_dripping_answer_does_not_hold_anybody(name: str, deed: str, sandbox: Sandbox) -> None:
    faults, path = faults_of(sandbox, name)
    source = made(name, root_of(sandbox, name), timeout_seconds="0.1")
    faults.plan("slow_loris", path=path, times=50, seconds=1)
    began = time.monotonic()
    with pytest.raises(Retry):
        ask(name, deed, source, sandbox)
    assert time.monotonic() - began < 3


def test_an_answer_that_trickles_without_end_is_given_up(sandbox: Sandbox) -> None:
    """A byte before each time-out holds nobody for longer than eight of them."""
    source = made("frankfurter", root_of(sandbox, "frankfurter"), timeout_seconds="0.15")
    sandbox.world_faults.plan("slow_loris", path="/frankfurter", seconds=0.05)
    began = time.monotonic()
    with pytest.raises(Retry):
        ask("frankfurter", "rates", source, sandbox)
    assert 1 < time.monotonic() - began < 5


@every_deed
def test_other_dates_inside_make_no_rows_of_other_days(name: str, deed: str, sandbox: Sandbox) -> None:
    source = made(name, root_of(sandbox, name))
    known_of(name, source)
    answers = sound_and_under("wrong_date", name, deed, sandbox, source=source)
    if answers is None:
        return
    whole, told = answers
    if deed == "quotes":  # it is as old as it says; what was remembered and stands unchanged is right
        old = sandbox.config.clock.now() - timedelta(days=3000)
        assert all(claim.as_of < old or claim in whole for claim in told)
    elif deed in ("bars", "day_file", "rates", "actions"):
        assert not told
    else:
        assert_unique(told)


@every_deed
def test_rows_told_twice_count_once(name: str, deed: str, sandbox: Sandbox) -> None:
    answers = sound_and_under("duplicate_rows", name, deed, sandbox)
    if answers is None:
        return
    whole, told = answers
    if deed == "quotes":
        assert [claim.listing for claim in told] == [claim.listing for claim in whole]
    elif deed == "instruments":  # a stream of a quarter of a million lines may repeat one, never change it
        assert list(dict.fromkeys(told)) == list(whole)
    else:
        assert told == whole


@every_deed
@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_clock_that_goes_wrong_makes_no_wrong_rows(
    name: str, deed: str, seconds: float, sandbox: Sandbox
) -> None:
    answers = sound_and_under("clock_skew", name, deed, sandbox, seconds=seconds)
    if answers is None:
        return
    whole, told = answers
    if deed == "quotes":
        assert all(abs(claim.as_of - whole[0].as_of) < timedelta(hours=25) for claim in told)
    else:
        days = {getattr(row, "day", None) or getattr(row, "ex_day", None) for row in told or ()} - {None}
        assert days <= {getattr(row, "day", None) or getattr(row, "ex_day", None) for row in whole}


@every_deed
@pytest.mark.parametrize("fault", ["429", "429_by_date", "503"])
def test_it_waits_as_long_as_it_is_asked_to(name: str, deed: str, fault: str, sandbox: Sandbox) -> None:
    """Nobody is asked before: the world would answer at once. That its clock goes wrong is no matter."""
    faults, path = faults_of(sandbox, name)
    now = [1000.0]
    shared = MemoryShared(now=lambda: now[0])
    source = made(name, root_of(sandbox, name), shared)
    faults.plan(fault, path=path, retry_after=600, seconds=3600.0 if fault == "429_by_date" else 0.0)
    with pytest.raises(Retry) as caught:
        ask(name, deed, source, sandbox)
    assert caught.value.after is not None
    assert timedelta(seconds=595) < caught.value.after <= timedelta(seconds=601)
    now[0] += 590
    with pytest.raises(Retry):
        ask(name, deed, source, sandbox)
    now[0] += 20
    assert ask(name, deed, source, sandbox)


@every_deed
def test_nobody_there_is_retry(name: str, deed: str, sandbox: Sandbox) -> None:
    with pytest.raises(Retry):
        ask(name, deed, made(name, NOWHERE), sandbox)


# What clean means ---------------------------------------------------------------------------------


def are_clean(bars: Sequence[Any]) -> None:
    """Ascending, exact, within themselves, and fit for the store."""
    assert len(Bars.of(bars, "test")) == len(bars) > 0
    for one, other in pairwise(bars):
        assert one.day < other.day
    for bar in bars:
        told = [price for price in (bar.open, bar.high, bar.low, bar.close) if price is not None]
        assert all(isinstance(price, Decimal) and price > 0 for price in told)
        assert all(decimals(price) <= 10 for price in told)
        assert len(told) in (1, 4)
        if bar.has_range:
            assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume is None or (isinstance(bar.volume, int) and bar.volume >= 0)


def is_clean_quote(claim: QuoteClaim) -> None:
    assert isinstance(claim.last, Decimal)
    assert claim.last > 0
    assert claim.previous_close is None or claim.previous_close > 0


def decimals(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


def assert_unique(rows: Sequence[Any]) -> None:
    listings = [row.claim.listing for row in rows if isinstance(row, MasterRow)]
    assert len(set(listings)) == len(listings)


def test_the_generic_case_asks_for_a_tree() -> None:
    assert "{symbol}" in GENERIC_PATH
