"""The calendars as this process has them: the packaged ones with every operator's word."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock

from tunefolio.core.time import Clock, Instant
from tunefolio.market.calendars import Calendar, Calendars, calendars_with
from tunefolio.store import calendars
from tunefolio.store.db import Database
from tunefolio.store.events import Bus

RELOAD_AFTER = timedelta(seconds=60)
"""An event says at once that something was said; should one be lost, this is how long it stays unheard."""


class KeptCalendars:
    """A CalendarBook over the database. Thread-safe; a question costs microseconds, a reload one query.

    It is read again when the bus has said "calendar", when a word was kept in this process, and a minute
    after it was read last.
    """

    def __init__(self, database: Database, clock: Clock, bus: Bus) -> None:
        self._database = database
        self._clock = clock
        self._heard = bus.subscribe()
        self._lock = Lock()
        self._kept = Calendars()
        self._read_at: Instant | None = None
        self._forgotten = 0

    def of(self, exchange: str) -> Calendar:
        """The calendar of an exchange code as it holds now."""
        return self.now().of(exchange)

    def now(self) -> Calendars:
        """All of them at one moment: for a deed that asks more than once."""
        if self._is_old():
            with self._lock:
                if self._is_old():
                    self._read()
        return self._kept

    def forget(self) -> None:
        """Something was said: read again at the next question."""
        self._forgotten += 1
        self._read_at = None

    def _is_old(self) -> bool:
        if any(event.topic == "calendar" for event in self._heard.take()):
            self.forget()
        read_at = self._read_at
        return read_at is None or not timedelta(0) <= self._clock.now() - read_at < RELOAD_AFTER

    def _read(self) -> None:
        forgotten, read_at = self._forgotten, self._clock.now()
        with self._database.reading() as db:
            self._kept = calendars_with(calendars.in_force(db))
        if forgotten == self._forgotten:  # else something was said meanwhile, perhaps too late for these rows
            self._read_at = read_at
