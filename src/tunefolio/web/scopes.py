"""What each way of the API needs: the one table, which tests/house/test_scopes.py holds against every route.

A way that stands in no row is closed to every token, so a new route is shut until somebody decides. Pages are
for browsers alone. Rules: docs/spec/access.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from tunefolio.core.people import Scope
from tunefolio.web.security import SAFE_METHODS


class Proof(StrEnum):
    """What is needed where no scope is enough.

    nobody: open to all; person: a sign-in by the person, with a cookie or an access token; browser: the
    cookie of a signed-in browser.
    """

    NOBODY = "nobody"
    PERSON = "person"
    BROWSER = "browser"


Need = Scope | Proof
_READ, _IMPORT, _SYNC, _ADMIN = Scope.READ, Scope.IMPORT, Scope.SYNC, Scope.ADMIN
_NOBODY, _PERSON, _BROWSER = Proof.NOBODY, Proof.PERSON, Proof.BROWSER

V1 = "/api/v1/"
NOUNS: Mapping[str, tuple[Need, Need]] = {
    "accounts": (_READ, _IMPORT),
    "activity": (_READ, _PERSON),
    "admin": (_ADMIN, _ADMIN),
    "alerts": (_READ, _IMPORT),
    "allocation": (_READ, _IMPORT),
    "auth": (_NOBODY, _NOBODY),
    "breaks": (_READ, _IMPORT),
    "brokers": (_READ, _SYNC),
    "calendar": (_READ, _ADMIN),
    "channels": (_PERSON, _PERSON),
    "charges": (_READ, _IMPORT),
    "data-health": (_READ, _ADMIN),
    "deposits": (_READ, _IMPORT),
    "email": (_PERSON, _PERSON),
    "explain": (_READ, _READ),
    "factors": (_PERSON, _PERSON),
    "family": (_READ, _PERSON),
    "holdings": (_READ, _IMPORT),
    "imports": (_READ, _IMPORT),
    "instruments": (_READ, _IMPORT),
    "jobs": (_READ, _SYNC),
    "leaving": (_PERSON, _PERSON),
    "market": (_READ, _READ),
    "me": (_PERSON, _PERSON),
    "notices": (_READ, _IMPORT),
    "passkeys": (_PERSON, _PERSON),
    "password": (_PERSON, _PERSON),
    "performance": (_READ, _READ),
    "persons": (_ADMIN, _NOBODY),
    "portfolios": (_READ, _IMPORT),
    "proof": (_PERSON, _PERSON),
    "sectors": (_READ, _IMPORT),
    "services": (_ADMIN, _ADMIN),
    "session": (_PERSON, _PERSON),
    "sessions": (_PERSON, _PERSON),
    "snapshots": (_READ, _SYNC),
    "tax": (_READ, _IMPORT),
    "timetable": (_READ, _SYNC),
    "tokens": (_PERSON, _PERSON),
    "transactions": (_READ, _IMPORT),
    "value-curve": (_READ, _READ),
    "watchlists": (_READ, _IMPORT),
}
"""Of what stands below /api/v1, by its first word: what looking needs, and what changing needs."""

WAYS: Mapping[tuple[str, str], Need] = {
    ("POST", "/api/v1/accounts/*/sync"): _SYNC,
    ("POST", "/api/v1/alerts/preview"): _READ,
    ("POST", "/api/v1/brokers/*/login"): _BROWSER,
    ("POST", "/api/v1/charges/note"): _READ,
    ("POST", "/api/v1/email/confirm"): _NOBODY,
    ("POST", "/api/v1/instruments/refresh"): _ADMIN,
    ("POST", "/api/v1/instruments/*/tracking"): _SYNC,
    ("GET", "/api/v1/admin/unlock"): _PERSON,
    ("POST", "/api/v1/admin/unlock"): _PERSON,
    ("POST", "/api/v1/password/forgot"): _NOBODY,
    ("POST", "/api/v1/password/reset"): _NOBODY,
    ("POST", "/api/v1/session"): _NOBODY,
    ("POST", "/api/v1/session/passkey"): _NOBODY,
    ("POST", "/api/v1/session/passkey/options"): _NOBODY,
    ("POST", "/api/v1/tax/what-if"): _READ,
    ("POST", "/api/v1/tokens"): _BROWSER,
    ("GET", "/api/v1/tokens/this"): _READ,
    ("POST", "/api/v1/transactions/preview"): _READ,
    ("GET", "/api/openapi.json"): _NOBODY,
    ("GET", "/api/docs"): _NOBODY,
    ("GET", "/api/portfolio/overview"): _READ,
    ("GET", "/api/portfolio/holdings"): _READ,
    ("GET", "/api/portfolios/*"): _READ,
    ("GET", "/api/sectors/allocation"): _READ,
    ("GET", "/api/sectors/*/holdings"): _READ,
    ("GET", "/api/session/active"): _PERSON,
    ("GET", "/api/snapshots/latest"): _READ,
    ("POST", "/api/snapshots/trigger"): _SYNC,
    ("POST", "/api/transactions"): _IMPORT,
    ("POST", "/auth/login"): _NOBODY,
    ("POST", "/auth/refresh"): _NOBODY,
    ("POST", "/auth/logout"): _NOBODY,
    ("GET", "/auth/*/login"): _BROWSER,
    ("GET", "/auth/*/callback"): _BROWSER,
    ("POST", "/hooks/*"): _NOBODY,
    ("GET", "/live"): _READ,
    ("GET", "/live/stream"): _READ,
    ("GET", "/ws/live"): _READ,
    ("GET", "/"): _NOBODY,
    ("GET", "/healthz"): _NOBODY,
    ("GET", "/readyz"): _NOBODY,
    ("GET", "/metrics"): _ADMIN,
}
"""What differs from its noun, and what stands elsewhere; `*` is any one part of a path."""

DOORS = ("/api/", "/auth/", "/hooks/", "/live", "/ws/")
"""What begins so is asked by programs; everything else is a page."""
MONITORED = frozenset({"/", "/healthz", "/readyz", "/metrics"})
"""What monitors ask."""

_STARRED = {
    (method, path.count("/")): [
        (way.split("/"), need)
        for (m, way), need in WAYS.items()
        if "*" in way and (m, way.count("/")) == (method, path.count("/"))
    ]
    for method, path in WAYS
    if "*" in path
}


def is_page(path: str) -> bool:
    """Whether a browser is meant, and no program."""
    return not path.startswith(DOORS) and path not in MONITORED


def is_counted(path: str) -> bool:
    """Whether limits hold: not for monitors and static files, nor for brokers, whose calls are proved and
    throttled apart."""
    return path not in MONITORED and not path.startswith(("/hooks/", "/static/"))


def need_of(method: str, path: str) -> Need | None:
    """What a request needs; None for what is in no row: no token opens it. path: as asked, or as declared."""
    method = "GET" if method == "HEAD" else method
    exact = WAYS.get((method, path))
    if exact is not None:
        return exact
    parts = path.split("/")
    for way, need in _STARRED.get((method, len(parts) - 1), ()):
        if all(one in ("*", part) for one, part in zip(way, parts, strict=True)):
            return need
    if is_page(path):
        return Proof.BROWSER
    if not path.startswith(V1):
        return None
    by_noun = NOUNS.get(parts[3])
    return None if by_noun is None else by_noun[0 if method in SAFE_METHODS else 1]
