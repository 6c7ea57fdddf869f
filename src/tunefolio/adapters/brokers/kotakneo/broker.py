"""Kotak Neo as a broker: what the registry hands out under "kotakneo"."""
# ruff: noqa: ARG002  the ports pass an api_key; this broker's travels within the session

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from tunefolio.adapters.brokers.kotakneo import (
    candles,
    fills,
    funds,
    login,
    orders,
    statements,
    stream,
    updates,
    wire,
)
from tunefolio.adapters.brokers.kotakneo.errors import BROKER, TITLE, data_of, rows, told_of
from tunefolio.adapters.brokers.kotakneo.neo import Neo, NeoConfig, Pass
from tunefolio.adapters.brokers.kotakneo.quotes import KotakQuotes
from tunefolio.adapters.brokers.kotakneo.scrips import Scrips
from tunefolio.adapters.brokers.kotakneo.statements import KotakStatements
from tunefolio.adapters.http import Answer
from tunefolio.adapters.unread import ClaimOf
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.secret import Secret
from tunefolio.core.shared import Shared
from tunefolio.core.time import Clock, Instant
from tunefolio.ledger.brokers import BROKERS, BrokerSession
from tunefolio.ledger.fills import DayFills
from tunefolio.ledger.statements import Funds
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.provider import Candle, Interval, QuoteClaim
from tunefolio.trading.orders import OrderReport


@BROKERS.register(BROKER)
class KotakNeo:
    """Kotak's Trade API, third edition. Its sessions end every day; a kept TOTP secret begins the next one.

    Options: root_url, config_url, base_url, ticks_url, orders_url, timeout_seconds, requests_per_second,
    quotes_per_second, historical_per_second. Thread-safe.
    """

    name = BROKER
    title = TITLE
    home_exchange = "NSE"
    form = login.FORM
    most_ticks = stream.MOST_TOKENS

    def __init__(self, options: Mapping[str, str], shared: Shared) -> None:
        self._neo = Neo(NeoConfig.of(options), shared)
        self._scrips = Scrips(self._neo)

    def login(self, given: Mapping[str, Secret], now: Instant) -> BrokerSession:
        return login.login(self._neo, given, now)

    def logout(self, api_key: str, session: BrokerSession) -> None:
        """Kotak's sessions end by being forgotten; nothing is asked of it."""

    def statements(self, api_key: str, session: BrokerSession) -> KotakStatements:
        return KotakStatements(self._neo, self._scrips, Pass.of(session.token))

    def quotes(self, api_key: str, session: BrokerSession) -> KotakQuotes:
        return KotakQuotes(self._neo, self._scrips, Pass.of(session.token))

    def fills(self, api_key: str, session: BrokerSession) -> DayFills:
        leave = Pass.of(session.token)
        told = data_of(self._neo.get(leave, fills.TRADES), "trades")
        return fills.fills(rows(told, "trades"), self._claims(leave))

    def funds(self, api_key: str, session: BrokerSession) -> Funds:
        leave = Pass.of(session.token)
        return funds.funds(told_of(self._neo.post(leave, statements.LIMITS, funds.ALL), "limits"))

    def orders(self, api_key: str, session: BrokerSession) -> tuple[OrderReport, ...]:
        leave = Pass.of(session.token)
        told = data_of(self._neo.get(leave, orders.ORDERS), "orders")
        return orders.orders(rows(told, "orders"), self._claims(leave))

    def order_history(self, api_key: str, session: BrokerSession, order_id: str) -> tuple[OrderReport, ...]:
        """Rejected for an order that Kotak has no data of."""
        leave = Pass.of(session.token)
        told = rows(
            data_of(self._neo.post(leave, orders.HISTORY, {"nOrdNo": order_id}), "history"), "history"
        )
        if not told:
            raise Rejected(f"{TITLE}: no order {order_id[:40]!r}", code="unknown_order")
        return orders.history(told, self._claims(leave))

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
        leave = Pass.of(session.token)
        for symbol in self._scrips.symbols(leave, [listing]):
            return candles.fetched(
                self._neo, leave, symbol=symbol, interval=interval, since=since, until=until
            )
        return None

    async def ticks(
        self, api_key: str, session: BrokerSession, listings: Sequence[Listing], clock: Clock
    ) -> AsyncGenerator[Mapping[Listing, QuoteClaim], None]:
        """Live prices until closed; lines that break are mended. Use aclosing()."""
        leave = Pass.of(session.token)
        asked = await asyncio.to_thread(self._scrips.symbols, leave, listings)
        if not asked:
            return
        if len(asked) > self.most_ticks:
            raise Misuse("listings", f"{len(asked)} instruments", cure=f"Ask for 1 to {self.most_ticks}")
        url = await asyncio.to_thread(wire.feed_of, self._neo, leave)
        greeting = stream.Greeting(leave, clock, list(asked))
        line = wire.Line(url, greeting, lambda: self._probe(leave))
        async with aclosing(stream.quotes(line, greeting, asked, clock)) as prices:
            async for some in prices:
                yield some

    async def updates(
        self,
        api_key: str,
        session: BrokerSession,
        clock: Clock,
    ) -> AsyncGenerator[OrderReport, None]:
        """Order updates until closed. Use aclosing()."""
        leave = Pass.of(session.token)
        url = await asyncio.to_thread(wire.orders_of, self._neo, leave)
        line = wire.Line(url, updates.Hello(leave), lambda: self._probe(leave))
        async with aclosing(updates.updates(line, self._claims(leave))) as told:
            async for one in told:
                yield one

    def close(self) -> None:
        self._neo.close()

    def _claims(self, leave: Pass) -> ClaimOf:
        def claim(row: Mapping[str, Any], where: str) -> InstrumentClaim:
            return self._scrips.claim(leave, row, where)

        return claim

    def _probe(self, leave: Pass) -> Answer:
        """The lightest call of the account that a dead session is refused."""
        answer = self._neo.post(leave, statements.LIMITS, funds.ALL)
        told_of(answer, "limits")
        return answer
