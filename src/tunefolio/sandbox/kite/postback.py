"""The sender of postbacks: each final or partly filled state of an order, told to the app by HTTP."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from hashlib import sha256
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.kite.desk import BROKER
from tunefolio.sandbox.kite.orders import order_row
from tunefolio.sandbox.orderbook import CANCELLED, COMPLETE, OPEN, REJECTED, Order
from tunefolio.sandbox.people import Trader

_PATIENCE_SECONDS = 3
_TRIES = 3


async def postbacks(depot: Depot, url: str, app: AppKeys) -> None:
    """Until cancelled. At least once, up to three times, as long as the app does not answer with a 2xx."""
    target = urlsplit(url)
    with depot.watch_all(BROKER) as changes:
        while True:
            trader, order = await changes.get()
            if is_told(order):
                await _sent(target, json.dumps(body(trader, order, app)).encode())


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


async def _sent(target: SplitResult, content: bytes) -> None:
    for attempt in range(_TRIES):
        if await asyncio.to_thread(_answered, target, content):
            return
        await asyncio.sleep(0.1 * 2**attempt)


def _answered(target: SplitResult, content: bytes) -> bool:
    """Has the app taken it?"""
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
        return 200 <= line.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
