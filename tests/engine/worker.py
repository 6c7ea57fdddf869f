"""A process with a house and its engine, to be killed: python -m tests.engine.worker SECONDS."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from tests.engine.slow import leave_marks
from tunefolio.bootstrap.runtime import build
from tunefolio.services import jobs
from tunefolio.services.house import House
from tunefolio.services.jobs import Work
from tunefolio.settings import Settings

KIND = "test.marks"


@jobs.deed(KIND)
def take_time(_house: House, work: Work) -> Mapping[str, Any]:
    """As many seconds as the command line says."""
    return leave_marks(work, float(sys.argv[1]))


if __name__ == "__main__":
    runtime = build(Settings.from_env(os.environ))
    runtime.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()  # until the parent closes the pipe
    runtime.close()
