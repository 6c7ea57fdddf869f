"""A stand-in for Kite of as many users as one likes: what it says is set, and who asks when is noted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MARGINS = {
    "enabled": True,
    "net": 100,
    "available": {"cash": 100, "collateral": 0},
    "utilised": {"debits": 0},
}


def holding(symbol: str, units: int, average: float) -> dict[str, Any]:
    return {
        "tradingsymbol": symbol, "exchange": "NSE", "isin": "", "quantity": units, "t1_quantity": 0,
        "average_price": average, "last_price": average + 10, "close_price": average, "pnl": 0,
    }  # fmt: skip


def trade(number: int, symbol: str, side: str, units: int, price: float) -> dict[str, Any]:
    return {
        "trade_id": str(number), "order_id": str(number // 10), "tradingsymbol": symbol, "exchange": "NSE",
        "transaction_type": side, "quantity": units, "average_price": price, "product": "CNC",
        "exchange_timestamp": "2026-11-20 10:00:00", "fill_timestamp": "2026-11-20 10:00:00",
    }  # fmt: skip


@dataclass
class Kites:
    """holdings, trades: the same for every user. slow: seconds before each answer.

    overlaps: how often a user was asked while an earlier question of the same user was still open, by
    another process. asked: how often each path was asked.
    """

    holdings: list[dict[str, Any]] = field(default_factory=list)
    trades: list[dict[str, Any]] = field(default_factory=list)
    slow: float = 0.0
    url: str = ""
    overlaps: list[str] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    _open: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, user: str) -> Any:
        with self._lock:
            self.asked[path] = self.asked.get(path, 0) + 1
            self._open[user] = self._open.get(user, 0) + 1
            if self._open[user] > 1:
                self.overlaps.append(user)
        try:
            if self.slow:
                time.sleep(self.slow)
            return self._said(path, user)
        finally:
            with self._lock:
                self._open[user] -= 1

    def _said(self, path: str, user: str) -> Any:
        with self._lock:
            match path:
                case "/user/profile":
                    return {"user_id": user}
                case "/portfolio/positions":
                    return {"net": [], "day": []}
                case "/user/margins":
                    return {"equity": dict(_MARGINS)}
                case "/portfolio/holdings":
                    return list(self.holdings)
                case "/trades":
                    return list(self.trades)
                case _:
                    raise KeyError(path)


@contextmanager
def standing() -> Iterator[Kites]:
    """One that listens on a free port of this machine. A user's token is `token-` and his id."""
    kites = Kites()

    class Face(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            user = self.headers["Authorization"].rpartition("token-")[2]
            body = json.dumps({"status": "success", "data": kites.answer(self.path, user)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Face)
    server.daemon_threads = True
    kites.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield kites
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
