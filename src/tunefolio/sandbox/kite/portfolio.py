"""Routes of what a user owns: holdings in their several forms, and positions."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import IST, Instant
from tunefolio.sandbox.accounts import Line
from tunefolio.sandbox.kite.desk import Desk, desk_of
from tunefolio.sandbox.kite.envelope import success
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.orderbook import Execution
from tunefolio.sandbox.people import Trader


async def holdings(request: Request) -> Response:
    """GET /portfolio/holdings."""
    desk = desk_of(request)
    return success(_holdings(desk, desk.reader(request)))


async def compact(request: Request) -> Response:
    """GET /portfolio/holdings/compact."""
    desk = desk_of(request)
    names = ("exchange", "tradingsymbol", "instrument_token", "isin", "quantity")
    return success([{name: row[name] for name in names} for row in _holdings(desk, desk.reader(request))])


async def summary(request: Request) -> Response:
    """GET /portfolio/holdings/summary: sums over settled and unsettled units."""
    desk = desk_of(request)
    rows = _holdings(desk, desk.reader(request))
    units = [row["quantity"] + row["t1_quantity"] for row in rows]
    invested = sum(row["average_price"] * unit for row, unit in zip(rows, units, strict=True))
    value = sum(row["last_price"] * unit for row, unit in zip(rows, units, strict=True))
    former = sum(row["close_price"] * unit for row, unit in zip(rows, units, strict=True))
    return success(
        {
            "invested_amount": invested,
            "current_value": value,
            "total_pnl": value - invested,
            "total_pnl_percent": (value - invested) / invested * 100 if invested else 0,
            "today_pnl": value - former,
            "today_pnl_percent": (value - former) / former * 100 if former else 0,
        }
    )


async def auctions(request: Request) -> Response:
    """GET /portfolio/holdings/auctions: nobody has defaulted here."""
    desk_of(request).reader(request)
    return success([])


async def authorise(request: Request) -> Response:
    """POST /portfolio/holdings/authorise."""
    desk_of(request).reader(request)
    return success({"request_id": secrets.token_hex(16)})


async def positions(request: Request) -> Response:
    """GET /portfolio/positions: today's dealings; shares are delivered, not carried over as positions."""
    desk = desk_of(request)
    now, trader = desk.clock.now(), desk.reader(request)
    groups: dict[tuple[str, str], list[Execution]] = {}
    for deal in desk.depot.executions(trader.broker, trader.user_id):
        groups.setdefault((deal.listed.key, deal.product), []).append(deal)
    rows = [_position(desk.market, deals, now) for deals in groups.values()]
    return success({"net": rows, "day": rows})


def _holdings(desk: Desk, trader: Trader) -> list[dict[str, Any]]:
    now = desk.clock.now()
    return [_holding(desk.market, line, now) for line in desk.depot.lines(trader.broker, trader.user_id)]


def _holding(market: Market, line: Line, now: Instant) -> dict[str, Any]:
    """P&L counts settled and unsettled units, never the margin-funded block. What is sold today stays in
    `quantity` until it settles, and is told apart in `used_quantity`."""
    listed = line.listed
    sight = market.sight(listed, now)
    last, close, average = sight.last / 100, sight.previous_close / 100, line.average
    return {
        "tradingsymbol": listed.symbol,
        "exchange": listed.exchange,
        "instrument_token": listed.token,
        "isin": listed.company.isin or "",
        "product": "CNC",
        "price": 0,
        "quantity": line.settled,
        "used_quantity": line.used,
        "t1_quantity": line.unsettled,
        "realised_quantity": line.settled,
        "authorised_quantity": 0,
        "authorised_date": now.in_zone(IST).strftime("%Y-%m-%d 00:00:00"),
        "authorisation": {},
        "opening_quantity": line.settled + line.unsettled,
        "short_quantity": 0,
        "collateral_quantity": line.pledged,
        "collateral_type": "margin" if line.pledged else "",
        "discrepancy": average == 0,
        "average_price": average,
        "last_price": last,
        "close_price": close,
        "pnl": (last - average) * (line.settled + line.unsettled),
        "day_change": last - close,
        "day_change_percentage": (last - close) / close * 100,
        "mtf": _margin_funded(line.margin_funded, average),
    }


def _margin_funded(quantity: int, average: float) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "used_quantity": 0,
        "average_price": average if quantity else 0,
        "value": quantity * average,
        "initial_margin": quantity * average / 4,
    }


def _position(market: Market, deals: list[Execution], now: Instant) -> dict[str, Any]:
    listed = deals[0].listed
    sight = market.sight(listed, now)
    bought, sold = _side(deals, "BUY"), _side(deals, "SELL")
    quantity = bought[0] - sold[0]
    last = sight.last / 100
    gain = sold[1] - bought[1] + quantity * last
    average = 0 if quantity == 0 else (bought if quantity > 0 else sold)[2]
    realised = gain if quantity == 0 else 0
    return {
        "tradingsymbol": listed.symbol,
        "exchange": listed.exchange,
        "instrument_token": listed.token,
        "product": deals[0].product,
        "quantity": quantity,
        "overnight_quantity": 0,
        "multiplier": 1,
        "average_price": average,
        "close_price": sight.previous_close / 100,
        "last_price": last,
        "value": sold[1] - bought[1],
        "pnl": gain,
        "m2m": gain,
        "unrealised": gain - realised,
        "realised": realised,
        **_columns("buy", bought),
        "buy_m2m": bought[1],
        **_columns("sell", sold),
        "sell_m2m": sold[1],
        **_columns("day_buy", bought),
        **_columns("day_sell", sold),
    }


def _side(deals: list[Execution], side: str) -> tuple[int, float, float]:
    """Quantity, value and average of one side."""
    quantity = sum(deal.quantity for deal in deals if deal.side == side)
    paise = sum(deal.quantity * deal.price for deal in deals if deal.side == side)
    return quantity, paise / 100, (paise / quantity / 100 if quantity else 0)


def _columns(prefix: str, side: tuple[int, float, float]) -> dict[str, Any]:
    return {f"{prefix}_quantity": side[0], f"{prefix}_value": side[1], f"{prefix}_price": side[2]}
