"""What a category of funds is for tax by the law of each era; what it leaves open; values of 2018."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.analysis.taxes import sold
from tests.books import book, number_of
from tunefolio.analysis.tax.assets import Asset, TaxClass, asset_of, category_rule, fund_class
from tunefolio.analysis.tax.gains import Gain, Law, gain_of
from tunefolio.analysis.tax.holding import Term
from tunefolio.analysis.tax.rulebook import category_rules, tax_rules
from tunefolio.analysis.tax.values2018 import Unlisted2018, Value2018, Values2018
from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR
from tunefolio.core.rules import Confidence, defects
from tunefolio.market.instruments import AssetClass, Instrument, Listing

EQ, DEBT, HYBRID, OTHER = TaxClass.EQUITY_FUND, TaxClass.DEBT_FUND, TaxClass.HYBRID_FUND, TaxClass.OTHER_FUND
SURE: dict[str, TaxClass] = {
    "Equity Scheme - Large Cap Fund": EQ,
    "Equity Scheme - Flexi Cap Fund": EQ,
    "Equity Scheme - ELSS": EQ,
    "ELSS": EQ,
    "Hybrid Scheme - Balanced Hybrid Fund": HYBRID,
    "Hybrid Scheme - Conservative Hybrid Fund": DEBT,
    "Debt Scheme - Liquid Fund": DEBT,
    "Debt Scheme - Banking and PSU Fund": DEBT,
    "Debt Scheme - Gilt Fund with 10 year constant duration": DEBT,
    "Debt Scheme - Credit Risk Fund": DEBT,
    "Gilt": DEBT,
    "Liquid": DEBT,
    "Money Market": DEBT,
    "Other Scheme - Gold ETF": OTHER,
    "Other Scheme - Silver ETF": OTHER,
    "Gold ETFs": OTHER,
}
BY_PRACTICE: dict[str, TaxClass] = {
    "Equity Scheme - Sectoral/ Thematic": EQ,
    "Hybrid Scheme - Arbitrage Fund": EQ,
    "Hybrid Scheme - Aggressive Hybrid Fund": EQ,
    "Hybrid Scheme - Equity Savings": EQ,
    "Other Scheme - FoF Overseas": OTHER,
}
OPEN = (
    "Other Scheme - Index Funds", "Other Scheme - Other ETFs", "Other Scheme - Other  ETFs", "Other ETFs",
    "Other Scheme - FoF Domestic", "Hybrid Scheme - Dynamic Asset Allocation or Balanced Advantage",
    "Hybrid Scheme - Multi Asset Allocation", "Solution Oriented Scheme - Retirement Fund",
    "Solution Oriented Scheme - Children’s Fund", "Income", "Growth", "Balanced",
)  # fmt: skip
FUND = InstrumentId(7)
RELIANCE, ETERNAL = number_of("RELIANCE"), number_of("ETERNAL")


def fund(name: str = "A scheme", isin: str = "INF179K01YV8", exchange: str = "MF") -> Instrument:
    return Instrument(FUND, Listing(exchange, isin), Isin(isin), name, AssetClass.FUND, INR)


@pytest.mark.parametrize(("category", "expected"), (SURE | BY_PRACTICE).items())
def test_a_category_says_what_its_funds_are(category: str, expected: TaxClass) -> None:
    asset = asset_of(fund(), category=category)
    assert asset.tax_class is expected
    (rule,) = asset.known_by
    assert rule.sources
    assert rule.confidence is (Confidence.MEDIUM if category in BY_PRACTICE else Confidence.HIGH)
    assert bool(rule.note) == rule.is_doubtful, "a doubt says what is doubtful"


@pytest.mark.parametrize("category", OPEN)
def test_what_a_category_leaves_open_is_asked_with_a_hint(category: str) -> None:
    asset = asset_of(fund(), category=category)
    assert isinstance(asset.tax_class, Missing)
    assert f"“{category}”" in asset.tax_class.reason
    assert asset.tax_class.cure.startswith("Say on the instrument's page what it is for tax. ")
    assert asset.known_by == ()


def test_words_nobody_has_heard_of_are_asked_by_name() -> None:
    found = fund_class("Lunar Scheme - Crater Fund")
    assert isinstance(found, Missing)
    assert "Lunar Scheme - Crater Fund" in found.reason
    assert found.cure


def test_what_a_person_says_goes_before_the_category() -> None:
    asset = asset_of(fund(), told=DEBT, category="Equity Scheme - Large Cap Fund")
    assert (asset.tax_class, asset.known_by) == (DEBT, ())


def test_every_category_is_matched_by_one_rule_alone_and_the_data_has_no_defect() -> None:
    for category in (*SURE, *BY_PRACTICE, *OPEN):
        words = " ".join(category.casefold().split())
        matching = [
            rule.name
            for rule in category_rules()
            if not rule.word("names") and re.fullmatch(rule.word("words"), words)
        ]
        assert len(matching) == 1, (category, matching)
    assert defects(category_rules()) == ()
    for rule in category_rules():
        assert bool(rule.word("class")) != bool(rule.word("hint")), rule.name
        assert not rule.word("class") or TaxClass(rule.word("class"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ICICI Prudential US Bluechip Equity Fund", None),
        ("Nippon India Japan Equity Fund", None),
        ("Franklin Asian Equity Fund", None),
        ("DSP Global Clean Energy", None),
        ("Rehearsal Banking Fund", EQ),
        ("Industrial Business Opportunities Fund", EQ),
    ],
)
def test_a_theme_that_lies_abroad_is_asked(name: str, expected: TaxClass | None) -> None:
    found = asset_of(fund(name), category="Equity Scheme - Sectoral/ Thematic").tax_class
    if expected is None:
        assert isinstance(found, Missing)
        assert name in found.reason
    else:
        assert found is expected


@pytest.mark.parametrize("category", ["Other Scheme - Index Funds", "Other Scheme - Other  ETFs"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UTI Nifty 50 Index Fund - Direct Plan - Growth", EQ),
        ("Nippon India ETF Nifty 50 BeES", EQ),
        ("HDFC BSE Sensex Index Fund", EQ),
        ("Motilal Oswal MSCI India ETF", EQ),
        ("Bharat 22 ETF", EQ),
        ("Edelweiss Nifty PSU Bond Plus SDL Apr 2026 50:50 Index Fund", DEBT),
        ("Kotak Nifty 1D Rate Liquid ETF", DEBT),
        ("ICICI Prudential BSE Liquid Rate ETF", DEBT),
        ("SBI CRISIL IBX Gilt Index - June 2036 Fund", DEBT),
        ("Motilal Oswal Nasdaq 100 ETF", TaxClass.OTHER_FUND),
        ("Mirae Asset NYSE FANG+ ETF", TaxClass.OTHER_FUND),
        ("Zerodha Silver ETF", TaxClass.OTHER_FUND),
        ("Edelweiss MSCI India Domestic & World Healthcare 45 Index Fund", None),
        ("SBI ETF Quality", None),
    ],
)
def test_an_index_fund_is_what_the_index_in_its_name_holds(
    category: str, name: str, expected: TaxClass | None
) -> None:
    asset = asset_of(fund(name), category=category)
    if expected is None:
        assert isinstance(asset.tax_class, Missing)
        return
    assert asset.tax_class is expected
    (rule,) = asset.known_by
    assert rule.confidence.value == "medium"
    assert "By its name" in rule.note


def judged(category: str, bought: str, on: str) -> Gain:
    """A gain of 50 on a fund of that category, kept at its fund house."""
    asset = replace(asset_of(fund(), category=category), instrument=FUND)
    deed = replace(sold(DEBT, bought, on, cost=100, brought=150), instrument=FUND)
    found = gain_of(deed, asset, Law(tax_rules(), Values2018({})), consideration=deed.consideration)
    assert isinstance(found, Gain), found
    return found


@pytest.mark.parametrize(
    ("category", "bought", "on", "term", "rate"),
    [
        ("Debt Scheme - Liquid Fund", "2023-03-31", "2026-04-02", Term.LONG, "0.125"),
        ("Debt Scheme - Liquid Fund", "2023-04-01", "2026-04-02", Term.SHORT, None),
        ("Hybrid Scheme - Conservative Hybrid Fund", "2023-04-01", "2026-04-02", Term.SHORT, None),
        ("Hybrid Scheme - Balanced Hybrid Fund", "2023-04-01", "2025-04-02", Term.LONG, "0.125"),
        ("Other Scheme - FoF Overseas", "2023-04-01", "2025-03-31", Term.SHORT, None),
        ("Other Scheme - FoF Overseas", "2023-04-01", "2025-04-02", Term.LONG, "0.125"),
        ("Hybrid Scheme - Arbitrage Fund", "2024-04-01", "2025-04-02", Term.LONG, "0.125"),
        ("Equity Scheme - Large Cap Fund", "2024-07-30", "2025-07-30", Term.SHORT, "0.20"),
    ],
)
def test_the_law_of_each_era_by_category(
    category: str, bought: str, on: str, term: Term, rate: str | None
) -> None:
    """Specified funds: at most 35 % in Indian shares until 2025-03-31, above 65 % in debt from 2025-04-01."""
    found = judged(category, bought, on)
    assert (found.held.term, found.bucket.rate) == (term, None if rate is None else Decimal(rate))


# Values of 31 January 2018 ----------------------------------------------------------------------------

NAVS = {"INF179K01YV8": Decimal("43.25")}


def test_units_of_a_fund_take_its_net_asset_value_and_say_whose_word_that_is() -> None:
    deed = replace(sold(EQ, "2016-01-01", "2024-08-01", cost=100, brought=500, units=10), instrument=FUND)
    values = Values2018({FUND: ("INF179K01YV8",)}, navs=NAVS, navs_by="a register of 2026")
    found = values.of(deed)
    said = "net asset value of INF179K01YV8 on 2018-01-31, by a register of 2026"
    assert found == Value2018(Decimal("43.25"), said)
    asset = asset_of(fund(), category="Equity Scheme - Large Cap Fund")
    judged = gain_of(deed, asset, Law(tax_rules(), values), consideration=deed.consideration)
    assert isinstance(judged, Gain)
    assert (judged.basis.value, judged.taxable) == (Decimal("432.50"), Decimal("67.50"))


def test_the_exchange_and_a_person_go_before_the_fund_house_and_a_traded_unit_is_doubted() -> None:
    deed = replace(sold(EQ, "2016-01-01", "2024-08-01", cost=100, brought=500), instrument=FUND)
    values = Values2018({FUND: ("INF179K01YV8",)}, highs={"INF179K01YV8": Decimal(50)}, navs=NAVS)
    highest = values.of(deed)
    assert isinstance(highest, Value2018)
    assert (highest.each, highest.doubt) == (Decimal(50), "")
    told = replace(values, told={FUND: Decimal(60)}).of(deed)
    assert isinstance(told, Value2018)
    assert told.each == 60
    doubted = replace(values, highs={}, listed={FUND}).of(deed)
    assert isinstance(doubted, Value2018)
    assert (doubted.each, "highest price" in doubted.doubt) == (Decimal("43.25"), True)


def test_a_share_that_was_not_listed_then_is_so_under_its_later_name_too() -> None:
    """Splits and renames change the name and the units, not that no exchange listed it."""
    rows = "2016-04-01 buy 10 RELIANCE @ 100\n2019-06-04 rename RELIANCE into ETERNAL"
    facts = [one.fact for one in book(rows)]
    shares = sold(TaxClass.LISTED_EQUITY, "2016-04-01", "2024-08-01", cost=100, brought=500)
    deed = replace(shares, instrument=ETERNAL)
    values = Values2018({}, corporate=facts, unlisted=frozenset({RELIANCE}))
    assert values.of(deed) == Unlisted2018()
    assert isinstance(Values2018({}, corporate=facts).of(deed), Missing)
    assert Values2018({}, corporate=facts, unlisted=frozenset({ETERNAL})).of(deed) == Unlisted2018()


def test_whatever_a_fund_house_sells_is_a_fund_whatever_a_list_calls_it() -> None:
    one = replace(fund(), asset_class=AssetClass.EQUITY)
    assert asset_of(one, category="Debt Scheme - Liquid Fund").tax_class is DEBT
    unknown = asset_of(one).tax_class
    assert isinstance(unknown, Missing)
    assert "which assets the fund holds" in unknown.reason


def test_an_asset_of_a_share_knows_no_category() -> None:
    share = Instrument(FUND, Listing("NSE", "INFY"), Isin("INE009A01021"), "", AssetClass.EQUITY, INR)
    assert asset_of(share) == Asset(FUND, "INFY", "INE009A01021", TaxClass.LISTED_EQUITY, is_listed=True)
    assert category_rule("") is None
