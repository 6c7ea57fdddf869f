"""Zerodha: the JSON envelope of Kite, the gateway's page, and torn bodies."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.adapters.broker_samples import BrokerSample, charting, filling, funding, ordering, waiting
from tests.adapters.outside import Reply, failure, success
from tunefolio.core.errors import Reauth, Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.fills import DayFills
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Interval, QuoteClaim

NOW = Instant.parse("2026-11-20T10:00:00+05:30")
SESSION = BrokerSession("TF0001", "Asha", Secret("hush-token"), NOW)
INFY = Listing("NSE", "INFY")
_TRADED = Instant.parse("2026-11-20T09:59:59+05:30")
_QUOTE = {
    "NSE:INFY": {
        "instrument_token": 408065,
        "last_price": 1412.95,
        "timestamp": "2026-11-20 09:59:59",
        "ohlc": {"open": 1396, "high": 1421.75, "low": 1395.55, "close": 1389.65},
        "a field of tomorrow": {"kept": "nowhere"},
    }
}

SAMPLE = BrokerSample(
    session=SESSION,
    options=lambda url: {"root_url": url, "login_url": f"{url}/connect/login"},
    faults={
        "a 429": (Reply(429, b"slow down", "text/plain", {"Retry-After": "5"}), (Retry,)),
        "a 500": (Reply(500, b""), (Retry,)),
        "a 502 page": (Reply(502, b"<html>Bad Gateway</html>", "text/html"), (Retry,)),
        "a 403 page": (Reply(403, b"<html>no</html>", "text/html"), (Rejected, Reauth)),
        "torn JSON": (Reply(200, b'{"status":"success","data":{"a'), (Retry,)),
        "an empty body": (Reply(200, b""), (Retry,)),
        "a list": (Reply(200, b"[]"), (Rejected,)),
        "a dead token": (failure(403, "TokenException"), (Reauth,)),
        "a dead network": (failure(503, "NetworkException"), (Retry,)),
        "what it did not like": (failure(400, "InputException"), (Rejected,)),
    },
    calls={
        "statement": lambda broker: broker.statements("key", SESSION).fetch(NOW),
        "quotes": lambda broker: broker.quotes("key", SESSION).quotes([INFY]),
        "fills": lambda broker: filling(broker).fills("key", SESSION),
        "orders": lambda broker: ordering(broker).orders("key", SESSION),
        "order history": lambda broker: ordering(broker).order_history("key", SESSION, "1"),
        "funds": lambda broker: funding(broker).funds("key", SESSION),
        "candles": lambda broker: charting(broker).candles(
            "key", SESSION, INFY, Interval.DAY, since=NOW - timedelta(days=9), until=NOW
        ),
        "triggers": lambda broker: waiting(broker).triggers("key", SESSION),
    },
    well={
        "quotes": (
            {"/quote": success(_QUOTE)},
            {INFY: QuoteClaim(INFY, Decimal("1412.95"), Decimal("1389.65"), _TRADED)},
        ),
        "fills": ({"/trades": success([])}, DayFills()),
        "orders": ({"/orders": success(None)}, ()),
        "triggers": ({"/gtt/triggers": success([])}, ()),
    },
)
