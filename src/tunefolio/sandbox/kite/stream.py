"""The tick stream: one WebSocket per connection, subscriptions as JSON text, prices as binary frames."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from tunefolio.sandbox.faults import FaultKind, Unrest, framed
from tunefolio.sandbox.kite.desk import BROKER, Desk
from tunefolio.sandbox.kite.envelope import KiteError, error_body
from tunefolio.sandbox.kite.orders import order_row
from tunefolio.sandbox.kite.ticks import HEARTBEAT, Mode, frame, packet
from tunefolio.sandbox.universe import Listed


async def stream(socket: WebSocket) -> None:
    """`/`: refuses a dead token with 403 and a fourth connection with 429, both at the handshake."""
    desk: Desk = socket.app.state.desk
    api_key = socket.query_params.get("api_key", "")
    access_token = socket.query_params.get("access_token", "")
    try:
        user = desk.grants.of(api_key, access_token).user_id
    except KiteError as error:
        await _deny(socket, error)
        return
    if desk.streams.get(api_key, 0) >= desk.rates.connections:
        await _deny(socket, KiteError(429, "NetworkException", "Too many connections"))
        return
    desk.streams[api_key] = desk.streams.get(api_key, 0) + 1
    try:
        await socket.accept()
        await _Connection(socket, desk, (api_key, access_token), user).run()
    finally:
        desk.streams[api_key] -= 1


async def _deny(socket: WebSocket, error: KiteError) -> None:
    await socket.send_denial_response(JSONResponse(error_body(error.error_type, error.message), error.status))


class _Connection:
    """One client's subscriptions, and what it was told last. leave: its API key and access token."""

    def __init__(self, socket: WebSocket, desk: Desk, leave: tuple[str, str], user: str) -> None:
        self._socket = socket
        self._desk = desk
        self._leave = leave
        self._user = user
        self._modes: dict[int, Mode] = {}
        self._told: dict[int, bytes] = {}

    async def run(self) -> None:
        """Until the client leaves or its session ends."""
        tasks = [asyncio.create_task(one) for one in (self._pulse(), self._tell_orders())]
        try:
            with suppress(WebSocketDisconnect):
                while True:
                    await self._obey(await self._socket.receive_text())
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task

    async def _tell_orders(self) -> None:
        """Every change of the user's orders as text, under an empty checksum: only postbacks bear one."""
        unrest = Unrest[str](self._desk.faults)
        trader = self._desk.trader(self._user)
        with self._desk.depot.watch(BROKER, self._user) as changes:
            while True:
                order = await changes.get()
                row = {"user_id": self._user, "app_id": 1, "checksum": "", **order_row(trader, order)}
                row["unfilled_quantity"] = order.quantity - order.filled
                for text in unrest.passed(json.dumps({"type": "order", "data": row})):
                    await self._socket.send_text(text)

    async def _pulse(self) -> None:
        """Changed prices, or a heartbeat when there are none; ends the connection with its session."""
        while True:
            await asyncio.sleep(self._desk.tick_seconds)
            try:
                self._desk.grants.of(*self._leave)
            except KiteError:
                await self._socket.close(1008)
                return
            if self._desk.faults.stream(FaultKind.HEARTBEAT_LOSS):
                continue
            if self._desk.faults.stream(FaultKind.CUT_OFF):
                await self._socket.close(1011)
                return
            if not await self._tell(self._modes):
                await self._socket.send_bytes(HEARTBEAT)

    async def _obey(self, text: str) -> None:
        """`{"a": "subscribe"|"unsubscribe", "v": [tokens]}` or `{"a": "mode", "v": [mode, [tokens]]}`."""
        try:
            match json.loads(text):
                case {"a": "subscribe", "v": [*tokens]}:
                    await self._set(tokens, None)
                case {"a": "unsubscribe", "v": [*tokens]}:
                    for token in tokens:
                        self._modes.pop(token, None)
                        self._told.pop(token, None)
                case {"a": "mode", "v": [str() as mode, [*tokens]]}:
                    await self._set(tokens, Mode(mode))
                case _:
                    await self._complain("Invalid message.")
        except ValueError:
            await self._complain("Invalid message.")

    async def _set(self, tokens: list[Any], mode: Mode | None) -> None:
        """Subscribe, or change mode; what is new is told at once."""
        known = [token for token in tokens if isinstance(token, int) and self._listed(token) is not None]
        if len(self._modes.keys() | set(known)) > self._desk.rates.tokens:
            await self._complain(f"Too many instruments: at most {self._desk.rates.tokens} per connection.")
            return
        if len(known) < len(tokens):
            await self._complain("Unknown instrument token.")
        for token in known:
            self._modes[token] = mode or self._modes.get(token, Mode.QUOTE)
            self._told.pop(token, None)
        await self._tell(known)

    def _listed(self, token: int) -> Listed | None:
        return self._desk.market.universe.find_token(token)

    async def _tell(self, tokens: Iterable[int]) -> bool:
        """Send what differs from what was told last; False when nothing does."""
        now = self._desk.clock.now()
        packets = []
        for token in tokens:
            listed = self._listed(token)
            if listed is None:
                continue
            sight = self._desk.market.sight(listed, now)
            one = packet(sight, self._modes[token], self._desk.market.depth(sight))
            if self._told.get(token) != one:
                self._told[token] = one
                packets.append(one)
        if packets:
            await self._socket.send_bytes(framed(self._desk.faults, frame(packets)))
        return bool(packets)

    async def _complain(self, problem: str) -> None:
        await self._socket.send_text(json.dumps({"type": "error", "data": problem}))
