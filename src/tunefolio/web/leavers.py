"""Whoever has deleted her account sees only that, and the way back, until it is erased."""

from __future__ import annotations

from starlette.requests import Request

from tunefolio.services.leaving import Leaving
from tunefolio.web.deps import MaybeVisit

OPEN = frozenset(
    {
        "/leaving",
        "/leaving/stay",
        "/sign-out",
        "/auth/logout",
        "/api/v1/auth/logout",
        "/api/v1/leaving",
        "/api/v1/session",
    }
)
"""What still answers her."""


async def must_stay(request: Request, visit: MaybeVisit) -> None:
    """Raises Leaving: pages lead to the one that is left, programs are refused."""
    if visit is None or visit.person.leaving is None or request.scope["path"] in OPEN:
        return
    raise Leaving(visit.person.leaving)
