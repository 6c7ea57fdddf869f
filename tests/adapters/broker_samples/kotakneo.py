"""Kotak Neo: four dialects of refusal, books in text and numbers, instruments by segment and token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.adapters.broker_samples import BrokerSample
from tests.adapters.outside import Reply
from tunefolio.adapters.brokers.kotakneo.neo import Pass
from tunefolio.core.errors import Reauth, Rejected, Retry
from tunefolio.core.identity import Isin
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, Instant
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.fills import DayFills, Fill
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.statements import DayPosition, Funds, Holding, Statement
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.provider import Candle, Interval, QuoteClaim
from tunefolio.trading.orders import OrderReport, OrderSide, OrderState

NOW = Instant.parse("2026-11-20T10:00:00+05:30")
PASS = Pass(
    "TFK01",
    Secret("hush-key"),
    Secret("hush-sid"),
    Secret("hush-auth"),
    "https://e43.kotaksecurities.com",
    "E43",
)
SESSION = BrokerSession("TFK01", "Asha", PASS.packed(), NOW)
INFY = Listing("NSE", "INFY")
CLAIM = InstrumentClaim(
    Listing("NSE", "INFY", "EQ"), Isin("INE009A01021"), "INFOSYS LIMITED", AssetClass.EQUITY, INR
)

PATHS = "/script-details/1.0/masterscrip/file-paths"
FILE = "/files/transformed-v1/nse_cm-v1.csv"
MASTER = (
    "pSymbol,pGroup,pExchSeg,pSymbolName,pTrdSymbol,pISIN,pDesc,dTickSize,lLotSize,lExpiryDate,lPrecision,"
    "dStrikePrice;\n"
    "1594,EQ,nse_cm,INFY,INFY-EQ,INE009A01021,INFOSYS LIMITED,5,1,-1,2,-1\n"
)

HOLDING = {
    "displaySymbol": "INFY",
    "averagePrice": 1399.5,
    "quantity": 16,
    "exchangeSegment": "nse_cm",
    "exchangeIdentifier": "1594",
    "holdingCost": 22392,
    "mktValue": 23005.6,
    "closingPrice": 1437.85,
    "symbol": "INFY",
    "sellableQuantity": 16,
    "a field of tomorrow": {"kept": "nowhere"},
}
POSITION = {
    "cfBuyAmt": "0.00", "cfBuyQty": "0", "cfSellAmt": "0.00", "cfSellQty": "0", "exSeg": "nse_cm",
    "flBuyQty": "4", "buyAmt": "5700.00", "flSellQty": "0", "sellAmt": "0.00", "prod": "CNC",
    "tok": "1594", "trdSym": "INFY-EQ", "sym": "INFY", "series": "EQ", "multiplier": "1", "genNum": "1",
    "genDen": "1", "prcNum": "1", "prcDen": "1", "lotSz": "1", "precision": "2", "ltp": "1430.00",
}  # fmt: skip
LIMITS = {
    "stat": "Ok", "stCode": 200, "Net": "4300.5", "CollateralValue": "10000.50", "Collateral": "0",
    "MarginUsed": "5700", "RmsPayInAmt": "0", "RmsPayOutAmt": "0",
}  # fmt: skip
TRADE = {
    "exSeg": "nse_cm", "trdSym": "INFY-EQ", "series": "EQ", "tok": "", "nOrdNo": "261120000000001",
    "flId": "7000001", "flDt": "20-Nov-2026", "flTm": "09:31:05", "avgPrc": "1425.00", "fldQty": 4,
    "trnsTp": "B", "prod": "CNC",
}  # fmt: skip
ORDER = {
    "exSeg": "nse_cm", "trdSym": "INFY-EQ", "series": "EQ", "tok": "1594", "nOrdNo": "261120000000001",
    "exOrdId": "1100000000000001", "ordSt": "complete", "stat": "complete", "qty": 4, "fldQty": 4,
    "unFldSz": 0, "cnlQty": 0, "prc": "1425.00", "trgPrc": "0.00", "avgPrc": "1425.00", "prcTp": "L",
    "prod": "CNC", "vldt": "DAY", "trnsTp": "B", "rejRsn": "--", "ordDtTm": "20-Nov-2026 09:31:04",
    "updRecvTm": 1795147265000000000, "GuiOrdId": "",
}  # fmt: skip
QUOTE = {
    "exchange_token": "1594",
    "exchange": "nse_cm",
    "lstup_time": "1795148999",
    "ltp": "1430.0000",
    "ohlc": {"open": "1425", "high": "1431", "low": "1420", "close": "1437.8500"},
}
CANDLE = ["2026-11-20T09:15:00+0530", 1425, 1426.5, 1424.05, 1426, 1200, None]


def told(body: Any) -> Reply:
    return Reply(body=json.dumps(body).encode())


def book(*rows: Mapping[str, Any]) -> Reply:
    return told({"stat": "Ok", "stCode": 200, "data": list(rows)})


def files(url: str) -> Reply:
    """The list of the day's files; they lie where everything else does."""
    return told({"data": {"filesPaths": [f"{url}{FILE}"]}})


def _no(status: int, body: Mapping[str, Any]) -> Reply:
    return Reply(status, json.dumps(body).encode())


BOUGHT = OrderReport(
    order_id="261120000000001",
    exchange_id="1100000000000001",
    parent_id="",
    instrument=InstrumentClaim(Listing("NSE", "INFY", "EQ"), None, "", AssetClass.EQUITY, INR),
    side=OrderSide.BUY,
    variety="",
    product="CNC",
    order_type="L",
    validity="DAY",
    quantity=Decimal(4),
    filled=Decimal(4),
    pending=Decimal(0),
    cancelled=Decimal(0),
    price=Price.of("1425"),
    trigger=None,
    average=Price.of("1425"),
    state=OrderState.COMPLETE,
    status="complete",
    message="",
    placed=Instant.parse("2026-11-20T09:31:04", IST),
    updated=Instant.parse("2026-11-20T09:31:05", IST),
)
NAMELESS = BOUGHT.instrument
NO_FILES = told({"data": {"filesPaths": []}})
"""Without names of the day, a book's own words must do."""

SAMPLE = BrokerSample(
    session=SESSION,
    options=lambda url: {"root_url": url, "base_url": url},
    faults={
        "a 429": (Reply(429, b"slow down", "text/plain", {"Retry-After": "5"}), (Retry,)),
        "a 500": (Reply(500, b""), (Retry,)),
        "a 502 page": (Reply(502, b"<html>Bad Gateway</html>", "text/html"), (Retry,)),
        "a 403 page": (Reply(403, b"<html>no</html>", "text/html"), (Reauth,)),
        "a page for an answer": (Reply(200, b"<html>one moment</html>", "text/html"), (Retry,)),
        "torn JSON": (Reply(200, b'{"stat":"Ok","data":[{"a'), (Retry,)),
        "an empty body": (Reply(200, b""), (Retry,)),
        "a dead session": (
            _no(403, {"stat": "Not_Ok", "stCode": 403, "errMsg": "Invalid session, please re-login"}),
            (Reauth,),
        ),
        "a dead session under a good status": (
            _no(200, {"stat": "Not_Ok", "stCode": 403, "emsg": "Invalid session"}), (Reauth,),
        ),
        "a dead application": (
            _no(401, {"error": [{"code": "401", "message": "Invalid credentials"}]}), (Reauth,),
        ),
        "a foreign address": (
            _no(403, {"stat": "Not_Ok", "stCode": 100008, "errMsg": "unauthorized"}), (Rejected,),
        ),
        "an order system that is down": (
            _no(200, {"stat": "Not_Ok", "stCode": 502, "errMsg": "OMS not reachable"}), (Retry,),
        ),
        "what it did not like": (
            _no(400, {"stat": "Not_Ok", "stCode": 1009, "errMsg": "invalid symbol"}), (Rejected,),
        ),
        "a fault": (
            _no(400, {"status": "ERROR", "fault": {"code": 400, "message": "Invalid interval value"}}),
            (Rejected,),
        ),
    },
    calls={
        "statement": lambda broker: broker.statements("", SESSION).fetch(NOW),
        "quotes": lambda broker: broker.quotes("", SESSION).quotes([INFY]),
        "fills": lambda broker: broker.fills("", SESSION),  # type: ignore[attr-defined]
        "funds": lambda broker: broker.funds("", SESSION),  # type: ignore[attr-defined]
        "orders": lambda broker: broker.orders("", SESSION),  # type: ignore[attr-defined]
        "order_history": lambda broker: broker.order_history(  # type: ignore[attr-defined]
            "", SESSION, "261120000000001"
        ),
        "candles": lambda broker: broker.candles(  # type: ignore[attr-defined]
            "", SESSION, INFY, Interval.MINUTE,
            since=Instant.parse("2026-11-20T09:15:00", IST), until=NOW,
        ),
    },
    well={
        "statement": (
            {
                "/portfolio/v1/holdings": told({"data": [HOLDING]}),
                "/portfolio/v2/positions": book(POSITION),
                "/quick/user/limits": told(LIMITS),
                PATHS: NO_FILES,
            },
            Statement(
                "kotakneo",
                "TFK01",
                NOW,
                (
                    Holding(
                        InstrumentClaim(Listing("NSE", "INFY"), None, "", AssetClass.EQUITY, INR),
                        Decimal(16), Decimal(0), Price.of("1399.5"), None, Price.of("1437.85"),
                        Money.of("613.6"),
                    ),
                ),
                Money.of("10000.5"),
                (
                    DayPosition(
                        NAMELESS, "CNC", Decimal(4), Price.of("1425"), Price.of("1430"), Money.of("20")
                    ),
                ),
            ),
        ),
        "fills": (
            {"/quick/user/trades": book(TRADE), PATHS: NO_FILES},
            DayFills(
                (
                    Fill(
                        "7000001", "261120000000001", NAMELESS, Kind.BUY, Decimal(4), Price.of("1425"),
                        Instant.parse("2026-11-20T09:31:05", IST), "CNC",
                    ),
                )
            ),
        ),
        "funds": (
            {"/quick/user/limits": told(LIMITS)},
            Funds(Money.of("4300.5"), Money.of("10000.5"), Money.of("0"), Money.of("5700")),
        ),
        "orders": ({"/quick/user/orders": book(ORDER), PATHS: NO_FILES}, (BOUGHT,)),
        "order_history": ({"/quick/order/history": book(ORDER), PATHS: NO_FILES}, (BOUGHT,)),
    },
)  # fmt: skip

QUOTED = QuoteClaim(INFY, Decimal("1430"), Decimal("1437.85"), Instant.parse("2026-11-20T09:59:59", IST))
TRADED = Candle(
    Instant.parse("2026-11-20T09:15:00", IST),
    Decimal("1425"), Decimal("1426.5"), Decimal("1424.05"), Decimal("1426"), 1200,
)  # fmt: skip
"""What the price calls say where their list of instruments is found: its addresses need a server's own."""
