"""A scaled deployment as its processes: web servers, workers and beat over one PostgreSQL and one Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.nursery import Child

ROOT = Path(__file__).parents[2]


@dataclass
class Part:
    """One process and its log."""

    words: tuple[str, ...]
    process: subprocess.Popen[bytes] | Child
    log: Path

    def kill(self) -> None:
        """kill −9: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def stop(self) -> None:
        """Ask it to end, and see that it does so in good order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        assert code in (0, -signal.SIGKILL), f"{self.words} ended with {code}:\n{self.log.read_text()}"


@dataclass
class Deployment:
    """environ: what every part is started with. Parts stop with the context, last started first.

    quickly: a nursery, for who needs parts and has no question to how they start (tests/nursery.py).
    """

    environ: dict[str, str]
    folder: Path
    quickly: Callable[..., Child] | None = None
    parts: list[Part] = field(default_factory=list)

    def start(self, *words: str, module: str = "tunefolio", **given: str) -> Part:
        """`python -m MODULE WORDS` with the deployment's environment."""
        log = self.folder / f"{len(self.parts)}-{words[0] if words else module}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")}
        environ = kept | self.environ | given
        if self.quickly is not None:
            part = Part(words, self.quickly(words, environ, log, module=module), log)
        else:
            part = Part(words, process_of([sys.executable, "-m", module, *words], environ, log), log)
        self.parts.append(part)
        return part

    def words(self) -> str:
        """Every log, for a failure's message."""
        return "\n".join(f"── {part.words}\n{part.log.read_text()}" for part in self.parts)

    def __enter__(self) -> Deployment:
        return self

    def __exit__(self, *_: object) -> None:
        for part in reversed(self.parts):
            part.stop()


def process_of(command: list[str], environ: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """The command in a process of its own, which keeps a log."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env=environ, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def until(is_so: Callable[[], bool], *, seconds: float = 60, words: Callable[[], str] = lambda: "") -> None:
    """Wait for it; fails with what the parts said."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"it did not happen within {seconds} s\n{words()}"
        time.sleep(0.05)
