"""What both feeds share: who may listen, how many at a time, and a line that beats, falls silent or drops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from tunefolio.sandbox.angel.desk import AngelDesk, bearer
from tunefolio.sandbox.angel.envelope import Refusal
from tunefolio.sandbox.angel.grants import Grant
from tunefolio.sandbox.faults import FaultKind


@asynccontextmanager
async def admitted(socket: WebSocket, desk: AngelDesk, what: str) -> AsyncIterator[Grant | None]:
    """The grant of an accepted connection; None for one that was refused at the handshake."""
    try:
        grant = _grant_of(socket, desk)
    except Refusal:
        await _deny(socket, 401, "Invalid Token")
        yield None
        return
    place = what, grant.user_id
    if desk.streams.get(place, 0) >= desk.rates.connections:
        await _deny(socket, 429, "Connection limit exceeded")
        yield None
        return
    desk.streams[place] = desk.streams.get(place, 0) + 1
    try:
        await socket.accept()
        yield grant
    finally:
        desk.streams[place] -= 1


def _grant_of(socket: WebSocket, desk: AngelDesk) -> Grant:
    """By headers, or by the query: there a feed token alone stands for the session. Raises Refusal."""
    query, headers = socket.query_params, socket.headers
    desk.check_key(headers.get("x-api-key") or query.get("apiKey", ""))
    if feed := query.get("feedToken", ""):
        return desk.grants.of_feed(feed, query.get("clientCode", ""))
    return desk.grants.of(bearer(socket))


async def _deny(socket: WebSocket, status: int, reason: str) -> None:
    denial = PlainTextResponse(reason, status, headers={"x-error-message": reason})
    await socket.send_denial_response(denial)


class Connection:
    """A standing line: it answers "ping" with "pong", ends with its session, and suffers what is planned."""

    def __init__(self, socket: WebSocket, desk: AngelDesk, grant: Grant) -> None:
        self.socket = socket
        self.desk = desk
        self._grant = grant
        self._is_mute = False

    async def run(self) -> None:
        """Until the client leaves or its session ends."""
        tasks = [asyncio.create_task(one) for one in (self._pulse(), self.work())]
        try:
            with suppress(WebSocketDisconnect, RuntimeError):
                while True:
                    text = await self.socket.receive_text()
                    if text == "ping":
                        await self.say("pong")
                    else:
                        await self.obey(text)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task

    async def say(self, message: str | bytes) -> None:
        """Nothing is sent while the line is mute."""
        if self._is_mute:
            return
        if isinstance(message, str):
            await self.socket.send_text(message)
        else:
            await self.socket.send_bytes(message)

    async def obey(self, text: str) -> None:
        """What else the client says."""

    async def turn(self) -> None:
        """Something to be sent in each turn."""

    async def work(self) -> None:
        """Something to be done beside the turns."""

    async def _pulse(self) -> None:
        faults = self.desk.faults
        while True:
            await asyncio.sleep(self.desk.tick_seconds)
            try:
                self.desk.grants.of(self._grant.jwt)
            except Refusal:
                await self.socket.close(1008)
                return
            if faults.stream(FaultKind.CUT_OFF):
                await self.socket.close(1011)
                return
            self._is_mute = faults.stream(FaultKind.HEARTBEAT_LOSS)
            await self.turn()
