"""The day's trades of a broker in the books: each once, on top of what was held when the session began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from tests.services.desks import Desk, DeskBroker, held
from tunefolio.core.money import Money, Price, plain
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.fills import DayFills, Fill, UnreadTrade, post
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.reconcile import Break, Cause
from tunefolio.ledger.statements import DayPosition, Holding, Statement, UnreadLine
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services import sync
from tunefolio.services.instruments import resolved
from tunefolio.services.sync import Synced
from tunefolio.store import transactions, unread_rows


def fill(trade: str, kind: Kind, symbol: str, units: str, price: str = "1500", product: str = "CNC") -> Fill:
    claim = InstrumentClaim(Listing("NSE", symbol))
    at = Instant.parse("2026-11-20T10:15:00+05:30")
    is_intraday = product == "MIS"
    return Fill(trade, f"o{trade}", claim, kind, Decimal(units), Price.of(price), at, product, is_intraday)


def carried(symbol: str, units: str, product: str = "MIS") -> DayPosition:
    """A line of the day's positions."""
    claim = InstrumentClaim(Listing("NSE", symbol))
    price = Price.of("1500")
    return DayPosition(claim, product, Decimal(units), price, price, None, product == "MIS")


def say(
    desk: Desk,
    home: Account,
    lines: Sequence[Holding],
    fills: Sequence[Fill] = (),
    *,
    unread: Sequence[UnreadLine] = (),
    put_aside: Sequence[UnreadLine] = (),
    positions: Sequence[DayPosition] = (),
    includes_today: bool = False,
) -> Synced:
    statement = Statement(
        desk.broker.name, home.broker_user, desk.clock.now(), tuple(lines), positions=tuple(positions),
        unread=tuple(unread), includes_today=includes_today,
    )  # fmt: skip
    told = DayFills(tuple(fills), tuple(put_aside))
    with desk.database.writing() as db:
        return sync.record_statement(db, desk.house, desk.viewer, home, statement, told)


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


def test_a_short_position_of_the_day_is_no_difference_while_it_is_open(desk: Desk) -> None:
    home = desk.broker_account()
    sold = fill("1", Kind.SELL, "SBIN", "50", "804", "MIS")
    bought = fill("2", Kind.BUY, "SBIN", "50", "800", "MIS")
    for includes_today in (False, True):
        meanwhile = say(
            desk, home, [], [sold], positions=[carried("SBIN", "-50")], includes_today=includes_today
        )
        assert (meanwhile.posted, meanwhile.waiting, meanwhile.unread) == (0, 1, 0)
        assert (meanwhile.opened, meanwhile.breaks) == (0, ())
    assert desk.look().breaks == ()
    evening = say(desk, home, [], [sold, bought], positions=[carried("SBIN", "0")])
    assert (evening.posted, evening.waiting, evening.breaks) == (2, 0, ())
    assert desk.quantity("SBIN") == 0
    assert desk.look().realised == Money.of(200)


def test_a_short_position_of_the_day_takes_nothing_of_what_is_held(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 96 NSE:SBIN @ 700", home.id)
    sold = fill("1", Kind.SELL, "SBIN", "50", "804", "MIS")
    meanwhile = say(desk, home, [held("SBIN", "96", "700")], [sold], positions=[carried("SBIN", "-50")])
    assert (meanwhile.waiting, meanwhile.breaks) == (1, ())
    assert desk.quantity("SBIN") == 96
    (row,) = desk.look().rows
    assert [lot.day.iso() for lot in row.valued.position.lots if lot.day] == ["2024-04-01"]


def test_a_second_round_of_the_day_waits_and_the_first_stands(desk: Desk) -> None:
    home = desk.broker_account()
    trip = [fill("1", Kind.BUY, "SBIN", "50", "800", "MIS"), fill("2", Kind.SELL, "SBIN", "50", "804", "MIS")]
    assert say(desk, home, [], trip, positions=[carried("SBIN", "0")]).posted == 2
    again = [*trip, fill("3", Kind.BUY, "SBIN", "20", "801", "MIS")]
    for _ in range(2):
        open_ = say(desk, home, [], again, positions=[carried("SBIN", "20")])
        assert (open_.posted, open_.waiting, open_.breaks) == (0, 1, ())
    assert desk.quantity("SBIN") == 0


def test_a_position_of_the_day_that_is_made_delivery_is_recorded(desk: Desk) -> None:
    """The trade keeps the product it was made with; the position says what became of it."""
    home = desk.broker_account()
    bought = fill("1", Kind.BUY, "SBIN", "50", "800", "MIS")
    assert say(desk, home, [], [bought], positions=[carried("SBIN", "50")]).waiting == 1
    done = say(desk, home, [], [bought], positions=[carried("SBIN", "50", "CNC")])
    assert (done.posted, done.waiting, done.breaks) == (1, 0, ())
    assert desk.quantity("SBIN") == 50


def test_what_is_delivered_is_recorded_beside_a_position_of_the_day(desk: Desk) -> None:
    home = desk.broker_account()
    fills = [fill("1", Kind.BUY, "SBIN", "50", "800", "MIS"), fill("2", Kind.BUY, "SBIN", "10", "800")]
    positions = [carried("SBIN", "50"), carried("SBIN", "10", "CNC")]
    done = say(desk, home, [], fills, positions=positions)
    assert (done.posted, done.waiting, done.breaks) == (1, 1, ())
    assert desk.quantity("SBIN") == 10


def unread(desk: Desk, home: Account) -> list[tuple[str, str]]:
    with desk.database.reading() as db:
        return [(row.place, row.symbol) for row in unread_rows.of_account(db, desk.viewer, home.id)]


ODD = fill("9", Kind.BUY, "INFY", "5").unread("MSE:INFY-EQ", "exchange: 'MSE' is unknown")
"""A purchase on an exchange that nobody here knows."""


def test_a_trade_put_aside_leaves_the_rest_of_the_sync_whole(desk: Desk) -> None:
    home = desk.broker_account()
    done = say(desk, home, [held("TCS", "5", "3000")], [fill("1", Kind.BUY, "INFY", "25")], put_aside=[ODD])
    assert (done.opened, done.posted, done.unread, done.breaks) == (1, 1, 1, ())
    assert unread(desk, home) == [("trade 9: buy 5 at 1500 INR on 2026-11-20", "MSE:INFY-EQ")]
    trade = UnreadTrade.find(ODD.place)
    assert trade is not None
    assert [trade.units, trade.price, trade.day.iso()] == [5, Price.of("1500"), "2026-11-20"]


def test_a_trade_put_aside_is_remembered_while_it_explains_a_difference(desk: Desk) -> None:
    """The trade book of tomorrow does not tell it any more, and its units arrive then."""
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 25 NSE:INFY @ 1500", home.id)
    say(desk, home, [held("INFY", "25", "1500")], put_aside=[ODD])
    desk.clock.advance(timedelta(days=3))
    arrived = [held("INFY", "30", "1500")]
    assert len(say(desk, home, arrived).breaks) == 1
    desk.clock.advance(timedelta(days=30))
    say(desk, home, arrived)
    assert len(unread(desk, home)) == 1, "a month later the difference still stands, and what explains it"
    desk.write_down("2026-11-20 buy 5 NSE:INFY @ 1500", home.id)
    desk.clock.advance(timedelta(minutes=1))
    assert say(desk, home, arrived).unread == 0
    assert unread(desk, home) == []


def test_a_sale_that_the_books_refused_is_remembered_only_while_the_counts_differ(desk: Desk) -> None:
    home = desk.broker_account()
    sold = fill("4", Kind.SELL, "SBIN", "50", "804")
    assert say(desk, home, [], [sold]).unread == 1
    assert unread(desk, home) == [("trade 4: sell 50 at 804 INR on 2026-11-20", "NSE:SBIN")]
    desk.clock.advance(timedelta(days=1))
    assert say(desk, home, []).unread == 0


def test_a_trade_put_aside_is_forgotten_once_a_tradebook_brings_it(desk: Desk) -> None:
    home = desk.broker_account()
    say(desk, home, [], put_aside=[ODD])
    bought = fill("9", Kind.BUY, "INFY", "5")
    with desk.database.writing() as db:
        ids = resolved(db, desk.house, [bought.instrument])
        entry = transactions.Entry(post(bought, ids[bought.instrument]), "NSE:EQ:9:2026-11-20")
        now = desk.clock.now()
        transactions.append(db, desk.viewer, home.id, Book.LIVE, [entry], source="import", now=now)
    desk.clock.advance(timedelta(days=1))
    assert say(desk, home, [held("INFY", "5", "1500")]).unread == 0


def test_the_place_of_an_unread_trade_is_read_again_as_it_was_written() -> None:
    for one in (fill("a b:7", Kind.SELL, "INFY", "0.00000001", "0.05"), fill("1", Kind.BUY, "INFY", "12")):
        told = UnreadTrade(one.trade_id, one.kind, one.quantity, one.price, one.day)
        assert UnreadTrade.find(told.place) == told
    for other in ("holdings[3]", "trades[0]", "trade NSE:EQ:7:2026-11-20", ""):
        assert UnreadTrade.find(other) is None


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

    books: list[DayFills] = field(default_factory=list)

    def fills(self, api_key: str, session: BrokerSession) -> DayFills:
        return self.books.pop(0) if len(self.books) > 1 else self.books[0]


def test_statement_and_trades_are_of_one_moment(desk: Desk) -> None:
    home = desk.broker_account()
    bought = fill("1", Kind.BUY, "INFY", "25")
    busy = BusyBroker(desk.clock, books=[DayFills(), DayFills((bought,))])
    desk.house = replace(desk.house, brokers={busy.name: busy})
    told = sync.fetch(desk.house, desk.viewer, home)
    assert told.day == DayFills((bought,))


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
