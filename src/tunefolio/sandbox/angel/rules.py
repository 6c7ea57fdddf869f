"""Routes of GTT rules: orders that wait for a price. They are read here; making any is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import Instant
from tunefolio.sandbox.angel.desk import AngelDesk, desk_of
from tunefolio.sandbox.angel.envelope import body_of, refused, success, text_of, unreadable
from tunefolio.sandbox.angel.names import rupees, symbol_of, token_of
from tunefolio.sandbox.people import Trader

_FIRST_ID = 7_000
_LIFE = timedelta(days=365)
_MADE_AT = time(10, 5, 42)


async def listed(request: Request) -> Response:
    """POST ruleList: page by page; null for an empty page."""
    desk = desk_of(request)
    trader = desk.reader(request, lambda rates: rates.quotes)
    body = await body_of(request)
    page, count = body.get("page"), body.get("count")
    if not isinstance(body.get("status"), list) or not isinstance(page, int) or not isinstance(count, int):
        raise unreadable()
    rows = list(_rows(desk, trader))
    return success(rows[(page - 1) * count : page * count] or None)


async def detail(request: Request) -> Response:
    """POST ruleDetails."""
    desk = desk_of(request)
    trader = desk.reader(request, lambda rates: rates.quotes)
    wanted = text_of(await body_of(request), "id")
    for row in _rows(desk, trader):
        if row["id"] == wanted:
            return success(row)
    raise refused("AB9000", "Rule not found")


def _rows(desk: AngelDesk, trader: Trader) -> Iterator[dict[str, str]]:
    """A stop and a target are two rules here. They wait for ever: no order is placed by one."""
    before = desk.market.sessions.before(desk.depot.opened)
    made = Instant.at(before, _MADE_AT)
    prices = ((one, percent) for one in trader.standing for percent in one.percents)
    for place, (one, percent) in enumerate(prices):
        share = desk.market.universe.of(one.key)
        value = desk.market.close(share, before) * percent // 100 // share.tick * share.tick
        yield {
            "clientid": trader.user_id,
            "createddate": _utc(made),
            "updateddate": _utc(made),
            "expirydate": _utc(made + _LIFE),
            "exchange": share.exchange,
            "tradingsymbol": symbol_of(share),
            "symboltoken": token_of(share),
            "producttype": "DELIVERY",
            "transactiontype": one.side,
            "id": str(_FIRST_ID + place),
            "qty": str(one.quantity),
            "price": rupees(value),
            "triggerprice": rupees(value),
            "status": "NEW",
        }


def _utc(moment: Instant) -> str:
    return moment.utc.strftime("%Y-%m-%dT%H:%M:%SZ")
