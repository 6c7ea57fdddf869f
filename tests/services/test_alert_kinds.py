"""Each kind of alert that is not a plain price: it fires when it should, as often as it may, exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.services.desks import Desk, PriceBoard, ist
from tests.services.test_alerts import alert, history, listed, made, seen, told
from tests.services.test_deliver import work
from tests.services.test_performance import closed, worked_out
from tunefolio.core.alerts import AlertId, AlertKind, AlertState, Repeat
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.secret import Secret
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import Action, ActionKind, Terms
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim
from tunefolio.services import alert_book, jobs, portfolios, sync
from tunefolio.services import refresh as refresh
from tunefolio.services.alert_book import Wish
from tunefolio.store import actions, connections
from tunefolio.store.alerts import Subject

pytestmark = pytest.mark.one_is_enough

DAY = timedelta(days=1)


# A portfolio's fall from its peak ----------------------------------------------------------------------


def rose(desk: Desk) -> InstrumentId:
    """Ten shares bought at 100; their highest close was 200, on Thursday."""
    desk.write_down("2026-11-16 buy 10 NSE:INFY @ 100")
    closed(desk, "INFY", {"2026-11-16": "100", "2026-11-17": "150", "2026-11-18": "180", "2026-11-19": "200"})
    desk.price("INFY", "199")
    worked_out(desk)
    return desk.instrument("INFY")


def at_prices(desk: Desk, id: InstrumentId, prices: Iterable[str]) -> None:
    """Each price arrives, and a minute later what is held has been judged."""
    for price in prices:
        seen(desk, id, price)
        work(desk, 1)


def fall_of(desk: Desk, per_cent: str, **asked: Any) -> AlertId:
    with desk.database.writing() as db:
        subject = Subject(portfolio=asked.pop("portfolio", None))
        wish = Wish(AlertKind.DRAWDOWN, subject, {"ratio": str(Decimal(per_cent) / 100)}, **asked)
        return alert_book.create(db, desk.house, desk.viewer, wish)


@pytest.mark.on_both
def test_a_fall_from_the_peak_speaks_once_at_its_very_level(desk: Desk) -> None:
    """200 at the peak: 180.05 is 9.975 % below it, 180 is 10 %."""
    infy = rose(desk)
    id = fall_of(desk, "10", portfolio=desk.portfolio.id)
    at_prices(desk, infy, ("190", "180.05"))
    assert told(desk) == []
    at_prices(desk, infy, ("180", "170", "200", "150"))
    assert told(desk) == [f"{desk.portfolio.name}: 10 % or more below its peak"]
    assert alert(desk, id).standing.state is AlertState.DONE
    assert alert(desk, id).seen is not None


def test_a_repeating_fall_speaks_again_only_after_the_way_back(desk: Desk) -> None:
    """Its hysteresis is two points: back at 8 % it is armed again, at 8.5 % it is not."""
    infy = rose(desk)
    id = fall_of(desk, "10", repeat=Repeat.EVERY, band=Decimal("0.02"))
    at_prices(desk, infy, ("180", "183", "180"))
    assert len(told(desk)) == 1
    at_prices(desk, infy, ("184", "180"))
    assert len(told(desk)) == alert(desk, id).fired_times == 2


def test_money_that_comes_or_goes_is_no_fall(desk: Desk) -> None:
    """Half is taken out, then much is bought at the lower price: growth stands where the price stands."""
    infy = rose(desk)
    fall_of(desk, "10")
    desk.write_down("2026-11-20 sell 5 NSE:INFY @ 190")
    worked_out(desk)
    at_prices(desk, infy, ("190",))
    assert told(desk) == []
    desk.write_down("2026-11-20 buy 90 NSE:INFY @ 190")
    worked_out(desk)
    at_prices(desk, infy, ("189",))
    assert told(desk) == []
    at_prices(desk, infy, ("170",))
    assert told(desk) == ["All portfolios: 10 % or more below its peak"]


def test_another_portfolios_fall_is_not_its_own(desk: Desk) -> None:
    infy = rose(desk)
    with desk.database.writing() as db:
        other = portfolios.create_portfolio(db, desk.house, desk.viewer, "Other")
    id = fall_of(desk, "10", portfolio=other.id)
    at_prices(desk, infy, ("100",))
    assert told(desk) == []
    assert "no day is valued yet" in alert(desk, id).problem


# An average across a split -----------------------------------------------------------------------------


def split(desk: Desk, id: InstrumentId, day: str, numerator: int = 5) -> None:
    one = Action(
        id, TradingDay.parse(day), Terms(ActionKind.SPLIT, Decimal(numerator), Decimal(1)), "test", f"s:{day}"
    )
    with desk.database.writing() as db:
        actions.put(db, [one], desk.clock.now())


@pytest.mark.on_both
def test_an_average_is_of_todays_units_when_a_split_lies_among_its_days(desk: Desk) -> None:
    """1500, 1510, 1505 before a split 5:1 are 300, 302, 301; with 303 after it the next reaches 301.5."""
    infy = listed(desk)
    history(desk, infy, ["1500", "1510", "1505", "303"])
    split(desk, infy, "2026-11-19")
    seen(desk, infy, "299")
    id = made(desk, infy, AlertKind.AVERAGE, days="5", direction="up")
    at_prices(desk, infy, ("301.49999999",))
    assert (told(desk), alert(desk, id).problem) == ([], "")
    at_prices(desk, infy, ("301.5",))
    assert told(desk) == ["INFY: crosses above its 5-day average"]


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_split_overnight_is_no_crossing_of_an_average(desk: Desk, direction: str) -> None:
    """Made on Friday above (below) its average; on Monday the price is a fifth, and so is the average."""
    infy = listed(desk)
    history(desk, infy, ["1500", "1500", "1500"])
    before, after = ("1490", "299") if direction == "up" else ("1510", "301")
    seen(desk, infy, before)
    id = made(desk, infy, AlertKind.AVERAGE, days="4", direction=direction, repeat=Repeat.EVERY)
    assert alert(desk, id).standing.state is AlertState.ARMED
    desk.clock.advance(3 * DAY)
    history(desk, infy, [before], "2026-11-20")
    split(desk, infy, "2026-11-23")
    at_prices(desk, infy, (after,))
    assert told(desk) == []
    at_prices(desk, infy, ("305" if direction == "up" else "295",))
    assert len(told(desk)) == alert(desk, id).fired_times == 1


def test_a_repeating_average_waits_for_the_way_back(desk: Desk) -> None:
    """The average of two closes of 100 and the price: reached at 100, armed again one per cent below."""
    infy = listed(desk)
    history(desk, infy, ["100", "100"])
    seen(desk, infy, "98")
    id = made(
        desk, infy, AlertKind.AVERAGE, days="3", direction="up", repeat=Repeat.EVERY, band=Decimal("0.01")
    )
    at_prices(desk, infy, ("100", "99.5", "100.5", "99", "100"))
    assert len(told(desk)) == alert(desk, id).fired_times == 2


def test_a_new_high_across_a_split_is_one_of_todays_units(desk: Desk) -> None:
    infy = listed(desk)
    history(desk, infy, ["1500"] * 30)
    seen(desk, infy, "1400")
    made(desk, infy, AlertKind.YEAR_RANGE, direction="up")
    made(desk, infy, AlertKind.YEAR_RANGE, direction="down")
    split(desk, infy, "2026-11-23")
    desk.clock.advance(3 * DAY)
    history(desk, infy, ["1400"], "2026-11-20")
    at_prices(desk, infy, ("290", "300"))
    assert told(desk) == []
    at_prices(desk, infy, ("300.05",))
    assert told(desk) == ["INFY: new 52-week high"]


# A sync that fails -------------------------------------------------------------------------------------


def synced(desk: Desk, account: AccountId, tries: int = 3) -> None:
    """The morning's login, and a sync that is tried so often; what comes back later is left for later."""
    now, seal = desk.clock.now(), desk.house.vault.seal
    with desk.database.writing() as db:
        connections.put(
            db,
            desk.viewer,
            account,
            desk.broker.name,
            "key",
            lambda row: seal(Secret("token"), "connections", row, "token"),
            expires=now + DAY,
            now=now,
        )
        job = sync.ask_sync(db, desk.house, desk.viewer, account)
    for number in range(tries):
        if number:
            desk.clock.advance(timedelta(minutes=5))
        jobs.run(desk.house, job)


def failing(desk: Desk, repeat: Repeat, **asked: Any) -> tuple[AccountId, AlertId]:
    home = desk.broker_account()
    desk.broker.problem = Retry("the broker does not answer")
    with desk.database.writing() as db:
        wish = Wish(AlertKind.SYNC_FAILED, Subject(account=home.id), {}, repeat, **asked)
        return home.id, alert_book.create(db, desk.house, desk.viewer, wish)


@pytest.mark.on_both
def test_a_failed_sync_is_told_once_a_day_however_often_it_fails(desk: Desk) -> None:
    home, id = failing(desk, Repeat.EVERY)
    for _ in range(3):
        synced(desk, home)
        desk.clock.advance(timedelta(hours=1))
    assert told(desk) == ["Desk AB1234 could not be synced"]
    desk.clock.advance(DAY)
    synced(desk, home)
    assert len(told(desk)) == alert(desk, id).fired_times == 2


def test_what_heals_within_seconds_is_no_news(desk: Desk) -> None:
    home, _ = failing(desk, Repeat.EVERY)
    synced(desk, home, tries=2)
    desk.broker.problem = None
    desk.clock.advance(timedelta(minutes=5))
    synced(desk, home, tries=1)
    assert told(desk) == []
    desk.broker.problem = Rejected("the broker knows no such user")
    synced(desk, home, tries=1)
    assert told(desk) == ["Desk AB1234 could not be synced"]


def test_once_is_once_and_a_sync_that_works_says_nothing(desk: Desk) -> None:
    home, id = failing(desk, Repeat.ONCE)
    desk.broker.problem = None
    synced(desk, home)
    assert told(desk) == []
    desk.broker.problem = Retry("the broker does not answer")
    for _ in range(3):
        synced(desk, home)
        desk.clock.advance(DAY)
    assert len(told(desk)) == 1
    assert alert(desk, id).standing.state is AlertState.DONE


def test_a_cooldown_holds_for_what_happens_too(desk: Desk) -> None:
    home, id = failing(desk, Repeat.EVERY, cooldown=3 * DAY)
    for _ in range(4):
        synced(desk, home)
        desk.clock.advance(DAY)
    assert len(told(desk)) == alert(desk, id).fired_times == 2, "on the first day and on the fourth"


def test_another_accounts_failure_is_not_told(desk: Desk) -> None:
    home, _ = failing(desk, Repeat.EVERY)
    other = desk.broker_account("ZZ9999")
    synced(desk, other.id)
    assert told(desk) == []
    synced(desk, home)
    assert len(told(desk)) == 1


# Prices that stay away ---------------------------------------------------------------------------------


def round_of_prices(desk: Desk) -> None:
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, "refresh_quotes", {}, owner=None)
    jobs.run(desk.house, job)


def neglected(desk: Desk, repeat: Repeat) -> tuple[PriceBoard, AlertId]:
    """INFY is held, its newest price is of yesterday's close, and the only source has nothing newer."""
    desk.write_down("2026-11-16 buy 10 NSE:INFY @ 100")
    desk.price("INFY", "199", at=ist("2026-11-19 15:30"))
    board = PriceBoard()
    desk.use(board)
    with desk.database.writing() as db:
        wish = Wish(AlertKind.DATA_STALE, Subject(), {}, repeat)
        return board, alert_book.create(db, desk.house, desk.viewer, wish)


@pytest.mark.on_both
def test_prices_that_stay_away_are_told_once_a_day_while_they_do(desk: Desk) -> None:
    board, id = neglected(desk, Repeat.EVERY)
    for _ in range(3):
        round_of_prices(desk)
        desk.clock.advance(timedelta(minutes=15))
    assert board.asked > 0
    assert told(desk) == ["Old price: NSE:INFY"]
    desk.clock.advance(3 * DAY)
    round_of_prices(desk)
    assert len(told(desk)) == alert(desk, id).fired_times == 2


def test_fresh_prices_are_not_told_of_and_a_done_alert_stays_silent(desk: Desk) -> None:
    board, id = neglected(desk, Repeat.ONCE)
    listing = Listing("NSE", "INFY")
    board.prices[listing] = QuoteClaim(listing, Decimal(200), None, desk.clock.now())
    round_of_prices(desk)
    assert told(desk) == []
    del board.prices[listing]
    desk.clock.advance(3 * DAY)
    round_of_prices(desk)
    assert told(desk) == ["Old price: NSE:INFY"]
    assert alert(desk, id).standing.state is AlertState.DONE
    desk.clock.advance(DAY)
    round_of_prices(desk)
    assert len(told(desk)) == 1
