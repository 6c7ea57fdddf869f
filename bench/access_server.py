"""The two routes of bench/access over real HTTP: a process of its own, told by the house's own settings."""

from __future__ import annotations

import os

import uvicorn

from bench import access
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import build
from tunefolio.settings import Settings

if __name__ == "__main__":
    runtime = build(Settings.from_env(os.environ, families=adapters.families()))
    try:
        uvicorn.run(
            access.app(runtime.house),
            host="127.0.0.1",
            port=int(os.environ["BENCH_PORT"]),
            http="httptools",
            access_log=False,
            log_level="error",
        )
    finally:
        runtime.close()
