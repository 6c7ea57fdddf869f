"""Processes that sync and may be killed: python -m tests.engine.sync_nursery.

Each line of its input is one life: {"url": …, "at": …, "die": n, "delay": s}. A child is forked, opens the
house at that database and that moment, and does every job until none is due. It kills itself with signal 9
before its n-th statement or commit (0: never), or is killed by its parent after `delay` seconds (0: never).
The answer is one line: how it ended, and how many statements and commits it made.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from itertools import count
from typing import Any

import psycopg  # noqa: F401 — loaded once, before the children
from sqlalchemy import event

from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import Runtime, build, load_deeds
from tunefolio.core.people import Caretaker
from tunefolio.core.time import FixedClock, Instant
from tunefolio.market import sectors
from tunefolio.services import jobs
from tunefolio.settings import Settings
from tunefolio.store import jobs as rows

FAMILIES = ("zerodha",)


def live(life: Mapping[str, Any], pipe: int) -> None:
    """One child's life."""
    environ = dict(os.environ) | {"TUNEFOLIO_DATABASE_URL": life["url"]}
    clock = FixedClock(Instant.parse(life["at"]))
    runtime = build(Settings.from_env(environ, families=FAMILIES), clock)
    steps = count(1)
    taken = [0]

    def step(*_: object) -> None:
        taken[0] = next(steps)
        if taken[0] == life["die"]:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(runtime.house.database.engine, "before_cursor_execute", step)
    event.listen(runtime.house.database.engine, "commit", step)
    os.write(pipe, b"begun\n")
    work(runtime)
    runtime.close()
    os.write(pipe, f"done {taken[0]}\n".encode())


def work(runtime: Runtime) -> None:
    """Every job that is due, until there is none."""
    house = runtime.house
    while True:
        with house.database.reading() as db:
            due = rows.due(db, Caretaker("test"), house.clock.now(), 50)
        if not due:
            return
        for job in due:
            jobs.run(house, job)


def bear(life: Mapping[str, Any]) -> str:
    """Fork it, watch it, tell how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            live(life, writing)
            code = 0
        except BaseException:  # noqa: BLE001 — the driver door: a child that breaks must say so and end
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as told:
        words = told.readline().strip()
        if life["delay"] and words == "begun":
            time.sleep(life["delay"])
            os.kill(child, signal.SIGKILL)
        words = told.readline().strip() or words
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return words if os.WEXITSTATUS(status) == 0 else "broken"


if __name__ == "__main__":
    adapters.load()
    load_deeds()
    sectors.packaged()  # what every life would read again
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        sys.stdout.write(bear(json.loads(line)) + "\n")
        sys.stdout.flush()
