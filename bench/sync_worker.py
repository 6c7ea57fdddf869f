"""One worker that syncs everybody of a rehearsal: python -m bench.sync_worker FOLDER THREADS PER_BROKER.

Reads what bench.sync_sandbox says from its input. Says in a line of JSON for each of two rounds how long it
took from the asking to the last end, and the highest resident memory of its process so far.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
import time

from sqlalchemy import func, select

from bench.sync_sandbox import KEY
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.money import INR
from tunefolio.core.people import Caretaker, Role
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import AccountKind
from tunefolio.services import jobs
from tunefolio.settings import Settings
from tunefolio.store import accounts, connections, persons, portfolios
from tunefolio.store.db import WriteDb
from tunefolio.store.tables import jobs as table

_BATCH = 100


def main() -> None:
    folder, threads, per_broker = sys.argv[1:4]
    told = json.loads(sys.stdin.readline())
    environ = {
        "HOME": folder,
        "TUNEFOLIO_HOME": folder,
        "TUNEFOLIO_KEY": base64.b64encode(bytes(range(32))).decode(),
        "TUNEFOLIO_WORKERS": threads,
        "TUNEFOLIO_SYNCS_PER_BROKER": per_broker,
        "TUNEFOLIO_ENRICHMENT": "no",
        "TUNEFOLIO_SOURCES": "zerodha",
        "TUNEFOLIO_ZERODHA_ROOT_URL": told["url"],
        "TUNEFOLIO_ZERODHA_REQUESTS_PER_SECOND": "100000",
    }
    runtime = build(Settings.from_env(environ, families=adapters.families()))
    _link(runtime, told["tokens"])
    before = _peak()
    house = runtime.house
    runtime.commons.engine.start(runtime.run, lambda: jobs.sweep(house))  # type: ignore[attr-defined]
    for number in (1, 2):
        began, worked = time.perf_counter(), time.process_time()
        _ask(runtime)
        seconds = _until_done(runtime, began, number * len(told["tokens"]))
        _until_idle(runtime)
        after = time.perf_counter() - began
        figures = {
            "seconds": seconds,
            "cpu": time.process_time() - worked,
            "with_days": after,
            "mb": _peak(),
            "before_mb": before,
        }
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()
    runtime.close()


def _link(runtime: Runtime, tokens: dict[str, str]) -> None:
    """A person, a portfolio and a connected account for each."""
    people = list(tokens.items())
    for start in range(0, len(people), _BATCH):
        with runtime.house.database.writing() as db:
            for user, token in people[start : start + _BATCH]:
                _linked(db, runtime, user, token)


def _linked(db: WriteDb, runtime: Runtime, user: str, token: str) -> None:
    now = runtime.house.clock.now()
    viewer = persons.add(db, f"{user}@example.org", user, "hash", Role.MEMBER, now).viewer
    shelf = portfolios.add(db, viewer, "Main", INR, now)
    home = accounts.add(db, viewer, shelf.id, user, AccountKind.BROKER, INR, now, "zerodha", user)
    connections.put(
        db, viewer, home.id, "zerodha", KEY,
        lambda row: runtime.house.vault.seal(Secret(token), "connections", row, "token"),
        expires=now, now=now,
    )  # fmt: skip


def _ask(runtime: Runtime) -> None:
    house = runtime.house
    with house.database.reading() as db:
        every = accounts.all_active(db, Caretaker("bench"))
    for start in range(0, len(every), _BATCH):
        with house.database.writing() as db:
            for home in every[start : start + _BATCH]:
                args = {"account": home.id}
                jobs.ask(db, house, "sync", args, owner=home.owner, dedupe_key=f"sync:{home.id}")


def _until_done(runtime: Runtime, began: float, wanted: int) -> float:
    query = select(func.count()).where(table.c.kind == "sync", table.c.state == "done")
    while True:
        with runtime.house.database.reading() as db:
            if int(db.execute(query).scalar_one()) >= wanted:
                return time.perf_counter() - began
        if time.perf_counter() - began > 300:
            raise TimeoutError("the syncs were not done in five minutes")
        time.sleep(0.1)


def _until_idle(runtime: Runtime) -> None:
    """Until the days that follow from the syncs are worked out, too."""
    which = (table.c.kind == "recompute", table.c.state.in_(["queued", "running"]))
    query = select(func.count()).where(*which)
    while True:
        with runtime.house.database.reading() as db:
            if int(db.execute(query).scalar_one()) == 0:
                return
        time.sleep(0.1)


def _peak() -> float:
    """MB, the most there ever was."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
