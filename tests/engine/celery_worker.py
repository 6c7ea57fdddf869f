"""A real worker that knows a slow deed beside the house's own: python -m tests.engine.celery_worker."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunefolio.bootstrap import adapters, celery
from tunefolio.services import jobs
from tunefolio.services.house import House
from tunefolio.services.jobs import Work
from tunefolio.settings import Settings

KIND = "test.steps"


@jobs.deed(KIND)
def take_steps(_house: House, work: Work) -> Mapping[str, Any]:
    """Leaves a mark when it begins and ends, and works for some seconds between."""
    marks, seconds = Path(work.args["marks"]), float(work.args["seconds"])
    with marks.open("a") as file:
        file.write(f"began {os.getpid()}\n")
    for step in range(int(seconds / 0.05)):
        work.progress(step, int(seconds / 0.05))
        work.check()
        time.sleep(0.05)
    with marks.open("a") as file:
        file.write(f"ended {os.getpid()}\n")
    return {"by": os.getpid()}


if __name__ == "__main__":
    celery.work(Settings.from_env(os.environ, families=adapters.families()), concurrency=int(sys.argv[1]))
