"""Past exchange rates: of every currency anyone meets against those reported in, asked for once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.acts import acts_of
from tests.services.desks import Desk
from tests.services.histories import HistoryBoard, day
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.provider import RateClaim
from tunefolio.services import jobs, rates
from tunefolio.services.acts import Act
from tunefolio.services.instruments import resolved
from tunefolio.store import jobs as kept_jobs
from tunefolio.store import rates as kept_rates
from tunefolio.store.jobs import Job

pytestmark = pytest.mark.one_is_enough

INR, USD = Currency("INR"), Currency("USD")
APPLE = "2026-11-03 buy 1 NASDAQ:AAPL @ 200 USD"


def with_apple(desk: Desk, **given: Any) -> HistoryBoard:
    with desk.database.writing() as db:
        claim = InstrumentClaim(Listing("NASDAQ", "AAPL"), None, "Apple", currency=USD)
        resolved(db, desk.house, [claim])
    desk.write_down(APPLE)
    board = HistoryBoard(**given)
    desk.use(board)
    return board


def run(desk: Desk) -> Job:
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, "rates", {}, owner=desk.person.id)
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        return kept_jobs.job_of(db, desk.viewer, job)


@pytest.mark.on_both
def test_rates_of_every_currency_met_against_those_reported_in(desk: Desk) -> None:
    board = with_apple(desk, fixings={"USDINR": {"2026-11-02": "88.05", "2026-11-19": "88.51"}})
    assert run(desk).result == {"pairs": 1, "rates": 2, "unknown": []}
    assert board.asked == [("USDINR", "2026-10-27", "2026-11-20")]
    with desk.database.reading() as db:
        book = kept_rates.book(db)
    rate = book.on(USD, INR, day("2026-11-03"))
    assert not isinstance(rate, Missing)
    assert (rate.rate, rate.day) == (Decimal("88.05"), day("2026-11-02"))
    assert isinstance(book.on(USD, INR, day("2026-10-27")), Missing)
    run(desk)
    assert len(board.asked) == 1
    with desk.database.writing() as db:
        rates.ask_rates(db, desk.house, desk.viewer)
        rates.ask_rates(db, desk.house)
    assert acts_of(desk.house, desk.viewer).count(Act.RATES_ASKED) == 1, (
        "the house's own wish is nobody's deed"
    )


def test_an_unknown_pair_is_named_and_never_one(desk: Desk) -> None:
    with_apple(desk)
    assert run(desk).result == {"pairs": 1, "rates": 0, "unknown": ["USD/INR"]}
    with desk.database.reading() as db:
        assert isinstance(kept_rates.book(db).on(USD, INR, day("2026-11-03")), Missing)


def test_a_past_that_its_source_does_not_have_is_not_asked_for_every_day(desk: Desk) -> None:
    board = with_apple(desk, fixings={"USDINR": {"2026-11-18": "88.4", "2026-11-19": "88.51"}})
    desk.write_down("2020-11-03 opening 1 NASDAQ:AAPL @ 100 USD")
    run(desk)
    run(desk)
    assert board.asked == [("USDINR", "2020-10-27", "2026-11-20")]


def test_the_next_source_is_asked_where_the_first_knows_nothing(desk: Desk) -> None:
    first = with_apple(desk)
    second = HistoryBoard(fixings={"USDINR": {"2026-11-02": "88.05"}}, name="second")
    desk.use(first, second)
    assert run(desk).result == {"pairs": 1, "rates": 1, "unknown": []}


@pytest.mark.on_both
def test_rates_at_or_below_zero_are_not_kept(desk: Desk) -> None:
    with desk.database.writing() as db:
        claims = [RateClaim(USD, INR, day("2026-11-02"), Decimal(0))]
        assert rates.keep(db, desk.house, claims, source="file") == 0


def test_in_one_currency_nothing_is_asked(desk: Desk) -> None:
    desk.use(HistoryBoard())
    desk.write_down("2026-11-03 buy 1 NSE:INFY @ 1500")
    with desk.database.writing() as db:
        assert rates.ask_rates(db, desk.house) is None
    desk.use()
    assert run(desk).result == {"skipped": "no source of past rates"}
