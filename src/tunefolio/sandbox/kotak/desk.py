"""What every route of the Kotak face shares: the market, the accounts, the sessions, the limits."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.requests import HTTPConnection, Request

from tunefolio.core.time import Clock
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.faults import Faults
from tunefolio.sandbox.kotak.envelope import gateway_error, rate_error
from tunefolio.sandbox.kotak.grants import Grant, Grants
from tunefolio.sandbox.limits import Rate, RateLimiter
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.people import Trader
from tunefolio.sandbox.universe import Kind, Listed

BROKER = "kotakneo"
CONSUMER_KEY = "rehearsal-neo-application"
SEGMENTS = {"NSE": "nse_cm", "BSE": "bse_cm"}

_FIVE, _TEN, _TWENTY_FIVE = Rate(5, 60), Rate(10), Rate(25)


class Hello(StrEnum):
    """How the order feed lets itself be greeted: two reports of the real one differ."""

    JSON = "json"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class KotakRates:
    """How often one customer may ask. wrong: logins refused before the door stays shut for the minute."""

    trade: Rate = _TEN
    quote: Rate = _TWENTY_FIVE
    historical: Rate = _TEN
    wrong: Rate = _FIVE
    quotes_at_once: int = 50
    tokens: int = 3000


@dataclass(frozen=True)
class KotakDesk:
    """The broker's back office, seen from its routes. consumer_key: of the one application that may ask.

    tick_seconds: how often the feeds look at prices and sessions. hellos: greetings the order feed takes.
    """

    market: Market
    clock: Clock
    depot: Depot
    limiter: RateLimiter
    rates: KotakRates = field(default_factory=KotakRates)
    tick_seconds: float = 1.0
    faults: Faults = field(default_factory=Faults)
    consumer_key: str = CONSUMER_KEY
    grants: Grants = field(default_factory=Grants)
    hellos: frozenset[Hello] = frozenset(Hello)

    def trader(self, user: str) -> Trader | None:
        return self.depot.trader(BROKER, user)

    def application(self, request: HTTPConnection) -> str:
        """The application that asks; raises NeoError 401."""
        key = request.headers.get("authorization", "")
        if not hmac.compare_digest(key.encode(), self.consumer_key.encode()):
            raise gateway_error(401, "Invalid credentials")
        return key

    def asks(self, request: Request, kind: str, rate: Callable[[KotakRates], Rate]) -> None:
        """Let an application ask for prices; raises NeoError."""
        if not self.limiter.admits(self.application(request), kind, rate(self.rates)):
            raise rate_error()

    def reader(self, request: Request) -> Grant:
        """On whose behalf a request about the account comes; raises NeoError."""
        headers = request.headers
        grant = self.grants.of(headers.get("sid", ""), headers.get("auth", ""), self.clock.now())
        if not self.limiter.admits(grant.user, "trade", self.rates.trade):
            raise rate_error()
        return grant

    def find(self, segment: str, token: str) -> Listed | None:
        """By segment and token; an index by its name."""
        wanted = token.casefold()
        for listed in self._of(segment):
            is_index = listed.company.kind is Kind.INDEX
            if (listed.symbol.casefold() if is_index else str(listed.exchange_token)) == wanted:
                return listed
        return None

    def _of(self, segment: str) -> Iterator[Listed]:
        return (one for one in self.market.universe if SEGMENTS.get(one.exchange) == segment)


def desk_of(connection: HTTPConnection) -> KotakDesk:
    desk = connection.app.state.desk
    assert isinstance(desk, KotakDesk)
    return desk


def symbol_of(listed: Listed) -> str:
    """As Kotak writes it in books: with the group at NSE, bare at BSE, an index by its name."""
    company = listed.company
    if company.kind is Kind.INDEX or listed.exchange == "BSE":
        return company.symbol
    return f"{company.symbol}-{company.series or 'EQ'}"
