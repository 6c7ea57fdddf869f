"""kill −9 in the middle of a sync: nothing is lost, nothing is doubled, the books end as if nothing had been.

Each life is a process of its own that is killed before its n-th statement or commit, or after a moment that a
seed has drawn; the next one, a minute later, does what is left.
"""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import postgres
from tests.engine.kites import Kites, holding, standing, trade
from tests.engine.sync_nursery import FAMILIES
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.identity import AccountId
from tunefolio.core.money import INR
from tunefolio.core.people import Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant
from tunefolio.ledger.accounts import AccountKind
from tunefolio.services import jobs, sync
from tunefolio.settings import Settings
from tunefolio.store import accounts, connections, persons, portfolios, transactions, unread_rows
from tunefolio.store import jobs as rows
from tunefolio.store import statements as kept
from tunefolio.store.db import ReadDb
from tunefolio.store.tables import day_rows, instruments, statements
from tunefolio.store.tables import jobs as jobs_table

ROOT = Path(__file__).parents[2]
YESTERDAY = Instant.parse("2026-11-19T17:00:00+05:30")
TODAY = Instant.parse("2026-11-20T14:00:00+05:30")
AFTERWARDS = Instant.parse("2026-11-20T14:01:00+05:30")

FORMER = [holding("INFY", 10, 1500), holding("TCS", 3, 3000), holding("SBIN", 40, 600)]
NOW = [holding("INFY", 12, 1510), holding("SBIN", 40, 600), holding("ITC", 5, 400)]
"""INFY is restated, TCS has gone, ITC is new."""
TRADES = [
    trade(11, "INFY", "BUY", 3, 1520.5),
    trade(12, "INFY", "BUY", 1, 1520.55),  # the rest of the same order
    trade(21, "ITC", "SELL", 2, 401),
    trade(31, "WIPRO", "SELL", 90, 250),  # never held: refused, and shown
]


@dataclass
class Place:
    """A database as it stood before today's sync, to be copied; and how its children are born."""

    environ: dict[str, str]
    copy: Callable[[], tuple[str, Callable[[], None]]]
    nursery: subprocess.Popen[str]
    viewer: Viewer
    account: AccountId

    def live(self, url: str, at: Instant, *, die: int = 0, delay: float = 0.0) -> str:
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        line = {"url": url, "at": at.iso(), "die": die, "delay": delay}
        self.nursery.stdin.write(json.dumps(line) + "\n")
        self.nursery.stdin.flush()
        return self.nursery.stdout.readline().strip()

    @contextmanager
    def look(self, url: str) -> Iterator[ReadDb]:
        runtime = opened(self.environ, url, AFTERWARDS)
        with runtime.house.database.reading() as db:
            yield db
        runtime.close()


def opened(environ: dict[str, str], url: str, at: Instant) -> Runtime:
    settings = Settings.from_env(environ | {"TUNEFOLIO_DATABASE_URL": url}, families=FAMILIES)
    return build(settings, FixedClock(at))


@pytest.fixture
def kites() -> Iterator[Kites]:
    with standing() as kites:
        yield kites


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, kites: Kites) -> Iterator[Place]:
    """Yesterday's statement is in the books; today's sync is asked for, and nobody has begun it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")} | {
        "TUNEFOLIO_HOME": str(tmp_path / "home"),
        "TUNEFOLIO_KEY": base64.b64encode(bytes(range(32))).decode(),
        "TUNEFOLIO_ZERODHA_ROOT_URL": kites.url,
        "TUNEFOLIO_ZERODHA_REQUESTS_PER_SECOND": "1000",
        "TUNEFOLIO_ENRICHMENT": "no",
    }
    with ExitStack() as stack:
        if request.param == "sqlite":
            url, copy = _of_sqlite(request, tmp_path)
        else:
            url, copy = _of_postgres(request, stack)
        viewer, account = _prepared(environ, url, kites)
        command = [sys.executable, "-m", "tests.engine.sync_nursery"]
        nursery = subprocess.Popen(
            command, env=environ, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        yield Place(environ, copy, nursery, viewer, account)
        nursery.communicate(timeout=30)


def _of_sqlite(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[str, Callable[[], tuple[str, Callable[[], None]]]]:
    template, life = tmp_path / "template.db", tmp_path / "life.db"
    shutil.copy(request.getfixturevalue("migrated_sqlite"), template)

    def end() -> None:
        for left in tmp_path.glob("life.db*"):
            left.unlink()

    def copy() -> tuple[str, Callable[[], None]]:
        end()
        shutil.copy(template, life)
        return f"sqlite:///{life}", end

    return f"sqlite:///{template}", copy


def _of_postgres(
    request: pytest.FixtureRequest, stack: ExitStack
) -> tuple[str, Callable[[], tuple[str, Callable[[], None]]]]:
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    template = cluster.create(request.getfixturevalue("migrated_postgres"))
    stack.callback(cluster.drop, template)

    def copy() -> tuple[str, Callable[[], None]]:
        name = cluster.create(template)
        return cluster.url(name), lambda: cluster.drop(name)

    return cluster.url(template), copy


def _prepared(environ: dict[str, str], url: str, kites: Kites) -> tuple[Viewer, AccountId]:
    kites.holdings, kites.trades = FORMER, []
    runtime = opened(environ, url, YESTERDAY)
    house = runtime.house
    with house.database.writing() as db:
        person = persons.add(db, "asha@example.org", "Asha", "hash", Role.MEMBER, YESTERDAY)
        account = linked(db, runtime, person.viewer, "TF0001")
        first = sync.ask_sync(db, house, person.viewer, account)
    jobs.run(house, first)
    runtime.close()
    later = opened(environ, url, TODAY)
    with later.house.database.writing() as db:
        done = rows.job_of(db, person.viewer, first)
        assert (done.state, done.problem) == (rows.JobState.DONE, "")
        db.connection.exec_driver_sql("DELETE FROM jobs")
        sync.ask_sync(db, later.house, person.viewer, account)
    later.close()
    kites.holdings, kites.trades = NOW, TRADES
    return person.viewer, account


def linked(db: Any, runtime: Runtime, viewer: Viewer, user: str) -> AccountId:
    """An account at the stand-in, as a completed login leaves it."""
    now = runtime.house.clock.now()
    shelf = portfolios.add(db, viewer, f"Main {user}", INR, now)
    home = accounts.add(db, viewer, shelf.id, user, AccountKind.BROKER, INR, now, "zerodha", user)
    connections.put(
        db, viewer, home.id, "zerodha", f"key-{user}",
        lambda row: runtime.house.vault.seal(Secret(f"token-{user}"), "connections", row, "token"),
        expires=now, now=now,
    )  # fmt: skip
    return home.id


def books(place: Place, url: str) -> dict[str, Any]:
    """All that the sync has left, without the ids and moments that another run would draw anew."""
    with place.look(url) as db:
        names = {row.id: row.symbol for row in db.execute(select(instruments.c.id, instruments.c.symbol))}
        facts = [
            (
                one.fact.kind, one.fact.day.iso(), names.get(one.fact.instrument, ""), one.fact.quantity,
                one.fact.price, one.fact.amount, one.source, one.source_key.partition(":")[0]
                if one.source == "statement" else one.source_key,
            )
            for one in transactions.of_account(db, place.viewer, place.account)
        ]  # fmt: skip
        newest = kept.latest(db, place.viewer, place.account)
        there = connections.of_account(db, place.viewer, place.account)
        assert newest is not None
        assert there is not None
        return {
            "facts": sorted(facts, key=repr),
            "statements": db.execute(select(func.count()).select_from(statements)).scalar_one(),
            "lines": [(names[line.instrument], line.quantity) for line in newest.lines],
            "unread": [
                (one.place, one.symbol) for one in unread_rows.of_account(db, place.viewer, place.account)
            ],
            "problem": there.problem,
            "days": db.execute(select(func.count()).select_from(day_rows)).scalar_one(),
            "open jobs": db.execute(
                select(func.count()).where(jobs_table.c.state.in_(["queued", "running"]))
            ).scalar_one(),
        }


def undisturbed(place: Place) -> tuple[dict[str, Any], int]:
    """What a life without a death leaves, and of how many steps it is made."""
    url, end = place.copy()
    words = place.live(url, TODAY)
    assert words.startswith("done"), words
    left = books(place, url)
    end()
    assert left["statements"] == 2
    assert [line[0] for line in left["lines"]] == ["INFY", "SBIN", "ITC"]
    assert sum(fact[6] == "fill" for fact in left["facts"]) == 3
    assert len(left["unread"]) == 1
    return left, int(words.split()[1])


def killed_and_finished(place: Place, seed: int, steps: int) -> tuple[str, dict[str, Any]]:
    """One life that is cut off, and one that comes after it."""
    chance = random.Random(seed)
    url, end = place.copy()
    if seed % 4:
        ended = place.live(url, TODAY, die=chance.randint(1, steps))
    else:
        ended = place.live(url, TODAY, delay=chance.uniform(0.001, 0.25))
    after = place.live(url, AFTERWARDS)
    assert after.startswith("done"), (seed, after)
    left = books(place, url)
    end()
    return ended, left


def _prove(place: Place, seeds: range) -> None:
    expected, steps = undisturbed(place)
    endings = []
    for seed in seeds:
        ended, left = killed_and_finished(place, seed, steps)
        endings.append(ended.split()[0])
        assert left == expected, f"seed {seed}, {ended}"
    assert endings.count("killed") >= len(endings) * 3 // 4, endings


def test_a_sync_killed_at_twenty_points_loses_and_doubles_nothing(place: Place) -> None:
    _prove(place, range(20))


@pytest.mark.prove
def test_a_sync_killed_at_two_hundred_points_loses_and_doubles_nothing(place: Place) -> None:
    _prove(place, range(200))
