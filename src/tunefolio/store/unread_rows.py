"""Lines of brokers' statements that could not be understood: shown to their owner, until they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select

from tunefolio.core.identity import AccountId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.accounts import account_of
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.said import WHOSE, said
from tunefolio.store.tables import unread_rows
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """place: in the broker's answer, as holdings[3]; symbol: what it names, or ""; reason: in words."""

    account: AccountId
    place: str
    symbol: str
    reason: str
    first_seen: Instant
    last_seen: Instant


def replace(
    db: WriteDb,
    viewer: Viewer,
    account: AccountId,
    rows: Iterable[tuple[str, str, str]],
    now: Instant,
) -> int:
    """These (place, symbol, reason) are unread now; those not named any more are forgotten. How many stand.

    Raises NotFound for another's account.
    """
    account_of(db, viewer, account)
    kept = list(rows)
    for place, symbol, reason in kept:
        statement = db.upsert(unread_rows).values(
            owner_id=viewer.person, account_id=account, place=place, symbol=symbol, reason=reason,
            first_seen_at=now, last_seen_at=now,
        )  # fmt: skip
        changes = {"reason": reason, "last_seen_at": now}
        db.execute(
            statement.on_conflict_do_update(index_elements=["account_id", "place", "symbol"], set_=changes)
        )
    db.execute(_FORGET, said(viewer, account=account, now=now))
    return len(kept)


_FORGET = delete(unread_rows).where(
    owned(unread_rows, WHOSE),
    unread_rows.c.account_id == bindparam("account"),
    unread_rows.c.last_seen_at < bindparam("now"),
)


def of_account(db: ReadDb, viewer: Viewer, account: AccountId, limit: int = 100) -> list[UnreadRow]:
    """The account's unread lines by place; on uq_unread_rows_account_id_place_symbol."""
    query = (
        select(unread_rows)
        .where(owned(unread_rows, viewer), unread_rows.c.account_id == account)
        .order_by(unread_rows.c.place, unread_rows.c.symbol)
        .limit(limit)
    )
    return [
        UnreadRow(
            AccountId(row.account_id), row.place, row.symbol, row.reason, row.first_seen_at, row.last_seen_at
        )
        for row in db.execute(query)
    ]


def counts(db: ReadDb, viewer: Viewer) -> dict[AccountId, int]:
    """How many lines are unread, by account; accounts without any are absent."""
    query = (
        select(unread_rows.c.account_id, func.count())
        .where(owned(unread_rows, viewer))
        .group_by(unread_rows.c.account_id)
    )
    return {AccountId(account): count for account, count in db.execute(query)}
