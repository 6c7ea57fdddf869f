"""Zerodha as a broker: what the registry hands out under "zerodha"."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from urllib.parse import quote

from tunefolio.adapters.brokers.zerodha import (
    candles,
    charges,
    fills,
    funds,
    instruments,
    login,
    orders,
    postback,
    stream,
    triggers,
    updates,
)
from tunefolio.adapters.brokers.zerodha.errors import BROKER
from tunefolio.adapters.brokers.zerodha.kite import Kite, KiteConfig, Lane, Pass
from tunefolio.adapters.brokers.zerodha.quotes import ZerodhaQuotes
from tunefolio.adapters.brokers.zerodha.statements import ZerodhaStatements
from tunefolio.core.shared import Shared
from tunefolio.core.time import Clock, Instant
from tunefolio.ledger.brokers import BROKERS, AppKeys, BrokerSession
from tunefolio.ledger.charged import ChargedOrder, StatedCharges
from tunefolio.ledger.fills import DayFills
from tunefolio.ledger.statements import Funds
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Candle, Interval, QuoteClaim
from tunefolio.trading.orders import OrderReport, TriggerReport


@BROKERS.register(BROKER)
class Zerodha:
    """Kite Connect v3. Its sessions end at six every morning; there is no login without a person.

    Options: root_url, login_url, ticks_url, timeout_seconds, quotes_per_second, historical_per_second,
    requests_per_second. Thread-safe.
    """

    name = BROKER
    title = "Zerodha"
    home_exchange = "NSE"
    app_steps = (
        "Sign in at developers.kite.trade with your Zerodha account.",
        "Create an app of type Connect, or of the free Personal type.",
    )
    most_ticks = stream.MOST_TOKENS

    def __init__(self, options: Mapping[str, str], shared: Shared) -> None:
        self._config = KiteConfig.of(options)
        self._kite = Kite(self._config, shared)

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

    def updates(
        self,
        api_key: str,
        session: BrokerSession,
        clock: Clock,  # noqa: ARG002  Kite's updates bear their time
    ) -> AsyncGenerator[OrderReport, None]:
        """Order updates until closed. Use aclosing()."""
        return updates.updates(self._config.ticks_url, Pass(api_key, session.token))

    def fills(self, api_key: str, session: BrokerSession) -> DayFills:
        return fills.fills(self._kite.get(Pass(api_key, session.token), "/trades"))

    def orders(self, api_key: str, session: BrokerSession) -> tuple[OrderReport, ...]:
        return orders.orders(self._kite.get(Pass(api_key, session.token), "/orders"))

    def order_history(self, api_key: str, session: BrokerSession, order_id: str) -> tuple[OrderReport, ...]:
        path = f"/orders/{quote(order_id, safe='')}"
        return orders.orders(self._kite.get(Pass(api_key, session.token), path))

    def order_fills(self, api_key: str, session: BrokerSession, order_id: str) -> DayFills:
        """The executions of one order, oldest first."""
        path = f"/orders/{quote(order_id, safe='')}/trades"
        return fills.fills(self._kite.get(Pass(api_key, session.token), path))

    def charges(self, api_key: str, session: BrokerSession, orders: Sequence[ChargedOrder]) -> StatedCharges:
        return charges.fetch(self._kite, Pass(api_key, session.token), orders)

    def funds(self, api_key: str, session: BrokerSession) -> Funds:
        return funds.funds(self._kite.get(Pass(api_key, session.token), "/user/margins"))

    def triggers(self, api_key: str, session: BrokerSession) -> tuple[TriggerReport, ...]:
        return triggers.triggers(self._kite.get(Pass(api_key, session.token), "/gtt/triggers"))

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
        """Kite takes a token, which is looked up first; both ends of its spans are inclusive."""
        leave = Pass(api_key, session.token)
        tokens = ZerodhaQuotes(self._kite, leave).tokens([listing])
        if not tokens:
            return None
        path = f"/instruments/historical/{next(iter(tokens))}/{candles.WORDS[interval]}"
        last = until - candles.LENGTHS[interval]
        found: dict[Instant, Candle] = {}
        for start, end in candles.pieces(interval, since, until):
            span = [("from", _wall(start)), ("to", _wall(end)), ("oi", "1")]
            told = candles.candles(self._kite.get(leave, path, span, Lane.HISTORICAL))
            found |= {one.start: one for one in told if since <= one.start <= last}
        return tuple(found[start] for start in sorted(found))

    def postback_user(self, body: bytes) -> str:
        return postback.user_of(body)

    def postback(self, app: AppKeys, body: bytes) -> OrderReport:
        return postback.postback(body, app.api_secret)[1]

    def close(self) -> None:
        self._kite.close()


def _wall(moment: Instant) -> str:
    """As Kite takes a time: wall time in India."""
    return f"{moment.in_zone():%Y-%m-%d %H:%M:%S}"
