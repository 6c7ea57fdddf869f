"""What commands share: the house without its engine, the person who acts, and how answers are printed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import Runtime, build, configure_logs
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Person, Role, Viewer, email_of
from tunefolio.services import identity
from tunefolio.settings import Profile, Settings
from tunefolio.store import persons
from tunefolio.store.db import ReadDb

CONSOLE = Viewer(PersonId(0), Role.ADMIN)
"""Whoever has a shell where the books lie: may administer people, owns nothing."""


def settings_of(args: argparse.Namespace, **overrides: str | None) -> Settings:
    """The settings a command works under: the environment's, then what its own words say."""
    environ = dict(os.environ) | {name: value for name, value in overrides.items() if value is not None}
    profile = Profile.DEMO if getattr(args, "demo", False) else Profile.UP
    return Settings.from_env(environ, profile=profile, families=adapters.families())


@contextmanager
def open_house(args: argparse.Namespace) -> Iterator[Runtime]:
    """The house for one command; its engine does not run."""
    settings = settings_of(args, TUNEFOLIO_LOG_LEVEL=os.environ.get("TUNEFOLIO_LOG_LEVEL") or "warning")
    configure_logs(settings)
    runtime = build(settings)
    try:
        yield runtime
    finally:
        runtime.close()


def person_of(db: ReadDb, email: str | None) -> Person:
    """The person of an e-mail, or the only one there is; raises Misuse, NotFound."""
    if email is not None:
        found = persons.find_by_email(db, email_of(email))
        if found is None:
            raise NotFound(f"person {email}")
        return found[0]
    everyone = [person for person in identity.iter_people(db, CONSOLE) if person.disabled is None]
    if not everyone:
        raise Misuse(
            "--user", "there is nobody yet", cure="Run `tunefolio user add EMAIL`, or sign up in the browser"
        )
    if len(everyone) > 1:
        raise Misuse("--user", f"there are {len(everyone)} people", cure="Say whose books: --user EMAIL")
    return everyone[0]


def show(args: argparse.Namespace, value: Any, text: str) -> None:
    """Print the JSON value or the text, as asked."""
    print(json.dumps(value, ensure_ascii=False, default=str, indent=2) if args.json else text)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows under their headings, every column as wide as its widest cell."""
    cells = [list(columns), *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    return "–" if value is None or value == "" else str(value)


class Bar:
    """A progress bar on stderr, only where a person looks at it; it leaves no trace when done."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._is_shown = sys.stderr.isatty()
        self._last = ""

    def __call__(self, done: int, total: int | None = None, stage: str = "") -> None:
        if not self._is_shown:
            return
        part = f"{done}/{total}" if total else str(done)
        filled = round(24 * done / total) if total else 0
        line = f"{self._title} {'█' * filled}{'·' * (24 - filled)} {part} {stage}".rstrip()
        if line != self._last:
            self._last = line
            sys.stderr.write(f"\r\x1b[2K{line[:120]}")
            sys.stderr.flush()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._last:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
