"""A Celery worker that knows the empty job of the bench: python -m bench.engine_worker CONCURRENCY."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from tunefolio.bootstrap import adapters
from tunefolio.services import jobs
from tunefolio.services.house import House
from tunefolio.services.jobs import Work
from tunefolio.settings import Settings

KIND = "bench.nothing"


@jobs.deed(KIND)
def nothing(_house: House, _work: Work) -> Mapping[str, Any]:
    """What remains is what an engine costs."""
    return {}


if __name__ == "__main__":
    from tunefolio.bootstrap import celery

    celery.work(Settings.from_env(os.environ, families=adapters.families()), concurrency=int(sys.argv[1]))
