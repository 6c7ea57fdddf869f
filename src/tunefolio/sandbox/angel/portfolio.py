"""Routes of what a client owns: holdings, which come as numbers, and positions, which come as texts."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.core.time import Instant
from tunefolio.sandbox.accounts import Line
from tunefolio.sandbox.angel.desk import BROKER, AngelDesk, desk_of
from tunefolio.sandbox.angel.envelope import success
from tunefolio.sandbox.angel.names import PRODUCTS, rupees, symbol_of, token_of
from tunefolio.sandbox.orderbook import Execution
from tunefolio.sandbox.people import Trader


async def holdings(request: Request) -> Response:
    """GET getHolding: [] when there are none."""
    desk = desk_of(request)
    return success(_holdings(desk, desk.reader(request, lambda rates: rates.books)))


async def all_holdings(request: Request) -> Response:
    """GET getAllHolding: with their sums."""
    desk = desk_of(request)
    rows = _holdings(desk, desk.reader(request, lambda rates: rates.books))
    value = sum(row["ltp"] * row["quantity"] for row in rows)
    invested = sum(row["averageprice"] * row["quantity"] for row in rows)
    total = {
        "totalholdingvalue": round(value, 2),
        "totalinvvalue": round(invested, 2),
        "totalprofitandloss": round(value - invested, 2),
        "totalpnlpercentage": round((value - invested) / invested * 100, 2) if invested else 0,
    }
    return success({"holdings": rows, "totalholding": total})


async def positions(request: Request) -> Response:
    """GET getPosition: today's dealings; null when there are none."""
    desk = desk_of(request)
    trader = desk.reader(request, lambda rates: rates.books)
    groups: dict[tuple[str, str], list[Execution]] = {}
    for one in desk.depot.executions(BROKER, trader.user_id):
        groups.setdefault((one.listed.key, one.product), []).append(one)
    now = desk.clock.now()
    return success([_position(desk, ones, now) for ones in groups.values()] or None)


def _holdings(desk: AngelDesk, trader: Trader) -> list[dict[str, Any]]:
    now = desk.clock.now()
    return [_holding(desk, line, now) for line in desk.depot.lines(BROKER, trader.user_id)]


def _holding(desk: AngelDesk, line: Line, now: Instant) -> dict[str, Any]:
    """`quantity` counts what is not delivered yet; its average has two decimals."""
    sight = desk.market.sight(line.listed, now)
    last, average, whole = sight.last / 100, round(line.average, 2), line.settled + line.unsettled
    return {
        "tradingsymbol": symbol_of(line.listed),
        "exchange": line.listed.exchange,
        "isin": line.listed.company.isin or "",
        "t1quantity": line.unsettled,
        "realisedquantity": line.settled,
        "quantity": whole,
        "authorisedquantity": 0,
        "product": "DELIVERY",
        "collateralquantity": line.pledged or None,
        "collateraltype": "margin" if line.pledged else None,
        "haircut": 0,
        "averageprice": average,
        "ltp": last,
        "symboltoken": token_of(line.listed),
        "close": sight.previous_close / 100,
        "profitandloss": round((last - average) * whole, 2),
        "pnlpercentage": round((last / average - 1) * 100, 2) if average else 0,
    }


def _position(desk: AngelDesk, ones: list[Execution], now: Instant) -> dict[str, Any]:
    listed = ones[0].listed
    sight = desk.market.sight(listed, now)
    bought, paid = _side(ones, "BUY")
    sold, taken = _side(ones, "SELL")
    net = bought - sold
    bought_at, sold_at = paid / bought if bought else 0, taken / sold if sold else 0
    average = (bought_at if net > 0 else sold_at) if net else 0
    gain = taken - paid + net * sight.last
    return {
        "exchange": listed.exchange,
        "symboltoken": token_of(listed),
        "producttype": PRODUCTS[ones[0].product],
        "tradingsymbol": symbol_of(listed),
        "symbolname": listed.company.symbol,
        "instrumenttype": "",
        **dict.fromkeys(("priceden", "pricenum", "genden", "gennum", "boardlotsize", "lotsize"), "1"),
        "precision": "2",
        "multiplier": "-1",
        "symbolgroup": listed.company.series if listed.exchange == "NSE" else "A",
        "strikeprice": "-1",
        "optiontype": "",
        "expirydate": "",
        "buyqty": str(bought),
        "sellqty": str(sold),
        "netqty": str(net),
        "buyamount": rupees(paid),
        "sellamount": rupees(taken),
        "netvalue": rupees(taken - paid),
        **dict.fromkeys(("cfbuyqty", "cfsellqty"), "0"),
        **dict.fromkeys(("cfbuyamount", "cfsellamount", "cfbuyavgprice", "cfsellavgprice"), "0.00"),
        **dict.fromkeys(("buyavgprice", "totalbuyavgprice"), rupees(bought_at)),
        **dict.fromkeys(("sellavgprice", "totalsellavgprice"), rupees(sold_at)),
        **dict.fromkeys(("avgnetprice", "netprice"), rupees(average)),
        "totalbuyvalue": rupees(paid),
        "totalsellvalue": rupees(taken),
        "ltp": rupees(sight.last),
        "close": rupees(sight.previous_close),
        "pnl": rupees(gain),
        "realised": rupees(0 if net else gain),
        "unrealised": rupees(gain if net else 0),
    }


def _side(ones: list[Execution], side: str) -> tuple[int, int]:
    """Units and paise of one side."""
    own = [one for one in ones if one.side == side]
    return sum(one.quantity for one in own), sum(one.price * one.quantity for one in own)
