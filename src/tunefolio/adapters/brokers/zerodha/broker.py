"""Zerodha as a broker: what the registry hands out under "zerodha"."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

from tunefolio.adapters.brokers.zerodha import instruments, login, stream
from tunefolio.adapters.brokers.zerodha.errors import BROKER
from tunefolio.adapters.brokers.zerodha.kite import Kite, KiteConfig, Pass
from tunefolio.adapters.brokers.zerodha.quotes import ZerodhaQuotes
from tunefolio.adapters.brokers.zerodha.statements import ZerodhaStatements
from tunefolio.core.time import Clock, Instant
from tunefolio.ledger.brokers import BROKERS, AppKeys, BrokerSession
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim


@BROKERS.register(BROKER)
class Zerodha:
    """Kite Connect v3. Its sessions end at six every morning; there is no login without a person.

    Options: root_url, login_url, ticks_url, timeout_seconds, quotes_per_second, historical_per_second,
    requests_per_second. Thread-safe.
    """

    name = BROKER
    title = "Zerodha"
    most_ticks = stream.MOST_TOKENS

    def __init__(self, options: Mapping[str, str]) -> None:
        self._config = KiteConfig.of(options)
        self._kite = Kite(self._config)

    def login_url(self, api_key: str, state: str) -> str:
        return login.login_url(self._config.login_url, api_key, state)

    def exchange(self, app: AppKeys, answer: Mapping[str, str], now: Instant) -> BrokerSession:
        return login.exchange(self._kite, app, answer, now)

    def logout(self, api_key: str, session: BrokerSession) -> None:
        login.logout(self._kite, api_key, session)

    def statements(self, api_key: str, session: BrokerSession) -> ZerodhaStatements:
        return ZerodhaStatements(self._kite, Pass(api_key, session.token))

    def quotes(self, api_key: str, session: BrokerSession) -> ZerodhaQuotes:
        return ZerodhaQuotes(self._kite, Pass(api_key, session.token))

    def instruments(
        self, api_key: str, session: BrokerSession, exchange: str = ""
    ) -> Iterator[instruments.KiteInstrument]:
        """Kite's whole list, or one exchange's: large (some 100,000 rows), new every morning."""
        path = f"/instruments/{exchange}" if exchange else "/instruments"
        return instruments.parse(self._kite.download(Pass(api_key, session.token), path))

    def ticks(
        self, api_key: str, session: BrokerSession, listings: Sequence[Listing], clock: Clock
    ) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
        """Live prices until closed; lines of Kite that break are mended. Use aclosing()."""
        leave = Pass(api_key, session.token)
        line = stream.TickStream(self._config.ticks_url, leave, clock)
        return stream.ticks_of(ZerodhaQuotes(self._kite, leave), line, listings)

    def close(self) -> None:
        self._kite.close()
