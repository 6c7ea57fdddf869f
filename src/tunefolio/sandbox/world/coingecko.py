"""The face of CoinGecko: prices, daily points, and two coins of one ticker, as on the real one."""

from __future__ import annotations

from datetime import UTC, time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, Instant, TradingDay, calendar_date
from tunefolio.sandbox import coins
from tunefolio.sandbox.coins import COINS, Coin
from tunefolio.sandbox.currencies import Rates
from tunefolio.sandbox.faults import FaultKind
from tunefolio.sandbox.market import Market

_MIDNIGHT = time(0)
_DEMO_DAYS = 365
_NAMESAKE = {"id": "bitcoin-of-nobody", "symbol": "btc", "name": "Bitcoin of Nobody"}
_TWINS = tuple({"id": f"twin-{word}", "symbol": "twin", "name": f"Twin {word}"} for word in ("one", "two"))
REFUSALS = {
    FaultKind.RATE_LIMITED: (
        "application/json",
        b'{"status":{"error_code":429,"error_message":"You\'ve exceeded the Rate Limit."}}',
    ),
    FaultKind.FORBIDDEN: ("text/plain", b"error code: 1020"),
}


def routes(market: Market, clock: Clock) -> list[Route]:
    rates = Rates(market, clock)
    by_id = {coin.id: coin for coin in COINS.values()}

    def priced(dollars: float, currency: str, day: TradingDay) -> float:
        code = currency.upper()
        return dollars if code == "USD" else dollars * rates.cross("USD", code, rates.latest(day))

    async def simple_price(request: Request) -> Response:
        query = request.query_params
        currency, now = query.get("vs_currencies", "usd"), clock.now()
        found: dict[str, Any] = {}
        for coin in (by_id.get(name) for name in query.get("ids", "").split(",")):
            if coin is not None:
                seen = coins.sight(market, coin, now)
                found[coin.id] = {
                    currency: priced(coin.dollars(seen.last), currency, seen.day),
                    f"{currency}_24h_change": (seen.last / seen.previous_close - 1) * 100,
                    "last_updated_at": int(seen.traded.utc.timestamp()),
                }
        return JSONResponse(found)

    async def market_chart(request: Request) -> Response:
        """Midnights of the last `days`, and now."""
        coin, days = by_id.get(request.path_params["id"]), request.query_params.get("days", "1")
        if coin is None:
            return JSONResponse({"error": "coin not found"}, 404)
        if not days.isdigit() or int(days) > _DEMO_DAYS:
            words = "Your request exceeds the allowed time range: 365 days."
            told = {"error": {"status": {"error_code": 10012, "error_message": words}}}
            return JSONResponse(told, 401)
        currency, now = request.query_params.get("vs_currency", "usd"), clock.now()
        today = TradingDay(calendar_date(now, UTC))
        points = [_point(market, coin, today.plus_days(-back)) for back in range(int(days) - 1, -1, -1)]
        seen = coins.sight(market, coin, now)
        points.append((int(now.utc.timestamp() * 1000), coin.dollars(seen.last)))
        prices = [[at, priced(dollars, currency, today)] for at, dollars in points]
        return JSONResponse({"prices": prices, "market_caps": [], "total_volumes": []})

    async def markets(request: Request) -> Response:
        """The ranked ones, all on the first page."""
        rows = [
            {"id": coin.id, "symbol": coin.symbol.lower(), "name": coin.name, "market_cap_rank": place}
            for place, coin in enumerate(COINS.values(), 1)
        ]
        return JSONResponse([*rows, _NAMESAKE] if request.query_params.get("page", "1") == "1" else [])

    async def listed(_: Request) -> Response:
        rows = [{"id": one.id, "symbol": one.symbol.lower(), "name": one.name} for one in COINS.values()]
        return JSONResponse([_NAMESAKE, *rows, *_TWINS, {"id": "lonely", "symbol": "lone", "name": "Lonely"}])

    async def ping(_: Request) -> Response:
        return JSONResponse({"gecko_says": "(V3) To the Moon!"})

    return [
        Route("/ping", ping),
        Route("/simple/price", simple_price),
        Route("/coins/list", listed),
        Route("/coins/markets", markets),
        Route("/coins/{id}/market_chart", market_chart),
    ]


def _point(market: Market, coin: Coin, day: TradingDay) -> tuple[int, float]:
    """The price at midnight with which a day begins is the close of the one before."""
    at = Instant.at(day, _MIDNIGHT, UTC)
    return int(at.utc.timestamp() * 1000), coins.close(market, coin, day.plus_days(-1))
