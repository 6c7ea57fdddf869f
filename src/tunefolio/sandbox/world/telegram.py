"""The face of Telegram's Bot API: sendMessage, and what arrived, so that a rehearsal can be read."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock
from tunefolio.sandbox.faults import FaultKind
from tunefolio.sandbox.market import Market

_LONGEST = 4_096
_TOKEN = re.compile(r"[0-9]+:[\w-]+\Z")
_TAG = re.compile(r"<(/?)([^<>]*)>")
_TAGS = frozenset({"b", "i", "u", "s", "code", "pre", "strong", "em"})
_BUSY = {
    "ok": False,
    "error_code": 429,
    "description": "Too Many Requests: retry after 2",
    "parameters": {"retry_after": 2},
}
REFUSALS: Mapping[FaultKind, tuple[str, bytes]] = MappingProxyType(
    {
        FaultKind.RATE_LIMITED: ("application/json", json.dumps(_BUSY).encode()),
        FaultKind.FORBIDDEN: (
            "application/json",
            b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}',
        ),
    }
)


def routes(market: Market, clock: Clock) -> list[Route]:  # noqa: ARG001 — every face takes both
    arrived: deque[dict[str, Any]] = deque(maxlen=200)

    async def send(request: Request) -> Response:
        if not _TOKEN.match(request.path_params["token"]):
            return _refused(404, "Not Found")
        form = await request.form()
        chat, text = str(form.get("chat_id", "")), str(form.get("text", ""))
        if not re.fullmatch(r"-?[0-9]{1,20}", chat) or chat.strip("-0") == "":
            return _refused(400, "Bad Request: chat not found")
        if not text.strip():
            return _refused(400, "Bad Request: message text is empty")
        if len(text) > _LONGEST:
            return _refused(400, "Bad Request: message is too long")
        if form.get("parse_mode") == "HTML" and not _is_markup(text):
            return _refused(400, "Bad Request: can't parse entities")
        message = {
            "message_id": len(arrived) + 1,
            "date": int(clock.now().utc.timestamp()),
            "chat": {"id": int(chat), "type": "private"},
            "text": _TAG.sub("", text),
        }
        arrived.append(message)
        return JSONResponse({"ok": True, "result": message})

    async def read(_: Request) -> Response:
        return JSONResponse({"messages": list(arrived)})

    return [
        Route("/bot{token}/sendMessage", send, methods=["POST"]),
        Route("/__arrived__", read),
    ]


def _is_markup(text: str) -> bool:
    """Known tags, closed in order; every other < and & escaped."""
    open_tags: list[str] = []
    for slash, name in _TAG.findall(text):
        if name not in _TAGS:
            return False
        if not slash:
            open_tags.append(name)
        elif not open_tags or open_tags.pop() != name:
            return False
    rest = _TAG.sub("", text)
    return not open_tags and "<" not in rest and not re.search(r"&(?!(?:lt|gt|amp|quot|#x?\w+);)", rest)


def _refused(status: int, words: str) -> Response:
    return JSONResponse({"ok": False, "error_code": status, "description": words}, status)
