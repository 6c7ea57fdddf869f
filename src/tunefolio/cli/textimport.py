"""import FILE --text: a text book into the house."""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict
from pathlib import Path

from tunefolio.bootstrap.runtime import Runtime
from tunefolio.cli import Exit
from tunefolio.cli.house import person_of, show, table
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.people import Viewer
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.textbook import MAIN, BookRefused
from tunefolio.services import textbooks
from tunefolio.store import accounts
from tunefolio.store.db import ReadDb

_DIRECTIVES = ("portfolio", "account", "instrument")
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}\s+(\S+)")
_WORDS = {*(kind.value for kind in Kind), "price", "rate", "reverse"}
_COLUMNS = ("account", "is_new", "added", "repeated")


def is_text_book(content: bytes) -> bool:
    """Whether a file begins as a text book: a directive, or a day and a word of the notation."""
    text = content[:4_000].decode("utf-8-sig", "replace")
    first = next(
        (line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] not in ";#"), ""
    )
    dated = _DATED.match(first)
    if dated is not None:
        return dated[1].lower().replace("-", "_") in _WORDS
    return first.split(" ", 1)[0].lower() in _DIRECTIVES and "," not in first.split(" ", 1)[0]


def read(args: argparse.Namespace, runtime: Runtime, path: Path, content: bytes) -> int:
    """import FILE --text: whole or not at all; with --dry-run nothing is kept."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].count(b"\n") + 1
        raise Misuse("file", f"{path}:{line}: is no UTF-8 text", cure="Save it as UTF-8") from None
    try:
        done = _read(args, runtime, path, text)
    except BookRefused as refused:
        problems = [
            {"place": one.place, "field": one.field, "problem": one.problem, "cure": one.cure}
            for one in refused.problems
        ]
        show(args, {"refused": problems}, "\n".join(map(str, refused.problems)))
        return Exit.FINDINGS
    rows = [asdict(one) for one in done]
    told = table([row | {"is_new": "new" if row["is_new"] else ""} for row in rows], _COLUMNS)
    kept = "Nothing was changed." if args.dry_run else ""
    show(args, {"accounts": rows, "dry_run": args.dry_run}, "\n".join(part for part in (told, kept) if part))
    return Exit.OK


def _read(args: argparse.Namespace, runtime: Runtime, path: Path, text: str) -> list[textbooks.AccountImport]:
    with runtime.house.database.writing() as db:
        viewer = person_of(db, args.user).viewer
        trial = db.connection.begin_nested()
        main = _main(args, db, viewer)
        done = textbooks.import_text(db, runtime.house, viewer, text.split("\n"), file=path.name, main=main)
        if args.dry_run:
            trial.rollback()
        else:
            trial.commit()
        return done


def _main(args: argparse.Namespace, db: ReadDb, viewer: Viewer) -> str:
    """Where facts above the first account directive go."""
    if args.account is None:
        return str(args.new_account or MAIN)
    wanted = args.account.strip()
    for home in accounts.listed(db, viewer):
        if home.name.casefold() == wanted.casefold() or str(home.id) == wanted:
            return home.name
    raise NotFound(f"account {wanted}")
