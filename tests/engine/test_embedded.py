"""The engine by itself: bells, bounds, the sweeper, the timetable, the stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from tunefolio.adapters.engine.embedded import Duties, EmbeddedEngine, EngineConfig
from tunefolio.core.identity import JobId
from tunefolio.core.time import Instant, SystemClock

CLOCK = SystemClock()


def engine_with(grace: timedelta) -> EmbeddedEngine:
    return EmbeddedEngine(EngineConfig(workers=2, sweep_every=timedelta(milliseconds=50), grace=grace), CLOCK)


@pytest.fixture
def engine() -> Iterator[EmbeddedEngine]:
    engine = engine_with(timedelta(seconds=30))
    yield engine
    engine.stop()


def nothing() -> None:
    """A sweep that finds nothing."""


def test_bells_rung_before_the_start_are_answered_after_it(engine: EmbeddedEngine) -> None:
    ran: list[JobId] = []
    for number in range(1, 6):
        engine.ring(JobId(number))
    engine.start(ran.append, nothing)
    until(lambda: sorted(ran) == [1, 2, 3, 4, 5])


def test_no_more_jobs_run_at_once_than_there_are_workers(engine: EmbeddedEngine) -> None:
    gate, lock = threading.Event(), threading.Lock()
    running: set[JobId] = set()
    most = 0

    def run(job: JobId) -> None:
        nonlocal most
        with lock:
            running.add(job)
            most = max(most, len(running))
        gate.wait(60)
        with lock:
            running.discard(job)

    engine.start(run, nothing)
    for number in range(6):
        engine.ring(JobId(number))
    until(lambda: len(running) == 2)
    time.sleep(0.2)
    gate.set()
    until(lambda: not running)
    assert most == 2


def test_a_bell_for_a_waiting_or_running_job_does_not_run_it_twice_at_once(engine: EmbeddedEngine) -> None:
    gate = threading.Event()
    ran: list[JobId] = []
    at_once = 0

    def run(job: JobId) -> None:
        nonlocal at_once
        ran.append(job)
        at_once = max(at_once, ran.count(job) if not gate.is_set() else 0)
        gate.wait(60)

    engine.start(run, nothing)
    engine.ring(JobId(1))
    until(lambda: len(ran) == 1)
    for _ in range(4):
        engine.ring(JobId(1))
    gate.set()
    until(lambda: len(ran) == 2)  # one bell during the run rings once more after it
    time.sleep(0.2)
    assert (len(ran), at_once) == (2, 1)


def test_bells_of_the_sweeper_for_what_waits_here_cost_nothing_later(engine: EmbeddedEngine) -> None:
    """A rush that is swept while it waits leaves no spent bells, which those after it would wait for."""
    gate = threading.Event()
    begun: list[JobId] = []

    def run(job: JobId) -> None:
        begun.append(job)
        gate.wait(60)

    engine.start(run, nothing)
    for number in (1, 2):
        engine.ring(JobId(number))
    until(lambda: len(begun) == 2)
    for _ in range(3):
        for number in range(3, 50):
            engine.ring(JobId(number))
    engine.ring(JobId(99))
    gate.set()
    until(lambda: JobId(99) in begun)
    time.sleep(0.1)
    assert sorted(begun) == [*range(1, 50), 99]


def test_the_sweeper_goes_on_when_the_database_was_away(engine: EmbeddedEngine) -> None:
    sweeps = 0

    def sweep() -> None:
        nonlocal sweeps
        sweeps += 1
        if sweeps < 3:
            raise OperationalError("select", {}, Exception("gone"))

    engine.start(lambda _: None, sweep)
    until(lambda: sweeps > 4)


def test_a_worker_survives_a_database_that_was_away(engine: EmbeddedEngine) -> None:
    tries: list[JobId] = []

    def run(job: JobId) -> None:
        tries.append(job)
        if len(tries) == 1:
            raise OperationalError("update", {}, Exception("gone"))

    engine.start(run, nothing)
    engine.ring(JobId(1))
    until(lambda: len(tries) == 1)
    time.sleep(0.05)
    engine.ring(JobId(1))
    until(lambda: len(tries) == 2)


def test_the_timetable_performs_what_fell_due_at_once_and_then_by_its_own_times(
    engine: EmbeddedEngine,
) -> None:
    performed: list[tuple[str, Instant]] = []
    start = CLOCK.now()

    def following(name: str, previous: Instant | None) -> Instant | None:
        if name == "never":
            return None
        if previous is None:
            return start - timedelta(days=1)
        return CLOCK.now() + timedelta(seconds=0.3)

    duties = Duties(("missed", "never"), following, lambda name: performed.append((name, CLOCK.now())))
    engine.start(lambda _: None, nothing, duties)
    until(lambda: len(performed) >= 3)
    engine.stop()
    assert {name for name, _ in performed} == {"missed"}
    assert performed[0][1] - start < timedelta(seconds=60)
    assert performed[2][1] - performed[1][1] >= timedelta(seconds=0.2)


def test_a_stop_waits_for_what_runs_and_takes_no_more(engine: EmbeddedEngine) -> None:
    begun, ended = threading.Event(), threading.Event()
    ran: list[JobId] = []

    def run(job: JobId) -> None:
        ran.append(job)
        begun.set()
        time.sleep(0.3)
        ended.set()

    engine.start(run, nothing)
    engine.ring(JobId(1))
    assert begun.wait(60)
    engine.stop()
    assert ended.is_set()
    engine.ring(JobId(2))
    time.sleep(0.1)
    assert ran == [1]


def test_a_stop_does_not_wait_for_ever() -> None:
    engine = engine_with(timedelta(seconds=0.2))
    gate, begun = threading.Event(), threading.Event()

    def run(_job: JobId) -> None:
        begun.set()
        gate.wait(300)

    engine.start(run, nothing)
    engine.ring(JobId(1))
    assert begun.wait(60)
    start = CLOCK.now()
    engine.stop()
    assert CLOCK.now() - start < timedelta(seconds=60)
    gate.set()


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fail when it does not within a minute."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
