"""Whoever has deleted her account sees only that, the way back and her export, until it is erased."""

from __future__ import annotations

import re

from starlette.requests import Request

from tunefolio.core.people import Person
from tunefolio.services.leaving import Leaving
from tunefolio.web.deps import find_visit

OPEN = frozenset(
    {
        "/leaving",
        "/leaving/stay",
        "/sign-out",
        "/auth/logout",
        "/api/v1/auth/logout",
        "/api/v1/leaving",
        "/api/v1/leaving/exports",
        "/api/v1/session",
        "/prove",
        "/prove/oidc",
        "/sign-in/oidc/callback",
        "/api/v1/proof",
        "/api/v1/proof/options",
        "/settings/data/export",
    }
)
"""What still answers her; the proof is for her export alone, whatever else wants one is closed. A new export
is begun for whom the operator lets go and for nobody else (services.leaving)."""

_EXPORT = re.compile(r"/(?:settings/data|api/v1/leaving)/exports/[0-9]+(?:/file)?\Z")
"""One that was made, or is being made."""


async def must_stay(request: Request) -> None:
    """Who asks is looked for and counted, whatever is asked. Raises TooMany, and Leaving: pages lead to the
    one that is left, programs are refused."""
    visit = await find_visit(request)
    if visit is not None and not is_open(request.scope["path"]):
        must_not_leave(visit.person)


def is_open(path: str) -> bool:
    """Also a public link: it shows everybody the same, and nothing of hers."""
    return path in OPEN or path.startswith("/shared/") or _EXPORT.match(path) is not None


def must_not_leave(person: Person) -> None:
    """Raises Leaving for somebody who has deleted her account."""
    if person.leaving is not None:
        raise Leaving(person.leaving)
