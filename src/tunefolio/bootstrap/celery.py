"""The parts of a scaled deployment: `tunefolio.bootstrap.celery:app` is what workers, beat and Flower name.

A process builds its house when it begins to work, not when the app is named: Flower needs none.
"""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from celery import signals

from tunefolio.adapters.engine import celery as engine
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import Runtime, build, configure_logs
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import JobId
from tunefolio.services import jobs, timetable
from tunefolio.services.processes import Role
from tunefolio.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

_log = logging.getLogger(__name__)


@cache
def _from_environment() -> Celery:
    settings = settings_of_environment()
    made = engine.application(settings.redis_url)
    engine.serve(made, _run, _sweep, _keep_time)
    return made


def settings_of_environment() -> Settings:
    """The settings; raises Misuse without a Redis, where there is nothing to work for."""
    settings = Settings.from_env(os.environ, families=adapters.families())
    must_be_scaled(settings)
    return settings


def must_be_scaled(settings: Settings) -> None:
    """Raises Misuse where one process does everything."""
    if not settings.redis_url:
        raise Misuse(
            "TUNEFOLIO_REDIS_URL",
            "is not set, so `tunefolio up` runs the jobs itself",
            cure="Set it and TUNEFOLIO_DATABASE_URL to run workers beside the web servers",
        )


@cache
def runtime() -> Runtime:
    """This process's house, built at the first need."""
    return build(settings_of_environment())


def work(settings: Settings, *, concurrency: int) -> None:
    """Run jobs until told to stop, `concurrency` at a time, each in a thread."""
    must_be_scaled(settings)
    configure_logs(settings)
    app = _from_environment()
    _in_its_life(Role.WORKER)
    app.start(
        [
            "--quiet",
            "worker",
            "--pool=threads",
            f"--concurrency={concurrency}",
            f"--queues={engine.QUEUE}",
            "--loglevel=WARNING",
            f"--hostname=folio-{os.getpid()}@%h",
            "--without-mingle",
            "--without-gossip",
        ]
    )


def keep_time(settings: Settings) -> None:
    """Ring the clock until told to stop: duties and the sweep. One is enough, two do no harm."""
    must_be_scaled(settings)
    configure_logs(settings)
    app = _from_environment()
    house = runtime()
    house.start(Role.BEAT)
    try:
        app.Beat(loglevel="WARNING", quiet=True).run()
    finally:
        house.close()


def watch(settings: Settings, *, host: str, port: int) -> None:
    """Show the queue and its workers in a browser, until told to stop: Flower, which builds no house.

    It shows job ids and the names of workers, nothing of anyone; it asks no password, so it stays on this
    machine unless the operator says otherwise.
    """
    must_be_scaled(settings)
    configure_logs(settings)
    _from_environment().start(["flower", f"--address={host}", f"--port={port}"])


def _in_its_life(role: Role) -> None:
    """The house opens when the worker is ready and closes when it ends."""

    def begin(**_: Any) -> None:
        runtime().start(role)

    def end(**_: Any) -> None:
        runtime().close()

    signals.worker_init.connect(begin, weak=False)
    signals.worker_shutdown.connect(end, weak=False)


def _run(job_id: JobId) -> None:
    here = runtime()
    bell = here.commons.engine
    if isinstance(bell, engine.CeleryEngine):
        bell.heard(job_id)
    here.run(job_id)


def _sweep() -> None:
    jobs.sweep(runtime().house)


def _keep_time() -> None:
    """Every duty that has fallen due; perform() itself decides between two who come at once."""
    house = runtime().house
    now = house.clock.now()
    for entry in timetable.DUTIES:
        due = timetable.following(house, entry.name, None)
        if due is not None and due <= now:
            timetable.perform(house, entry.name)


def __getattr__(name: str) -> Celery:
    if name == "app":
        return _from_environment()
    raise AttributeError(name)
