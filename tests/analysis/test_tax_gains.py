"""What one disposal comes to: terms by the calendar, rates by date, values of 2018, indexation."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.analysis.taxes import ASSETS, day, law, number, sold, taxed
from tests.books import told
from tunefolio.analysis.derivation import recomputed
from tunefolio.analysis.tax.assets import Asset, TaxClass
from tunefolio.analysis.tax.blockers import BlockerKind, NotReady
from tunefolio.analysis.tax.disposals import Disposal, Way
from tunefolio.analysis.tax.gains import Gain, Law, gain_of
from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.holding import Term, anniversary, is_long
from tunefolio.analysis.tax.rulebook import tax_rules
from tunefolio.analysis.tax.steps import explain_gain
from tunefolio.analysis.tax.taxpayer import Residency, Taxpayer
from tunefolio.analysis.tax.values2018 import Unlisted2018, Value2018
from tunefolio.core.missing import Missing
from tunefolio.core.rules import defects

EQ, FUND = TaxClass.LISTED_EQUITY, TaxClass.EQUITY_FUND
DEBT, GOLD_FUND = TaxClass.DEBT_FUND, TaxClass.OTHER_FUND


def gain(deed: Disposal, by: Law | None = None, asset: Asset | None = None) -> Gain:
    found = gain_of(deed, asset or ASSETS[deed.instrument], by or law(), consideration=deed.consideration)
    assert isinstance(found, Gain), found
    assert recomputed(explain_gain(found)) == found.taxable
    return found


def test_the_rules_have_no_defect() -> None:
    assert defects(tax_rules()) == ()


@pytest.mark.parametrize(
    ("bought", "months", "last_short"),
    [
        ("2023-03-15", 12, "2024-03-15"),
        ("2020-02-29", 12, "2021-02-28"),
        ("2019-02-28", 12, "2020-02-28"),
        ("2021-08-31", 6, "2022-02-28"),
        ("2020-02-29", 48, "2024-02-29"),
        ("2021-05-10", 36, "2024-05-10"),
    ],
)
def test_the_anniversary_is_short_and_the_next_day_long(bought: str, months: int, last_short: str) -> None:
    assert anniversary(day(bought), months) == day(last_short)
    assert not is_long(day(bought), day(last_short), months)
    assert is_long(day(bought), day(last_short).plus_days(1), months)


@pytest.mark.parametrize(
    ("what", "bought", "on", "term", "rate", "section"),
    [
        # listed equity, equity funds: 111A and 112A, two rates by the day of sale
        (EQ, "2023-08-01", "2024-07-22", Term.SHORT, "0.15", "111A"),
        (EQ, "2023-08-01", "2024-07-23", Term.SHORT, "0.20", "111A"),
        (EQ, "2023-07-01", "2024-07-22", Term.LONG, "0.10", "112A"),
        (EQ, "2023-07-01", "2024-07-23", Term.LONG, "0.125", "112A"),
        (FUND, "2023-07-01", "2024-07-02", Term.LONG, "0.10", "112A"),
        (EQ, "2025-01-01", "2026-03-31", Term.LONG, "0.125", "112A"),
        # the Act of 2025
        (EQ, "2025-01-01", "2026-04-01", Term.LONG, "0.125", "198"),
        (EQ, "2026-01-01", "2026-04-01", Term.SHORT, "0.20", "196"),
        (TaxClass.FOREIGN_SHARE, "2020-01-01", "2026-04-01", Term.LONG, "0.125", "197"),
        # debt funds bought before 2023-04-01
        (DEBT, "2021-01-10", "2024-01-10", Term.SHORT, None, "at slab"),
        (DEBT, "2021-01-10", "2024-01-11", Term.LONG, "0.20", "112"),
        (DEBT, "2020-05-04", "2024-01-15", Term.LONG, "0.20", "112"),
        (DEBT, "2022-07-24", "2024-07-23", Term.SHORT, None, "at slab"),
        (DEBT, "2022-07-22", "2024-07-23", Term.LONG, "0.125", "112"),
        # specified funds: never long
        (DEBT, "2023-03-31", "2026-03-30", Term.LONG, "0.125", "112"),
        (DEBT, "2023-04-01", "2026-03-30", Term.SHORT, None, "at slab"),
        (TaxClass.HYBRID_FUND, "2023-04-01", "2026-03-30", Term.LONG, "0.125", "112"),
        # gold and overseas funds: specified until 2025-03-31
        (GOLD_FUND, "2023-04-01", "2025-03-31", Term.SHORT, None, "at slab"),
        (GOLD_FUND, "2023-04-01", "2025-04-02", Term.LONG, "0.125", "112"),
        (GOLD_FUND, "2023-03-31", "2025-03-31", Term.SHORT, None, "at slab"),
        (GOLD_FUND, "2023-03-30", "2025-03-31", Term.LONG, "0.125", "112"),
        # 24 months
        (TaxClass.FOREIGN_SHARE, "2022-01-01", "2024-01-01", Term.SHORT, None, "at slab"),
        (TaxClass.FOREIGN_SHARE, "2022-01-01", "2024-01-02", Term.LONG, "0.20", "112"),
        (TaxClass.UNLISTED_SHARE, "2022-01-01", "2024-07-23", Term.LONG, "0.125", "112"),
        # business trusts: 36 months until the change, then 12
        (TaxClass.BUSINESS_TRUST, "2022-01-01", "2024-07-22", Term.SHORT, "0.15", "111A"),
        (TaxClass.BUSINESS_TRUST, "2022-01-01", "2024-07-23", Term.LONG, "0.125", "112A"),
        # bonds
        (TaxClass.LISTED_SECURITY, "2023-01-02", "2024-01-03", Term.LONG, "0.10", "112"),
        (TaxClass.UNLISTED_BOND, "2019-01-02", "2024-07-22", Term.LONG, "0.20", "112"),
        (TaxClass.UNLISTED_BOND, "2019-01-02", "2024-07-23", Term.SHORT, None, "at slab"),
        (TaxClass.MARKET_LINKED, "2021-01-02", "2023-03-31", Term.LONG, "0.10", "112"),
        (TaxClass.MARKET_LINKED, "2021-01-02", "2023-04-01", Term.SHORT, None, "at slab"),
        (TaxClass.SGB, "2023-08-01", "2024-08-02", Term.LONG, "0.125", "112"),
        (TaxClass.GOLD, "2021-08-01", "2024-07-22", Term.SHORT, None, "at slab"),
        (TaxClass.GOLD, "2021-08-01", "2024-07-23", Term.LONG, "0.125", "112"),
    ],
)
def test_term_rate_and_section(
    what: TaxClass, bought: str, on: str, term: Term, rate: str | None, section: str
) -> None:
    found = gain(sold(what, bought, on, cost=100, brought=150))
    assert (found.held.term, found.bucket.section) == (term, section)
    assert found.bucket.rate == (None if rate is None else Decimal(rate))
    assert found.bucket.head is (Head.LONG_TERM if term is Term.LONG else Head.SHORT_TERM)
    assert found.rules


def test_a_listed_gold_etf_is_long_after_twelve_months_and_an_unlisted_one_after_24() -> None:
    deed = sold(GOLD_FUND, "2024-03-01", "2025-04-02", cost=100, brought=150)
    etf = Asset(number(GOLD_FUND), "GOLDBEES", "INF204KB17I5", GOLD_FUND, is_listed=True)
    assert gain(deed, asset=etf).held.term is Term.LONG
    assert gain(deed).held.term is Term.SHORT


@pytest.mark.parametrize(
    ("cost", "value", "brought", "taken", "taxable"),
    [
        (100, "200", 250, 200, 50),
        (100, "200", 150, 150, 0),
        (100, "50", 150, 100, 50),
        (100, "200", 50, 100, -50),
        (250, "200", 300, 250, 50),
    ],
)
def test_shares_bought_before_february_2018(
    cost: int, value: str, brought: int, taken: int, taxable: int
) -> None:
    """The four scenarios of the tax department's questions and answers of 2018-02-04, and one more."""
    found = gain(sold(EQ, "2017-01-01", "2018-04-01", cost=cost, brought=brought), law(listed_equity=value))
    assert told(found.basis.taken, found.taxable, found.is_before_2018) == (taken, taxable, True)


def test_the_day_of_the_value_itself_still_counts_and_the_next_does_not() -> None:
    by = law(listed_equity="200")
    assert gain(sold(EQ, "2018-01-31", "2019-06-03", cost=100, brought=250), by).taxable == 50
    fresh = gain(sold(EQ, "2018-02-01", "2019-06-03", cost=100, brought=250), by)
    assert told(fresh.taxable, fresh.is_before_2018, fresh.basis.value) == (150, False, None)


def test_a_value_is_divided_by_the_splits_since_and_rounded_once() -> None:
    deed = sold(EQ, "2015-01-01", "2024-08-01", cost=900, brought=3000, units=30)

    class Split:
        def of(self, disposal: Disposal) -> Value2018 | Unlisted2018 | Missing:
            return Value2018(Decimal("200.05"), "then", Decimal(3))

    found = gain(deed, Law(tax_rules(), Split()))
    assert found.basis.value == Decimal("2000.50")
    assert found.taxable == Decimal("999.50")


def test_what_was_not_listed_in_2018_takes_its_indexed_cost_for_the_value() -> None:
    """Cost × 272 (2017-18) ÷ 200 (2012-13)."""

    class Unlisted:
        def of(self, disposal: Disposal) -> Value2018 | Unlisted2018 | Missing:
            return Unlisted2018()

    found = gain(sold(EQ, "2012-06-01", "2024-08-01", cost=1000, brought=5000), Law(tax_rules(), Unlisted()))
    assert (found.basis.value, found.taxable) == (Decimal("1360.00"), Decimal("3640.00"))


def test_no_value_of_2018_no_gain() -> None:
    year = taxed("2024-25", [sold(EQ, "2015-01-01", "2024-08-01", cost=900, brought=3000)])
    assert [hole.missing.reason for hole in year.found.holes] == ["the value of 2018-01-31, of listed_equity"]
    assert not year.is_ready
    with pytest.raises(NotReady, match="the value of 2018-01-31"):
        year.must_be_ready()


def test_a_debt_fund_of_2020_sold_in_january_2024_is_indexed_at_20_percent() -> None:
    """1,00,000 × 348 ÷ 301 = 1,15,614.62; gain 24,385.38."""
    found = gain(sold(DEBT, "2020-05-04", "2024-01-15", cost=100000, brought=140000))
    assert found.basis.taken == Decimal("115614.62")
    assert found.taxable == Decimal("24385.38")
    assert found.bucket.rate == Decimal("0.20")


def test_the_same_fund_sold_after_the_change_has_no_index() -> None:
    found = gain(sold(DEBT, "2020-05-04", "2024-07-23", cost=100000, brought=140000))
    assert (found.taxable, found.bucket.rate) == (Decimal(40000), Decimal("0.125"))


def test_bought_before_the_index_begins_counts_from_2001() -> None:
    """CII 2018-19 is 280, of the base year 100."""
    found = gain(sold(TaxClass.GOLD, "1999-01-01", "2018-06-01", cost=1000, brought=5000))
    assert found.basis.taken == Decimal("2800.00")
    assert any("before 2001-04-01" in text for text in found.doubts)


@pytest.mark.parametrize(
    ("brought", "rate", "taxable"), [(200, "0.10", "100"), (140, "0.20", "15.71"), (120, "0.20", "-4.29")]
)
def test_a_gold_bond_takes_the_cheaper_of_20_percent_indexed_and_10_plain(
    brought: int, rate: str, taxable: str
) -> None:
    """Bought in 2018-19 (index 280), sold in 2023-24 (348): 100 becomes 124.29. A loss keeps the index."""
    found = gain(sold(TaxClass.SGB, "2018-06-01", "2023-06-01", cost=100, brought=brought))
    assert (found.bucket.rate, found.taxable) == (Decimal(rate), Decimal(taxable))


def test_securities_transaction_tax_is_not_deducted_and_other_charges_are() -> None:
    deed = sold(EQ, "2023-01-02", "2023-06-01", cost=1000, brought=1500,
                charges=("3.50", "4.00"), stt=("1.00", "1.50"))  # fmt: skip
    found = gain(deed)
    assert (found.basis.cost, found.expenses) == (Decimal("1002.50"), Decimal("2.50"))
    assert found.taxable == Decimal("495.00")
    assert found.remarks == ()


def test_charges_whose_tax_nobody_knows_are_doubted() -> None:
    deed = sold(EQ, "2023-01-02", "2023-06-01", cost=1000, brought=1500, charges=("3.50", "4.00"), stt=None)
    found = gain(deed)
    assert found.taxable == Decimal("492.50")
    assert any("securities transaction tax" in text for text in found.doubts)


def test_shares_sold_off_the_market_are_taxed_under_112() -> None:
    deed = sold(EQ, "2023-01-02", "2024-08-01", cost=100, brought=150, way=Way.OFF_MARKET)
    found = gain(deed)
    assert (found.bucket.section, found.bucket.has_exemption) == ("112", False)
    short = gain(sold(EQ, "2024-01-02", "2024-08-01", cost=100, brought=150, way=Way.OFF_MARKET))
    assert short.bucket.rate is None


def test_a_doubtful_rule_is_said_on_the_row() -> None:
    assert gain(sold(EQ, "2024-01-02", "2024-08-01", cost=1, brought=2)).doubts == ()
    found = gain(sold(TaxClass.FOREIGN_SHARE, "2024-01-02", "2024-08-01", cost=1, brought=2))
    assert any("holding.foreign_share" in text for text in found.doubts)


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        (sold(EQ, None, "2024-08-01", cost=1, brought=2), "day of purchase"),
        (sold(EQ, "2024-08-02", "2024-08-01", cost=1, brought=2), "comes before its sale"),
        (sold(EQ, "2010-01-01", "2018-03-31", cost=1, brought=2), "a rule for holding.listed_equity"),
        (sold(DEBT, "2015-01-01", "2016-08-01", cost=1, brought=2), "a rule for holding.fund.unlisted"),
    ],
)
def test_what_cannot_be_judged_says_why(deed: Disposal, reason: str) -> None:
    found = gain_of(deed, ASSETS[deed.instrument], law(), consideration=deed.consideration)
    assert isinstance(found, Missing)
    assert reason in found.reason
    assert found.cure


def test_an_undated_lot_blocks_and_says_so() -> None:
    year = taxed("2024-25", [sold(EQ, None, "2024-08-01", cost=1, brought=2)])
    assert [one.kind for one in year.blockers] == [BlockerKind.UNDATED]


def test_non_residents_have_equity_and_slab_gains_only() -> None:
    who = Taxpayer(residency=Residency.NON_RESIDENT)
    deeds = [
        sold(EQ, "2022-01-01", "2024-08-01", cost=1, brought=2),
        sold(TaxClass.GOLD, "2020-01-01", "2024-08-01", cost=1, brought=2),
    ]
    year = taxed("2024-25", deeds, who=who)
    assert len(year.found.gains) == 1
    assert "non-residents" in year.found.holes[0].missing.reason
