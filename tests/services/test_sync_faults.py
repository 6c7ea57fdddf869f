"""A sync is kept whole and under its own lease, or not at all; what the database refuses is tried again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy import func, select

from tests.services.desks import Desk, DeskBroker, held
from tunefolio.core.identity import AccountId, JobId
from tunefolio.core.time import Instant
from tunefolio.ledger.statements import Statement
from tunefolio.services import jobs, sync
from tunefolio.store import jobs as rows
from tunefolio.store import transactions
from tunefolio.store.jobs import JobState
from tunefolio.store.tables import statements


@dataclass
class Slow(DeskBroker):
    """While it answers, another worker takes the job over, and may finish it."""

    desk: Desk | None = None
    job: list[JobId] = field(default_factory=list)
    finishes: bool = True

    def fetch(self, now: Instant) -> Statement:
        if not self.job:
            return super().fetch(now)
        (id,) = self.job
        self.job.clear()
        old = super().fetch(now)
        assert self.desk is not None
        self.desk.clock.advance(timedelta(minutes=2))
        if self.finishes:
            self.lines = (held("INFY", "12", "1510"),)
            jobs.run(self.desk.house, id)
        else:
            with self.desk.database.writing() as db:
                at = self.desk.clock.now()
                assert rows.lease(db, id, "another", at, at + timedelta(minutes=1)) is not None
        return old


def slow_broker(desk: Desk) -> Slow:
    broker = Slow(desk.clock, desk=desk, lines=(held("INFY", "10", "1500"),))
    desk.house = replace(desk.house, brokers={broker.name: broker})
    desk.broker = broker
    return broker


def asked(desk: Desk, account: AccountId) -> JobId:
    with desk.database.writing() as db:
        return sync.ask_sync(db, desk.house, desk.viewer, account)


def units(desk: Desk, account: AccountId) -> list[int]:
    with desk.database.reading() as db:
        return [int(one.fact.quantity or 0) for one in transactions.of_account(db, desk.viewer, account)]


def kept(desk: Desk) -> int:
    with desk.database.reading() as db:
        return int(db.execute(select(func.count()).select_from(statements)).scalar_one())


def state(desk: Desk, job: JobId) -> JobState:
    with desk.database.reading() as db:
        return rows.job_of(db, desk.viewer, job).state


def test_a_worker_that_was_replaced_while_it_waited_keeps_nothing(desk: Desk) -> None:
    """It heard of ten shares; the one that took over hears of twelve, and is done first."""
    broker, home = slow_broker(desk), desk.broker_account()
    job = asked(desk, home.id)
    broker.job.append(job)
    jobs.run(desk.house, job)
    assert state(desk, job) is JobState.DONE
    assert (units(desk, home.id), kept(desk)) == ([12], 1)


def test_it_keeps_nothing_either_while_the_other_is_still_at_it(desk: Desk) -> None:
    broker, home = slow_broker(desk), desk.broker_account()
    broker.finishes = False
    job = asked(desk, home.id)
    broker.job.append(job)
    jobs.run(desk.house, job)
    assert state(desk, job) is JobState.RUNNING
    assert (units(desk, home.id), kept(desk)) == ([], 0)
    desk.clock.advance(timedelta(minutes=2))
    jobs.run(desk.house, job)
    assert (state(desk, job), units(desk, home.id), kept(desk)) == (JobState.DONE, [10], 1)


_FULL = "the disk is full"
_BEFORE = "CREATE TRIGGER refuse BEFORE UPDATE OF synced_at ON connections"
_REFUSE = {
    "sqlite": (f"{_BEFORE} BEGIN SELECT RAISE(ABORT, '{_FULL}'); END",),
    "postgresql": (
        f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE '{_FULL}'; END$$",
        f"{_BEFORE} FOR EACH ROW EXECUTE FUNCTION refuse()",
    ),
}
_ALLOW = {"sqlite": "DROP TRIGGER refuse", "postgresql": "DROP TRIGGER refuse ON connections"}


def test_what_the_database_refuses_late_is_rolled_back_whole_and_tried_again(desk: Desk) -> None:
    """The last statement but one of the transaction fails: openings and statement before it must be gone."""
    home = desk.broker_account()
    desk.broker.lines = (held("INFY", "10", "1500"), held("TCS", "3", "3000"))
    with desk.database.writing() as db:
        for line in _REFUSE[desk.database.dialect]:
            db.connection.exec_driver_sql(line)
    job = asked(desk, home.id)
    jobs.run(desk.house, job)
    assert (state(desk, job), units(desk, home.id), kept(desk)) == (JobState.QUEUED, [], 0)
    with desk.database.writing() as db:
        db.connection.exec_driver_sql(_ALLOW[desk.database.dialect])
    desk.clock.advance(timedelta(minutes=1))
    jobs.run(desk.house, job)
    assert (state(desk, job), sorted(units(desk, home.id)), kept(desk)) == (JobState.DONE, [3, 10], 1)
