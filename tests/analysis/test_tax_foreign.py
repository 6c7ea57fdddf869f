"""Schedule FA: a row for each foreign lot of the calendar year, each value at the rate of its own day."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

import pytest

from tests.analysis.taxes import day
from tests.books import ACCOUNT, book, number_of, told
from tunefolio.analysis.derivation import recomputed
from tunefolio.analysis.tax.foreign_cash import FIGURES_A2, foreign_cash
from tunefolio.analysis.tax.foreign_steps import explain_foreign
from tunefolio.analysis.tax.foreign_table import (
    Entity,
    columns_a3,
    csv_a3,
    doubts_fa,
    entity_of,
    foreign_rules,
)
from tunefolio.analysis.tax.foreign_worth import Closes, Figure
from tunefolio.analysis.tax.schedule_fa import (
    FIGURES_A3,
    ForeignBooks,
    ForeignRow,
    calendar_year,
    schedule_fa,
    span_of,
)
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.positions import fold_all
from tunefolio.market.fx import NO_RATES, Rate, RateBook
from tunefolio.market.instruments import AssetClass, Instrument, Listing

USD = Currency("USD")
INFY, TCS = number_of("INFY"), number_of("TCS")
YEAR = FinancialYear(2024)
TODAY = day("2025-06-02")
SPAN = span_of(YEAR, TODAY)


def rates(carry: int = 400, **by_day: str) -> RateBook:
    """rates(d2024_01_02="83"): each stands until the next."""
    given = (
        Rate(USD, INR, day(name.removeprefix("d").replace("_", "-")), Decimal(rate), "test")
        for name, rate in by_day.items()
    )
    return RateBook.of(given, carry_days=carry)


RATES = rates(
    d2023_06_01="82", d2024_01_02="83", d2024_03_01="84", d2024_06_03="80", d2024_08_01="85",
    d2024_12_31="86",
)  # fmt: skip


def closes(low: str = "5", *, since: str = "2024-01-01", until: str = "2024-12-31", **high: str) -> list[
    tuple[TradingDay, Price]
]:  # fmt: skip
    """closes(d2024_03_01="15"): the low price every day, another on the days named."""
    named = {day(name.removeprefix("d").replace("_", "-")): price for name, price in high.items()}
    first, last = day(since), day(until)
    days = [first.plus_days(number) for number in range(last - first + 1)]
    return [(one, Price.of(named.get(one, low), "USD")) for one in days]


CLOSES = closes(d2024_01_02="11", d2024_03_01="15", d2024_06_03="16", d2024_12_31="12")


def rows(
    text: str,
    some: Sequence[tuple[TradingDay, Price]] = CLOSES,
    by: RateBook = RATES,
    *,
    today: TradingDay = TODAY,
    more: Closes | None = None,
) -> tuple[ForeignRow, ...]:
    history = book(text)
    facts = [one.fact for one in history]
    known: Closes = {INFY: some, **(more or {})}
    return schedule_fa(
        ForeignBooks(fold_all({ACCOUNT: history}), known, by, facts, names={INFY: "Infosys"}),
        span_of(YEAR, today),
    )


def values(row: ForeignRow) -> tuple[Decimal | Missing, ...]:
    """initial, peak, closing, received, proceeds."""
    return tuple(getattr(row, name).value for name in FIGURES_A3)


def test_the_calendar_year_ends_in_the_financial_year() -> None:
    assert calendar_year(YEAR) == (day("2024-01-01"), day("2024-12-31"))


def test_a_lot_bought_before_and_one_sold_within_the_year() -> None:
    """Peak 10 × 15 × 84 = 12,600 against 10 × 16 × 80 = 12,800; dividends by units held."""
    first, second = rows(
        """
        2023-06-01 buy 10 INFY @ 10 USD
        2024-03-01 buy 5 INFY @ 15 USD
        2024-06-03 dividend 3 NSE:INFY USD tax 0.75
        2024-08-01 sell 10 INFY @ 20 USD
        """
    )
    assert first.acquired == day("2023-06-01")
    assert values(first) == told(8200, 12_800, 0, 160, 17_000)
    assert first.peak.day == day("2024-06-03")
    assert values(second) == told(6300, 6400, 5160, 80, 0)
    assert told(first.units, second.units) == told(0, 5)


def test_what_was_sold_before_the_year_or_bought_after_it_has_no_row() -> None:
    text = "2023-06-01 buy 10 INFY @ 10 USD\n2023-07-03 sell 10 INFY @ 12 USD\n2025-01-02 buy 1 INFY @ 9 USD"
    assert rows(text) == ()


def test_what_was_sold_after_the_year_counts_as_held() -> None:
    (row,) = rows("2023-06-01 buy 10 INFY @ 10 USD\n2025-03-03 sell 10 INFY @ 12 USD")
    assert told(row.closing.value, row.proceeds.value) == told(10_320, 0)


def test_rupee_shares_are_not_foreign() -> None:
    assert rows("2023-06-01 buy 10 INFY @ 10") == ()


def test_foreign_shares_that_are_kept_in_rupees_are() -> None:
    """What they cost needs no rate; their closes are in dollars all the same."""
    history = book("2023-06-01 buy 10 INFY @ 900")
    books = ForeignBooks(fold_all({ACCOUNT: history}), {INFY: CLOSES}, RATES, abroad=frozenset({INFY}))
    (row,) = schedule_fa(books, SPAN)
    assert values(row)[:3] == told(9000, 12_800, 10_320)


def test_a_later_split_does_not_swell_the_peak() -> None:
    """Ten units at 1,500 in March; since June a hundred units at 160: 15,000 × 84 against 16,000 × 80."""
    prices = [
        *closes("1000", until="2024-06-02", d2024_03_01="1500"),
        *closes("90", since="2024-06-03", d2024_06_03="160"),
    ]
    (row,) = rows("2023-06-01 buy 10 INFY @ 1000 USD\n2024-06-03 split 10:1 INFY", prices)
    assert values(row)[:3] == told(820_000, 16_000 * 80, 100 * 90 * 86)
    (earlier,) = rows(
        "2023-06-01 buy 10 INFY @ 1000 USD\n2024-06-03 split 10:1 INFY",
        [*closes("1000", until="2024-06-02", d2024_03_01="1600"), *closes("90", since="2024-06-03")],
    )
    assert told(earlier.peak.value) == told(10 * 1600 * 84)
    assert earlier.peak.day == day("2024-03-01")


def test_a_split_after_the_year_changes_nothing_of_it() -> None:
    text = "2023-06-01 buy 10 INFY @ 10 USD"
    (before,) = rows(text)
    (after,) = rows(f"{text}\n2025-02-03 split 4:1 INFY")
    assert values(before) == values(after)
    assert told(after.units) == told(10)


def test_a_lot_sold_in_two_parts_is_one_row() -> None:
    (row,) = rows(
        """
        2023-06-01 buy 10 INFY @ 10 USD
        2024-02-01 sell 4 INFY @ 12 USD fee 1
        2024-08-01 sell 6 INFY @ 20 USD
        """
    )
    assert values(row) == told(8200, max(10 * 11 * 83, 6 * 16 * 80, 6 * 15 * 84), 0, 0, 48 * 83 + 120 * 85)


def test_what_was_bought_and_sold_within_a_day_has_its_cost_as_peak() -> None:
    (row,) = rows("2024-03-01 buy 10 INFY @ 10 USD\n2024-03-01 sell 10 INFY @ 11 USD")
    assert values(row) == told(8400, 8400, 0, 0, 9240)
    assert "bought and sold within" in row.remarks[0]


def test_a_dividend_after_the_last_sale_is_not_lost() -> None:
    first, second = rows(
        """
        2023-06-01 buy 10 INFY @ 10 USD
        2023-06-01 buy 30 INFY @ 10 USD
        2024-02-01 sell 40 INFY @ 12 USD
        2024-03-01 dividend 4 NSE:INFY USD
        """
    )
    assert told(first.received.value, second.received.value) == told(84, 252)
    assert "counts with the units sold last" in first.remarks[0]


def test_what_is_not_known_is_named() -> None:
    (row,) = rows("2024-11-20 opening 4 NSE:INFY @ 10 USD", (), rates(7, d2024_12_31="86"))
    for value in values(row)[:3]:
        assert isinstance(value, Missing)
        assert value.cure
    assert not row.is_known


@pytest.mark.parametrize(
    ("some", "what"),
    [
        (
            [one for one in CLOSES if not day("2024-05-01") <= one[0] <= day("2024-05-20")],
            "2024-05-01 to 2024-05-20",
        ),
        ([one for one in CLOSES if one[0] >= day("2024-02-01")], "2024-01-01 to 2024-01-31"),
        ([one for one in CLOSES if one[0] <= day("2024-11-30")], "2024-12-01 to 2024-12-31"),
    ],
)  # fmt: skip
def test_a_peak_may_lie_where_closes_lack(some: list[tuple[TradingDay, Price]], what: str) -> None:
    (row,) = rows("2023-06-01 buy 10 INFY @ 10 USD", some)
    assert isinstance(row.peak.value, Missing)
    assert what in row.peak.value.reason
    (sold,) = rows("2024-03-01 buy 10 INFY @ 10 USD\n2024-04-01 sell 10 INFY @ 10 USD", some)
    assert told(sold.peak.value) == told(10 * 15 * 84)


def test_a_rate_that_lacks_is_never_one() -> None:
    (row,) = rows("2023-06-01 buy 10 INFY @ 10 USD", CLOSES, NO_RATES)
    assert all(isinstance(value, Missing) for value in values(row)[:3])


def test_the_running_year_has_no_closing_value_yet() -> None:
    (row,) = rows("2023-06-01 buy 10 INFY @ 10 USD", CLOSES, today=day("2024-06-30"))
    assert isinstance(row.closing.value, Missing)
    assert "2024-12-31" in row.closing.value.reason
    assert told(row.peak.value) == told(12_800)


def test_a_new_name_keeps_the_past_of_the_old_one() -> None:
    """Until May it was TCS at 20 dollars; two units of INFY came for each."""
    (row,) = rows(
        "2023-06-01 buy 10 TCS @ 10 USD\n2024-05-01 split 2:1 TCS into INFY",
        closes("5", since="2024-05-01"),
        more={TCS: closes("7", until="2024-04-30", d2024_03_01="20")},
    )
    assert (row.instrument, row.acquired) == (INFY, day("2023-06-01"))
    assert values(row)[:2] == told(8200, 10 * 20 * 84)


def test_every_number_is_what_its_tree_works_out() -> None:
    found = rows(
        """
        2023-06-01 buy 10 INFY @ 10 USD
        2024-03-01 buy 5 INFY @ 15 USD
        2024-06-03 dividend 3.01 NSE:INFY USD
        2024-06-04 dividend 1 NSE:INFY USD
        2024-08-01 sell 6 INFY @ 20 USD fee 1
        2024-08-02 sell 5 INFY @ 20 USD fee 1
        """
    )
    figures = [getattr(row, name) for row in found for name in FIGURES_A3]
    assert len([one for one in figures if one.sums]) >= 8
    for figure in figures:
        assert recomputed(explain_foreign("peak", figure)) == figure.value
    unknown = Figure(Missing("a close", "Fetch it"))
    assert "not available: a close. Fetch it" in str(explain_foreign("peak", unknown).value)


# Money in the account ----------------------------------------------------------------------------


def cash(text: str, by: RateBook = RATES, today: TradingDay = TODAY) -> list[tuple[Decimal | Missing, ...]]:
    found = foreign_cash(fold_all({ACCOUNT: book(text)}), by, span_of(YEAR, today))
    return [tuple(getattr(row, name).value for name in FIGURES_A2) for row in found]


def test_the_peak_of_an_account_is_its_highest_evening() -> None:
    """100 dollars at 85 in August beat 104 at 80 in June."""
    (row,) = cash(
        """
        2023-06-01 deposit 100 USD
        2024-06-03 interest 4 USD
        2024-06-04 withdrawal 4 USD
        2024-08-02 withdrawal 40 USD
        """
    )
    assert row == told(8500, 60 * 86, 320, 0, 0)


def test_what_shares_brought_is_credited_and_the_balance_moves() -> None:
    (row,) = cash(
        """
        2023-06-01 deposit 100 USD
        2023-06-01 buy 10 INFY @ 10 USD
        2024-06-03 dividend 3 NSE:INFY USD tax 1
        2024-08-01 sell 10 INFY @ 20 USD fee 2
        """
    )
    assert row == told(200 * 86, 200 * 86, 0, 240, 17_000)


def test_a_balance_below_zero_lacks_a_deposit() -> None:
    (row,) = cash("2024-03-01 buy 10 INFY @ 10 USD")
    assert all(isinstance(value, Missing) and "deposit" in value.reason for value in row[:2])


def test_an_account_without_foreign_money_has_no_row() -> None:
    assert cash("2023-06-01 deposit 100\n2024-06-03 interest 4") == []
    assert cash("2022-06-01 deposit 100 USD\n2022-06-02 withdrawal 100 USD") == []


# The table of the form ---------------------------------------------------------------------------


def stock(isin: str = "", exchange: str = "NASDAQ", kind: AssetClass = AssetClass.EQUITY) -> Instrument:
    return Instrument(
        InstrumentId(1), Listing(exchange, "X"), Isin(isin) if isin else None, "Example Inc", kind, USD
    )


@pytest.mark.parametrize(
    ("one", "country", "code", "doubts"),
    [
        (stock("US0378331005"), "UNITED STATES OF AMERICA", "2", 0),
        (stock("IE00B4L5Y983", "LSE", AssetClass.ETF), "IRELAND", "353", 0),
        (stock(), "UNITED STATES OF AMERICA", "2", 1),
    ],
)
def test_the_country_is_that_of_the_isin_else_of_the_exchange(
    one: Instrument, country: str, code: str, doubts: int
) -> None:
    found = entity_of(one, SPAN.last)
    assert (found.country, found.code, len(found.doubts)) == (country, code, doubts)


def test_a_country_that_nobody_knows_is_missing() -> None:
    found = entity_of(stock("", "CRYPTO", AssetClass.CRYPTO), SPAN.last)
    assert isinstance(found.country, Missing)
    assert found.country.cure


def test_the_csv_has_the_columns_of_the_form_in_whole_rupees() -> None:
    found = rows("2023-06-01 buy 10 INFY @ 10.003 USD")
    entity = entity_of(stock("US0378331005"), SPAN.last)
    head, row = csv.reader(io.StringIO(csv_a3(found, {INFY: entity}, SPAN.last)))
    assert len(head) == len(row) == 12 == len(columns_a3(SPAN.last))
    assert dict(zip(head, row, strict=True)) == {
        "Country/Region name": "UNITED STATES OF AMERICA",
        "Country Name and Code": "2-UNITED STATES OF AMERICA",
        "Name of entity": "Example Inc",
        "Address of entity": "",
        "ZIP Code": "",
        "Nature of entity": "Company",
        "Date of acquiring the interest": "2023-06-01",
        "Initial value of the investment": "8202",
        "Peak value of investment during the Period": "12800",
        "Closing balance": "10320",
        "Total gross amount paid/credited with respect to the holding during the period": "0",
        "Total gross proceeds from sale or redemption of investment during the period": "0",
    }


def test_what_is_not_available_is_no_number_in_the_csv() -> None:
    found = rows("2024-11-20 opening 4 NSE:INFY @ 10 USD", ())
    lacking = Missing("the country", "Take it")
    text = csv_a3(found, {INFY: Entity("=1+1", lacking, lacking, "")}, SPAN.last)
    cells = next(csv.reader(io.StringIO(text.split("\r\n")[1])))
    assert [cell[:13] for cell in cells[6:10]] == ["not available"] * 4
    assert cells[2] == "'=1+1"


def test_the_doubts_name_the_rate_that_the_law_wants() -> None:
    found = rows("2024-03-01 buy 10 INFY @ 10 USD\n2024-03-01 sell 10 INFY @ 11 USD")
    said = doubts_fa(found, {INFY: entity_of(stock(), SPAN.last)}, SPAN)
    assert any("telegraphic transfer buying rate" in one for one in said)
    assert any("that of the exchange" in one for one in said)
    assert any("bought and sold within" in one for one in said)
    assert len(said) == len(set(said))


def test_every_rule_names_its_sources_and_every_exchange_a_country() -> None:
    book = foreign_rules()
    for rule in book:
        assert rule.sources, rule.name
        if rule.name.startswith("exchange."):
            assert book.at(f"country.{rule.word('country')}", SPAN.last) is not None
