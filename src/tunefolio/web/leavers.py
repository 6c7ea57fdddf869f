"""Whoever has deleted her account sees only that, and the way back, until it is erased."""

from __future__ import annotations

from starlette.requests import Request

from tunefolio.core.people import Person
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
    if visit is not None and request.scope["path"] not in OPEN:
        must_not_leave(visit.person)


def must_not_leave(person: Person) -> None:
    """Raises Leaving for somebody who has deleted her account."""
    if person.leaving is not None:
        raise Leaving(person.leaving)
