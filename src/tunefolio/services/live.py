"""Prices that move while somebody looks, and nobody asked when nobody does."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from tunefolio.core.errors import TunefolioError
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.market.calendars import Phase
from tunefolio.services import quotes
from tunefolio.services.house import House

_log = logging.getLogger(__name__)
WHILE_CLOSED = timedelta(minutes=5)
"""Between two rounds for one person while the exchange is closed: late corrections still arrive."""


class Live:
    """One thread that refreshes the quotes of those who look, every `every`; none while nobody does.

    The web app makes one and closes it; each open page (or stream) holds a `watching` block. What a round
    brings is told as a "quotes" event of the person it was fetched for.
    """

    def __init__(self, house: House, every: timedelta = timedelta(seconds=5)) -> None:
        self._house = house
        self._every = every
        self._lock = threading.Lock()
        self._viewers: Counter[Viewer] = Counter()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._last: dict[Viewer, Instant] = {}

    @contextmanager
    def watching(self, viewer: Viewer) -> Iterator[None]:
        """Inside, the viewer's quotes are kept fresh; may be nested and held by many pages at once."""
        self.join(viewer)
        try:
            yield
        finally:
            self.leave(viewer)

    def join(self, viewer: Viewer) -> None:
        """One more page of the viewer looks; pair it with leave()."""
        with self._lock:
            self._viewers[viewer] += 1
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="live quotes", daemon=True)
                self._thread.start()

    def leave(self, viewer: Viewer) -> None:
        """One page fewer."""
        with self._lock:
            self._viewers[viewer] -= 1
            if self._viewers[viewer] <= 0:
                del self._viewers[viewer]
                self._last.pop(viewer, None)

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    def close(self) -> None:
        """Stop the thread and wait for it; idempotent."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join(timeout=30)

    def round(self) -> int:
        """Refresh everyone who is due, once; how many people were. The thread calls this; tests may."""
        now = self._house.clock.now()
        with self._lock:
            due = [viewer for viewer in self._viewers if self._is_due(viewer, now)]
            self._last |= dict.fromkeys(due, now)
        for viewer in due:
            self._refresh(viewer)
        return len(due)

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                if not self._viewers:
                    self._thread = None
                    return
            self.round()
            self._stop.wait(self._every.total_seconds())
        self._thread = None

    def _refresh(self, viewer: Viewer) -> None:
        try:
            with self._house.database.reading() as db:
                wanted = quotes.held(db, viewer)
            quotes.refresh(self._house, viewer, wanted)
        except TunefolioError as problem:
            _log.warning("live quotes failed", extra={"person": viewer.person, "problem": str(problem)})
        except Exception:  # noqa: BLE001 - the driver door: one person's failure must not stop the others' prices
            _log.exception("live quotes broke", extra={"person": viewer.person})

    def _is_due(self, viewer: Viewer, now: Instant) -> bool:
        last = self._last.get(viewer)
        return last is None or now - last >= self._pace(now)

    def _pace(self, now: Instant) -> timedelta:
        """A rehearsal moves at all hours; the exchange does not."""
        if self._house.rules.rehearsal:
            return self._every
        try:
            closed = self._house.calendar.phase(now) is Phase.CLOSED
        except TunefolioError:
            closed = False
        return WHILE_CLOSED if closed else self._every
