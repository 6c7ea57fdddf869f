"""The engine of several processes: Celery carries job ids, the jobs table stays the truth.

A message that is lost, doubled or late does no harm: a lease lets one worker run a job, and the sweeper rings
again for what was left. So nothing is acknowledged late, no result is kept, and tasks carry an id alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from celery import Celery
from kombu.exceptions import OperationalError

from tunefolio.core.identity import JobId
from tunefolio.core.shared import Shared
from tunefolio.telemetry import Presence

_log = logging.getLogger(__name__)
RUN = "tunefolio.run"
SWEEP = "tunefolio.sweep"
DUTIES = "tunefolio.duties"
QUEUE = "tunefolio"
RUNG = timedelta(seconds=60)
"""How long a bell counts as heard; after that the sweeper may ring for the same job again."""
CLOCK_SECONDS = 5.0
"""How often beat looks at the timetable and has left jobs swept up."""


def application(broker_url: str) -> Celery:
    """The Celery app that workers, beat and Flower name; its tasks are put on it by bootstrap."""
    app = Celery("tunefolio", broker=broker_url)
    app.conf.update(
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,
        task_send_sent_event=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=2,
        broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 2, "max_retries": 0},
        timezone="UTC",
        beat_schedule={
            "sweep": {"task": SWEEP, "schedule": CLOCK_SECONDS, "options": {"expires": CLOCK_SECONDS * 4}},
            "duties": {"task": DUTIES, "schedule": CLOCK_SECONDS, "options": {"expires": CLOCK_SECONDS * 4}},
        },
        beat_scheduler="celery.beat:Scheduler",
        beat_max_loop_interval=CLOCK_SECONDS,
    )
    return app


def serve(
    app: Celery, run: Callable[[JobId], None], sweep: Callable[[], object], duties: Callable[[], object]
) -> None:
    """Give the app its three tasks: do one job; ring for what was left; ask for what is due by the clock."""

    @app.task(name=RUN, ignore_result=True)  # type: ignore[untyped-decorator]
    def run_job(job: int) -> None:
        run(JobId(job))

    @app.task(name=SWEEP, ignore_result=True)  # type: ignore[untyped-decorator]
    def sweep_up() -> None:
        sweep()

    @app.task(name=DUTIES, ignore_result=True)  # type: ignore[untyped-decorator]
    def keep_time() -> None:
        duties()


class CeleryEngine:
    """A Doorbell that rings through the broker. Does not raise: what is not heard now is swept up later."""

    def __init__(self, app: Celery, shared: Shared) -> None:
        self._app = app
        self._shared = shared
        self._presence = Presence(_log, "the queue")

    def ring(self, job_id: JobId) -> None:
        """Send the id, unless a bell for it is on its way already."""
        name = f"bell:{job_id}"
        if self._shared.get(name) is not None:
            return
        self._shared.put(name, b"1", RUNG)  # before it is sent: a quick worker takes it down at once
        try:
            self._app.send_task(RUN, args=[int(job_id)], queue=QUEUE, retry=False)
        except (OperationalError, OSError) as away:
            self._shared.drop(name)
            self._presence.gone(type(away).__name__)
        else:
            self._presence.back()

    def heard(self, job_id: JobId) -> None:
        """A worker has the bell in hand: the next one may ring again."""
        self._shared.drop(f"bell:{job_id}")

    def stop(self) -> None:
        self._app.close()
