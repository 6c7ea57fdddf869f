"""Failures on demand: the next requests to a path go wrong as planned, by Python or control path."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from threading import Lock

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunefolio.core.errors import Misuse

CONTROL_PATH = "/__rehearsal__"

_BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
)


class FaultKind(StrEnum):
    """How a request fails. truncated, empty: the real answer, cut; dead_token: all sessions end first."""

    RATE_LIMITED = "429"
    UNAVAILABLE = "503"
    BAD_GATEWAY = "502"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    SLOW = "slow"
    DEAD_TOKEN = "dead_token"


@dataclass(frozen=True, slots=True)
class Fault:
    """The next `times` requests whose path starts with `path` fail so. seconds: of delay, for SLOW."""

    kind: FaultKind
    path: str = "/"
    times: int = 1
    seconds: float = 2.0

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise Misuse("path", f"{self.path!r} does not start with a slash")
        if not 1 <= self.times <= 1_000_000:
            raise Misuse("times", f"{self.times} is not a count of requests")
        if not 0 <= self.seconds <= 300:
            raise Misuse("seconds", f"{self.seconds} is not a delay of at most five minutes")


class Faults:
    """What is still to go wrong, oldest plan first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._standing: list[Fault] = []

    def plan(self, kind: FaultKind | str, *, path: str = "/", times: int = 1, seconds: float = 2.0) -> Fault:
        """Raises Misuse for an unknown kind or a senseless number."""
        try:
            fault = Fault(FaultKind(kind), path, times, seconds)
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
                if path.startswith(fault.path):
                    left = replace(fault, times=fault.times - 1) if fault.times > 1 else None
                    self._standing[place : place + 1] = [left] if left else []
                    return fault
        return None

    def standing(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(self._standing)

    def clear(self) -> None:
        with self._lock:
            self._standing.clear()


class FaultyGate:
    """ASGI middleware that lets planned faults happen. bodies: how this face words 429 and 503."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        *,
        bodies: Mapping[FaultKind, tuple[str, bytes]],
        end_sessions: Callable[[], None],
    ) -> None:
        self._app = app
        self._faults = faults
        self._bodies = bodies
        self._end_sessions = end_sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_touchable = scope["type"] == "http" and not scope["path"].startswith(CONTROL_PATH)
        fault = self._faults.take(scope["path"]) if is_touchable else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        match fault.kind:
            case FaultKind.SLOW:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case FaultKind.DEAD_TOKEN:
                self._end_sessions()
                await self._app(scope, receive, send)
            case FaultKind.TRUNCATED | FaultKind.EMPTY:
                await self._shortened(fault.kind, scope, receive, send)
            case FaultKind.BAD_GATEWAY:
                await Response(_BAD_GATEWAY, 502, media_type="text/html")(scope, receive, send)
            case FaultKind.RATE_LIMITED | FaultKind.UNAVAILABLE:
                media_type, body = self._bodies[fault.kind]
                await Response(body, int(fault.kind), media_type=media_type)(scope, receive, send)

    async def _shortened(self, kind: FaultKind, scope: Scope, receive: Receive, send: Send) -> None:
        """The real answer, cut in half or to nothing, under a length that fits what is left."""
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, keep)
        left = bytes(body[: len(body) // 2]) if kind is FaultKind.TRUNCATED else b""
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        headers.append((b"content-length", str(len(left)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": left})


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
