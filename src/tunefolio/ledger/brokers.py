"""Ports to a broker's API. A broker that lacks a capability lacks the file, not the flag."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from tunefolio.core.registry import Registry
from tunefolio.core.secret import Secret
from tunefolio.core.shared import Shared
from tunefolio.core.time import Clock, Instant
from tunefolio.ledger.statements import Funds, StatementSource
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Candle, Interval, QuoteClaim, QuoteSource


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
    """A broker with an API. Raises Reauth, Retry, Rejected, Misuse.

    How a person logs in is RedirectLogin or FormLogin; what else it can is told by the ports it fills. With a
    FormLogin `api_key` is "": whatever its calls need travels sealed inside the session's token.
    """

    name: str
    title: str
    home_exchange: str
    """The exchange whose sessions its accounts follow: while that one trades they are synced by the hour."""

    def logout(self, api_key: str, session: BrokerSession) -> None:
        """End the session at the broker; an already ended one is no error."""
        ...

    def statements(self, api_key: str, session: BrokerSession) -> StatementSource: ...

    def quotes(self, api_key: str, session: BrokerSession) -> QuoteSource: ...


@runtime_checkable
class RedirectLogin(Protocol):
    """A login on the broker's own page: the person goes there and comes back with a single-use answer.

    app_steps: how a person gets an application of her own there, a sentence a step, before the redirect URL
    is entered; () for a broker with which nothing can be set up now.
    """

    @property
    def app_steps(self) -> tuple[str, ...]: ...

    def login_url(self, api_key: str, state: str) -> str:
        """Where to send the browser; `state` comes back with it untouched."""
        ...

    def exchange(self, app: AppKeys, answer: Mapping[str, str], now: Instant) -> BrokerSession:
        """Turn the redirect's query parameters into a session; single use."""
        ...


class Keeping(StrEnum):
    """What happens to a credential after the login it was typed for."""

    KEPT = "kept"
    """Sealed in the vault: every later login needs it again."""
    CHOICE = "choice"
    """Sealed only where the person wants automatic logins; else forgotten."""
    ONCE = "once"
    """Never kept: a code that works one time."""


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One box of a broker's login form. pattern: what the whole text must match; hint: where to find it."""

    name: str
    label: str
    hint: str
    pattern: str
    keeping: Keeping
    is_secret: bool
    is_needed: bool


@dataclass(frozen=True, slots=True)
class CredentialForm:
    """What a login without the broker's page asks for.

    user: the field that names the broker's user. alternatives: groups of fields, of which one must be
    filled whole (a code now, or the secret that makes codes). automatic: fields which, once kept, let this
    house log in by itself; empty where that is not lawful.
    """

    fields: tuple[CredentialField, ...]
    user: str
    alternatives: tuple[tuple[str, ...], ...] = ()
    automatic: tuple[str, ...] = ()


@runtime_checkable
class FormLogin(Protocol):
    """A login with credentials that the broker's rules allow an application to send."""

    form: CredentialForm

    def login(self, given: Mapping[str, Secret], now: Instant) -> BrokerSession:
        """A session from the filled fields, by name; a field left empty is absent.

        Raises Rejected with code "credentials" for what the broker refused (the reason names the field where
        the broker does), Misuse for what cannot be one of its credentials, Retry.
        """
        ...


@runtime_checkable
class Renewal(Protocol):
    """A broker whose session can be prolonged without credentials."""

    def renew(self, session: BrokerSession, now: Instant) -> BrokerSession:
        """A newer session from a living one; raises Reauth when it cannot be prolonged any more."""
        ...


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


@runtime_checkable
class CandleSource(Protocol):
    """A broker that tells the past within a session."""

    def candles(
        self,
        api_key: str,
        session: BrokerSession,
        listing: Listing,
        interval: Interval,
        *,
        since: Instant,
        until: Instant,
    ) -> tuple[Candle, ...] | None:
        """Candles that begin at `since` or later and are complete by `until`, ascending; None for an unknown
        listing. Asks in as many pieces as the broker's limits need. Raises Reauth, Retry, Rejected."""
        ...


@runtime_checkable
class FundsSource(Protocol):
    """A broker that tells what money and collateral stand behind the next order."""

    def funds(self, api_key: str, session: BrokerSession) -> Funds: ...


class BrokerMaker(Protocol):
    """Builds a broker from its own options (base URLs, limits), as text; raises Misuse naming the option.

    shared: keeps its rate limits for all processes together.
    """

    def __call__(self, options: Mapping[str, str], shared: Shared) -> Broker: ...


BROKERS: Registry[BrokerMaker] = Registry("broker")
