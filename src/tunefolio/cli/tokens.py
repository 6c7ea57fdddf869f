"""token …: personal tokens and the signing key, by whoever has a shell on the machine."""

from __future__ import annotations

import argparse
from datetime import timedelta

from tunefolio.cli import Exit
from tunefolio.cli.house import CONSOLE, open_house, person_of, show, table
from tunefolio.core.identity import TokenId
from tunefolio.core.people import Scope
from tunefolio.core.time import Instant
from tunefolio.services import access, audit, mails, tokens
from tunefolio.services.audit import Act
from tunefolio.store.personal_tokens import PersonalToken

_COLUMNS = ("id", "name", "ending", "scopes", "ends", "used")


def make(args: argparse.Namespace) -> int:
    """token make."""
    days = None if args.never_ends else args.days
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        person = person_of(db, args.email)
        scopes = [Scope(one) for one in args.scope]
        fresh = tokens.make(db, runtime.house, person.viewer, args.name, scopes, days=days)
        now = runtime.house.clock.now()
        title = "The operator made a token that acts for you"
        text = f"It is named {args.name!r}. If you do not know of it, revoke it under Settings, API tokens."
        mails.tell_news(db, runtime.house, person.viewer, title, text, key=f"token:{fresh.kept.id}")
    row = _row(fresh.kept, now)
    said = (
        f"{fresh.secret.reveal()}\nFor {person.email}; may {row['scopes']}; {row['ends']}. Not shown again."
    )
    show(args, row | {"token": fresh.secret.reveal()}, said)
    return Exit.OK


def listed(args: argparse.Namespace) -> int:
    """token list."""
    with open_house(args) as runtime, runtime.house.database.reading() as db:
        person, now = person_of(db, args.email), runtime.house.clock.now()
        rows = [_row(one, now) for one in tokens.listed(db, person.viewer)]
    show(args, rows, table(rows, _COLUMNS) if rows else "No tokens.")
    return Exit.OK


def revoke(args: argparse.Namespace) -> int:
    """token revoke."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        person = person_of(db, args.email)
        if args.all:
            ended = tokens.end_all(db, runtime.house, person.viewer)
        else:
            tokens.revoke(db, runtime.house, person.viewer, TokenId(args.id))
            ended = 1
    show(args, {"ended": ended}, f"{ended} ended of {person.email}")
    return Exit.OK


def change_key(args: argparse.Namespace) -> int:
    """token change-key. Other processes believe a key that ended at once for half a minute more."""
    with open_house(args) as runtime, runtime.house.database.writing() as db:
        house = runtime.house
        life = timedelta() if args.at_once else house.rules.access_life + 2 * access.LEEWAY
        key = house.signing.change(db, house.vault, house.clock.now(), life)
        audit.note(db, house, CONSOLE, Act.KEY_CHANGED, f"key:{key.kid}", {"at_once": args.at_once})
    show(args, {"kid": key.kid}, f"key {key.kid} signs access tokens from now on")
    return Exit.OK


def _row(one: PersonalToken, now: Instant) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "ending": one.ending,
        "scopes": " ".join(sorted(one.scopes)),
        "ends": tokens.until_words(one, now),
        "used": None if one.used is None else one.used.iso(),
    }
