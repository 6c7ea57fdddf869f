"""Advance tax: shares of the year's tax by four days; gains and dividends count from when they arose."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.analysis.taxes import received, sold, taxed
from tests.books import told
from tunefolio.analysis.derivation import recomputed
from tunefolio.analysis.tax.advance import AdvanceTax, advance_tax, explain_instalment
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.incomes import IncomeKind
from tunefolio.analysis.tax.taxpayer import Age, Others, Residency, Taxpayer
from tunefolio.core.missing import Missing

EQ, LAKH = TaxClass.LISTED_EQUITY, 100_000
SLAB = Decimal("0.30")


def paid(year: TaxYear) -> AdvanceTax:
    """Each instalment worked out again from its own tree; together they are the last one's whole."""
    found = advance_tax(year)
    assert isinstance(found, AdvanceTax)
    for one in found.instalments:
        assert recomputed(explain_instalment(one)) == one.cumulative
    assert sum(one.to_pay for one in found.instalments) == found.instalments[-1].cumulative
    return found


def short(on: str, amount: int) -> Disposal:
    """A short-term gain on shares: a fifth of it is tax since 2024-07-23."""
    return sold(EQ, "2025-04-02", on, cost=LAKH, brought=LAKH + amount)


def test_the_shares_of_a_years_interest_fall_due_on_four_days() -> None:
    """1,00,000 at 30 % and cess: 31,200 by 15, 45, 75 and 100 per cent."""
    year = taxed(
        "2025-26", [], [received(IncomeKind.INTEREST, "2026-03-31", LAKH)], who=Taxpayer(slab_rate=SLAB)
    )
    found = paid(year)
    assert [told(one.due.iso(), one.cumulative, one.to_pay) for one in found.instalments] == [
        ("2025-06-15", 4_680, 4_680), ("2025-09-15", 14_040, 9_360), ("2025-12-15", 23_400, 9_360),
        ("2026-03-15", 31_200, 7_800), ("2026-03-31", 31_200, 0),
    ]  # fmt: skip
    assert found.not_due == ""


@pytest.mark.parametrize(
    ("on", "due"),
    [
        ("2025-06-15", (3_120, 9_360, 15_600, 20_800, 20_800)),
        ("2025-06-16", (0, 9_360, 15_600, 20_800, 20_800)),
        ("2025-12-16", (0, 0, 0, 20_800, 20_800)),
        ("2026-03-16", (0, 0, 0, 0, 20_800)),
    ],
)
def test_a_gain_is_due_from_the_instalment_after_it_arose(on: str, due: tuple[int, ...]) -> None:
    """A gain of 1,00,000 at 20 % and cess: 20,800."""
    assert tuple(one.cumulative for one in paid(taxed("2025-26", [short(on, LAKH)])).instalments) == due


def test_a_loss_that_comes_later_takes_nothing_back() -> None:
    """A later loss lowers the tax of the year, not what had to be paid before it."""
    year = taxed("2025-26", [short("2025-06-02", LAKH), short("2025-09-20", -LAKH // 10 * 9)])
    assert [told(one.cumulative, one.to_pay) for one in paid(year).instalments] == [
        (3_120, 3_120), (9_360, 6_240), (9_360, 0), (9_360, 0), (9_360, 0)
    ]  # fmt: skip


def test_tax_withheld_from_a_dividend_counts_with_the_dividend() -> None:
    incomes = [received(IncomeKind.DIVIDEND, "2025-08-01", LAKH, LAKH // 10)]
    found = paid(taxed("2025-26", [], incomes, who=Taxpayer(slab_rate=SLAB)))
    assert [one.net for one in found.instalments] == [0, 21_200, 21_200, 21_200, 21_200]


@pytest.mark.parametrize(
    ("amount", "who", "why"),
    [
        (48_076, Taxpayer(), "below ₹10,000"),
        (48_077, Taxpayer(), ""),
        (LAKH, Taxpayer(age=Age.SENIOR), "60 years"),
        (LAKH, Taxpayer(age=Age.SENIOR, residency=Residency.NON_RESIDENT), ""),
        (LAKH, Taxpayer(age=Age.SUPER_SENIOR, others=Others(business=Decimal(900_000))), ""),
    ],
)
def test_who_pays_nothing_in_advance(amount: int, who: Taxpayer, why: str) -> None:
    found = paid(taxed("2025-26", [short("2025-06-02", amount)], who=who))
    assert why in found.not_due
    assert bool(found.not_due) == bool(why)


def test_a_senior_who_trades_futures_pays_in_advance() -> None:
    deeds = [
        sold(TaxClass.DERIVATIVE, "2025-05-02", "2025-06-02", cost=100, brought=200),
        short("2025-06-02", LAKH),
    ]
    who = Taxpayer(age=Age.SENIOR, slab_rate=SLAB)
    assert paid(taxed("2025-26", deeds, who=who)).not_due == ""


def test_without_a_slab_no_instalment_is_told() -> None:
    year = taxed("2025-26", [], [received(IncomeKind.INTEREST, "2025-05-01", 500)])
    assert isinstance(advance_tax(year), Missing)


def test_the_sections_follow_the_act_of_the_year() -> None:
    def named(year: str, on: str) -> list[str]:
        deed = sold(EQ, "2020-01-01", on, cost=1, brought=2)
        return [rule.word("section") for rule in paid(taxed(year, [deed])).rules]

    assert named("2025-26", "2025-05-01") == ["211, 234C", "208", "207(2)"]
    assert named("2026-27", "2026-05-01") == ["408, 425", "404", "403(3)"]
