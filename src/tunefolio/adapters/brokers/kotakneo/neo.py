"""The thin call: Kotak's hosts, headers and rate limits. What answers mean is errors.py.

A login names the host that serves its account. Calls go nowhere but to Kotak, whatever an answer says.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from tunefolio.adapters.brokers.kotakneo.errors import BROKER, ENDED, TITLE, judged, refused
from tunefolio.adapters.http import Answer, Http, HttpConfig, Pace, Pairs, is_loopback
from tunefolio.adapters.options import Options
from tunefolio.core.errors import Reauth, Rejected
from tunefolio.core.secret import Secret
from tunefolio.core.shared import Shared

_OWN = "kotaksecurities.com"
_LARGEST_FILE = 256 * 1024 * 1024
_MOST_HOSTS = 16
"""Hosts that are remembered; Kotak has a handful."""


class Lane(StrEnum):
    """Calls are counted for each customer, in lanes of their own."""

    LOGIN = "login"
    TRADE = "trade"
    QUOTE = "quote"
    HISTORICAL = "historical"
    MASTER = "master"


@dataclass(frozen=True, slots=True)
class NeoConfig:
    """Where Kotak is and how often it may be asked, per second and customer.

    base_url, ticks_url, orders_url: "" for those that the login and Kotak's configuration name.
    holdings_include_today: whether its holdings count today's deliveries already; nothing we know says so.
    requests_per_second: Kotak's own client keeps to 300 a minute; it documents 25 quote calls a second.
    """

    root_url: str = "https://mis.kotaksecurities.com"
    config_url: str = "https://lapi.kotaksecurities.com"
    base_url: str = ""
    ticks_url: str = ""
    orders_url: str = ""
    timeout_seconds: float = 15
    requests_per_second: float = 5
    quotes_per_second: float = 10
    historical_per_second: float = 3
    holdings_include_today: bool = False

    @classmethod
    def of(cls, given: Mapping[str, str]) -> NeoConfig:
        """From options as text; raises Misuse naming the wrong one.

        A root on this machine is asked for everything: nothing of a rehearsal leaves it. The list of
        instruments has the same options; the consumer_key of its own application is nothing to a broker.
        """
        options = Options(BROKER, given, OPTIONS)
        usual = cls()
        root = options.url("root_url", usual.root_url)
        lines = ("wss", "ws")
        return cls(
            root_url=root,
            config_url=options.url("config_url", root if is_loopback(root) else usual.config_url),
            base_url=options.url("base_url", "") if "base_url" in given else "",
            ticks_url=options.url("ticks_url", "", lines) if "ticks_url" in given else "",
            orders_url=options.url("orders_url", "", lines) if "orders_url" in given else "",
            timeout_seconds=options.above_zero("timeout_seconds", usual.timeout_seconds),
            requests_per_second=options.above_zero("requests_per_second", usual.requests_per_second),
            quotes_per_second=options.above_zero("quotes_per_second", usual.quotes_per_second),
            historical_per_second=options.above_zero("historical_per_second", usual.historical_per_second),
            holdings_include_today=options.yes_or_no("holdings_include_today", "no"),
        )

    def per_second(self, lane: Lane) -> float:
        match lane:
            case Lane.LOGIN | Lane.MASTER | Lane.TRADE:
                return self.requests_per_second
            case Lane.QUOTE:
                return self.quotes_per_second
            case Lane.HISTORICAL:
                return self.historical_per_second

    def checked(self, address: str, what: str) -> str:
        """An address that Kotak named, if it is Kotak's own (or this machine's, where the root is).

        Raises Rejected: whoever forges one would be sent the session's tokens.
        """
        try:
            parts = urlsplit(address)
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            port, host, parts = 0, "", urlsplit("")
        is_bare = parts.username is None and not parts.query and not parts.fragment
        is_own = host == _OWN or host.endswith(f".{_OWN}")
        is_kotak = parts.scheme in {"https", "wss"} and is_own and port in {None, 443}
        is_here = is_loopback(self.root_url) and is_loopback(address)
        if not (is_bare and (is_kotak or is_here)):
            raise Rejected(f"{TITLE}: {what} names a stranger's address", code="address")
        return address.rstrip("/")


OPTIONS = frozenset({*NeoConfig.__dataclass_fields__, "consumer_key"})
"""What may be said of Kotak: to the broker and to its list of instruments alike."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave to ask on behalf of one customer: everything a call needs, as one login gave it.

    base: the host that serves the account. centre: its data centre, which the configuration is asked by.
    feed, orders: addresses of the two streams as the login named them, "" where it did not.
    """

    ucc: str
    key: Secret
    sid: Secret
    auth: Secret
    base: str
    centre: str
    feed: str = ""
    orders: str = ""

    def packed(self) -> Secret:
        """As the text that a BrokerSession keeps."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        told = {name: one.reveal() if isinstance(one, Secret) else one for name, one in plain.items()}
        return Secret(json.dumps(told, separators=(",", ":"), sort_keys=True))

    @classmethod
    def of(cls, token: Secret) -> Pass:
        """Back from that text; Reauth for one that this version did not write."""
        try:
            told = json.loads(token.reveal())
            ucc, base, centre, feed, orders = (
                str(told[name]) for name in ("ucc", "base", "centre", "feed", "orders")
            )
            key, sid, auth = (Secret(str(told[name])) for name in ("key", "sid", "auth"))
        except (ValueError, KeyError, TypeError):
            raise Reauth(ENDED, broker=BROKER) from None
        return cls(ucc, key, sid, auth, base, centre, feed, orders)

    @property
    def headers(self) -> Mapping[str, str]:
        """Of calls on the account."""
        return {"Sid": self.sid.reveal(), "Auth": self.auth.reveal(), "Authorization": self.key.reveal()}

    @property
    def application(self) -> Mapping[str, str]:
        """Of calls that need no login: prices, lists, candles."""
        return {"Authorization": self.key.reveal()}


class Neo:
    """Kotak's REST face. Raises Reauth, Retry, Rejected. Thread-safe."""

    def __init__(self, config: NeoConfig, shared: Shared) -> None:
        self.config = config
        self._shared = shared
        self._lock = threading.Lock()
        self._hosts: dict[str, Http] = {}
        self._door = Http(self._limits(config.root_url), refused)

    def enter(self, path: str, body: Mapping[str, str], headers: Mapping[str, str], ucc: str) -> Answer:
        """One step of the login. Rejected with code "credentials": Kotak did not accept them."""
        sent = {**headers, "neo-fin-key": "neotradeapi", "Content-Type": "application/json"}
        content = json.dumps(body).encode()
        pace = self._pace(Lane.LOGIN, ucc)
        return self._door.send("POST", path, content=content, headers=sent, pace=pace)

    def get(self, leave: Pass, path: str) -> Answer:
        """A page of the account."""
        pace = self._pace(Lane.TRADE, leave.ucc)
        return self._host(self._base(leave)).get(path, headers=leave.headers, pace=pace)

    def post(self, leave: Pass, path: str, data: Mapping[str, str]) -> Answer:
        """A question about the account: its JSON travels in a form's only field."""
        return self._host(self._base(leave)).send(
            "POST",
            path,
            form={"jData": json.dumps(data)},
            headers=leave.headers,
            pace=self._pace(Lane.TRADE, leave.ucc),
        )

    def ask(self, leave: Pass, path: str, lane: Lane, params: Pairs = ()) -> Answer:
        """What the application alone may ask."""
        pace = self._pace(lane, leave.ucc)
        return self._host(self._base(leave)).get(path, params=params, headers=leave.application, pace=pace)

    def configuration(self, leave: Pass) -> Answer:
        """Where the streams of each data centre are."""
        params = [("appVersion", "3.0.9"), ("platform", "api"), ("environment", "prod")]
        pace = self._pace(Lane.MASTER, leave.ucc)
        return self._host(self.config.config_url).get("/5config/config", params=params, pace=pace)

    def download(self, leave: Pass, address: str) -> bytes:
        """A file that an answer named; Rejected when it does not lie at Kotak's."""
        parts = urlsplit(self.config.checked(address, "the list of files"))
        pace = self._pace(Lane.MASTER, leave.ucc)
        return self._host(f"{parts.scheme}://{parts.netloc}").get(parts.path, pace=pace).content

    def close(self) -> None:
        with self._lock:
            opened, self._hosts = self._hosts, {}
        for one in (self._door, *opened.values()):
            one.close()

    def _base(self, leave: Pass) -> str:
        return self.config.base_url or self.config.checked(leave.base, "the session")

    def _host(self, url: str) -> Http:
        with self._lock:
            if url not in self._hosts:
                if len(self._hosts) >= _MOST_HOSTS:
                    self._hosts.pop(next(iter(self._hosts)))  # closes itself when its last call is over
                self._hosts[url] = Http(self._limits(url), judged)
            return self._hosts[url]

    def _limits(self, url: str) -> HttpConfig:
        headers = {"User-Agent": "TuneFolio", "Accept": "application/json"}
        return HttpConfig(TITLE, url, self.config.timeout_seconds, cap_bytes=_LARGEST_FILE, headers=headers)

    def _pace(self, lane: Lane, ucc: str) -> Pace:
        return Pace(self._shared, f"{BROKER}:{lane}:{ucc}", self.config.per_second(lane))
