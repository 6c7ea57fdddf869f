"""Income from abroad in rupees: rule 115 names the day of the rate by kind, rule 128 that of tax."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.analysis.taxbooks import told_of, year_of
from tunefolio.analysis.derivation import recomputed
from tunefolio.analysis.tax.foreign import converted_at_year_end
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.market.fx import Rate, RateBook
from tunefolio.services.tax_figures import explanation
from tunefolio.services.tax_rows import deeds_of, incomes_of

BOOK = """instrument NASDAQ:MSFT equity USD
instrument NASDAQ:NOTE bond USD
account Abroad USD
2023-08-15 buy 10 NASDAQ:MSFT @ 320
2023-08-15 buy 10 NASDAQ:NOTE @ 100
2023-07-31 rate USD 82 INR
2024-05-31 rate USD 83 INR
2024-08-30 rate USD 84 INR
2025-03-28 rate USD 86 INR
"""
SOURCE = "Income-tax Rules, 1962, rule 115, Explanation 2(b), (c), (e)"


def incomes(line: str, *, book: str = BOOK) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = told_of(year_of(book + line + "\n", "2024-25"))["incomes"]
    return rows


@pytest.mark.parametrize(
    ("line", "rupees", "rule"),
    [
        ("2024-06-13 dividend 100 NASDAQ:MSFT", "8300.00", "fx"),
        ("2024-06-13 interest 100 NASDAQ:NOTE", "8300.00", "fx"),
        ("2024-06-13 interest 100", "8600.00", "fx.other_sources"),
        ("2024-09-12 interest 100", "8600.00", "fx.other_sources"),
        ("2024-09-12 dividend 100 NASDAQ:MSFT", "8400.00", "fx"),
    ],
)
def test_each_kind_takes_the_rate_of_its_day(line: str, rupees: str, rule: str) -> None:
    """Dividends and interest on securities the month before; other income the year's last day: SOURCE."""
    (one,) = incomes(line)
    assert one["amount"] == one["taxable"] == rupees
    assert [text.split(" since ")[0] for text in one["doubts"]] == [rule]


def test_tax_withheld_takes_the_month_before_whatever_its_income_takes() -> None:
    """Income-tax Rules, 1962, rule 128(6): 10 × 83 of interest of 100 × 86."""
    (one,) = incomes("2024-06-13 interest 100 tax 10")
    assert (one["amount"], one["withheld"]) == ("8600.00", "830.00")
    assert [text.split(" since ")[0] for text in one["doubts"]] == ["fx.other_sources", "fx.withheld"]


def test_without_the_rate_of_the_years_end_interest_is_missing_and_nothing_is_exported() -> None:
    book = BOOK.replace("2025-03-28 rate USD 86 INR\n", "")
    year = year_of(book + "2024-06-13 interest 100\n", "2024-25")
    assert [one.what for one in year.blockers] == ["not available: rate USD/INR on 2025-03-31"]
    assert told_of(year)["incomes"] == []


def test_the_tree_of_a_receipt_and_of_a_sale_shows_sum_and_rate() -> None:
    sold = "2024-09-12 sell 10 NASDAQ:MSFT @ 440 fee 5\n2024-06-13 interest 100.55\n"
    year = year_of(BOOK + sold, "2024-25")
    ((key, row),) = deeds_of(year)
    tree = explanation(year, f"deed:{key}:gain")
    received, expenses, _taken = tree.inputs
    assert [(one.value, one.unit) for one in received.inputs] == [
        (Decimal("4400.00"), "USD"), (Decimal("84"), "")
    ]  # fmt: skip
    assert (recomputed(tree), expenses.value) == (row.disposal.consideration - 420 - 262400, 420)
    (deed,) = told_of(year)["deeds"]
    assert "fx since 2018-04-01" in "".join(deed["doubts"])
    ((key, _),) = incomes_of(year)
    shown = explanation(year, f"income:{key}:amount")
    assert (recomputed(shown), shown.formula) == (Decimal("8647.30"), "rule fx.other_sources")


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


USD = Currency("USD")
RATES = RateBook.of([
    Rate(USD, INR, day("2024-05-31"), Decimal("83"), "test"),
    Rate(USD, INR, day("2024-10-01"), Decimal("84"), "test"),
    Rate(USD, INR, day("2025-03-31"), Decimal("86"), "test"),
])  # fmt: skip
HUNDRED = Money(Decimal(100), USD)


@pytest.mark.parametrize(
    ("today", "rupees", "remark"),
    [
        ("2024-10-02", "8400.00", "USD rate of 2025-03-31 counts and is not known yet: that of 2024-10-01"),
        ("2024-12-02", "8300.00", "that of 2024-05-31 stands in"),
        ("2025-03-30", "8300.00", "that of 2024-05-31 stands in"),
        ("2025-03-31", "8600.00", ""),
        (None, "8600.00", ""),
    ],
)
def test_while_the_year_runs_another_rate_stands_in_and_says_so(
    today: str | None, rupees: str, remark: str
) -> None:
    now = None if today is None else day(today)
    found = converted_at_year_end(HUNDRED, day("2024-06-13"), RATES, today=now)
    assert not isinstance(found, Missing)
    assert str(found.rupees) == rupees
    assert remark in found.remark
    assert bool(found.remark) == bool(remark)


def test_a_running_year_without_any_rate_near_is_missing() -> None:
    found = converted_at_year_end(HUNDRED, day("2024-09-12"), RATES, today=day("2024-12-02"))
    assert isinstance(found, Missing)
    assert found.reason == "rate USD/INR on 2024-08-31"
