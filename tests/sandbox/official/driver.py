"""Drives the broker's official Python client, untouched, and prints what it understood; in its own venv.

Arguments: the addresses of REST and stream, key, secret, user, password, PIN, and this run's tick mode.
Only the client's own arguments and the address of its login page are set.
"""

import json
import re
import sys
import threading
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from kiteconnect import KiteConnect, KiteTicker, exceptions  # type: ignore[import-not-found]

REST, STREAM, KEY, SECRET, USER, PASSWORD, PIN, MODE = sys.argv[1:]
NAMES = ["NSE:INFY", "NSE:M&M", "BSE:INFY", "NSE:NIFTY 50"]


def log_in(kite: Any) -> str:
    """As a person does: two forms, then the address one is sent back to."""
    kite._default_login_uri = f"{REST}/connect/login"
    with requests.Session() as browser:
        page = browser.get(kite.login_url())
        for fields in ({"user_id": USER, "password": PASSWORD}, {"pin": PIN}):
            (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
            hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
            page = browser.post(REST + action, data={**hidden, **fields}, allow_redirects=False)
        return parse_qs(urlsplit(page.headers["Location"]).query)["request_token"][0]


def ticks(access_token: str, tokens: list[int]) -> dict[int, Any]:
    """The first tick of every token in this run's mode."""
    ticker = KiteTicker(KEY, access_token, root=STREAM, reconnect=False)
    seen: dict[int, Any] = {}

    def on_connect(ws: Any, _: object) -> None:
        ws.subscribe(tokens)
        ws.set_mode(MODE, tokens)

    def on_ticks(ws: Any, news: list[dict[str, Any]]) -> None:
        for tick in news:
            if tick["mode"] == MODE:
                seen.setdefault(tick["instrument_token"], tick)
        if len(seen) == len(tokens):
            ws.stop()

    ticker.on_connect, ticker.on_ticks = on_connect, on_ticks
    guard = threading.Timer(20, ticker.stop)
    guard.daemon = True
    guard.start()
    ticker.connect()
    guard.cancel()
    return seen


def run() -> None:
    kite = KiteConnect(KEY, root=REST)
    session = kite.generate_session(log_in(kite), SECRET)
    kite.set_access_token(session["access_token"])
    told = {"session": session, "profile": kite.profile(), "holdings": kite.holdings()}
    told |= {
        "positions": kite.positions(),
        "margins": kite.margins(),
        "orders": kite.orders(),
        "trades": kite.trades(),
    }
    told |= {"quote": kite.quote(NAMES), "ohlc": kite.ohlc(NAMES), "ltp": kite.ltp(NAMES)}
    told["instruments"] = kite.instruments()
    infosys = next(
        row for row in told["instruments"] if (row["exchange"], row["tradingsymbol"]) == ("NSE", "INFY")
    )
    end = datetime(2026, 11, 20, 11, 0)  # noqa: DTZ001  (the client takes times of the exchange's wall)
    told["days"] = kite.historical_data(infosys["instrument_token"], end - timedelta(days=30), end, "day")
    told["minutes"] = kite.historical_data(
        infosys["instrument_token"], end - timedelta(minutes=5), end, "minute", oi=True
    )
    tokens = [row["instrument_token"] for row in told["ltp"].values()]
    told["ticks"] = ticks(session["access_token"], tokens)
    order: dict[str, Any] = {
        "order_id": "1",
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "SELL",
    }
    order |= {"variety": "regular", "order_type": "LIMIT", "quantity": 10, "average_price": 1500.5}
    told["note"] = kite.get_virtual_contract_note([order | {"product": one} for one in ("CNC", "MIS")])
    try:
        kite.place_order("regular", "NSE", "INFY", "BUY", 1, "CNC", "LIMIT", price=1)
    except exceptions.InputException as refusal:
        told["refusal"] = [refusal.code, str(refusal)]
    told["logout"] = kite.invalidate_access_token()
    try:
        kite.profile()
    except exceptions.TokenException as refusal:
        told["after"] = [refusal.code, type(refusal).__name__]
    json.dump(told, sys.stdout, default=lambda value: value.isoformat())


run()
