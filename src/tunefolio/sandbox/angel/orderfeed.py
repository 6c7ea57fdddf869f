"""The order feed: a greeting, then every change of the client's orders as JSON text."""

from __future__ import annotations

import json
from typing import Any

from starlette.websockets import WebSocket

from tunefolio.sandbox.angel.desk import BROKER, AngelDesk, desk_of
from tunefolio.sandbox.angel.grants import Grant
from tunefolio.sandbox.angel.orders import order_row
from tunefolio.sandbox.angel.stream import Connection, admitted
from tunefolio.sandbox.faults import Unrest
from tunefolio.sandbox.orderbook import Order

_CODES = {
    "OPEN": "AB01",
    "CANCELLED": "AB02",
    "REJECTED": "AB03",
    "COMPLETE": "AB05",
    "OPEN PENDING": "AB09",
}
_ACKNOWLEDGED = "AB00"
_NUMBERS = (
    "price",
    "triggerprice",
    "squareoff",
    "stoploss",
    "trailingstoploss",
    "averageprice",
    "strikeprice",
)
_FIELDS = (
    "variety", "ordertype", "ordertag", "producttype", "price", "triggerprice", "quantity",
    "disclosedquantity", "duration", "squareoff", "stoploss", "trailingstoploss", "tradingsymbol",
    "transactiontype", "exchange", "symboltoken", "instrumenttype", "strikeprice", "optiontype",
    "expirydate", "lotsize", "cancelsize", "averageprice", "filledshares", "unfilledshares", "orderid",
    "text", "status", "orderstatus", "updatetime", "exchtime", "exchorderupdatetime", "fillid", "filltime",
    "parentorderid",
)  # fmt: skip


async def order_feed(socket: WebSocket) -> None:
    """`/smart-order-update`: refuses a dead token with 401 at the handshake."""
    desk = desk_of(socket)
    async with admitted(socket, desk, "orders") as grant:
        if grant is not None:
            await _Feed(socket, desk, grant).run()


class _Feed(Connection):
    """One client's order changes."""

    def __init__(self, socket: WebSocket, desk: AngelDesk, grant: Grant) -> None:
        super().__init__(socket, desk, grant)
        self._user = grant.user_id

    async def work(self) -> None:
        """The greeting has every field, all empty."""
        unrest = Unrest[str](self.desk.faults)
        with self.desk.depot.watch(BROKER, self._user) as changes:
            empty: dict[str, Any] = {name: 0 if name in _NUMBERS else "" for name in _FIELDS}
            await self.say(self._told(_ACKNOWLEDGED, empty))
            while True:
                order = await changes.get()
                code = _CODES.get(order.status, _ACKNOWLEDGED)
                for text in unrest.passed(self._told(code, _data(order))):
                    await self.say(text)

    def _told(self, code: str, data: dict[str, Any]) -> str:
        whole = {
            "user-id": self._user,
            "status-code": "200",
            "order-status": code,
            "error-message": "",
            "orderData": data,
        }
        return json.dumps(whole)


def _data(order: Order) -> dict[str, Any]:
    """A row of the order book, but prices are numbers here."""
    row = order_row(order)
    row["orderid"] = str(row["orderid"])
    return {name: float(row[name]) if name in _NUMBERS else row[name] for name in _FIELDS}
