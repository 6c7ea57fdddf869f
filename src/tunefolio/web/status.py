"""What machines ask: is it alive, may it be sent visitors, what does it count. Browsers at / are sent on."""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from tunefolio.core.people import Role, Scope
from tunefolio.services.views.health import count, health, not_ready
from tunefolio.services.views.shapes import HealthView
from tunefolio.telemetry.metrics import CONTENT_TYPE, exposition
from tunefolio.web.api import PROBLEMS
from tunefolio.web.api.answers import ist, reply
from tunefolio.web.api.shapes import HealthCheck, Readiness
from tunefolio.web.deps import ConfigDep, HouseDep, MaybeVisit, Visit
from tunefolio.web.errors import SIGN_IN, SignedOut, wants_html
from tunefolio.web.security import HOME, WebConfig

router = APIRouter(tags=["health"])
_RESPONSES: dict[int | str, dict[str, Any]] = {503: {"model": HealthCheck, "description": "Unwell"}}

_NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "Not ready"}}
_REFUSED: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (401, 403)}


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


@router.get("/readyz", response_model=Readiness, responses=_NOT_READY)
def readyz(house: HouseDep, config: ConfigDep) -> Response:
    """Whether a load balancer may send visitors: the database, and what is shared."""
    problems = not_ready(house, config.shared_answers)
    body = {"status": "not ready" if problems else "ready", "problems": problems}
    return reply(body, 503 if problems else 200)


@router.get("/metrics", response_class=PlainTextResponse, responses=_REFUSED)
def metrics(request: Request, house: HouseDep, config: ConfigDep, visit: MaybeVisit) -> Response:
    """What this process counts and what the house holds, in Prometheus' text format.

    For the operator's token as a bearer, or a signed-in admin.
    """
    if not _may_measure(request, config, visit):
        if visit is None:
            raise SignedOut()
        visit.person.viewer.must_administer()
    count(house)
    return Response(exposition(), media_type=CONTENT_TYPE)


def _may_measure(request: Request, config: WebConfig, visit: Visit | None) -> bool:
    if config.metrics_token is not None:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = config.metrics_token.reveal()
        if kind.lower() == "bearer" and hmac.compare_digest(given.encode(), wanted.encode()):
            return True
    if visit is not None:
        visit.must_reach(Scope.ADMIN)
    return visit is not None and visit.person.role is Role.ADMIN


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
