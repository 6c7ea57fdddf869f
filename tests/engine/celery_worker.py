"""A real worker that knows a slow deed beside the house's own: python -m tests.engine.celery_worker."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from tests.engine.slow import leave_marks
from tunefolio.bootstrap import adapters, celery
from tunefolio.services import jobs
from tunefolio.services.house import House
from tunefolio.services.jobs import Work
from tunefolio.settings import Settings

KIND = "test.steps"


@jobs.deed(KIND)
def take_steps(_house: House, work: Work) -> Mapping[str, Any]:
    """As many seconds as the job says."""
    return leave_marks(work, float(work.args["seconds"]))


if __name__ == "__main__":
    celery.work(Settings.from_env(os.environ, families=adapters.families()), concurrency=int(sys.argv[1]))
