"""Prices as brokers send them: one line for each broker somebody is connected to, in one process at a time.

A tick is on the fan-out at once and is kept a few seconds later, with all that came meanwhile. Sessions end,
lines break, processes die: whoever holds the lease looks every few seconds what there is to listen to.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry, TunefolioError
from tunefolio.core.identity import InstrumentId, PersonId
from tunefolio.core.money import Price
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.brokers import BrokerSession, TickSource
from tunefolio.market.instruments import Instrument, Listing
from tunefolio.market.provider import QuoteClaim
from tunefolio.market.quotes import Quote
from tunefolio.services import standings
from tunefolio.services.brokers import line, needs_login
from tunefolio.services.house import House
from tunefolio.services.quotes import CHANNEL, keep_all, payload
from tunefolio.store import accounts, instruments, leases, persons, tracking
from tunefolio.store.db import ReadDb

_log = logging.getLogger(__name__)
LEASE = "ticks"
_LEASE_FOR = timedelta(seconds=30)
_AFTER_FAILURE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Wire:
    """What to listen to at one broker: over whose session, made at `since`, and which instruments."""

    source: TickSource
    viewer: Viewer
    account: Account
    api_key: str
    session: BrokerSession
    since: Instant | None
    instruments: Mapping[Listing, Instrument]

    @property
    def key(self) -> tuple[int, Instant | None, frozenset[Listing]]:
        """Equal keys need no new line."""
        return self.account.id, self.since, frozenset(self.instruments)


@dataclass(slots=True)
class _Running:
    key: tuple[int, Instant | None, frozenset[Listing]]
    task: asyncio.Task[None]


class Ticks:
    """One thread that listens while it holds the lease. Start it with the house, close it with the house."""

    def __init__(
        self,
        house: House,
        *,
        look_every: timedelta = timedelta(seconds=5),
        keep_every: timedelta = timedelta(seconds=3),
    ) -> None:
        self._house = house
        self._look_seconds = look_every.total_seconds()
        self._keep_seconds = keep_every.total_seconds()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._mine: Instant | None = None
        self._running: dict[str, _Running] = {}
        self._waiting: dict[InstrumentId, Quote] = {}

    @property
    def is_listening(self) -> bool:
        """Some broker's line is held here."""
        return any(not one.task.done() for one in self._running.values())

    def start(self) -> None:
        """Begin to look; nothing to do in a house whose brokers send no ticks."""
        can = any(isinstance(broker, TickSource) for broker in self._house.brokers.values())
        if can and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="ticks", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Hang up, keep what waits, let the lease go; idempotent."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)
            self._thread = None

    def _run(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        keeping = asyncio.create_task(self._keep())
        try:
            while not self._stop.is_set():
                try:
                    await self._look()
                except Exception:  # noqa: BLE001 - the driver door: a database that is away must not end it
                    _log.exception("the tick lines could not be looked after")
                await self._pause(self._look_seconds)
        finally:
            for name in tuple(self._running):
                await self._end(name)
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            await asyncio.to_thread(self._keep_now)
            await asyncio.to_thread(self._let_go)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not past close()."""
        left = seconds
        while left > 0 and not self._stop.is_set():
            await asyncio.sleep(min(left, 0.1))
            left -= 0.1

    async def _look(self) -> None:
        """Hold the lease; listen to what there is, and to nothing else."""
        wires = await asyncio.to_thread(self._wires) if await asyncio.to_thread(self._hold) else {}
        for name, running in tuple(self._running.items()):
            wire = wires.get(name)
            if wire is None or wire.key != running.key or running.task.done():
                await self._end(name)
        for name, wire in wires.items():
            if name not in self._running:
                self._running[name] = _Running(wire.key, asyncio.create_task(self._listen(wire)))

    async def _end(self, name: str) -> None:
        running = self._running.pop(name)
        running.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running.task

    def _hold(self) -> bool:
        """Take the lease or prolong it; False while another process has it."""
        now = self._house.clock.now()
        until = now + _LEASE_FOR
        with self._house.database.writing() as db:
            if self._mine is not None:
                held = leases.renew(db, LEASE, self._mine, until)
            else:
                held = leases.take(db, LEASE, now, until)
        self._mine = until if held else None
        return held

    def _let_go(self) -> None:
        if self._mine is not None:
            with self._house.database.writing() as db:
                leases.release(db, LEASE, self._mine, self._house.clock.now())
            self._mine = None

    def _wires(self) -> dict[str, Wire]:
        with self._house.database.reading() as db:
            return wires(db, self._house)

    async def _listen(self, wire: Wire) -> None:
        """Until cancelled. A session that has ended is recorded for its owner; the next look finds others."""
        name = wire.source.name
        extra = {"broker": name, "account": wire.account.id, "instruments": len(wire.instruments)}
        _log.info("ticks begin", extra=extra)
        try:
            await self._hear(wire)
        except Reauth as problem:
            about = (self._house, wire.viewer, wire.account.id, str(problem))
            await asyncio.to_thread(lambda: needs_login(*about, since=wire.since))
        except (Retry, Rejected, Misuse) as problem:
            _log.warning("ticks end", extra=extra | {"problem": str(problem)})
            await self._pause(_AFTER_FAILURE_SECONDS)
        except Exception:  # noqa: BLE001 - the driver door: one broker must not silence the others
            _log.exception("ticks broke", extra=extra)
            await self._pause(_AFTER_FAILURE_SECONDS)

    async def _hear(self, wire: Wire) -> None:
        listings = list(wire.instruments)
        prices = wire.source.ticks(wire.api_key, wire.session, listings, self._house.clock)
        async with aclosing(prices) as batches:
            async for claims in batches:
                fresh = quotes_of(wire, claims)
                if fresh:
                    self._waiting |= {quote.instrument: quote for quote in fresh}
                    self._house.fanout.publish(CHANNEL, payload(fresh))

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._keep_seconds)
            await asyncio.to_thread(self._keep_now)

    def _keep_now(self) -> None:
        """Keep the newest of each; what cannot be kept now waits for the next time, unless news comes."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            keep_all(self._house, waiting.values())
        except TunefolioError as problem:
            _log.warning("ticks cannot be kept", extra={"problem": str(problem)})
        except Exception:  # noqa: BLE001 - the driver door: a database that is away must not end it
            _log.exception("ticks could not be kept")
            self._waiting = waiting | self._waiting


def wires(db: ReadDb, house: House) -> dict[str, Wire]:
    """One for each broker that sends ticks, is not stopped, and to which somebody is connected, for all that
    is followed."""
    sources = {name: one for name, one in house.brokers.items() if isinstance(one, TickSource)}
    found: dict[str, Wire] = {}
    wanted: list[Instrument] | None = None
    for account in accounts.all_active(db, Caretaker("ticks")):
        source = sources.get(account.broker)
        if source is None or account.broker in found or standings.is_stopped(db, account.broker):
            continue
        viewer = _viewer(db, account.owner)
        if viewer is None:
            continue
        try:
            there = line(db, house, viewer, account)
        except Reauth:
            continue
        if wanted is None:
            wanted = list(instruments.of_ids(db, tracking.followed(db)).values())
        heard = {one.listing: one for one in wanted[: source.most_ticks]}
        if heard:
            found[account.broker] = Wire(
                source, viewer, account, there.api_key, there.session, there.connected, heard
            )
    return found


def quotes_of(wire: Wire, claims: Mapping[Listing, QuoteClaim]) -> list[Quote]:
    """Ticks as quotes of the instruments they are of."""
    return list(_quotes(wire, claims.values()))


def _quotes(wire: Wire, claims: Iterable[QuoteClaim]) -> Iterable[Quote]:
    for claim in claims:
        one = wire.instruments.get(claim.listing)
        if one is not None and claim.last > 0:
            close = claim.previous_close
            before = Price(close, one.currency) if close is not None and close > 0 else None
            yield Quote(one.id, Price(claim.last, one.currency), before, claim.as_of, wire.source.name)


def _viewer(db: ReadDb, owner: PersonId) -> Viewer | None:
    person = persons.person_of(db, owner)
    return None if person.disabled is not None else person.viewer
