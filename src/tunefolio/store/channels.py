"""Where a person's notices go besides the page: addresses sealed by the vault, proven before used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PersonId
from tunefolio.core.notice import ChannelId, ChannelKind
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import channels
from tunefolio.store.viewers import owned

Seal = Callable[[int], bytes]
"""Seals a secret for the row of the given id."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel. hint: as much of its address as may be shown; muted: kinds of notices it does not carry.

    verified: since when it is proven to be the person's. code_until: how long the code sent there may be
    typed; code_tries: wrong ones so far.
    """

    id: ChannelId
    owner: PersonId
    kind: ChannelKind
    hint: str
    muted: frozenset[str]
    verified: Instant | None
    code_until: Instant | None
    code_tries: int
    problem: str
    problem_at: Instant | None
    created: Instant


def add(db: WriteDb, viewer: Viewer, kind: ChannelKind, hint: str, seal: Seal, *, now: Instant) -> ChannelId:
    """A new channel, not proven yet, whose target `seal` seals for this row."""
    row = {"owner_id": viewer.person, "kind": kind, "hint": hint, "muted": [], "created_at": now}
    id = int(db.execute(insert(channels).values(row).returning(channels.c.id)).scalar_one())
    which = (owned(channels, viewer), channels.c.id == id)
    db.execute(update(channels).where(*which).values(target=seal(id)))
    return ChannelId(id)


def listed(db: ReadDb, viewer: Viewer) -> list[Channel]:
    """All of the viewer's channels, oldest first."""
    query = select(channels).where(owned(channels, viewer)).order_by(channels.c.id)
    return [_channel(row) for row in db.execute(query)]


def channel_of(db: ReadDb, viewer: Viewer, id: ChannelId) -> Channel:
    """One of the viewer's channels; raises NotFound."""
    row = db.execute(select(channels).where(owned(channels, viewer), channels.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("channel")
    return _channel(row)


def target_of(db: ReadDb, viewer: Viewer, id: ChannelId) -> bytes:
    """Its sealed target; raises NotFound."""
    query = select(channels.c.target).where(owned(channels, viewer), channels.c.id == id)
    sealed = db.execute(query).scalar_one_or_none()
    if sealed is None:
        raise NotFound("channel")
    return bytes(sealed)


def code_hash_of(db: ReadDb, viewer: Viewer, id: ChannelId) -> str | None:
    """The hash of the code that was sent there last; None when none stands. Raises NotFound."""
    channel_of(db, viewer, id)
    query = select(channels.c.code_hash).where(owned(channels, viewer), channels.c.id == id)
    found: str | None = db.execute(query).scalar_one()
    return found


def set_code(db: WriteDb, viewer: Viewer, id: ChannelId, code_hash: str, until: Instant) -> None:
    """A new code is on its way; the one before no longer counts."""
    _change(db, viewer, id, code_hash=code_hash, code_until=until, code_tries=0)


def count_try(db: WriteDb, viewer: Viewer, id: ChannelId) -> None:
    """A wrong code was typed."""
    _change(db, viewer, id, code_tries=channels.c.code_tries + 1)


def verify(db: WriteDb, viewer: Viewer, id: ChannelId, now: Instant) -> None:
    """It is the person's."""
    _change(db, viewer, id, verified_at=now, code_hash=None, code_until=None, problem="", problem_at=None)


def mute(db: WriteDb, viewer: Viewer, id: ChannelId, kinds: Sequence[str]) -> None:
    """Kinds of notices it does not carry, in place of those before."""
    _change(db, viewer, id, muted=sorted(set(kinds)))


def set_problem(db: WriteDb, viewer: Viewer, id: ChannelId, problem: str, now: Instant) -> None:
    """Why the last message did not arrive; "" when it did."""
    _change(db, viewer, id, problem=problem, problem_at=now if problem else None)


def forget(db: WriteDb, viewer: Viewer, id: ChannelId) -> None:
    """Delete it with what is on its way there; raises NotFound."""
    if db.execute(delete(channels).where(owned(channels, viewer), channels.c.id == id)).rowcount == 0:
        raise NotFound("channel")


def proven(
    db: ReadDb,
    caretaker: Caretaker,  # noqa: ARG001
    owners: Collection[PersonId],
) -> dict[PersonId, list[Channel]]:
    """The verified channels of these people."""
    query = select(channels).where(
        among(db, channels.c.owner_id, owners), channels.c.verified_at.is_not(None)
    )
    found: dict[PersonId, list[Channel]] = {}
    for row in db.execute(query.order_by(channels.c.id)):
        found.setdefault(PersonId(row.owner_id), []).append(_channel(row))
    return found


def _change(db: WriteDb, viewer: Viewer, id: ChannelId, **values: Any) -> None:
    which = (owned(channels, viewer), channels.c.id == id)
    if db.execute(update(channels).where(*which).values(values)).rowcount == 0:
        raise NotFound("channel")


def _channel(row: Row[Any]) -> Channel:
    return Channel(
        ChannelId(row.id),
        PersonId(row.owner_id),
        ChannelKind(row.kind),
        row.hint,
        frozenset(row.muted),
        row.verified_at,
        row.code_until,
        row.code_tries,
        row.problem,
        row.problem_at,
        row.created_at,
    )
