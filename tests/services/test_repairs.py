"""Breaks with their reasons: each accepted repair makes the books agree; nothing is done unasked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.services.desks import Desk, held
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.money import Money, Price
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.fills import DayFills, UnreadTrade
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.statements import Holding, Statement, UnreadLine
from tunefolio.market.actions import Action, ActionKind, Terms
from tunefolio.services import repairs, sync
from tunefolio.services.record import instrument_named
from tunefolio.services.views import BreaksView, BreakView, actions, breaks
from tunefolio.store import actions as kept_actions

pytestmark = pytest.mark.one_is_enough


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


@pytest.mark.on_both
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


@pytest.mark.on_both
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


def two_demats(desk: Desk) -> tuple[Account, Account]:
    """One whose ten shares have a history, one that is new; five of the ten are about to move."""
    sender, receiver = desk.broker_account("S1"), desk.broker_account("R1")
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500 fee 10", sender.id)
    say(desk, sender, held("INFY", "10", "1500"))
    say(desk, receiver)
    desk.clock.advance(timedelta(days=1))
    return sender, receiver


def lots_of(desk: Desk, home: Account) -> list[tuple[Decimal, str, Money]]:
    """(units, day, cost) of each lot there, an opening's day as "?"."""
    rows = [row for row in desk.look().rows if row.account.id == home.id]
    return [
        (lot.quantity, lot.day.iso() if lot.day else "?", lot.cost)
        for row in rows
        for lot in row.valued.position.lots
    ]


@pytest.mark.parametrize("first", ["sender", "receiver"])
def test_units_that_a_new_demat_was_opened_with_are_a_transfer_whoever_syncs_first(
    desk: Desk, first: str
) -> None:
    sender, receiver = two_demats(desk)
    told = [(sender, held("INFY", "5", "1500")), (receiver, held("INFY", "5", "1580"))]
    for home, line in told if first == "sender" else reversed(told):
        say(desk, home, line)
        desk.clock.advance(timedelta(minutes=10))
    found = only(desk)
    assert (found.account.id, found.cause) == (sender.id, "transfer between accounts")
    assert "Desk R1 holds 5 more since 2026-11-20" in found.evidence[1].text
    assert found.repairs[0].wants == ("day",)
    assert "in place of the opening" in found.repairs[0].title
    accept(desk, found, "transfer", day="2026-11-20")
    assert lots_of(desk, sender) == [(Decimal(5), "2024-04-01", Money.of(7505))]
    assert lots_of(desk, receiver) == [(Decimal(5), "2024-04-01", Money.of(7505))], "with date and cost"
    for home, line in told:
        say(desk, home, line)
    assert seen(desk).breaks == ()
    assert desk.quantity("INFY") == 10


def test_units_that_came_on_top_of_an_opening_leave_it_as_it_was(desk: Desk) -> None:
    sender, receiver = two_demats(desk)
    say(desk, receiver, held("INFY", "3", "1400"))
    desk.clock.advance(timedelta(days=1))
    say(desk, receiver, held("INFY", "8", "1512.5"))
    desk.clock.advance(timedelta(days=1))
    say(desk, receiver, held("INFY", "8", "1512.51"))  # a price restated, no units
    say(desk, sender, held("INFY", "5", "1500"))
    accept(desk, only(desk), "transfer", day="2026-11-22")
    assert sorted(lots_of(desk, receiver)) == [
        (Decimal(3), "?", Money.of(4200)),
        (Decimal(5), "2024-04-01", Money.of(7505)),
    ]
    say(desk, receiver, held("INFY", "8", "1512.51"))
    assert seen(desk).breaks == ()


def test_units_of_which_only_statements_told_come_from_where_they_are_gone(desk: Desk) -> None:
    """The sender's opening shrank without a word; the receiver has a history and shows the difference."""
    receiver, sender = two_demats(desk)
    say(desk, sender, held("INFY", "9", "1200"), held("TCS", "1", "3000"))
    desk.clock.advance(timedelta(days=1))
    say(desk, sender, held("INFY", "2", "1200"), held("TCS", "1", "3000"))
    say(desk, receiver, held("INFY", "17", "1380"))
    found = only(desk)
    assert (found.account.id, found.cause) == (receiver.id, "transfer between accounts")
    accept(desk, found, "transfer", day="2026-11-22")
    assert sorted(lots_of(desk, receiver)) == [
        (Decimal(7), "?", Money.of(8400)),
        (Decimal(10), "2024-04-01", Money.of(15010)),
    ]
    assert (Decimal(2), "?", Money.of(2400)) in lots_of(desk, sender)
    say(desk, sender, held("INFY", "2", "1200"), held("TCS", "1", "3000"))
    assert seen(desk).breaks == ()


def test_what_is_wholly_gone_from_statements_is_found_again_too(desk: Desk) -> None:
    receiver, sender = two_demats(desk)
    say(desk, sender, held("INFY", "7", "1200"))
    desk.clock.advance(timedelta(days=1))
    say(desk, sender)
    say(desk, receiver, held("INFY", "17", "1380"))
    accept(desk, only(desk), "transfer", day="2026-11-22")
    assert (Decimal(7), "?", Money.of(8400)) in lots_of(desk, receiver)
    assert lots_of(desk, sender) == []
    assert seen(desk).breaks == ()


def test_an_opening_of_long_ago_or_of_other_units_is_no_transfer(desk: Desk) -> None:
    sender, receiver = two_demats(desk)
    say(desk, receiver, held("INFY", "4", "1580"))
    say(desk, sender, held("INFY", "5", "1500"))
    assert only(desk).cause == "missing trade"
    say(desk, receiver, held("INFY", "9", "1580"))
    assert only(desk).cause == "transfer between accounts"
    desk.clock.advance(timedelta(days=91))
    say(desk, sender, held("INFY", "5", "1500"))
    assert only(desk).cause == "missing trade"


def test_a_replaced_opening_stays_when_later_sales_need_it(desk: Desk) -> None:
    """The repair is whole or not at all: units sold at the receiver before the day that is said."""
    sender, receiver = two_demats(desk)
    say(desk, receiver, held("INFY", "5", "1580"))
    desk.write_down("2026-11-21 sell 2 NSE:INFY @ 1600", receiver.id)
    say(desk, receiver, held("INFY", "3", "1580"))
    desk.clock.advance(timedelta(days=3))
    say(desk, sender, held("INFY", "5", "1500"))
    before = lots_of(desk, receiver)
    with pytest.raises(Misuse, match="later sales depend"):
        accept(desk, only(desk), "transfer", day="2026-11-23")
    assert lots_of(desk, receiver) == before
    accept(desk, only(desk), "transfer", day="2026-11-21")
    assert lots_of(desk, receiver) == [(Decimal(3), "2024-04-01", Money.of(4503))]


def test_a_trade_that_could_not_be_read_explains_its_units_and_is_recorded_in_one_click(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500", home.id)
    reason = "exchange: 'MSE' is unknown"
    bought = UnreadTrade("77", Kind.BUY, Decimal(5), Price.of("1550"), TradingDay.parse("2026-11-20"))
    other = UnreadTrade("78", Kind.BUY, Decimal(2), Price.of("90"), TradingDay.parse("2026-11-20"))
    lost = (UnreadLine(bought.place, "MSE:INFY", reason), UnreadLine(other.place, "MSE:ITC", reason))
    statement = Statement(desk.broker.name, home.broker_user, desk.clock.now(), (held("INFY", "10", "1500"),))
    with desk.database.writing() as db:
        sync.record_statement(db, desk.house, desk.viewer, home, statement, DayFills((), lost))
    desk.clock.advance(timedelta(days=3))
    say(desk, home, held("INFY", "15", "1516"))
    found = only(desk)
    assert found.cause == "a line that could not be read"
    assert "trade 77: buy 5 at 1550 INR on 2026-11-20 (MSE:INFY)" in found.evidence[0].text
    assert found.repairs[0].wants == ()
    assert found.repairs[0].lines[0].startswith("2026-11-20 buy 5 NSE:INFY @ 1550")
    accept(desk, found, "unread")
    assert seen(desk).breaks == ()
    assert lots_of(desk, home)[1] == (Decimal(5), "2026-11-20", Money.of(7750))


def test_a_holding_that_could_not_be_read_explains_what_seems_gone(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500", home.id)
    line = UnreadLine("holdings[0]", "MSE:INFY-EQ", "exchange: 'MSE' is unknown")
    statement = Statement(desk.broker.name, home.broker_user, desk.clock.now(), (), unread=(line,))
    with desk.database.writing() as db:
        sync.record_statement(db, desk.house, desk.viewer, home, statement)
    found = only(desk)
    assert found.cause == "a line that could not be read"
    assert "MSE:INFY-EQ" in found.evidence[0].text


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


@pytest.mark.on_both
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
