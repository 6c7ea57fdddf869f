"""Schedule FA: a row for each foreign lot of the calendar year, each value at the rate of its own day."""

from __future__ import annotations

from decimal import Decimal

from tests.analysis.taxes import day
from tests.books import ACCOUNT, book, number_of, told
from tunefolio.analysis.tax.schedule_fa import ForeignRow, Prices, calendar_year, schedule_fa
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Price
from tunefolio.ledger.positions import fold_all
from tunefolio.market.fx import Rate, RateBook

USD = Currency("USD")
INFY = number_of("INFY")
YEAR = FinancialYear(2024)


def rates(**by_day: str) -> RateBook:
    return RateBook.of(
        Rate(USD, INR, day(name.removeprefix("d").replace("_", "-")), Decimal(rate), "test")
        for name, rate in by_day.items()
    )


RATES = rates(
    d2023_06_01="82", d2024_01_02="83", d2024_03_01="84", d2024_06_03="80", d2024_08_01="85",
    d2024_12_31="86",
)  # fmt: skip
CLOSES = Prices(
    [
        (day("2024-01-02"), Price.of(11, "USD")),
        (day("2024-03-01"), Price.of(15, "USD")),
        (day("2024-06-03"), Price.of(16, "USD")),
        (day("2024-12-31"), Price.of(12, "USD")),
    ]
)


def rows(text: str, prices: Prices = CLOSES, by: RateBook = RATES) -> tuple[ForeignRow, ...]:
    return schedule_fa(fold_all({ACCOUNT: book(text)}), {INFY: prices}, by, YEAR)


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
    assert told(first.acquired, first.initial, first.peak) == (day("2023-06-01"), 8200, 12_800)
    assert told(first.closing, first.received, first.proceeds) == (0, 160, 17_000)
    assert told(second.initial, second.peak, second.closing) == (6300, 6400, 5160)
    assert told(second.received, second.proceeds) == (80, 0)


def test_what_was_sold_before_the_year_or_bought_after_it_has_no_row() -> None:
    text = "2023-06-01 buy 10 INFY @ 10 USD\n2023-07-03 sell 10 INFY @ 12 USD\n2025-01-02 buy 1 INFY @ 9 USD"
    assert rows(text) == ()


def test_what_was_sold_after_the_year_counts_as_held() -> None:
    (row,) = rows("2023-06-01 buy 10 INFY @ 10 USD\n2025-03-03 sell 10 INFY @ 12 USD")
    assert told(row.closing, row.proceeds) == (10_320, 0)


def test_rupee_shares_are_not_foreign() -> None:
    assert rows("2023-06-01 buy 10 INFY @ 10") == ()


def test_what_is_not_known_is_named() -> None:
    (row,) = rows("2024-11-20 opening 4 NSE:INFY @ 10 USD", Prices(()), rates(d2024_12_31="86"))
    for value in (row.initial, row.peak, row.closing):
        assert isinstance(value, Missing)
        assert value.cure
