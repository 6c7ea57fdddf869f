"""Performance and explanations: money as text, each figure with its convention and its derivation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tunefolio.analysis.derivation import as_json
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.services import views
from tunefolio.services.house import House
from tunefolio.services.views.shapes_figures import Ask, Figure
from tunefolio.services.views.shapes_performance import PerformanceView, SeriesPoint
from tunefolio.store.db import ReadDb
from tunefolio.web.api.answers import QueryText, reply
from tunefolio.web.api.figures import computed_json, figure_json, ratio_json
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading

v1 = APIRouter(tags=["performance"])
Explain = Annotated[int, Query(ge=0, le=1, description="1: each figure with its derivation beside it.")]
Benchmark = Annotated[int | None, Query(ge=1, le=MAX_ID, description="An instrument to compare with.")]
FigureName = Annotated[str, Query(min_length=1, max_length=80)]


@v1.get("/performance")
def performance(
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    scope: QueryText = "all",
    period: QueryText = "1Y",
    benchmark: Benchmark = None,
    explain: Explain = 0,
) -> Response:
    """Returns, statement, risk, curve of a scope in a period.

    scope: all, portfolio:3, account:2, holding:2:17, instrument:17, sector:Banks, class:equity, currency:USD,
    tag:long. period: 1M 3M 6M YTD 1Y 3Y 5Y all, FY2024, 2024-01-01..2024-06-30 (both days inside).
    """
    chosen = None if benchmark is None else InstrumentId(benchmark)
    view = views.performance(db, house, viewer, scope=scope, period=period, benchmark=chosen)
    body = _performance(view)
    if explain:
        body["derivations"] = derivations(db, house, viewer, _figures(view))
    return reply(body)


@v1.get("/explain")
def explained(
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    figure: FigureName,
    scope: QueryText = "all",
    period: QueryText = "",
    benchmark: QueryText = "",
) -> Response:
    """What a figure is made of, down to facts, prices and rates; figures of the API name this address."""
    return reply(as_json(views.explanation(db, house, viewer, Ask(figure, scope, period, benchmark))))


def derivations(db: ReadDb, house: House, viewer: Viewer, figures: Iterable[Figure]) -> dict[str, Any]:
    """By name of figure; what stands beside the figures when asked with explain=1."""
    return {one.name: as_json(views.explanation(db, house, viewer, one.ask)) for one in figures}


def _figures(view: PerformanceView) -> tuple[Figure, ...]:
    told = view.statement
    compared = view.benchmark.figures if view.benchmark is not None else ()
    return (told.start, *told.lines, told.end, *told.details, *view.returns, *view.risk, *compared)


def _performance(view: PerformanceView) -> dict[str, Any]:
    told = view.statement
    return {
        "scope": view.scope.key,
        "currency": view.scope.currency,
        "period": {
            "name": view.period.name,
            "first": view.period.first.iso(),
            "last": view.period.last.iso(),
        },
        "statement": {
            "start": figure_json(told.start),
            "lines": [figure_json(one) for one in told.lines],
            "end": figure_json(told.end),
            "details": [figure_json(one) for one in told.details],
        },
        "returns": [figure_json(one) for one in view.returns],
        "risk": [figure_json(one) for one in view.risk],
        "benchmark": None
        if view.benchmark is None
        else {
            "instrument": view.benchmark.chosen.instrument,
            "title": view.benchmark.chosen.title,
            "figures": [figure_json(one) for one in view.benchmark.figures],
        },
        "curve": [_point(one) for one in view.curve],
        "computed": computed_json(view.computed),
        "notes": list(view.notes),
    }


def _point(point: SeriesPoint) -> dict[str, Any]:
    return {
        "day": point.day.iso(),
        "value": ratio_json(point.value),
        "growth": ratio_json(point.growth),
        "invested": ratio_json(point.invested),
        "benchmark": ratio_json(point.benchmark),
        "drawdown": ratio_json(point.drawdown),
    }
