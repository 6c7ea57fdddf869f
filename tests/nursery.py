"""Processes of the product that are born at once: python -m tests.nursery.

Python needs three seconds of a core to load the product and one to leave it, and the journeys open a hundred
houses, web servers and workers. So one process loads it and forks for each: what a child then does is
`python -m MODULE WORDS`, in an environment of its own. That a fresh process does so as well is what
tests/bootstrap/test_serve.py and tests/engine/test_celery.py prove.

Each line of its input is a wish: {"module": …, "words": …, "environ": …, "folder": …, "log": …, "hears": …}
is answered with the child's process id; {"pid": …} with its exit code (negative: the signal that ended it),
null while it lives. "hears" is a pipe that it reads from, or null; "log" may be one that it writes to.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]


@dataclass
class Child:
    """A process of the nursery, with those ways of subprocess.Popen that tests go."""

    pid: int
    returncode: int | None = field(default=None, init=False)

    def poll(self) -> int | None:
        """Its exit code, None while it lives."""
        if self.returncode is None:
            self.returncode = _asked({"pid": self.pid})
        return self.returncode

    def wait(self, seconds: float) -> int:
        """Its exit code; raises subprocess.TimeoutExpired when it lives on."""
        until = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", seconds)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing when it has ended: its id may be another's by now."""
        if self.poll() is None:
            os.kill(self.pid, number)


@dataclass
class Talker:
    """A child that a test talks with, line by line."""

    child: Child
    stdin: IO[str]
    stdout: IO[str]

    @property
    def pid(self) -> int:
        return self.child.pid

    def heard(self) -> str:
        """Its next line; "" when it has ended."""
        return self.stdout.readline().strip()

    def say(self, line: str) -> None:
        self.stdin.write(f"{line}\n")
        self.stdin.flush()

    def end(self) -> None:
        """Its input ends, and so must it; nothing when it has."""
        if self.stdout.closed:
            return
        self.stdin.close()
        self.stdout.read()
        self.stdout.close()
        self.child.wait(60)

    def kill(self) -> None:
        """kill −9: no goodbye."""
        self.child.send_signal(signal.SIGKILL)
        self.end()


def talker(module: str, words: Sequence[str], environ: Mapping[str, str]) -> Talker:
    """`python -m MODULE WORDS` in this environment and no other."""
    with tempfile.TemporaryDirectory(prefix="tunefolio-talk-") as folder:
        hears, tells = Path(folder) / "hears", Path(folder) / "tells"
        os.mkfifo(hears)
        os.mkfifo(tells)
        child = born(words, environ, tells, module=module, hears=hears)
        return Talker(child, hears.open("w"), tells.open())


def born(
    words: Sequence[str],
    environ: Mapping[str, str],
    log: Path,
    *,
    module: str = "tunefolio",
    hears: Path | None = None,
) -> Child:
    """`python -m MODULE WORDS` in this environment and no other; what it says goes to the log."""
    wish = {"module": module, "words": list(words), "environ": dict(environ), "folder": str(ROOT)}
    pid = _asked(wish | {"log": str(log), "hears": None if hears is None else str(hears)})
    assert pid is not None
    return Child(pid)


def _asked(wish: dict[str, Any]) -> int | None:
    opened = _nursery()
    assert opened.stdin is not None
    assert opened.stdout is not None
    opened.stdin.write(json.dumps(wish) + "\n")
    opened.stdin.flush()
    answer: int | None = json.loads(opened.stdout.readline())
    return answer


@cache
def _nursery() -> subprocess.Popen[str]:
    """This worker's; it ends with its input. None of its children is counted for coverage."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")}
    opened = subprocess.Popen(
        [sys.executable, "-m", "tests.nursery"],
        env=kept | {"COVERAGE_PROCESS_CONFIG": ""},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(opened.communicate)
    return opened


# ── the nursery itself ────────────────────────────────────────────────────────────────────────────


def load() -> None:
    """All that `up`, `worker` and `beat` need, and every page's template."""
    from tunefolio.bootstrap import adapters, celery, serve, web  # noqa: F401
    from tunefolio.bootstrap.runtime import load_deeds
    from tunefolio.cli import serving  # noqa: F401
    from tunefolio.web import render

    adapters.load()
    load_deeds()
    pages = render.environment()
    for name in pages.list_templates():
        pages.get_template(name)


def bear(wish: Mapping[str, Any]) -> int:
    """Fork; the child never returns from here."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        code = live(wish)
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else 1
    except BaseException:  # noqa: BLE001 — the driver door: a child that breaks must say so and end
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def live(wish: Mapping[str, Any]) -> int:
    """`python -m MODULE WORDS`, as a process of its own would begin it."""
    os.setsid()
    hears = os.open(wish["hears"] or os.devnull, os.O_RDONLY)
    log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(hears, 0)
    os.dup2(log, 1)
    if not wish["hears"]:
        os.dup2(log, 2)  # a test that listens wants the words alone
    os.closerange(3, max(hears, log) + 1)
    sys.stdin = os.fdopen(0, closefd=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(wish["folder"])
    os.environ.clear()
    os.environ.update(wish["environ"])
    sys.argv[:] = [wish["module"], *wish["words"]]
    if wish["module"] != "tunefolio":
        runpy.run_module(wish["module"], run_name="__main__")
        return 0
    from tunefolio.__main__ import main as tunefolio

    return tunefolio()


def ended(pid: int) -> int | None:
    """The exit code of a child, None while it lives."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def answer(wish: Mapping[str, Any], living: set[int]) -> int | None:
    """Do what a line wishes; living: the children that have not ended, kept up to date."""
    if "pid" not in wish:
        living.add(child := bear(wish))
        return child
    code = ended(wish["pid"])
    if code is not None:
        living.discard(wish["pid"])
    return code


def main() -> None:
    """Until the input ends; whoever still lives then has lost the tests it was born for, and ends too."""
    load()
    gc.collect()
    gc.freeze()
    living: set[int] = set()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line), living)) + "\n")
        sys.stdout.flush()
    for child in living:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
