"""A broker's own count of charges beside ours, asked over its session; order numbers; stated parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.adapters.angels import angel, filled
from tests.adapters.angels import rehearsal as angel_rehearsal
from tests.adapters.test_angel_trades import ANGEL
from tests.adapters.test_angel_trades import angel as angel_row
from tests.adapters.test_mapped import workbook
from tests.services.desks import Desk
from tests.services.test_connect_over_http import Rehearsal, rehearsal
from tunefolio.core.errors import Misuse, NotFound, Reauth
from tunefolio.core.money import Money
from tunefolio.core.people import Role
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.services import charged, contract_notes, credentials, imports, record
from tunefolio.services.charged import NO_DEPOSITORY, SUM_ONLY, TODAY_ONLY, BrokersWord
from tunefolio.services.contract_notes import DayNote, Terms
from tunefolio.services.credentials import Relogin
from tunefolio.services.dealt import ONE_ORDER
from tunefolio.store import standings, transactions
from tunefolio.store.connections import ConnectionState
from tunefolio.store.standings import Standing
from tunefolio.trading.charges.compare import Comparison
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.lines import Line

__all__ = ["rehearsal"]  # the fixture

pytestmark = pytest.mark.one_is_enough

DAY = TradingDay.parse("2026-11-19")
TRADES = """2026-11-19 buy 100 NSE:INFY @ 1500 order 11001
2026-11-19 buy 50 NSE:INFY @ 1502 order 11001
2026-11-19 sell 60 NSE:INFY @ 1510 order 11002
2026-11-19 sell 40 NSE:TCS @ 3000 order 11003"""


def d(text: str) -> Decimal:
    return Decimal(text)


def note_of(desk: Desk, account: Account, terms: Terms | None = None) -> DayNote:
    with desk.database.reading() as db:
        return contract_notes.note_of(db, desk.viewer, account.id, DAY, terms or Terms())


def rows(told: Comparison) -> dict[str, Decimal]:
    """What the broker states beyond ours, by line."""
    found = {row.title: row.difference for row in told.rows}
    return {title: amount for title, amount in found.items() if isinstance(amount, Decimal)}


# Zerodha over HTTP ----------------------------------------------------------------------------------


@pytest.fixture
def linked(rehearsal: Rehearsal) -> tuple[Rehearsal, Account]:
    account = rehearsal.connect()
    rehearsal.desk.write_down("2026-11-02 buy 100 NSE:TCS @ 2900", account.id)
    rehearsal.desk.write_down(TRADES, account.id)
    return rehearsal, account


def asked(desk: Desk, account: Account, terms: Terms | None = None) -> BrokersWord:
    return charged.ask(desk.house, desk.viewer, account.id, DAY, terms or Terms())


def test_zerodha_is_asked_order_by_order(linked: tuple[Rehearsal, Account]) -> None:
    there, account = linked
    told = asked(there.desk, account)
    assert told.title == "Zerodha"
    assert [
        (one.number, one.symbol, one.deal.segment.value, str(one.deal.quantity.to_integral()))
        for one in told.orders
    ] == [
        ("11001", "INFY", "intraday", "60"),
        ("11001", "INFY", "delivery", "90"),
        ("11002", "INFY", "intraday", "60"),
        ("11003", "TCS", "delivery", "40"),
    ]
    assert told.orders[0].deal.price == d("1500.66666667")
    assert told.unknown == ()
    assert set(told.remarks) >= {NO_DEPOSITORY, TODAY_ONLY}


def test_every_line_but_the_whole_rupees_of_stamp_duty_agrees(linked: tuple[Rehearsal, Account]) -> None:
    """The rehearsal counts by a list of its own, and shows stamp duty in whole rupees as Kite's note does."""
    there, account = linked
    told = asked(there.desk, account)
    stamps = d("0")
    for one in told.orders:
        assert one.comparison is not None
        found = rows(one.comparison)
        stamp = found.pop("Stamp duty")
        stamps += stamp
        assert abs(stamp) <= d("0.5")
        assert set(found) == {
            "Brokerage", "Exchange transaction charge + Investor protection fund", "SEBI turnover fee", "GST",
            "Securities transaction tax",
        }  # fmt: skip
        assert all(abs(amount) < d("1e-6") for amount in found.values()), found
    whole = told.whole.total
    assert isinstance(whole.difference, Decimal)
    assert abs(whole.difference - stamps) < d("1e-6")
    assert "Depository charge, with GST" not in {row.title for row in told.whole.rows}


def test_asking_writes_nothing_into_the_books(linked: tuple[Rehearsal, Account]) -> None:
    there, account = linked
    before = there.desk.look()
    asked(there.desk, account)
    assert there.desk.look() == before


def test_a_session_that_ended_asks_for_a_login(linked: tuple[Rehearsal, Account]) -> None:
    there, account = linked
    there.sandbox.grants.end_all()
    with pytest.raises(Reauth, match="Log in again"):
        asked(there.desk, account)
    assert there.state() is ConnectionState.NEEDS_LOGIN
    with pytest.raises(Reauth):
        asked(there.desk, account)


def test_others_accounts_and_days_without_trades_are_refused(
    linked: tuple[Rehearsal, Account],
) -> None:
    there, account = linked
    house, stranger = there.desk.house, there.desk.neighbour()
    with pytest.raises(NotFound):
        charged.ask(house, stranger.viewer, account.id, DAY, Terms())
    with pytest.raises(Misuse, match="no trade on 2026-11-18"):
        charged.ask(house, there.desk.viewer, account.id, DAY.plus_days(-1), Terms())


def test_a_broker_that_an_admin_stopped_is_not_asked(linked: tuple[Rehearsal, Account]) -> None:
    there, account = linked
    with there.desk.database.writing() as db:
        admin, now = replace(there.desk.viewer, role=Role.ADMIN), there.desk.clock.now()
        standings.put(db, admin, "zerodha", Standing.STOPPED, "away for repair", now)
    with pytest.raises(Misuse, match="away for repair"):
        asked(there.desk, account)


def test_an_account_kept_by_hand_has_nobody_to_ask(linked: tuple[Rehearsal, Account]) -> None:
    there, _ = linked
    there.desk.write_down("2026-11-19 buy 1 NSE:INFY @ 1500")
    with pytest.raises(Misuse, match="no broker that counts charges") as caught:
        asked(there.desk, there.desk.account)
    assert "Zerodha" in caught.value.cure


# Angel One over HTTP --------------------------------------------------------------------------------


@pytest.fixture
def angels(desk: Desk) -> Iterator[tuple[Desk, Account]]:
    with angel_rehearsal(desk.clock) as sandbox, angel(sandbox) as broker:
        desk.house = replace(desk.house, brokers={"angelone": broker})
        typed = {name: secret.reveal() for name, secret in filled(desk.clock.now()).items()}
        account = credentials.log_in(desk.house, desk.viewer, "angelone", typed, Relogin.BY_HAND)
        desk.write_down("2026-11-02 buy 100 NSE:TCS @ 2900", account.id)
        desk.write_down(TRADES, account.id)
        yield desk, account


def test_angel_one_tells_the_sum_and_no_single_order(angels: tuple[Desk, Account]) -> None:
    desk, account = angels
    told = asked(desk, account)
    assert told.title == "Angel One"
    assert len(told.orders) == 4
    assert {one.comparison for one in told.orders} == {None}
    assert SUM_ONLY in told.remarks
    found = rows(told.whole)
    assert {"Exchange transaction charge", "Investor protection fund", "Brokerage"} <= found.keys()
    assert all(abs(amount) < d("0.001") for amount in found.values()), found


def test_what_angel_one_does_not_list_is_named_and_on_neither_side(angels: tuple[Desk, Account]) -> None:
    desk, account = angels
    before = asked(desk, account).whole.total
    desk.write_down("2026-11-19 buy 10 NSE:NOSUCH @ 100 order 11009", account.id)
    told = asked(desk, account)
    assert told.unknown == ("NOSUCH",)
    assert told.whole.total == before


# Order numbers --------------------------------------------------------------------------------------


def brokerage(note: DayNote) -> Decimal:
    assert note.charges is not None
    line = note.charges.line(LineName.BROKERAGE)
    assert isinstance(line, Line)
    return line.amount.amount


def test_partial_fills_of_one_order_bear_one_brokerage(desk: Desk) -> None:
    """Intraday, 0.03% or 20 rupees an order: two fills of 60,000 each are one order of 20, not two of 18."""
    desk.write_down(
        "2026-11-19 buy 40 NSE:INFY @ 1500 order A1 at 2026-11-19T10:00:00+05:30\n"
        "2026-11-19 buy 40 NSE:INFY @ 1500 order A1 at 2026-11-19T10:00:07+05:30\n"
        "2026-11-19 sell 80 NSE:INFY @ 1500 order A2 at 2026-11-19T11:00:00+05:30"
    )
    note = note_of(desk, desk.account, Terms("zerodha"))
    assert brokerage(note) == 40
    assert ONE_ORDER not in note.remarks


def test_two_orders_of_one_moment_bear_two(desk: Desk) -> None:
    lines = [
        f"2026-11-19 {side} 40 NSE:INFY @ 1500 order {order} at 2026-11-19T10:00:00+05:30"
        for side, order in (("buy", "A1"), ("buy", "A2"), ("sell", "A3"), ("sell", "A4"))
    ]
    desk.write_down("\n".join(lines))
    assert brokerage(note_of(desk, desk.account, Terms("zerodha"))) == 72, "four orders of 18"


def test_where_a_trade_has_no_number_the_page_says_what_is_assumed(desk: Desk) -> None:
    desk.write_down("2026-11-19 buy 40 NSE:INFY @ 1500 order A1\n2026-11-19 sell 40 NSE:INFY @ 1500")
    assert ONE_ORDER in note_of(desk, desk.account, Terms("zerodha")).remarks


TRADEBOOK = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,"
    "order_execution_time\n"
    "INFY,INE009A01021,2026-11-19,NSE,EQ,EQ,buy,false,40,1500,{first},1100000012345678,2026-11-19T10:00:00\n"
    "INFY,INE009A01021,2026-11-19,NSE,EQ,EQ,buy,false,40,1500,{second},1100000012345678,2026-11-19T10:00:07\n"
)


def bring_in(desk: Desk, content: bytes, name: str = "tradebook.csv") -> tuple[int, int]:
    with desk.database.writing() as db:
        done = imports.import_file(db, desk.house, desk.viewer, desk.account.id, name, content)
    return done.added, done.repeated


def orders(desk: Desk) -> list[str]:
    with desk.database.reading() as db:
        return [one.fact.order for one in transactions.of_account(db, desk.viewer, desk.account.id)]


@pytest.mark.on_both
def test_a_tradebook_brings_its_order_numbers_once(desk: Desk) -> None:
    content = TRADEBOOK.format(first=1, second=2).encode()
    assert bring_in(desk, content) == (2, 0)
    assert orders(desk) == ["1100000012345678"] * 2
    assert bring_in(desk, content) == (0, 2)


@pytest.mark.on_both
def test_a_tradebook_from_before_order_numbers_is_known_again(desk: Desk) -> None:
    """As its first import left it: the same trades under the same keys, and no order."""
    content = TRADEBOOK.format(first=1, second=2)
    assert bring_in(desk, content.replace("1100000012345678", "").encode()) == (2, 0)
    before = desk.look()
    assert bring_in(desk, content.encode()) == (0, 2)
    assert orders(desk) == ["", ""]
    assert desk.look() == before


def test_a_correction_keeps_the_order_and_what_the_same_fees_are_made_of(desk: Desk) -> None:
    (first,) = desk.write_down("2026-11-19 buy 40 NSE:INFY @ 1500 fee 15 parts stt:15 order A1")
    with desk.database.writing() as db:
        former = transactions.transaction_of(db, desk.viewer, first).fact
        typed = replace(former, note="checked", order="", parts=())
        second = record.correct(db, desk.house, desk.viewer, first, typed)
        dearer = replace(typed, fees=Money.of("16"))
        third = record.correct(db, desk.house, desk.viewer, second, dearer)
        told = [transactions.transaction_of(db, desk.viewer, id).fact for id in (second, third)]
    assert [fact.order for fact in told] == ["A1", "A1"]
    assert [bool(fact.parts) for fact in told] == [True, False]


# What Angel One's workbook says was charged ---------------------------------------------------------


def workbook_of(*rows: list[object]) -> bytes:
    return workbook(["Angel One", None], ["Client", "A1"], ANGEL, *rows, title="TradesAndCharges")


def test_the_charges_of_angels_workbook_stand_beside_ours_line_by_line(desk: Desk) -> None:
    cells = {"Date": "19/11/2026", "Other Charges": 0.5, "Brokerage": 15.01}
    assert bring_in(desk, workbook_of(angel_row(**cells)), "trades.xlsx") == (1, 0)
    note = note_of(desk, desk.account, Terms("angelone"))
    assert note.recorded.fees == Money.of("36.87")
    assert note.stated is not None
    told = {row.title: (row.computed, row.stated) for row in note.stated.rows}
    assert told["Brokerage"] == (d("15.01"), d("15.01"))
    assert told["Securities transaction tax"] == (d("15"), d("15"))
    assert told["Stamp duty"] == (d("2.25"), d("2.25"))
    assert told["What the broker does not explain"] == (d("0"), d("0.5"))
    assert note.stated.total.stated == d("36.87")


def test_one_sum_of_charges_is_compared_as_one_sum(desk: Desk) -> None:
    desk.write_down(
        "2026-11-19 buy 10 NSE:INFY @ 1500 fee 18 parts stt:15,stamp:3\n2026-11-19 buy 1 NSE:TCS @ 3000 fee 5"
    )
    note = note_of(desk, desk.account, Terms("zerodha"))
    assert note.stated is None
    assert note.comparison.stated == 23
