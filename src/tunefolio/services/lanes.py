"""Lanes: how many jobs that ask one outside party run at once in this process, so that others find room.

Who waits holds no thread and no lease: its row stays in the queue, and its bell is rung again when a place is
free. All of it may be lost: the sweeper rings for whatever is due.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from tunefolio.core.identity import JobId


@dataclass(slots=True)
class _Lane:
    """most: how many may run. waiting: oldest first."""

    most: int
    running: set[JobId] = field(default_factory=set)
    waiting: dict[JobId, None] = field(default_factory=dict)


class Lanes:
    """Who runs in which lane now, and who waits for a place in it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lanes: dict[str, _Lane] = {}
        self._lane_of: dict[JobId, str] = {}

    def enter(self, name: str, job: JobId, most: int) -> bool:
        """Take a place; False where all are taken: the job then waits in line."""
        with self._lock:
            lane = self._lanes.setdefault(name, _Lane(most))
            lane.most = most
            self._lane_of[job] = name
            if len(lane.running) >= most:
                lane.waiting[job] = None
                return False
            lane.waiting.pop(job, None)
            lane.running.add(job)
            return True

    def leave(self, job: JobId) -> JobId | None:
        """Give the place back; whose bell is to be rung next, None when nobody waits."""
        with self._lock:
            name = self._lane_of.pop(job, None)
            if name is None:
                return None
            lane = self._lanes[name]
            lane.running.discard(job)
            if not lane.waiting:
                return None
            following = next(iter(lane.waiting))
            del lane.waiting[following]
            return following

    def must_wait(self, job: JobId) -> bool:
        """Whether the job stands in line and every place of its lane is still taken."""
        with self._lock:
            name = self._lane_of.get(job)
            if name is None:
                return False
            lane = self._lanes[name]
            return job in lane.waiting and len(lane.running) >= lane.most

    def waiting(self) -> int:
        """How many stand in line, in all lanes together."""
        with self._lock:
            return sum(len(lane.waiting) for lane in self._lanes.values())

    def forget(self, job: JobId) -> None:
        """The job stands in no line: it was done elsewhere, or is over."""
        with self._lock:
            name = self._lane_of.get(job)
            if name is not None and job not in self._lanes[name].running:
                self._lanes[name].waiting.pop(job, None)
                del self._lane_of[job]
