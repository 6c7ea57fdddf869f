"""Templates to HTML: a whole page for a visit, one block of it for HTMX.

Every page template extends "layout.html" and fills `{% block content %}`; finer blocks may stand inside it.
HTMX that targets `#holdings` gets `{% block holdings %}` when the template has one, else `content`.
Always there: now, person (None when signed out), path, rehearsal, version, asset(name).
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from tunefolio.core.money import Money, Price
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.services.house import House
from tunefolio.services.views import HoldingRow
from tunefolio.web import filters
from tunefolio.web.kept import Kept

STATIC = Path(__file__).parent / "static"
MAIN_BLOCK = "content"


def page(
    request: Request, template: str, *, status: int = 200, block: str | None = None, **context: Any
) -> HTMLResponse:
    """The whole page, or for HTMX only `block` (else the block its target names, else `content`)."""
    values = {**surroundings(request), **context}
    if not wants_fragment(request):
        return HTMLResponse(environment().get_template(template).render(values), status)
    names = (block,) if block else (target_of(request), MAIN_BLOCK)
    return HTMLResponse(render_block(template, names, values), status)


def partial(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A template that is a fragment by itself, such as partials/_kpi_strip.html."""
    values = {**surroundings(request), **context}
    return HTMLResponse(environment().get_template(template).render(values), status)


def wants_fragment(request: Request) -> bool:
    """Whether HTMX asks for a part: not for a boosted, restored, or by its own word full visit."""
    headers = request.headers
    return (
        headers.get("hx-request") == "true"
        and headers.get("hx-request-type", "partial") == "partial"
        and "hx-boosted" not in headers
        and "hx-history-restore-request" not in headers
    )


def target_of(request: Request) -> str:
    """The block HTMX aims at: `div#value-curve` and `value-curve` mean block value_curve."""
    return request.headers.get("hx-target", "").rpartition("#")[2].replace("-", "_")


def render_block(template: str, names: tuple[str, ...], values: dict[str, Any]) -> str:
    """The first of `names` the template has; the whole template when it has none.

    The template's own head is run first, so that its imports and super() work inside the block.
    """
    compiled = environment().get_template(template)
    context: Context = compiled.new_context(values)
    next(compiled.root_render_func(context), None)
    for name in names:
        if name in context.blocks:
            return "".join(context.blocks[name][0](context))
    return compiled.render(values)


def surroundings(request: Request) -> dict[str, Any]:
    """What every template can count on."""
    house: House = request.app.state.house
    return {
        "request": request,
        "now": house.clock.now(),
        "person": getattr(request.state, "person", None),
        "path": request.url.path,
        "rehearsal": house.rules.rehearsal,
    }


def address_of(request: Request, *names: str) -> str:
    """Path and those words of the query that have a value: a part fetched again keeps filters and place, and
    no page says again what somebody else wrote into its address."""
    query = urlencode([(name, value) for name in names if (value := request.query_params.get(name))])
    return request.url.path + (f"?{query}" if query else "")


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Autoescaping, strict about misspelt names, compiled once."""
    made = Environment(
        loader=PackageLoader("tunefolio.web", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters.install(made)
    made.globals.update(asset=asset, kept=kept, kept_row=kept_row, version=product_version())
    made.policies["json.dumps_function"] = _dumps
    made.policies["json.dumps_kwargs"] = {}
    return made


PARTS = (
    "layout.html",
    "macros.html",
    "figures.html",
    "partials/_nav.html",
    "partials/_mark.html",
    "partials/_keys.html",
    "partials/_kpi_strip.html",
    "partials/_sector_pie.html",
    "partials/_holdings_table.html",
    "partials/_holdings_rows.html",
    "partials/_holding_row.html",
)
"""What nearly every page, and the first one seen, is made of."""


def make_ready(*templates: str) -> None:
    """Compile these now, so that the first visitor does not wait for it."""
    for name in templates:
        environment().get_template(name)


def kept(template: str, subject: object) -> Markup:
    """A part that depends on `subject` and nothing else, rendered once for that very object."""
    return Markup(
        _kept.of(template, subject, lambda: environment().get_template(template).render(subject=subject))
    )


def kept_row(row: HoldingRow) -> Markup:
    """What stands in a row of the holdings table but for its weight, which changes with every other row."""
    name = ("holding", row.instrument, row.account.name, row.classification, row.is_stale, row.here)
    template = environment().get_template("partials/_holding_row.html")
    return Markup(_kept.of(name, row.valued, lambda: template.render(row=row)))


_kept: Kept[str] = Kept()


def asset(name: str) -> str:
    """The address of a built file: app.js → /static/dist/app-3f2a….js; raises KeyError for an unbuilt one."""
    return f"/static/dist/{manifest()[name]}"


@lru_cache(maxsize=1)
def manifest() -> dict[str, str]:
    """Names to hashed file names, as the front-end build wrote them."""
    entries: dict[str, str] = json.loads((STATIC / "dist" / "manifest.json").read_bytes())
    return entries


@lru_cache(maxsize=1)
def product_version() -> str:
    """The installed version; "0" from a bare source tree."""
    try:
        return version("tunefolio")
    except PackageNotFoundError:
        return "0"


def json_default(value: Any) -> Any:
    """What orjson does not know by itself: money and prices as text, moments with the Indian offset."""
    match value:
        case Decimal():
            return f"{value:f}"
        case Money() | Price():
            return f"{value.amount:f}"
        case Instant():
            return value.iso(IST)
        case TradingDay():
            return value.iso()
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")


def _dumps(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=json_default).decode()
