"""Who may go each way, as the API's document says it: how to prove oneself, and the scope that is needed."""

from __future__ import annotations

from typing import Any

from tunefolio.core.people import Scope
from tunefolio.web.scopes import Need, Proof, need_of
from tunefolio.web.security import HOST_COOKIE

PERSONAL, ACCESS, COOKIE = "personalToken", "accessToken", "sessionCookie"
SCHEMES: dict[str, Any] = {
    PERSONAL: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "tf_pat_…",
        "description": "A personal token of Settings, API tokens, or of POST /api/v1/tokens, with scopes.",
    },
    ACCESS: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "`access_token` of POST /auth/login; holds for an hour.",
    },
    COOKIE: {
        "type": "apiKey",
        "in": "cookie",
        "name": HOST_COOKIE,
        "description": "The session of a browser: POST /api/v1/session.",
    },
}
SAID = {
    Proof.NOBODY: "Open to all.",
    Proof.PERSON: "For the person: an access token or the session cookie; no personal token.",
    Proof.BROWSER: "For a signed-in browser only.",
}


def guard(document: dict[str, Any]) -> None:
    """Writes into the document what each operation asks of its caller."""
    document.setdefault("components", {})["securitySchemes"] = SCHEMES
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operation["security"] = _security(need_of(method.upper(), path))


def needed(method: str, path: str) -> str:
    """The same in words, "" for what is in no row."""
    need = need_of(method, path)
    if need is None:
        return ""
    return f"A personal token needs the scope {need.value}." if isinstance(need, Scope) else SAID[need]


def _security(need: Need | None) -> list[dict[str, list[str]]]:
    """Any one of these is enough; a browser's cookie opens what is in no row."""
    match need:
        case Scope():
            return [{PERSONAL: [need.value]}, {ACCESS: []}, {COOKIE: []}]
        case Proof.NOBODY:
            return []
        case Proof.PERSON:
            return [{ACCESS: []}, {COOKIE: []}]
        case _:
            return [{COOKIE: []}]
