"""What is remembered of a taxpayer's books: another year reads them not again, a new fact or answer does."""

from __future__ import annotations

from decimal import Decimal

from tests.services.desks import Desk
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import Isin, TransactionId
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services import tax, tax_told
from tunefolio.services.tax import MYSELF, TaxReport
from tunefolio.store import instruments
from tunefolio.store.tax_answers import DeedTold, YearTold

FY24, FY25 = FinancialYear(2024), FinancialYear(2025)
INFY = InstrumentClaim(Listing("NSE", "INFY"), Isin("INE009A01021"), "Infosys Limited")
BOOK = """2023-04-03 buy 100 NSE:INFY @ 1400 fee 200
2024-05-02 sell 40 NSE:INFY @ 1500 fee 100
2025-08-01 sell 60 NSE:INFY @ 1900 fee 150"""


def report(desk: Desk, year: FinancialYear) -> TaxReport:
    with desk.database.reading() as db:
        return tax.report(db, desk.house, desk.viewer, year)


def gain(found: TaxReport) -> Decimal:
    (one,) = found.result.found.gains
    return one.taxable


def filled(desk: Desk) -> list[TransactionId]:
    with desk.database.writing() as db:
        instruments.resolve(db, [INFY], desk.house.clock.now())
    return desk.write_down(BOOK)


def told(desk: Desk, year: FinancialYear, rate: str) -> None:
    with desk.database.writing() as db:
        tax_told.tell_year(db, desk.house, desk.viewer, MYSELF, YearTold(year, slab_rate=Decimal(rate)))


def test_every_year_is_worked_out_of_books_that_were_read_once(desk: Desk) -> None:
    """Of the charges 200 and 100, 140 and 60 are the tax: 24 and 40 are left for 40 of 100 units."""
    filled(desk)
    first, second = report(desk, FY24), report(desk, FY25)
    assert first.record is second.record
    assert report(desk, FY24) is first
    assert gain(first) == Decimal(40 * 100 - 24 - 40)
    assert gain(second) == Decimal(60 * 500 - 36 - 36)


def test_an_answer_about_a_year_leaves_the_books_as_they_were_read(desk: Desk) -> None:
    filled(desk)
    told(desk, FY24, "0.2")
    before = report(desk, FY24)
    told(desk, FY24, "0.3")
    after = report(desk, FY24)
    assert (before.told.slab_rate, after.told.slab_rate) == (Decimal("0.2"), Decimal("0.3"))
    assert after.record is before.record


def test_a_new_fact_and_an_answer_about_a_deed_read_them_again(desk: Desk) -> None:
    _bought, sold, _later = filled(desk)
    report(desk, FY24)
    with desk.database.writing() as db:
        tax_told.tell_deeds(db, desk.house, desk.viewer, {sold: DeedTold(stt=Decimal(61))})
    assert gain(report(desk, FY24)) == Decimal(40 * 100 - 24 - 39)
    desk.write_down("2023-04-01 buy 40 NSE:INFY @ 1000")
    assert gain(report(desk, FY24)) == Decimal(40 * 500 - 39), "the older units leave first"


def test_a_neighbours_books_are_read_apart(desk: Desk) -> None:
    filled(desk)
    mine, other = report(desk, FY24), report(desk.neighbour(), FY24)
    assert mine.record.disposals
    assert not other.record.disposals
