"""The Kite face as one ASGI application: pages, REST and stream on one port."""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from tunefolio.sandbox.faults import FaultKind, Faults, FaultyGate, control_routes
from tunefolio.sandbox.kite import account, charges, gtt, instruments, login, orders, portfolio, quotes
from tunefolio.sandbox.kite.desk import Desk
from tunefolio.sandbox.kite.envelope import KiteError, error_body, on_http_error, on_kite_error
from tunefolio.sandbox.kite.login import Tickets
from tunefolio.sandbox.kite.stream import stream

_GET, _POST, _PUT, _DELETE = ["GET"], ["POST"], ["PUT"], ["DELETE"]

_ROUTES = [
    Route("/connect/login", login.login, methods=_GET),
    Route("/connect/login", login.check_password, methods=_POST),
    Route("/connect/twofa", login.check_pin, methods=_POST),
    Route("/connect/cancel", login.cancel, methods=_GET),
    Route("/connect/login.css", login.style, methods=_GET),
    Route("/session/token", account.make_session, methods=_POST),
    Route("/session/token", account.end_session, methods=_DELETE),
    Route("/session/refresh_token", account.refresh_session, methods=_POST),
    Route("/user/profile", account.profile, methods=_GET),
    Route("/user/profile/full", account.full_profile, methods=_GET),
    Route("/user/margins", account.margins, methods=_GET),
    Route("/user/margins/{segment}", account.margins, methods=_GET),
    Route("/portfolio/holdings", portfolio.holdings, methods=_GET),
    Route("/portfolio/holdings/summary", portfolio.summary, methods=_GET),
    Route("/portfolio/holdings/compact", portfolio.compact, methods=_GET),
    Route("/portfolio/holdings/auctions", portfolio.auctions, methods=_GET),
    Route("/portfolio/holdings/authorise", portfolio.authorise, methods=_POST),
    Route("/portfolio/positions", portfolio.positions, methods=_GET),
    Route("/portfolio/positions", orders.refuse, methods=_PUT),
    Route("/orders", orders.orders, methods=_GET),
    Route("/orders/{order_id}", orders.order, methods=_GET),
    Route("/orders/{order_id}/trades", orders.order_trades, methods=_GET),
    Route("/orders/{variety}", orders.refuse, methods=_POST),
    Route("/orders/{variety}/{order_id}", orders.refuse, methods=[*_PUT, *_DELETE]),
    Route("/trades", orders.trades, methods=_GET),
    Route("/gtt/triggers", gtt.triggers, methods=_GET),
    Route("/gtt/triggers", orders.refuse, methods=_POST),
    Route("/gtt/triggers/{trigger_id}", gtt.trigger, methods=_GET),
    Route("/gtt/triggers/{trigger_id}", orders.refuse, methods=[*_PUT, *_DELETE]),
    Route("/charges/orders", charges.contract_note, methods=_POST),
    Route("/quote", quotes.quote, methods=_GET),
    Route("/quote/ohlc", quotes.ohlc, methods=_GET),
    Route("/quote/ltp", quotes.ltp, methods=_GET),
    Route("/instruments", instruments.instruments, methods=_GET),
    Route("/instruments/historical/{token}/{interval}", instruments.historical, methods=_GET),
    Route("/instruments/{exchange}", instruments.instruments, methods=_GET),
    WebSocketRoute("/", stream),
]


def kite_app(desk: Desk, faults: Faults) -> Starlette:
    """The application; faults happen in front of it, its control path excepted."""
    app = Starlette(
        routes=[*_ROUTES, *control_routes(faults, desk.grants.end_all)],
        middleware=[
            Middleware(FaultyGate, faults=faults, bodies=_fault_bodies(), end_sessions=desk.grants.end_all),
        ],
        exception_handlers={KiteError: on_kite_error, HTTPException: on_http_error},
    )
    app.state.desk = desk
    app.state.tickets = Tickets(desk.clock)
    return app


def _fault_bodies() -> dict[FaultKind, tuple[str, bytes]]:
    def body(message: str) -> tuple[str, bytes]:
        return "application/json", json.dumps(error_body("NetworkException", message)).encode()

    return {
        FaultKind.RATE_LIMITED: body("Too many requests"),
        FaultKind.UNAVAILABLE: body("Gateway is unavailable. Please try again later."),
    }
