"""The thin call: Kite's hosts, headers and rate limits. What answers mean is errors.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import data_of, judged
from tunefolio.adapters.http import Http, HttpConfig, Pace, Pairs
from tunefolio.adapters.options import Options
from tunefolio.core.secret import Secret
from tunefolio.core.shared import Shared


class Lane(StrEnum):
    """Kite counts calls per application in three lanes, each with its own limit."""

    QUOTE = "quote"
    HISTORICAL = "historical"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class KiteConfig:
    """Where Kite is and how often it may be asked, per second and application."""

    root_url: str = "https://api.kite.trade"
    login_url: str = "https://kite.zerodha.com/connect/login"
    ticks_url: str = "wss://ws.kite.trade"
    timeout_seconds: float = 15
    quotes_per_second: float = 1
    historical_per_second: float = 3
    requests_per_second: float = 10

    @classmethod
    def of(cls, given: Mapping[str, str]) -> KiteConfig:
        """From options as text; raises Misuse naming the wrong one."""
        options = Options("zerodha", given, cls.__dataclass_fields__.keys())
        return cls(
            root_url=options.url("root_url", cls().root_url),
            login_url=options.url("login_url", cls().login_url),
            ticks_url=options.url("ticks_url", cls().ticks_url, ("wss", "ws")),
            timeout_seconds=options.above_zero("timeout_seconds", cls().timeout_seconds),
            quotes_per_second=options.above_zero("quotes_per_second", cls().quotes_per_second),
            historical_per_second=options.above_zero("historical_per_second", cls().historical_per_second),
            requests_per_second=options.above_zero("requests_per_second", cls().requests_per_second),
        )

    def per_second(self, lane: Lane) -> float:
        match lane:
            case Lane.QUOTE:
                return self.quotes_per_second
            case Lane.HISTORICAL:
                return self.historical_per_second
            case Lane.REST:
                return self.requests_per_second


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave to ask on behalf of one user: the application's key and the day's access token."""

    api_key: str
    token: Secret

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"token {self.api_key}:{self.token.reveal()}"}


class Kite:
    """Kite Connect's REST face. Raises Reauth, Retry, Rejected. Thread-safe."""

    def __init__(self, config: KiteConfig, shared: Shared) -> None:
        self.config = config
        self._shared = shared
        headers = {"X-Kite-Version": "3", "User-Agent": "TuneFolio"}
        self._http = Http(
            HttpConfig("Zerodha", config.root_url, config.timeout_seconds, headers=headers), judged
        )

    def get(self, leave: Pass, path: str, params: Pairs = (), lane: Lane = Lane.REST) -> Any:
        """`data` of the answer; numbers with a fraction are Decimal."""
        pace = self._pace(lane, leave.api_key)
        return data_of(self._http.get(path, params=params, headers=leave.headers, pace=pace))

    def download(self, leave: Pass, path: str) -> bytes:
        """An answer that is not JSON: the instruments file."""
        return self._http.get(path, headers=leave.headers, pace=self._pace(Lane.REST, leave.api_key)).content

    def post(self, api_key: str, path: str, form: Mapping[str, str]) -> Any:
        """Without leave: only the exchange of a request token."""
        return data_of(self._http.send("POST", path, form=form, pace=self._pace(Lane.REST, api_key)))

    def post_json(self, leave: Pass, path: str, body: Any) -> Any:
        """`data` of the answer to a question that is too long for a query."""
        headers = {**leave.headers, "Content-Type": "application/json"}
        pace = self._pace(Lane.REST, leave.api_key)
        content = json.dumps(body).encode()
        return data_of(self._http.send("POST", path, content=content, headers=headers, pace=pace))

    def delete(self, leave: Pass, path: str, params: Pairs) -> Any:
        pace = self._pace(Lane.REST, leave.api_key)
        return data_of(self._http.send("DELETE", path, params=params, headers=leave.headers, pace=pace))

    def close(self) -> None:
        self._http.close()

    def _pace(self, lane: Lane, api_key: str) -> Pace:
        return Pace(self._shared, f"zerodha:{lane}:{api_key}", self.config.per_second(lane))
