"""The Angel face as one ASGI application: REST, market feed and order feed on one port."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from tunefolio.sandbox.angel import account, candles, charges, orders, portfolio, quotes, rules
from tunefolio.sandbox.angel.desk import AngelDesk, AngelRates
from tunefolio.sandbox.angel.envelope import RATE_TEXT, Refusal, on_refusal
from tunefolio.sandbox.angel.grants import Grants
from tunefolio.sandbox.angel.marketfeed import market_feed
from tunefolio.sandbox.angel.orderfeed import order_feed
from tunefolio.sandbox.faults import FaultKind, FaultyGate, control_routes

__all__ = ["FEED_PATH", "ORDERS_PATH", "AngelDesk", "AngelRates", "Grants", "angel_app"]

FEED_PATH, ORDERS_PATH = "/smart-stream", "/smart-order-update"

_GET, _POST = ["GET"], ["POST"]
_AUTH, _SECURE = "/rest/auth/angelbroking", "/rest/secure/angelbroking"
_REFUSED = (
    "/order/v1/placeOrder", "/order/v1/modifyOrder", "/order/v1/cancelOrder", "/order/v1/convertPosition",
    "/gtt/v1/createRule", "/gtt/v1/modifyRule", "/gtt/v1/cancelRule",
)  # fmt: skip

_ROUTES: list[BaseRoute] = [
    Route(f"{_AUTH}/user/v1/loginByPassword", account.log_in, methods=_POST),
    Route(f"{_AUTH}/jwt/v1/generateTokens", account.renew, methods=_POST),
    Route(f"{_SECURE}/user/v1/logout", account.log_out, methods=_POST),
    Route(f"{_SECURE}/user/v1/getProfile", account.profile, methods=_GET),
    Route(f"{_SECURE}/user/v1/getRMS", account.funds, methods=_GET),
    Route(f"{_SECURE}/portfolio/v1/getHolding", portfolio.holdings, methods=_GET),
    Route(f"{_SECURE}/portfolio/v1/getAllHolding", portfolio.all_holdings, methods=_GET),
    Route(f"{_SECURE}/order/v1/getPosition", portfolio.positions, methods=_GET),
    Route(f"{_SECURE}/order/v1/getOrderBook", orders.orders, methods=_GET),
    Route(f"{_SECURE}/order/v1/getTradeBook", orders.trades, methods=_GET),
    Route(f"{_SECURE}/order/v1/details/{{unique}}", orders.details, methods=_GET),
    Route(f"{_SECURE}/order/v1/getLtpData", quotes.last_price, methods=_POST),
    Route(f"{_SECURE}/order/v1/searchScrip", quotes.search, methods=_POST),
    Route(f"{_SECURE}/market/v1/quote", quotes.quote, methods=_POST),
    Route(f"{_SECURE}/market/v1/quote/", quotes.quote, methods=_POST),
    Route(f"{_SECURE}/historical/v1/getCandleData", candles.candles, methods=_POST),
    Route(f"{_SECURE}/brokerage/v1/estimateCharges", charges.estimated, methods=_POST),
    Route(f"{_SECURE}/gtt/v1/ruleList", rules.listed, methods=_POST),
    Route(f"{_SECURE}/gtt/v1/ruleDetails", rules.detail, methods=_POST),
    *(Route(_SECURE + path, orders.refuse, methods=_POST) for path in _REFUSED),
    *(Route(f"/gtt-service{_SECURE}{path}", orders.refuse, methods=_POST) for path in _REFUSED[4:]),
    WebSocketRoute(FEED_PATH, market_feed),
    WebSocketRoute(ORDERS_PATH, order_feed),
]


def angel_app(desk: AngelDesk) -> Starlette:
    """The application; the desk's faults happen in front of it, its control path excepted."""
    end_all = desk.grants.end_all
    gate = Middleware(
        FaultyGate, faults=desk.faults, bodies=_bodies(), end_sessions=end_all, clock=desk.clock
    )
    app = Starlette(
        routes=[*_ROUTES, *control_routes(desk.faults, end_all)],
        middleware=[gate],
        exception_handlers={Refusal: on_refusal},
    )
    app.state.desk = desk
    return app


def _bodies() -> dict[FaultKind, tuple[str, bytes]]:
    """Its guard words a refusal of too many requests as 403, in plain text."""
    return {
        FaultKind.FORBIDDEN: ("text/plain", RATE_TEXT.encode()),
        FaultKind.RATE_LIMITED: ("text/plain", RATE_TEXT.encode()),
        FaultKind.UNAVAILABLE: (
            "text/html",
            b"<html><body><h1>503 Service Temporarily Unavailable</h1></body>",
        ),
    }
