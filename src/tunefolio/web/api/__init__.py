"""The API: the first source system's routes as it wrote them, and /api/v1 with money as text."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute

from tunefolio.web.api import (
    accounts,
    activity,
    admin_accounts,
    admin_audit,
    admin_brokers,
    admin_instruments,
    admin_jobs,
    admin_users,
    alerts,
    allocation,
    auth,
    bars,
    breaks,
    broker_logins,
    brokers,
    calendar,
    channels,
    charges,
    charts,
    deposits,
    docs,
    entry,
    examples,
    factors,
    family,
    health,
    holding,
    holdings,
    hooks,
    imports,
    instruments,
    jobs,
    leaving,
    market,
    me,
    notices,
    passkeys,
    performance,
    persons,
    portfolios,
    sectors,
    services,
    sessions,
    shared_links,
    snapshots,
    tax,
    tax_foreign,
    tax_planning,
    tax_told,
    tokens,
    tracker,
    transactions,
    watchlists,
)
from tunefolio.web.api.guarded import guard
from tunefolio.web.api.shapes import ProblemJson
from tunefolio.web.api.strict import entered

_WORDS = {
    400: "The request cannot be read: a form that is none, or breaks off",
    401: "Signed out",
    403: "Not yours to do, or sent by another site",
    404: "No such thing, or not yours",
    408: "The body came too slowly",
    409: "The broker needs a new login, or the books do not bear a return yet",
    413: "Larger than the limit",
    422: "The input is wrong, or has a name that is not known: `errors` names each field with its cure",
    429: "Too many attempts; see Retry-After",
    503: "Busy or away; see Retry-After",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemJson"}}},
    }
    for status, words in _WORDS.items()
}

router = APIRouter(responses=PROBLEMS, dependencies=[Depends(entered)])
for first in (holdings, sectors, snapshots, sessions, auth, broker_logins, hooks, tracker, docs):
    router.include_router(first.router)
for second in (
    sessions,
    me,
    factors,
    passkeys,
    auth,
    tokens,
    portfolios,
    accounts,
    entry,
    transactions,
    deposits,
    performance,
    allocation,
    holding,
    imports,
    instruments,
    breaks,
    brokers,
    snapshots,
    calendar,
    charges,
    tax_foreign,
    tax,
    tax_told,
    tax_planning,
    jobs,
    leaving,
    health,
    services,
    bars,
    charts,
    market,
    sectors,
    watchlists,
    alerts,
    notices,
    channels,
    persons,
    family,
    shared_links,
    admin_users,
    admin_accounts,
    admin_brokers,
    admin_jobs,
    admin_instruments,
    admin_audit,
    activity,
):
    for route in second.v1.routes:
        if isinstance(route, APIRoute):
            (method,) = route.methods or {""}
            shown = examples.answers(method, route.path, route.status_code or 200)
            route.openapi_extra = (route.openapi_extra or {}) | shown
    router.include_router(second.v1, prefix="/api/v1")

__all__ = ["PROBLEMS", "ProblemJson", "guard", "router"]
