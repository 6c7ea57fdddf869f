"""The doors of the live feed: a WebSocket, and the same frames as server-sent events. docs/spec/live.md."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Annotated

import anyio.to_thread
import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tunefolio.core.errors import Misuse, Retry
from tunefolio.core.people import Person
from tunefolio.services.access import TokenRefused
from tunefolio.services.house import House
from tunefolio.services.leaving import Leaving
from tunefolio.services.tokens import ScopeNeeded
from tunefolio.telemetry import metrics
from tunefolio.web import security
from tunefolio.web.deps import ConfigDep, CurrentVisit, HouseDep, counted
from tunefolio.web.errors import SignedOut, TooMany, problem_of
from tunefolio.web.feed import BEAT_SECONDS, Feed
from tunefolio.web.leavers import must_not_leave, must_stay
from tunefolio.web.line import Line
from tunefolio.web.live import Hub
from tunefolio.web.scopes import need_of
from tunefolio.web.security import WebConfig
from tunefolio.web.visits import is_still_here
from tunefolio.web.wanted import (
    MESSAGE_BYTES,
    MOST_INSTRUMENTS,
    MOST_PORTFOLIOS,
    Message,
    message,
    moment,
    wanted,
)

router = APIRouter(tags=["live"])
_BURST = 40
_PER_SECOND = 10
_MOST_REFUSED = 200
_SIGNED_OUT, _TOO_MUCH, _GOING_AWAY = 4401, 1008, 1001
_TEXT = "text/event-stream"


class _Allowance:
    """How many messages a client may send: forty at once, ten a second from then on."""

    def __init__(self) -> None:
        self._left = float(_BURST)
        self._at = time.monotonic()
        self.refused = 0

    def take(self) -> None:
        """Raises Misuse when there were too many."""
        now = time.monotonic()
        self._left = min(float(_BURST), self._left + (now - self._at) * _PER_SECOND)
        self._at = now
        if self._left < 1:
            self.refused += 1
            raise Misuse("message", "came too soon", cure=f"Send at most {_PER_SECOND} messages a second")
        self._left -= 1


@router.websocket("/ws/live")
async def socket(websocket: WebSocket) -> None:
    """What moves, for one signed-in person; refused before it opens with the status a page would get."""
    app = websocket.app.state
    house: House = app.house
    feed: Feed = app.feed
    refusal = _refusal(websocket, house, app.config)
    if refusal is not None:
        await _deny(websocket, *refusal)
        return
    try:
        person = await anyio.to_thread.run_sync(_who, websocket, house, app.config)
    except (TokenRefused, SignedOut, ScopeNeeded, TooMany, Leaving) as no:
        problem = problem_of(no)
        await _deny(websocket, problem.status, problem.kind, problem.detail)
        return
    try:
        feed.must_have_room(person.id, _streams(app.hub, person))
        with feed.line(person, "ws", lambda: is_still_here(websocket, house, app.config)) as line:
            await websocket.accept()
            await _serve(websocket, feed, line)
    except Retry as full:
        await _deny(websocket, 503, "busy", f"{full}; close another page or come back later.")


async def _serve(websocket: WebSocket, feed: Feed, line: Line) -> None:
    """Both directions until one ends."""
    await websocket.send_text(hello(feed).decode())
    listening = asyncio.create_task(_listen(websocket, feed, line))
    try:
        await _tell(websocket, line)
    except WebSocketDisconnect:
        pass  # the page has gone
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
            await listening


async def _tell(websocket: WebSocket, line: Line) -> None:
    """Frames as there is news. While the client is slow send() waits, and news meets in the line."""
    while True:
        await line.ready()
        frame = line.take()
        if frame:
            await websocket.send({"type": "websocket.send", "text": frame.decode()})
            metrics.pushed("ws")
        if line.ending:
            await _hang_up(websocket, line.ending)
            return


async def _listen(websocket: WebSocket, feed: Feed, line: Line) -> None:
    allowance = _Allowance()
    try:
        while True:
            text = await _received(websocket)
            try:
                allowance.take()
                await feed.obey(line, message(text))
            except Misuse as wrong:
                await websocket.send_text(complaint(wrong).decode())
                if allowance.refused > _MOST_REFUSED:
                    line.end("too-many-messages")
    except WebSocketDisconnect:
        line.end("gone")


async def _received(websocket: WebSocket) -> str | bytes:
    told = await websocket.receive()
    if told["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(told.get("code", 1005))
    text: str | bytes | None = told.get("text")
    return text if text is not None else told.get("bytes", b"")


async def _hang_up(websocket: WebSocket, reason: str) -> None:
    codes = {"signed-out": _SIGNED_OUT, "too-many-messages": _TOO_MUCH}
    if websocket.application_state is WebSocketState.CONNECTED and reason != "gone":
        await websocket.close(codes.get(reason, _GOING_AWAY), reason)


def hello(feed: Feed) -> bytes:
    """The first frame: where the board stands, and what may be asked for."""
    told = {
        "type": "hello",
        "at": feed.board.at(),
        "beat_seconds": BEAT_SECONDS,
        "limits": {
            "instruments": MOST_INSTRUMENTS,
            "portfolios": MOST_PORTFOLIOS,
            "message_bytes": MESSAGE_BYTES,
            "messages_per_second": _PER_SECOND,
        },
    }
    return orjson.dumps(told)


def complaint(wrong: Misuse) -> bytes:
    """An error frame: the connection stays as it was."""
    told = {"type": "error", "field": wrong.field, "problem": wrong.problem, "cure": wrong.cure}
    return orjson.dumps(told)


def _refusal(websocket: HTTPConnection, house: House, config: WebConfig) -> tuple[int, str, str] | None:
    """Who must not even be asked for a sign-in: foreign host names, other sites' pages."""
    host = security.host_of(websocket)
    if not security.is_allowed_host(host, config.allowed_hosts):
        return 421, "misdirected", f"This server does not answer to {host or 'no name'!r}."
    origin = house.rules.public_url.rstrip("/")
    if security.bearer_of(websocket) is None and security.is_cross_site(websocket, frozenset({origin})):
        return 403, "cross-site", "This request came from another site, so it was not carried out."
    return None


async def _deny(websocket: WebSocket, status: int, code: str, detail: str) -> None:
    body = {"type": code, "status": status, "detail": detail}
    answer = JSONResponse(body, status, media_type="application/problem+json")
    answer.headers.update(security.HEADERS | {"cache-control": "no-store"})
    await websocket.send_denial_response(answer)


def _who(websocket: WebSocket, house: House, config: WebConfig) -> Person:
    """Who opens it, counted as one request. Raises TokenRefused, SignedOut, ScopeNeeded, TooMany, Leaving."""
    visit = counted(websocket, house, config)
    if visit is None:
        raise getattr(websocket.state, "refused", None) or SignedOut()
    must_not_leave(visit.person)
    visit.must_reach(need_of("GET", websocket.scope["path"]))
    return visit.person


def _streams(hub: Hub, person: Person) -> int:
    return hub.count(person.id)


@router.get(
    "/live/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {_TEXT: {}}}},
    dependencies=[Depends(must_stay)],
)
async def stream(
    request: Request,
    house: HouseDep,
    config: ConfigDep,
    visit: CurrentVisit,
    instruments: Annotated[str, Query(description="Ids of instruments, parted by commas.")] = "",
    portfolios: Annotated[str, Query(description="Ids of own portfolios, or `all`.")] = "",
    topics: Annotated[str, Query(description="Topics of events, parted by commas.")] = "",
    resume: Annotated[str, Query(description="The last `at`; Last-Event-ID goes before it.")] = "",
    since: Annotated[str, Query(description="When the page was made: what happened since is told.")] = "",
) -> StreamingResponse:
    """The frames of `/ws/live` as server-sent events: `event` is the frame's type, `id` its place."""
    feed: Feed = request.app.state.feed
    fresh = wanted(_lists(instruments, portfolios, topics), "subscribe")
    asked = Message(_place(request, resume), fresh, since=moment(since))
    asked.subscribe.must_fit()
    feed.must_have_room(visit.person.id, _streams(request.app.state.hub, visit.person))

    def is_signed_in() -> bool:
        return is_still_here(request, house, config)

    async def text() -> AsyncIterator[bytes]:
        with feed.line(visit.person, "sse", is_signed_in) as line:
            yield b"retry: 3000\n" + _event(hello(feed), "")
            await feed.obey(line, asked)
            async for frame in _frames(line):
                yield frame

    return StreamingResponse(text(), media_type=_TEXT, headers={"x-accel-buffering": "no"})


async def _frames(line: Line) -> AsyncIterator[bytes]:
    while True:
        await line.ready()
        frame = line.take()
        if frame:
            metrics.pushed("sse")
            yield _event(frame, line.place)
        if line.ending:
            if line.ending == "signed-out":
                yield b"event: signed-out\ndata: {}\n\n"
            return


def _event(frame: bytes, place: str) -> bytes:
    """One server-sent event; its name is the frame's type, which every frame begins with."""
    kind = frame[9 : frame.index(b'"', 9)]
    id = f"id: {place}\n".encode() if place else b""
    return id + b"event: " + kind + b"\ndata: " + frame + b"\n\n"


def _place(request: Request, resume: str) -> str:
    return (request.headers.get("last-event-id") or resume)[:64]


def _lists(instruments: str, portfolios: str, topics: str) -> dict[str, list[int | str]]:
    """Comma-separated words as the lists of a message; what is no number stays text and is refused there."""

    def words(text: str) -> list[int | str]:
        found = [word.strip() for word in text.split(",") if word.strip()]
        return [int(word) if word.isascii() and word.isdigit() and len(word) < 19 else word for word in found]

    return {
        "instruments": words(instruments),
        "portfolios": words(portfolios),
        "topics": words(topics),
    }
