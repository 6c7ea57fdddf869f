"""The table of work under concurrency: of any number that try, one wins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import pytest

from tests.store.books import NOW, later, person
from tunefolio.core.errors import Forbidden, NotFound
from tunefolio.core.identity import JobId, PersonId
from tunefolio.core.people import Caretaker, Role, Viewer
from tunefolio.store import duties, jobs, persons
from tunefolio.store.db import Database, open_database
from tunefolio.store.jobs import Beat, Job, JobState

T = TypeVar("T")
SWEEPER = Caretaker("sweep")


def together(deed: Callable[[int], T], count: int = 4) -> list[T]:
    """What `deed` gave to each of `count` threads that began at once."""
    start, results = threading.Barrier(count), list[T]()

    def work(number: int) -> None:
        start.wait()
        results.append(deed(number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == count
    return results


def queued(database: Database, key: str | None = None) -> JobId:
    with database.writing() as db:
        return jobs.add(db, None, "sync", {"account": 1}, now=NOW, dedupe_key=key)[0]


def leased(database: Database, id: JobId, holder: str = "w1", minute: int = 0) -> Job | None:
    with database.writing() as db:
        return jobs.lease(db, id, holder, later(minute), later(minute + 1))


def job_of(database: Database, id: JobId) -> Job:
    """As an admin sees it; person 1 need not exist for that."""
    with database.reading() as db:
        (job,) = [job for job in jobs.page_all(db, ADMIN, None, 50) if job.id == id]
        return job


ADMIN = Viewer(PersonId(1), Role.ADMIN)


def lease_in_a_process(url: str, id: JobId, holder: str) -> bool:
    database = open_database(url)
    won = leased(database, id, holder) is not None
    database.close()
    return won


def test_one_of_many_threads_gets_the_lease(database: Database) -> None:
    for _ in range(5):
        id = queued(database)
        taken = together(lambda number, id=id: leased(database, id, f"w{number}"))  # type: ignore[misc]
        (job,) = [job for job in taken if job is not None]
        assert (job.state, job.attempts, job.lease_until) == (JobState.RUNNING, 1, later(1))
        assert job_of(database, id).lease_holder == job.lease_holder


def test_one_of_many_processes_gets_the_lease(database: Database, migrated_url: str) -> None:
    id = queued(database)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        tries = [pool.submit(lease_in_a_process, migrated_url, id, f"p{n}") for n in range(4)]
        assert sorted(one.result(60) for one in tries) == [False, False, False, True]


def test_a_lapsed_lease_goes_to_another_and_its_holder_has_no_say(database: Database) -> None:
    id = queued(database)
    assert leased(database, id, "dead") is not None
    assert leased(database, id, "early", minute=0) is None
    with database.reading() as db:
        assert jobs.due(db, SWEEPER, later(0), 10) == []
        assert jobs.due(db, SWEEPER, later(2), 10) == [id]
    second = leased(database, id, "heir", minute=2)
    assert second is not None
    assert second.attempts == 2
    with database.writing() as db:
        assert jobs.heartbeat(db, id, "dead", later(9)) is Beat.LOST
        assert not jobs.progress(db, id, "dead", 1, 2, "x")
        assert not jobs.finish(db, id, "dead", {}, later(3))
        assert not jobs.fail(db, id, "dead", "no", later(3))
        assert not jobs.retry_at(db, id, "dead", later(3), "no")
        assert not jobs.cancelled(db, id, "dead", later(3))
        assert jobs.heartbeat(db, id, "heir", later(9)) is Beat.KEPT
        assert jobs.progress(db, id, "heir", 5, 10, "rows")
        assert jobs.finish(db, id, "heir", {"rows": 10}, later(4))
        assert jobs.heartbeat(db, id, "heir", later(9)) is Beat.LOST
    job = job_of(database, id)
    assert (job.state, job.result, job.finished, job.lease_holder) == (
        JobState.DONE,
        {"rows": 10},
        later(4),
        None,
    )
    assert (job.done, job.total, job.stage) == (5, 10, "rows")
    assert leased(database, id, minute=60) is None


def test_a_job_is_not_leased_before_it_is_due(database: Database) -> None:
    with database.writing() as db:
        id, _ = jobs.add(db, None, "sync", {}, now=NOW, due=later(10))
        assert jobs.due(db, SWEEPER, later(9), 10) == []
    assert leased(database, id, minute=9) is None
    assert leased(database, id, minute=10) is not None


def test_a_retry_comes_back_when_due(database: Database) -> None:
    id = queued(database)
    leased(database, id)
    with database.writing() as db:
        assert jobs.retry_at(db, id, "w1", later(5), "busy")
    assert job_of(database, id).problem == "busy"
    assert leased(database, id, minute=4) is None
    again = leased(database, id, minute=5)
    assert again is not None
    assert again.attempts == 2
    with database.writing() as db:
        assert jobs.fail(db, id, "w1", "for good", later(6))
    job = job_of(database, id)
    assert (job.state, job.problem, job.finished) == (JobState.FAILED, "for good", later(6))


def test_a_race_for_one_key_makes_one_job(database: Database) -> None:
    def ask(_number: int) -> tuple[JobId, bool]:
        with database.writing() as db:
            return jobs.add(db, None, "sync", {}, now=NOW, dedupe_key="sync:1")

    answers = together(ask, 6)
    assert sorted(is_new for _, is_new in answers) == [False] * 5 + [True]
    assert len({id for id, _ in answers}) == 1
    id = answers[0][0]
    leased(database, id)
    assert queued(database, "sync:1") == id
    with database.writing() as db:
        jobs.finish(db, id, "w1", None, NOW)
    assert queued(database, "sync:1") != id


def test_jobs_without_a_key_are_all_new(database: Database) -> None:
    assert queued(database) != queued(database)


def test_a_heartbeat_tells_that_its_person_is_shut_out(database: Database) -> None:
    """Hers alone stops: not another's, and not what the house does for itself."""
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        hers, another = (jobs.add(db, one.person, "a", {}, now=NOW)[0] for one in (asha, bela))
    the_houses = queued(database)
    for id in (hers, another, the_houses):
        leased(database, id)
    with database.writing() as db:
        assert jobs.heartbeat(db, hers, "w1", later(2)) is Beat.KEPT
        persons.set_disabled(db, ADMIN, asha.person, NOW)
        beats = [jobs.heartbeat(db, id, "w1", later(3)) for id in (hers, another, the_houses)]
    assert beats == [Beat.CANCEL, Beat.KEPT, Beat.KEPT]


def test_cancel_stops_a_queued_job_and_asks_a_running_one(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        waiting, _ = jobs.add(db, asha.person, "a", {}, now=NOW)
        running, _ = jobs.add(db, asha.person, "b", {}, now=NOW)
    leased(database, running)
    with database.writing() as db:
        assert not jobs.request_cancel(db, bela, waiting, NOW)
        assert jobs.request_cancel(db, asha, waiting, NOW)
        assert jobs.request_cancel(db, asha, running, NOW)
        assert jobs.heartbeat(db, running, "w1", later(2)) is Beat.CANCEL
        assert jobs.cancelled(db, running, "w1", later(1))
        assert not jobs.request_cancel(db, asha, running, NOW)
        with pytest.raises(NotFound):
            jobs.job_of(db, bela, waiting)
        assert [job.state for job in jobs.page(db, asha, None, 10)] == [JobState.CANCELLED] * 2
        assert [job.id for job in jobs.page(db, asha, running, 10)] == [waiting]
        assert jobs.page(db, bela, None, 10) == []
        with pytest.raises(Forbidden):
            jobs.page_all(db, bela, None, 10)


def test_a_duty_remembers_when_it_ran(database: Database) -> None:
    with database.writing() as db:
        assert duties.last_run(db, "sod") is None
        duties.set_run(db, "sod", NOW)
        duties.set_run(db, "sod", later(1))
        assert duties.last_run(db, "sod") == later(1)
