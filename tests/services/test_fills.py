"""The day's trades of a broker in the books: each once, on top of what was held when the session began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from tests.services.desks import Desk, DeskBroker, held
from tunefolio.core.money import Price, plain
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.fills import Fill, post
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.reconcile import Break, Cause
from tunefolio.ledger.statements import Holding, Statement, UnreadLine
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services import sync
from tunefolio.services.instruments import resolved
from tunefolio.services.sync import Synced
from tunefolio.store import transactions, unread_rows


def fill(trade: str, kind: Kind, symbol: str, units: str, price: str = "1500", product: str = "CNC") -> Fill:
    claim = InstrumentClaim(Listing("NSE", symbol))
    at = Instant.parse("2026-11-20T10:15:00+05:30")
    return Fill(trade, f"o{trade}", claim, kind, Decimal(units), Price.of(price), at, product)


def say(
    desk: Desk,
    home: Account,
    lines: Sequence[Holding],
    fills: Sequence[Fill] = (),
    *,
    unread: Sequence[UnreadLine] = (),
    includes_today: bool = False,
) -> Synced:
    statement = Statement(
        desk.broker.name, home.broker_user, desk.clock.now(), tuple(lines),
        unread=tuple(unread), includes_today=includes_today,
    )  # fmt: skip
    with desk.database.writing() as db:
        return sync.record_statement(db, desk.house, desk.viewer, home, statement, fills)


def facts(desk: Desk, home: Account) -> list[tuple[str, str]]:
    """(kind, units) of what is in force or was, reversals left out."""
    with desk.database.reading() as db:
        history = transactions.of_account(db, desk.viewer, home.id)
        return [
            (f.fact.kind.value, plain(f.fact.quantity or Decimal(0))) for f in history if f.reverses is None
        ]


def test_a_trade_becomes_a_fact_exactly_once_however_often_it_is_told(desk: Desk) -> None:
    home = desk.broker_account()
    bought = fill("1", Kind.BUY, "INFY", "25")
    first = say(desk, home, [], [bought])
    assert (first.posted, first.opened, first.breaks) == (1, 0, ())
    again = say(desk, home, [], [bought])
    assert (again.posted, again.breaks) == (0, ())
    assert facts(desk, home) == [("buy", "25")]
    desk.clock.advance(timedelta(days=3))
    settled = say(desk, home, [held("INFY", "25", "1500")])
    assert (settled.opened, settled.breaks) == (0, ()), "delivered: the same units, now in the demat"


def test_what_was_held_before_is_opened_and_todays_trades_come_on_top(desk: Desk) -> None:
    home = desk.broker_account()
    sold, bought = fill("1", Kind.SELL, "INFY", "4"), fill("2", Kind.BUY, "TCS", "3")
    done = say(desk, home, [held("INFY", "10", "1400"), held("TCS", "5", "3000")], [sold, bought])
    assert (done.opened, done.posted, done.breaks) == (2, 2, ())
    assert [desk.quantity("INFY"), desk.quantity("TCS")] == [6, 8]
    later = say(desk, home, [held("INFY", "10", "1400"), held("TCS", "5", "3000")], [sold, bought])
    assert (later.opened, later.taken_back, later.posted, later.breaks) == (0, 0, 0, ())


def test_holdings_that_count_today_already_come_to_the_same(desk: Desk) -> None:
    home = desk.broker_account()
    sold, bought = fill("1", Kind.SELL, "INFY", "4"), fill("2", Kind.BUY, "TCS", "3")
    lines = [held("INFY", "6", "1400"), held("TCS", "8", "3000")]
    for _ in range(2):
        done = say(desk, home, lines, [sold, bought], includes_today=True)
        assert done.breaks == ()
    assert [desk.quantity("INFY"), desk.quantity("TCS")] == [6, 8]


def test_partial_fills_of_one_order_are_facts_of_their_own(desk: Desk) -> None:
    home = desk.broker_account()
    parts = [fill("1", Kind.BUY, "INFY", "10"), fill("2", Kind.BUY, "INFY", "15", "1501")]
    assert say(desk, home, [], parts[:1]).posted == 1
    assert say(desk, home, [], parts).posted == 1
    assert desk.quantity("INFY") == 25


def test_a_round_trip_of_the_day_leaves_the_demat_as_it_was(desk: Desk) -> None:
    home = desk.broker_account()
    trip = [fill("1", Kind.BUY, "SBIN", "50", "800", "MIS"), fill("2", Kind.SELL, "SBIN", "50", "804", "MIS")]
    for _ in range(2):
        assert say(desk, home, [held("SBIN", "96", "700")], trip).breaks == ()
    assert desk.quantity("SBIN") == 96


def test_a_trade_nobody_told_us_of_is_a_break_of_just_its_units(desk: Desk) -> None:
    home = desk.broker_account()
    say(desk, home, [], [fill("1", Kind.BUY, "INFY", "25")])
    desk.clock.advance(timedelta(days=3))
    (found,) = say(desk, home, [held("INFY", "40", "1500")]).breaks
    infy = desk.instrument("INFY")
    assert found == Break(infy, Decimal(25), Decimal(40), Cause.MORE_AT_BROKER)


def test_a_trade_that_a_person_took_back_stays_taken_back(desk: Desk) -> None:
    home = desk.broker_account()
    bought = fill("1", Kind.BUY, "INFY", "25")
    say(desk, home, [], [bought])
    with desk.database.writing() as db:
        (fact,) = transactions.of_account(db, desk.viewer, home.id)
        transactions.reverse(db, desk.viewer, [fact.id], source="manual", now=desk.clock.now())
    done = say(desk, home, [], [bought])
    assert (done.posted, done.opened) == (0, 1), "the broker says she owns them: so the books say no more"
    assert facts(desk, home) == [("buy", "25"), ("opening", "25")]


def test_a_trade_that_cannot_be_kept_is_shown_and_the_rest_goes_in(desk: Desk) -> None:
    home = desk.broker_account()
    impossible = replace(fill("1", Kind.BUY, "TCS", "1"), quantity=Decimal("1E-12"))
    good = fill("2", Kind.BUY, "INFY", "5")
    done = say(desk, home, [], [impossible, good])
    assert (done.posted, done.unread) == (1, 1)
    with desk.database.reading() as db:
        (row,) = unread_rows.of_account(db, desk.viewer, home.id)
    assert row.place.startswith("trade ")


def test_a_line_nobody_can_read_is_shown_and_what_is_not_named_is_not_gone(desk: Desk) -> None:
    home = desk.broker_account()
    both = [held("INFY", "10", "1400"), held("TCS", "5", "3000")]
    say(desk, home, both)
    odd = UnreadLine("holdings[1]", "MOON:TCS", "exchange: 'MOON' is unknown")
    done = say(desk, home, both[:1], unread=[odd])
    assert (done.unread, done.taken_back, done.breaks) == (1, 0, ())
    assert desk.quantity("TCS") == 5
    with desk.database.reading() as db:
        assert unread_rows.counts(db, desk.viewer) == {home.id: 1}
    desk.clock.advance(timedelta(minutes=1))
    assert say(desk, home, both).unread == 0
    with desk.database.reading() as db:
        assert unread_rows.of_account(db, desk.viewer, home.id) == []


@dataclass
class BusyBroker(DeskBroker):
    """A broker whose user trades while he is asked: each look at the trade book shows the next state."""

    books: list[tuple[Fill, ...]] = field(default_factory=list)

    def fills(self, api_key: str, session: BrokerSession) -> Sequence[Fill]:
        return self.books.pop(0) if len(self.books) > 1 else self.books[0]


def test_statement_and_trades_are_of_one_moment(desk: Desk) -> None:
    home = desk.broker_account()
    bought = fill("1", Kind.BUY, "INFY", "25")
    busy = BusyBroker(desk.clock, books=[(), (bought,)])
    desk.house = replace(desk.house, brokers={busy.name: busy})
    told = sync.fetch(desk.house, desk.viewer, home)
    assert told.fills == (bought,)


def test_the_same_trade_by_tradebook_and_by_sync_is_one(desk: Desk) -> None:
    home = desk.broker_account()
    bought = fill("75894751", Kind.BUY, "INFY", "25")
    with desk.database.writing() as db:
        ids = resolved(db, desk.house, [bought.instrument])
        entry = transactions.Entry(post(bought, ids[bought.instrument]), "NSE:EQ:75894751:2026-11-20")
        now = desk.clock.now()
        transactions.append(db, desk.viewer, home.id, Book.LIVE, [entry], source="import", now=now)
    assert say(desk, home, [], [bought]).posted == 0
    assert desk.quantity("INFY") == 25
