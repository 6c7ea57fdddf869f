"""Links for a person's mailbox, each good once. The token itself is never kept, only its hash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import mail_links
from tunefolio.store.viewers import owned


class LinkKind(StrEnum):
    """verify: the address is hers; change: a new address is; reset: a new password may be set."""

    VERIFY = "verify"
    CHANGE = "change"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class MailLink:
    """email: the address it is about."""

    id: int
    owner: PersonId
    kind: LinkKind
    email: str
    asked: Instant
    expires: Instant
    used: Instant | None


def add(db: WriteDb, viewer: Viewer, kind: LinkKind, email: str, now: Instant, expires: Instant) -> int:
    """It was asked for; open ones of the viewer's of that kind no longer count."""
    end_open(db, viewer, kind, now)
    row = {
        "owner_id": viewer.person,
        "kind": kind,
        "email": email,
        "asked_at": now,
        "expires_at": expires,
    }
    return int(db.execute(insert(mail_links).values(row).returning(mail_links.c.id)).scalar_one())


def end_open(db: WriteDb, viewer: Viewer, kind: LinkKind, now: Instant) -> None:
    """No link of that kind of the viewer's counts any more."""
    which = (owned(mail_links, viewer), mail_links.c.kind == kind, mail_links.c.used_at.is_(None))
    db.execute(update(mail_links).where(*which).values(used_at=now))


def hand_out(db: WriteDb, viewer: Viewer, id: int, token_hash: str, expires: Instant, now: Instant) -> bool:
    """A new token for it, in place of any before; False for one that is used or ran out."""
    which = (owned(mail_links, viewer), mail_links.c.id == id)
    statement = update(mail_links).where(
        *which, mail_links.c.used_at.is_(None), mail_links.c.expires_at > now
    )
    return db.execute(statement.values(token_hash=token_hash, expires_at=expires)).rowcount > 0


def link_of(db: ReadDb, viewer: Viewer, id: int) -> MailLink:
    """One of the viewer's; raises NotFound."""
    query = select(mail_links).where(owned(mail_links, viewer), mail_links.c.id == id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("link")
    return _link(row)


def open_one(db: ReadDb, viewer: Viewer, kind: LinkKind, now: Instant) -> MailLink | None:
    """The viewer's that can still be used."""
    which = (owned(mail_links, viewer), mail_links.c.kind == kind, mail_links.c.used_at.is_(None))
    query = select(mail_links).where(*which, mail_links.c.expires_at > now).order_by(mail_links.c.id.desc())
    row = db.execute(query.limit(1)).one_or_none()
    return None if row is None else _link(row)


def find(db: ReadDb, kind: LinkKind, token_hash: str, now: Instant) -> MailLink | None:
    """The link of a token that is neither used nor run out; on uq_mail_links_token_hash."""
    which = (mail_links.c.kind == kind, mail_links.c.token_hash == token_hash)
    query = select(mail_links).where(*which, mail_links.c.used_at.is_(None), mail_links.c.expires_at > now)
    row = db.execute(query).one_or_none()
    return None if row is None else _link(row)


def use(db: WriteDb, id: int, now: Instant) -> bool:
    """Use it up; False when somebody was faster or it ran out. Atomic: of two, one gets True."""
    which = (mail_links.c.id == id, mail_links.c.used_at.is_(None), mail_links.c.expires_at > now)
    return db.execute(update(mail_links).where(*which).values(used_at=now)).rowcount > 0


def waiting(db: ReadDb, caretaker: Caretaker, now: Instant) -> list[MailLink]:  # noqa: ARG001 — leave, not input
    """Everyone's that can still be used, oldest first."""
    which = (mail_links.c.used_at.is_(None), mail_links.c.expires_at > now)
    return [_link(row) for row in db.execute(select(mail_links).where(*which).order_by(mail_links.c.id))]


def _link(row: Row[Any]) -> MailLink:
    return MailLink(
        row.id,
        PersonId(row.owner_id),
        LinkKind(row.kind),
        row.email,
        row.asked_at,
        row.expires_at,
        row.used_at,
    )
