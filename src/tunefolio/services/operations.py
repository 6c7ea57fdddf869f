"""What an operator sees and does: which processes live, what waits, what the clock asks for, what ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import JobId
from tunefolio.core.missing import Missing
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import IST, Instant
from tunefolio.services import audit, processes, timetable
from tunefolio.services import jobs as deeds
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.services.jobs import DEEDS
from tunefolio.store import duties, events, jobs
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.jobs import Job, JobState

__all__ = ["Clock", "Overview", "Waiting", "history", "overview", "pause", "resume", "run_now"]

_LATE = timedelta(minutes=5)
_JOBS_BACK = 100
"""How far back a duty's own job is looked for among those of its kind that another one asked for."""
_NO_CALENDAR = Missing("the calendar knows no later session", "A release or an override brings the next year")


@dataclass(frozen=True, slots=True)
class Clock:
    """One entry of the timetable. next: when it is asked for again, or why that is not known.

    asked: when its job was last asked for, by the clock or by hand, or why that is not known.
    last: the newest job asked for in its name, not another entry's of the same kind; None where none is kept.
    """

    name: str
    title: str
    when: str
    next: Instant | Missing
    asked: Instant | Missing
    paused: Instant | None
    last: Job | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The queue. ready: due now, and since when the oldest is; later: not due yet; running: at this moment.

    finished, failed: within the last day.
    """

    ready: int
    oldest: Instant | None
    later: int
    running: int
    finished: int
    failed: int

    def is_late(self, now: Instant) -> bool:
        """Work has waited so long that nobody seems to do it."""
        return self.oldest is not None and now - self.oldest > _LATE


@dataclass(frozen=True, slots=True)
class Overview:
    """processes: of the last day; clock: the timetable; kinds: every kind of job there is."""

    processes: tuple[processes.Standing, ...]
    waiting: Waiting
    clock: tuple[Clock, ...]
    kinds: tuple[str, ...]
    is_scaled: bool

    @property
    def has_worker(self) -> bool:
        """Somebody does the work that waits."""
        working = {processes.Role.HOUSE, processes.Role.WORKER}
        return any(
            one.health is processes.Health.ALIVE and one.process.role in working for one in self.processes
        )


def overview(db: ReadDb, house: House, admin: Viewer) -> Overview:
    """Everything but the history; raises Forbidden for all but admins."""
    admin.must_administer()
    now = house.clock.now()
    standing = tuple(processes.standings(db, now))
    return Overview(
        standing,
        _waiting(db, admin, now),
        tuple(_clock(db, house, admin, now)),
        DEEDS.names(),
        any(one.process.role != processes.Role.HOUSE for one in standing),
    )


def history(
    db: ReadDb,
    admin: Viewer,
    *,
    kind: str = "",
    state: str = "",
    before: JobId | None = None,
    limit: int = 50,
) -> list[Job]:
    """Everyone's jobs, newest first; raises Misuse for a kind or state that there is not, Forbidden."""
    if kind and kind not in DEEDS:
        raise Misuse("kind", f"{kind!r} is no kind of job", cure=f"Known: {', '.join(DEEDS.names())}")
    if state and state not in tuple(JobState):
        raise Misuse("state", f"{state!r} is no state of a job", cure=f"Known: {', '.join(JobState)}")
    wanted = JobState(state) if state else None
    return jobs.page_all(db, admin, before, limit, kind=kind, state=wanted)


def pause(db: WriteDb, house: House, admin: Viewer, name: str) -> None:
    """Ask for a duty no more until it is resumed; what runs goes on. Raises Misuse for an unknown one."""
    admin.must_administer()
    entry = timetable.entry_of(name)
    duties.pause(db, entry.name, admin.person, house.clock.now())
    audit.note(db, house, admin, Act.SERVICE_PAUSED, f"service:{entry.name}", {"name": entry.title})
    _tell(db, house)


def resume(db: WriteDb, house: House, admin: Viewer, name: str) -> None:
    """Ask for it again from now on; what fell due meanwhile is not made up for."""
    admin.must_administer()
    entry = timetable.entry_of(name)
    duties.resume(db, entry.name, house.clock.now())
    audit.note(db, house, admin, Act.SERVICE_RESUMED, f"service:{entry.name}", {"name": entry.title})
    _tell(db, house)


def run_now(db: WriteDb, house: House, admin: Viewer, name: str) -> JobId:
    """Ask for a duty's job at once, paused or not; asked twice it is one job."""
    admin.must_administer()
    entry = timetable.entry_of(name)
    job = deeds.ask(db, house, entry.asks, {}, owner=None, dedupe_key=duties.key_of(entry.name))
    audit.note(db, house, admin, Act.SERVICE_RUN, f"service:{entry.name}", {"name": entry.title})
    _tell(db, house)
    return job


def _tell(db: WriteDb, house: House) -> None:
    events.emit(db, house.bus, events.Event("services"))


def _waiting(db: ReadDb, admin: Viewer, now: Instant) -> Waiting:
    ready, oldest = jobs.ready(db, admin, now)
    counted = jobs.counts_since(db, admin, now - timedelta(days=1))
    queued = counted.get(JobState.QUEUED, 0)
    return Waiting(
        ready,
        oldest,
        max(0, queued - ready),
        counted.get(JobState.RUNNING, 0),
        counted.get(JobState.DONE, 0),
        counted.get(JobState.FAILED, 0),
    )


def _clock(db: ReadDb, house: House, admin: Viewer, now: Instant) -> Sequence[Clock]:
    kept, asked = duties.all_kept(db), duties.last_asked(db, Caretaker("services"))
    newest = jobs.newest_of_house(db, admin, {entry.asks for entry in timetable.DUTIES})
    rows = []
    for entry in timetable.DUTIES:
        duty = kept.get(entry.name)
        since, paused = (None, None) if duty is None else (duty.last_run, duty.paused)
        due = _next(house, entry, since or now, paused)
        told = asked.get(entry.name) or timetable.unasked(since)
        last = _own(db, admin, entry, newest.get(entry.asks))
        rows.append(Clock(entry.name, entry.title, entry.when, due, told, paused, last))
    return rows


def _own(db: ReadDb, admin: Viewer, entry: timetable.Entry, newest: Job | None) -> Job | None:
    """The newest job asked for in this entry's name: several entries may ask for one deed."""
    key = duties.key_of(entry.name)
    if newest is None or newest.dedupe_key == key:
        return newest
    some = jobs.page_all(db, admin, None, _JOBS_BACK, kind=entry.asks)
    return next((job for job in some if job.dedupe_key == key), None)


def _next(house: House, entry: timetable.Entry, after: Instant, paused: Instant | None) -> Instant | Missing:
    if paused is not None:
        return Missing(f"paused, {_told(paused)}", "Resume it")
    due = entry.next(house, after)
    return _NO_CALENDAR if due is None else due


def _told(moment: Instant) -> str:
    return f"{moment.in_zone(IST):%-d %b %Y, %H:%M} IST"
