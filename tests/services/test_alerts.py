"""Alerts on prices: judged with the quotes they are judged by, told once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.services.desks import Desk
from tunefolio.core.alerts import AlertId, AlertKind, AlertState, Manner, Repeat
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Price
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.actions import Action, ActionKind, Terms
from tunefolio.market.closes import Close
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.quotes import Quote
from tunefolio.services import alert_book, alert_holdings, alerts, portfolios
from tunefolio.services.alert_book import Wish
from tunefolio.services.alert_levels import Quoted
from tunefolio.services.alert_preview import Preview, preview
from tunefolio.services.alert_terms import terms_of
from tunefolio.store import actions, closes, instruments, notices, quotes
from tunefolio.store import alerts as rows
from tunefolio.store.alerts import Alert, Subject

pytestmark = pytest.mark.one_is_enough

INFY = InstrumentClaim(Listing("NSE", "INFY"), None, "Infosys")
WEEK = timedelta(days=7)


def listed(desk: Desk, claim: InstrumentClaim = INFY) -> InstrumentId:
    with desk.house.database.writing() as db:
        return instruments.resolve(db, [claim], desk.clock.now())[claim]


def seen(
    desk: Desk, id: InstrumentId, price: str, close: str | None = None, at: Instant | None = None
) -> None:
    """A quote arrives and is judged with it; a second passes."""
    desk.clock.advance(timedelta(seconds=1))
    now = at or desk.clock.now()
    before = None if close is None else Price.of(close)
    with desk.house.database.writing() as db:
        quotes.put(db, [Quote(id, Price.of(price), before, now, "test")])
        alerts.judge(db, desk.house, [id])


def made(desk: Desk, id: InstrumentId | None, kind: AlertKind = AlertKind.PRICE, **asked: Any) -> AlertId:
    given = {name: asked.pop(name) for name in list(asked) if name not in {"repeat", "band", "cooldown"}}
    with desk.house.database.writing() as db:
        wish = Wish(kind, Subject(id), given, **asked)
        return alert_book.create(db, desk.house, desk.viewer, wish)


def alert(desk: Desk, id: AlertId) -> Alert:
    with desk.house.database.reading() as db:
        return rows.alert_of(db, desk.viewer, id)


def told(desk: Desk) -> list[str]:
    """Titles, oldest first."""
    with desk.house.database.reading() as db:
        return [one.notice.title for one in reversed(notices.page(db, desk.viewer, None, 100))]


def history(desk: Desk, id: InstrumentId, prices: Sequence[str], last: str = "2026-11-19") -> None:
    """Closes of the calendar days that end with `last`."""
    end = TradingDay.parse(last)
    run = [
        Close(end.plus_days(place - len(prices) + 1), Decimal(price)) for place, price in enumerate(prices)
    ]
    with desk.house.database.writing() as db:
        closes.put(db, id, INR, run, "test", desk.clock.now())


@pytest.mark.on_both
def test_a_level_speaks_once_when_it_is_reached(desk: Desk) -> None:
    infy = listed(desk)
    seen(desk, infy, "1490")
    id = made(desk, infy, level="1500")
    for price in ("1499.99", "1500", "1501", "1499", "1500"):
        seen(desk, infy, price)
    assert told(desk) == ["INFY: at or above 1,500 INR"]
    assert alert(desk, id).standing.state is AlertState.DONE
    assert alert(desk, id).fired_times == 1


def test_it_repeats_only_after_the_way_back(desk: Desk) -> None:
    infy = listed(desk)
    seen(desk, infy, "1490")
    id = made(desk, infy, level="1500", repeat=Repeat.EVERY, band=Decimal("0.01"))
    for price in ("1500", "1499", "1500", "1485.01", "1500", "1485", "1500"):
        seen(desk, infy, price)
    assert alert(desk, id).fired_times == len(told(desk)) == 2


def test_a_quote_told_again_is_not_judged_again(desk: Desk) -> None:
    infy = listed(desk)
    made(desk, infy, level="1500", repeat=Repeat.EVERY)
    now = desk.clock.now() + timedelta(seconds=5)
    for price in ("1500", "1400", "1500", "1400", "1500"):
        seen(desk, infy, price, at=now)
    assert len(told(desk)) == 1


def test_below_is_at_or_below(desk: Desk) -> None:
    infy = listed(desk)
    seen(desk, infy, "1490")
    made(desk, infy, level="1480.05", direction="down")
    seen(desk, infy, "1480.06")
    assert told(desk) == []
    seen(desk, infy, "1480.05")
    assert told(desk) == ["INFY: at or below 1,480.05 INR"]


def test_one_beyond_its_level_already_waits(desk: Desk) -> None:
    infy = listed(desk)
    seen(desk, infy, "1600")
    id = made(desk, infy, level="1500")
    seen(desk, infy, "1601")
    assert (told(desk), alert(desk, id).standing.state) == ([], AlertState.FIRED)
    seen(desk, infy, "1499")
    seen(desk, infy, "1500")
    assert len(told(desk)) == 1


def test_a_move_in_a_day_follows_the_previous_close_exactly(desk: Desk) -> None:
    infy = listed(desk)
    seen(desk, infy, "99", close="99")
    made(desk, infy, AlertKind.MOVE, ratio="0.0333", direction="either", repeat=Repeat.EVERY)
    seen(desk, infy, "102.29", close="99")
    assert told(desk) == []
    seen(desk, infy, "102.2967", close="99")
    assert told(desk) == ["INFY: up or down 3.33 % in a day"]
    seen(desk, infy, "102.3", close="102.3")
    seen(desk, infy, "98.90", close="102.3")
    assert len(told(desk)) == 1
    seen(desk, infy, "98.89341", close="102.3")
    assert len(told(desk)) == 2


def test_a_move_from_a_price_of_ones_own(desk: Desk) -> None:
    infy = listed(desk)
    seen(desk, infy, "1500")
    made(desk, infy, AlertKind.MOVE, ratio="0.1", direction="down", reference="1500")
    seen(desk, infy, "1350.01")
    assert told(desk) == []
    seen(desk, infy, "1350")
    assert told(desk) == ["INFY: down 10 % from 1,500 INR"]


def test_an_average_is_crossed_by_an_exact_sum(desk: Desk) -> None:
    """Three closes of 100, 100.01 and 100.01: the fourth reaches the average of four at 100.00666…"""
    infy = listed(desk)
    history(desk, infy, ["100", "100.01", "100.01"])
    seen(desk, infy, "90")
    made(desk, infy, AlertKind.AVERAGE, days="4", direction="up")
    seen(desk, infy, "100.00666666")
    assert told(desk) == []
    seen(desk, infy, "100.00666667")
    assert told(desk) == ["INFY: crosses above its 4-day average"]


def test_an_average_without_its_closes_says_so_and_looks_again(desk: Desk) -> None:
    infy = listed(desk)
    history(desk, infy, ["100", "100"])
    seen(desk, infy, "90")
    id = made(desk, infy, AlertKind.AVERAGE, days="4", direction="up")
    assert "there are 2" in alert(desk, id).problem
    history(desk, infy, ["100", "100", "100"])
    seen(desk, infy, "91")
    assert alert(desk, id).problem == ""
    seen(desk, infy, "100")
    assert len(told(desk)) == 1


@pytest.mark.on_both
def test_a_new_high_is_above_every_close_of_a_year(desk: Desk) -> None:
    infy = listed(desk)
    history(desk, infy, ["500", *["100"] * 300, "120", *["100"] * 70])
    seen(desk, infy, "110")
    made(desk, infy, AlertKind.YEAR_RANGE, direction="up")
    seen(desk, infy, "120")
    assert told(desk) == []
    seen(desk, infy, "120.05")
    assert told(desk) == ["INFY: new 52-week high"]


def test_a_split_moves_the_levels_with_the_units(desk: Desk) -> None:
    """1,500 before a split 5:1 is 300 after it: no false fall, and the level still works."""
    infy = listed(desk)
    seen(desk, infy, "1450")
    below = made(desk, infy, level="1000", direction="down")
    above = made(desk, infy, level="1500")
    desk.clock.advance(timedelta(days=3))
    day = TradingDay(desk.clock.now().utc.date())
    split = Action(infy, day, Terms(ActionKind.SPLIT, Decimal(5), Decimal(1)), "test", "test:split")
    with desk.house.database.writing() as db:
        actions.put(db, [split], desk.clock.now())
    seen(desk, infy, "290")
    assert told(desk) == []
    seen(desk, infy, "300")
    assert told(desk) == ["INFY: at or above 1,500 INR"]
    assert alert(desk, above).standing.state is AlertState.DONE
    assert alert(desk, below).standing.state is AlertState.ARMED


def test_paused_is_silent_and_taken_up_again_does_not_tell_of_the_past(desk: Desk) -> None:
    infy = listed(desk)
    seen(desk, infy, "1490")
    id = made(desk, infy, level="1500", repeat=Repeat.EVERY)
    with desk.house.database.writing() as db:
        alert_book.pause(db, desk.house, desk.viewer, id)
    seen(desk, infy, "1510")
    with desk.house.database.writing() as db:
        alert_book.resume(db, desk.house, desk.viewer, id)
    seen(desk, infy, "1511")
    assert told(desk) == []
    seen(desk, infy, "1499")
    seen(desk, infy, "1500")
    assert len(told(desk)) == 1


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        (AlertKind.PRICE, {"level": "-1"}, "level"),
        (AlertKind.PRICE, {}, "level"),
        (AlertKind.PRICE, {"level": "1", "direction": "either"}, "direction"),
        (AlertKind.PRICE, {"level": "0.000000001"}, "level"),
        (AlertKind.PRICE, {"level": "NaN"}, "level"),
        (AlertKind.PRICE, {"level": "1e30"}, "level"),
        (AlertKind.MOVE, {"ratio": "0"}, "ratio"),
        (AlertKind.AVERAGE, {"days": "1"}, "days"),
        (AlertKind.AVERAGE, {"days": "9999"}, "days"),
        (AlertKind.PNL, {"level": "1", "measure": "points"}, "measure"),
        (AlertKind.DRAWDOWN, {"ratio": "1"}, "ratio"),
    ],
)
def test_wrong_input_is_named_by_its_field(kind: AlertKind, given: dict[str, str], field: str) -> None:
    with pytest.raises(Misuse) as wrong:
        terms_of(kind, given)
    assert wrong.value.field == field


@pytest.mark.on_both
def test_another_persons_things_cannot_be_watched(desk: Desk) -> None:
    infy = listed(desk)
    with desk.house.database.writing() as db:
        for subject in (Subject(InstrumentId(99_999)), Subject(infy, account=AccountId(desk.account.id + 1))):
            with pytest.raises(NotFound):
                alert_book.create(db, desk.house, desk.viewer, Wish(AlertKind.PRICE, subject, {"level": "1"}))


@pytest.mark.on_both
def test_the_preview_counts_the_crossings_of_the_last_year(desk: Desk) -> None:
    infy = listed(desk)
    history(desk, infy, ["90", "101", "99"] * 100)
    cases = (
        (AlertKind.PRICE, {"level": "100"}, 100),
        (AlertKind.PRICE, {"level": "102"}, 0),
        (AlertKind.MOVE, {"ratio": "0.1"}, 100),
        (AlertKind.AVERAGE, {"days": "3"}, 99),
    )
    with desk.house.database.reading() as db:
        for kind, given, expected in cases:
            terms = terms_of(kind, given)
            assert isinstance(terms, Quoted)
            shown = preview(db, desk.house, infy, terms, Manner(Repeat.ONCE))
            assert isinstance(shown, Preview)
            assert abs(len(shown.days) - expected) <= 1, (kind, given)


def test_without_a_past_there_is_no_preview(desk: Desk) -> None:
    tcs, terms = listed_other(desk), terms_of(AlertKind.PRICE, {"level": "100"})
    assert isinstance(terms, Quoted)
    with desk.house.database.reading() as db:
        assert isinstance(preview(db, desk.house, tcs, terms, Manner(Repeat.ONCE)), Missing)


def listed_other(desk: Desk) -> InstrumentId:
    return listed(desk, InstrumentClaim(Listing("NSE", "TCS")))


@pytest.mark.on_both
def test_what_happens_is_told_once_to_those_who_asked(desk: Desk) -> None:
    with desk.house.database.writing() as db:
        wish = Wish(AlertKind.SYNC_FAILED, Subject(account=desk.account.id), {}, repeat=Repeat.EVERY)
        alert_book.create(db, desk.house, desk.viewer, wish)
    for key in ("1", "1", "2"):
        with desk.house.database.writing() as db:
            alerts.happened(
                db,
                desk.house,
                AlertKind.SYNC_FAILED,
                desk.viewer.person,
                key,
                title=f"Sync {key} failed",
                text="The broker is away",
                account=desk.account.id,
            )
    assert told(desk) == ["Sync 1 failed", "Sync 2 failed"]


@pytest.mark.on_both
def test_an_account_that_goes_takes_its_alerts_with_it(desk: Desk) -> None:
    infy = listed(desk)
    with desk.house.database.writing() as db:
        other = portfolios.create_account(db, desk.house, desk.viewer, desk.portfolio.id, "Other")
        asked = Wish(AlertKind.PNL, Subject(infy, account=other.id), {"level": "1"})
        id = alert_book.create(db, desk.house, desk.viewer, asked)
        assert alert_holdings.name_of(db, desk.viewer, rows.alert_of(db, desk.viewer, id)) == "INFY in Other"
        portfolios.delete_account(db, desk.house, desk.viewer, other.id, confirm_name="Other")
        with pytest.raises(NotFound):
            rows.alert_of(db, desk.viewer, id)
