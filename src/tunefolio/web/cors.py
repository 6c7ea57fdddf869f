"""Whether pages of other sites may ask the API: none, unless the operator names their origins.

Cookies are never let along but on the ways that renew a sign-in, and never for "any origin". Pages of the
house itself are not shown to other sites at all.
"""

from __future__ import annotations

import re

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import compile_path

from tunefolio.web.scopes import is_page
from tunefolio.web.security import WebConfig

MAY_SEND = "Authorization, Content-Type, Last-Event-ID"
MAY_READ = "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id"
_REMEMBERED_SECONDS = 600
_WITH_COOKIES = ("/auth/", "/api/v1/auth/")
_ANY = "*"


def is_allowed(connection: HTTPConnection, config: WebConfig) -> bool:
    """Whether the request comes from a page of another site that the operator lets ask here."""
    origin = connection.headers.get("origin", "")
    if not origin or is_page(connection.scope["path"]):
        return False
    return config.cors_origins == (_ANY,) or origin in config.cors_origins


def may_bring_cookies(connection: HTTPConnection, config: WebConfig) -> bool:
    """Whether such a page may also use the cookie that renews a sign-in."""
    named = _ANY not in config.cors_origins and is_allowed(connection, config)
    return named and connection.scope["path"].startswith(_WITH_COOKIES)


def preflight(request: Request, config: WebConfig) -> Response | None:
    """The answer to a browser that asks before it sends; None where there is nothing to allow."""
    if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
        return None
    methods = methods_of(request.app, request.scope["path"])
    if not methods or not is_allowed(request, config):
        return None
    return Response(
        status_code=204,
        headers={
            "access-control-allow-methods": ", ".join(methods),
            "access-control-allow-headers": MAY_SEND,
            "access-control-max-age": str(_REMEMBERED_SECONDS),
        },
    )


def dress(headers: MutableHeaders, connection: HTTPConnection, config: WebConfig) -> None:
    """Say on an answer which origin may read it."""
    if not config.cors_origins or is_page(connection.scope["path"]):
        return
    headers.add_vary_header("Origin")
    if not is_allowed(connection, config):
        return
    is_any = config.cors_origins == (_ANY,)
    headers["access-control-allow-origin"] = _ANY if is_any else connection.headers["origin"]
    headers["access-control-expose-headers"] = MAY_READ
    if may_bring_cookies(connection, config):
        headers["access-control-allow-credentials"] = "true"


def methods_of(app: FastAPI, path: str) -> tuple[str, ...]:
    """What may be asked of that path, HEAD wherever GET is; () where nothing is. Each way is a route of its
    own and knows its own method alone. The patterns are made at the first that is asked for."""
    known: list[tuple[re.Pattern[str], frozenset[str]]] | None = getattr(app.state, "ways", None)
    if known is None:
        known = [
            (compile_path(one.path)[0], frozenset(one.methods or ()))
            for one in iter_route_contexts(app.routes)
            if one.path is not None
        ]
        app.state.ways = known
    found = {method for pattern, methods in known if pattern.match(path) for method in methods}
    return tuple(sorted(found | {"HEAD"} if "GET" in found else found))
