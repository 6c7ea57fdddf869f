"""Jobs: asked in a transaction, run under a lease, retried, cancelled, taken over; on both databases."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.bootstrap.houses import a_house, a_person, bells_of, clock_of
from tunefolio.core.errors import Forbidden, Misuse, NotFound, Reauth, Rejected, Retry
from tunefolio.core.identity import JobId, PersonId
from tunefolio.core.people import Person, Role, Viewer
from tunefolio.services import identity, jobs
from tunefolio.services.house import House, HouseRules
from tunefolio.services.jobs import Work
from tunefolio.store import jobs as rows
from tunefolio.store import persons
from tunefolio.store.events import Subscription
from tunefolio.store.jobs import Job, JobState

CHANCE = random.Random(7)
ran: list[JobId] = []
trouble: list[Exception] = []
gate = threading.Event()
begun = threading.Event()


@jobs.deed("test.note", max_attempts=3)
def note(house: House, work: Work) -> Mapping[str, Any]:
    """Notes that it ran; meets whatever trouble waits."""
    ran.append(work.job.id)
    if trouble:
        raise trouble.pop(0)
    work.progress(2, 2, "noted")
    return {"for": None if work.viewer is None else work.viewer.person}


@jobs.deed("test.wait", lease=timedelta(seconds=1.2))
def wait(house: House, work: Work) -> None:
    """Says how far it is until the gate opens or somebody wants it to stop."""
    begun.set()
    for step in range(400):
        work.progress(step, 400, "waiting")
        work.check()
        if gate.wait(0.05):
            return


@pytest.fixture
def house(migrated_url: str) -> Iterator[House]:
    ran.clear()
    trouble.clear()
    gate.clear()
    begun.clear()
    with a_house(migrated_url, HouseRules(job_lease=timedelta(seconds=2))) as house:
        yield house


@pytest.fixture
def asha(house: House) -> Person:
    return a_person(house)


def asked(house: House, owner: PersonId | None, kind: str = "test.note", **given: Any) -> JobId:
    with house.database.writing() as db:
        return jobs.ask(db, house, kind, {"x": 1}, owner=owner, **given)


def seen(house: House, job: JobId) -> Job:
    with house.database.reading() as db:
        return next(
            one for one in rows.page_all(db, Viewer(PersonId(0), Role.ADMIN), None, 100) if one.id == job
        )


def test_a_job_rings_only_after_its_transaction_is_kept(house: House, asha: Person) -> None:
    with pytest.raises(ZeroDivisionError), house.database.writing() as db:
        assert jobs.ask(db, house, "test.note", {}, owner=asha.id) / 0
    assert bells_of(house) == []
    job = asked(house, asha.id)
    assert bells_of(house) == [job]


def test_a_job_runs_once_and_keeps_its_result(house: House, asha: Person) -> None:
    job = asked(house, asha.id)
    jobs.run(house, job)
    jobs.run(house, job)
    assert ran == [job]
    done = seen(house, job)
    assert (done.state, done.result, done.attempts) == (JobState.DONE, {"for": asha.id}, 1)
    assert (done.done, done.total, done.stage) == (2, 2, "noted")
    assert done.lease_holder is None


def test_a_job_of_the_house_has_no_viewer(house: House) -> None:
    job = asked(house, None)
    jobs.run(house, job)
    assert seen(house, job).result == {"for": None}


def test_an_open_job_of_the_same_key_is_given_instead_of_a_second(house: House, asha: Person) -> None:
    first = asked(house, asha.id, dedupe_key="sync:1")
    assert asked(house, asha.id, dedupe_key="sync:1") == first
    jobs.run(house, first)
    assert asked(house, asha.id, dedupe_key="sync:1") != first


def test_an_unknown_kind_is_refused_when_asked(house: House, asha: Person) -> None:
    with pytest.raises(Misuse, match=r"test\.note"):
        asked(house, asha.id, "test.unknown")


def test_a_job_due_later_waits_for_the_sweeper(house: House, asha: Person) -> None:
    job = asked(house, asha.id, due=house.clock.now() + timedelta(hours=1))
    assert bells_of(house) == []
    jobs.run(house, job)
    assert jobs.sweep(house) == 0
    assert ran == []
    clock_of(house).advance(timedelta(hours=1))
    assert jobs.sweep(house) == 1
    assert bells_of(house) == [job]


@pytest.mark.parametrize(
    "final",
    [Misuse("x", "is wrong"), Rejected("no"), Reauth(), NotFound("account")],
    ids=lambda e: type(e).__name__,
)
def test_what_cannot_get_better_fails_at_once(house: House, asha: Person, final: Exception) -> None:
    trouble.append(final)
    job = asked(house, asha.id)
    jobs.run(house, job)
    failed = seen(house, job)
    assert (failed.state, failed.problem, failed.attempts) == (JobState.FAILED, str(final), 1)


def test_retry_comes_back_no_sooner_than_told(house: House, asha: Person) -> None:
    trouble.append(Retry("busy", after=timedelta(minutes=3)))
    job = asked(house, asha.id)
    jobs.run(house, job, chance=CHANCE)
    later = seen(house, job)
    assert (later.state, later.problem, later.due) == (
        JobState.QUEUED,
        "busy",
        house.clock.now() + timedelta(minutes=3),
    )
    jobs.run(house, job)
    assert len(ran) == 1
    clock_of(house).advance(timedelta(minutes=3))
    jobs.run(house, job)
    assert (seen(house, job).state, seen(house, job).problem) == (JobState.DONE, "")


def test_a_fault_of_ours_comes_back_with_growing_waits_and_ends(house: House, asha: Person) -> None:
    trouble.extend([ZeroDivisionError("secret detail"), ZeroDivisionError(), ZeroDivisionError()])
    job = asked(house, asha.id)
    for _ in range(3):
        jobs.run(house, job)
        clock_of(house).advance(timedelta(minutes=1))
    failed = seen(house, job)
    assert (failed.state, failed.attempts) == (JobState.FAILED, 3)
    assert failed.problem == "unexpected: ZeroDivisionError (given up after 3 attempts)"


def test_the_wait_doubles_up_to_a_quarter_of_an_hour_and_parts_crowds() -> None:
    waits = [jobs.wait(attempt, random.Random(attempt)) for attempt in range(1, 40)]
    for attempt, length in enumerate(waits, start=1):
        full = min(timedelta(seconds=2) * 2 ** (attempt - 1), timedelta(minutes=15))
        assert full * 0.8 <= length <= full * 1.2
    assert jobs.wait(3, random.Random(1)) == jobs.wait(3, random.Random(1))
    assert jobs.wait(3, random.Random(1)) != jobs.wait(3, random.Random(2))


def test_a_dead_workers_job_is_swept_and_run_again_until_its_attempts_are_spent(
    house: House, asha: Person
) -> None:
    job = asked(house, asha.id)
    for _ in range(3):
        with house.database.writing() as db:
            now = house.clock.now()
            assert rows.lease(db, job, "dead", now, now + timedelta(seconds=30)) is not None
        jobs.run(house, job)
        assert ran == []
        assert jobs.sweep(house) == 0
        clock_of(house).advance(timedelta(seconds=31))
        assert jobs.sweep(house) == 1
    jobs.run(house, job)
    assert ran == []
    assert seen(house, job).state is JobState.FAILED
    assert "3 times" in seen(house, job).problem


def test_a_heartbeat_keeps_the_lease_and_writes_progress(house: House, asha: Person) -> None:
    job = asked(house, asha.id, "test.wait")
    worker = threading.Thread(target=jobs.run, args=(house, job))
    worker.start()
    assert begun.wait(60)
    first = seen(house, job).lease_until
    clock_of(house).advance(timedelta(seconds=1))
    eventually(lambda: seen(house, job).lease_until > first and seen(house, job).done > 0)  # type: ignore[operator]
    assert (seen(house, job).total, seen(house, job).stage) == (400, "waiting")
    gate.set()
    worker.join(60)
    assert seen(house, job).state is JobState.DONE


def test_a_running_job_stops_when_its_owner_asks(house: House, asha: Person) -> None:
    job = asked(house, asha.id, "test.wait")
    worker = threading.Thread(target=jobs.run, args=(house, job))
    worker.start()
    assert begun.wait(60)
    with house.database.writing() as db:
        jobs.ask_cancel(db, house, asha.viewer, job)
    worker.join(60)
    assert not worker.is_alive()
    assert seen(house, job).state is JobState.CANCELLED


def test_a_running_job_stops_when_its_owner_is_shut_out(house: House, asha: Person) -> None:
    admin = a_person(house, "b@example.com", Role.ADMIN)
    job = asked(house, asha.id, "test.wait")
    worker = threading.Thread(target=jobs.run, args=(house, job))
    worker.start()
    assert begun.wait(60)
    with house.database.writing() as db:
        persons.set_disabled(db, admin.viewer, asha.id, house.clock.now())
    worker.join(60)
    assert not worker.is_alive()
    assert seen(house, job).state is JobState.CANCELLED


def test_a_queued_job_is_cancelled_at_once_by_its_owner_only(house: House, asha: Person) -> None:
    stranger = a_person(house, "b@example.com", Role.ADMIN)
    job = asked(house, asha.id)
    with pytest.raises(NotFound), house.database.writing() as db:
        jobs.ask_cancel(db, house, stranger.viewer, job)
    with pytest.raises(Forbidden), house.database.writing() as db:
        jobs.ask_cancel(db, house, replace(asha.viewer, role=Role.READER), job)
    with house.database.writing() as db:
        jobs.ask_cancel(db, house, asha.viewer, job)
    jobs.run(house, job)
    assert ran == []
    assert seen(house, job).state is JobState.CANCELLED


def test_a_worker_that_lost_its_lease_stops_and_writes_nothing(house: House, asha: Person) -> None:
    job = asked(house, asha.id, "test.wait")
    worker = threading.Thread(target=jobs.run, args=(house, job))
    worker.start()
    assert begun.wait(60)
    with house.database.writing() as db:
        now = house.clock.now() + timedelta(minutes=1)
        assert rows.lease(db, job, "another", now, now + timedelta(minutes=5)) is not None
    worker.join(60)
    assert not worker.is_alive()
    assert (seen(house, job).state, seen(house, job).lease_holder) == (JobState.RUNNING, "another")


def test_the_job_of_a_disabled_person_does_not_run(house: House, asha: Person) -> None:
    member = a_person(house, "b@example.com", Role.MEMBER)
    job = asked(house, member.id)
    with house.database.writing() as db:
        identity.disable(db, house, asha.viewer, member.id)
    jobs.run(house, job)
    assert ran == []
    assert "disabled" in seen(house, job).problem


def test_every_change_of_a_job_is_told_to_its_owner(house: House, asha: Person) -> None:
    house.bus.listen(house.database)
    listener = house.bus.listener
    if listener is not None:
        eventually(listener.is_heard.is_set)
    with house.bus.subscribe() as subscription:
        job = asked(house, asha.id)
        jobs.run(house, job)
        heard: list[Any] = []
        eventually(lambda: take(subscription, heard))
    house.bus.close()
    assert {(event.topic, event.owner, event.ids) for event in heard} == {("jobs", asha.id, (job,))}


def take(subscription: Subscription, heard: list[Any]) -> list[Any]:
    heard.extend(subscription.take())
    return heard


def eventually(holds: Any, seconds: float = 10) -> None:
    """Wait until it holds; fail when it never does."""
    for _ in range(int(seconds / 0.05)):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it never came true")
