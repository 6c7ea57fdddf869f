"""The Kotak face as one ASGI application: logins, REST and both feeds on one port."""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from tunefolio.sandbox.faults import FaultKind, FaultyGate, control_routes
from tunefolio.sandbox.kotak import history, login, orders, portfolio, quotes, realtime, sfeed
from tunefolio.sandbox.kotak.desk import KotakDesk
from tunefolio.sandbox.kotak.envelope import NeoError, on_http_error, on_neo_error, rate_error, session_error

__all__ = ["KotakDesk", "kotak_app"]

_GET, _POST = ["GET"], ["POST"]

_ROUTES = [
    Route("/login/1.0/tradeApiLogin", login.with_code, methods=_POST),
    Route("/login/1.0/tradeApiValidate", login.with_pin, methods=_POST),
    Route("/login/1.0/get-client-ip", login.client_ip, methods=_GET),
    Route("/5config/config", login.configuration, methods=_GET),
    Route("/portfolio/v1/holdings", portfolio.holdings, methods=_GET),
    Route("/portfolio/v2/positions", portfolio.positions, methods=_GET),
    Route("/quick/user/positions", portfolio.former_positions, methods=_GET),
    Route("/quick/user/limits", portfolio.limits, methods=_POST),
    Route("/quick/user/orders", orders.orders, methods=_GET),
    Route("/quick/user/orders/{number}", orders.order, methods=_GET),
    Route("/quick/user/trades", orders.trades, methods=_GET),
    Route("/quick/order/history", orders.history, methods=_POST),
    Route("/quick/order/rule/ms/place", orders.refuse, methods=_POST),
    Route("/quick/order/vr/modify", orders.refuse, methods=_POST),
    Route("/quick/order/cancel", orders.refuse, methods=_POST),
    Route("/script-details/1.0/quotes/neosymbol/{names}/{kind}", quotes.quotes, methods=_GET),
    Route("/market-data/1.0/historical/details", history.candles, methods=_GET),
    WebSocketRoute("/apifeed", sfeed.feed),
    WebSocketRoute("/realtime", realtime.feed),
]


def kotak_app(desk: KotakDesk) -> Starlette:
    """The application; faults happen in front of it, its control path excepted."""
    end_all = desk.grants.end_all
    app = Starlette(
        routes=[
            *_ROUTES,
            *quotes.master_routes(desk.market, desk.clock),
            *control_routes(desk.faults, end_all),
        ],
        middleware=[
            Middleware(
                FaultyGate, faults=desk.faults, bodies=_fault_bodies(), end_sessions=end_all, clock=desk.clock
            ),
        ],
        exception_handlers={NeoError: on_neo_error, HTTPException: on_http_error},
    )
    app.state.desk = desk
    return app


def _fault_bodies() -> dict[FaultKind, tuple[str, bytes]]:
    def body(error: NeoError) -> tuple[str, bytes]:
        return "application/json", json.dumps(error.body).encode()

    return {FaultKind.RATE_LIMITED: body(rate_error()), FaultKind.FORBIDDEN: body(session_error())}
