"""Routes of what a customer owns: holdings without ISIN, positions as amounts, one flat page of limits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha1
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tunefolio.core.time import IST, Instant
from tunefolio.sandbox.accounts import Line
from tunefolio.sandbox.kotak.desk import BROKER, SEGMENTS, KotakDesk, desk_of, symbol_of
from tunefolio.sandbox.kotak.envelope import listed, trade_error
from tunefolio.sandbox.orderbook import Execution
from tunefolio.sandbox.universe import Listed


async def holdings(request: Request) -> Response:
    """GET /portfolio/v1/holdings: numbers, and no `stat`."""
    desk = desk_of(request)
    lines = desk.depot.lines(BROKER, desk.reader(request).user)
    return JSONResponse({"data": [_holding(desk, line) for line in lines]})


async def positions(request: Request) -> Response:
    """GET /portfolio/v2/positions: today's executions; nothing is carried over in this rehearsal."""
    desk = desk_of(request)
    user = desk.reader(request).user
    return listed(position_rows(desk, user))


async def former_positions(request: Request) -> Response:
    """GET /quick/user/positions: the same without the last price."""
    desk = desk_of(request)
    rows = position_rows(desk, desk.reader(request).user)
    return listed([{name: value for name, value in row.items() if name != "ltp"} for row in rows])


async def limits(request: Request) -> Response:
    """POST /quick/user/limits: asked by a form whose only field is JSON."""
    desk = desk_of(request)
    user = desk.reader(request).user
    await asked(request, "seg", "exch", "prod")
    books = desk.depot.books(BROKER, user)
    spent = books.opening_cash + books.paid_in - books.cash
    used = rupees(max(0, spent))
    told = {
        "Category": "CLIENT",
        "BoardLotLimit": "5000",
        "CollateralValue": rupees(books.opening_cash),
        "Collateral": "0",
        "RmsCollateral": "0",
        "AdhocMargin": "0",
        "NotionalCash": "0",
        "UnrealizedMtomPrsnt": "0",
        "RealizedMtomPrsnt": "0",
        "CncSellcrdPresent": rupees(max(0, -spent)),
        "MarginUsed": used,
        "MarginUsedPrsnt": used,
        "RmsPayInAmt": rupees(books.paid_in),
        "RmsPayOutAmt": "0",
        "Net": rupees(books.cash),
        "TimeStamp": str(int(desk.clock.now().utc.timestamp() * 1000)),
    }
    return JSONResponse({**told, "stCode": 200, "stat": "Ok"})


async def asked(request: Request, *needed: str) -> dict[str, Any]:
    """The JSON in the form's field jData; raises NeoError 400 where it is absent or lacks a field."""
    form = await request.form()
    try:
        told = json.loads(str(form.get("jData") or ""))
    except ValueError:
        told = None
    if not isinstance(told, dict) or not all(told.get(name) for name in needed):
        raise trade_error(400, 1001, "Invalid or missing input parameters")
    return told


def rupees(paise: int) -> str:
    return f"{'-' if paise < 0 else ''}{abs(paise) // 100}.{abs(paise) % 100:02d}"


def position_rows(desk: KotakDesk, user: str) -> list[dict[str, Any]]:
    """Today's positions, one for each listing and product."""
    groups: dict[tuple[str, str], list[Execution]] = {}
    for one in desk.depot.executions(BROKER, user):
        groups.setdefault((one.listed.key, one.product), []).append(one)
    return [_position(desk, user, deals) for deals in groups.values()]


def common(one: Listed, at: Instant) -> dict[str, Any]:
    """What every row of a book says of its instrument, and when it was heard of."""
    seconds = at.utc.timestamp()
    return {
        "brdLtQty": 1,
        "exSeg": SEGMENTS[one.exchange],
        "genDen": "1",
        "genNum": "1",
        "hsUpTm": f"{at.in_zone(IST):%Y/%m/%d %H:%M:%S}",
        "lotSz": "1",
        "multiplier": "1",
        "optTp": "XX",
        "prcDen": "1",
        "prcNum": "1",
        "precision": "2",
        "series": (one.company.series or "EQ") if one.exchange == "NSE" else "A",
        "stkPrc": "0.00",
        "sym": one.company.symbol,
        "tok": str(one.exchange_token),
        "trdSym": symbol_of(one),
        "updRecvTm": int(seconds) * 10**9,
    }


def _holding(desk: KotakDesk, line: Line) -> dict[str, Any]:
    """Units on their way are counted among the others, and those sold today until the session is over."""
    close = desk.market.sight(line.listed, desk.clock.now()).previous_close / 100
    units = line.settled + line.unsettled
    return {
        "displaySymbol": line.listed.company.symbol,
        "averagePrice": round(line.average, 4),
        "quantity": units,
        "exchangeSegment": SEGMENTS[line.listed.exchange],
        "exchangeIdentifier": str(line.listed.exchange_token),
        "holdingCost": round(line.average * units, 4),
        "mktValue": round(close * units, 4),
        "scripId": sha1(line.listed.key.encode(), usedforsecurity=False).hexdigest(),
        "instrumentToken": line.listed.token,
        "instrumentType": "Equity",
        "isAlternateScrip": False,
        "closingPrice": close,
        "symbol": line.listed.company.symbol,
        "sellableQuantity": max(0, line.settled - line.used - line.pledged),
    }


def _position(desk: KotakDesk, user: str, deals: list[Execution]) -> dict[str, Any]:
    one = deals[0].listed
    bought, sold = ([deal for deal in deals if deal.side == side] for side in ("BUY", "SELL"))
    return {
        "actId": user,
        **common(one, deals[-1].at),
        "buyAmt": rupees(_worth(bought)),
        "cfBuyAmt": "0.00",
        "cfBuyQty": "0",
        "cfSellAmt": "0.00",
        "cfSellQty": "0",
        "dscQty": "",
        "exp": "",
        "expDt": "NA",
        "flBuyQty": str(sum(deal.quantity for deal in bought)),
        "flSellQty": str(sum(deal.quantity for deal in sold)),
        "ltp": rupees(desk.market.price(one, desk.clock.now())),
        "posFlg": "true",
        "prod": deals[0].product,
        "sellAmt": rupees(_worth(sold)),
        "sqrFlg": "Y",
        "type": "",
        "upldPrc": "0.00",
    }


def _worth(deals: Iterable[Execution]) -> int:
    return sum(deal.price * deal.quantity for deal in deals)
