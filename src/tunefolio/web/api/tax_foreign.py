"""Schedule FA of a calendar year and the files that hold it: JSON, the form's CSV, the year as PDF."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from tunefolio.analysis.derivation import as_json as tree
from tunefolio.core.errors import Misuse
from tunefolio.services.house import House
from tunefolio.services.tax import TaxReport
from tunefolio.services.tax_files import file_of
from tunefolio.services.tax_foreign import (
    ForeignReport,
    as_json,
    csv_schedule_fa,
    explain_figure,
    foreign_report,
)
from tunefolio.services.tax_pdf import pdf_statement
from tunefolio.web.api.answers import reply
from tunefolio.web.api.tax import Asked, file_answer
from tunefolio.web.deps import HouseDep, Reading

v1 = APIRouter(prefix="/tax", tags=["tax"])
MOST_DEEDS = 20_000
"""A document of so many takes some ten seconds."""
PDF = "application/pdf"
ForeignFigure = Annotated[
    str, Query(min_length=1, max_length=160, description="a3:KEY:peak, a2:KEY:closing, … with a row's `key`")
]


def _foreign(db: Reading, house: HouseDep, report: Asked) -> ForeignReport:
    return foreign_report(db, house, report)


Foreign = Annotated[ForeignReport, Depends(_foreign)]


@v1.get("/foreign")
def foreign(found: Foreign) -> Response:
    """Schedule FA of the calendar year that ends in the financial year: table A3 by lot, the money of A2."""
    return reply(as_json(found))


@v1.get("/foreign/explain")
def explain(found: Foreign, figure: ForeignFigure) -> Response:
    """A number of the schedule as a tree down to facts, closes and rates that recomputes it."""
    return reply(tree(explain_figure(found, figure)))


@v1.get("/export/schedule-fa.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def schedule(report: Asked, found: Foreign) -> Response:
    """Table A3 in the form's columns, whole rupees; 409 with what to mend while the books do not bear it."""
    return file_answer(csv_schedule_fa(report.result, found), f"schedule-fa-{report.year}.csv")


@v1.get("/export/statement.pdf", response_class=Response, responses={200: {"content": {PDF: {}}}})
def statement(house: HouseDep, report: Asked, found: Foreign) -> Response:
    """The year on paper: summary, statement, schedules and notes. 409 with what to mend, as the CSV."""
    return pdf_answer(house, report, found)


def pdf_answer(house: House, report: TaxReport, found: ForeignReport) -> Response:
    """A document to keep; never stored between. Raises NotReady, Misuse for more than a request may make."""
    found_deeds = report.result.found
    deeds = len(found_deeds.gains) + len(found_deeds.vda) + len(found_deeds.trades)
    if deeds > MOST_DEEDS:
        raise Misuse(
            "year",
            f"has {deeds:,} deeds, too many for a document made while you wait",
            cure="Take the CSV or the workbook, or `tunefolio tax --pdf FILE` on the machine",
        )
    headers = {
        "content-disposition": f'attachment; filename="statement-{report.year}.pdf"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    content = pdf_statement(file_of(house, report, found), house.clock.now())
    return Response(content, media_type=PDF, headers=headers)
