"""A person's year: one exemption, two rates, set-off, carry-forward, business, crypto, buybacks, credits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.analysis.taxes import received, sold, taxed
from tests.books import told
from tunefolio.analysis.derivation import recomputed
from tunefolio.analysis.tax.advance import advance_tax
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.disposals import Disposal, Way
from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.incomes import IncomeKind
from tunefolio.analysis.tax.steps import FIGURES, explain, explain_bucket, explain_line
from tunefolio.analysis.tax.taxpayer import (
    EarlierLoss,
    LossKind,
    Others,
    Regime,
    Residency,
    Taxpayer,
)
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.ledger.lots import Side

EQ, DEBT, VDA = TaxClass.LISTED_EQUITY, TaxClass.DEBT_FUND, TaxClass.VDA
LAKH = 100_000


def checked(year: TaxYear) -> TaxYear:
    """Every figure worked out again from its own tree."""
    for figure in FIGURES:
        told = recomputed(explain(year, figure))
        value: Decimal | Missing | None = year.levy.exemption.used if figure == "exemption" else None
        if figure in {"tax", "total"}:
            value = year.payable if isinstance(year.payable, Missing) else getattr(year.levy, figure)
        if value is None:
            value = getattr(year, figure)
        if isinstance(value, Missing):
            assert isinstance(told, str)
        else:
            assert told == value, figure
    for line in year.levy.lines:
        if line.tax is not None:
            assert recomputed(explain_line(year, line)) == line.tax
    for bucket, amount in year.found.sums().items():
        assert recomputed(explain_bucket(year.found, bucket)) == amount
    return year


def equity(on: str, amount: int) -> Disposal:
    """A long-term gain on shares bought in 2020."""
    return sold(EQ, "2020-01-01", on, cost=10 * LAKH, brought=10 * LAKH + amount)


def test_one_exemption_for_the_whole_year_of_two_rates() -> None:
    """1,00,000 at 10 % and 1,25,000 at 12.5 %: the exemption is used where it saves most."""
    year = checked(taxed("2024-25", [equity("2024-07-22", LAKH), equity("2024-07-23", 125_000)]))
    assert year.levy.exemption.used == 125_000
    assert year.levy.special_tax == 10_000
    assert year.levy.cess == 400
    assert year.levy.payable == 10_400
    assert any("exemption.order" in text for text in year.doubts)


@pytest.mark.parametrize(
    ("before", "after", "tax"),
    [(150_000, 150_000, "18125"), (300_000, 50_000, "22500"), (0, 200_000, "9375")],
)
def test_the_exemption_goes_to_the_higher_rate_first(before: int, after: int, tax: str) -> None:
    year = checked(taxed("2024-25", [equity("2024-07-22", before), equity("2024-07-23", after)]))
    assert year.levy.special_tax == Decimal(tax)


def test_the_larger_exemption_covers_sales_before_the_change_too() -> None:
    year = checked(taxed("2024-25", [equity("2024-05-02", 125_000)]))
    assert year.levy.payable == 0
    assert taxed("2023-24", [equity("2023-05-02", 125_000)]).levy.special_tax == 2_500


def test_mixed_rates_of_assessment_year_2025_26() -> None:
    """Long 3,00,000 before and 2,00,000 after; short 50,000 before and 80,000 after."""
    deeds = [
        equity("2024-06-03", 300_000), equity("2024-09-02", 200_000),
        sold(EQ, "2024-04-02", "2024-06-03", cost=LAKH, brought=LAKH + 50_000),
        sold(EQ, "2024-04-02", "2024-09-02", cost=LAKH, brought=LAKH + 80_000),
    ]  # fmt: skip
    year = checked(taxed("2024-25", deeds))
    taxes = {(line.bucket.head, line.bucket.rate): line.tax for line in year.levy.lines}
    assert taxes == {
        (Head.SHORT_TERM, Decimal("0.20")): 16_000,
        (Head.SHORT_TERM, Decimal("0.15")): 7_500,
        (Head.LONG_TERM, Decimal("0.125")): Decimal(9_375),
        (Head.LONG_TERM, Decimal("0.10")): 30_000,
    }
    assert year.levy.payable == 65_390  # 62,875 + 4 % = 65,390.00


def test_losses_are_set_off_before_the_exemption() -> None:
    deeds = [
        equity("2025-05-02", 150_000),
        sold(EQ, "2022-01-03", "2025-06-02", cost=150_000, brought=LAKH),
    ]
    year = checked(taxed("2025-26", deeds))
    assert year.levy.exemption.used == 100_000
    assert year.levy.special_tax == 0


def test_short_term_losses_take_short_gains_first_and_then_long_ones() -> None:
    deeds = [
        sold(EQ, "2025-04-02", "2025-05-02", cost=300, brought=100),
        sold(EQ, "2025-04-02", "2025-06-02", cost=100, brought=150),
        sold(TaxClass.GOLD, "2020-04-02", "2025-06-02", cost=100, brought=200),
    ]
    year = checked(taxed("2025-26", deeds))
    assert [told(step.kind, step.amount) for step in year.levy.set_off.steps] == [(LossKind.SHORT_TERM, 100)]
    carried = year.levy.set_off.carried
    assert [told(one.kind, one.amount, one.until.name) for one in carried] == [
        (LossKind.SHORT_TERM, 50, "2033-34")
    ]


def test_a_long_term_loss_leaves_short_gains_alone() -> None:
    deeds = [
        sold(EQ, "2020-04-02", "2025-05-02", cost=300, brought=100),
        sold(EQ, "2025-04-02", "2025-06-02", cost=100, brought=150),
    ]
    year = checked(taxed("2025-26", deeds))
    assert year.levy.special_tax == 10
    assert [told(one.kind, one.amount) for one in year.levy.set_off.carried] == [(LossKind.LONG_TERM, 200)]


def test_long_losses_take_long_gains_before_short_losses_do() -> None:
    """Both could take the long gain; the short-term loss that stays is worth more."""
    deeds = [
        sold(EQ, "2020-04-02", "2025-05-02", cost=150, brought=100),
        sold(DEBT, "2024-04-02", "2025-05-02", cost=200, brought=100),
        sold(TaxClass.GOLD, "2020-04-02", "2025-06-02", cost=100, brought=220),
    ]
    year = checked(taxed("2025-26", deeds))
    assert [told(one.kind, one.amount) for one in year.levy.set_off.carried] == [(LossKind.SHORT_TERM, 30)]


def test_losses_of_earlier_years_come_last_oldest_first_and_lapse() -> None:
    earlier = tuple(
        EarlierLoss(FinancialYear.parse(year), LossKind.SHORT_TERM, Decimal(100))
        for year in ("2017-18", "2018-19", "2020-21")
    )
    deeds = [sold(EQ, "2026-04-02", "2026-05-04", cost=100, brought=250)]
    year = checked(taxed("2026-27", deeds, who=Taxpayer(earlier=earlier)))
    assert [told(step.year.name, step.amount) for step in year.levy.set_off.steps] == [
        ("2018-19", 100), ("2020-21", 50)
    ]  # fmt: skip
    assert [told(one.year.name, one.amount) for one in year.levy.set_off.lapsed] == [("2017-18", 100)]
    assert [told(one.year.name, one.amount) for one in year.levy.set_off.carried] == [("2020-21", 50)]


@pytest.mark.parametrize("twice", [("2023-24", "2023-24"), ("2025-26",)])
def test_a_loss_entered_twice_or_of_the_year_itself_is_refused(twice: tuple[str, ...]) -> None:
    with pytest.raises(Misuse, match="earlier"):
        taxed(
            "2025-26", [],
            who=Taxpayer(earlier=tuple(
                EarlierLoss(FinancialYear.parse(one), LossKind.LONG_TERM, Decimal(1)) for one in twice
            )),
        )  # fmt: skip


def test_intraday_is_speculative_and_its_loss_meets_nothing_else() -> None:
    deeds = [
        sold(EQ, "2025-05-02", "2025-05-02", cost=1000, brought=900, charges=("2", "3"), stt=("0", "1")),
        sold(TaxClass.DERIVATIVE, "2025-05-02", "2025-06-02", cost=1000, brought=1400),
    ]
    year = checked(taxed("2025-26", deeds, who=Taxpayer(slab_rate=Decimal("0.3"))))
    assert year.found.sums()[year.levy.lines[0].bucket] == 400
    assert year.levy.slab_tax == 120
    (left,) = year.levy.set_off.carried
    assert told(left.kind, left.amount, left.until.name) == (LossKind.SPECULATIVE, 105, "2029-30")
    assert year.turnover(Head.SPECULATIVE) == 100
    assert year.turnover(Head.BUSINESS) == 400


def test_a_short_sale_squared_the_same_day_is_speculative() -> None:
    deed = sold(EQ, "2025-05-02", "2025-05-02", cost=900, brought=1000, side=Side.SHORT)
    year = checked(taxed("2025-26", [deed]))
    assert [told(trade.head, trade.result) for trade in year.found.trades] == [(Head.SPECULATIVE, 100)]


def test_a_fund_bought_and_redeemed_on_one_day_is_a_gain_all_the_same() -> None:
    year = taxed("2025-26", [sold(TaxClass.EQUITY_FUND, "2025-05-02", "2025-05-02", cost=9, brought=10)])
    assert [gain.taxable for gain in year.found.gains] == [1]


def test_an_option_loss_meets_any_head_but_salary() -> None:
    others = Others(salary=Decimal(10 * LAKH), house_property=Decimal(50))
    deeds = [
        sold(TaxClass.DERIVATIVE, "2025-05-02", "2025-06-02", cost=1000, brought=600),
        sold(EQ, "2025-04-02", "2025-06-02", cost=100, brought=200),
    ]
    year = checked(
        taxed(
            "2025-26", deeds, [received(IncomeKind.DIVIDEND, "2025-08-01", 70)], who=Taxpayer(others=others)
        )
    )
    heads = [told(step.against.head, step.amount) for step in year.levy.set_off.steps]
    assert heads == [(Head.OTHER_SOURCES, 70), (Head.HOUSE_PROPERTY, 50), (Head.SHORT_TERM, 100)]
    assert [told(one.kind, one.amount) for one in year.levy.set_off.carried] == [(LossKind.BUSINESS, 180)]


def test_a_business_loss_of_an_earlier_year_meets_business_only() -> None:
    earlier = (EarlierLoss(FinancialYear.parse("2024-25"), LossKind.BUSINESS, Decimal(500)),)
    deeds = [
        sold(EQ, "2025-05-02", "2025-05-02", cost=100, brought=160),
        sold(EQ, "2025-04-02", "2025-06-02", cost=100, brought=200),
    ]
    year = checked(taxed("2025-26", deeds, who=Taxpayer(earlier=earlier)))
    assert [told(step.against.head, step.amount) for step in year.levy.set_off.steps] == [
        (Head.SPECULATIVE, 60)
    ]
    assert year.levy.special_tax == 20


def test_crypto_is_taxed_at_30_percent_and_its_losses_count_for_nothing() -> None:
    deeds = [
        sold(VDA, "2023-01-01", "2023-05-02", cost=100, brought=300, charges=("5", "5")),
        sold(VDA, "2023-01-01", "2023-06-02", cost=500, brought=100),
        sold(EQ, "2023-04-02", "2023-06-02", cost=500, brought=100),
    ]
    year = checked(taxed("2023-24", deeds))
    assert year.levy.special_tax == 60
    assert [one.lost for one in year.found.vda] == [0, 400]
    assert [one.kind for one in year.levy.set_off.carried] == [LossKind.SHORT_TERM]
    assert "virtual digital" in taxed(
        "2021-22", [sold(VDA, "2021-04-05", "2021-06-01", cost=1, brought=2)]
    ).found.holes[0].missing.reason  # fmt: skip


@pytest.mark.parametrize(
    ("on", "gains", "dividends", "exempt"),
    [("2024-09-30", [], [], 1), ("2024-10-01", [-100], [150], 0), ("2026-04-01", [50], [], 0)],
)
def test_buybacks_by_their_era(on: str, gains: list[int], dividends: list[int], exempt: int) -> None:
    deed = sold(EQ, "2022-01-01", on, cost=100, brought=150, way=Way.BUYBACK)
    year = checked(taxed(FinancialYear.of(deed.day).name, [deed]))
    assert [gain.taxable for gain in year.found.gains] == gains
    assert [one.taxable for one in year.found.earned] == dividends
    assert len(year.found.exempt) == exempt


def test_a_gold_bond_paid_back_is_exempt_and_from_2026_for_subscribers_only() -> None:
    def paid_back(on: str, *, subscribed: bool | None) -> TaxYear:
        deed = sold(
            TaxClass.SGB, "2018-05-04", on, cost=100, brought=300, way=Way.REDEMPTION, subscribed=subscribed
        )
        return taxed(FinancialYear.of(deed.day).name, [deed])

    assert len(paid_back("2026-03-31", subscribed=None).found.exempt) == 1
    assert len(paid_back("2026-05-04", subscribed=True).found.exempt) == 1
    bought = paid_back("2026-05-04", subscribed=False)
    assert [gain.taxable for gain in bought.found.gains] == [200]
    assert "bought from the issuer" in paid_back("2026-05-04", subscribed=None).found.holes[0].missing.reason


def test_dividends_before_april_2020_are_exempt_and_tax_withheld_is_a_credit() -> None:
    old = checked(taxed("2019-20", [], [received(IncomeKind.DIVIDEND, "2020-03-31", 100)]))
    assert [one.taxable for one in old.found.earned] == [0]
    new = checked(
        taxed(
            "2020-21", [], [received(IncomeKind.DIVIDEND, "2020-04-01", 10_000, 1_000)],
            who=Taxpayer(slab_rate=Decimal("0.2")),
        )
    )  # fmt: skip
    assert told(new.levy.slab_tax, new.withheld, new.due) == (2_000, 1_000, 1_080)


def test_what_pays_an_income_decides_how_it_is_taxed() -> None:
    incomes = [
        received(IncomeKind.DIVIDEND, "2019-05-02", 100, 25, of=TaxClass.FOREIGN_SHARE),
        received(IncomeKind.INTEREST, "2019-05-02", 70, of=TaxClass.PROVIDENT_FUND),
        received(IncomeKind.INTEREST, "2019-05-02", 7, of=TaxClass.DEPOSIT),
    ]
    year = checked(taxed("2019-20", [], incomes))
    assert [one.taxable for one in year.found.earned] == [100, 0, 7]
    assert year.withheld == 0
    trust = taxed("2024-25", [], [received(IncomeKind.DIVIDEND, "2024-05-02", 9, of=TaxClass.BUSINESS_TRUST)])
    assert any("distribution" in text for text in trust.doubts)


def test_a_deposit_that_ended_earned_interest() -> None:
    deeds = [
        sold(TaxClass.DEPOSIT, "2023-01-02", "2024-05-02", cost=1000, brought=1100),
        sold(TaxClass.PROVIDENT_FUND, "2010-01-02", "2024-05-02", cost=1000, brought=2000),
    ]
    year = checked(taxed("2024-25", deeds))
    assert year.found.gains == []
    assert [one.taxable for one in year.found.earned] == [100, 0]


def test_without_a_slab_the_slab_part_is_reported_and_what_hangs_on_it_is_missing() -> None:
    year = checked(taxed("2025-26", [], [received(IncomeKind.INTEREST, "2025-05-01", 500)]))
    assert year.levy.slab_income == 500
    assert year.special_tax == 0
    sums = (year.slab_tax, year.cess, year.payable, year.due)
    assert sums == (Missing("the person's slab rate", "Enter the rate of the highest slab reached"),) * 4


def test_while_a_deed_waits_to_be_mended_no_sum_of_tax_is_known() -> None:
    """Another gain of the year is judged, so that a number would stand there."""
    undated = replace(equity("2024-09-02", LAKH), acquired=None)
    year = checked(taxed("2024-25", [equity("2024-09-03", 10 * LAKH), undated]))
    assert year.levy.payable > 0
    lack = Missing("1 deed must be mended first", "Mend what is listed")
    assert (year.special_tax, year.slab_tax, year.cess, year.payable, year.due) == (lack,) * 5
    assert advance_tax(year) == lack


def test_a_resident_uses_the_unused_basic_exemption_against_gains() -> None:
    """New regime 2025-26: 4,00,000; salary 3,50,000 leaves 50,000, used against 20 % first."""
    deeds = [
        sold(EQ, "2025-04-02", "2025-06-02", cost=LAKH, brought=LAKH + 30_000),
        equity("2025-06-02", 145_000),
        sold(VDA, "2025-04-02", "2025-06-02", cost=100, brought=200),
    ]
    who = Taxpayer(others=Others(salary=Decimal(350_000)))
    year = checked(taxed("2025-26", deeds, who=who))
    assert {line.bucket.head: line.basic for line in year.levy.lines} == {
        Head.VDA: 0, Head.SHORT_TERM: 30_000, Head.LONG_TERM: 20_000
    }  # fmt: skip
    assert year.levy.special_tax == 30
    abroad = taxed("2025-26", deeds, who=Taxpayer(others=who.others, residency=Residency.NON_RESIDENT))
    assert abroad.levy.special_tax == 6_000 + 2_500 + 30


@pytest.mark.parametrize(
    ("year", "regime", "limit"),
    [
        ("2020-21", Regime.NEW, 250_000),
        ("2023-24", Regime.NEW, 300_000),
        ("2025-26", Regime.NEW, 400_000),
        ("2025-26", Regime.OLD, 250_000),
    ],
)
def test_the_basic_exemption_by_year_and_regime(year: str, regime: Regime, limit: int) -> None:
    found = taxed(year, [], who=Taxpayer(others=Others(), regime=regime)).levy.basic
    assert not isinstance(found, Missing)
    assert found.limit == limit


def test_the_new_regime_does_not_exist_before_2020() -> None:
    basic = taxed("2019-20", [], who=Taxpayer(others=Others(), regime=Regime.NEW)).levy.basic
    assert isinstance(basic, Missing)
    assert basic.cure == "Choose the old regime"


def test_a_year_without_rules_is_refused() -> None:
    with pytest.raises(Misuse, match="2017-18"):
        taxed("2017-18", [])


def test_accrued_interest_paid_beyond_what_came_in_is_named_and_not_set_off() -> None:
    year = checked(taxed("2025-26", [], [received(IncomeKind.INTEREST, "2025-05-01", -50)]))
    assert year.levy.lines == ()
    assert any("not set off" in text for text in year.doubts)
