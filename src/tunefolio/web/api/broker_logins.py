"""The two ends of a login on a broker's own page. Every failure goes through the table of errors."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse

from tunefolio.core.errors import Rejected
from tunefolio.services import connect
from tunefolio.web.deps import CurrentSession, CurrentViewer, HouseDep, PortfolioChoice, Writing
from tunefolio.web.security import HOME

router = APIRouter(prefix="/auth", tags=["brokers"])
BrokerName = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,39}$")]


@router.get("/{broker}/login", status_code=302, response_class=RedirectResponse)
def login(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    session: CurrentSession,
    broker: BrokerName,
    portfolio: PortfolioChoice,
) -> RedirectResponse:
    """To the broker's login page, with a state that only this browser session can bring back."""
    return RedirectResponse(connect.begin(db, house, viewer, session.id, broker, portfolio), 302)


_ANSWER = [
    {"name": name, "in": "query", "description": text, "schema": {"type": "string", "maxLength": 500}}
    for name, text in (
        ("request_token", "Zerodha's answer, single use; other brokers name theirs otherwise."),
        ("state", "What the login sent along."),
        ("status", "success, or why not."),
    )
]


@router.get(
    "/{broker}/callback",
    status_code=302,
    response_class=RedirectResponse,
    openapi_extra={"parameters": _ANSWER},
)
def callback(
    request: Request, house: HouseDep, viewer: CurrentViewer, session: CurrentSession, broker: BrokerName
) -> RedirectResponse:
    """Back from the broker: the session is kept, a sync is asked for, the browser goes to the dashboard."""
    viewer.must_write()
    try:
        connect.complete(house, viewer, session.id, broker, dict(request.query_params))
    except Rejected as refusal:
        if refusal.code == "cancelled":  # her own decision is no error: back to where she began
            return RedirectResponse("/brokers?login=cancelled", 302)
        raise
    return RedirectResponse(HOME, 302)
