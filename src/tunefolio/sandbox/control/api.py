"""The panel over HTTP: JSON below /control, and the page with its forms at /control itself.

Only this machine's own pages and programs are heard: a request under a foreign Host or Origin is refused.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST, TradingDay
from tunefolio.sandbox import wording
from tunefolio.sandbox.control import page
from tunefolio.sandbox.control.panel import Panel

_MOST_BYTES = 64 * 1024
_NEAR = ("127.0.0.1", "localhost", "::1")
Deed = Callable[[Panel, Request], Awaitable[Response]]


def routes(panel: Panel) -> list[Route]:
    """All of it, for the world's application."""

    def at(path: str, deed: Deed, method: str = "GET") -> Route:
        return Route(f"/control{path}", _guarded(panel, deed), methods=[method])

    return [
        at("", page.show),
        at("", page.act, "POST"),
        at("/style.css", page.style),
        at("/state", _state),
        at("/log", _log),
        at("/clock", _clock),
        at("/clock", _shift, "POST"),
        at("/accounts", _accounts),
        at("/accounts/{broker}/{user}", _account),
        at("/accounts/{broker}/{user}/tradebook.csv", _tradebook),
        at("/events", _events),
        at("/events", _happen, "POST"),
        at("/faults", _faults),
        at("/faults", _plan, "POST"),
        at("/faults", _clear, "DELETE"),
        at("/latency", _slow_down, "POST"),
        at("/postback", _postback, "POST"),
        at("/sessions", _end_sessions, "DELETE"),
    ]


def _guarded(panel: Panel, deed: Deed) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        if not _is_near(request):
            problem = {"field": "origin", "problem": "the panel is for this machine only", "cure": ""}
            return JSONResponse({"error": problem}, 403)
        try:
            return await deed(panel, request)
        except Misuse as wrong:
            said = {"field": wrong.field, "problem": wrong.problem, "cure": wrong.cure}
            return JSONResponse({"error": said}, 400)

    return guarded


def _is_near(request: Request) -> bool:
    """A foreign page can make a browser ask, but not forge these two."""
    origin = request.headers.get("origin")
    if (request.url.hostname or "") not in _NEAR:
        return False
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


async def _body(request: Request) -> Mapping[str, Any]:
    """One JSON object. Raises Misuse."""
    raw = await request.body()
    if len(raw) > _MOST_BYTES:
        raise Misuse("body", f"more than {_MOST_BYTES} bytes")
    try:
        said = json.loads(raw)
    except ValueError:
        raise Misuse("body", "this is no JSON", cure="Send one JSON object") from None
    if not isinstance(said, dict):
        raise Misuse("body", "this is no object", cure="Send one JSON object")
    return said


async def _state(panel: Panel, _: Request) -> Response:
    return JSONResponse(panel.state())


async def _log(panel: Panel, _: Request) -> Response:
    return JSONResponse([{**asdict(one), "at": one.at.iso(IST)} for one in panel.entries()])


async def _clock(panel: Panel, _: Request) -> Response:
    return JSONResponse(panel.time())


async def _shift(panel: Panel, request: Request) -> Response:
    said = await _body(request)
    days = wording.whole("days", said["days"]) if said.get("days") not in (None, "") else 0
    to = wording.instant("to", said["to"]) if said.get("to") not in (None, "") else None
    return JSONResponse(panel.shift(days=days, to=to))


async def _accounts(panel: Panel, request: Request) -> Response:
    return JSONResponse(panel.accounts(request.query_params.get("broker", "")))


async def _account(panel: Panel, request: Request) -> Response:
    return JSONResponse(panel.account(**request.path_params))


async def _tradebook(panel: Panel, request: Request) -> Response:
    """from and to: the first day, and the day after the last."""

    def day(name: str) -> TradingDay | None:
        value = request.query_params.get(name, "")
        return wording.day(name, value) if value else None

    who = request.path_params
    table = panel.tradebook(who["broker"], who["user"], day("from"), day("to"))
    name = f"tradebook-{who['user']}-EQ.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return PlainTextResponse(table, media_type="text/csv", headers=headers)


async def _events(panel: Panel, _: Request) -> Response:
    return JSONResponse(panel.events())


async def _happen(panel: Panel, request: Request) -> Response:
    return JSONResponse(panel.happen(await _body(request)), 201)


async def _faults(panel: Panel, request: Request) -> Response:
    name = request.query_params.get("face", "")
    return JSONResponse([panel.face(one) for one in ([name] if name else panel.faces)])


async def _plan(panel: Panel, request: Request) -> Response:
    said = dict(await _body(request))
    return JSONResponse(panel.plan(wording.text("face", said.pop("face", "")), said), 201)


async def _clear(panel: Panel, request: Request) -> Response:
    panel.clear(request.query_params.get("face", ""))
    return Response(status_code=204)


async def _slow_down(panel: Panel, request: Request) -> Response:
    said = await _body(request)
    name = wording.text("face", said.get("face", ""))
    return JSONResponse(panel.slow_down(name, wording.real("seconds", said.get("seconds"))))


async def _postback(panel: Panel, request: Request) -> Response:
    said = await _body(request)
    panel.register_postback(wording.text("url", said.get("url", "")))
    return JSONResponse({"postback": panel.postbox.url})


async def _end_sessions(panel: Panel, request: Request) -> Response:
    query = request.query_params
    panel.end_sessions(query.get("face", ""), query.get("user", ""))
    return Response(status_code=204)
