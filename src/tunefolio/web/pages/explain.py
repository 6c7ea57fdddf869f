"""One figure explained: the drawer's content for HTMX, a page of its own without it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from tunefolio.analysis.derivation import Derivation, Ref, RefKind, Table
from tunefolio.core.money import Currency, Money
from tunefolio.services import views
from tunefolio.services.views.performance import LINES, TITLES
from tunefolio.services.views.shapes_figures import Ask
from tunefolio.web import filters, render
from tunefolio.web.api.answers import QueryText
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading
from tunefolio.web.figures import address

router = APIRouter()
FigureQuery = Annotated[str, Query(min_length=1, max_length=80)]
_SHOWN_ROWS = 400
_WORDS = {
    "sum": "Added up",
    "difference": "The first less the others",
    "product": "Multiplied",
    "quotient": "The first divided by the second",
    "negate": "With the other sign",
    "same": "The same figure",
}


@router.get("/explain")
def explain(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    figure: FigureQuery,
    scope: QueryText = "all",
    period: QueryText = "",
    benchmark: QueryText = "",
) -> HTMLResponse:
    asked = Ask(figure, scope or "all", period, benchmark)
    node = views.explanation(db, house, viewer, asked)
    values: dict[str, Any] = {
        "node": node,
        "title": title_of(figure) or node.name,
        "api": address(asked, "/api/v1/explain"),
        "number_of": number_of,
        "href_of": href_of,
        "words_of": words_of,
        "rows_of": rows_of,
    }
    if render.wants_fragment(request):
        return render.partial(request, "explain/_tree.html", **values)
    return render.page(request, "explain/page.html", **values)


def title_of(figure: str) -> str:
    """What pages call it; "" for cells of tables, which their node names."""
    name = figure.removeprefix("statement.")
    line = LINES.get(name) if name != figure else None
    return line[0] if line is not None else TITLES.get(figure, "")


def number_of(node: Derivation) -> str:
    """The value with its unit as people read it; every decimal of a money leaf that has more than paise."""
    value = node.value
    if isinstance(value, str):
        return value
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    match node.unit:
        case "ratio":
            return filters.percent(exact, 4)
        case unit if len(unit) == 3 and unit.isupper():
            if exact == exact.quantize(Decimal("0.01")):
                return filters.money(Money(exact, Currency(unit)))
            return f"{filters.symbol(unit)}{filters.quantity(exact)}"
        case unit:
            return f"{filters.quantity(exact)} {unit}".rstrip()


def href_of(ref: Ref) -> str:
    """The row a leaf can be opened as; "" for a convention, a price or a rate, which name their source."""
    if ref.kind in {RefKind.FACT, RefKind.LOT} and ref.id:
        return f"/transactions/{ref.id}"
    return ""


def words_of(op: str) -> str:
    if op.startswith("product, "):
        return f"Multiplied and rounded once to {op.removeprefix('product, ')}"
    return _WORDS.get(op, op)


def _cell(number: float) -> str:
    """To four places; a day without the value says so."""
    return filters.NOTHING if math.isnan(number) else filters.quantity(round(Decimal(repr(number)), 4))


def rows_of(table: Table) -> Iterator[tuple[str, ...]]:
    """The newest rows, as text; long tables are shown in part."""
    columns = list(table.columns.values())
    newest_first = range(len(table.days) - 1, -1, -1)
    for place in islice(newest_first, _SHOWN_ROWS):
        figures = (_cell(column[place]) for column in columns)
        yield (f"{date.fromordinal(table.days[place]):%d %b %Y}", *figures)
