"""The heartbeat of one running job: keeps its lease, writes its progress, hears a wish to stop.

A thread of its own, because a deed may sit for minutes inside one transaction and must not wait for itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from sqlalchemy.exc import OperationalError

from tunefolio.core.identity import PersonId
from tunefolio.services.house import House
from tunefolio.store import events
from tunefolio.store import jobs as rows
from tunefolio.store.db import WriteDb
from tunefolio.store.jobs import Beat, Job

_log = logging.getLogger(__name__)
_LISTEN = timedelta(seconds=2)
_GAP = timedelta(milliseconds=500)


class Pulse:
    """A context in which the lease of `job` is held. `stop_reason` is "" until the deed should stop."""

    def __init__(self, house: House, job: Job, holder: str, lease: timedelta) -> None:
        self._house = house
        self._job = job
        self._holder = holder
        self._lease = lease
        self._ended = Event()
        self._lock = Lock()
        self._news: tuple[int, int | None, str] | None = None
        self._thread = Thread(target=self._beat, name=f"pulse-{job.id}", daemon=True)
        self.beat = Beat.KEPT
        self.is_settled = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def hold(self, db: WriteDb) -> Beat:
        """Beat within that transaction: what it wrote is kept under a lease that is ours, or not at all."""
        return rows.heartbeat(db, self._job.id, self._holder, self._house.clock.now() + self._lease)

    def settle(self, db: WriteDb, result: Mapping[str, Any]) -> bool:
        """Done, within that transaction; False when the lease has gone to another."""
        with self._lock:
            news, self._news = self._news, None
        if news is not None:
            rows.progress(db, self._job.id, self._holder, *news)
        self.is_settled = rows.finish(db, self._job.id, self._holder, result, self._house.clock.now())
        return self.is_settled

    def report(self, done: int, total: int | None, stage: str) -> None:
        """Remember the newest progress; the heartbeat writes it at most twice a second."""
        with self._lock:
            self._news = (done, total, stage)

    def _beat(self) -> None:
        """Beat well within the lease, and at least every two seconds, until the deed is over."""
        every = min(self._lease / 3, _LISTEN)
        steps = max(1, every // _GAP)
        step = every / steps
        count = 0
        while not self._ended.wait(step.total_seconds()):
            count += 1
            self._write(beats=count % steps == 0)
        self._write(beats=False)

    def _write(self, *, beats: bool) -> None:
        with self._lock:
            news, self._news = self._news, None
        if news is None and not beats:
            return
        until = self._house.clock.now() + self._lease
        try:
            with self._house.database.writing() as db:
                if news is not None:
                    rows.progress(db, self._job.id, self._holder, *news)
                    owner: PersonId | None = self._job.owner
                    events.emit(db, self._house.bus, events.Event("jobs", owner, (self._job.id,)))
                if beats:
                    self.beat = rows.heartbeat(db, self._job.id, self._holder, until)
        except OperationalError as problem:  # a busy or restarting database: the next beat tries again
            _log.warning("a heartbeat was lost", extra={"job": self._job.id, "reason": problem.orig})
