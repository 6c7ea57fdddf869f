"""The request door: the first and last thing every request meets.

Steps, and why in this order: 1 an id and the moment, so that all after it can be traced and put in order; 2
the host, so that no foreign name is served; 3 the guard against other sites, before anything is read, and the
answer to those that may ask; 4 the size, before a body is taken in, and its pace while it is; where none is,
a database in another process is asked already who is here; 5 the route; 6 the headers, on every answer alike,
and nothing but them for HEAD; 7 what nobody foresaw becomes a 500 that tells only the id.
"""

from __future__ import annotations

import logging
import secrets
import time
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunefolio.services.house import House
from tunefolio.telemetry import metrics, tagged
from tunefolio.web import bodies, cors, errors, limits, security, visits
from tunefolio.web.scopes import is_page
from tunefolio.web.security import WebConfig

_log = logging.getLogger(__name__)
_MULTIPART_SLACK = 64 * 1024
_DRAIN_BYTES = 128 * 1024 * 1024
_DRAIN_SECONDS = 20.0


class Door:
    """ASGI middleware around the whole app; only http passes through it, lifespan goes by."""

    def __init__(self, app: ASGIApp, house: House, config: WebConfig) -> None:
        self.app = app
        self.house = house
        self.config = config
        parts = urlsplit(house.rules.public_url)
        self.origins = frozenset({f"{parts.scheme}://{parts.netloc}"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        if method == "HEAD":
            scope, send = {**scope, "method": "GET"}, _headers_alone(send)
        request = Request(scope, receive, send)
        request.state.request_id = secrets.token_hex(8)
        request.state.arrived = self.house.clock.now()
        begun = time.perf_counter()
        with tagged(request=request.state.request_id):
            outgoing = _Outgoing(request, send)
            await self._serve(request, receive, outgoing)
            took = time.perf_counter() - begun
            metrics.answered(method, _template_of(scope), outgoing.status, took)
            fields = {
                "method": method,
                "path": request.url.path,
                "status": outgoing.status,
                "ms": round(took * 1000, 1),
            }
            _log.debug("answered", extra=fields)

    async def _serve(self, request: Request, receive: Receive, send: _Outgoing) -> None:
        try:
            refusal = self._refusal(request)
            if refusal is not None:
                await _refuse(errors.handle(request, refusal), request, receive, send)
                return
            allowed = cors.preflight(request, self.config)
            if allowed is not None:
                await allowed(request.scope, receive, send)
                return
            if request.method != "GET" or bodies.is_coming(request):
                receive = bodies.taken(receive, self._body_limit(request), self.config.body_pace)
            else:
                visits.begin(request, self.house, self.config)
            await self.app(request.scope, receive, send)
        except Exception as error:  # the request door
            if send.status:
                _log.exception("broke after the answer had begun")
                raise
            await errors.handle(request, error)(request.scope, receive, send)

    def _refusal(self, request: Request) -> HTTPException | None:
        host = security.host_of(request)
        if not security.is_allowed_host(host, self.config.allowed_hosts):
            cure = "its operator sets TUNEFOLIO_PUBLIC_URL to the address browsers use"
            return HTTPException(421, f"This server does not answer to {host or 'no name'!r}; {cure}.")
        if request.method not in security.SAFE_METHODS and self._is_forged(request):
            return HTTPException(403, "This request came from another site, so it was not carried out.")
        length = request.headers.get("content-length", "")
        limit = self._body_limit(request)
        if length.isdigit() and int(length) > limit:
            return bodies.too_large(limit)
        return None

    def _is_forged(self, request: Request) -> bool:
        """Whether another site's page may have sent it with a cookie of ours. A bearer token it cannot send
        unasked, and what the operator lets it bring is no forgery."""
        if security.bearer_of(request) is not None or cors.may_bring_cookies(request, self.config):
            return False
        return security.is_cross_site(request, self.origins)

    def _body_limit(self, request: Request) -> int:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            return self.house.rules.upload_limit_bytes + _MULTIPART_SLACK
        return self.config.body_limit_bytes


class _Outgoing:
    """Puts the headers on, and remembers the status once the answer has begun (0 before)."""

    def __init__(self, request: Request, send: Send) -> None:
        self._request = request
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._dress(MutableHeaders(scope=message))
        await self._send(message)

    def _dress(self, headers: MutableHeaders) -> None:
        state = self._request.state
        for name, value in security.HEADERS.items():
            headers[name] = value
        headers.setdefault("referrer-policy", security.REFERRER)
        if self._request.url.scheme == "https":
            headers["strict-transport-security"] = security.HSTS
        headers["x-request-id"] = state.request_id
        headers.setdefault("cache-control", "no-store")
        config = self._request.app.state.config
        cors.dress(headers, self._request, config)
        rate = getattr(state, "rate", None)
        if rate is not None and not is_page(self._request.scope["path"]):
            headers.update(limits.headers(rate))
        renewal = getattr(state, "renewal", None)
        if renewal is not None and "set-cookie" not in headers:
            carrier = Response()
            security.set_session_cookie(carrier, self._request, config, renewal.token, renewal.expires)
            headers["set-cookie"] = carrier.headers["set-cookie"]


def _template_of(scope: Scope) -> str:
    """The route's path with its names, never with ids; "" where no route was met."""
    return str(getattr(scope.get("route"), "path", ""))


def _headers_alone(send: Send) -> Send:
    """send() for HEAD: what GET would answer, but its body (RFC 9110, 9.3.2). A stream is told at once that
    nobody listens, since the answer is whole."""

    async def begin(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    return begin


async def _refuse(response: Response, request: Request, receive: Receive, send: Send) -> None:
    """Answer before the body was read, then let the sender finish: a socket closed on a browser that is still
    sending shows it a broken connection instead of the answer."""
    if not bodies.is_coming(request) or "expect" in request.headers:
        await response(request.scope, receive, send)
        return
    response.headers["connection"] = "close"
    start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(start)
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    await _drain(receive)
    await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    left = _DRAIN_BYTES
    with anyio.move_on_after(_DRAIN_SECONDS):
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body", False):
                return
