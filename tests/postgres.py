"""A private PostgreSQL for one run of the tests: on a Unix socket only, without fsync, gone afterwards.

The workers of one run share it. The first that needs it starts it under a file lock; the process that
leads the run stops it at the end, and a guardian does so when that process dies without a word.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

OWNER = "tunefolio"
CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 200
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
log_min_messages = fatal
"""

NOTHING, BY_FILES = sql.SQL(""), sql.SQL(" STRATEGY file_copy")
"""A copy by files takes half the time of one through the log, which PostgreSQL 15 made its custom."""


class PostgresMissing(Exception):
    """PostgreSQL's server programs are not installed; `make test` says how to install them."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server, and the databases one worker makes in it.

    folder: holds the data, the socket and the log.
    """

    folder: Path
    worker: str

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database; as `postgresql://…` libpq reads it as well."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    def create(self, template: str | None = None) -> str:
        """A fresh database, empty or a copy of `template` (whose sessions must be closed): its name."""
        name = f"test_{self.worker}_{os.getpid()}_{next(_numbers)}"
        copied = sql.Identifier(template or "template0")
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), copied), BY_FILES)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed, since_15: sql.SQL = NOTHING) -> None:
        """since_15: words to add for PostgreSQL 15 and newer."""
        with psycopg.connect(host=str(self.folder), user=OWNER, dbname="postgres", autocommit=True) as db:
            db.execute(statement + since_15 if db.info.server_version >= 150_000 else statement)


_numbers = count(1)


def shared(folder: Path, worker: str, leader: int) -> Cluster:
    """The run's cluster in `folder`, started if nobody has yet. leader: the process whose end is its end."""
    programs = find_programs()
    if programs is None:
        raise PostgresMissing
    with locked(folder / "lock"):
        if not (folder / "running").exists():
            start(folder, programs, leader)
            (folder / "running").touch()
    return Cluster(folder, worker)


def start(folder: Path, programs: Path, leader: int) -> None:
    """initdb, configure, start, and set the guardian."""
    data, log = folder / "data", folder / "log"
    if os.geteuid() == 0:
        folder.chmod(0o711)
        shutil.chown(folder, user=account_name())
    make = ("--auth=trust", f"--username={OWNER}", "--encoding=UTF8", "--locale=C", "--no-sync")
    run(folder, str(programs / "initdb"), "-D", str(data), *make)
    with (data / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION.format(folder=folder))
    guard(folder, programs, leader)
    run(folder, str(programs / "pg_ctl"), "-D", str(data), "-l", str(log), "-w", "-t", "60", "start")


def stop(folder: Path) -> None:
    """End the cluster if one was started, and remove its folder."""
    programs = find_programs()
    if programs is not None and (folder / "data" / "postmaster.pid").exists():
        run(folder, str(programs / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def guard(folder: Path, programs: Path, leader: int) -> None:
    """Leave a process behind that cleans up when the leader has gone without doing it."""
    stopping = shlex.join(
        [*as_account(), str(programs / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"]
    )
    place = shlex.quote(str(folder))
    waiting = f"while kill -0 {leader} && [ -d {place} ]; do sleep 1; done"
    watch = f"{waiting}; [ -d {place} ] && {stopping}; rm -rf {place}"
    detached = f"nohup sh -c {shlex.quote(watch)} >/dev/null 2>&1 </dev/null &"
    subprocess.run(["sh", "-c", detached], check=True, cwd="/", start_new_session=True)


def run(folder: Path, *command: str) -> None:
    """One of PostgreSQL's programs; its words in the error if it fails. It refuses to be run by root."""
    words = folder / "words"
    with words.open("wb") as output:
        done = subprocess.run(
            [*as_account(), *command], cwd=folder, stdout=output, stderr=output, check=False
        )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{words.read_text()}")


def as_account() -> list[str]:
    """What to put before a command so that it does not run as root."""
    if os.geteuid() != 0:
        return []
    account = account_name()
    if shutil.which("setpriv"):
        return ["setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups"]
    return ["runuser", "-u", account, "--"]


def account_name() -> str:
    """The system account that PostgreSQL's package brings."""
    return "postgres"


def find_programs() -> Path | None:
    """The folder of initdb, pg_ctl and postgres: the newest version that is installed."""
    places = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
    folders = [folder for place in places for folder in Path("/").glob(place.lstrip("/"))]
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    whole = [
        folder
        for folder in folders
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres"))
    ]
    return max(whole, key=version_of, default=None)


def version_of(folder: Path) -> int:
    """The major version in a folder's name; 0 if it names none."""
    digits = "".join(letter if letter.isdigit() else " " for letter in folder.parent.name).split()
    return int(digits[0]) if digits else 0


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One worker at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
