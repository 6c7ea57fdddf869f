"""Drives Angel One's official Python client, untouched, and prints what it understood; in its own venv.

Arguments: REST, market feed, order feed, API key, client code, PIN, TOTP secret, the moment of its codes as
an epoch, and where to say that an order shall happen. Only the client's arguments and addresses are set.
"""

import base64
import json
import sys
import threading
from typing import Any

import pyotp
import requests
from SmartApi import SmartConnect  # type: ignore[import-not-found]
from SmartApi.smartWebSocketOrderUpdate import (  # type: ignore[import-not-found]
    SmartWebSocketOrderUpdate,
)
from SmartApi.smartWebSocketV2 import SmartWebSocketV2  # type: ignore[import-not-found]

REST, FEED, ORDERS, KEY, CLIENT, PIN, SECRET, MOMENT, EVENTS = sys.argv[1:]
NSE, BSE = [{"exchangeType": 1, "tokens": ["1594"]}], [{"exchangeType": 3, "tokens": ["500112"]}]
SmartConnect._rootUrl = REST
SmartWebSocketV2.ROOT_URI = FEED
SmartWebSocketOrderUpdate.WEBSOCKET_URI = ORDERS
SmartWebSocketOrderUpdate.MAX_CONNECTION_RETRY_ATTEMPTS = 0
ORDER = ("kind", "trade"), ("broker", "angelone"), ("key", "NSE:TCS"), ("side", "BUY"), ("quantity", 2)


class Recorded(SmartWebSocketV2):  # type: ignore[misc]
    """Keeps every frame beside what the client made of it; ends after one of each mode and exchange."""

    def __init__(self, *tokens: str) -> None:
        super().__init__(*tokens, max_retry_attempt=0)
        self.seen: dict[tuple[int, int], dict[str, Any]] = {}

    def on_open(self, wsapp: Any) -> None:
        for mode in (1, 2, 3):
            self.subscribe("abcde12345", mode, [*NSE, *BSE])
        self.subscribe("abcde12345", 4, NSE)

    def _parse_binary_data(self, binary_data: bytes) -> dict[str, Any]:
        parsed: dict[str, Any] = super()._parse_binary_data(binary_data)
        key = parsed["subscription_mode"], parsed["exchange_type"]
        self.seen[key] = {"frame": base64.b64encode(binary_data).decode(), "parsed": parsed}
        if len(self.seen) == 7:
            self.close_connection()
        return parsed

    def on_error(self, *_: Any) -> None:
        """Its end is reported as an error: it takes one argument where the library gives three."""


class Heard(SmartWebSocketOrderUpdate):  # type: ignore[misc]
    """Keeps every message; an order happens after the greeting, and its completion ends the line."""

    def __init__(self, *tokens: str) -> None:
        super().__init__(*tokens)
        self.messages: list[dict[str, Any]] = []

    def on_message(self, wsapp: Any, message: Any) -> None:
        self.messages.append(json.loads(message))
        if len(self.messages) == 1:
            requests.post(EVENTS, json={**dict(ORDER), "user": CLIENT}, timeout=10).raise_for_status()
        if self.messages[-1]["order-status"] == "AB05":
            wsapp.close()


def listened(line: Any) -> Any:
    guard = threading.Timer(20, line.close_connection)
    guard.daemon = True
    guard.start()
    line.connect()
    guard.cancel()
    return line


def run() -> None:
    smart = SmartConnect(KEY, root=REST)
    wrong = smart.generateSession(CLIENT, PIN, "000000")
    session = smart.generateSession(CLIENT, PIN, pyotp.TOTP(SECRET).at(int(MOMENT)))
    told: dict[str, Any] = {"wrong": wrong, "session": session, "holding": smart.holding()}
    told |= {"all": smart.allholding(), "position": smart.position(), "rms": smart.rmsLimit()}
    told |= {"orders": smart.orderBook(), "trades": smart.tradeBook()}
    told["detail"] = smart.individual_order_details(told["orders"]["data"][0]["uniqueorderid"])
    told["ltp"] = smart.ltpData("NSE", "INFY-EQ", "1594")
    told["quotes"] = {
        mode: smart.getMarketData(mode, {"NSE": ["1594", "9"]}) for mode in ("LTP", "OHLC", "FULL")
    }
    span = {"fromdate": "2026-11-20 09:15", "todate": "2026-11-20 09:30"}
    told["candles"] = smart.getCandleData(
        {"exchange": "NSE", "symboltoken": "1594", "interval": "FIVE_MINUTE", **span}
    )
    told["search"] = smart.searchScrip("NSE", "INFY")
    order = {"product_type": "DELIVERY", "transaction_type": "SELL", "quantity": "10", "price": "1500.5"}
    order |= {"exchange": "NSE", "symbol_name": "INFY-EQ", "token": "1594"}
    told["charges"] = smart.estimateCharges({"orders": [order, {**order, "product_type": "INTRADAY"}]})
    told["refused"] = smart.placeOrderFullResponse({"variety": "NORMAL", "tradingsymbol": "INFY-EQ"})
    told["renewed"] = smart.generateToken(smart.refresh_token)
    tokens = (f"Bearer {smart.access_token}", KEY, CLIENT, smart.getfeedToken())
    told["ticks"] = list(listened(Recorded(*tokens)).seen.values())
    told["updates"] = listened(Heard(*tokens)).messages
    told["logout"] = smart.terminateSession(CLIENT)
    told["after"] = smart.getProfile("")
    json.dump(told, sys.stdout)


run()
