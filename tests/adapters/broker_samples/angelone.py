"""Angel One: the API's envelope, the gateway's own, its guard's plain text, and torn bodies.

Its list of instruments comes from a server of its own, so that a fault of the API is met by the call meant.
"""

from __future__ import annotations

import atexit
import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache

from tests.adapters.broker_samples import BrokerSample, charting, filling, funding, ordering, waiting
from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.brokers.angelone.smart import Leave
from tunefolio.core.errors import Reauth, Rejected, Retry
from tunefolio.core.money import INR, Money
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.fills import DayFills
from tunefolio.ledger.statements import Funds
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Candle, Interval, QuoteClaim

NOW = Instant.parse("2026-11-20T10:00:00+05:30")
_LEAVE = Leave(Secret("hush-key"), "TFA001", Secret("hush-jwt"), Secret("hush-refresh"), Secret("hush-feed"))
SESSION = BrokerSession("TFA001", "Asha", _LEAVE.packed(), NOW)
INFY = Listing("NSE", "INFY")
_P = "/rest/secure/angelbroking"
_MASTER = [
    {"token": "1594", "symbol": "INFY-EQ", "name": "INFY", "expiry": "", "strike": "-1.000000",
     "lotsize": "1", "instrumenttype": "", "exch_seg": "NSE", "tick_size": "10.000000"},
]  # fmt: skip
_QUOTE = {
    "exchange": "NSE", "tradingSymbol": "INFY-EQ", "symbolToken": "1594", "ltp": 1412.95, "close": 1389.65,
    "exchFeedTime": "20-Nov-2026 09:59:59", "exchTradeTime": "20-Nov-2026 09:59:58",
    "a field of tomorrow": {"kept": "nowhere"},
}  # fmt: skip
_RMS = {"net": "1250.5000", "availablecash": "1200.0000", "collateral": None, "utiliseddebits": "3.5000"}


@cache
def instruments_url() -> str:
    server = Outside()
    server.on("/OpenAPI_File/files/OpenAPIScripMaster.json", Reply(body=json.dumps(_MASTER).encode()))
    server.start()
    atexit.register(server.stop)
    return server.url


def _options(url: str) -> Mapping[str, str]:
    return {
        "root_url": url,
        "master_url": instruments_url(),
        "feed_url": url.replace("http", "ws", 1),
        "orders_url": url.replace("http", "ws", 1),
        **dict.fromkeys(("requests_per_second", "quotes_per_second", "candles_per_second"), "1000"),
    }


def told(data: object) -> Reply:
    """The API's envelope; the answer is given after the candle that it tells of has ended."""
    body = {"status": True, "message": "SUCCESS", "errorcode": "", "data": data}
    return Reply(body=json.dumps(body).encode(), headers={"Date": "Fri, 20 Nov 2026 04:30:00 GMT"})


def refused(code: str, message: str = "no") -> Reply:
    body = {"status": False, "message": message, "errorcode": code, "data": None}
    return Reply(body=json.dumps(body).encode())


def stopped(code: str) -> Reply:
    body = {"success": False, "message": "Invalid Token", "errorCode": code, "data": ""}
    return Reply(body=json.dumps(body).encode())


SAMPLE = BrokerSample(
    session=SESSION,
    options=_options,
    faults={
        "a 403 in plain words": (
            Reply(403, b"Access denied because of exceeding access rate", "text/plain"), (Retry,),
        ),
        "a 403 page": (Reply(403, b"<html>no</html>", "text/html"), (Retry,)),
        "a 429": (Reply(429, b"slow down", "text/plain", {"Retry-After": "5"}), (Retry,)),
        "a 500": (Reply(500, b""), (Retry,)),
        "a 502 page": (Reply(502, b"<html>Bad Gateway</html>", "text/html"), (Retry,)),
        "a page where JSON was due": (Reply(200, b"<html>one moment</html>", "text/html"), (Retry,)),
        "torn JSON": (Reply(200, b'{"status":true,"data":[{"a'), (Retry,)),
        "an empty body": (Reply(200, b""), (Retry,)),
        "a list": (Reply(200, b"[]"), (Rejected,)),
        "an empty 400": (Reply(400, b""), (Rejected,)),
        "a token the gateway does not know": (stopped("AG8001"), (Reauth,)),
        "a token that ran out": (stopped("AG8002"), (Reauth,)),
        "a session that ended": (refused("AB1010"), (Reauth,)),
        "something to try later": (refused("AB1004"), (Retry,)),
        "a refusal": (refused("AB1009"), (Rejected,)),
        "a code of tomorrow": (refused("AB7777"), (Rejected,)),
    },
    calls={
        "statement": lambda broker: broker.statements("", SESSION).fetch(NOW),
        "quotes": lambda broker: broker.quotes("", SESSION).quotes([INFY]),
        "fills": lambda broker: filling(broker).fills("", SESSION),
        "orders": lambda broker: ordering(broker).orders("", SESSION),
        "order history": lambda broker: ordering(broker).order_history("", SESSION, "1"),
        "triggers": lambda broker: waiting(broker).triggers("", SESSION),
        "funds": lambda broker: funding(broker).funds("", SESSION),
        "candles": lambda broker: charting(broker).candles(
            "", SESSION, INFY, Interval.MINUTE, since=NOW - timedelta(hours=1), until=NOW
        ),
    },
    well={
        "quotes": (
            {f"{_P}/market/v1/quote/": told({"fetched": [_QUOTE], "unfetched": []})},
            {
                INFY: QuoteClaim(
                    INFY, Decimal("1412.95"), Decimal("1389.65"), NOW - timedelta(seconds=1)
                )
            },
        ),
        "fills": ({f"{_P}/order/v1/getTradeBook": told(None)}, DayFills()),
        "orders": ({f"{_P}/order/v1/getOrderBook": told(None)}, ()),
        "triggers": ({f"{_P}/gtt/v1/ruleList": told(None)}, ()),
        "funds": (
            {f"{_P}/user/v1/getRMS": told(_RMS)},
            Funds(Money.of("1250.5"), Money.of("1200"), None, Money(Decimal("3.5"), INR)),
        ),
        "candles": (
            {
                f"{_P}/historical/v1/getCandleData": told(
                    [
                        ["2026-11-20T09:59:00+05:30", 1412, 1413.5, 1411.95, 1412.95, 4021],
                        ["2026-11-20T10:00:00+05:30", 1413, 1413, 1413, 1413, 7],
                    ]
                )
            },
            (
                Candle(
                    NOW - timedelta(minutes=1), Decimal(1412), Decimal("1413.5"), Decimal("1411.95"),
                    Decimal("1412.95"), 4021,
                ),
            ),
        ),
    },
)  # fmt: skip
