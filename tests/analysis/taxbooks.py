"""A year of tax out of a text book, as the command line tells it: reckoned(BOOK, "2024-25", ANSWERS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tunefolio.analysis.tax.blockers import undated
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.time import TradingDay
from tunefolio.ledger.textbook import read_book
from tunefolio.services import tax_json
from tunefolio.services.tax_answers import read_answers
from tunefolio.services.tax_records import Material, lawful, reckoned, record_of
from tunefolio.services.textbook import folded_book, instrument_of, rate_book

TODAY = TradingDay.parse("2027-03-31")


def year_of(text: str, year: str, answers: str = "") -> TaxYear:
    """What `tunefolio tax FILE --told ANSWERS --year` works out. Raises BookRefused and Misuse alike."""
    book = read_book(text.split("\n"), file="book", today=TODAY)
    told = read_answers(book, answers.split("\n"))
    _, facts = folded_book(book, file="book")
    known = {id: instrument_of(one) for id, one in book.instruments.items()}
    histories = book.histories()
    holdings = lawful(histories, known, histories)
    isins = {id: (str(one.isin),) if one.isin else () for id, one in known.items()}
    record, law = record_of(Material(holdings, facts, known, isins, rate_book(book.rates), told.told))
    asked = FinancialYear.parse(year)
    return reckoned(record, law, told.until(asked), told.entered, asked, blockers=undated(holdings))


def told_of(result: TaxYear) -> dict[str, Any]:
    """The same as JSON."""
    return tax_json.whole(result, "book", {}, {})


@dataclass(frozen=True)
class Case:
    """A worked case of a source. rows: section, rate and gain of each deed in order (head and gain where it
    has no section), then each dividend; payable: as rounded, or what is lacking to know it. To the paisa."""

    source: str
    book: str
    year: str
    rows: tuple[str, ...]
    payable: str
    answers: str = ""

    def __str__(self) -> str:
        return f"{self.source[:40]} {self.rows[0]}"


def worked_out(case: Case) -> tuple[tuple[str, ...], str]:
    """What the books come to, in the words of the case; nothing may be left to mend."""
    result = year_of(case.book, case.year, case.answers)
    assert result.blockers == ()
    told = told_of(result)
    rows = [_row(deed) for deed in told["deeds"]]
    rows += [f"dividend {one['taxable']}" for one in told["incomes"] if one["kind"] != "withheld"]
    levy = told["levy"]
    return tuple(rows), levy.get("payable_reason") or levy["payable"]


def _row(deed: dict[str, str]) -> str:
    if "section" not in deed:
        return f"{deed['head']} {deed['gain']}"
    if deed["rate"] is None:
        return f"slab {deed['gain']}"
    return f"{deed['section']} {deed['rate']} {deed['gain']}"
