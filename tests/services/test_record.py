"""Facts by hand: refused when they break a law, taken back and corrected without a trace being lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.services.desks import Desk, PriceBoard
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.identity import AccountId, TransactionId
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Oversold
from tunefolio.ledger.notation import parse_line
from tunefolio.ledger.positions import in_force
from tunefolio.ledger.transactions import Fact, Pick, trade
from tunefolio.market.accruals import AccrualTerms, Crediting, RateRow
from tunefolio.market.closes import Close
from tunefolio.market.gaps import Stretch
from tunefolio.market.instruments import AssetClass
from tunefolio.services import portfolios, record
from tunefolio.services.books import folded
from tunefolio.services.jobs import run
from tunefolio.services.recompute import stale_accounts
from tunefolio.services.views import transaction_page
from tunefolio.store import accounts, closes, days, jobs, tracking, transactions
from tunefolio.store.transactions import TransactionFilter


def test_a_line_becomes_a_fact_with_its_tags(desk: Desk) -> None:
    (bought,) = desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #long")
    with desk.database.reading() as db:
        kept = transactions.transaction_of(db, desk.viewer, bought)
        page = transaction_page(db, desk.house, desk.viewer, TransactionFilter())
    assert (kept.fact.quantity, kept.tags, kept.source) == (Decimal(10), ("long",), "manual")
    assert page.rows[0].text == "2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5 #long"
    assert page.rows[0].instrument is not None
    assert page.rows[0].instrument.isin == "INE009A01021"
    assert (page.tags, page.next) == (("long",), None)


def test_a_sale_of_more_than_is_held_is_refused_and_leaves_nothing(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    with pytest.raises(Oversold, match="only 10"):
        desk.write_down("2024-05-01 sell 11 NSE:INFY @ 1600")
    assert desk.quantity("INFY") == 10


def test_a_purchase_recorded_later_lets_an_earlier_sale_in_only_by_day(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    with pytest.raises(Oversold):
        desk.write_down("2024-03-31 sell 1 NSE:INFY @ 1600")
    desk.write_down("2024-04-01 sell 10 NSE:INFY @ 1600")
    assert desk.quantity("INFY") == 0


def test_the_future_has_not_happened(desk: Desk) -> None:
    desk.write_down("2026-11-20 buy 1 NSE:INFY @ 1500")
    with pytest.raises(Misuse, match="has not come yet"):
        desk.write_down("2026-11-21 buy 1 NSE:INFY @ 1500")


def test_taking_back_names_the_sales_that_stand_on_it(desk: Desk) -> None:
    bought, sold = desk.write_down("""2024-04-01 buy 10 NSE:INFY @ 1500
        2024-05-01 sell 4 NSE:INFY @ 1600""")
    with desk.database.writing() as db, pytest.raises(Misuse, match="sale of 4 INFY on 2024-05-01"):
        record.take_back(db, desk.house, desk.viewer, bought)
    with desk.database.writing() as db:
        record.take_back(db, desk.house, desk.viewer, sold)
        record.take_back(db, desk.house, desk.viewer, bought)
    assert desk.look().rows == ()
    with desk.database.writing() as db, pytest.raises(Misuse, match="already taken back"):
        record.take_back(db, desk.house, desk.viewer, bought)


def test_a_correction_keeps_key_and_tags_and_both_versions(desk: Desk) -> None:
    (wrong,) = desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500 #long")
    with desk.database.writing() as db:
        fact, _ = parse_line("2024-04-01 buy 12 NSE:INFY @ 1500", lambda _: desk.instrument("INFY"))
        right = record.correct(db, desk.house, desk.viewer, wrong, fact)
    with desk.database.reading() as db:
        former, now = (transactions.transaction_of(db, desk.viewer, id) for id in (wrong, right))
        everything = list(transactions.of_account(db, desk.viewer, desk.account.id))
    assert (former.source_key, now.tags) == (now.source_key, ("long",))
    assert desk.quantity("INFY") == 12
    assert len(everything) == 3


def test_an_unknown_exchange_and_an_archived_account_are_refused(desk: Desk) -> None:
    with pytest.raises(Misuse, match="exchange"):
        desk.write_down("2024-04-01 buy 1 MARS:INFY @ 1500")
    with desk.database.writing() as db:
        portfolios.archive_account(db, desk.house, desk.viewer, desk.account.id)
    with pytest.raises(Misuse, match="archived"):
        desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")


def test_strangers_and_readers_change_nothing(desk: Desk) -> None:
    (mine,) = desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    other = desk.neighbour()
    with desk.database.writing() as db:
        with pytest.raises(NotFound):
            record.take_back(db, desk.house, other.viewer, mine)
        with pytest.raises(NotFound):
            record.record_line(db, desk.house, other.viewer, desk.account.id, "2024-04-01 deposit 5")
        with pytest.raises(Forbidden):
            record.take_back(db, desk.house, Viewer(desk.person.id, Role.READER), mine)


def second_account(desk: Desk, name: str = "Kotak") -> AccountId:
    with desk.database.writing() as db:
        return portfolios.create_account(db, desk.house, desk.viewer, desk.portfolio.id, name).id


def test_a_transfer_is_recorded_corrected_and_taken_back_with_both_halves(desk: Desk) -> None:
    there = second_account(desk)
    _, sent = desk.write_down("""2024-04-01 buy 10 NSE:INFY @ 1500 fee 10
        2024-05-02 transfer_out 4 NSE:INFY to Kotak""")
    held = {row.account.id: row.valued for row in desk.look().rows}
    assert (held[there].quantity, held[there].invested) == (Decimal(4), Money.of(6004))
    with desk.database.writing() as db:
        former = transactions.transaction_of(db, desk.viewer, sent)
        smaller = replace(former.fact, quantity=Decimal(1))
        record.correct(db, desk.house, desk.viewer, sent, smaller)
    held = {row.account.id: row.valued for row in desk.look().rows}
    assert (held[there].quantity, held[desk.account.id].quantity) == (Decimal(1), Decimal(9))
    with desk.database.reading() as db:
        (arrived,) = in_force(transactions.of_account(db, desk.viewer, there))
    with desk.database.writing() as db:
        assert record.take_back_many(db, desk.house, desk.viewer, [arrived.id]) == 2
    assert desk.quantity("INFY") == 10
    assert len(desk.look().rows) == 1


def test_a_sold_transfer_cannot_be_taken_back_and_is_named(desk: Desk) -> None:
    there = second_account(desk)
    _, sent = desk.write_down("""2024-04-01 buy 10 NSE:INFY @ 1500
        2024-05-02 transfer_out 4 NSE:INFY to Kotak""")
    desk.write_down("2024-06-03 sell 4 NSE:INFY @ 1600", there)
    with desk.database.writing() as db, pytest.raises(Misuse, match="sale of 4 INFY on 2024-06-03"):
        record.take_back(db, desk.house, desk.viewer, sent)


def test_transfers_in_a_circle_are_refused_and_leave_nothing(desk: Desk) -> None:
    there = second_account(desk)
    with desk.database.writing() as db:
        instrument = record.instrument_named(db, desk.house, "NSE:INFY")
    nothing, day = Money.zero(), TradingDay.parse("2024-05-02")
    facts = [
        (Fact(Kind.TRANSFER_OUT, day, nothing, instrument, Decimal(5), counterpart=there), ()),
        (Fact(Kind.TRANSFER_IN, day, nothing, instrument, Decimal(5), counterpart=there), ()),
    ]
    with desk.database.writing() as db, pytest.raises(Misuse):
        record.record_many(db, desk.house, desk.viewer, desk.account.id, facts)
    with desk.database.reading() as db:
        assert list(transactions.of_account(db, desk.viewer, there)) == []
    own = Fact(Kind.TRANSFER_OUT, day, Money.of(5), counterpart=desk.account.id)
    with desk.database.writing() as db, pytest.raises(Misuse, match="very account"):
        record.record(db, desk.house, desk.viewer, desk.account.id, own)


def test_money_between_accounts_moves_both_balances(desk: Desk) -> None:
    there = second_account(desk)
    desk.write_down("""2024-04-01 deposit 5000
        2024-04-02 transfer_out 2000 to Kotak""")
    with desk.database.reading() as db:
        folds = folded(db, desk.viewer, accounts.listed(db, desk.viewer))
    assert folds[desk.account.id].holdings.cash[INR] == Money.of(3000)
    assert folds[there].holdings.cash[INR] == Money.of(2000)


def test_many_facts_are_recorded_all_or_none(desk: Desk) -> None:
    lines = ["2024-04-01 buy 10 NSE:INFY @ 1500", "2024-05-01 sell 11 NSE:INFY @ 1600"]

    def parsed(text: str) -> tuple[Fact, tuple[str, ...]]:
        return parse_line(text, lambda _: instrument)

    with desk.database.writing() as db:
        instrument = record.instrument_named(db, desk.house, "NSE:INFY")
        with pytest.raises(Oversold):
            record.record_many(db, desk.house, desk.viewer, desk.account.id, [parsed(t) for t in lines])
    assert desk.look().rows == ()
    with desk.database.writing() as db:
        some = [parsed(lines[0]), parsed("2024-05-01 sell 4 NSE:INFY @ 1600 #short")]
        ids = record.record_many(db, desk.house, desk.viewer, desk.account.id, some)
        assert record.tag_many(db, desk.house, desk.viewer, ids, add=["both"], remove=["short"]) == 2
        assert record.take_back_many(db, desk.house, desk.viewer, ids) == 2
    assert desk.look().rows == ()


def test_a_sale_may_choose_its_lots_and_a_wrong_choice_is_refused(desk: Desk) -> None:
    first, second = desk.write_down("""2024-04-01 buy 10 NSE:INFY @ 1000
        2024-05-01 buy 10 NSE:INFY @ 2000""")
    with desk.database.writing() as db:
        infy = desk.instrument("INFY")
        sale = trade(Kind.SELL, TradingDay.parse("2024-06-03"), infy, Decimal(4), Price.of("2100"))
        wrong = replace(sale, picks=(Pick(TransactionId(999), Decimal(4)),))
        with pytest.raises(Misuse, match="lot"):
            record.record(db, desk.house, desk.viewer, desk.account.id, wrong)
        record.record(
            db, desk.house, desk.viewer, desk.account.id, replace(sale, picks=(Pick(second, Decimal(4)),))
        )
    assert desk.look().realised == Money.of(400)
    with desk.database.writing() as db, pytest.raises(Misuse):
        record.take_back(db, desk.house, desk.viewer, second)
    assert first != second


def test_a_deposit_with_terms_is_ones_own_and_grows(desk: Desk) -> None:
    terms = AccrualTerms((RateRow(Decimal("0.07")),), Crediting.QUARTERLY)
    with desk.database.writing() as db:
        args = ("SBI-FD", "SBI deposit", AssetClass.BOND, terms)
        id = record.add_private(db, desk.house, desk.viewer, *args)
        with pytest.raises(Misuse, match="already"):
            record.add_private(db, desk.house, desk.viewer, *args)
    desk.write_down("2025-11-20 buy 1 OWN:SBI-FD @ 100000")
    (row,) = desk.look().rows
    assert row.instrument.id == id
    assert row.valued.value is not None
    assert Money.of(107000) < row.valued.value < Money.of(107500)
    stranger = desk.neighbour()
    with stranger.database.writing() as db, pytest.raises(Misuse, match="no deposit"):
        record.record_line(
            db, desk.house, stranger.viewer, stranger.account.id, "2025-11-20 buy 1 OWN:SBI-FD @ 1"
        )


def test_a_change_asks_for_one_recomputation_however_often(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500\n2024-04-02 buy 1 NSE:INFY @ 1500")
    with desk.database.reading() as db:
        asked = [job for job in jobs.page(db, desk.viewer, None, 10) if job.kind == "recompute"]
    assert len(asked) == 1
    run(desk.house, asked[0].id)
    with desk.database.reading() as db:
        assert stale_accounts(db, desk.viewer, [desk.account]) == []
        kept = days.of_accounts(db, desk.viewer, [desk.account.id])
    assert [row.units for row in kept if row.instrument is not None] == [10, 11]


def test_a_trade_before_the_listing_is_refused_where_the_listing_is_known(desk: Desk) -> None:
    board = PriceBoard()
    desk.use(board)
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    some = [Close(TradingDay.parse(day), Decimal(100)) for day in ("2024-02-01", "2024-04-01")]
    with desk.database.writing() as db:
        closes.put(db, desk.instrument("INFY"), INR, some, board.name, desk.clock.now())
        asked = Stretch.of(TradingDay.parse("2023-03-01"), TradingDay.parse("2024-04-02"))
        tracking.cover(db, desk.instrument("INFY"), asked, source=board.name, now=desk.clock.now())
    desk.write_down("2024-01-20 buy 1 NSE:INFY @ 1400")  # allotted before its first day
    with pytest.raises(Misuse, match="before the listing; the first price is of 2024-02-01"):
        desk.write_down("2023-06-01 buy 1 NSE:INFY @ 1400")
    desk.write_down("2024-02-01 opening 5 NSE:INFY @ 900 acquired 2020-01-01")
