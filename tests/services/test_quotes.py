"""Prices: asked for what is held, by whoever looks, from whoever knows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.services.desks import Desk, PriceBoard, SectorBoard, ist
from tunefolio.core.alerts import AlertKind, Repeat
from tunefolio.core.errors import Reauth, Retry
from tunefolio.core.money import Currency, Money, Price
from tunefolio.core.people import Role, Viewer
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim, SectorClaim
from tunefolio.market.quotes import Quote
from tunefolio.services import alert_book, jobs, quotes, refresh, watchlists
from tunefolio.services.enrich import ask_enrich
from tunefolio.services.live import Live
from tunefolio.store import jobs as kept_jobs
from tunefolio.store import notices
from tunefolio.store.alerts import Subject
from tunefolio.store.jobs import Job, JobState

pytestmark = pytest.mark.one_is_enough


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


@pytest.mark.on_both
def test_the_broker_first_and_the_market_for_the_rest(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500\n2024-04-01 buy 1 NSE:TCS @ 3000")
    desk.broker_account()
    desk.broker.board = board(desk, INFY=1600)
    desk.use(board(desk, INFY=1, TCS=3100))
    assert run(desk, "refresh_quotes").result == {"wanted": 2, "refreshed": 2}
    assert (value_of(desk, "INFY"), value_of(desk, "TCS")) == (Money.of(1600), Money.of(3100))


def test_a_source_that_is_away_leaves_what_was_known(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    desk.price("INFY", "1550")
    away = board(desk)
    away.problem = Retry("503")
    desk.use(away)
    assert run(desk, "refresh_quotes").state is JobState.DONE
    assert value_of(desk, "INFY") == Money.of(1550)


def test_a_dead_broker_session_is_noticed_and_the_market_asked(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    desk.broker_account()
    desk.broker.board.problem = Reauth("dead")
    desk.use(board(desk, INFY=1601))
    run(desk, "refresh_quotes")
    assert value_of(desk, "INFY") == Money.of(1601)
    run(desk, "refresh_quotes")
    assert desk.broker.board.asked == 1


def refresh_house(desk: Desk) -> Mapping[str, Any] | None:
    """The house's own round, for everyone."""
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, "refresh_quotes", {}, owner=None)
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        every = kept_jobs.page_all(db, Viewer(desk.person.id, Role.ADMIN), None, 100)
    return next(one for one in every if one.id == job).result


@pytest.mark.on_both
def test_the_house_refreshes_everything_followed_at_once(desk: Desk) -> None:
    """One line to the broker serves everyone; the market is asked for what the broker does not know."""
    other = desk.neighbour()
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    other.write_down("2024-04-01 buy 1 NSE:INFY @ 1500\n2024-04-01 buy 1 NSE:TCS @ 3000")
    desk.broker_account()
    desk.broker.board = board(desk, INFY=1600)
    market = board(desk, INFY=1, TCS=3100)
    desk.use(market)
    assert refresh_house(desk) == {"wanted": 3, "refreshed": 2, "old": 1}
    assert (value_of(desk, "INFY"), value_of(other, "TCS")) == (Money.of(1600), Money.of(3100))
    assert (desk.broker.board.asked, market.asked) == (1, 1)


def test_what_does_not_trade_is_left_alone_unless_it_has_no_price(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500\n2024-04-01 buy 1 CRYPTO:BTC @ 3000 USD")
    desk.price("INFY", "1550")
    desk.clock.set(ist("2026-11-21 12:00"))
    desk.use(PriceBoard())
    with desk.database.reading() as db:
        names = {one.symbol for one in refresh.moving(db, desk.house, desk.clock.now())}
    assert names == {"BTC", "NIFTY 50"}


def test_each_listing_is_asked_of_its_own_choice_and_then_of_the_next(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500\n2024-04-01 buy 1 NSE:TCS @ 3000")
    first, second = board(desk, INFY=1600), board(desk, INFY=1, TCS=3100)
    first.name, second.name = "first", "second"
    desk.use(first, second)
    refresh_house(desk)
    assert (value_of(desk, "INFY"), value_of(desk, "TCS")) == (Money.of(1600), Money.of(3100))


def test_a_price_in_another_currency_or_of_a_time_to_come_is_never_kept(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500\n2024-04-01 buy 1 NSE:TCS @ 3000")
    now = desk.clock.now()
    infy, tcs = Listing("NSE", "INFY"), Listing("NSE", "TCS")
    dollars = QuoteClaim(infy, Money.of(18).amount, None, now, Currency("USD"))
    early = QuoteClaim(tcs, Money.of(3100).amount, None, now + timedelta(hours=1))
    desk.use(PriceBoard({infy: dollars, tcs: early}))
    assert refresh_house(desk) == {"wanted": 3, "refreshed": 0, "old": 3}


@pytest.mark.on_both
def test_one_way_in_tells_everyone_once_and_only_of_what_moved(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    infy, now = desk.instrument("INFY"), desk.clock.now()
    heard: list[bytes] = []
    desk.house.fanout.subscribe("quotes", heard.append)

    def is_heard() -> bool:
        desk.house.fanout.publish("quotes", b"[]")
        return bool(heard)

    wait_for(is_heard)
    newest = Quote(infy, Price.of("1600"), Price.of("1590"), now, "test")
    older = Quote(infy, Price.of("1500"), None, now - timedelta(minutes=1), "test")
    with desk.house.bus.subscribe() as said:
        assert quotes.keep_all(desk.house, [older, newest]) == {infy}
        assert quotes.keep_all(desk.house, [newest, older]) == frozenset()
        told = [event for event in said.take() if event.topic == "quotes"] if is_local(desk) else []
    assert all(event.owner is None and event.ids == (infy,) for event in told)
    moved = [[infy, "1600", "1590", now.iso(), "test", "last"]]
    wait_for(lambda: orjson.loads(heard[-1]) == moved)
    assert [orjson.loads(one) for one in heard if one != b"[]"] == [moved]


def is_local(desk: Desk) -> bool:
    """On PostgreSQL events come over the wire, to whoever listens."""
    return desk.database.dialect == "sqlite"


def test_nobody_looks_nothing_runs(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    source = board(desk, INFY=1600)
    desk.use(source)
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
    desk.use(source)
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
    desk.use(provider)
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
    desk.use(provider)
    desk.house = replace(desk.house, rules=rules)
    with desk.database.writing() as db:
        assert ask_enrich(db, desk.house, desk.viewer) is None
    assert run(desk, "enrich").result == {"skipped": "no sector source"}


@pytest.mark.on_both
def test_held_is_what_has_units(desk: Desk) -> None:
    desk.write_down(
        "2024-04-01 buy 1 NSE:INFY @ 1\n2024-04-02 sell 1 NSE:INFY @ 1\n2024-04-02 buy 1 NSE:TCS @ 1"
    )
    with desk.database.reading() as db:
        assert quotes.held(db, desk.viewer) == {desk.instrument("TCS")}


def test_who_asked_to_hear_of_old_prices_hears_once_a_day(desk: Desk) -> None:
    """The neighbour, who neither holds nor watches it, hears nothing."""
    other = desk.neighbour()
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")
    desk.price("INFY", "1550", at=ist("2026-11-19 10:00"))
    desk.use(PriceBoard())
    wish = alert_book.Wish(AlertKind.DATA_STALE, Subject(), {}, Repeat.DAILY)
    with desk.database.writing() as db:
        for one in (desk, other):
            alert_book.create(db, desk.house, one.viewer, wish)
    refresh_house(desk)
    refresh_house(desk)
    with desk.database.reading() as db:
        (told,) = notices.page(db, desk.viewer, None, 10)
        assert notices.page(db, other.viewer, None, 10) == []
    assert told.notice.title == "Old price: NSE:INFY"
    assert "the newest is of 19 Nov 2026 10:00 IST" in told.notice.text


@pytest.mark.parametrize("manner", ["a watchlist", "the alert itself"])
def test_who_watches_hears_of_old_prices_too(desk: Desk, manner: str) -> None:
    """Asha holds nothing; her neighbour has lists as well, of something else."""
    other = desk.neighbour()
    desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500\n2024-04-02 sell 1 NSE:INFY @ 1500")
    other.write_down("2024-04-01 buy 1 NSE:TCS @ 1500")
    infy, tcs = desk.instrument("INFY"), desk.instrument("TCS")
    desk.price("INFY", "1550", at=ist("2026-11-19 10:00"))
    desk.price("TCS", "1550")
    desk.use(PriceBoard())
    named = Subject(instrument=infy) if manner == "the alert itself" else Subject()
    with desk.database.writing() as db:
        for one, seen, subject in ((desk, infy, named), (other, tcs, Subject())):
            if subject == Subject():
                watchlists.watch(db, desk.house, one.viewer, seen)
            wish = alert_book.Wish(AlertKind.DATA_STALE, subject, {}, Repeat.DAILY)
            alert_book.create(db, desk.house, one.viewer, wish)
    refresh_house(desk)
    refresh_house(desk)
    with desk.database.reading() as db:
        titles = [one.notice.title for one in notices.page(db, desk.viewer, None, 10)]
        assert notices.page(db, other.viewer, None, 10) == []
    assert titles == ["Old price: NSE:INFY"]
