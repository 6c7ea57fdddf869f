"""Angel One as a broker: what the registry hands out under "angelone"."""

# ruff: noqa: ARG002  (the ports name a key and a clock; here the key travels in the session)

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import ClassVar

from tunefolio.adapters.brokers.angelone import charges, fills, funds, login, stream, triggers, updates
from tunefolio.adapters.brokers.angelone.candles import AngelCandles
from tunefolio.adapters.brokers.angelone.errors import BROKER
from tunefolio.adapters.brokers.angelone.instruments import AngelMaster
from tunefolio.adapters.brokers.angelone.line import Patience
from tunefolio.adapters.brokers.angelone.orders import AngelOrders
from tunefolio.adapters.brokers.angelone.quotes import AngelQuotes
from tunefolio.adapters.brokers.angelone.smart import AngelConfig, Leave, Smart
from tunefolio.adapters.brokers.angelone.statements import AngelStatements
from tunefolio.adapters.brokers.angelone.tokens import Tokens
from tunefolio.adapters.gates import Gates
from tunefolio.core.secret import Secret
from tunefolio.core.shared import Shared
from tunefolio.core.time import Clock, Instant
from tunefolio.ledger.brokers import BROKERS, BrokerSession, CredentialForm
from tunefolio.ledger.charged import ChargedOrder, StatedCharges
from tunefolio.ledger.fills import DayFills
from tunefolio.ledger.statements import Funds
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Candle, Interval, QuoteClaim
from tunefolio.trading.orders import OrderReport, TriggerReport


@BROKERS.register(BROKER)
class AngelOne:
    """SmartAPI. A login by form, automatic where the person leaves the TOTP secret; sessions end daily.

    `api_key` is "" everywhere: the session's token holds what calls need. Options: those of AngelConfig.
    patience: of its streams. Thread-safe.
    """

    name = BROKER
    title = "Angel One"
    home_exchange = "NSE"
    most_ticks = stream.MOST_TOKENS
    form: ClassVar[CredentialForm] = login.FORM

    def __init__(
        self, options: Mapping[str, str], shared: Shared, *, patience: Patience | None = None
    ) -> None:
        self._config = AngelConfig.of(options)
        self._smart = Smart(self._config, shared)
        self._master = AngelMaster(options, Gates(shared))
        self._tokens = Tokens(self._master)
        self._patience = patience or Patience()

    def login(self, given: Mapping[str, Secret], now: Instant) -> BrokerSession:
        return login.login(self._smart, given, now)

    def renew(self, session: BrokerSession, now: Instant) -> BrokerSession:
        return login.renew(self._smart, session, now)

    def logout(self, api_key: str, session: BrokerSession) -> None:
        login.logout(self._smart, session)

    def statements(self, api_key: str, session: BrokerSession) -> AngelStatements:
        return AngelStatements(self._smart, Leave.of(session))

    def funds(self, api_key: str, session: BrokerSession) -> Funds:
        return funds.fetch(self._smart, Leave.of(session))

    def charges(self, api_key: str, session: BrokerSession, orders: Sequence[ChargedOrder]) -> StatedCharges:
        return charges.fetch(self._smart, Leave.of(session), self._tokens, orders)

    def fills(self, api_key: str, session: BrokerSession) -> DayFills:
        return fills.fetch(self._smart, Leave.of(session))

    def orders(self, api_key: str, session: BrokerSession) -> Sequence[OrderReport]:
        return AngelOrders(self._smart, Leave.of(session)).all()

    def order_history(self, api_key: str, session: BrokerSession, order_id: str) -> Sequence[OrderReport]:
        return AngelOrders(self._smart, Leave.of(session)).history(order_id)

    def triggers(self, api_key: str, session: BrokerSession) -> Sequence[TriggerReport]:
        return triggers.fetch(self._smart, Leave.of(session))

    def quotes(self, api_key: str, session: BrokerSession) -> AngelQuotes:
        return AngelQuotes(self._smart, Leave.of(session), self._tokens)

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
        leave = Leave.of(session)
        source = AngelCandles(self._smart, leave, self._tokens)
        return source.candles(listing, interval, since=since, until=until)

    def ticks(
        self, api_key: str, session: BrokerSession, listings: Sequence[Listing], clock: Clock
    ) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
        """Live prices until closed; lines that break are mended. Use aclosing()."""
        return stream.ticks_of(
            self._config.feed_url, Leave.of(session), self._tokens, listings,
            clock=clock, patience=self._patience,
        )  # fmt: skip

    def updates(
        self, api_key: str, session: BrokerSession, clock: Clock
    ) -> AsyncGenerator[OrderReport, None]:
        """Order changes until closed; lines that break are mended. Use aclosing()."""
        return updates.updates_of(self._config.orders_url, Leave.of(session), self._patience)

    def close(self) -> None:
        self._smart.close()
        self._master.close()
