"""GET /: health to a machine; a browser is taken to its dashboard or to sign-in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from tunefolio.services.views.health import health
from tunefolio.services.views.shapes import HealthView
from tunefolio.web.api.answers import ist, reply
from tunefolio.web.api.shapes import HealthCheck
from tunefolio.web.deps import HouseDep, MaybeVisit
from tunefolio.web.errors import SIGN_IN, wants_html
from tunefolio.web.security import HOME

router = APIRouter(tags=["health"])
_RESPONSES: dict[int | str, dict[str, Any]] = {503: {"model": HealthCheck, "description": "Unwell"}}


@router.get("/", response_model=HealthCheck, responses=_RESPONSES)
def front_door(request: Request, house: HouseDep, visit: MaybeVisit) -> Response:
    """Health as JSON; whoever accepts text/html is sent on."""
    if wants_html(request):
        return RedirectResponse(SIGN_IN if visit is None else HOME, 303)
    return _answer(health(house))


@router.get("/healthz", response_model=HealthCheck, responses=_RESPONSES)
def healthz(house: HouseDep) -> Response:
    """The same for probes, which cannot always choose what they accept."""
    return _answer(health(house))


def _answer(view: HealthView) -> Response:
    body: dict[str, Any] = {
        "status": "ok" if view.is_well else "unwell",
        "version": view.version,
        "database": view.database,
        "time": ist(view.now),
        "market_phase": view.market_phase,
        "trading_day": view.trading_day.iso() if view.trading_day else None,
        "rehearsal": view.is_rehearsal,
        "problem": view.problem or None,
    }
    return reply(body, 200 if view.is_well else 503)
