"""Past closes and rates: what is wanted less what is kept is asked for, once, and kept as it comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.services.desks import Desk, PriceBoard
from tests.services.histories import HistoryBoard, day, told
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Price
from tunefolio.market import calendars
from tunefolio.market.closes import Seen
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.provider import RateClaim
from tunefolio.services import actions, closes, jobs, rates
from tunefolio.services.instruments import resolved
from tunefolio.store import actions as kept_actions
from tunefolio.store import closes as kept
from tunefolio.store import jobs as kept_jobs
from tunefolio.store import rates as kept_rates
from tunefolio.store.jobs import Job, JobState

INFY = "2026-11-02 buy 10 NSE:INFY @ 1500"
INR, USD = Currency("INR"), Currency("USD")
WEEK = {
    "2025-10-30": "1490", "2026-11-02": "1500", "2026-11-03": "1510.05", "2026-11-18": "1525",
    "2026-11-19": "1530.5", "2026-11-20": "1531",
}  # fmt: skip


def board_at(desk: Desk, **given: Any) -> HistoryBoard:
    board = HistoryBoard(closes={"INFY": WEEK}, **given)
    desk.house = replace(desk.house, market_quotes=board)
    return board


def run(desk: Desk, kind: str = "closes") -> Job:
    """Ask for the job of its owner and do it."""
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, kind, {}, owner=desk.person.id, dedupe_key=f"{kind}:{desk.person.id}")
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        return kept_jobs.job_of(db, desk.viewer, job)


def seen(desk: Desk, symbol: str, on: str) -> Seen | Missing:
    instrument = desk.instrument(symbol)
    with desk.database.reading() as db:
        return kept.book(db, [instrument]).on(instrument, day(on))


def test_everything_from_a_year_before_the_first_fact_until_the_last_final_close(desk: Desk) -> None:
    """It is noon on a session: today's close is not final."""
    desk.write_down(INFY)
    board = board_at(desk)
    job = run(desk)
    assert (job.state, job.result) == (
        JobState.DONE,
        {"instruments": 2, "closes": 4, "dropped": 0, "unknown": ["NIFTY 50"]},
    )
    assert ("INFY", "2025-11-02", "2026-11-20") in board.asked
    price = seen(desk, "INFY", "2026-11-20")
    assert isinstance(price, Seen)
    assert (price.price, price.day, price.source) == (Price.of("1530.5"), day("2026-11-19"), "board")


def test_what_is_kept_is_not_asked_for_again(desk: Desk) -> None:
    desk.write_down(INFY)
    board = board_at(desk)
    board.closes["NIFTY 50"] = WEEK
    run(desk)
    asked = len(board.asked)
    run(desk)
    assert len(board.asked) == asked
    desk.clock.advance(timedelta(hours=6))
    run(desk)
    assert board.asked[asked:] == [
        ("NIFTY 50", "2026-11-20", "2026-11-21"),
        ("INFY", "2026-11-20", "2026-11-21"),
    ]
    price = seen(desk, "INFY", "2026-11-20")
    assert isinstance(price, Seen)
    assert price.price == Price.of("1531")


def test_an_earlier_fact_makes_the_past_longer(desk: Desk) -> None:
    desk.write_down(INFY)
    board = board_at(desk)
    run(desk)
    desk.write_down("2024-05-02 opening 1 NSE:INFY @ 1400")
    desk.clock.advance(closes.ASK_AGAIN_AFTER + timedelta(hours=1))
    run(desk)
    assert any(since == "2023-05-03" for what, since, _ in board.asked if what == "INFY")


def test_a_source_that_goes_away_leaves_what_it_gave_and_the_rest_comes_later(desk: Desk) -> None:
    desk.write_down(INFY + "\n2026-11-02 buy 10 NSE:TCS @ 3000")
    board = board_at(desk)
    board.closes |= {"TCS": WEEK, "NIFTY 50": WEEK}
    board.problem, board.patience = Retry("503"), 2
    job = run(desk)
    assert job.state is JobState.QUEUED
    assert isinstance(seen(desk, "INFY", "2026-11-19"), Seen)
    assert isinstance(seen(desk, "TCS", "2026-11-19"), Missing)
    board.problem = None
    desk.clock.advance(timedelta(minutes=1))
    jobs.run(desk.house, job.id)
    assert isinstance(seen(desk, "TCS", "2026-11-19"), Seen)
    assert [what for what, *_ in board.asked].count("INFY") == 1


def test_asked_twice_it_is_one_job(desk: Desk) -> None:
    board_at(desk)
    with desk.database.writing() as db:
        assert closes.ask_closes(db, desk.house, desk.viewer) == closes.ask_closes(
            db, desk.house, desk.viewer
        )
        assert rates.ask_rates(db, desk.house, desk.viewer) == rates.ask_rates(db, desk.house, desk.viewer)


def test_a_source_of_quotes_alone_is_asked_for_no_past(desk: Desk) -> None:
    desk.house = replace(desk.house, market_quotes=PriceBoard())
    with desk.database.writing() as db:
        assert closes.ask_closes(db, desk.house, desk.viewer) is None
        assert rates.ask_rates(db, desk.house, desk.viewer) is None
    assert run(desk).result == {"skipped": "no source of past prices"}
    assert run(desk, "rates").result == {"skipped": "no source of past rates"}


def test_a_job_that_is_cancelled_stops_between_instruments(desk: Desk) -> None:
    desk.write_down(INFY)
    board = board_at(desk)
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, "closes", {}, owner=desk.person.id)
        jobs.ask_cancel(db, desk.house, desk.viewer, job)
    jobs.run(desk.house, job)
    assert board.asked == []


def test_phantom_days_and_worthless_prices_are_dropped(desk: Desk) -> None:
    desk.write_down(INFY)
    board = board_at(desk)
    board.closes["INFY"] = {
        "2026-11-02": "1500", "2026-11-07": "1500", "2026-11-03": "0", "2026-11-04": "-1",
    }  # fmt: skip
    result = run(desk).result
    assert result is not None
    assert (result["closes"], result["dropped"]) == (1, 3)


def test_what_a_source_forgot_to_divide_is_left_out(desk: Desk) -> None:
    desk.write_down(INFY)
    board = board_at(desk, actions=[told("INFY", "2026-06-01", "split", "5:1")])
    board.closes["INFY"] = {
        "2025-12-30": "7500",
        "2025-12-31": "7510",
        "2026-01-01": "1505",
        "2026-11-03": "300",
    }
    result = run(desk).result
    assert result is not None
    assert (result["closes"], result["dropped"]) == (2, 2)
    assert isinstance(seen(desk, "INFY", "2025-12-31"), Missing)


def test_prices_in_another_currency_are_left_alone(desk: Desk) -> None:
    desk.write_down(INFY)
    board_at(desk, currency=USD)
    run(desk)
    assert isinstance(seen(desk, "INFY", "2026-11-19"), Missing)


def test_a_refused_symbol_does_not_stop_the_others(desk: Desk) -> None:
    desk.write_down(INFY)
    board = board_at(desk)
    board.problem, board.patience = Rejected("no"), 0
    assert run(desk).state is JobState.DONE


def test_actions_come_with_the_closes(desk: Desk) -> None:
    desk.write_down(INFY)
    board_at(desk, actions=[told("INFY", "2026-11-18", "bonus", "1:1")])
    run(desk)
    with desk.database.reading() as db:
        (action,) = kept_actions.of_instruments(db, [desk.instrument("INFY")])
    assert action.reference == "board:NSE:INFY:2026-11-18:bonus"


def test_the_house_asks_for_each_person(desk: Desk) -> None:
    desk.neighbour()
    board_at(desk)
    for kind in ("closes", "rates", actions.KIND):
        with desk.database.writing() as db:
            job = jobs.ask(db, desk.house, kind, {}, owner=None)
        jobs.run(desk.house, job)
        with desk.database.reading() as db:
            owners = {one.owner for one in kept_jobs.page(db, desk.viewer, None, 50) if one.kind == kind}
        assert desk.person.id in owners


def test_today_is_final_once_the_session_is_over(desk: Desk) -> None:
    desk.write_down(INFY)
    calendar = calendars.packaged()
    with desk.database.writing() as db:
        claim = InstrumentClaim(Listing("NASDAQ", "AAPL"), None, "Apple", currency=USD)
        resolved(db, desk.house, [claim])
    with desk.database.reading() as db:
        from tunefolio.store import instruments

        known = instruments.of_ids(db, [desk.instrument("INFY"), desk.instrument("AAPL", "NASDAQ")])
    infy, apple = known[desk.instrument("INFY")], known[desk.instrument("AAPL", "NASDAQ")]
    noon = desk.clock.now()
    assert closes.final_until(infy, calendar, noon) == day("2026-11-20")
    assert closes.final_until(infy, calendar, noon + timedelta(hours=6)) == day("2026-11-21")
    assert closes.final_until(apple, calendar, noon) == day("2026-11-20")
    assert closes.final_until(apple, calendar, noon + timedelta(hours=18)) == day("2026-11-21")


def test_closes_from_a_file(desk: Desk) -> None:
    claim = InstrumentClaim(Listing("MF", "INF179K01YV8"))
    with desk.database.writing() as db:
        rows = [(claim, day("2026-11-18"), Decimal("123.4567")), (claim, day("2026-11-19"), Decimal(0))]
        assert closes.keep(db, desk.house, rows, source="file") == (1, 1)
        wrong = replace(claim, currency=USD)
        with pytest.raises(Misuse, match="currency"):
            closes.keep(db, desk.house, [(wrong, day("2026-11-18"), Decimal(1))], source="file")


def test_rates_of_every_currency_met_against_those_reported_in(desk: Desk) -> None:
    with desk.database.writing() as db:
        claim = InstrumentClaim(Listing("NASDAQ", "AAPL"), None, "Apple", currency=USD)
        resolved(db, desk.house, [claim])
    desk.write_down("2026-11-03 buy 1 NASDAQ:AAPL @ 200 USD")
    board = board_at(desk, fixings={"USDINR": {"2026-11-02": "88.05", "2026-11-19": "88.51"}})
    assert run(desk, "rates").result == {"pairs": 1, "rates": 2, "unknown": []}
    assert board.asked == [("USDINR", "2026-10-27", "2026-11-20")]
    with desk.database.reading() as db:
        book = kept_rates.book(db)
    rate = book.on(USD, INR, day("2026-11-03"))
    assert not isinstance(rate, Missing)
    assert (rate.rate, rate.day) == (Decimal("88.05"), day("2026-11-02"))
    assert isinstance(book.on(USD, INR, day("2026-10-27")), Missing)
    run(desk, "rates")
    assert len(board.asked) == 1


def test_an_unknown_pair_is_named_and_never_one(desk: Desk) -> None:
    with desk.database.writing() as db:
        claim = InstrumentClaim(Listing("NASDAQ", "AAPL"), None, "Apple", currency=USD)
        resolved(db, desk.house, [claim])
    desk.write_down("2026-11-03 buy 1 NASDAQ:AAPL @ 200 USD")
    board_at(desk)
    assert run(desk, "rates").result == {"pairs": 1, "rates": 0, "unknown": ["USD/INR"]}
    with desk.database.reading() as db:
        assert isinstance(kept_rates.book(db).on(USD, INR, day("2026-11-03")), Missing)


def test_rates_at_or_below_zero_are_not_kept(desk: Desk) -> None:
    with desk.database.writing() as db:
        claims = [RateClaim(USD, INR, day("2026-11-02"), Decimal(0))]
        assert rates.keep(db, desk.house, desk.viewer, claims, source="file") == 0
