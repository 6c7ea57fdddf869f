"""What every route of the Angel face shares: the market, the accounts, the sessions, the limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection, Request

from tunefolio.core.time import Clock
from tunefolio.sandbox.angel.envelope import stopped, too_often, unreadable
from tunefolio.sandbox.angel.grants import Grant, Grants
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.faults import Faults
from tunefolio.sandbox.limits import Rate, RateLimiter
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.people import Trader

BROKER = "angelone"
API_KEY = "rehearsal"
"""Of the one application that this face knows."""

_CALLER = ("x-usertype", "x-sourceid", "x-clientlocalip", "x-clientpublicip", "x-macaddress")
_ONE, _TWO, _THREE, _TEN = Rate(1), Rate(2), Rate(3), Rate(10)


@dataclass(frozen=True, slots=True)
class AngelRates:
    """Requests a second of one client, counted for each call by itself, as the broker publishes them.

    connections: market feeds at a time, order feeds as many. tokens: token and mode together, of one feed.
    """

    login: Rate = _ONE
    renewal: Rate = _ONE
    profile: Rate = _THREE
    funds: Rate = _TWO
    books: Rate = _ONE
    quotes: Rate = _TEN
    candles: Rate = _THREE
    connections: int = 3
    tokens: int = 1000


RateOf = Callable[[AngelRates], Rate]


@dataclass(frozen=True)
class AngelDesk:
    """The broker's back office, seen from its routes. tick_seconds: how often the feeds look about."""

    market: Market
    clock: Clock
    depot: Depot
    limiter: RateLimiter
    grants: Grants
    rates: AngelRates = field(default_factory=AngelRates)
    tick_seconds: float = 1.0
    faults: Faults = field(default_factory=Faults)
    api_key: str = API_KEY
    streams: dict[tuple[str, str], int] = field(default_factory=dict)

    def trader(self, user_id: str) -> Trader:
        trader = self.depot.trader(BROKER, user_id)
        assert trader is not None
        return trader

    def check_caller(self, connection: HTTPConnection) -> None:
        """Does it say who it is, and is its application known? Raises Refusal."""
        if any(not connection.headers.get(name) for name in _CALLER):
            raise unreadable()
        self.check_key(connection.headers.get("x-privatekey", ""))

    def check_key(self, key: str) -> None:
        if key != self.api_key:
            raise stopped("AG8004", "Invalid API Key")

    def admit(self, caller: str, what: str, rate: Rate) -> None:
        """Raises Refusal above the rate."""
        if not self.limiter.admits(f"{BROKER}:{caller}", what, rate):
            raise too_often()

    def admitted(self, request: Request, rate: RateOf) -> Grant:
        """The caller's grant, after all checks; raises Refusal."""
        self.check_caller(request)
        grant = self.grants.of(bearer(request))
        self.admit(grant.user_id, request.url.path, rate(self.rates))
        return grant

    def reader(self, request: Request, rate: RateOf) -> Trader:
        """The user on whose behalf a request comes; raises Refusal."""
        return self.trader(self.admitted(request, rate).user_id)


def bearer(connection: HTTPConnection) -> str:
    """The token of a call or a handshake, with or without the word before it."""
    given = connection.headers.get("authorization", "")
    return given.removeprefix("Bearer ").strip()


def desk_of(connection: HTTPConnection) -> AngelDesk:
    desk = connection.app.state.desk
    assert isinstance(desk, AngelDesk)
    return desk
