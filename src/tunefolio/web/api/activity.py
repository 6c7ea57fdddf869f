"""The activity for programs: to each person what she did and what was done to her. It is only ever added
to."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AuditId
from tunefolio.core.time import Instant
from tunefolio.services import audit
from tunefolio.services.acts import GROUPS, Act, words_of
from tunefolio.store.audit import AuditEntry, AuditFilter
from tunefolio.web.api.answers import Cursor, Limit, after_id, day_of, ist, leaf
from tunefolio.web.deps import CurrentViewer, Reading

v1 = APIRouter(tags=["activity"])
_DAY = timedelta(days=1)
Group = Annotated[str, Query(max_length=60, description="Only deeds of this group, `portfolio`.")]
Since = Annotated[str, Query(max_length=10, description="From this day in India on, YYYY-MM-DD.")]
Until = Annotated[str, Query(max_length=10, description="Up to this day in India, that day too.")]


@v1.get("/activity")
def mine(
    db: Reading,
    viewer: CurrentViewer,
    group: Group = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    """What the viewer did, and what was done to what is hers, newest first."""
    chosen = AuditFilter(known_group(group), None, since_day(since), after_day(until))
    found = audit.mine(db, viewer, before_of(cursor), limit + 1, chosen)
    return leaf(found, limit, entry, last=lambda one: one.id)


def known_group(text: str) -> str:
    """A group as the log keeps it; raises Misuse for one that is none."""
    group = f"{text.rstrip('.')}." if text else ""
    if group and group not in GROUPS:
        known = ", ".join(one.rstrip(".") for one in GROUPS)
        raise Misuse("group", f"{text[:40]!r} is not in the log", cure=f"Known: {known}")
    return group


def known_action(text: str) -> str:
    """An action or a group of them; raises Misuse for any other."""
    if text and text not in tuple(Act) and text not in GROUPS:
        known = ", ".join([*GROUPS, *Act])
        raise Misuse("action", f"{text[:40]!r} is not in the log", cure=f"Known: {known}")
    return text


def since_day(text: str) -> Instant | None:
    """Where a day in India begins; None for none. Raises Misuse."""
    return _midnight(text, "since") if text else None


def after_day(text: str) -> Instant | None:
    """Where a day in India is over; None for none. Raises Misuse."""
    return _midnight(text, "until") + _DAY if text else None


def _midnight(text: str, field: str) -> Instant:
    return Instant.parse(f"{day_of(text, field).iso()}T00:00:00+05:30")


def before_of(cursor: str) -> AuditId | None:
    last = after_id(cursor)
    return None if last is None else AuditId(last)


def entry(one: AuditEntry) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": ist(one.at),
        "last_at": ist(one.last),
        "times": one.times,
        "action": one.action,
        "words": words_of(one.action),
        "subject": one.subject,
        "person_id": one.owner,
        "actor_id": one.actor,
        "details": dict(one.details),
        "address": one.place.address or None,
        "device": one.place.device or None,
    }
