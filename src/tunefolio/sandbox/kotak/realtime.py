"""The order feed: one greeting, then every change of the customer's orders and positions."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from tunefolio.sandbox.faults import FaultKind, Unrest
from tunefolio.sandbox.kotak.desk import BROKER, Hello, KotakDesk, desk_of
from tunefolio.sandbox.kotak.envelope import NeoError
from tunefolio.sandbox.kotak.orders import order_row
from tunefolio.sandbox.kotak.portfolio import position_rows
from tunefolio.sandbox.orderbook import Order

_POLICY = 1008
_RAW = re.compile(r"\{type:cn,Authorization:(?P<token>[^,}]+),Sid:(?P<sid>[^,}]+),src:\w+\}")
_WELCOME = {"ak": "ok", "type": "cn", "task": "cn", "msg": "connected"}


async def feed(socket: WebSocket) -> None:
    """`/realtime`: a greeting that it does not take is answered by hanging up."""
    desk = desk_of(socket)
    await socket.accept()
    with suppress(WebSocketDisconnect, RuntimeError):
        try:
            sid, token = _greeting(desk, await socket.receive_text())
            user = desk.grants.of(sid, token, desk.clock.now()).user
        except (ValueError, NeoError):
            await socket.close(_POLICY)
            return
        await socket.send_text(json.dumps(_WELCOME))
        tasks = [
            asyncio.create_task(one)
            for one in (_told(socket, desk, user), _watched(socket, desk, sid, token), _read(socket))
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task


def _greeting(desk: KotakDesk, text: str) -> tuple[str, str]:
    """(sid, token) of either greeting; ValueError for one that this feed does not take."""
    if (match := _RAW.fullmatch(text)) is not None and Hello.RAW in desk.hellos:
        return match["sid"], match["token"]
    told = json.loads(text)
    if Hello.JSON in desk.hellos and isinstance(told, dict) and told.get("type") == "cn":
        return str(told.get("Sid", "")), str(told.get("Authorization", ""))
    raise ValueError


async def _told(socket: WebSocket, desk: KotakDesk, user: str) -> None:
    """The day so far, then every change; a position when units have moved."""
    unrest = Unrest[str](desk.faults)
    with desk.depot.watch(BROKER, user) as changes:
        for order in desk.depot.orders(BROKER, user):
            await socket.send_text(_message(user, order))
        while True:
            order = await changes.get()
            for text in unrest.passed(_message(user, order)):
                await socket.send_text(text)
            if order.filled:
                for row in position_rows(desk, user):
                    if row["tok"] == str(order.listed.exchange_token):
                        await socket.send_text(json.dumps({"type": "position", "data": row}))


async def _watched(socket: WebSocket, desk: KotakDesk, sid: str, token: str) -> None:
    """Ends the connection with its session."""
    while True:
        await asyncio.sleep(desk.tick_seconds)
        desk.depot.stir()
        try:
            desk.grants.of(sid, token, desk.clock.now())
        except NeoError:
            await socket.close(_POLICY)
            return
        if desk.faults.stream(FaultKind.CUT_OFF):
            await socket.close(1011)
            return


async def _read(socket: WebSocket) -> None:
    """The client has nothing more to say; that it left is heard by listening."""
    while True:
        await socket.receive_text()


def _message(user: str, order: Order) -> str:
    return json.dumps({"type": "order", "data": order_row(user, order)})
