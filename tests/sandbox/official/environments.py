"""Environments of the brokers' official clients: each made here once, from hashes, and kept for later runs.

The clients need old libraries that must not stand beside ours; their wheels are installed as released.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[3] / "requirements"


def environment(client: str) -> Path:
    """The interpreter of requirements/official-<client>.txt; made when missing or its list has changed."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        pytest.skip(
            "uv is not installed, so the official client cannot have its environment (run `make test`)"
        )
    listed, place = REQUIREMENTS / f"official-{client}.txt", Path(sys.prefix) / f"official-{client}"
    wanted = hashlib.sha256(listed.read_bytes()).hexdigest()
    stamp, python = place / "made-from", place / "bin" / "python"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != wanted:
            into = {**os.environ, "VIRTUAL_ENV": str(place)}
            quiet = [uv, "--quiet", "--no-progress", "--no-config"]
            make = [*quiet, "venv", "--clear", "--python", "3.11", str(place)]
            fill = [*quiet, "pip", "sync", "--require-hashes", str(listed)]
            subprocess.run(make, check=True, timeout=300, env=into)
            subprocess.run(fill, check=True, timeout=300, env=into)
            stamp.write_text(wanted)
    return python
