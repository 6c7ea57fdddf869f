"""Breaks with their reasons: each accepted repair makes the books agree; nothing is done unasked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.services.desks import Desk, held
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.money import Money
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.statements import Holding, Statement
from tunefolio.market.actions import Action, ActionKind, Terms
from tunefolio.services import repairs, sync
from tunefolio.services.record import instrument_named
from tunefolio.services.views import BreaksView, BreakView, actions, breaks
from tunefolio.store import actions as kept_actions


def say(desk: Desk, home: Account, *lines: Holding) -> None:
    statement = Statement(desk.broker.name, home.broker_user, desk.clock.now(), lines)
    with desk.database.writing() as db:
        sync.record_statement(db, desk.house, desk.viewer, home, statement)


def seen(desk: Desk) -> BreaksView:
    with desk.database.reading() as db:
        return breaks(db, desk.house, desk.viewer)


def only(desk: Desk) -> BreakView:
    (found,) = seen(desk).breaks
    return found


def accept(desk: Desk, found: BreakView, name: str, **answers: str) -> None:
    key = next(repair.key for repair in found.repairs if repair.key.endswith(f":{name}"))
    with desk.database.writing() as db:
        repairs.accept(db, desk.house, desk.viewer, found.account.id, key, answers)


def test_a_missing_sale_is_recorded_once_the_person_says_price_and_day(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500", home.id)
    say(desk, home, held("INFY", "8", "1500"))
    found = only(desk)
    assert (found.cause, found.difference) == ("missing trade", Decimal(-2))
    (sale,) = found.repairs
    assert (sale.wants, sale.after) == (("price", "day"), Decimal(8))
    assert sale.lines == ("<day> sell 2 NSE:INFY @ <price>",)
    with pytest.raises(Misuse, match="day"):
        accept(desk, found, "sell", price="1600")
    accept(desk, found, "sell", price="1600", day="2024-05-02")
    assert seen(desk).breaks == ()
    assert desk.look().realised == Money.of(200)
    assert [account.id for account in seen(desk).agreed] == [home.id]


def test_a_missing_purchase_can_be_an_opening_at_the_brokers_cost(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500", home.id)
    say(desk, home, held("INFY", "13", "1600"))
    found = only(desk)
    assert [repair.key.rsplit(":", 1)[1] for repair in found.repairs] == ["buy", "opening"]
    accept(desk, found, "opening")
    (row,) = desk.look().rows
    assert (row.valued.quantity, row.valued.invested) == (Decimal(13), Money.of(20800))


def test_a_known_split_explains_the_break_and_is_applied_with_one_deed(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:NESTLEIND @ 24000", home.id)
    terms = Terms(ActionKind.SPLIT, Decimal(10), Decimal(1), None, None)
    day = TradingDay.parse("2024-05-10")
    with desk.database.writing() as db:
        split = Action(desk.instrument("NESTLEIND"), day, terms, "test", "test:NESTLEIND:2024-05-10:split")
        kept_actions.put(db, [split], desk.clock.now())
    say(desk, home, held("NESTLEIND", "100", "2400"))
    found = only(desk)
    assert found.cause == "split not applied"
    assert "10" in found.evidence[1].text
    accept(desk, found, "action")
    (row,) = desk.look().rows
    assert (row.valued.quantity, row.valued.invested) == (Decimal(100), Money.of(240000))
    assert seen(desk).breaks == ()
    with desk.database.reading() as db:
        (shown,) = actions(db, desk.house, desk.viewer).actions
    assert shown.state.value == "applied"


def test_a_ratio_that_keeps_the_cost_is_taken_for_a_split_or_bonus(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500", home.id)
    say(desk, home, held("INFY", "20", "750"))
    found = only(desk)
    assert found.cause == "split not applied"
    names = [repair.key.rsplit(":", 1)[1] for repair in found.repairs]
    assert names[:2] == ["split", "bonus"]
    accept(desk, found, "bonus", day="2024-09-01")
    (row,) = desk.look().rows
    assert [lot.cost for lot in row.valued.position.lots] == [Money.of(15000), Money.of(0)]


def test_units_that_left_another_account_are_a_transfer(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500 fee 10", desk.account.id)
    desk.write_down("2024-04-01 buy 5 NSE:INFY @ 1400", home.id)
    say(desk, home, held("INFY", "15", "1466"))
    found = only(desk)
    assert found.cause == "transfer between accounts"
    assert "By hand" in found.evidence[1].text
    accept(desk, found, "transfer", day="2024-06-03")
    (row,) = desk.look().rows
    assert (row.account.id, row.valued.quantity, row.valued.invested) == (
        home.id,
        Decimal(15),
        Money.of(22010),
    )
    assert [lot.day.iso() for lot in row.valued.position.lots if lot.day] == ["2024-04-01", "2024-04-01"]


def test_a_fraction_is_written_off(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10.5 NSE:INFY @ 1500", home.id)
    say(desk, home, held("INFY", "10", "1500"))
    found = only(desk)
    assert found.cause == "rounding"
    accept(desk, found, "fraction")
    assert desk.quantity("INFY") == 10
    assert desk.look().realised == Money.of(-750)


def test_another_listing_of_the_company_takes_the_lots_over(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500", home.id)
    with desk.database.writing() as db:
        instrument_named(db, desk.house, "BSE:INFY")
    bse = held("INFY", "10", "1500")
    listing = bse.instrument.listing._replace(exchange="BSE")
    say(desk, home, replace(bse, instrument=replace(bse.instrument, listing=listing)))
    first = seen(desk).breaks[0]
    assert {one.cause for one in seen(desk).breaks} == {"another listing or name"}
    accept(desk, first, "rename")
    (row,) = desk.look().rows
    assert (row.instrument.exchange, row.valued.quantity) == ("BSE", Decimal(10))
    assert seen(desk).breaks == ()


def test_no_cost_wants_the_cost_and_nothing_is_a_free_gift(desk: Desk) -> None:
    home = desk.broker_account()
    say(desk, home, held("INFY", "8", None))
    found = only(desk)
    assert (found.cause, found.repairs[0].wants) == ("no cost known", ("price",))
    accept(desk, found, "opening", price="1400")
    assert desk.look().valuation.invested == Money.of(11200)


def test_a_proposal_that_has_become_stale_is_refused_and_strangers_see_nothing(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500", home.id)
    say(desk, home, held("INFY", "8", "1500"))
    found = only(desk)
    with desk.database.writing() as db:
        key = found.repairs[0].key
        reader = Viewer(desk.person.id, Role.READER)
        with pytest.raises(Forbidden):
            repairs.accept(db, desk.house, reader, home.id, key, {"price": "1", "day": "2024-05-01"})
    desk.write_down("2024-05-02 sell 1 NSE:INFY @ 1600", home.id)
    with pytest.raises(Misuse, match="Look at it again"):
        accept(desk, found, "sell", price="1600", day="2024-05-02")
    other = desk.neighbour()
    with desk.database.reading() as db:
        assert breaks(db, desk.house, other.viewer).breaks == ()
    with desk.database.writing() as db, pytest.raises(NotFound):
        repairs.accept(db, desk.house, other.viewer, home.id, found.repairs[0].key)
