"""A private Redis for one run of the tests: on loopback, in memory, gone afterwards.

The workers of one run share it, each in databases of its own. The first that needs it starts it under a file
lock; the process that leads the run stops it at its end, or a guardian does when it dies without a word.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from contextlib import closing
from itertools import count
from pathlib import Path

import redis

from tests.ports import free_port
from tests.postgres import locked

DATABASES = 4_096
_PER_WORKER = 256


class RedisMissing(Exception):
    """Redis's server program is not installed; `make test` says how to install it."""


_numbers = count()


def fresh_url(folder: Path, worker: str, leader: int) -> str:
    """An empty database of the run's server, started if nobody has yet."""
    port = _port(folder, leader)
    first = (int("".join(letter for letter in worker if letter.isdigit()) or 15) % 16) * _PER_WORKER
    url = f"redis://127.0.0.1:{port}/{first + next(_numbers) % _PER_WORKER}"
    with closing(redis.Redis.from_url(url)) as client:
        client.flushdb()
    return url


def stop(folder: Path) -> None:
    """End the server if one was started."""
    kept = folder / "redis.port"
    if kept.exists():
        with closing(redis.Redis(port=int(kept.read_text()))) as client:
            client.shutdown(nosave=True)
        kept.unlink(missing_ok=True)


def _port(folder: Path, leader: int) -> int:
    program = shutil.which("redis-server")
    if program is None:
        raise RedisMissing
    kept = folder / "redis.port"
    with locked(folder / "redis.lock"):
        if not kept.exists():
            port = free_port()
            _start(program, folder, port, leader)
            kept.write_text(str(port))
    return int(kept.read_text())


def _start(program: str, folder: Path, port: int, leader: int) -> None:
    words = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--databases", str(DATABASES)]
    detached = f"nohup {shlex.join(words)} >/dev/null 2>&1 </dev/null & echo $!"
    told = subprocess.run(
        ["sh", "-c", detached], check=True, cwd="/", start_new_session=True, capture_output=True, text=True
    )
    _guard(folder, int(told.stdout), leader)
    with closing(redis.Redis(port=port)) as client:
        until = time.monotonic() + 60
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)


def _guard(folder: Path, server: int, leader: int) -> None:
    waiting = f"while kill -0 {leader} && [ -d {shlex.quote(str(folder))} ]; do sleep 1; done"
    detached = f"nohup sh -c {shlex.quote(f'{waiting}; kill {server}')} >/dev/null 2>&1 </dev/null &"
    subprocess.run(["sh", "-c", detached], check=True, cwd="/", start_new_session=True, env=dict(os.environ))
