"""From a person's books to deeds: charges handed out once, splits, bonus, transfers, foreign sums, income."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.analysis.taxes import day
from tests.books import ACCOUNT, account_of, book, family, histories, number_of, told
from tunefolio.analysis.tax.assets import Asset, TaxClass, asset_of, fund_class, tax_class_of
from tunefolio.analysis.tax.blockers import BlockerKind, of_breaks, undated
from tunefolio.analysis.tax.books import lawful_books
from tunefolio.analysis.tax.computation import Record, TaxYear, tax_year
from tunefolio.analysis.tax.disposals import Books, Disposal, Way, disposals, units_of
from tunefolio.analysis.tax.foreign import rate_day
from tunefolio.analysis.tax.gains import Law
from tunefolio.analysis.tax.incomes import IncomeKind, incomes
from tunefolio.analysis.tax.rulebook import tax_rules
from tunefolio.analysis.tax.taxpayer import Taxpayer
from tunefolio.analysis.tax.values2018 import Value2018, Values2018
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import AccountId, InstrumentId, Isin, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Side
from tunefolio.ledger.positions import fold_all, in_force
from tunefolio.ledger.reconcile import Break, Cause
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.market.fx import Rate, RateBook
from tunefolio.market.instruments import AssetClass, Instrument, Listing

INFY, RELIANCE, JIOFIN, ETERNAL = (number_of(name) for name in ("INFY", "RELIANCE", "JIOFIN", "ETERNAL"))
USD = Currency("USD")
Histories = Mapping[AccountId, Sequence[Transaction]]


def books(told: Histories | str, stt: Mapping[int, str] | None = None) -> Books:
    """Folded accounts; stt: by line."""
    known: Histories = {ACCOUNT: book(told)} if isinstance(told, str) else told
    facts = {one.id: one.fact for history in known.values() for one in in_force(history)}
    shares = {TransactionId(line): Decimal(amount) for line, amount in (stt or {}).items()}
    return Books(fold_all(known), facts, shares)


def deeds(told: Histories | str, stt: Mapping[int, str] | None = None) -> tuple[Disposal, ...]:
    found, holes = disposals(books(told, stt))
    assert holes == ()
    return found


def test_a_sale_becomes_a_deed_for_each_lot() -> None:
    first, second = deeds(
        """
        2023-04-03 buy 10 INFY @ 1500 fee 12.50
        2023-05-02 buy 10 INFY @ 1400
        2024-06-03 sell 15 INFY @ 1600 fee 30
        """,
        {1: "10", 3: "24"},
    )
    assert told(first.acquired, first.units, first.cost, first.consideration) == (
        day("2023-04-03"), 10, 15_000, 16_000
    )  # fmt: skip
    assert told(first.bought.total, first.bought.stt, first.bought.deductible) == (
        Decimal("12.50"),
        10,
        Decimal("2.50"),
    )
    assert told(first.sold.total, first.sold.stt) == (20, 16)
    assert told(second.units, second.sold.total, second.sold.stt) == (5, 10, 8)
    assert told(second.bought.total, second.bought.is_unsplit) == (0, False)


def test_stamp_duty_of_a_lot_sold_in_three_parts_is_given_out_once() -> None:
    """1.25 goes out as 0.42 + 0.42 + 0.41; of 0.80 transaction tax in it each paisa goes out once too."""
    found = deeds(
        """
        2023-04-03 buy 300 INFY @ 50 fee 1.25
        2024-05-02 sell 100 INFY @ 60
        2024-05-03 sell 100 INFY @ 60
        2024-05-06 sell 100 INFY @ 60
        """,
        {1: "0.80"},
    )
    assert [one.bought.total for one in found] == [Decimal("0.42"), Decimal("0.42"), Decimal("0.41")]
    assert sum(one.bought.stt or 0 for one in found) == Decimal("0.80")
    assert all((one.bought.stt or 0) <= one.bought.total for one in found)


def test_transaction_tax_follows_units_into_another_account() -> None:
    told = family(
        """
        A 2023-04-03 buy 4 INFY @ 100 fee 4
        A 2023-06-01 transfer_out 2 NSE:INFY to "B"
        B 2023-06-01 transfer_in 2 NSE:INFY from "A"
        A 2024-05-02 sell 2 INFY @ 150
        B 2024-05-03 sell 2 INFY @ 150
        """
    )
    found = deeds(told, {1: "3"})
    assert [(one.account, one.acquired, one.bought.stt) for one in found] == [
        (account_of("A"), day("2023-04-03"), Decimal("1.50")),
        (account_of("B"), day("2023-04-03"), Decimal("1.50")),
    ]


def test_tax_reads_the_books_first_in_first_out_whatever_lots_were_chosen() -> None:
    """Chosen lots and another method count on the pages, not for tax; abroad a choice counts."""
    history = book(
        """
        2023-04-03 buy 10 INFY @ 100
        2023-05-02 buy 10 INFY @ 300
        2024-06-03 sell 10 INFY @ 200 lots ^2:10
        2023-04-03 buy 10 TCS @ 100 USD
        2023-05-02 buy 10 TCS @ 300 USD
        2024-06-03 sell 10 TCS @ 200 USD lots ^5:10
        """
    )
    at_par = RateBook.of(Rate(USD, INR, day(on), Decimal(80), "test") for on in RATE_DAYS)
    kept = lawful_books({ACCOUNT: history}, {}, rates=at_par)
    found, holes = disposals(kept)
    assert holes == ()
    assert [one.acquired for one in found] == [day("2023-04-03"), day("2023-05-02")]


RATE_DAYS = ("2023-03-31", "2023-04-28", "2024-05-31")


def test_a_short_sale_keeps_its_sides() -> None:
    (one,) = deeds("2024-06-03 short 10 INFY @ 100 fee 5\n2024-06-03 cover 10 INFY @ 90 fee 2")
    assert told(one.side, one.consideration, one.cost) == (Side.SHORT, 1000, 900)
    assert told(one.sold.total, one.bought.total, one.is_squared) == (5, 2, True)


def test_a_bonus_share_sold_on_its_first_day_is_no_intraday_trade() -> None:
    found = deeds(
        """
        2024-06-03 buy 1 INFY @ 100
        2024-09-02 bonus 1:1 INFY
        2024-09-02 sell 2 INFY @ 90
        """
    )
    assert [one.is_squared for one in found] == [False, False]


def test_of_a_merger_for_shares_and_money_the_units_follow_the_money() -> None:
    (one,) = deeds("2023-04-03 buy 10 INFY @ 100\n2024-06-05 merger 1:1 INFY into TCS = 500 cost 60%")
    assert told(one.units, one.cost, one.consideration) == (4, 400, 500)


def test_ways_follow_from_kinds() -> None:
    found = deeds(
        """
        2023-04-03 buy 10 INFY @ 100
        2024-06-03 buyback 4 INFY @ 150
        2024-06-04 write_off 2 INFY
        2024-06-05 merger INFY = 500
        """
    )
    assert [one.way for one in found] == [Way.BUYBACK, Way.WRITE_OFF, Way.OFF_MARKET]
    assert [one.consideration for one in found] == [600, 0, 500]


def test_a_bonus_of_later_years_has_no_cost_and_no_value_of_2018() -> None:
    rows = """
        2017-04-03 buy 10 INFY @ 900
        2018-09-04 bonus 1:1 INFY
        2024-08-01 sell 20 INFY @ 1800
        """
    facts = [one.fact for one in book(rows)]
    year = of_year("2024-25", rows, {INFY: ("INE009A01021",)}, facts)
    old, extra = year.found.gains
    assert (old.basis.value, extra.basis.value) == (Decimal("11666.00"), None)
    assert told(old.taxable, extra.taxable) == (Decimal("6334.00"), 18_000)
    assert extra.disposal.acquired == day("2018-09-04")


def test_the_value_of_2018_is_divided_by_later_splits_only() -> None:
    """Two splits, one before the day; the second changed the ISIN as face-value splits do."""
    rows = """
        2016-04-01 buy 10 RELIANCE @ 100
        2017-06-01 split 2:1 RELIANCE
        2019-06-03 split 5:1 RELIANCE into ETERNAL
        2024-08-01 sell 100 ETERNAL @ 400
        """
    facts = [one.fact for one in book(rows)]
    known = {RELIANCE: ("INE002A01018",), ETERNAL: ("INE758T01015",)}
    (gain,) = of_year("2024-25", rows, known, facts).found.gains
    each = Values2018(known).highs["INE002A01018"]
    assert gain.basis.value_of is not None
    assert told(gain.basis.value_of.each, gain.basis.value_of.made) == (each, 5)
    assert gain.basis.value == each * 20


def test_a_rename_keeps_the_value_and_the_same_split_in_two_accounts_counts_once() -> None:
    rows = """
        2016-04-01 buy 10 RELIANCE @ 100
        2019-06-03 split 5:1 RELIANCE
        2019-06-04 rename RELIANCE into ETERNAL
        """
    facts = [one.fact for one in book(rows)]
    values = Values2018({RELIANCE: ("INE002A01018",)}, corporate=[*facts, *facts])
    found = values.of(deed_of(ETERNAL))
    assert isinstance(found, Value2018)
    assert found.made == 5


def test_a_value_that_was_told_counts_and_a_demerger_since_is_doubted() -> None:
    rows = "2016-04-01 buy 10 RELIANCE @ 100\n2023-07-20 demerger 1:1 RELIANCE into JIOFIN cost 4.68%"
    facts = [one.fact for one in book(rows)]
    values = Values2018({}, {RELIANCE: Decimal(900)}, corporate=facts)
    found = values.of(deed_of(RELIANCE))
    assert isinstance(found, Value2018)
    assert told(found.each, "demerger of 2023-07-20" in found.doubt) == (900, True)
    child = values.of(deed_of(JIOFIN))
    assert isinstance(child, Missing)
    assert child.cure


def deed_of(instrument: InstrumentId) -> Disposal:
    found = deeds("2016-04-01 buy 1 INFY @ 100\n2024-08-01 sell 1 INFY @ 400")[0]
    return replace(found, instrument=instrument)


def of_year(
    year: str,
    told: str,
    isins: Mapping[InstrumentId, Sequence[str]],
    corporate: Sequence[Fact] = (),
    what: TaxClass = TaxClass.LISTED_EQUITY,
) -> TaxYear:
    kept = books(told)
    assets = {
        number: Asset(number, f"instrument {number}", "", what, what is TaxClass.LISTED_EQUITY)
        for held in kept.holdings.values()
        for number in held.positions
    }
    found, holes = disposals(kept)
    record = Record(found, incomes(kept)[0], assets, holes)
    return tax_year(
        record,
        Taxpayer(),
        FinancialYear.parse(year),
        Law(tax_rules(), Values2018(isins, corporate=corporate)),
    )


def test_income_of_every_sort_and_tax_withheld() -> None:
    found, holes = incomes(
        books(
            """
            2024-04-01 buy 10 INFY @ 1000
            2024-06-03 dividend 280 NSE:INFY tax 28
            2024-06-04 interest 100 tax 10
            2024-07-01 buy 5 GS2033 @ 100 accrued 12
            2024-08-01 tax 40 NSE:INFY
            2024-09-02 sell 5 GS2033 @ 100 accrued 15 tax 2
            """
        )
    )
    assert holes == ()
    assert [told(one.kind, one.amount, one.withheld) for one in found] == [
        (IncomeKind.DIVIDEND, 280, 28),
        (IncomeKind.INTEREST, 100, 10),
        (IncomeKind.INTEREST, -12, 0),
        (IncomeKind.WITHHELD, 0, 40),
        (IncomeKind.INTEREST, 15, 2),
    ]


def test_what_is_repaid_beyond_cost_is_income() -> None:
    found, _holes = incomes(books("2024-04-01 buy 10 INFY @ 10 fee 1\n2024-06-03 repayment 150 INFY"))
    assert [told(one.kind, one.amount) for one in found] == [(IncomeKind.REPAID, 49)]


def test_foreign_sums_take_the_rate_of_the_month_end_before() -> None:
    kept = books(
        "2024-04-15 buy 10 INFY @ 10 USD\n2024-08-05 sell 10 INFY @ 12 USD\n2024-08-06 dividend 5 INFY USD"
    )
    bare = disposals(kept)
    assert bare[0] == ()
    assert "USD" in bare[1][0].missing.reason
    rates = RateBook.of([
        Rate(USD, Currency("INR"), day("2024-03-28"), Decimal("83.25"), "test"),
        Rate(USD, Currency("INR"), day("2024-07-31"), Decimal("83.74"), "test"),
    ])  # fmt: skip
    (one,), holes = disposals(replace(kept, rates=rates))
    assert (one.cost, one.consideration, holes) == (Decimal("8325.00"), Decimal("10048.80"), ())
    (income,), _ = incomes(replace(kept, rates=rates))
    assert told(income.amount, income.is_abroad, income.credit) == (Decimal("418.70"), True, 0)
    assert rate_day(day("2024-03-31")) == day("2024-02-29")


def test_lots_without_a_day_and_breaks_block() -> None:
    kept = books("2026-11-20 opening 24 RELIANCE @ 1312.33")
    (blocker,) = undated(kept.holdings)
    assert (blocker.kind, blocker.fact, "24 units" in blocker.what) == (BlockerKind.UNDATED, 1, True)
    (found,) = of_breaks(ACCOUNT, [Break(INFY, Decimal(10), Decimal(12), Cause.MORE_AT_BROKER)])
    assert (found.kind, found.what) == (BlockerKind.BREAK, "the broker counts 12, the books 10")


@given(histories(), some.floats(0, 1))
def test_lots_used_are_units_sold_and_expenses_go_out_once(history: list[Transaction], part: float) -> None:
    """Units by deed are the facts' units; charges and the transaction tax in them are shared once."""
    kept = books({ACCOUNT: history})
    stt = {
        number: (fact.charges.amount * Decimal(str(round(part, 2)))).quantize(Decimal("0.01"))
        for number, fact in kept.facts.items()
    }
    kept = replace(kept, stt=stt)
    found, holes = disposals(kept)
    assert holes == ()
    sales = {n: fact for n, fact in kept.facts.items() if fact.kind is Kind.SELL}
    by_deed = {closed: units for (_account, _name, closed), units in units_of(found).items()}
    assert by_deed == {number: fact.quantity for number, fact in sales.items()}
    for number, fact in sales.items():
        own = [one for one in found if one.closed == number]
        assert sum(one.sold.total for one in own) == fact.charges.amount
        assert sum(one.sold.stt or 0 for one in own) == (stt[number] if fact.charges.amount else 0)
        assert sum(one.consideration for one in own) == fact.amount.amount
    open_fees = {
        lot.opened: lot.fees.amount
        for held in kept.holdings.values() for position in held.positions.values() for lot in position.lots
    }  # fmt: skip
    for number, fact in kept.facts.items():
        if fact.kind is not Kind.BUY:
            continue
        own = [one for one in found if one.opened == number]
        given_out = sum((one.bought.total for one in own), Decimal(0))
        assert given_out + open_fees.get(number, Decimal(0)) == fact.charges.amount
        shares = sum((one.bought.stt or Decimal(0) for one in own), Decimal(0))
        assert 0 <= shares <= stt[number]
        if given_out == fact.charges.amount:
            assert shares == (stt[number] if fact.charges.amount else 0)
        assert all(0 <= (one.bought.stt or 0) <= one.bought.total for one in own)


def instrument(
    sort: AssetClass, exchange: str = "NSE", isin: str = "", symbol: str = "X", currency: str = "INR"
) -> Instrument:
    return Instrument(
        InstrumentId(1), Listing(exchange, symbol), Isin(isin) if isin else None, "", sort, Currency(currency)
    )


@pytest.mark.parametrize(
    ("known", "category", "expected"),
    [
        (instrument(AssetClass.EQUITY, isin="INE009A01021"), "", TaxClass.LISTED_EQUITY),
        (instrument(AssetClass.EQUITY, isin="INE041025011"), "", TaxClass.BUSINESS_TRUST),
        (instrument(AssetClass.EQUITY, isin="INE219X23014"), "", TaxClass.BUSINESS_TRUST),
        (instrument(AssetClass.EQUITY), "", None),
        (instrument(AssetClass.EQUITY, isin="INF204KB17I5"), "", None),
        (instrument(AssetClass.ETF, isin="INF204KB17I5"), "Other Scheme - Gold ETF", TaxClass.OTHER_FUND),
        (instrument(AssetClass.ETF, isin="INF204KB14I2"), "", None),
        (instrument(AssetClass.FUND, "MF"), "Equity Scheme - Large Cap Fund", TaxClass.EQUITY_FUND),
        (instrument(AssetClass.FUND, "MF"), "Debt Scheme - Liquid Fund", TaxClass.DEBT_FUND),
        (instrument(AssetClass.FUND, "MF"), "Other Scheme - FoF Overseas", TaxClass.OTHER_FUND),
        (instrument(AssetClass.FUND, "MF"), "Other Scheme - FoF Domestic", None),
        (instrument(AssetClass.FUND, "MF"), "Other Scheme - Index Funds", None),
        (instrument(AssetClass.FUND, "MF"), "Hybrid Scheme - Dynamic Asset Allocation", None),
        (instrument(AssetClass.BOND, isin="IN0020200195", symbol="SGBJUL28"), "", TaxClass.SGB),
        (instrument(AssetClass.GOLD, "OWN"), "", None),
        (instrument(AssetClass.CRYPTO, "CRYPTO", symbol="BTC"), "", TaxClass.VDA),
        (instrument(AssetClass.EQUITY, "CRYPTO", symbol="BTC"), "", TaxClass.VDA),
        (instrument(AssetClass.OPTION, "NFO"), "", TaxClass.DERIVATIVE),
        (instrument(AssetClass.OPTION, "NYSE", currency="USD"), "", None),
        (instrument(AssetClass.EQUITY, "NASDAQ", currency="USD"), "", TaxClass.FOREIGN_SHARE),
        (instrument(AssetClass.EQUITY, "OWN"), "", None),
        (instrument(AssetClass.FIXED, "OWN"), "", TaxClass.DEPOSIT),
        (instrument(AssetClass.INDEX), "", None),
    ],
)
def test_what_an_instrument_is_for_tax_is_known_or_asked(
    known: Instrument, category: str, expected: TaxClass | None
) -> None:
    found = tax_class_of(known, category=category)
    if expected is None:
        assert isinstance(found, Missing)
        assert found.cure
    else:
        assert found is expected
    assert asset_of(known, told=TaxClass.GOLD, category=category).tax_class is TaxClass.GOLD


def test_a_category_nobody_can_place_is_asked() -> None:
    assert isinstance(fund_class("Solution Oriented Scheme - Retirement Fund"), Missing)
