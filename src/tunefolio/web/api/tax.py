"""A year's tax of one who is taxed: summary, deeds, receipts, schedules, rules, exports. Sums are text."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from tunefolio.analysis.tax.schedule_112a import columns_112a, csv_112a, doubts_112a, rows_112a
from tunefolio.analysis.tax.statement import csv_statement
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import AccountId, TaxpayerId
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.services import tax as taxes
from tunefolio.services import tax_json as told
from tunefolio.services.tax import TaxReport
from tunefolio.web.api.answers import Limit, after_id, day_of, reply
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading

v1 = APIRouter(prefix="/tax", tags=["tax"])
YearChoice = Annotated[
    str, Query(max_length=12, description="A financial year, 2024-25; else the running one.")
]
TaxpayerChoice = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description="Whose income: one of /tax/taxpayers; else the first's.")
]
After = Annotated[str, Query(max_length=20, description="`next` of the page before.")]
_EXPORTS = {"schedule-112a": csv_112a, "statement": csv_statement}


def _asked(
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    year: YearChoice = "",
    taxpayer: TaxpayerChoice = None,
) -> TaxReport:
    """Raises Misuse naming the year, NotFound for another's taxpayer."""
    chosen = FinancialYear.parse(year) if year else taxes.running_year(house)
    whose = None if taxpayer is None else TaxpayerId(taxpayer)
    return taxes.report(db, house, viewer, chosen, taxpayer=whose)


Asked = Annotated[TaxReport, Depends(_asked)]
"""?year=&taxpayer=: that year of that taxpayer."""


@v1.get("")
def year(report: Asked) -> Response:
    """The year at a glance: incomes by head, set-off, tax by rate, what was withheld, what to mend first. A
    sum that hangs on a deed to mend or on a slab that is not told is null, with reason and cure beside it."""
    return reply(told.summary(report.result, report.subject.taxpayer.name))


@v1.get("/deeds")
def deeds(report: Asked, after: After = "", limit: Limit = 100) -> Response:
    """Every deed of the year: gains by lot, crypto, trades of a business, what the law leaves out."""
    found = report.result.found
    rows = [*found.gains, *found.vda, *found.trades, *found.exempt]
    return reply(_page(rows, after, limit, lambda one: told.deed(one, _names(report))))


@v1.get("/incomes")
def incomes(report: Asked, after: After = "", limit: Limit = 100) -> Response:
    """Dividends, interest, rewards and tax withheld."""
    assets = report.record.assets
    rows = report.result.found.earned
    return reply(_page(rows, after, limit, lambda one: told.income(one, assets, _names(report))))


@v1.get("/schedule-112a")
def schedule_112a(report: Asked) -> Response:
    """The rows of Schedule 112A as they stand, with the columns that the upload of the year has."""
    result = report.result
    return reply(
        {
            "columns": [rule.word("header") for rule in columns_112a(result)],
            "data": [told.row_112a(row) for row in rows_112a(result)],
            "doubts": list(doubts_112a(result)),
            "is_ready": result.is_ready,
        }
    )


@v1.get("/quarters")
def quarters(report: Asked) -> Response:
    """Schedule CG, table F: gains after set-off by the periods of advance tax; dividends likewise."""
    return reply(told.quarters(report.result))


@v1.get("/advance")
def advance(report: Asked) -> Response:
    """What of the tax of these books is due in advance, by which day."""
    return reply(told.advance(report.result))


@v1.get("/export/{name}.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def export(report: Asked, name: Annotated[str, Path(pattern="^(schedule-112a|statement)$")]) -> Response:
    """The file for the return. 409 with the list of what to mend while the books do not bear it."""
    return file_answer(_EXPORTS[name](report.result), f"{name}-{report.year}.csv")


@v1.get("/rules")
def rules(
    house: HouseDep,
    _viewer: CurrentViewer,
    date: Annotated[str, Query(max_length=10, description="YYYY-MM-DD; else today.")] = "",
) -> Response:
    """Every rule of tax in force on a day, with its range, sources and confidence."""
    day = day_of(date, "date") if date else TradingDay(calendar_date(house.clock.now()))
    return reply(told.rules(told.rules_on(day), day))


def file_answer(text: str, filename: str) -> Response:
    """A file to keep; never shown in the browser, never stored between."""
    headers = {
        "content-disposition": f'attachment; filename="{filename}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _names(report: TaxReport) -> dict[AccountId, str]:
    return {home.id: home.name for home in report.subject.accounts}


def _page(rows: list[Any], after: str, limit: int, shown: Any) -> dict[str, Any]:
    """Rows by their place in the year; `next` is the place after the last one."""
    start = after_id(after) or 0
    part = rows[start : start + limit]
    body: dict[str, Any] = {"data": [shown(one) for one in part], "total": len(rows)}
    return body | ({"next": str(start + limit)} if start + limit < len(rows) else {})
