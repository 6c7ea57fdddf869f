"""The sender of postbacks: each final or partly filled state of an order, told to the app by HTTP."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox import wording
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.faults import POSTBACK_PATH, FaultKind, Faults, Unrest
from tunefolio.sandbox.kite.desk import BROKER
from tunefolio.sandbox.kite.orders import order_row
from tunefolio.sandbox.orderbook import CANCELLED, COMPLETE, OPEN, REJECTED, Order
from tunefolio.sandbox.people import Trader

_PATIENCE_SECONDS = 3
_TRIES = 3


class Postbox:
    """Where the app waits to be told of orders; "" for nowhere. Changed at any time, from any thread."""

    def __init__(self, url: str = "") -> None:
        self._url = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self.register(url)

    @property
    def url(self) -> str:
        return self._url

    def register(self, url: str) -> None:
        """From now on there. Raises Misuse for what is no web address."""
        self._url = wording.web_address("postback_url", url) if url else ""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    async def moved(self) -> None:
        """Until it is registered anew."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._changed = loop, asyncio.Event()
        await self._changed.wait()
        self._changed.clear()


class Sender:
    """Tells the app what becomes of orders, at least once. note: told of each call and its answer."""

    def __init__(
        self, depot: Depot, box: Postbox, app: AppKeys, *, faults: Faults, note: Callable[[str, str], None]
    ) -> None:
        self._depot, self._box, self._app, self._faults, self._note = depot, box, app, faults, note

    async def run(self) -> None:
        """Until cancelled; without an address nobody's orders are watched."""
        while True:
            telling = asyncio.create_task(self._tell(self._box.url)) if self._box.url else None
            try:
                await self._box.moved()
            finally:
                if telling is not None:
                    telling.cancel()

    async def _tell(self, url: str) -> None:
        """Every change from now on, in the order of the book unless a fault upsets it."""
        target = urlsplit(url)
        unrest: Unrest[dict[str, Any]] = Unrest(self._faults, POSTBACK_PATH)
        with self._depot.watch_all(BROKER) as changes:
            while True:
                trader, order = await changes.get()
                if not is_told(order):
                    continue
                for row in unrest.passed(body(trader, order, self._app)):
                    await self._send(target, row)

    async def _send(self, target: SplitResult, row: dict[str, Any]) -> None:
        """Up to three times, as long as the app does not answer with a 2xx."""
        if self._faults.stream(FaultKind.WRONG_CHECKSUM, POSTBACK_PATH):
            row = {**row, "checksum": sha256(row["checksum"].encode()).hexdigest()}
        content, status = json.dumps(row).encode(), 0
        for attempt in range(_TRIES):
            status = await asyncio.to_thread(_answered, target, content)
            if 200 <= status < 300:
                break
            await asyncio.sleep(0.1 * 2**attempt)
        self._note("postback", f"{row['user_id']} {row['order_id']} {row['status']}: {status or 'no answer'}")


def is_told(order: Order) -> bool:
    """COMPLETE, CANCELLED, REJECTED, and UPDATE: an open order of which something was filled."""
    return order.status in (COMPLETE, CANCELLED, REJECTED) or (order.status == OPEN and order.filled > 0)


def body(trader: Trader, order: Order, app: AppKeys) -> dict[str, Any]:
    """Signed with the app's secret."""
    row = order_row(trader, order)
    signed = row["order_id"] + row["order_timestamp"] + app.api_secret.reveal()
    return {
        "user_id": trader.user_id,
        "unfilled_quantity": order.quantity - order.filled,
        "app_id": 1,
        "checksum": sha256(signed.encode()).hexdigest(),
        **{name: value for name, value in row.items() if name != "modified"},
        "status": "UPDATE" if order.status == OPEN else order.status,
    }


def _answered(target: SplitResult, content: bytes) -> int:
    """The status of the app's answer; 0 for none."""
    name, port = target.hostname or "", target.port
    line: http.client.HTTPConnection
    if target.scheme == "https":
        context = ssl.create_default_context()
        line = http.client.HTTPSConnection(name, port, timeout=_PATIENCE_SECONDS, context=context)
    else:
        line = http.client.HTTPConnection(name, port, timeout=_PATIENCE_SECONDS)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    try:
        line.request("POST", path, content, {"Content-Type": "application/json"})
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        line.close()
