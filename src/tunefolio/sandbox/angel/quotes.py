"""Routes of prices and names: the quote call in its three modes, the older single one, and the search."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.sandbox.angel.desk import AngelDesk, desk_of
from tunefolio.sandbox.angel.envelope import body_of, refused, success, text_of, unreadable
from tunefolio.sandbox.angel.names import find, spelt, symbol_of, token_of
from tunefolio.sandbox.market import Level, Sight
from tunefolio.sandbox.universe import Listed

MOST = 50
MODES = ("LTP", "OHLC", "FULL")
_NOTHING = Level(0, 0, 0)


async def quote(request: Request) -> Response:
    """POST market/v1/quote: up to fifty tokens; what is unknown stands among the unfetched ones."""
    desk = desk_of(request)
    desk.reader(request, lambda rates: rates.quotes)
    body = await body_of(request)
    mode, wanted = body.get("mode"), body.get("exchangeTokens")
    if mode not in MODES or not isinstance(wanted, dict):
        raise unreadable()
    keys = [(str(exchange), str(token)) for exchange, tokens in wanted.items() for token in tokens]
    if len(keys) > MOST:
        raise refused("AB4013", f"Maximum {MOST} tokens are allowed in one request")
    now = desk.clock.now()
    fetched, unfetched = [], []
    for exchange, token in keys:
        listed = find(desk.market.universe, exchange, token)
        if listed is None:
            unfetched.append(_unknown(exchange, token))
        else:
            fetched.append(_shown(desk, desk.market.sight(listed, now), mode))
    return success({"fetched": fetched, "unfetched": unfetched})


async def last_price(request: Request) -> Response:
    """POST order/v1/getLtpData: one listing."""
    desk = desk_of(request)
    desk.reader(request, lambda rates: rates.quotes)
    body = await body_of(request)
    listed = find(desk.market.universe, text_of(body, "exchange"), text_of(body, "symboltoken"))
    if listed is None:
        raise refused("AB1018", "Failed to get symbol details")
    sight = desk.market.sight(listed, desk.clock.now())
    return success({**_named(listed), **_ohlc(sight), "ltp": sight.last / 100})


async def search(request: Request) -> Response:
    """POST order/v1/searchScrip: symbols that begin so."""
    desk = desk_of(request)
    desk.reader(request, lambda rates: rates.books)
    body = await body_of(request)
    exchange, words = text_of(body, "exchange"), text_of(body, "searchscrip").upper()
    found = [one for one in desk.market.universe if _is_meant(one, exchange, words)] if words else []
    return success([_named(one) for one in found])


def _named(one: Listed) -> dict[str, str]:
    return {"exchange": one.exchange, "tradingsymbol": symbol_of(one), "symboltoken": token_of(one)}


def _is_meant(listed: Listed, exchange: str, words: str) -> bool:
    return listed.exchange == exchange and symbol_of(listed).upper().startswith(words)


def _unknown(exchange: str, token: str) -> dict[str, str]:
    return {
        "exchange": exchange,
        "symbolToken": token,
        "message": "Symbol token is invalid",
        "errorCode": "AB4018",
    }


def _ohlc(sight: Sight) -> dict[str, float]:
    """`close` is that of the session before."""
    return {
        "open": sight.open / 100,
        "high": sight.high / 100,
        "low": sight.low / 100,
        "close": sight.previous_close / 100,
    }


def _shown(desk: AngelDesk, sight: Sight, mode: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "exchange": sight.listed.exchange,
        "tradingSymbol": symbol_of(sight.listed),
        "symbolToken": token_of(sight.listed),
        "ltp": sight.last / 100,
    }
    if mode == "LTP":
        return row
    row |= _ohlc(sight)
    return row if mode == "OHLC" else row | _full(desk, sight)


def _full(desk: AngelDesk, sight: Sight) -> dict[str, Any]:
    bids, asks = desk.market.depth(sight)
    change, stamp = sight.last - sight.previous_close, spelt(sight.traded)
    low, high = bands(sight)
    return {
        "lastTradeQty": sight.last_quantity,
        "exchFeedTime": stamp,
        "exchTradeTime": stamp,
        "netChange": change / 100,
        "percentChange": round(change / sight.previous_close * 100, 2),
        "avgPrice": sight.average / 100,
        "tradeVolume": sight.volume,
        "opnInterest": 0,
        "lowerCircuit": low / 100,
        "upperCircuit": high / 100,
        "totBuyQuan": sum(level.quantity for level in bids),
        "totSellQuan": sum(level.quantity for level in asks),
        "52WeekLow": low / 100,
        "52WeekHigh": high / 100,
        "referenceLimitPrice": sight.last / 100,
        "depth": {"buy": _lines(bids), "sell": _lines(asks)},
    }


def bands(sight: Sight) -> tuple[int, int]:
    """The day's limits in paise, on the tick. The rehearsal takes them for those of the year as well."""
    tick = sight.listed.tick
    low, high = (sight.previous_close * percent // 100 // tick * tick for percent in (90, 110))
    return low, high


def _lines(levels: tuple[Level, ...]) -> list[dict[str, Any]]:
    full = (*levels, *(_NOTHING,) * (5 - len(levels)))
    return [
        {"price": level.price / 100, "quantity": level.quantity, "orders": level.orders} for level in full
    ]
