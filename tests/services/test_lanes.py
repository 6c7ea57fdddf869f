"""One slow broker never delays another: it has some places in each process, and the rest is for others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.services.desks import Desk, DeskBroker, held
from tunefolio.adapters.engine.embedded import EmbeddedEngine, EngineConfig
from tunefolio.core.identity import JobId
from tunefolio.core.time import Instant, SystemClock
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.statements import Statement, StatementSource
from tunefolio.services import jobs, sync
from tunefolio.services.lanes import Lanes
from tunefolio.store import jobs as rows
from tunefolio.store.jobs import JobState


@dataclass
class Crowded(DeskBroker):
    """A broker of many users: each hears of ten shares of his own."""

    def statements(self, api_key: str, session: BrokerSession) -> StatementSource:
        return Heard(self, session.broker_user)

    def wait(self) -> None:
        """It answers at once."""


@dataclass
class Hanging(Crowded):
    """A broker that accepts the question and does not answer for a minute, or until it is let go."""

    let_go: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    most_at_once: int = 0
    at_once: int = 0

    def wait(self) -> None:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.let_go.wait(60)
        with self.lock:
            self.at_once -= 1


@dataclass(frozen=True)
class Heard:
    broker: Crowded
    user: str

    def fetch(self, now: Instant) -> Statement:
        self.broker.wait()
        return Statement(self.broker.name, self.user, now, (held("INFY", "10", "1500"),))


@dataclass
class Street:
    """A desk with two brokers and eight accounts at each, and an engine of four threads."""

    desk: Desk
    slow: Hanging
    engine: EmbeddedEngine
    at_slow: list[Account]
    at_quick: list[Account]

    def ask(self, homes: list[Account]) -> list[JobId]:
        with self.desk.database.writing() as db:
            return [sync.ask_sync(db, self.desk.house, self.desk.viewer, home.id) for home in homes]

    def states(self, ids: list[JobId]) -> list[JobState]:
        with self.desk.database.reading() as db:
            return [rows.job_of(db, self.desk.viewer, id).state for id in ids]

    def attempts(self, ids: list[JobId]) -> list[int]:
        with self.desk.database.reading() as db:
            return [rows.job_of(db, self.desk.viewer, id).attempts for id in ids]


@contextmanager
def street(desk: Desk, per_broker: int, workers: int = 4) -> Iterator[Street]:
    slow = Hanging(desk.clock, name="slow", title="Slow")
    quick = Crowded(desk.clock, name="quick", title="Quick")
    engine = EmbeddedEngine(
        EngineConfig(workers=workers, sweep_every=timedelta(milliseconds=100)), SystemClock()
    )
    desk.house = replace(
        desk.house,
        brokers={quick.name: quick, slow.name: slow},
        doorbell=engine,
        rules=replace(desk.house.rules, syncs_per_broker=per_broker),
    )
    at_slow, at_quick = (
        [replace(desk, broker=broker).broker_account(f"{broker.title}{number}") for number in range(8)]
        for broker in (slow, quick)
    )
    engine.start(lambda job: jobs.run(desk.house, job), lambda: jobs.sweep(desk.house))
    try:
        yield Street(desk, slow, engine, at_slow, at_quick)
    finally:
        slow.let_go.set()
        engine.stop()


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if holds():
            return
        pause.wait(0.05)
    pytest.fail("it never came true")


def test_a_broker_that_hangs_holds_its_own_places_and_nobody_elses(desk: Desk) -> None:
    """Eight accounts of the one that hangs are asked first; the other's eight are done while it hangs."""
    with street(desk, per_broker=2) as it:
        waiting = it.ask(it.at_slow)
        until(lambda: it.slow.at_once == 2)
        done = it.ask(it.at_quick)
        until(lambda: set(it.states(done)) == {JobState.DONE})
        assert it.slow.at_once == 2
        assert sorted(it.states(waiting)) == [JobState.QUEUED] * 6 + [JobState.RUNNING] * 2
        assert sorted(it.attempts(waiting)) == [0] * 6 + [1] * 2, "who waits in line has tried nothing"
        it.slow.let_go.set()
        until(lambda: set(it.states(waiting)) == {JobState.DONE})
        assert it.slow.most_at_once == 2


def test_without_places_the_one_that_hangs_would_hold_up_all(desk: Desk) -> None:
    """What the lanes are for: with as many places as threads, nothing else moves."""
    with street(desk, per_broker=4) as it:
        it.ask(it.at_slow)
        until(lambda: it.slow.at_once == 4)
        stuck = it.ask(it.at_quick)
        threading.Event().wait(1)
        assert set(it.states(stuck)) == {JobState.QUEUED}


def test_a_bell_that_was_lost_is_rung_again_for_who_waits(desk: Desk) -> None:
    """Retries come by the sweeper alone: a line of a slow broker must not hide them."""
    with street(desk, per_broker=1) as it:
        it.ask(it.at_slow)
        until(lambda: it.slow.at_once == 1 and it.desk.house.lanes.waiting() == 7)
        now = it.desk.clock.now()
        with it.desk.database.writing() as db:
            home = it.at_quick[0]
            late, _ = rows.add(db, it.desk.viewer.person, "sync", {"account": home.id}, now=now)
        until(lambda: it.states([late]) == [JobState.DONE])


def test_places_are_counted_and_given_back() -> None:
    lanes = Lanes()
    one, two, three, four = (JobId(number) for number in range(1, 5))
    assert lanes.enter("a", one, 1)
    assert not lanes.enter("a", two, 1)
    assert not lanes.enter("a", three, 1)
    assert lanes.enter("b", four, 1), "another lane"
    assert lanes.must_wait(two)
    assert not lanes.must_wait(one)
    assert lanes.waiting() == 2
    assert lanes.leave(one) == two, "the oldest first"
    assert not lanes.must_wait(three), "there is room: its bell counts"
    assert lanes.enter("a", two, 1)
    lanes.forget(three)
    assert lanes.leave(two) is None
    assert lanes.leave(two) is None, "given back once"
    assert lanes.waiting() == 0
