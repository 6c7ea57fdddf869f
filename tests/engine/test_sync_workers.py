"""Two workers on one house: an account is never asked for by both, and a late worker changes nothing."""

from __future__ import annotations

import base64
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.engine.kites import Kites, holding, standing, trade
from tests.engine.sync_nursery import FAMILIES
from tests.engine.test_sync_kills import linked
from tests.nursery import Talker, talker
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.identity import AccountId, JobId
from tunefolio.core.people import Role, Viewer
from tunefolio.services import sync
from tunefolio.settings import Settings
from tunefolio.store import jobs as rows
from tunefolio.store import persons, transactions
from tunefolio.store.jobs import Job, JobState
from tunefolio.store.tables import statements


@dataclass
class Yard:
    """A house that nobody works in yet, with accounts at the stand-in."""

    environ: dict[str, str]
    runtime: Runtime
    kites: Kites
    viewer: Viewer
    accounts: list[AccountId]

    def ask(self) -> list[JobId]:
        house = self.runtime.house
        with house.database.writing() as db:
            return [sync.ask_sync(db, house, self.viewer, account) for account in self.accounts]

    def job(self, id: JobId) -> Job:
        with self.runtime.house.database.reading() as db:
            return rows.job_of(db, self.viewer, id)

    def facts(self, account: AccountId) -> list[tuple[str, str]]:
        with self.runtime.house.database.reading() as db:
            history = list(transactions.of_account(db, self.viewer, account))
        return sorted((one.source, f"{one.fact.kind} {one.fact.quantity}") for one in history)

    def statements(self) -> int:
        with self.runtime.house.database.reading() as db:
            return int(db.execute(select(func.count()).select_from(statements)).scalar_one())


@pytest.fixture
def yard(migrated_url: str, tmp_path: Path) -> Iterator[Yard]:
    with standing() as kites:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")} | {
            "TUNEFOLIO_DATABASE_URL": migrated_url,
            "TUNEFOLIO_HOME": str(tmp_path / "home"),
            "TUNEFOLIO_KEY": base64.b64encode(bytes(range(32))).decode(),
            "TUNEFOLIO_ZERODHA_ROOT_URL": kites.url,
            "TUNEFOLIO_ZERODHA_REQUESTS_PER_SECOND": "1000",
            "TUNEFOLIO_ENRICHMENT": "no",
            "TUNEFOLIO_SYNCS_PER_BROKER": "4",
            "TUNEFOLIO_JOB_LEASE_SECONDS": "1",
        }
        runtime = build(Settings.from_env(environ, families=FAMILIES))
        house = runtime.house
        with house.database.writing() as db:
            person = persons.add(db, "asha@example.org", "Asha", "hash", Role.MEMBER, house.clock.now())
            homes = [linked(db, runtime, person.viewer, f"TF{number}") for number in range(5)]
        yield Yard(environ, runtime, kites, person.viewer, homes)
        runtime.close()


@contextmanager
def a_worker(environ: dict[str, str]) -> Iterator[Talker]:
    process = talker("tests.engine.sync_worker", [], environ)
    try:
        assert process.heard() == "ready"
        yield process
    finally:
        process.child.send_signal(signal.SIGCONT)
        process.end()


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fail when it does not within a minute."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def test_two_workers_never_ask_for_one_account_at_once(yard: Yard) -> None:
    """Every bell rings in both processes, for both sweep; each account is asked for by one at a time."""
    yard.kites.holdings = [holding("INFY", 10, 1500)]
    yard.kites.trades = [trade(11, "INFY", "BUY", 3, 1520.5)]
    yard.kites.slow = 0.03
    with a_worker(yard.environ), a_worker(yard.environ):
        for round in range(1, 4):
            ids = yard.ask()
            until(lambda ids=ids: all(yard.job(id).state is JobState.DONE for id in ids))  # type: ignore[misc]
            assert yard.statements() == round * len(yard.accounts)
    assert yard.kites.overlaps == []
    assert yard.kites.asked["/user/profile"] == 3 * len(yard.accounts)
    for account in yard.accounts:
        assert [source for source, _ in yard.facts(account)].count("fill") == 1


def test_a_worker_that_stood_still_beyond_its_lease_keeps_nothing_of_what_it_heard(yard: Yard) -> None:
    """It has read ten shares when it is stopped. Another takes over and reads twelve; then it wakes."""
    yard.accounts = yard.accounts[:1]
    yard.kites.holdings = [holding("INFY", 10, 1500)]
    yard.kites.slow = 0.4
    with a_worker(yard.environ) as first:
        (job,) = yard.ask()
        until(lambda: yard.kites.asked.get("/user/margins", 0) == 1)
        os.kill(first.pid, signal.SIGSTOP)
        yard.kites.holdings = [holding("INFY", 12, 1510)]
        with a_worker(yard.environ):
            until(lambda: yard.job(job).state is JobState.DONE)
            after = yard.facts(yard.accounts[0])
            os.kill(first.pid, signal.SIGCONT)
            time.sleep(3)
    assert yard.job(job).attempts == 2
    assert after == [("statement", "opening 12.00000000")]
    assert yard.facts(yard.accounts[0]) == after
    assert yard.statements() == 1
