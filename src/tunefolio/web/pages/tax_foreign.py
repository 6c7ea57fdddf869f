"""Schedule FA: foreign shares lot by lot and money abroad in one calendar year; the year's files with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.analysis.tax.blockers import NotReady
from tunefolio.analysis.tax.foreign_table import FOR_YOU
from tunefolio.services.tax_files import file_of
from tunefolio.services.tax_files import workbook as book_of
from tunefolio.services.tax_foreign import (
    ForeignReport,
    cash_key,
    csv_schedule_fa,
    explain_figure,
    foreign_report,
    row_key,
)
from tunefolio.web.api.tax import file_answer
from tunefolio.web.api.tax_foreign import ForeignFigure, pdf_answer
from tunefolio.web.api.tax_planning import workbook_answer
from tunefolio.web.deps import HouseDep, Reading
from tunefolio.web.pages.tax import After, Choice, Chosen, explained, page, part_of, year_page

router = APIRouter(prefix="/tax")


def _foreign(db: Reading, house: HouseDep, choice: Chosen) -> ForeignReport:
    return foreign_report(db, house, choice.report)


Foreign = Annotated[ForeignReport, Depends(_foreign)]


@router.get("/foreign")
def foreign(request: Request, choice: Chosen, found: Foreign, after: After = "") -> HTMLResponse:
    """The schedule with the calendar year in plain sight; each number opens how it was made."""
    return _page(request, choice, found, after)


@router.get("/foreign/explain")
def explain(request: Request, choice: Chosen, found: Foreign, figure: ForeignFigure) -> HTMLResponse:
    """How one number was made: for the drawer, or as a page of its own."""
    api = choice.place("/api/v1/tax/foreign/explain", figure=figure)
    return explained(request, explain_figure(found, figure), api)


@router.get("/export/schedule-fa.csv")
def schedule(request: Request, choice: Chosen, found: Foreign) -> Response:
    """Table A3 as the form takes it; while something must be mended, the page says so and gives no file."""
    name = f"schedule-fa-{choice.report.year}.csv"
    return _file(
        request, choice, found, lambda: file_answer(csv_schedule_fa(choice.report.result, found), name)
    )


@router.get("/export/statement.xlsx")
def workbook(request: Request, house: HouseDep, choice: Chosen, found: Foreign) -> Response:
    """The workbook with Schedule FA in it."""
    name = f"statement-{choice.report.year}.xlsx"
    return _file(
        request, choice, found, lambda: workbook_answer(book_of(file_of(house, choice.report, found)), name)
    )


@router.get("/export/statement.pdf")
def paper(request: Request, house: HouseDep, choice: Chosen, found: Foreign) -> Response:
    """The year on paper, Schedule FA with it."""
    return _file(request, choice, found, lambda: pdf_answer(house, choice.report, found))


def _file(request: Request, choice: Choice, found: ForeignReport, made: Callable[[], Response]) -> Response:
    """What must be mended first is listed where it stands: on the year, or on the schedule."""
    try:
        return made()
    except NotReady as refused:
        if not choice.report.result.is_ready:
            return year_page(request, choice, refused=str(refused))
        return _page(request, choice, found, refused=str(refused))


def _page(
    request: Request, choice: Choice, found: ForeignReport, after: str = "", refused: str = ""
) -> HTMLResponse:
    values: dict[str, Any] = {
        "foreign": found,
        "part": part_of(found.rows, after),
        "row_key": row_key,
        "cash_key": cash_key,
        "for_you": FOR_YOU,
        "refused": refused,
    }
    status = 409 if refused else 200
    return page(request, "tax/foreign.html", choice, status=status, **values)
