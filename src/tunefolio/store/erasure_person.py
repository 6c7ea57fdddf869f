"""A person leaves: first what proves or sends anything in her name, later every row of hers.

Of rows that are others', only her name, address and device go. Her own row stays without anything personal,
for others' rows point at it. Triggers let go of the audit log only while she stands in `departures`, which is
written here, first, and taken away, last: all in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Text, delete, insert, or_, select, type_coerce, update

from tunefolio.core.identity import PersonId
from tunefolio.core.people import Caretaker, Person, Role, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import WriteDb
from tunefolio.store.declare import metadata
from tunefolio.store.erasure import OF_BOOKS, erase_books
from tunefolio.store.tables import (
    OWNED,
    alerts,
    audit,
    broker_apps,
    challenges,
    channels,
    connections,
    departures,
    devices,
    grants,
    instruments,
    invites,
    jobs,
    login_states,
    mail_links,
    notices,
    personal_tokens,
    persons,
    refresh_tokens,
    shared_links,
    taxpayers,
)
from tunefolio.store.viewers import owned

NOBODY = "Somebody who left"
PROVING = (
    challenges, mail_links, devices, personal_tokens, refresh_tokens, connections, broker_apps, login_states,
    channels, shared_links, invites,
)  # fmt: skip
"""Rows that are secrets, hold one, or open a door; none of them is a fact of the books. By what she comes
back in the time of grace is left her: password, account at a provider, passkeys. So are her authenticator and
its recovery codes: else the password alone would open in these days what it never opened before."""


@contextmanager
def overwriting(db: WriteDb) -> Iterator[None]:
    """Pages that fall free meanwhile are filled with zeros in SQLite's file too; db.PRAGMAS does that for
    what does not cost a page. PostgreSQL has its own vacuum."""
    if db.dialect != "sqlite":
        yield
        return
    db.connection.exec_driver_sql("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        db.connection.exec_driver_sql("PRAGMA secure_delete=FAST")


def destroy_secrets(db: WriteDb, viewer: Viewer) -> None:
    """Everything that opens a door but her own way back, everything sealed for others, every link and
    invite."""
    for table in PROVING:
        db.execute(delete(table).where(owned(table, viewer)))
    db.execute(update(taxpayers).where(owned(taxpayers, viewer)).values(pan=None))


def end_work(db: WriteDb, viewer: Viewer, now: Instant) -> None:
    """Her alerts rest, what she showed is shown no more, jobs that wait are cancelled."""
    given = (owned(grants, viewer), grants.c.ended_at.is_(None))
    db.execute(update(grants).where(*given).values(ended_at=now, ended_by=viewer.person))
    awake = (owned(alerts, viewer), alerts.c.state.in_(("armed", "fired")))
    db.execute(update(alerts).where(*awake).values(state="paused", revision=alerts.c.revision + 1))
    waiting = (owned(jobs, viewer), jobs.c.state == "queued")
    db.execute(update(jobs).where(*waiting).values(state="cancelled", finished_at=now))


def end_received(db: WriteDb, caretaker: Caretaker, person: PersonId, now: Instant) -> None:  # noqa: ARG001
    """What others show her she sees no more."""
    which = (grants.c.grantee_id == person, grants.c.ended_at.is_(None))
    db.execute(update(grants).where(*which).values(ended_at=now, ended_by=person))


def erase_rows(db: WriteDb, viewer: Viewer) -> None:
    """Every owned row of hers, her own instruments with their prices. One pass over her rows, by index."""
    _depart(db, viewer.person)
    erase_books(db, viewer)
    for table in reversed(metadata.sorted_tables):
        if table in OWNED - OF_BOOKS:
            db.execute(delete(table).where(owned(table, viewer)))
    mine = select(instruments.c.id).where(instruments.c.private_to == viewer.person)
    for table in reversed(metadata.sorted_tables):
        for key in table.foreign_keys:
            if key.column is instruments.c.id and table not in OWNED:
                db.execute(delete(table).where(key.parent.in_(mine)))
    db.execute(delete(instruments).where(instruments.c.private_to == viewer.person))
    db.execute(delete(departures).where(departures.c.person_id == viewer.person))


def erase_traces(db: WriteDb, caretaker: Caretaker, person: Person) -> None:
    """What others' rows say of her: where she acted from, her address, her name in notices of sharing. Reads
    the audit log once."""
    _depart(db, person.id)
    acted = audit.c.actor_id == person.id
    db.execute(update(audit).where(acted).values(address="", device=""))
    told = type_coerce(audit.c.details, Text).contains(person.email, autoescape=True)
    for row in db.execute(select(audit.c.id, audit.c.details).where(or_(acted, told))).all():
        values = {"details": _without(row.details, person)}
        db.execute(update(audit).where(audit.c.id == row.id).values(values))
    named = or_(invites.c.email == person.email, invites.c.used_by == person.id)
    db.execute(update(invites).where(named).values(email=""))
    said = type_coerce(jobs.c.args, Text).contains(person.email, autoescape=True)
    db.execute(delete(jobs).where(said, jobs.c.state.not_in(("queued", "running"))))
    _erase_from_notices(db, caretaker, person)
    db.execute(delete(grants).where(grants.c.grantee_id == person.id))
    db.execute(delete(departures).where(departures.c.person_id == person.id))


def anonymise(db: WriteDb, caretaker: Caretaker, person: PersonId, now: Instant) -> None:  # noqa: ARG001
    """Her row says nothing of her any more and nobody can sign in by it."""
    values: dict[str, Any] = {
        "email": f"gone-{person}@erased.invalid",
        "name": NOBODY,
        "password_hash": "",
        "role": Role.MEMBER,
        "preferences": {},
        "disabled_at": now,
        "verified_at": None,
        "leaving_at": None,
        "erased_at": now,
    }
    db.execute(update(persons).where(persons.c.id == person).values(values))


def _depart(db: WriteDb, person: PersonId) -> None:
    db.execute(insert(departures).values(person_id=person))


def _without(details: Any, person: Person) -> Any:
    """The details of a deed without her address, and without her name where it stands alone."""
    if not isinstance(details, dict):
        return details
    return {
        key: NOBODY
        if value == person.name
        else value.replace(person.email, NOBODY)
        if isinstance(value, str)
        else value
        for key, value in details.items()
    }


def _erase_from_notices(db: WriteDb, caretaker: Caretaker, person: Person) -> None:  # noqa: ARG001
    """Notices about a grant between her and another name her; others name her by her address at most."""
    between = or_(grants.c.grantee_id == person.id, grants.c.owner_id == person.id)
    shared = db.execute(select(grants.c.id).where(between)).scalars().all()
    about = [notices.c.event_key.startswith(f"grant:{id}:") for id in shared]
    said = or_(
        notices.c.title.contains(person.email, autoescape=True),
        notices.c.body.contains(person.email, autoescape=True),
        *about,
    )
    for row in db.execute(select(notices.c.id, notices.c.title, notices.c.body).where(said)).all():
        words = {
            name: text.replace(person.email, NOBODY).replace(person.name, NOBODY)
            for name, text in (("title", row.title), ("body", row.body))
        }
        db.execute(update(notices).where(notices.c.id == row.id).values(words))
