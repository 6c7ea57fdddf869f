"""The thin call: Angel One's hosts, headers and rate limits. What answers mean is errors.py."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from tunefolio.adapters.brokers.angelone.errors import BROKER, data_of, ended, judged
from tunefolio.adapters.http import Answer, Http, HttpConfig, Pace
from tunefolio.adapters.options import Options
from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.core.shared import Shared
from tunefolio.ledger.brokers import BrokerSession

SECURE = "/rest/secure/angelbroking"
AUTH = "/rest/auth/angelbroking"
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")


class Lane(StrEnum):
    """Angel One counts the calls of one client in a lane for each of these."""

    LOGIN = "login"
    RENEWAL = "renewal"
    PROFILE = "profile"
    FUNDS = "funds"
    HOLDINGS = "holdings"
    POSITIONS = "positions"
    ORDERS = "orders"
    TRADES = "trades"
    QUOTES = "quotes"
    CANDLES = "candles"
    TRIGGERS = "triggers"
    CHARGES = "charges"


@dataclass(frozen=True, slots=True)
class AngelConfig:
    """Where Angel One is, how often it may be asked per second and client, and who says to ask.

    Angel One's own limits are 1, 1 and 3: kept with room to spare, since calls do not travel evenly.
    requests_per_second: of each lane that has no limit of its own here. local_ip, public_ip, mac_address: as
    each call tells them of the caller; by default nothing that could be taken for true. Reading needs none.
    holdings_include_today: whether its holdings count today's deliveries already; nothing we know says so.
    """

    root_url: str = "https://apiconnect.angelone.in"
    master_url: str = "https://margincalculator.angelone.in"
    feed_url: str = "wss://smartapisocket.angelone.in/smart-stream"
    orders_url: str = "wss://tns.angelone.in/smart-order-update"
    timeout_seconds: float = 15
    requests_per_second: float = 0.9
    quotes_per_second: float = 0.9
    candles_per_second: float = 2
    local_ip: str = "127.0.0.1"
    public_ip: str = "127.0.0.1"
    mac_address: str = "00:00:00:00:00:00"
    holdings_include_today: bool = False

    @classmethod
    def of(cls, given: Mapping[str, str]) -> AngelConfig:
        """From options as text; raises Misuse naming the wrong one."""
        options = Options(BROKER, given, cls.__dataclass_fields__.keys())
        usual = cls()
        return cls(
            root_url=options.url("root_url", usual.root_url),
            master_url=options.url("master_url", usual.master_url),
            feed_url=options.url("feed_url", usual.feed_url, ("wss", "ws")),
            orders_url=options.url("orders_url", usual.orders_url, ("wss", "ws")),
            timeout_seconds=options.above_zero("timeout_seconds", usual.timeout_seconds),
            requests_per_second=options.above_zero("requests_per_second", usual.requests_per_second),
            quotes_per_second=options.above_zero("quotes_per_second", usual.quotes_per_second),
            candles_per_second=options.above_zero("candles_per_second", usual.candles_per_second),
            local_ip=_address(options, "local_ip", usual.local_ip),
            public_ip=_address(options, "public_ip", usual.public_ip),
            mac_address=_mac(options, usual.mac_address),
            holdings_include_today=options.yes_or_no("holdings_include_today", "no"),
        )

    def per_second(self, lane: Lane) -> float:
        match lane:
            case Lane.QUOTES:
                return self.quotes_per_second
            case Lane.CANDLES:
                return self.candles_per_second
            case _:
                return self.requests_per_second

    @property
    def headers(self) -> Mapping[str, str]:
        """What every call tells of the caller."""
        return {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "X-UserType": "USER",
            "X-SourceID": "WEB",
            "X-ClientLocalIP": self.local_ip,
            "X-ClientPublicIP": self.public_ip,
            "X-MACAddress": self.mac_address,
            "User-Agent": "TuneFolio",
        }


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave to speak for one client. jwt: for calls; refresh: for a newer one; feed: for the tick stream."""

    api_key: Secret
    client: str
    jwt: Secret
    refresh: Secret
    feed: Secret

    @classmethod
    def of(cls, session: BrokerSession) -> Leave:
        """What a session's token holds; raises Reauth for a token that is not of this making."""
        try:
            held = json.loads(session.token.reveal())
            parts = [held[name] for name in ("api_key", "client", "jwt", "refresh", "feed")]
        except (ValueError, KeyError, TypeError):
            raise ended("the kept token is not one of ours") from None
        key, client, jwt, refresh, feed = map(str, parts)
        return cls(Secret(key), client, Secret(jwt), Secret(refresh), Secret(feed))

    def packed(self) -> Secret:
        """All of it as one secret: a session's token."""
        secrets = {"api_key": self.api_key, "jwt": self.jwt, "refresh": self.refresh, "feed": self.feed}
        told = {name: secret.reveal() for name, secret in secrets.items()}
        return Secret(json.dumps({**told, "client": self.client}))

    @property
    def headers(self) -> Mapping[str, str]:
        """Of a REST call."""
        named = {"X-PrivateKey": self.api_key.reveal()}
        return named | ({"Authorization": f"Bearer {self.jwt.reveal()}"} if self.jwt else {})

    @property
    def line_headers(self) -> Mapping[str, str]:
        """Of the handshake of either WebSocket."""
        return {
            "Authorization": f"Bearer {self.jwt.reveal()}",
            "x-api-key": self.api_key.reveal(),
            "x-client-code": self.client,
            "x-feed-token": self.feed.reveal(),
        }


class Smart:
    """SmartAPI's REST face. Raises Reauth, Retry, Rejected. Thread-safe."""

    def __init__(self, config: AngelConfig, shared: Shared) -> None:
        self.config = config
        self._shared = shared
        settings = HttpConfig("Angel One", config.root_url, config.timeout_seconds, headers=config.headers)
        self._http = Http(settings, judged)

    def get(self, leave: Leave, path: str, lane: Lane) -> Any:
        """`data` of the answer; numbers with a fraction are Decimal."""
        return data_of(self._http.get(path, headers=leave.headers, pace=self._pace(lane, leave)))

    def post(self, leave: Leave, path: str, body: Mapping[str, Any], lane: Lane) -> Any:
        return data_of(self.answer(leave, path, body, lane))

    def answer(self, leave: Leave, path: str, body: Mapping[str, Any], lane: Lane) -> Answer:
        """The whole answer: whoever needs to know when it was given."""
        content = json.dumps(body).encode()
        pace = self._pace(lane, leave)
        return self._http.send("POST", path, content=content, headers=leave.headers, pace=pace)

    def close(self) -> None:
        self._http.close()

    def _pace(self, lane: Lane, leave: Leave) -> Pace:
        return Pace(self._shared, f"{BROKER}:{lane}:{leave.client}", self.config.per_second(lane))


def _address(options: Options, name: str, usual: str) -> str:
    given = options.text(name, usual)
    try:
        return str(ip_address(given))
    except ValueError:
        raise Misuse(f"{BROKER}.{name}", f"{given!r} is no IP address", cure="Such as 203.0.113.7") from None


def _mac(options: Options, usual: str) -> str:
    given = options.text("mac_address", usual)
    if not _MAC.fullmatch(given):
        raise Misuse(
            f"{BROKER}.mac_address", f"{given!r} is no MAC address", cure="Such as 02:00:00:00:00:01"
        )
    return given
