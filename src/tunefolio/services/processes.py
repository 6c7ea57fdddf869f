"""The heartbeat of a whole process: a row says that it lives, what it does, and when it was last seen."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from threading import Event, Thread
from typing import Any

from sqlalchemy.exc import OperationalError

import tunefolio
from tunefolio.core.time import Instant
from tunefolio.services.house import House
from tunefolio.store import processes
from tunefolio.store.db import ReadDb
from tunefolio.store.processes import Process

_log = logging.getLogger(__name__)
BEAT_EVERY = timedelta(seconds=10)
SILENT_AFTER = timedelta(seconds=35)
"""Three beats and a little: a process not seen for so long counts as dead."""
_REMEMBERED = timedelta(days=1)


class Role(StrEnum):
    """house: everything in one process. web, worker, beat: the parts of a scaled deployment."""

    HOUSE = "house"
    WEB = "web"
    WORKER = "worker"
    BEAT = "beat"


class Health(StrEnum):
    """alive: beats. ended: said goodbye. silent: neither."""

    ALIVE = "alive"
    ENDED = "ended"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Standing:
    """A process and how it is."""

    process: Process
    health: Health


class Heartbeat:
    """Beats in a thread of its own from start() to stop(). details: what else its row says."""

    def __init__(
        self, house: House, role: Role, details: Callable[[], Mapping[str, Any]] | None = None
    ) -> None:
        self._house = house
        self._details = details or dict
        now = house.clock.now()
        host, pid = socket.gethostname(), os.getpid()
        name = f"{role}:{host}:{pid}:{secrets.token_hex(3)}"
        self._process = Process(name, role, host, pid, tunefolio.__version__, now, now, None, {})
        self._ended = Event()
        self._thread = Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def name(self) -> str:
        return self._process.name

    def start(self) -> None:
        """The first beat is written before this returns."""
        self.beat()
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye; safe to call twice."""
        if self._ended.is_set():
            return
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        try:
            with self._house.database.writing() as db:
                processes.leave(db, self.name, self._house.clock.now())
        except OperationalError:
            _log.warning("the goodbye could not be written")

    def beat(self) -> None:
        """One beat; forgets processes of days past."""
        now = self._house.clock.now()
        with self._house.database.writing() as db:
            processes.beat(db, replace(self._process, seen=now, details=dict(self._details())))
            processes.forget_before(db, now - _REMEMBERED)

    def _run(self) -> None:
        while not self._ended.wait(BEAT_EVERY.total_seconds()):
            try:
                self.beat()
            except OperationalError as problem:  # a busy or restarting database: the next beat tries again
                _log.warning("a heartbeat was lost", extra={"reason": problem.orig})


def standings(db: ReadDb, now: Instant) -> list[Standing]:
    """Every process of the last day and how it is."""
    return [Standing(process, _health(process, now)) for process in processes.listed(db)]


def _health(process: Process, now: Instant) -> Health:
    if process.left is not None:
        return Health.ENDED
    return Health.SILENT if now - process.seen > SILENT_AFTER else Health.ALIVE
