"""News for those who watch: ids only, never the carrier of financial truth.

On PostgreSQL NOTIFY is part of the transaction and reaches every process that listens; on SQLite, where
there is one process, the bus hears after the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from threading import Event as Flag
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self

import orjson
from sqlalchemy import func, select

from tunefolio.core.identity import PersonId
from tunefolio.store.db import Database, WriteDb

if TYPE_CHECKING:
    import psycopg

CHANNEL = "tunefolio"
TOPICS = frozenset(
    {
        "quotes", "sync", "jobs", "snapshot", "transactions", "connection",
        "calendar", "instruments", "bars", "tracking", "health",
        "watchlists", "alerts", "notices", "services", "grants",
    }
)  # fmt: skip
MOST_IDS = 500
"""Ids one event names; with more it names none, which means "any of them". NOTIFY carries 8,000 bytes."""

_LONGEST_WAIT_SECONDS = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """Something changed. owner: whose, None for everyone's; ids: which rows, () for any of them."""

    topic: str
    owner: PersonId | None = None
    ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.topic not in TOPICS:
            raise ValueError(f"{self.topic!r} is not a topic")
        if len(self.ids) > MOST_IDS:
            object.__setattr__(self, "ids", ())


def emit(db: WriteDb, bus: Bus, event: Event) -> None:
    """Tell those who watch, if and when this transaction is kept."""
    if db.dialect == "postgresql":
        db.execute(select(func.pg_notify(CHANNEL, encoded(event))))
    else:
        db.after_commit(lambda: bus.publish(event))


def encoded(event: Event) -> str:
    return orjson.dumps([event.topic, event.owner, event.ids]).decode()


def decoded(text: str) -> Event:
    topic, owner, ids = orjson.loads(text)
    return Event(topic, None if owner is None else PersonId(owner), tuple(ids))


class Subscription:
    """One watcher's queue; filled from any thread, read from one event loop.

    It cannot grow: what waits is one event for each topic and owner, with its ids joined.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._lock = Lock()
        self._waiting: OrderedDict[tuple[str, PersonId | None], Event] = OrderedDict()
        self._woken: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._closed = False

    def put(self, event: Event) -> None:
        """Add or join; thread-safe, never waits."""
        key = (event.topic, event.owner)
        with self._lock:
            if self._closed:
                return
            self._waiting[key] = _joined(self._waiting.get(key), event)
            self._wake()

    def take(self) -> list[Event]:
        """What waits, oldest first; empties the queue."""
        with self._lock:
            events = list(self._waiting.values())
            self._waiting.clear()
        return events

    def close(self) -> None:
        """No more events; an iteration that waits ends."""
        self._bus.forget(self)
        with self._lock:
            self._closed = True
            self._wake()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Events as they come, until close()."""
        ready = asyncio.Event()
        with self._lock:
            self._woken = (asyncio.get_running_loop(), ready)
        while True:
            ready.clear()
            for event in self.take():
                yield event
            with self._lock:
                if self._closed and not self._waiting:
                    return
                if self._waiting:
                    continue
            await ready.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wake(self) -> None:
        if self._woken is not None:
            loop, ready = self._woken
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to wake
                loop.call_soon_threadsafe(ready.set)


def _joined(waiting: Event | None, event: Event) -> Event:
    """Two events of one topic and owner as one; "any" swallows ids."""
    if waiting is None:
        return event
    if not waiting.ids or not event.ids:
        return Event(event.topic, event.owner)
    return Event(event.topic, event.owner, tuple(dict.fromkeys(waiting.ids + event.ids)))


class Bus:
    """Carries events to the subscriptions of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._subscriptions: set[Subscription] = set()
        self.listener: Listener | None = None

    def subscribe(self) -> Subscription:
        """A new queue that hears everything from now on; close it when done."""
        subscription = Subscription(self)
        with self._lock:
            self._subscriptions.add(subscription)
        return subscription

    def publish(self, event: Event) -> None:
        with self._lock:
            subscriptions = tuple(self._subscriptions)
        for subscription in subscriptions:
            subscription.put(event)

    def forget(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)

    def listen(self, database: Database) -> None:
        """Hear the other processes on PostgreSQL, in a thread, until close(); nothing to do on SQLite."""
        if database.dialect == "postgresql" and self.listener is None:
            url = database.engine.url.set(drivername="postgresql")
            self.listener = Listener(self, url.render_as_string(hide_password=False))
            self.listener.start()

    def close(self) -> None:
        """End the listener and every subscription."""
        if self.listener is not None:
            self.listener.stop()
            self.listener = None
        with self._lock:
            subscriptions = tuple(self._subscriptions)
        for subscription in subscriptions:
            subscription.close()


class Listener(Thread):
    """Waits for NOTIFY on a connection of its own, and connects again when it is lost.

    What was said meanwhile is lost too: so after each return it publishes "any" of every topic.
    """

    def __init__(self, bus: Bus, url: str) -> None:
        super().__init__(name="events", daemon=True)
        self._bus = bus
        self._url = url
        self._ended = Flag()
        self.is_heard = Flag()

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        import psycopg  # here, because a house on SQLite never needs it

        wait = 0.1
        is_first = True
        while not self._ended.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    wait = 0.1
                    self._back(is_first=is_first)
                    is_first = False
                    self._hear(connection)
            except psycopg.OperationalError as problem:
                if self.is_heard.is_set() or is_first:
                    _log.warning("events are not heard: no database", extra={"reason": str(problem)})
                self.is_heard.clear()
                is_first = False
                self._ended.wait(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)

    def _back(self, *, is_first: bool) -> None:
        self.is_heard.set()
        if not is_first:
            _log.info("events are heard again")
            for topic in sorted(TOPICS):
                self._bus.publish(Event(topic))

    def _hear(self, connection: psycopg.Connection) -> None:
        while not self._ended.is_set():
            for notice in connection.notifies(timeout=0.5):
                self._bus.publish(decoded(notice.payload))
