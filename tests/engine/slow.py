"""A deed that takes its time and leaves marks, for workers that are stopped or killed in the middle of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tunefolio.services.jobs import Work

STEP = 0.05
"""Seconds between two looks at whether it shall stop."""


def leave_marks(work: Work, seconds: float) -> dict[str, int]:
    """Writes into the file `marks` that this process began, works for some seconds, writes that it ended."""
    marks, steps = Path(work.args["marks"]), int(seconds / STEP)
    with marks.open("a") as file:
        file.write(f"began {os.getpid()}\n")
    for step in range(steps):
        work.progress(step, steps)
        work.check()
        time.sleep(STEP)
    with marks.open("a") as file:
        file.write(f"ended {os.getpid()}\n")
    return {"by": os.getpid()}
