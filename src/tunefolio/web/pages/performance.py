"""How a scope did in a period: returns, the statement that adds up, curves, risk, a benchmark."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from tunefolio.core.identity import InstrumentId
from tunefolio.services import views
from tunefolio.services.views.shapes_performance import PerformanceView
from tunefolio.web import render
from tunefolio.web.api.answers import QueryText, day_of
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading
from tunefolio.web.pages.forms import QueryId, find_id

router = APIRouter()
FIRST_PERIOD = "1Y"
DayQuery = Annotated[str, Query(max_length=10)]


@router.get("/performance")
def performance(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    scope: QueryText = "all",
    period: QueryText = FIRST_PERIOD,
    benchmark: QueryId = "",
    first: DayQuery = "",
    last: DayQuery = "",
) -> HTMLResponse:
    """first and last, both days inside, ask for a period of one's own; else `period` names one."""
    compared = find_id(benchmark, "benchmark")
    view = views.performance(
        db,
        house,
        viewer,
        scope=scope or "all",
        period=own_period(first, last) or period or FIRST_PERIOD,
        benchmark=None if compared is None else InstrumentId(compared),
    )
    return render.page(
        request,
        "performance/page.html",
        view=view,
        here=address_of(view),
        address_of=partial(address_of, view),
    )


def own_period(first: str, last: str) -> str:
    """`2024-01-01..2024-06-30`; "" when neither day is given. Raises Misuse naming the field."""
    if not first and not last:
        return ""
    return f"{day_of(first, 'first')}..{day_of(last, 'last')}"


def address_of(view: PerformanceView, period: str = "") -> str:
    """This page's address, with another period if one is named."""
    words = {"scope": view.scope.key, "period": period or view.period.name}
    if view.benchmark is not None:
        words["benchmark"] = str(view.benchmark.chosen.instrument)
    return f"/performance?{urlencode(words)}"
