"""Ports to a broker's API. A broker that lacks a capability lacks the file, not the flag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tunefolio.core.registry import Registry
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.statements import StatementSource
from tunefolio.market.provider import QuoteSource


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


class BrokerMaker(Protocol):
    """Builds a broker from its own options (base URLs, limits), as text; raises Misuse naming the option."""

    def __call__(self, options: Mapping[str, str]) -> Broker: ...


BROKERS: Registry[BrokerMaker] = Registry("broker")
