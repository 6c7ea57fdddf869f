"""People who sign in. A person's row is owned by the person; lists and roles are an admin's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Caretaker, Person, Role, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import persons

_LOCK = 0x74756E65
"""The advisory lock of membership; any number that nothing else of ours uses."""


def count(db: ReadDb) -> int:
    """How many people there are, disabled ones too; 0 means that the next one becomes admin."""
    query = select(func.count()).select_from(persons).where(persons.c.erased_at.is_(None))
    return int(db.execute(query).scalar_one())


def add(db: WriteDb, email: str, name: str, password_hash: str, role: Role, now: Instant) -> Person:
    """A new person. email: as core.people.email_of gives it; raises Misuse when it is taken."""
    row = {
        "email": email,
        "name": name,
        "password_hash": password_hash,
        "role": role,
        "preferences": {},
        "created_at": now,
    }
    with db.unique("email", "already has an account here", cure="Sign in, or use another address"):
        key = db.execute(insert(persons).values(row).returning(persons.c.id)).scalar_one()
    return Person(PersonId(key), email, name, role, now)


def one_at_a_time(db: WriteDb) -> None:
    """Until this transaction ends nobody else passes here: who is first, and who the last admin, is decided
    once. SQLite has one writer anyway; PostgreSQL takes an advisory lock."""
    if db.dialect == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def find_by_email(db: ReadDb, email: str) -> tuple[Person, str] | None:
    """The person of an address, disabled or not, and the password's hash; one look-up on uq_persons_email."""
    row = db.execute(select(persons).where(persons.c.email == email)).one_or_none()
    return None if row is None else (person(row), row.password_hash)


def person_of(db: ReadDb, id: PersonId) -> Person:
    """The person, disabled or not; raises NotFound. One look-up by primary key."""
    row = db.execute(_ONE, {"person": id}).one_or_none()
    if row is None:
        raise NotFound("person")
    return person(row)


_ONE = select(persons).where(persons.c.id == bindparam("person"))


def password_hash_of(db: ReadDb, id: PersonId) -> str:
    """The argon2id text to check a password against; raises NotFound."""
    found = db.execute(select(persons.c.password_hash).where(persons.c.id == id)).scalar_one_or_none()
    if found is None:
        raise NotFound("person")
    return str(found)


def set_password(db: WriteDb, viewer: Viewer, hash: str) -> None:
    """The viewer's own password, as an argon2id text."""
    _change(db, persons.c.id == viewer.person, password_hash=hash)


def rename(db: WriteDb, viewer: Viewer, name: str) -> None:
    """The viewer's own name."""
    _change(db, persons.c.id == viewer.person, name=name)


def set_preferences(db: WriteDb, viewer: Viewer, preferences: Mapping[str, str]) -> None:
    """The viewer's own preferences, all of them at once."""
    _change(db, persons.c.id == viewer.person, preferences=dict(preferences))


def verified_at(db: ReadDb, viewer: Viewer) -> Instant | None:
    """When the viewer's address was confirmed; None while it is only a claim. Raises NotFound."""
    row = db.execute(select(persons.c.verified_at).where(persons.c.id == viewer.person)).one_or_none()
    if row is None:
        raise NotFound("person")
    found: Instant | None = row.verified_at
    return found


def set_verified(db: WriteDb, viewer: Viewer, now: Instant) -> None:
    """Mail to the viewer's address has been read."""
    _change(db, persons.c.id == viewer.person, verified_at=now)


def set_email(db: WriteDb, viewer: Viewer, email: str, now: Instant) -> None:
    """The viewer's new address, confirmed; raises Misuse when somebody has it."""
    with db.unique("email", "already has an account here", cure="Use another address"):
        _change(db, persons.c.id == viewer.person, email=email, verified_at=now)


def set_role(db: WriteDb, admin: Viewer, id: PersonId, role: Role) -> None:
    """Another role for anyone; raises Forbidden for all but admins, NotFound."""
    admin.must_administer()
    _change(db, persons.c.id == id, role=role)


def set_disabled(db: WriteDb, admin: Viewer, id: PersonId, since: Instant | None) -> None:
    """Shut a person out, or let the person in again (None); raises Forbidden for all but admins, NotFound."""
    admin.must_administer()
    _change(db, persons.c.id == id, disabled_at=since)


def set_leaving(db: WriteDb, viewer: Viewer, erase: Instant | None) -> None:
    """When the viewer's account is to be erased; None: she stays."""
    _change(db, persons.c.id == viewer.person, leaving_at=erase)


def leavers(db: ReadDb, caretaker: Caretaker, now: Instant) -> list[PersonId]:  # noqa: ARG001 — leave, not input
    """Whose time of grace is over."""
    query = select(persons.c.id).where(persons.c.leaving_at <= now).order_by(persons.c.id)
    return [PersonId(id) for id in db.execute(query).scalars()]


def listed(db: ReadDb, admin: Viewer, after: PersonId | None, limit: int) -> list[Person]:
    """Everyone, oldest first, from the one behind `after`; raises Forbidden for all but admins.

    Keyset on the primary key: any page costs the same.
    """
    admin.must_administer()
    query = select(persons).where(persons.c.erased_at.is_(None)).order_by(persons.c.id).limit(limit)
    if after is not None:
        query = query.where(persons.c.id > after)
    return [person(row) for row in db.execute(query)]


def admins(db: ReadDb, caretaker: Caretaker) -> list[PersonId]:  # noqa: ARG001 — leave, not input
    """Who runs the house and may sign in, oldest first."""
    which = (persons.c.role == Role.ADMIN, persons.c.disabled_at.is_(None), persons.c.leaving_at.is_(None))
    return [
        PersonId(id) for id in db.execute(select(persons.c.id).where(*which).order_by(persons.c.id)).scalars()
    ]


COLUMNS = tuple(
    persons.c[name]
    for name in (
        "id",
        "email",
        "name",
        "role",
        "created_at",
        "disabled_at",
        "preferences",
        "leaving_at",
    )
)
"""What `person` reads: of every request's own look-up, so the password's hash is not among them."""


def person(row: Row[Any]) -> Person:
    """A row of `persons` as our value."""
    return Person(
        PersonId(row.id),
        row.email,
        row.name,
        Role(row.role),
        row.created_at,
        row.disabled_at,
        row.preferences,
        row.leaving_at,
    )


def _change(db: WriteDb, which: ColumnElement[bool], **values: Any) -> None:
    if db.execute(update(persons).where(which).values(values)).rowcount == 0:
        raise NotFound("person")
