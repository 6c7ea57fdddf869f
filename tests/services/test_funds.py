"""Funds are known without asking, by the daily list, else by the packaged register; what is told instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from tests.services.desks import Desk
from tests.services.lists import PaperList, refresh, row
from tunefolio.adapters.funds import CasparserIsin
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse, Retry
from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.money import INR
from tunefolio.core.time import TradingDay
from tunefolio.market.funds import FundCategory, FundList, RegisteredFunds
from tunefolio.market.instruments import AssetClass, Instrument, InstrumentClaim, Listing
from tunefolio.services import funds, tax, tax_told
from tunefolio.services.contract_notes import DayNote, Terms, note_of
from tunefolio.services.dealt import units_of
from tunefolio.services.sources import Sources
from tunefolio.services.tax import TaxReport
from tunefolio.store import instruments
from tunefolio.store.jobs import JobState
from tunefolio.store.tax_answers import DeedTold, InstrumentTold
from tunefolio.trading.charges.deals import Units
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.lines import Line

LIQUID, LARGE, INDEX = (
    "Debt Scheme - Liquid Fund",
    "Equity Scheme - Large Cap Fund",
    "Other Scheme - Index Funds",
)
ONE, GOLD = Isin("INF179K01YV8"), Isin("INF204KB17I5")
DAY = TradingDay.parse("2026-11-19")
FY24 = FinancialYear(2024)
ARBITRAGE = Isin("INF179K01319")
"""HDFC Arbitrage Fund, as casparser's register has it: category and value of 2018."""


@dataclass
class PaperFunds:
    """A list of funds whose edition a test writes, or which is away."""

    said: dict[Isin, str] = field(default_factory=dict)
    problem: Exception | None = None
    name: str = "amfi"

    def fund_list(self) -> FundList:
        if self.problem is not None:
            raise self.problem
        return FundList(self.name, DAY, self.said)


@dataclass
class PaperRegister:
    """A register in memory."""

    said: Mapping[Isin, str] = field(default_factory=dict)
    values: Mapping[str, Decimal] = field(default_factory=dict)
    problem: str = ""
    name: str = "paper"
    asked: int = 0

    def funds(self, isins: Collection[str]) -> RegisteredFunds:
        self.asked += 1
        known = {one: FundCategory(words, self.name, DAY) for one, words in self.said.items() if one in isins}
        return RegisteredFunds(self.name, known, self.values, self.problem)


def units(desk: Desk, isin: Isin = ONE, exchange: str = "MF", kind: AssetClass = AssetClass.FUND) -> None:
    """A fund that is known here under the symbol FUND."""
    claim = InstrumentClaim(Listing(exchange, "FUND"), isin, "Example Fund", kind)
    with desk.database.writing() as db:
        instruments.resolve(db, [claim], desk.house.clock.now())


def bought_and_sold(desk: Desk, exchange: str = "MF") -> None:
    desk.write_down(
        f"""
        2023-04-03 buy 100 {exchange}:FUND @ 10
        2024-08-05 sell 100 {exchange}:FUND @ 15
        """
    )


def year(desk: Desk) -> TaxReport:
    with desk.database.reading() as db:
        return tax.report(db, desk.house, desk.viewer, FY24)


def known(desk: Desk) -> funds.KnownFunds:
    id = desk.instrument("FUND", "MF")
    with desk.database.reading() as db:
        return funds.known(db, desk.house.sources, {id: (ONE,)})


def test_the_daily_reading_of_lists_keeps_what_funds_are(desk: Desk) -> None:
    source = PaperFunds({ONE: LIQUID})
    desk.use(PaperList([row("INFY")]), source)
    job = refresh(desk)
    assert job.state is JobState.DONE
    assert job.result is not None
    assert job.result["fund_categories"] == {"amfi": 1}
    again = refresh(desk)
    assert again.result is not None
    assert again.result["fund_categories"] == {"amfi": 0}


def test_a_list_that_is_away_stops_nothing_and_what_is_known_stays(desk: Desk) -> None:
    source = PaperFunds({ONE: LIQUID})
    desk.use(PaperList([row("INFY")]), source)
    refresh(desk)
    source.problem = Retry("away")
    assert funds.refresh(desk.house) == {}
    assert refresh(desk).state is JobState.DONE
    units(desk)
    assert known(desk).categories == {desk.instrument("FUND", "MF"): FundCategory(LIQUID, "amfi", DAY)}


def test_a_fund_is_taxed_by_its_category_without_a_word_from_anybody(desk: Desk) -> None:
    units(desk)
    desk.use(PaperFunds({ONE: LIQUID}))
    bought_and_sold(desk)
    assert "which assets the fund holds" in year(desk).result.blockers[0].what
    funds.refresh(desk.house)
    report = year(desk)
    assert report.result.is_ready
    (gain,) = report.result.found.gains
    assert gain.asset.tax_class is TaxClass.DEBT_FUND
    assert gain.bucket.rate is None, "bought since 2023-04-01: at slab for ever"
    assert report.material.categories[gain.disposal.instrument].source == "amfi"


def test_the_daily_list_goes_before_the_register_which_helps_where_it_is_silent(desk: Desk) -> None:
    units(desk)
    register = PaperRegister({ONE: LARGE})
    desk.use(PaperFunds({ONE: LIQUID}), register)
    bought_and_sold(desk)
    (gain,) = year(desk).result.found.gains
    assert gain.asset.tax_class is TaxClass.EQUITY_FUND
    funds.refresh(desk.house)
    (gain,) = year(desk).result.found.gains
    assert gain.asset.tax_class is TaxClass.DEBT_FUND


def test_what_the_category_leaves_open_is_asked_with_the_category_named(desk: Desk) -> None:
    units(desk)
    desk.use(PaperRegister({ONE: INDEX}))
    bought_and_sold(desk)
    (blocker,) = year(desk).result.blockers
    assert INDEX in blocker.what
    assert "its index" in blocker.cure
    told = InstrumentTold(TaxClass.EQUITY_FUND)
    with desk.database.writing() as db:
        tax_told.tell_instrument(db, desk.house, desk.viewer, blocker.instrument, told)
    report = year(desk)
    assert report.result.is_ready
    assert report.result.found.gains[0].asset.tax_class is TaxClass.EQUITY_FUND


def test_units_of_2017_take_the_registers_value(desk: Desk) -> None:
    """The packaged register itself: an arbitrage fund's category, and its value as casparser has it."""
    units(desk, ARBITRAGE)
    desk.use(CasparserIsin())
    desk.write_down(
        """
        2016-04-04 buy 100 MF:FUND @ 1
        2024-08-05 sell 100 MF:FUND @ 500
        """
    )
    report = year(desk)
    assert report.result.is_ready, report.result.blockers
    (gain,) = report.result.found.gains
    each = CasparserIsin().funds([ARBITRAGE]).values[ARBITRAGE]
    assert gain.basis.value == (each * 100).quantize(Decimal("0.01"))
    assert gain.basis.value_of is not None
    assert "casparser_isin" in gain.basis.value_of.source


def test_a_register_that_cannot_be_read_leaves_funds_to_be_asked(desk: Desk) -> None:
    units(desk)
    desk.use(PaperRegister({ONE: LIQUID}, problem="its file is missing"))
    bought_and_sold(desk)
    (blocker,) = year(desk).result.blockers
    assert "which assets the fund holds" in blocker.what


def test_one_question_for_all_funds_and_none_without_funds(desk: Desk) -> None:
    register = PaperRegister({ONE: LIQUID, GOLD: "Other Scheme - Gold ETF"})
    sources = Sources((register,))
    some = {InstrumentId(place): (ONE if place % 2 else GOLD,) for place in range(1, 41)}
    with desk.database.reading() as db:
        found = funds.known(db, sources, some)
        assert register.asked == 1
        assert len(found.categories) == 40
        one = Instrument(InstrumentId(1), Listing("MF", "FUND"), ONE, "", AssetClass.FUND, INR)
        assert funds.words_of(db, {one.id: one}, sources=sources) == {one.id: LIQUID}
        assert funds.words_of(db, {one.id: one}) == {}, "no list has been read"
        share = {InstrumentId(41): ("INE009A01021",)}
        assert funds.known(db, sources, share) == funds.KnownFunds()
    assert register.asked == 2
    assert len(funds.registered(sources, some).categories) == 40


def test_a_former_isin_counts_where_todays_is_not_known() -> None:
    id = InstrumentId(1)
    sources = Sources((PaperRegister({ONE: LIQUID}, {ONE: Decimal(12)}),))
    found = funds.registered(sources, {id: (GOLD, ONE)})
    assert found.categories[id].words == LIQUID
    assert found.values == {ONE: Decimal(12)}


def test_a_fund_named_by_its_isin_alone_is_known(desk: Desk) -> None:
    desk.use(PaperRegister({ONE: LIQUID}))
    desk.write_down(f"2023-04-03 buy 100 MF:{ONE} @ 10\n2024-08-05 sell 100 MF:{ONE} @ 15")
    report = year(desk)
    assert report.result.is_ready, (report.result.blockers, report.material.instruments)
    assert report.result.found.gains[0].asset.tax_class is TaxClass.DEBT_FUND
    other = Instrument(InstrumentId(1), Listing("NSE", ONE), None, "", AssetClass.FUND, INR)
    assert funds.isins_of(other, [GOLD, None, GOLD]) == (GOLD,)


# Not listed in 2018 ------------------------------------------------------------------------------------


def test_a_share_not_listed_in_2018_takes_its_indexed_cost(desk: Desk) -> None:
    """Cost × 272 (2017-18) ÷ 254 (2015-16)."""
    claim = InstrumentClaim(Listing("NSE", "LATE"), Isin("INE758T01015"), "Late Limited")
    with desk.database.writing() as db:
        instruments.resolve(db, [claim], desk.house.clock.now())
    desk.write_down(
        """
        2015-06-01 buy 100 NSE:LATE @ 10
        2024-08-05 sell 100 NSE:LATE @ 500
        """
    )
    (blocker,) = year(desk).result.blockers
    assert "2018-01-31" in blocker.what
    told = InstrumentTold(unlisted_2018=True)
    with desk.database.writing() as db:
        tax_told.tell_instrument(db, desk.house, desk.viewer, blocker.instrument, told)
    (gain,) = year(desk).result.found.gains
    assert gain.basis.value == Decimal("1070.87")
    assert gain.taxable == Decimal("48929.13")
    with desk.database.writing() as db:
        tax_told.tell_instrument(db, desk.house, desk.viewer, blocker.instrument, InstrumentTold())
    assert year(desk).result.blockers, "taken back, it is asked again"


def test_units_of_funds_and_two_answers_at_once_are_refused(desk: Desk) -> None:
    units(desk)
    desk.write_down("2024-08-05 buy 1 NSE:INFY @ 500")
    fund, share = desk.instrument("FUND", "MF"), desk.instrument("INFY")
    for instrument, told in (
        (fund, InstrumentTold(unlisted_2018=True)),
        (share, InstrumentTold(TaxClass.EQUITY_FUND, unlisted_2018=True)),
        (share, InstrumentTold(value_2018=Decimal(5), unlisted_2018=True)),
    ):
        with desk.database.writing() as db, pytest.raises(Misuse) as caught:
            tax_told.tell_instrument(db, desk.house, desk.viewer, instrument, told)
        assert caught.value.field == "unlisted_2018"
        assert caught.value.cure


# Transaction tax of traded funds -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "isin", "category", "expected"),
    [
        ("Example Gold Fund", AssetClass.ETF, GOLD, "", Units.OTHER_FUND),
        ("Example Fund", AssetClass.ETF, GOLD, "", Units.EQUITY_FUND),
        ("Example Fund", AssetClass.ETF, GOLD, "Other Scheme - Gold ETF", Units.OTHER_FUND),
        ("Goldline Fund", AssetClass.ETF, GOLD, LARGE, Units.EQUITY_FUND),
        ("Example Fund", AssetClass.ETF, GOLD, LIQUID, Units.OTHER_FUND),
        ("Example Gold Fund", AssetClass.ETF, GOLD, "Other Scheme - Other ETFs", Units.OTHER_FUND),
        ("Example Fund", AssetClass.EQUITY, GOLD, "Other Scheme - Gold ETF", Units.OTHER_FUND),
        ("Infosys Gold", AssetClass.EQUITY, Isin("INE009A01021"), "", Units.SHARE),
        ("Infosys", AssetClass.EQUITY, None, "", Units.SHARE),
    ],
)
def test_units_on_an_exchange_are_told_apart_by_category_then_by_name(
    name: str, kind: AssetClass, isin: Isin | None, category: str, expected: Units
) -> None:
    one = Instrument(InstrumentId(1), Listing("NSE", "X"), isin, name, kind, INR)
    assert units_of(one, category) is expected


def test_a_contract_note_says_by_what_a_fund_was_told(desk: Desk) -> None:
    """1,000 units sold at 100: 0.001 % of an equity fund is a rupee, and of a gold fund nothing is taken."""
    units(desk, GOLD, "NSE", AssetClass.ETF)
    desk.write_down("2026-11-18 buy 1000 NSE:FUND @ 100\n2026-11-19 sell 1000 NSE:FUND @ 100")

    def sold() -> DayNote:
        with desk.database.reading() as db:
            return note_of(db, desk.viewer, desk.account.id, DAY, Terms("zerodha"))

    before = sold()
    assert any("an equity fund by its name" in remark for remark in before.remarks)
    assert stt_of(before) == 1
    desk.use(PaperFunds({GOLD: "Other Scheme - Gold ETF"}))
    funds.refresh(desk.house)
    after = sold()
    assert any("by its category, “Other Scheme - Gold ETF”" in remark for remark in after.remarks)
    assert stt_of(after) == 0


def stt_of(day: DayNote) -> Decimal:
    assert day.charges is not None
    line = day.charges.line(LineName.STT)
    assert isinstance(line, Line)
    return line.amount.amount


def test_no_more_tax_than_was_charged_can_be_told(desk: Desk) -> None:
    (fact,) = desk.write_down("2024-08-05 buy 1 NSE:INFY @ 500 fee 5")
    with desk.database.writing() as db:
        with pytest.raises(Misuse, match="9 is more than the fact's charges, 5"):
            tax_told.tell_deeds(db, desk.house, desk.viewer, {fact: DeedTold(stt=Decimal(9))})
        tax_told.tell_deeds(db, desk.house, desk.viewer, {fact: DeedTold(stt=Decimal(5))})
