"""import FILE of a text book, or of the zip that holds it, into the house."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from tunefolio.bootstrap.runtime import Runtime
from tunefolio.cli import Exit
from tunefolio.cli.house import person_of, show, table
from tunefolio.core.errors import NotFound
from tunefolio.core.people import Viewer
from tunefolio.ledger.textbook import MAIN, BookRefused
from tunefolio.services import textbooks
from tunefolio.services.bookfiles import text_of
from tunefolio.store import accounts
from tunefolio.store.db import ReadDb

_COLUMNS = ("account", "is_new", "added", "repeated")


def read(args: argparse.Namespace, runtime: Runtime, path: Path, content: bytes) -> int:
    """import FILE --text, or of an export's zip: whole or not at all; with --dry-run nothing is kept."""
    text = text_of(content)
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
