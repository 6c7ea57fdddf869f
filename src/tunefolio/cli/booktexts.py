"""export: a person's books as a zip, or as text."""

from __future__ import annotations

import argparse
from pathlib import Path

from tunefolio.cli import Exit, files
from tunefolio.cli.books import portfolio_named
from tunefolio.cli.house import open_house, person_of, show
from tunefolio.core.errors import Misuse
from tunefolio.core.people import Viewer
from tunefolio.services import booktexts, export
from tunefolio.services.booktexts import Depth
from tunefolio.services.house import House
from tunefolio.store.db import ReadDb


def write(args: argparse.Namespace) -> int:
    """export: a zip of everything; export --text: the text notation, which import --text reads back."""
    if args.history and not args.text:
        raise Misuse("--history", "belongs to --text", cure="Say export --text --history")
    with open_house(args) as runtime, runtime.house.database.reading() as db:
        viewer = person_of(db, args.user).viewer
        if args.text:
            return _write_text(args, db, viewer)
        return _write_zip(args, db, runtime.house, viewer)


def _write_text(args: argparse.Namespace, db: ReadDb, viewer: Viewer) -> int:
    portfolio = portfolio_named(db, viewer, args.portfolio).id if args.portfolio else None
    depth = Depth.HISTORY if args.history else Depth.STANDING
    text = booktexts.text_of(db, viewer, portfolio=portfolio, depth=depth)
    if args.output is None:
        show(args, {"text": text}, text.removesuffix("\n"))
        return Exit.OK
    files.write(Path(args.output), text.encode())
    lines = text.count("\n")
    show(args, {"file": args.output, "lines": lines}, f"{args.output}: {lines} lines")
    return Exit.OK


def _write_zip(args: argparse.Namespace, db: ReadDb, house: House, viewer: Viewer) -> int:
    title, content = "everything", None
    if args.portfolio:
        chosen = portfolio_named(db, viewer, args.portfolio)
        title, content = chosen.name, export.export_portfolio(db, house, viewer, chosen.id)
    path = Path(args.output or export.filename(title, house.clock.now()))
    files.write(path, content or export.export_all(db, house, viewer))
    show(args, {"file": str(path)}, f"{path}: text book, tables, a note")
    return Exit.OK
