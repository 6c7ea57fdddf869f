"""A process with a house and its engine that asks the brokers its environment names: ends with its input."""

from __future__ import annotations

import os
import sys

from tests.engine.sync_nursery import FAMILIES
from tunefolio.bootstrap.runtime import build
from tunefolio.settings import Settings

if __name__ == "__main__":
    runtime = build(Settings.from_env(os.environ, families=FAMILIES))
    runtime.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    runtime.close()
