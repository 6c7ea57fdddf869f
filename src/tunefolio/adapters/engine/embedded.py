"""The engine inside the process: a bounded pool runs jobs, a sweeper finds what was left, a timetable asks.

It holds no truth: kill it at any moment and the jobs table tells the next one what to do.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Lock, Thread

from apscheduler.executors.pool import ThreadPoolExecutor as DutyThreads
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from sqlalchemy.exc import OperationalError

from tunefolio.core.identity import JobId
from tunefolio.core.time import IST, Clock, Instant
from tunefolio.telemetry import Presence

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """workers: jobs at the same time. sweep_every: how often to look for due jobs and lapsed leases.
    grace: how long a stop waits for running jobs; then their leases lapse and they run again."""

    workers: int = 4
    sweep_every: timedelta = timedelta(seconds=2)
    grace: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Duties:
    """The timetable as the engine sees it.

    following: when the duty of a name comes next, given when it was performed before (None: not yet by us).
    """

    names: Sequence[str]
    following: Callable[[str, Instant | None], Instant | None]
    perform: Callable[[str], object]


class EmbeddedEngine:
    """A Doorbell whose bells are answered in this process by daemon threads."""

    def __init__(self, config: EngineConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._bells: queue.SimpleQueue[JobId | None] = queue.SimpleQueue()
        self._waiting: set[JobId] = set()
        self._running: set[JobId] = set()
        self._again: set[JobId] = set()
        self._lock = Lock()
        self._stopped = Event()
        self._threads: list[Thread] = []
        self._run: Callable[[JobId], None] | None = None
        self._scheduler: BackgroundScheduler | None = None
        self._database = Presence(_log, "the database")

    def ring(self, job_id: JobId) -> None:
        """Queue the job unless it waits already; a bell during its own run rings again afterwards.

        The sweeper rings for all that is due, so most of its bells are for jobs that wait here: kept, each
        would cost a transaction that finds nothing to do, at the end of the queue.
        """
        if self._stopped.is_set():
            return
        with self._lock:
            if job_id in self._running:
                self._again.add(job_id)
                return
            if job_id in self._waiting:
                return
            self._waiting.add(job_id)
        self._bells.put(job_id)

    def start(
        self, run: Callable[[JobId], None], sweep: Callable[[], object], duties: Duties | None = None
    ) -> None:
        """Begin to answer bells, to sweep and to keep the timetable."""
        self._run = run
        for number in range(self._config.workers):
            self._spawn(self._answer, f"job-{number}")
        self._spawn(lambda: self._sweep(sweep), "sweeper")
        if duties is not None:
            self._scheduler = _scheduler(duties)
            self._scheduler.start()

    def stop(self) -> None:
        """Take no more, wait a few seconds for what runs, then leave; leases of the rest lapse."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
        for _ in self._threads:
            self._bells.put(None)
        deadline = self._clock.now() + self._config.grace
        for thread in self._threads:
            thread.join(max(0.0, (deadline - self._clock.now()).total_seconds()))
        left = [thread.name for thread in self._threads if thread.is_alive()]
        if left:
            _log.warning("stopped with jobs unfinished; they run again later", extra={"threads": left})

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        thread = Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _answer(self) -> None:
        while not self._stopped.is_set():
            job_id = self._bells.get()
            if job_id is None:
                return
            self._run_one(job_id)

    def _run_one(self, job_id: JobId) -> None:
        assert self._run is not None
        with self._lock:
            self._waiting.discard(job_id)
            self._running.add(job_id)
        try:
            self._run(job_id)
            self._database.back()
        except OperationalError as problem:  # the row could not be read or written: the sweeper rings again
            self._database.gone(problem.orig)
        finally:
            with self._lock:
                self._running.discard(job_id)
                rings_again = job_id in self._again
                self._again.discard(job_id)
        if rings_again:
            self.ring(job_id)

    def _sweep(self, sweep: Callable[[], object]) -> None:
        while True:
            try:
                sweep()
                self._database.back()
            except OperationalError as problem:
                self._database.gone(problem.orig)
            if self._stopped.wait(self._config.sweep_every.total_seconds()):
                return


class _DutyTrigger(BaseTrigger):  # type: ignore[misc]
    """Asks the duty itself when it comes next; tries again in a minute when the database is away."""

    def __init__(self, name: str, following: Callable[[str, Instant | None], Instant | None]) -> None:
        self._name = name
        self._following = following

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        previous = None if previous_fire_time is None else Instant(previous_fire_time)
        try:
            due = self._following(self._name, previous)
        except OperationalError:
            return now + timedelta(minutes=1)
        return None if due is None else due.in_zone(IST)


def _scheduler(duties: Duties) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(
        timezone=IST,
        executors={"default": DutyThreads(1)},
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )
    for name in duties.names:
        trigger = _DutyTrigger(name, duties.following)
        scheduler.add_job(duties.perform, trigger, args=[name], id=name, name=name)
    return scheduler
