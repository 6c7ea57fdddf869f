"""A process with a house and its engine, to be killed: python -m tests.engine.worker SECONDS."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunefolio.bootstrap.runtime import build
from tunefolio.services import jobs
from tunefolio.services.house import House
from tunefolio.services.jobs import Work
from tunefolio.settings import Settings

KIND = "test.marks"


@jobs.deed(KIND)
def leave_marks(_house: House, work: Work) -> Mapping[str, Any]:
    """Writes that it began, takes its time, writes that it ended."""
    marks, seconds = Path(work.args["marks"]), float(sys.argv[1])
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
    runtime = build(Settings.from_env(os.environ))
    runtime.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()  # until the parent closes the pipe
    runtime.close()
