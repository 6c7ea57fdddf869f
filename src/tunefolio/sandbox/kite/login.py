"""The broker's login pages: user id and password, then PIN or TOTP, then back to the app; without scripts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from tunefolio.core.time import Clock, Instant
from tunefolio.sandbox.kite.desk import Desk, desk_of
from tunefolio.sandbox.kite.envelope import input_error
from tunefolio.sandbox.people import Trader

_PAGES = Path(__file__).parent / "pages"
_TICKET_LIFE = timedelta(minutes=5)
_templates = Environment(loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined)


@dataclass(frozen=True, slots=True)
class _Half:
    """A login that has given its password but not its PIN."""

    user_id: str
    expires: Instant


class Tickets:
    """Half-finished logins, each under a ticket that works once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._halves: dict[str, _Half] = {}

    def issue(self, user_id: str) -> str:
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._halves[ticket] = _Half(user_id, self._clock.now() + _TICKET_LIFE)
        return ticket

    def redeem(self, ticket: str) -> str | None:
        """The user id, once; None for an unknown, used or expired ticket."""
        with self._lock:
            half = self._halves.pop(ticket, None)
        return half.user_id if half and half.expires > self._clock.now() else None


async def login(request: Request) -> Response:
    """GET /connect/login: the first page."""
    fields = dict(request.query_params)
    _must_be_known(desk_of(request), fields)
    return _page(request, "password.html", fields)


async def check_password(request: Request) -> Response:
    """POST /connect/login: the second page, or the first again with what is wrong."""
    desk = desk_of(request)
    fields = _texts(await request.form())
    _must_be_known(desk, fields)
    user_id = fields.get("user_id", "").strip().upper()
    trader = _find(desk, user_id)
    if trader is None or not trader.has_password(fields.get("password", "")):
        return _page(request, "password.html", {**fields, "user_id": user_id}, "Invalid user ID or password.")
    return _page(
        request, "pin.html", {**fields, "user_id": user_id, "ticket": _tickets(request).issue(user_id)}
    )


async def check_pin(request: Request) -> Response:
    """POST /connect/twofa: back to the app with a request token, or the page again with what is wrong."""
    desk = desk_of(request)
    fields = _texts(await request.form())
    _must_be_known(desk, fields)
    user_id = _tickets(request).redeem(fields.get("ticket", ""))
    trader = _find(desk, user_id or "")
    if trader is None:
        return _page(request, "password.html", fields, "The login took too long. Please start again.")
    fields |= {"user_id": trader.user_id}
    if not trader.has_pin(fields.get("pin", "").strip()):
        again = {**fields, "ticket": _tickets(request).issue(trader.user_id)}
        return _page(request, "pin.html", again, "Invalid PIN or TOTP.")
    token = desk.grants.ask(trader.user_id, fields["api_key"])
    return _back(
        desk, fields, {"action": "login", "type": "login", "status": "success", "request_token": token}
    )


async def cancel(request: Request) -> Response:
    """GET /connect/cancel: back to the app without a token."""
    desk = desk_of(request)
    fields = dict(request.query_params)
    _must_be_known(desk, fields)
    return _back(desk, fields, {"action": "login", "status": "cancelled"})


async def style(_: Request) -> Response:
    return FileResponse(_PAGES / "login.css", media_type="text/css")


def _tickets(request: Request) -> Tickets:
    tickets = request.app.state.tickets
    assert isinstance(tickets, Tickets)
    return tickets


def _texts(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _find(desk: Desk, user_id: str) -> Trader | None:
    return next((trader for trader in desk.people if trader.user_id == user_id), None)


def _must_be_known(desk: Desk, fields: Mapping[str, str]) -> None:
    if fields.get("v", "") != "3":
        raise input_error("Invalid `v`.")
    if fields.get("api_key", "") != desk.api_key:
        raise input_error("Invalid `api_key`.")


def _back(desk: Desk, fields: Mapping[str, str], answer: Mapping[str, str]) -> Response:
    """To the registered address; redirect_params go back untouched, but cannot overrule the answer."""
    echoed = dict(parse_qsl(fields.get("redirect_params", ""), keep_blank_values=True))
    parts = urlsplit(desk.redirect_url)
    query = urlencode({**dict(parse_qsl(parts.query)), **echoed, **answer})
    return RedirectResponse(urlunsplit(parts._replace(query=query)), 303)


def _page(request: Request, name: str, fields: Mapping[str, str], problem: str = "") -> Response:
    """A form leads here and, by redirect, to the app: browsers hold redirects to `form-action` as well."""
    desk = desk_of(request)
    kept = {key: fields.get(key, "") for key in ("v", "api_key", "redirect_params", "user_id", "ticket")}
    leave = urlencode({key: kept[key] for key in ("v", "api_key", "redirect_params")})
    text = _templates.get_template(name).render(
        **kept, problem=problem, people=desk.people, cancel=f"/connect/cancel?{leave}"
    )
    app = urlsplit(desk.redirect_url)
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {app.scheme}://{app.netloc}"
    )
    headers = {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return HTMLResponse(text, 403 if problem else 200, headers)
