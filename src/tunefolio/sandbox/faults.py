"""Failures on demand: the next requests to a path go wrong as planned, by Python or control path."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from threading import Lock
from typing import Generic, TypeVar, assert_never

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, SystemClock
from tunefolio.sandbox.spoilt import DECADE, doubled, redated, skewed

T = TypeVar("T")
CONTROL_PATH = "/__rehearsal__"
POSTBACK_PATH = "/postback"
"""Faults planned there befall the calls that a face makes to the app, and nothing else."""

_BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
)


class FaultKind(StrEnum):
    """How a request fails. truncated, empty: the real answer, cut; dead_token: all sessions end first.

    html: a page under status 200 instead of data; slow_loris: the real answer, byte by byte; wrong_date:
    with every date in it ten years earlier; duplicate_rows: with every row told twice; clock_skew: its Date
    and its times from a clock that goes wrong; 429_by_date: a refusal until a date of such a clock;
    session_stolen: all sessions end, as when each user logs in elsewhere.

    On standing connections: truncated_frame: a binary frame cut in two, its second half lost;
    duplicate_updates: an order update told twice; out_of_order: one held back until the next has been told;
    heartbeat_loss: `times` turns in which nothing at all is sent; cut_off: the line drops without a farewell.

    On calls to the app: duplicate_updates and out_of_order planned at /postback, and wrong_checksum: a proof
    that somebody else could have made up.
    """

    RATE_LIMITED = "429"
    LIMITED_BY_DATE = "429_by_date"
    FORBIDDEN = "403"
    FAILED = "500"
    UNAVAILABLE = "503"
    BAD_GATEWAY = "502"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    PAGE = "html"
    SLOW = "slow"
    SLOW_LORIS = "slow_loris"
    WRONG_DATE = "wrong_date"
    DUPLICATE_ROWS = "duplicate_rows"
    CLOCK_SKEW = "clock_skew"
    DEAD_TOKEN = "dead_token"
    SESSION_STOLEN = "session_stolen"
    TRUNCATED_FRAME = "truncated_frame"
    DUPLICATE_UPDATES = "duplicate_updates"
    OUT_OF_ORDER = "out_of_order"
    HEARTBEAT_LOSS = "heartbeat_loss"
    CUT_OFF = "cut_off"
    WRONG_CHECKSUM = "wrong_checksum"


STREAM_KINDS = frozenset(
    {
        FaultKind.TRUNCATED_FRAME,
        FaultKind.DUPLICATE_UPDATES,
        FaultKind.OUT_OF_ORDER,
        FaultKind.HEARTBEAT_LOSS,
        FaultKind.CUT_OFF,
        FaultKind.WRONG_CHECKSUM,
    }
)
"""What happens to frames and updates that a face sends by itself, never to a request."""
_OF_CALLS = frozenset({FaultKind.WRONG_CHECKSUM})
"""What can befall nothing but a call to the app, wherever it was planned."""


_DAY_SECONDS = 86_400.0
_PAGE = b"<!DOCTYPE html>\n<html><head><title>One moment, please</title></head><body>checking</body></html>\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """The next `times` requests whose path starts with `path` fail so.

    seconds: the delay, for SLOW; the pause before each byte, for SLOW_LORIS; how far ahead the clock goes,
    for CLOCK_SKEW and LIMITED_BY_DATE (a day at most, behind when negative); else unused. retry_after:
    seconds that a refusal asks to wait; None: it does not say.
    """

    kind: FaultKind
    path: str = "/"
    times: int = 1
    seconds: float = 2.0
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise Misuse("path", f"{self.path!r} does not start with a slash")
        if not 1 <= self.times <= 1_000_000:
            raise Misuse("times", f"{self.times} is not a count of requests")
        if self.kind in (FaultKind.CLOCK_SKEW, FaultKind.LIMITED_BY_DATE):
            if abs(self.seconds) > _DAY_SECONDS:
                raise Misuse("seconds", f"{self.seconds} is more than a day")
        elif not 0 <= self.seconds <= 300:
            raise Misuse("seconds", f"{self.seconds} is not a delay of at most five minutes")
        if self.retry_after is not None and not 0 <= self.retry_after <= _DAY_SECONDS:
            raise Misuse("retry_after", f"{self.retry_after} is not within a day")


class Faults:
    """What is still to go wrong, oldest plan first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._standing: list[Fault] = []
        self._latency_seconds = 0.0

    @property
    def latency_seconds(self) -> float:
        """How long every answer takes before anything else happens to it."""
        return self._latency_seconds

    def slow_down(self, seconds: float) -> None:
        """From now on, until told otherwise; 0 ends it. Raises Misuse."""
        if not 0 <= seconds <= 60:
            raise Misuse("seconds", f"{seconds} is not a latency of at most a minute")
        self._latency_seconds = seconds

    def plan(
        self,
        kind: FaultKind | str,
        *,
        path: str = "/",
        times: int = 1,
        seconds: float = 2.0,
        retry_after: int | None = None,
    ) -> Fault:
        """Raises Misuse for an unknown kind or a senseless number."""
        try:
            fault = Fault(FaultKind(kind), path, times, seconds, retry_after)
        except ValueError:
            known = ", ".join(FaultKind)
            raise Misuse("kind", f"{kind!r} is no fault", cure=f"Known: {known}") from None
        with self._lock:
            self._standing.append(fault)
        return fault

    def take(self, path: str) -> Fault | None:
        """The fault that this request must suffer, used up once."""
        with self._lock:
            for place, fault in enumerate(self._standing):
                if fault.kind not in STREAM_KINDS and path.startswith(fault.path):
                    return self._use(place)
        return None

    def stream(self, kind: FaultKind, path: str = "/") -> bool:
        """Must this frame, update or turn of a standing connection, or this call to the app at POSTBACK_PATH,
        suffer it? Used up once."""
        with self._lock:
            for place, fault in enumerate(self._standing):
                is_of_calls = fault.kind in _OF_CALLS or fault.path == POSTBACK_PATH
                if fault.kind is kind and is_of_calls == (path == POSTBACK_PATH):
                    self._use(place)
                    return True
        return False

    def _use(self, place: int) -> Fault:
        fault = self._standing[place]
        left = replace(fault, times=fault.times - 1) if fault.times > 1 else None
        self._standing[place : place + 1] = [left] if left else []
        return fault

    def standing(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(self._standing)

    def clear(self) -> None:
        with self._lock:
            self._standing.clear()


class FaultyGate:
    """ASGI middleware that lets planned faults happen. bodies: how this face words its refusals; clock: the
    one that goes wrong, this machine's unless given."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        *,
        bodies: Mapping[FaultKind, tuple[str, bytes]],
        end_sessions: Callable[[], None],
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._app = app
        self._faults = faults
        self._bodies = bodies
        self._end_sessions = end_sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_touchable = scope["type"] == "http" and not scope["path"].startswith(CONTROL_PATH)
        if is_touchable and self._faults.latency_seconds:
            await asyncio.sleep(self._faults.latency_seconds)
        fault = self._faults.take(scope["path"]) if is_touchable else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        match fault.kind:
            case FaultKind.SLOW:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case FaultKind.DEAD_TOKEN | FaultKind.SESSION_STOLEN:
                self._end_sessions()
                await self._app(scope, receive, send)
            case FaultKind.PAGE:
                await Response(_PAGE, 200, media_type="text/html")(scope, receive, send)
            case FaultKind.BAD_GATEWAY:
                await Response(_BAD_GATEWAY, 502, media_type="text/html")(scope, receive, send)
            case (
                FaultKind.RATE_LIMITED
                | FaultKind.LIMITED_BY_DATE
                | FaultKind.UNAVAILABLE
                | FaultKind.FORBIDDEN
                | FaultKind.FAILED
            ):
                await self._refusal(fault)(scope, receive, send)
            case FaultKind.SLOW_LORIS:
                start, body = await self._answer(scope, receive)
                await _dripped(start, body, send, fault.seconds)
            case (
                FaultKind.TRUNCATED
                | FaultKind.EMPTY
                | FaultKind.WRONG_DATE
                | FaultKind.DUPLICATE_ROWS
                | FaultKind.CLOCK_SKEW
            ):
                start, body = await self._answer(scope, receive)
                await _whole(*_spoilt(fault, start, body, self._clock.now().utc), send)
            case (
                FaultKind.TRUNCATED_FRAME
                | FaultKind.DUPLICATE_UPDATES
                | FaultKind.OUT_OF_ORDER
                | FaultKind.HEARTBEAT_LOSS
                | FaultKind.CUT_OFF
                | FaultKind.WRONG_CHECKSUM
            ):
                raise AssertionError("no request takes what belongs to a stream")
            case _:
                assert_never(fault.kind)

    def _refusal(self, fault: Fault) -> Response:
        """In this face's own words. A wait is told in seconds, or as a date of a clock that goes wrong."""
        status = int(fault.kind[:3])
        known = FaultKind.RATE_LIMITED if status == 429 else fault.kind
        media_type, body = self._bodies.get(known, ("text/plain", f"{status}\r\n".encode()))
        answer = Response(body, status, media_type=media_type)
        if fault.kind is FaultKind.LIMITED_BY_DATE:
            theirs = self._clock.now().utc + timedelta(seconds=fault.seconds)
            answer.headers["date"] = format_datetime(theirs, usegmt=True)
            until = theirs + timedelta(seconds=fault.retry_after or 0)
            answer.headers["retry-after"] = format_datetime(until, usegmt=True)
        elif fault.retry_after is not None:
            answer.headers["retry-after"] = str(fault.retry_after)
        return answer

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        """What would have been answered: its start, and its whole body."""
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, keep)
        return start, bytes(body)


class Unrest(Generic[T]):
    """What one connection's order updates suffer on their way. One for each connection, or for the calls at
    one path."""

    def __init__(self, faults: Faults, path: str = "/") -> None:
        self._faults = faults
        self._path = path
        self._held: T | None = None

    def passed(self, update: T) -> list[T]:
        """What is to be told now, in order: the update, nothing yet, it twice, or a late one after it."""
        if self._held is None and self._faults.stream(FaultKind.OUT_OF_ORDER, self._path):
            self._held = update
            return []
        is_doubled = self._faults.stream(FaultKind.DUPLICATE_UPDATES, self._path)
        told = [update, update] if is_doubled else [update]
        if self._held is not None:
            told.append(self._held)
            self._held = None
        return told


def framed(faults: Faults, frame: bytes) -> bytes:
    """A binary frame as it arrives: whole, or its first half."""
    return frame[: len(frame) // 2] if faults.stream(FaultKind.TRUNCATED_FRAME) else frame


def _spoilt(fault: Fault, start: Message, body: bytes, now: datetime) -> tuple[Message, bytes]:
    """The real answer after what the fault does to it."""
    match fault.kind:
        case FaultKind.TRUNCATED:
            return start, body[: len(body) // 2]
        case FaultKind.EMPTY:
            return start, b""
        case FaultKind.WRONG_DATE:
            return start, redated(body, -DECADE)
        case FaultKind.DUPLICATE_ROWS:
            return start, doubled(body)
        case _:
            by = timedelta(seconds=fault.seconds)
            headers = [(name, value) for name, value in start["headers"] if name.lower() != b"date"]
            headers.append((b"date", format_datetime(now + by, usegmt=True).encode()))
            return {**start, "headers": headers}, skewed(body, by, now)


async def _whole(start: Message, body: bytes, send: Send) -> None:
    """Under a length that fits the body, however it came about."""
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _dripped(start: Message, body: bytes, send: Send, pause_seconds: float) -> None:
    """Byte by byte, for as long as anyone listens."""
    await send(start)
    for place in range(len(body)):
        await asyncio.sleep(pause_seconds)
        await send({"type": "http.response.body", "body": body[place : place + 1], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def control_routes(faults: Faults, end_sessions: Callable[[], None]) -> list[Route]:
    """Plan, list and clear faults, and end every session, from another process."""

    async def plan(request: Request) -> Response:
        wanted = await request.json()
        try:
            fault = faults.plan(**wanted)
        except (Misuse, TypeError) as problem:
            return JSONResponse({"error": str(problem)}, 400)
        return JSONResponse(asdict(fault), 201)

    async def listed(_: Request) -> Response:
        return JSONResponse([asdict(fault) for fault in faults.standing()])

    async def clear(_: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    async def end(_: Request) -> Response:
        end_sessions()
        return Response(status_code=204)

    return [
        Route(f"{CONTROL_PATH}/faults", plan, methods=["POST"]),
        Route(f"{CONTROL_PATH}/faults", listed, methods=["GET"]),
        Route(f"{CONTROL_PATH}/faults", clear, methods=["DELETE"]),
        Route(f"{CONTROL_PATH}/sessions", end, methods=["DELETE"]),
    ]
