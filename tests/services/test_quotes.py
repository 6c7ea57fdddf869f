"""Prices: asked for what is held, by whoever looks, from whoever knows."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from tests.services.desks import Desk, PriceBoard, SectorBoard, ist
from tunefolio.core.errors import Reauth, Retry
from tunefolio.core.money import Money
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim, SectorClaim
from tunefolio.services import jobs, quotes
from tunefolio.services.enrich import ask_enrich
from tunefolio.services.live import Live
from tunefolio.store import jobs as kept_jobs
from tunefolio.store.jobs import Job, JobState


def board(desk: Desk, **prices: int) -> PriceBoard:
    listed = {Listing("NSE", symbol): last for symbol, last in prices.items()}
    now = desk.clock.now()
    return PriceBoard(
        {name: QuoteClaim(name, Money.of(last).amount, None, now) for name, last in listed.items()}
    )


def run(desk: Desk, kind: str) -> Job:
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, kind, {}, owner=desk.person.id)
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        return kept_jobs.job_of(db, desk.viewer, job)


def value_of(desk: Desk, symbol: str) -> Money | None:
    return next(row.valued.value for row in desk.look().rows if row.instrument.symbol == symbol)


def test_the_broker_first_and_the_market_for_the_rest(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500\n2024-04-01 buy 1 NSE:TCS @ 3000")
    desk.broker_account()
    desk.broker.board = board(desk, INFY=1600)
    desk.house = replace(desk.house, market_quotes=board(desk, INFY=1, TCS=3100))
    assert run(desk, "refresh_quotes").result == {"wanted": 2, "refreshed": 2}
    assert (value_of(desk, "INFY"), value_of(desk, "TCS")) == (Money.of(1600), Money.of(3100))


def test_a_source_that_is_away_leaves_what_was_known(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    desk.price("INFY", "1550")
    away = board(desk)
    away.problem = Retry("503")
    desk.house = replace(desk.house, market_quotes=away)
    assert run(desk, "refresh_quotes").state is JobState.DONE
    assert value_of(desk, "INFY") == Money.of(1550)


def test_a_dead_broker_session_is_noticed_and_the_market_asked(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    desk.broker_account()
    desk.broker.board.problem = Reauth("dead")
    desk.house = replace(desk.house, market_quotes=board(desk, INFY=1601))
    run(desk, "refresh_quotes")
    assert value_of(desk, "INFY") == Money.of(1601)
    run(desk, "refresh_quotes")
    assert desk.broker.board.asked == 1


def test_the_house_asks_for_each_person_once(desk: Desk) -> None:
    desk.neighbour()
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, "refresh_quotes", {}, owner=None)
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        mine = kept_jobs.page(db, desk.viewer, None, 10)
    assert [job.kind for job in mine] == ["refresh_quotes"]


def test_nobody_looks_nothing_runs(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    source = board(desk, INFY=1600)
    desk.house = replace(desk.house, market_quotes=source)
    live = Live(desk.house, timedelta(milliseconds=20))
    try:
        assert (live.is_running, live.round(), source.asked) == (False, 0, 0)
        with live.watching(desk.viewer), live.watching(desk.viewer):
            wait_for(lambda: source.asked == 1)
        wait_for(lambda: not live.is_running)
        assert value_of(desk, "INFY") == Money.of(1600)
    finally:
        live.close()


def test_while_the_exchange_is_closed_rounds_are_rare(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    source = board(desk, INFY=1600)
    desk.clock.set(ist("2026-11-21 12:00"))
    desk.house = replace(desk.house, market_quotes=source)
    live = Live(desk.house, timedelta(hours=1))
    try:
        with live.watching(desk.viewer):
            wait_for(lambda: source.asked == 1)
            desk.clock.advance(timedelta(minutes=4))
            assert live.round() == 0
            desk.clock.advance(timedelta(minutes=1))
            assert live.round() == 1
    finally:
        live.close()


def wait_for(claim, seconds: float = 10.0) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.005)


def test_sectors_are_asked_once_and_not_for_what_the_exchange_lists(desk: Desk) -> None:
    desk.write_down(
        "2024-04-01 buy 1 NSE:INFY @ 1\n2024-04-01 buy 1 NSE:ODD @ 1\n2024-04-01 buy 1 NSE:GONE @ 1"
    )
    provider = SectorBoard({"ODD": SectorClaim("Weaving", "Looms", "Board")})
    desk.house = replace(desk.house, sector_source=provider)
    assert run(desk, "enrich").result == {"asked": 2, "found": 1}
    assert sorted(provider.asked) == ["GONE", "ODD"]
    sectors = {row.instrument.symbol: row.classification.sector for row in desk.look().rows}
    assert sectors["ODD"] == "Weaving"
    desk.clock.advance(timedelta(days=29))
    assert run(desk, "enrich").result == {"asked": 0, "found": 0}
    desk.clock.advance(timedelta(days=2))
    assert run(desk, "enrich").result == {"asked": 2, "found": 1}


def test_enrichment_can_be_switched_off(desk: Desk) -> None:
    provider = SectorBoard()
    rules = replace(desk.house.rules, enrichment=False)
    desk.house = replace(desk.house, sector_source=provider, rules=rules)
    with desk.database.writing() as db:
        assert ask_enrich(db, desk.house, desk.viewer) is None
    assert run(desk, "enrich").result == {"skipped": "no sector source"}


def test_held_is_what_has_units(desk: Desk) -> None:
    desk.write_down(
        "2024-04-01 buy 1 NSE:INFY @ 1\n2024-04-02 sell 1 NSE:INFY @ 1\n2024-04-02 buy 1 NSE:TCS @ 1"
    )
    with desk.database.reading() as db:
        assert quotes.held(db, desk.viewer) == {desk.instrument("TCS")}
