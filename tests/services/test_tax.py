"""A taxpayer's year out of the books: what was told counts, what must be mended is named."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.services.desks import Desk
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.blockers import BlockerKind, NotReady
from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.schedule_112a import csv_112a, doubts_112a, rows_112a
from tunefolio.analysis.tax.taxpayer import EarlierLoss, LossKind, Others, Regime, Residency
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.identity import Isin, TaxpayerId
from tunefolio.core.money import INR
from tunefolio.core.people import Role, Viewer
from tunefolio.ledger.accounts import AccountKind
from tunefolio.ledger.lots import Method
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services import imports, tax, tax_told
from tunefolio.services.tax import MYSELF, TaxReport
from tunefolio.store import accounts, instruments
from tunefolio.store.tax_answers import DeedTold, InstrumentTold, YearTold

FY24, FY25 = FinancialYear(2024), FinancialYear(2025)
INFY = InstrumentClaim(Listing("NSE", "INFY"), Isin("INE009A01021"), "Infosys Limited")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """One company whose ISIN says what it is."""
    with desk.database.writing() as db:
        instruments.resolve(db, [INFY], desk.house.clock.now())
    return desk


def year(desk: Desk, of: FinancialYear = FY24, taxpayer: TaxpayerId | None = None) -> TaxReport:
    with desk.database.reading() as db:
        return tax.report(db, desk.house, desk.viewer, of, taxpayer=taxpayer)


def sums(report: TaxReport) -> dict[Head, Decimal]:
    found: dict[Head, Decimal] = {}
    for bucket, amount in report.result.found.sums().items():
        found[bucket.head] = found.get(bucket.head, Decimal(0)) + amount
    return found


def test_a_year_is_worked_out_of_the_facts(desk: Desk) -> None:
    desk.write_down(
        """
        2023-04-03 buy 100 NSE:INFY @ 1400
        2024-05-02 sell 40 NSE:INFY @ 1500
        2024-08-01 sell 60 NSE:INFY @ 1900
        """
    )
    report = year(desk)
    assert sums(report) == {Head.LONG_TERM: Decimal(40 * 100 + 60 * 500)}
    assert report.result.is_ready
    assert report.subject.taxpayer.id == MYSELF
    rows = rows_112a(report.result)
    assert [(row.isin, row.transferred, row.balance) for row in rows] == [
        ("INE009A01021", "BE", Decimal(4_000)),
        ("INE009A01021", "AE", Decimal(30_000)),
    ]
    assert csv_112a(report.result).count("\n") >= 2


def test_the_tax_among_charges_is_worked_out_where_nobody_told_it(desk: Desk) -> None:
    """40,000 sold: 0.1 % is 40 of the 60 charged; the purchase bears 0.1 % of 28,000."""
    _bought, sold = desk.write_down(
        """
        2023-04-03 buy 20 NSE:INFY @ 1400 fee 50
        2024-08-01 sell 20 NSE:INFY @ 2000 fee 60
        """
    )
    (gain,) = year(desk).result.found.gains
    assert gain.disposal.sold.stt == Decimal(40)
    assert gain.disposal.bought.stt == Decimal(28)
    assert gain.taxable == Decimal(40_000 - 20 - 28_000 - 22)
    with desk.database.writing() as db:
        tax_told.tell_deeds(db, desk.house, desk.viewer, {sold: DeedTold(stt=Decimal(41))})
    (gain,) = year(desk).result.found.gains
    assert gain.taxable == Decimal(40_000 - 19 - 28_000 - 22)


def test_a_day_of_buying_and_selling_gives_its_tax_to_the_sales(desk: Desk) -> None:
    """The worked note: 500 @ 100 bought, 500 @ 105 sold, 200 @ 110 bought; taxed with 13 and 21 rupees."""
    desk.write_down(
        """
        2024-06-03 buy 500 NSE:INFY @ 100 fee 30
        2024-06-03 sell 500 NSE:INFY @ 105 fee 30
        2024-06-03 buy 200 NSE:INFY @ 110 fee 30
        2025-08-01 sell 200 NSE:INFY @ 120 fee 30
        """
    )
    report = year(desk)
    (trade,) = report.result.found.trades
    assert trade.head is Head.SPECULATIVE
    assert trade.disposal.sold.stt == Decimal(13)
    later = year(desk, FY25)
    bought = sum((gain.disposal.bought.stt or Decimal(0) for gain in later.result.found.gains), Decimal(0))
    assert Decimal(0) < bought <= Decimal(21)


def test_the_law_takes_the_oldest_first_whatever_method_is_shown(desk: Desk) -> None:
    """CBDT circular 768: first in, first out by demat account."""
    desk.write_down(
        """
        2022-04-03 buy 10 NSE:INFY @ 100
        2024-04-03 buy 10 NSE:INFY @ 180
        2024-06-03 sell 10 NSE:INFY @ 200
        """
    )
    with desk.database.writing() as db:
        accounts.set_lot_method(db, desk.viewer, desk.account.id, Method.LIFO)
    assert sums(year(desk)) == {Head.LONG_TERM: Decimal(1_000)}


def test_units_of_unknown_day_stand_in_the_way_of_every_export(desk: Desk) -> None:
    desk.write_down("2024-04-03 opening 10 NSE:INFY @ 1400")
    report = year(desk)
    assert [one.kind for one in report.result.blockers] == [BlockerKind.UNDATED]
    with pytest.raises(NotReady, match="no day of purchase"):
        csv_112a(report.result)


def test_an_instrument_nobody_knows_is_named_until_it_is_told(desk: Desk) -> None:
    desk.write_down(
        """
        2022-04-03 buy 10 NSE:ODD @ 100
        2024-05-02 sell 10 NSE:ODD @ 150
        """
    )
    (blocker,) = year(desk).result.blockers
    assert "its ISIN" in blocker.what
    with desk.database.writing() as db:
        tax_told.tell_instrument(
            db, desk.house, desk.viewer, blocker.instrument, InstrumentTold(TaxClass.LISTED_EQUITY)
        )
    report = year(desk)
    assert report.result.is_ready
    assert sums(report) == {Head.LONG_TERM: Decimal(500)}


def test_a_hole_of_a_year_before_stands_in_the_way_of_this_one(desk: Desk) -> None:
    desk.write_down(
        """
        2022-04-03 buy 10 NSE:ODD @ 100
        2023-05-02 sell 10 NSE:ODD @ 50
        2024-04-03 buy 10 NSE:INFY @ 100
        2024-05-02 sell 10 NSE:INFY @ 150
        """
    )
    assert not year(desk).result.is_ready


def test_losses_of_the_books_and_told_ones_are_carried(desk: Desk) -> None:
    desk.write_down(
        """
        2023-04-03 buy 10 NSE:INFY @ 1500
        2023-05-03 sell 10 NSE:INFY @ 1000
        2024-05-02 buy 10 NSE:INFY @ 1000
        2024-06-03 sell 10 NSE:INFY @ 2000
        """
    )
    with desk.database.writing() as db:
        told = [EarlierLoss(FinancialYear(2021), LossKind.SHORT_TERM, Decimal(1_000))]
        tax_told.tell_losses(db, desk.house, desk.viewer, MYSELF, FinancialYear(2023), told)
        with pytest.raises(Misuse, match="told for another year"):
            tax_told.tell_losses(db, desk.house, desk.viewer, MYSELF, FY24, told)
        old = [EarlierLoss(FinancialYear(2012), LossKind.SHORT_TERM, Decimal(1))]
        with pytest.raises(Misuse, match="cannot be brought into"):
            tax_told.tell_losses(db, desk.house, desk.viewer, MYSELF, FY24, old)
    report = year(desk)
    assert sum((line.after for line in report.result.levy.lines), Decimal(0)) == Decimal(4_000)
    assert report.result.brought_on() == ()


def test_an_account_belongs_to_one_taxpayer(desk: Desk) -> None:
    with desk.database.writing() as db:
        mother = tax_told.add_taxpayer(db, desk.house, desk.viewer, "  Amma  ", Residency.RESIDENT)
        now = desk.house.clock.now()
        other = accounts.add(
            db, desk.viewer, desk.portfolio.id, "Amma's demat", AccountKind.MANUAL, INR, now, "", ""
        )
        tax_told.give_accounts(db, desk.house, desk.viewer, mother.id, [other.id])
    desk.write_down("2023-04-03 buy 10 NSE:INFY @ 100", other.id)
    desk.write_down("2024-06-03 sell 10 NSE:INFY @ 150", other.id)
    assert mother.name == "Amma"
    assert sums(year(desk)) == {}
    assert sums(year(desk, taxpayer=mother.id)) == {Head.LONG_TERM: Decimal(500)}
    with desk.database.writing() as db:
        tax_told.drop_taxpayer(db, desk.house, desk.viewer, mother.id)
        (first,) = tax.subjects(db, desk.viewer)
        with pytest.raises(Misuse, match="the first one stays"):
            tax_told.drop_taxpayer(db, desk.house, desk.viewer, first.taxpayer.id)
    assert sums(year(desk)) == {Head.LONG_TERM: Decimal(500)}


def test_what_was_told_of_a_year_counts_in_it(desk: Desk) -> None:
    desk.write_down(
        """
        2023-04-03 buy 1000 NSE:INFY @ 1000
        2024-08-01 sell 1000 NSE:INFY @ 1500
        """
    )
    before = year(desk).result.levy
    with desk.database.writing() as db:
        told = YearTold(FY24, Regime.NEW, others=Others(salary=Decimal(2_000_000)), slab_rate=Decimal("0.3"))
        tax_told.tell_year(db, desk.house, desk.viewer, MYSELF, told)
    after = year(desk)
    assert after.told == told
    assert after.result.levy.special_tax >= before.special_tax
    assert after.result.levy.special_tax == Decimal("0.125") * (500_000 - 125_000)


@pytest.mark.parametrize("of", [FinancialYear(2016), FinancialYear(2030)])
def test_a_year_without_rules_is_refused(desk: Desk, of: FinancialYear) -> None:
    with pytest.raises(Misuse, match="is not reckoned here"):
        year(desk, of)


def test_a_reader_tells_nothing_and_a_stranger_finds_nobody(desk: Desk) -> None:
    reader = Viewer(desk.person.id, Role.READER)
    with desk.database.writing() as db:
        with pytest.raises(Forbidden):
            tax_told.add_taxpayer(db, desk.house, reader, "Amma", Residency.RESIDENT)
        one = tax_told.add_taxpayer(db, desk.house, desk.viewer, "Amma", Residency.RESIDENT)
    stranger = desk.neighbour()
    with stranger.database.reading() as db, pytest.raises(NotFound):
        tax.report(db, stranger.house, stranger.viewer, FY24, taxpayer=one.id)


def test_what_a_file_brought_in_vain_is_told_until_it_is_in_the_books(desk: Desk) -> None:
    """A sale that was refused is in no figure: the year and its exports say so, whatever the year."""
    sold = b"desk\n2024-05-01,sell,INFY,5,1600,S1\n"

    def bring_in() -> None:
        with desk.database.writing() as db:
            imports.import_file(db, desk.house, desk.viewer, desk.account.id, "trades.csv", sold)

    bring_in()
    said = f"1 row of trades.csv, imported into {desk.account.name} on "
    report = year(desk)
    assert report.result.doubts[0].startswith(said)
    assert doubts_112a(report.result)[0].startswith(said)
    desk.write_down("2024-04-01 buy 5 NSE:INFY @ 1500")
    assert any(one.startswith(said) for one in year(desk).result.doubts), "the sale is still missing"
    bring_in()
    assert not any(one.startswith(said) for one in year(desk).result.doubts)
