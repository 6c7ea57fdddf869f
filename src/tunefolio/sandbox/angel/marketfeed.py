"""The market feed 2.0: subscriptions as JSON text, prices as binary frames, again and again."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from starlette.websockets import WebSocket

from tunefolio.sandbox.angel.desk import AngelDesk, desk_of
from tunefolio.sandbox.angel.frames import Mode, packet
from tunefolio.sandbox.angel.grants import Grant
from tunefolio.sandbox.angel.names import EXCHANGE_TYPES, find
from tunefolio.sandbox.angel.stream import Connection, admitted
from tunefolio.sandbox.faults import framed
from tunefolio.sandbox.universe import Listed

Key = tuple[int, str, Mode]
"""Number of the exchange, token, mode."""

AGAIN_AFTER_TURNS = 3
"""A price that stands still is told again after so many turns."""


async def market_feed(socket: WebSocket) -> None:
    """`/smart-stream`: refuses a dead token with 401 at the handshake."""
    desk = desk_of(socket)
    async with admitted(socket, desk, "market") as grant:
        if grant is not None:
            await _Feed(socket, desk, grant).run()


class _Feed(Connection):
    """One client's subscriptions, and what it was told last."""

    def __init__(self, socket: WebSocket, desk: AngelDesk, grant: Grant) -> None:
        super().__init__(socket, desk, grant)
        self._wanted: dict[Key, Listed | None] = {}
        self._told: dict[Key, tuple[bytes, int]] = {}
        self._turns = count(1)
        self._numbers = count(1)

    async def turn(self) -> None:
        """What has changed, and what has stood still for a while."""
        turn = next(self._turns)
        for key in list(self._wanted):
            await self._tell(key, turn)

    async def obey(self, text: str) -> None:
        """`{"correlationID": …, "action": 1 | 0, "params": {"mode": 2, "tokenList": […]}}`."""
        asked: Any = None
        try:
            asked = json.loads(text)
            keys = _keys(asked["params"])
            is_more = {1: True, 0: False}[asked["action"]]
        except (ValueError, KeyError, TypeError):
            await self._complain(asked, "E1001", "Invalid Request Payload.")
            return
        if not is_more:
            for key in keys:
                self._wanted.pop(key, None)
                self._told.pop(key, None)
        elif len(self._wanted.keys() | set(keys)) > self.desk.rates.tokens:
            await self._complain(asked, "E1002", "Invalid Request. Subscription Limit Exceeded")
        else:
            for key in keys:
                self._wanted[key] = find(self.desk.market.universe, EXCHANGE_TYPES[key[0]], key[1])
                self._told.pop(key, None)
                await self._tell(key, 0)

    async def _tell(self, key: Key, turn: int) -> None:
        listed = self._wanted[key]
        if listed is None:
            return
        sight = self.desk.market.sight(listed, self.desk.clock.now())
        book = self.desk.market.depth(sight)
        plain = packet(sight, key[2], book, 0)
        former, since = self._told.get(key, (b"", 0))
        if plain == former and turn - since < AGAIN_AFTER_TURNS:
            return
        self._told[key] = plain, turn
        await self.say(framed(self.desk.faults, packet(sight, key[2], book, next(self._numbers))))

    async def _complain(self, asked: Any, code: str, message: str) -> None:
        told = {"correlationID": asked.get("correlationID", "") if isinstance(asked, dict) else ""}
        await self.say(json.dumps({**told, "errorCode": code, "errorMessage": message}))


def _keys(params: Any) -> list[Key]:
    """Raises ValueError, KeyError or TypeError for no subscription. Depth is for NSE's shares only."""
    mode = Mode(params["mode"])
    keys = [(one["exchangeType"], str(token), mode) for one in params["tokenList"] for token in one["tokens"]]
    allowed = {1} if mode is Mode.DEPTH else EXCHANGE_TYPES.keys()
    if any(exchange not in allowed for exchange, _, _ in keys):
        raise ValueError("an exchange that is not streamed so")
    return keys
