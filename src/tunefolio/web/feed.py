"""All live clients of this process, and where their news comes from: the fan-out, the bus, the database.

A tick comes by the fan-out and is on its way at once; an event "quotes" of any process makes the board read
what is newer; every other event is passed on to those it concerns. Lives in one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anyio.to_thread

from tunefolio.core.errors import Misuse, NotFound, Retry
from tunefolio.core.identity import InstrumentId, PersonId, PortfolioId
from tunefolio.core.money import Currency
from tunefolio.core.people import Person
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import TickSource
from tunefolio.market.quotes import Quote
from tunefolio.services.ages import expected_since
from tunefolio.services.house import House
from tunefolio.services.live import Live
from tunefolio.services.live_figures import LiveFigures, live_figures
from tunefolio.store import instruments, quotes
from tunefolio.store.events import Event, Subscription
from tunefolio.telemetry import metrics
from tunefolio.web.board import Board
from tunefolio.web.desks import Desk
from tunefolio.web.line import Line
from tunefolio.web.live import concerns
from tunefolio.web.wanted import Message, Wanted

_log = logging.getLogger(__name__)
CHANNEL = "quotes"
BEAT_SECONDS = 15.0
PACE_SECONDS = 0.05
"""Between two frames to one client at least; longer when sending them takes longer."""

SLOWEST_SECONDS = 1.0
MOST_LINES = 5_000
REMEMBERED = 500
PROOF_SECONDS = 5.0
"""How long a few hundred lines outlive their sign-ins; with thousands a fifth of the time is for asking."""

_SKEW = timedelta(seconds=1)
"""How far the clocks of two web servers may be apart."""

_MOST_PAYLOADS = 1_000
_AT_ONCE = 64
_IDLE_DESK_BEATS = 4
_NOT_OF_HOLDINGS = frozenset(
    {"quotes", "jobs", "health", "watchlists", "alerts", "notices", "services", "tracking"}
)


@dataclass(frozen=True, slots=True)
class _Past:
    """An event, the board's number when it was heard, and the moment."""

    number: int
    event: Event
    at: Instant


class Feed:
    """Opens and closes with the house."""

    def __init__(self, house: House, prices: Live, most_per_person: int) -> None:
        self._house = house
        self._prices = prices
        self._most = most_per_person
        ticking = [name for name, broker in house.brokers.items() if isinstance(broker, TickSource)]
        self.board = Board(ticking)
        self._lines: set[Line] = set()
        self._held: Counter[PersonId] = Counter()
        self._touched: list[Line] = []
        self._desks: dict[tuple[PersonId, PortfolioId | None], Desk] = {}
        self._idle: dict[tuple[PersonId, PortfolioId | None], int] = {}
        self._past: deque[_Past] = deque(maxlen=REMEMBERED)
        self._began = 0
        self._opened: Instant | None = None
        self._news: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._wanted: set[InstrumentId] = set()
        self._read_again = asyncio.Event()
        self._heard = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscription: Subscription | None = None
        self._silence: Callable[[], None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._next_flush = 0.0
        self._is_flushing = False

    def count(self, person: PersonId) -> int:
        return self._held[person]

    @property
    def size(self) -> int:
        return len(self._lines)

    def must_have_room(self, person: PersonId, held: int = 0) -> None:
        """Raises Retry when the person, or everyone together, holds too many; held: elsewhere."""
        if self.count(person) + held >= self._most:
            raise Retry("too many live pages are open at once")
        if len(self._lines) >= MOST_LINES:
            raise Retry("this server holds as many live pages as it can")

    @contextlib.contextmanager
    def line(self, person: Person, kind: str, is_signed_in: Callable[[], bool]) -> Iterator[Line]:
        """An open client; while it is, the person's prices are kept fresh. Raises Retry."""
        self.must_have_room(person.id)
        self.open()
        line = Line(self.board, person, kind=kind, is_signed_in=is_signed_in, touched=self._touch)
        self._lines.add(line)
        self._held[person.id] += 1
        metrics.connected(kind, 1)
        try:
            with self._prices.watching(person.viewer):
                yield line
        finally:
            line.drop(line.wanted)
            self._lines.discard(line)
            self._held[person.id] -= 1
            metrics.connected(kind, -1)

    async def obey(self, line: Line, message: Message) -> None:
        """Do what the client asks. Raises Misuse when that is too much; what it may not see is unknown."""
        line.drop(message.unsubscribe)
        if message == Message(unsubscribe=message.unsubscribe) and message.unsubscribe != Wanted():
            return  # a snapshot answers what is asked for
        fresh = message.subscribe - line.wanted
        (line.wanted | fresh).must_fit()
        since = self.board.since(message.resume) if message.resume else None
        seen, stored, heard = await self._seen(line.person, fresh.instruments)
        desks = await self._desks_of(line.person, fresh.portfolios)
        known = Wanted(frozenset(seen), frozenset(desks), fresh.topics)
        self.board.learn(seen)
        self.board.catch_up(stored, self._expected())
        line.begin(known, fresh - known, since=since, desks=desks)
        if heard != self._heard:
            self._ask(seen)
        if message.resume:
            self._replay(line, since, fresh.topics)
        elif message.since is not None:
            self._replay_after(line, message.since, fresh.topics)

    async def close(self) -> None:
        """End every client and hear no more; safe to call twice."""
        for line in tuple(self._lines):
            line.end("closing")
        if self._silence is not None:
            self._silence()
            self._silence = None
        if self._subscription is not None:
            self._subscription.close()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for desk in self._desks.values():
            await desk.close()
        self._desks.clear()
        self._loop = None

    # Where news comes from ------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to hear, in the running loop; the first client does so too."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._began = self.board.number
        self._opened = self._house.clock.now()
        self._subscription = self._house.bus.subscribe()
        self._silence = self._house.fanout.subscribe(CHANNEL, self._hear)
        for work in (self._listen(self._subscription), self._read(), self._pulse(), self._prove()):
            self._tasks.append(asyncio.create_task(self._guarded(work)))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - the socket door: else every page would stand still unnoticed
            _log.exception("the live feed broke; its clients come again")
            for line in tuple(self._lines):
                line.end("closing")
            self._tasks, broken = [], self._tasks
            if self._silence is not None:
                self._silence()
            for task in broken:
                if task is not asyncio.current_task():
                    task.cancel()
            self._loop = None

    def _hear(self, payload: bytes) -> None:
        """From any thread. One wake-up serves all that waits."""
        loop = self._loop
        with self._lock:
            self._news.append(payload)
            is_first = len(self._news) == 1
        if is_first and loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to hear
                loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        """Some at a time, so that sockets are served in between; too many are asked of the database."""
        with self._lock:
            if len(self._news) > _MOST_PAYLOADS:
                self._news.clear()
                self._ask(self.board.watched())
                return
            news = [self._news.popleft() for _ in range(min(_AT_ONCE, len(self._news)))]
            if self._news:
                asyncio.get_running_loop().call_soon(self._take)
        expected = self._expected()
        for payload in news:
            try:
                self.board.apply(self.board.read(payload), expected)
            except Misuse as problem:
                _log.warning("a message of the fan-out is not understood", extra={"problem": str(problem)})

    async def _listen(self, subscription: Subscription) -> None:
        async for event in subscription:
            if event.topic == "quotes":
                self._heard += 1
                watched = self.board.watched()
                self._ask(watched.intersection(event.ids) if event.ids else watched)
            self._pass_on(event)

    def _ask(self, ids: Iterable[InstrumentId]) -> None:
        self._wanted.update(ids)
        if self._wanted:
            self._read_again.set()

    async def _read(self) -> None:
        """One query at a time, for all that was asked meanwhile."""
        while True:
            await self._read_again.wait()
            self._read_again.clear()
            ids, self._wanted = self._wanted, set()
            if ids:
                stored = await anyio.to_thread.run_sync(self._stored, frozenset(ids))
                self.board.catch_up(stored, self._expected())

    def _stored(self, ids: frozenset[InstrumentId]) -> list[Quote]:
        with self._house.database.reading() as db:
            return list(quotes.latest(db, ids).values())

    async def _pulse(self) -> None:
        """Heartbeats, prices that grew old, figures that nobody looks at any more."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.board.judge(self._expected())
            for line in self._lines:
                if not line.has_sent:
                    line.beat()
                line.has_sent = False
            await self._forget_idle()

    async def _prove(self) -> None:
        """Sign-ins that ended, persons shut out, tokens revoked: their lines end within seconds."""
        took = 0.0
        while True:
            await asyncio.sleep(max(PROOF_SECONDS, 4 * took))
            began = time.monotonic()
            for line in await anyio.to_thread.run_sync(self._strangers, tuple(self._lines)):
                line.end("signed-out")
            took = time.monotonic() - began

    @staticmethod
    def _strangers(lines: tuple[Line, ...]) -> list[Line]:
        return [line for line in lines if not line.is_signed_in()]

    async def _forget_idle(self) -> None:
        for key, desk in tuple(self._desks.items()):
            self._idle[key] = self._idle.get(key, 0) + 1 if desk.is_idle else 0
            if self._idle[key] > _IDLE_DESK_BEATS or desk.is_over:
                del self._desks[key], self._idle[key]
                await desk.close()

    # Who is told ----------------------------------------------------------------------------------

    def _pass_on(self, event: Event) -> None:
        self._past.append(_Past(self.board.next(), event, self._house.clock.now()))
        for line in self._lines:
            if event.topic in line.wanted.topics and concerns(event, line.person):
                line.happened(event.topic, event.ids)
        if event.topic not in _NOT_OF_HOLDINGS:
            for (person, _), desk in self._desks.items():
                if event.owner in (None, person):
                    desk.renew()

    def _replay(self, line: Line, since: int | None, topics: frozenset[str]) -> None:
        """The events since; or, when they are no longer remembered, word that some were missed."""
        forgotten = self._past[0].number - 1 if len(self._past) == REMEMBERED else self._began
        if since is None or since < forgotten:
            line.refetch()
            return
        for one in self._past:
            if one.number > since and one.event.topic in topics and concerns(one.event, line.person):
                line.happened(one.event.topic, one.event.ids)

    def _replay_after(self, line: Line, moment: Instant, topics: frozenset[str]) -> None:
        """What happened between the making of a page, perhaps by another server, and its coming here."""
        forgotten = self._past[0].at if len(self._past) == REMEMBERED else self._opened
        if forgotten is None or moment < forgotten:
            line.refetch()
            return
        for one in self._past:
            if one.at >= moment - _SKEW and one.event.topic in topics and concerns(one.event, line.person):
                line.happened(one.event.topic, one.event.ids)

    def _touch(self, line: Line) -> None:
        self._touched.append(line)
        if not self._is_flushing and self._loop is not None:
            self._is_flushing = True
            self._loop.call_later(max(0.0, self._next_flush - self._loop.time()), self._flush)

    def _flush(self) -> None:
        """Wake those with news. The next turn waits until these are served, and as long again."""
        touched, self._touched = self._touched, []
        self._is_flushing = False
        loop = self._loop
        if loop is None:
            return
        began = loop.time()
        self._next_flush = began + PACE_SECONDS
        for line in touched:
            line.wake()
        loop.call_soon(self._measure, began)

    def _measure(self, began: float) -> None:
        if self._loop is not None:
            spent = self._loop.time() - began
            self._next_flush = began + min(max(PACE_SECONDS, 2 * spent), SLOWEST_SECONDS)

    # What a client may have -----------------------------------------------------------------------

    async def _seen(
        self, person: Person, ids: frozenset[InstrumentId]
    ) -> tuple[dict[InstrumentId, Currency], list[Quote], int]:
        """Those the person may see; newest quotes of those nobody watched; what was heard before reading."""
        heard = self._heard
        if not ids:
            return {}, [], heard
        unwatched = ids - self.board.watched()

        def read() -> tuple[dict[InstrumentId, Currency], list[Quote]]:
            with self._house.database.reading() as db:
                listed = instruments.visible(db, person.viewer, ids)
                stored = quotes.latest(db, unwatched & listed.keys())
            return {id: one.currency for id, one in listed.items()}, list(stored.values())

        seen, stored = await anyio.to_thread.run_sync(read)
        return seen, stored, heard

    async def _desks_of(
        self, person: Person, names: frozenset[PortfolioId | None]
    ) -> dict[PortfolioId | None, Desk]:
        """The desks of those that are the person's own."""
        found: dict[PortfolioId | None, Desk] = {}
        for name in names:
            key = (person.id, name)
            if key not in self._desks or self._desks[key].is_over:
                made = await self._desk(person, name)
                if made is None:
                    continue
                standing = self._desks.get(key)
                if standing is not None and not standing.is_over:
                    await made.close()
                else:
                    self._desks[key] = made
            self._idle[key] = 0
            found[name] = self._desks[key]
        return found

    async def _desk(self, person: Person, name: PortfolioId | None) -> Desk | None:
        def read() -> LiveFigures | None:
            try:
                with self._house.database.reading() as db:
                    return live_figures(db, self._house, person.viewer, name)
            except NotFound:
                return None

        figures = await anyio.to_thread.run_sync(read)
        return None if figures is None else Desk(self._house, self.board, person.viewer, name, figures)

    def _expected(self) -> Instant:
        return expected_since(self._house.calendar, self._house.clock.now())
