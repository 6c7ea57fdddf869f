"""What every page and route of the Kite face shares: the market, the people, the sessions, the limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from tunefolio.core.time import Clock
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.faults import Faults
from tunefolio.sandbox.kite.envelope import input_error, rate_error, token_error
from tunefolio.sandbox.kite.grants import Grant, Grants
from tunefolio.sandbox.limits import Rate, RateLimiter
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.people import Trader

BROKER = "zerodha"
_ONE, _THREE, _TEN = Rate(1), Rate(3), Rate(10)


@dataclass(frozen=True, slots=True)
class KiteRates:
    """Requests a second that one app may make, as the broker publishes them."""

    quote: Rate = _ONE
    historical: Rate = _THREE
    other: Rate = _TEN
    connections: int = 3
    tokens: int = 3000


@dataclass(frozen=True)
class Desk:
    """The broker's back office, seen from its routes. tick_seconds: how often the stream looks at prices."""

    market: Market
    clock: Clock
    api_key: str
    redirect_url: str
    depot: Depot
    grants: Grants
    limiter: RateLimiter
    rates: KiteRates
    tick_seconds: float
    faults: Faults
    streams: dict[str, int] = field(default_factory=dict)

    @property
    def people(self) -> tuple[Trader, ...]:
        return self.depot.people(BROKER)

    def trader(self, user_id: str) -> Trader:
        trader = self.depot.trader(BROKER, user_id)
        assert trader is not None
        return trader

    def admitted(self, request: Request, kind: str, rate: Callable[[KiteRates], Rate]) -> Grant:
        """The caller's grant, after Kite's checks of version, token and rate; raises KiteError."""
        if request.headers.get("x-kite-version", "") != "3":
            raise input_error("Invalid or missing `X-Kite-Version` header.")
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        api_key, _, access_token = pair.partition(":")
        if scheme.lower() != "token" or not access_token:
            raise token_error()
        if not self.limiter.admits(api_key, kind, rate(self.rates)):
            raise rate_error()
        return self.grants.of(api_key, access_token)

    def reader(self, request: Request) -> Trader:
        """The user on whose behalf an ordinary request comes; raises KiteError."""
        return self.trader(self.admitted(request, "other", lambda rates: rates.other).user_id)


def desk_of(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk
