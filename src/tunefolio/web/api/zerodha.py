"""The two ends of a login at Zerodha. Every failure goes through the table of errors."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse

from tunefolio.core.errors import Rejected
from tunefolio.services import connect
from tunefolio.web.deps import CurrentSession, CurrentViewer, HouseDep, PortfolioChoice, Writing
from tunefolio.web.security import HOME

router = APIRouter(prefix="/auth/zerodha", tags=["zerodha"])
BROKER = "zerodha"


@router.get("/login", status_code=302, response_class=RedirectResponse)
def login(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    session: CurrentSession,
    portfolio: PortfolioChoice,
) -> RedirectResponse:
    """To Zerodha's login page, with a state that only this browser session can bring back."""
    return RedirectResponse(connect.begin(db, house, viewer, session.id, BROKER, portfolio), 302)


_ANSWER = [
    {"name": name, "in": "query", "description": text, "schema": {"type": "string", "maxLength": 500}}
    for name, text in (
        ("request_token", "Given by Zerodha; single use."),
        ("state", "What /auth/zerodha/login sent along."),
        ("status", "success, or why not."),
    )
]


@router.get(
    "/callback", status_code=302, response_class=RedirectResponse, openapi_extra={"parameters": _ANSWER}
)
def callback(
    request: Request,
    house: HouseDep,
    viewer: CurrentViewer,
    session: CurrentSession,
) -> RedirectResponse:
    """Back from Zerodha: the session is kept, a sync is asked for, the browser goes to the dashboard."""
    viewer.must_write()
    try:
        connect.complete(house, viewer, session.id, BROKER, dict(request.query_params))
    except Rejected as refusal:
        if refusal.code == "cancelled":  # her own decision is no error: back to where she began
            return RedirectResponse("/brokers?login=cancelled", 302)
        raise
    return RedirectResponse(HOME, 302)
