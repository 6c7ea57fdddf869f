"""instruments: find what can be held, read the lists of it, see what they said otherwise."""

from __future__ import annotations

import argparse

from tunefolio.cli import Exit
from tunefolio.cli.house import open_house, person_of, show, table
from tunefolio.cli.market import run_job
from tunefolio.core.errors import Misuse
from tunefolio.market.instruments import AssetClass
from tunefolio.market.masters import ChangeKind
from tunefolio.services import masters as deeds
from tunefolio.store import masters
from tunefolio.store import search as texts

_MOST = 1_000


def search(args: argparse.Namespace) -> int:
    """instruments search TEXT [--class CLASS] [--limit N]."""
    classes = [_class_of(word) for word in args.classes]
    with open_house(args) as runtime, runtime.house.database.reading() as db:
        viewer = person_of(db, args.user).viewer
        found = texts.search(db, args.text, max(1, args.limit), viewer=viewer, classes=classes)
    rows = [
        {
            "key": one.key,
            "series": one.listing.series,
            "name": one.name,
            "class": one.asset_class.value,
            "isin": one.isin or "",
            "id": one.instrument,
            "listing": one.listing_id,
            "listed": "no" if one.is_gone else "yes",
        }
        for one in found
    ]
    columns = ("key", "series", "name", "class", "isin", "listed")
    show(args, rows, table(rows, columns) if rows else f"Nothing is called {args.text!r}.")
    return Exit.OK if rows else Exit.FINDINGS


def refresh(args: argparse.Namespace) -> int:
    """instruments refresh: read all lists; findings when one of them could not be read."""
    with open_house(args) as runtime:
        code = run_job(args, runtime, "Instruments", deeds.ask_refresh)
        with runtime.house.database.reading() as db:
            problems = [state for state in masters.states(db).values() if state.problem]
    return Exit.FINDINGS if code == Exit.OK and problems else code


def changes(args: argparse.Namespace) -> int:
    """instruments changes [--kind KIND] [--limit N] [--before NUMBER]."""
    kind = None if args.kind is None else _kind_of(args.kind)
    limit = min(max(1, args.limit), _MOST)
    with open_house(args) as runtime, runtime.house.database.reading() as db:
        person_of(db, args.user)
        told = masters.changes(db, limit, before=args.before, kind=kind)
    rows = [
        {
            "number": one.id,
            "day": one.day,
            "source": one.source,
            "kind": one.change.kind.value,
            "listing": f"{one.change.listing.exchange}:{one.change.listing.symbol}",
            "before": one.change.before,
            "after": one.change.after,
        }
        for one in told
    ]
    columns = ("number", "day", "source", "kind", "listing", "before", "after")
    show(args, rows, table(rows, columns) if rows else "The lists said nothing new.")
    return Exit.OK


def _class_of(word: str) -> AssetClass:
    try:
        return AssetClass(word.strip().lower())
    except ValueError:
        raise Misuse("class", f"{word!r} is unknown", cure=f"Known: {', '.join(AssetClass)}") from None


def _kind_of(word: str) -> ChangeKind:
    try:
        return ChangeKind(word.strip().lower())
    except ValueError:
        raise Misuse("kind", f"{word!r} is unknown", cure=f"Known: {', '.join(ChangeKind)}") from None
