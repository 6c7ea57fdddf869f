"""The session cookie, and what every answer and every question must satisfy before a route sees it.

`__Host-` cookies need https or localhost. On plain http elsewhere browsers drop them, so sign-in is refused
with the cure, unless the operator chose insecure cookies, which carry another name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.web.bodies import USUAL, Pace

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
REFERRER = "same-origin"
"""Unless a route tells less: what lies behind a link in its address tells nothing."""
HSTS = "max-age=31536000; includeSubDomains"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HOST_COOKIE = "__Host-tunefolio"
PLAIN_COOKIE = "tunefolio"
REFRESH_COOKIE = "__Secure-tunefolio-refresh"
PLAIN_REFRESH_COOKIE = "tunefolio-refresh"
HOME = "/dashboard"


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests let in within any minute; 0: without limit.

    programs:  of one person, by all her tokens together.
    pages:     of one person, by all her browsers together.
    strangers: of one address that proved nothing.
    """

    programs: int = 100
    pages: int = 1_200
    strangers: int = 100


UNLIMITED = Limits(0, 0, 0)


@dataclass(frozen=True, slots=True)
class WebConfig:
    """How the house is reached.

    allowed_hosts:    host names the server answers to, without port; "*" any, "*.example.org" any below.
    insecure_cookies: sign-in over plain http from other machines, for a trusted network only.
    body_limit_bytes: of any request but an upload, whose limit is the house's rule.
    body_pace:        how slowly a body may come.
    streams_per_person: open live streams one person may hold.
    metrics_token:    what /metrics asks for as a bearer; None: only admins read it.
    shared_answers:   whether what several processes share is there.
    limits:           how many requests are let in.
    cors_origins:     other sites whose pages may ask the API; ("*",) for any, then without cookies.
    """

    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    insecure_cookies: bool = False
    body_limit_bytes: int = 1024 * 1024
    body_pace: Pace = USUAL
    streams_per_person: int = 8
    metrics_token: Secret | None = None
    shared_answers: Callable[[], bool] = lambda: True
    limits: Limits = Limits()
    cors_origins: tuple[str, ...] = ()


def host_of(connection: HTTPConnection) -> str:
    """The Host header without its port, lower case; brackets of an IPv6 address stay."""
    host = connection.headers.get("host", "").strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def is_allowed_host(host: str, allowed: tuple[str, ...]) -> bool:
    return any(
        pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in allowed
    )


def is_local(host: str) -> bool:
    """A name of this very machine, whose plain http browsers treat as secure."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_secure(connection: HTTPConnection) -> bool:
    """Whether a browser keeps Secure cookies of this address."""
    return connection.scope["scheme"] in ("https", "wss") or is_local(host_of(connection))


def cookie_name(connection: HTTPConnection, config: WebConfig) -> str:
    """The name under which this address keeps its session; raises Misuse where none can be kept."""
    if is_secure(connection):
        return HOST_COOKIE
    if config.insecure_cookies:
        return PLAIN_COOKIE
    raise Misuse(
        "connection",
        "is plain http from another machine, where browsers drop the sign-in cookie",
        cure="Use https, open http://localhost on the machine itself, or set TUNEFOLIO_INSECURE_COOKIES=1 "
        "on a network you trust",
    )


def token_of(connection: HTTPConnection, config: WebConfig) -> Secret | None:
    """The session token the browser sent; None when it sent none or could keep none."""
    try:
        text = connection.cookies.get(cookie_name(connection, config))
    except Misuse:
        return None
    return Secret(text) if text else None


def set_session_cookie(
    response: Response, connection: HTTPConnection, config: WebConfig, token: Secret, expires: Instant
) -> None:
    """Keep `token` in the browser until `expires`; raises Misuse on plain http elsewhere."""
    response.set_cookie(
        cookie_name(connection, config),
        token.reveal(),
        expires=expires.utc,
        path="/",
        secure=is_secure(connection),
        httponly=True,
        samesite="lax",
    )


def clear_session_cookie(response: Response, connection: HTTPConnection, config: WebConfig) -> None:
    """Make the browser forget its session."""
    response.delete_cookie(
        cookie_name(connection, config), path="/", secure=is_secure(connection), httponly=True, samesite="lax"
    )


def bearer_of(connection: HTTPConnection) -> Secret | None:
    """The token of the Authorization header. Where there is one, no cookie counts: no page of another site
    can have sent it unasked."""
    kind, _, text = connection.headers.get("authorization", "").partition(" ")
    return Secret(text.strip()) if kind.lower() == "bearer" else None


def refresh_token_of(connection: HTTPConnection, config: WebConfig) -> Secret | None:
    """What renews a sign-in of the API; None when there is none."""
    try:
        text = connection.cookies.get(_refresh_name(connection, config))
    except Misuse:
        return None
    return Secret(text) if text else None


def set_refresh_cookie(
    response: Response, connection: HTTPConnection, config: WebConfig, token: Secret, until: Instant
) -> None:
    """Keep it in the client for its path alone; raises Misuse on plain http elsewhere."""
    response.set_cookie(
        _refresh_name(connection, config),
        token.reveal(),
        expires=until.utc,
        path=_refresh_path(connection),
        secure=is_secure(connection),
        httponly=True,
        samesite="strict",
    )


def clear_refresh_cookie(response: Response, connection: HTTPConnection, config: WebConfig) -> None:
    """Make the client forget it."""
    response.delete_cookie(
        _refresh_name(connection, config),
        path=_refresh_path(connection),
        secure=is_secure(connection),
        httponly=True,
        samesite="strict",
    )


def _refresh_name(connection: HTTPConnection, config: WebConfig) -> str:
    """`__Secure-`, for a `__Host-` cookie would be sent to every path."""
    return REFRESH_COOKIE if cookie_name(connection, config) == HOST_COOKIE else PLAIN_REFRESH_COOKIE


def _refresh_path(connection: HTTPConnection) -> str:
    """The folder of the way that was asked: /auth, or /api/v1/auth."""
    return str(connection.scope["path"]).rpartition("/")[0]


def is_cross_site(connection: HTTPConnection, own_origins: frozenset[str]) -> bool:
    """Whether another site's page sent this unsafe request.

    Sec-Fetch-Site decides where the browser sends it; else Origin must be ours; a request with neither comes
    from no browser of this decade, so no page can have forged it.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = connection.headers.get("origin")
    if origin is None:
        return False
    return origin not in own_origins and urlsplit(origin).netloc != connection.headers.get("host", "")


def safe_next(text: str | None) -> str:
    """A path on this site to go to after sign-in; the dashboard for what could lead elsewhere."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")):
        return HOME
    if "\\" in text or any(ord(character) < 33 or ord(character) == 127 for character in text):
        return HOME
    parts = urlsplit(text)
    return HOME if parts.scheme or parts.netloc else text


def sent_from(request: HTTPConnection) -> str:
    """The page a form was sent from, as a path of this house; the dashboard where that is not told."""
    told = request.headers.get("hx-current-url") or request.headers.get("referer", "")
    return safe_next("/" + told.partition("://")[2].partition("/")[2])
