"""Ports to a broker's API. A broker that lacks a capability lacks the file, not the flag."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tunefolio.core.registry import Registry
from tunefolio.core.secret import Secret
from tunefolio.core.time import Clock, Instant
from tunefolio.ledger.statements import StatementSource
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim, QuoteSource


@dataclass(frozen=True, slots=True)
class AppKeys:
    """A person's or the operator's API application at a broker."""

    api_key: str
    api_secret: Secret


@dataclass(frozen=True, slots=True)
class BrokerSession:
    """Leave to speak for one broker user until `expires`; the broker may end it sooner."""

    broker_user: str
    user_name: str
    token: Secret
    expires: Instant


class Broker(Protocol):
    """A broker whose API a person can log in to. Raises Reauth, Retry, Rejected, Misuse."""

    name: str
    title: str

    def login_url(self, api_key: str, state: str) -> str:
        """Where to send the browser; `state` comes back with it untouched."""
        ...

    def exchange(self, app: AppKeys, answer: Mapping[str, str], now: Instant) -> BrokerSession:
        """Turn the redirect's query parameters into a session; single use."""
        ...

    def logout(self, api_key: str, session: BrokerSession) -> None:
        """End the session at the broker; an already ended one is no error."""
        ...

    def statements(self, api_key: str, session: BrokerSession) -> StatementSource: ...

    def quotes(self, api_key: str, session: BrokerSession) -> QuoteSource: ...


@runtime_checkable
class TickSource(Protocol):
    """A broker that sends prices as they are made. One that cannot lacks the method."""

    name: str
    title: str
    most_ticks: int
    """Listings one session may be told of."""

    def ticks(
        self, api_key: str, session: BrokerSession, listings: Sequence[Listing], clock: Clock
    ) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
        """Prices as they come, those of one message together; listings the broker does not know stay silent.

        Mends its own line. Raises Reauth when the session has ended, Retry when the line stays down, Misuse
        above `most_ticks`. End it by closing the generator.
        """
        ...


class BrokerMaker(Protocol):
    """Builds a broker from its own options (base URLs, limits), as text; raises Misuse naming the option."""

    def __call__(self, options: Mapping[str, str]) -> Broker: ...


BROKERS: Registry[BrokerMaker] = Registry("broker")
