"""user export, delete, keep: people who leave, by whoever has a shell on the machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from tunefolio.cli import Exit
from tunefolio.cli.files import owners_alone
from tunefolio.cli.house import CONSOLE, open_house, person_of, show
from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST, Instant
from tunefolio.services import audit, export_person, leaving, mails
from tunefolio.services.audit import Act


def export(args: argparse.Namespace) -> int:
    """user export: everything of a person in one zip; never written over a file that is there, and hers alone
    who asked for it."""
    path = Path(args.file)
    with open_house(args) as runtime:
        house = runtime.house
        with house.database.writing() as db:
            person = person_of(db, args.email)
            audit.note(db, house, CONSOLE, Act.EXPORTED, f"person:{person.id}", about=person.id)
        try:
            with open(path, "xb", opener=owners_alone) as file, house.database.reading() as db:
                rows = export_person.write_zip(db, person.viewer, file, house.clock.now())
        except FileExistsError:
            raise Misuse("file", f"{path} is there already", cure="Name another") from None
        with house.database.writing() as db:
            title = "The operator took a copy of everything of yours"
            text = "Books, files and settings, in one zip; no password and no secret is in it."
            key = f"exported:{house.clock.now().iso()}"
            mails.tell_news(db, house, person.viewer, title, text, key=key)
    size = path.stat().st_size
    show(args, {"file": str(path), "rows": rows, "bytes": size}, f"{path}: {rows} rows, {size} bytes")
    return Exit.OK


def delete(args: argparse.Namespace) -> int:
    """user delete: with the time of grace, if the house gives one, or at once by --now."""
    with open_house(args) as runtime:
        house = runtime.house
        with house.database.writing() as db:
            person = person_of(db, args.email)
            erase = None if args.now else leaving.dismiss(db, house, CONSOLE, person)
        if erase is None:
            leaving.erase(house, person.id, by=CONSOLE)
    told = {"email": args.email, "erased_at": None if erase is None else erase.iso()}
    show(args, told, f"{args.email} {_said(args.email, erase, house.clock.now())}")
    return Exit.OK


def _said(email: str, erase: Instant | None, now: Instant) -> str:
    """What becomes of the account, and how that is undone while it is there."""
    undone = f"`tunefolio user keep {email}`"
    if erase is None:
        return "is erased"
    if erase <= now:
        return f"will be erased within a day, with no time of grace\nAs long as it is there: {undone}"
    return f"will be erased on {erase.in_zone(IST):%d %b %Y}\nUntil then: {undone}"


def keep(args: argparse.Namespace) -> int:
    """user keep: the account stays, whoever wanted it deleted. What was destroyed is not made again."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        person = person_of(db, args.email)
        leaving.retain(db, runtime.house, CONSOLE, person)
    show(args, {"email": args.email, "erased_at": None}, f"{args.email} stays")
    return Exit.OK
