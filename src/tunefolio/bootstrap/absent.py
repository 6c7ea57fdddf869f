"""What stands on the registry for a broker whose folder does not import: it says so, to everyone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from tunefolio.core.errors import Rejected
from tunefolio.core.shared import Shared
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import AppKeys, BrokerMaker, BrokerSession
from tunefolio.ledger.statements import Statement
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

UNLOADED = "unloaded"
"""The code of each refusal."""


class AbsentBroker:
    """Every call raises Rejected with the reason; accounts, books and the way to disconnect stay."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = name.capitalize()
        self.home_exchange = "NSE"
        self.app_steps: tuple[str, ...] = ()

    def login_url(self, api_key: str, state: str) -> str:  # noqa: ARG002
        self._refuse()

    def exchange(self, app: AppKeys, answer: Mapping[str, str], now: Instant) -> BrokerSession:  # noqa: ARG002
        self._refuse()

    def logout(self, api_key: str, session: BrokerSession) -> None:  # noqa: ARG002
        self._refuse()

    def statements(self, api_key: str, session: BrokerSession) -> AbsentBroker:  # noqa: ARG002
        return self

    def quotes(self, api_key: str, session: BrokerSession) -> AbsentQuotes:  # noqa: ARG002
        return AbsentQuotes(self.name)

    def fetch(self, now: Instant) -> Statement:  # noqa: ARG002
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise refusal(self.name)


class AbsentQuotes:
    """No prices from a broker that does not load."""

    def __init__(self, name: str) -> None:
        self.name = name

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:  # noqa: ARG002
        raise refusal(self.name)


def refusal(name: str) -> Rejected:
    """Why nothing works at this broker, and who knows more."""
    return Rejected(
        f"{name.capitalize()}: its adapter does not load. Who runs this house sees why by `tunefolio doctor`",
        code=UNLOADED,
    )


def stand_in_for(name: str) -> BrokerMaker:
    """A maker that takes whatever options the real one had."""

    def make(options: Mapping[str, str], shared: Shared) -> AbsentBroker:  # noqa: ARG001
        return AbsentBroker(name)

    return make
