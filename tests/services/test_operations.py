"""Services of the house: heartbeats, the queue, pause and resume, run now; for admins alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.bootstrap.houses import a_house, a_person, bells_of, clock_of
from tunefolio.bootstrap.runtime import load_deeds
from tunefolio.core.errors import Forbidden, Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import Instant
from tunefolio.services import jobs, operations, processes, timetable
from tunefolio.services.house import House
from tunefolio.services.operations import Overview
from tunefolio.services.processes import Health, Heartbeat
from tunefolio.services.processes import Role as Part
from tunefolio.store.jobs import JobState


@pytest.fixture
def house(migrated_url: str) -> Iterator[House]:
    load_deeds()
    with a_house(migrated_url) as house:
        yield house


@pytest.fixture
def admin(house: House) -> Viewer:
    return a_person(house).viewer


def seen(house: House, admin: Viewer) -> Overview:
    with house.database.reading() as db:
        return operations.overview(db, house, admin)


def duty(house: House, admin: Viewer, name: str) -> operations.Clock:
    return next(one for one in seen(house, admin).clock if one.name == name)


def test_a_process_that_beats_is_alive_then_silent_or_ended(house: House, admin: Viewer) -> None:
    worker, beat = Heartbeat(house, Part.WORKER), Heartbeat(house, Part.BEAT)
    worker.beat()
    beat.beat()
    assert {one.health for one in seen(house, admin).processes} == {Health.ALIVE}
    assert seen(house, admin).has_worker
    clock_of(house).advance(processes.SILENT_AFTER + timedelta(seconds=1))
    beat.stop()
    health = {one.process.role: one.health for one in seen(house, admin).processes}
    assert health == {"worker": Health.SILENT, "beat": Health.ENDED}
    assert not seen(house, admin).has_worker
    worker.beat()
    assert seen(house, admin).has_worker
    clock_of(house).advance(timedelta(days=2))
    worker.beat()
    assert [one.process.role for one in seen(house, admin).processes] == ["worker"], "days past are forgotten"


def test_a_paused_duty_is_not_asked_for_until_it_is_resumed(house: House, admin: Viewer) -> None:
    timetable.begin(house)
    clock_of(house).advance(timedelta(days=1))
    with house.database.writing() as db:
        operations.pause(db, house, admin, "check")
    assert not timetable.perform(house, "check")
    assert isinstance(paused := duty(house, admin, "check").next, Missing)
    assert paused.reason.startswith("paused, ")
    assert duty(house, admin, "check").paused == house.clock.now()
    with house.database.writing() as db:
        operations.resume(db, house, admin, "check")
    assert not timetable.perform(house, "check"), "what fell due meanwhile is not made up for"
    due = duty(house, admin, "check").next
    assert isinstance(due, Instant)
    assert due > house.clock.now()
    clock_of(house).advance(timedelta(days=1))
    assert timetable.perform(house, "check")


def test_a_duty_never_asked_for_says_since_when_and_never_takes_the_start_for_a_run(
    house: House, admin: Viewer
) -> None:
    assert duty(house, admin, "check").asked == timetable.unasked(None)
    timetable.begin(house)
    began = house.clock.now()
    assert duty(house, admin, "check").asked == timetable.unasked(began)
    clock_of(house).advance(timedelta(days=1))
    assert timetable.perform(house, "check")
    assert duty(house, admin, "check").asked == house.clock.now()


def test_two_duties_that_ask_for_one_deed_are_told_apart(house: House, admin: Viewer) -> None:
    timetable.begin(house)
    began = house.clock.now()
    with house.database.writing() as db:
        morning = operations.run_now(db, house, admin, "sync_morning")
    clock_of(house).advance(timedelta(hours=7))
    with house.database.writing() as db:
        close = operations.run_now(db, house, admin, "sync_close")
    first, second = duty(house, admin, "sync_morning"), duty(house, admin, "sync_close")
    assert (first.asked, second.asked) == (began, house.clock.now())
    assert first.last is not None
    assert second.last is not None
    assert (first.last.id, second.last.id) == (morning, close)


def test_run_now_asks_once_and_the_page_shows_how_it_ended(house: House, admin: Viewer) -> None:
    with house.database.writing() as db:
        first = operations.run_now(db, house, admin, "check")
        assert operations.run_now(db, house, admin, "check") == first
    waiting = seen(house, admin).waiting
    assert (waiting.ready, waiting.running) == (1, 0)
    assert not waiting.is_late(house.clock.now())
    clock_of(house).advance(timedelta(minutes=6))
    assert seen(house, admin).waiting.is_late(house.clock.now())
    for job in bells_of(house):
        jobs.run(house, job)
    last = duty(house, admin, "check").last
    assert last is not None
    assert last.state is JobState.DONE
    assert seen(house, admin).waiting.finished == 1


def test_the_history_is_narrowed_by_kind_and_state(house: House, admin: Viewer) -> None:
    with house.database.writing() as db:
        operations.run_now(db, house, admin, "check")
        operations.run_now(db, house, admin, "forget")
    with house.database.reading() as db:
        assert [job.kind for job in operations.history(db, admin, kind="check")] == ["check"]
        assert operations.history(db, admin, kind="check", state="done") == []
        first = operations.history(db, admin, limit=1)
        rest = operations.history(db, admin, before=first[0].id)
        assert [job.kind for job in (*first, *rest)] == ["forget", "check"]
        with pytest.raises(Misuse, match="no kind of job"):
            operations.history(db, admin, kind="dance")
        with pytest.raises(Misuse, match="no state"):
            operations.history(db, admin, state="asleep")


def test_only_admins_see_and_touch_services(house: House, admin: Viewer) -> None:
    member = a_person(house, "ravi@example.com", Role.MEMBER).viewer
    with house.database.reading() as db:
        with pytest.raises(Forbidden):
            operations.overview(db, house, member)
        with pytest.raises(Forbidden):
            operations.history(db, member)
    for deed in (operations.pause, operations.resume, operations.run_now):
        with pytest.raises(Forbidden), house.database.writing() as db:
            deed(db, house, member, "check")
    with pytest.raises(Misuse, match="unknown"), house.database.writing() as db:
        operations.pause(db, house, admin, "dance")
