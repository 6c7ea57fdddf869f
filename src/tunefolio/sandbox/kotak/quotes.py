"""Routes of prices: quotes of up to fifty instruments named in the path, and the list of instruments."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock
from tunefolio.sandbox.kotak.desk import SEGMENTS, KotakDesk, desk_of, symbol_of
from tunefolio.sandbox.kotak.envelope import gateway_error
from tunefolio.sandbox.market import Level, Market, Sight
from tunefolio.sandbox.universe import Kind
from tunefolio.sandbox.world import kotak_master

_DEPTH = 5
_PARTS = {
    "ltp": ("ltp", "last_traded_quantity"),
    "ohlc": ("ohlc",),
    "market_depth": ("depth",),
    "oi": ("open_int",),
    "52w": ("year_high", "year_low"),
    "circuit_limits": ("low_price_range", "high_price_range"),
    "scrip_details": (),
    "all": (
        "lstup_time", "ltp", "last_traded_quantity", "total_buy", "total_sell", "last_volume", "avg_cost",
        "open_int", "change", "per_change", "low_price_range", "high_price_range", "year_high", "year_low",
        "ohlc", "depth",
    ),
}  # fmt: skip


async def quotes(request: Request) -> Response:
    """GET /script-details/1.0/quotes/neosymbol/{names}/{kind}. Unknown names are simply absent."""
    desk = desk_of(request)
    desk.asks(request, "quote", lambda rates: rates.quote)
    kind = request.path_params["kind"]
    names = [name for name in request.path_params["names"].split(",") if name]
    if kind not in _PARTS:
        raise gateway_error(400, "Invalid quote type")
    if len(names) > desk.rates.quotes_at_once:
        raise gateway_error(400, f"At most {desk.rates.quotes_at_once} instruments are allowed")
    rows = [_row(desk, name, kind) for name in dict.fromkeys(names)]
    return JSONResponse([row for row in rows if row is not None])


def master_routes(market: Market, clock: Clock) -> list[Route]:
    """The day's files as the world serves them; their list stands in `data` here, as the client reads it."""
    paths, *files = kotak_master.routes(market, clock)

    async def listed(request: Request) -> Response:
        desk_of(request).application(request)
        answer = await paths.endpoint(request)
        return Response(b'{"data":' + answer.body + b"}", media_type="application/json")

    return [Route(paths.path, listed, methods=["GET"]), *files]


def _row(desk: KotakDesk, name: str, kind: str) -> dict[str, Any] | None:
    segment, _, token = name.partition("|")
    listed = desk.find(segment, token)
    if listed is None:
        return None
    sight = desk.market.sight(listed, desk.clock.now())
    told = _told(desk.market, sight)
    is_index = listed.company.kind is Kind.INDEX
    head = {
        "exchange_token": token,
        "display_symbol": symbol_of(listed),
        "exchange": SEGMENTS[listed.exchange],
    }
    lacking = {"total_buy", "total_sell", "depth"} if is_index else set()
    return {**head, **{part: told[part] for part in _PARTS[kind] if part not in lacking}}


def _told(market: Market, sight: Sight) -> dict[str, Any]:
    """Everything of one instrument; all numbers are text."""
    bids, asks = market.depth(sight)
    change = sight.last - sight.previous_close
    return {
        "lstup_time": str(int(sight.traded.utc.timestamp())),
        "ltp": _price(sight.last),
        "last_traded_quantity": str(sight.last_quantity),
        "total_buy": str(sum(level.quantity for level in bids)),
        "total_sell": str(sum(level.quantity for level in asks)),
        "last_volume": str(sight.volume),
        "avg_cost": _price(sight.average),
        "open_int": "0",
        "change": _price(change),
        "per_change": f"{100 * change / sight.previous_close:.4f}",
        "low_price_range": _price(sight.previous_close * 9 // 10),
        "high_price_range": _price(sight.previous_close * 11 // 10),
        "year_high": _price(max(sight.high, sight.previous_close * 5 // 4)),
        "year_low": _price(min(sight.low, sight.previous_close * 3 // 4)),
        "ohlc": {
            "open": _price(sight.open),
            "high": _price(sight.high),
            "low": _price(sight.low),
            "close": _price(sight.previous_close),
        },
        "depth": {"buy": _levels(bids), "sell": _levels(asks)},
    }


def _levels(levels: tuple[Level, ...]) -> list[dict[str, str]]:
    full = (*levels, *(Level(0, 0, 0),) * (_DEPTH - len(levels)))
    return [
        {"price": _price(one.price), "quantity": str(one.quantity), "orders": str(one.orders)} for one in full
    ]


def _price(paise: int) -> str:
    return f"{paise / 100:.4f}"
