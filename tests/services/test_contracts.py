"""Futures and options through a sync: carried, sold short, turned round, expired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.outside import Outside, running, success
from tests.services.desks import Desk, held
from tests.services.lists import PaperList, refresh, row
from tunefolio.adapters.brokers.zerodha import Zerodha
from tunefolio.core.money import Money, Price, plain
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.breaks import Reason
from tunefolio.ledger.fills import DayFills, Fill, post
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.reconcile import Break, Cause
from tunefolio.ledger.statements import DayPosition, Holding, Statement
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.services import jobs, repairs, sync
from tunefolio.services.check import check
from tunefolio.services.diagnoses import Found, diagnoses
from tunefolio.services.instruments import resolved
from tunefolio.services.sync import Synced
from tunefolio.store import jobs as kept_jobs
from tunefolio.store import transactions, unread_rows

FUTURE = InstrumentClaim(Listing("NFO", "NIFTY26NOVFUT"), None, "NIFTY", AssetClass.FUTURE)
CALL = InstrumentClaim(Listing("NFO", "NIFTY26NOV26000CE"), None, "NIFTY", AssetClass.OPTION)


def carried(claim: InstrumentClaim, units: str, average: str = "26000", product: str = "NRML") -> DayPosition:
    last = Price.of("26010")
    return DayPosition(
        claim, product, Decimal(units), Price.of(average), last, None, product in {"MIS", "INTRADAY"}
    )


@dataclass
class Trader:
    """An account whose broker tells positions and the day's trades."""

    desk: Desk
    home: Account

    def fill(
        self,
        trade: str,
        units: str,
        price: str = "26000",
        claim: InstrumentClaim = FUTURE,
        product: str = "NRML",
    ) -> Fill:
        """Bought above zero, sold below, a minute after the trade before it."""
        kind = Kind.BUY if Decimal(units) > 0 else Kind.SELL
        at = self.desk.clock.now() - timedelta(hours=1) + timedelta(minutes=int(trade))
        return Fill(
            trade,
            f"o{trade}",
            claim,
            kind,
            abs(Decimal(units)),
            Price.of(price),
            at,
            product,
            product == "MIS",
        )

    def say(
        self,
        positions: Sequence[DayPosition] = (),
        fills: Sequence[Fill] = (),
        lines: Sequence[Holding] = (),
        *,
        includes_today: bool = False,
    ) -> Synced:
        desk = self.desk
        statement = Statement(
            desk.broker.name, self.home.broker_user, desk.clock.now(), tuple(lines),
            positions=tuple(positions), includes_today=includes_today,
        )  # fmt: skip
        with desk.database.writing() as db:
            told = DayFills(tuple(fills))
            return sync.record_statement(db, desk.house, desk.viewer, self.home, statement, told)

    def facts(self) -> list[tuple[str, str, str]]:
        """(kind, units, end of the key) of what is in force or was."""
        with self.desk.database.reading() as db:
            history = list(transactions.of_account(db, self.desk.viewer, self.home.id))
        return [
            (f.fact.kind.value, plain(f.fact.quantity or Decimal(0)), f.source_key.rpartition(":")[2])
            for f in history
            if f.reverses is None
        ]

    def breaks(self) -> list[Found]:
        """As the page explains them."""
        with self.desk.database.reading() as db:
            return diagnoses(db, self.desk.house, self.desk.viewer, [self.home])

    def stands(self) -> bool:
        """The nightly laws hold."""
        return check(self.desk.house) == []

    def morrow(self, days: int = 1) -> None:
        self.desk.clock.advance(timedelta(days=days))


@pytest.fixture
def trader(desk: Desk) -> Trader:
    return Trader(desk, desk.broker_account())


def test_a_future_that_is_carried_is_no_difference_on_any_day(trader: Trader) -> None:
    bought = trader.fill("1", "75")
    for _ in range(2):
        done = trader.say([carried(FUTURE, "75")], [bought], [held("INFY", "10", "1500")])
        assert (done.breaks, done.unread) == ((), 0)
    for _ in range(3):
        trader.morrow()
        done = trader.say([carried(FUTURE, "75")], [], [held("INFY", "10", "1500")])
        assert (done.opened, done.taken_back, done.posted, done.breaks) == (0, 0, 0, ())
        assert trader.breaks() == []
    sold = trader.fill("2", "-75", "26100")
    assert trader.say([carried(FUTURE, "0", "0")], [sold], [held("INFY", "10", "1500")]).breaks == ()
    assert trader.breaks() == []
    assert [fact[:2] for fact in trader.facts()] == [("opening", "10"), ("buy", "75"), ("sell", "75")]
    assert trader.desk.look().realised == Money.of(7_500)


def test_a_short_sale_is_recorded_as_one_and_covered(trader: Trader) -> None:
    sold, bought = trader.fill("1", "-75", "120", CALL), trader.fill("2", "75", "90", CALL)
    done = trader.say([carried(CALL, "-75", "120")], [sold])
    assert (done.posted, done.unread, done.breaks) == (1, 0, ())
    trader.morrow()
    assert trader.say([carried(CALL, "-75", "120")]).breaks == ()
    assert trader.desk.quantity("NIFTY26NOV26000CE") == -75
    bought = replace(bought, at=trader.desk.clock.now())
    assert trader.say([carried(CALL, "0", "0")], [bought]).breaks == ()
    assert [fact[:2] for fact in trader.facts()] == [("short", "75"), ("cover", "75")]
    assert trader.desk.look().realised == Money.of(2_250)
    assert trader.breaks() == []


def test_a_trade_that_turns_a_position_round_is_two_facts_and_enters_once(trader: Trader) -> None:
    bought, turned = trader.fill("1", "75"), trader.fill("2", "-150", "26100")
    book = [bought, turned]
    for includes_today in (False, True, False):
        done = trader.say([carried(FUTURE, "-75", "26100")], book, includes_today=includes_today)
        assert (done.unread, done.breaks) == (0, ())
    day = bought.day.iso()
    assert trader.facts() == [("buy", "75", day), ("sell", "75", day), ("short", "75", "opened")]
    back = trader.fill("3", "100", "26050")
    assert trader.say([carried(FUTURE, "25", "26050")], [*book, back]).breaks == ()
    assert trader.facts()[3:] == [("cover", "75", day), ("buy", "25", "opened")]
    assert trader.desk.quantity("NIFTY26NOVFUT") == 25
    assert trader.breaks() == []


def test_the_same_turn_by_tradebook_and_by_sync_is_one(trader: Trader) -> None:
    """The file's row has the key of the first half."""
    bought, turned = trader.fill("1", "75"), trader.fill("2", "-75", "26100")
    with trader.desk.database.writing() as db:
        ids = resolved(db, trader.desk.house, [FUTURE])
        entries = [
            transactions.Entry(post(one, ids[FUTURE]), f"NFO:FO:{one.trade_id}:{one.day}")
            for one in (bought, turned)
        ]
        now = trader.desk.clock.now()
        transactions.append(
            db, trader.desk.viewer, trader.home.id, Book.LIVE, entries, source="import", now=now
        )
    done = trader.say([carried(FUTURE, "0", "0")], [bought, turned])
    assert (done.posted, done.breaks) == (0, ())


def test_what_was_carried_before_is_opened_and_todays_trades_come_on_top(trader: Trader) -> None:
    """Held 100 since yesterday, 25 sold today; owed 150 since yesterday, 50 more today."""
    fills = [trader.fill("1", "-25"), trader.fill("2", "-50", "100", CALL)]
    positions = [carried(FUTURE, "75"), carried(CALL, "-200", "110")]
    for _ in range(2):
        assert trader.say(positions, fills).breaks == ()
    assert trader.breaks() == []
    told = sorted(fact[:2] for fact in trader.facts())
    assert told == [("opening", "100"), ("sell", "25"), ("short", "150"), ("short", "50")]
    assert trader.stands()


def test_a_carried_position_known_by_the_broker_alone_is_closed_by_todays_trade(trader: Trader) -> None:
    assert trader.say([carried(FUTURE, "-75"), carried(CALL, "50", "90")]).opened == 2
    trader.morrow()
    again = trader.say([carried(FUTURE, "-75", "26400"), carried(CALL, "50", "70")])
    assert (again.opened, again.taken_back) == (0, 0), "another average for the same units is the day's close"
    assert trader.stands()
    fills = [trader.fill("1", "75"), trader.fill("2", "-50", "100", CALL)]
    done = trader.say([carried(FUTURE, "0", "0"), carried(CALL, "0", "0")], fills)
    assert (done.posted, done.taken_back, done.breaks) == (2, 0, ())
    assert sorted(fact[0] for fact in trader.facts()) == ["cover", "opening", "sell", "short"]
    assert trader.breaks() == []


def test_a_part_of_a_carried_position_closed_today_leaves_its_opening_alone(trader: Trader) -> None:
    trader.say([carried(FUTURE, "100")])
    trader.morrow()
    done = trader.say([carried(FUTURE, "75", "26400")], [trader.fill("1", "-25")])
    assert (done.opened, done.taken_back, done.posted, done.breaks) == (0, 0, 1, ())
    assert [fact[:2] for fact in trader.facts()] == [("opening", "100"), ("sell", "25")]
    assert trader.breaks() == []


def test_shares_that_were_opened_and_are_all_sold_today_are_no_difference(trader: Trader) -> None:
    sold = replace(trader.fill("1", "-10", "1600", InstrumentClaim(Listing("NSE", "INFY"))), product="CNC")
    done = trader.say([], [sold], [held("INFY", "10", "1500")])
    assert (done.opened, done.posted, done.unread, done.breaks) == (1, 1, 0, ())
    assert [fact[:2] for fact in trader.facts()] == [("opening", "10"), ("sell", "10")]


def test_a_contract_of_the_day_waits_beside_one_that_is_carried(trader: Trader) -> None:
    fills = [trader.fill("1", "75"), trader.fill("2", "-25", product="MIS")]
    done = trader.say([carried(FUTURE, "75"), carried(FUTURE, "-25", product="MIS")], fills)
    assert (done.posted, done.waiting, done.breaks) == (1, 1, ())
    assert trader.desk.quantity("NIFTY26NOVFUT") == 75


def test_shares_that_are_not_held_are_still_not_sold(trader: Trader) -> None:
    sold = replace(trader.fill("1", "-10", "1500", InstrumentClaim(Listing("NSE", "INFY"))), product="CNC")
    done = trader.say([], [sold, trader.fill("2", "-75")], [])
    assert (done.posted, done.unread) == (1, 1)
    assert [fact[:2] for fact in trader.facts()] == [("short", "75")]
    with trader.desk.database.reading() as db:
        (line,) = unread_rows.of_account(db, trader.desk.viewer, trader.home.id)
    assert line.symbol == "NSE:INFY"


def test_a_trade_nobody_told_us_of_is_a_difference_below_zero_too(trader: Trader) -> None:
    trader.say([carried(FUTURE, "-75")], [trader.fill("1", "-75")])
    trader.morrow()
    (found,) = trader.say([carried(FUTURE, "-150")]).breaks
    nifty = trader.desk.instrument("NIFTY26NOVFUT", "NFO")
    assert found == Break(nifty, Decimal(-75), Decimal(-150), Cause.FEWER_AT_BROKER)
    (shown,) = trader.breaks()
    assert shown.told.reason is Reason.MISSING_TRADE
    accept(trader, shown, "sell", price="26000", day="2026-11-20")
    assert trader.breaks() == []
    assert trader.desk.quantity("NIFTY26NOVFUT") == -150


def accept(trader: Trader, shown: Found, name: str, **answers: str) -> None:
    desk = trader.desk
    with desk.database.writing() as db:
        repairs.accept(db, desk.house, desk.viewer, trader.home.id, f"{shown.told.key}:{name}", answers)


def test_what_expired_is_said_to_have_and_recorded_with_one_answer(trader: Trader) -> None:
    desk = trader.desk
    lists = [
        row("NIFTY26NOVFUT", name="NIFTY", series="", exchange="NFO", kind=AssetClass.FUTURE,
            expiry="2026-11-24"),
        row("NIFTY26NOV26000CE", name="NIFTY", series="", exchange="NFO", kind=AssetClass.OPTION,
            expiry="2026-11-24", strike="26000"),
    ]  # fmt: skip
    desk.use(PaperList(lists))
    refresh(desk)
    positions = [carried(FUTURE, "75"), carried(CALL, "-75", "120")]
    trader.say(positions, [trader.fill("1", "75"), trader.fill("2", "-75", "120", CALL)])
    trader.morrow(3)
    assert trader.say(positions).breaks == ()
    trader.morrow(2)
    assert len(trader.say([]).breaks) == 2
    future, call = sorted(trader.breaks(), key=lambda one: -one.told.found.ours)
    assert (future.told.reason, call.told.reason) == (Reason.EXPIRY, Reason.EXPIRY)
    accept(trader, future, "expiry", price="26200")
    accept(trader, call, "expiry")
    assert trader.breaks() == []
    ends = [fact for fact in trader.facts() if fact[0] == "expiry"]
    assert [fact[1] for fact in ends] == ["75", "75"]
    assert desk.look().realised == Money.of(75 * 200 + 75 * 120)


# Over HTTP ------------------------------------------------------------------------------------------


@pytest.fixture
def kite() -> Iterator[Outside]:
    with running() as server:
        server.on("/user/profile", success({"user_id": "TF0001"}))
        server.on("/portfolio/holdings", success([]))
        server.on("/user/margins", success({"equity": {"enabled": False}}))
        yield server


def net(symbol: str, units: int, overnight: int, average: float) -> dict[str, Any]:
    """A line of Kite's positions as its documentation shows it; `quantity` counts what is carried."""
    return {
        "tradingsymbol": symbol, "exchange": "NFO", "instrument_token": 12345602, "product": "NRML",
        "quantity": units, "overnight_quantity": overnight, "multiplier": 1, "average_price": average,
        "close_price": 26000, "last_price": 25990.5, "value": 0, "pnl": 0, "m2m": 0, "unrealised": 0,
        "realised": 0,
    }  # fmt: skip


def traded(trade: str, symbol: str, side: str, units: int, price: float, at: str) -> dict[str, Any]:
    return {
        "trade_id": trade, "order_id": f"o{trade}", "exchange": "NFO", "tradingsymbol": symbol,
        "product": "NRML", "average_price": price, "quantity": units, "transaction_type": side,
        "fill_timestamp": at, "exchange_timestamp": at,
    }  # fmt: skip


@pytest.mark.one_is_enough
@pytest.mark.on_both
def test_the_whole_way_over_http_with_a_broker_that_trades_contracts(desk: Desk, kite: Outside) -> None:
    desk.broker.name = "zerodha"
    home = desk.broker_account("TF0001")
    zerodha = Zerodha({"root_url": kite.url, "requests_per_second": "1000"}, desk.house.shared)
    desk.house = replace(desk.house, brokers={"zerodha": zerodha})

    def synced() -> dict[str, Any]:
        with desk.database.writing() as db:
            job = sync.ask_sync(db, desk.house, desk.viewer, home.id)
        jobs.run(desk.house, job)
        with desk.database.reading() as db:
            done = kept_jobs.job_of(db, desk.viewer, job)
        assert done.result is not None, done.problem
        return dict(done.result)

    future, call = "NIFTY26NOVFUT", "NIFTY26NOV26000CE"
    try:
        kite.on("/portfolio/positions", success({"net": [net(future, -75, 75, 26100.0)], "day": []}))
        kite.on("/trades", success([traded("7", future, "SELL", 150, 26100.0, "2026-11-20 10:15:00")]))
        for posted in (2, 0):
            done = synced()
            assert (done["trades"], done["unread"], done["breaks"]) == (posted, 0, 0)
        desk.clock.advance(timedelta(days=3))
        lines = [net(future, -75, -75, 26100.0), net(call, -50, 0, 120.5)]
        kite.on("/portfolio/positions", success({"net": lines, "day": []}))
        kite.on("/trades", success([traded("9", call, "SELL", 50, 120.5, "2026-11-23 10:15:00")]))
        done = synced()
        assert (done["opened"], done["taken_back"], done["trades"], done["breaks"]) == (0, 0, 1, 0)
        assert [desk.quantity(future), desk.quantity(call)] == [-75, -50]
        desk.clock.advance(timedelta(days=1))
        kite.on("/trades", success([]))
        assert synced()["breaks"] == 0
    finally:
        zerodha.close()
    told = [fact[:2] for fact in Trader(desk, home).facts()]
    assert told == [("opening", "75"), ("sell", "75"), ("short", "75"), ("short", "50")]
