"""Tags of facts: one query beside that of the facts, because few facts have any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, select

from tunefolio.core.identity import AccountId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Book
from tunefolio.store.db import ReadDb
from tunefolio.store.said import WHOSE, among_said, each, said
from tunefolio.store.tables import taggings, transactions
from tunefolio.store.tables import tags as words
from tunefolio.store.viewers import owned


def of_accounts(
    db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId], book: Book
) -> dict[int, tuple[str, ...]]:
    """Tag names in order, by fact, of these accounts; from the viewer's taggings, which are few."""
    return labels_in(db.execute(_of_accounts(db.dialect), said(viewer, ids=each(db, accounts), book=book)))


@cache
def _of_accounts(dialect: str) -> Select[int, str]:
    which = (among_said(dialect, transactions.c.account_id), transactions.c.book == bindparam("book"))
    return labelling(and_(*which), WHOSE)


def labelling(which: ColumnElement[bool], viewer: Viewer) -> Select[int, str]:
    """The query of fact and tag; for labels_in."""
    return (
        select(taggings.c.transaction_id, words.c.name)
        .join(words, and_(words.c.id == taggings.c.tag_id, owned(words, viewer)))
        .join(transactions, and_(transactions.c.id == taggings.c.transaction_id, owned(transactions, viewer)))
        .where(owned(taggings, viewer), which)
        .order_by(words.c.name)
    )


def labels_in(rows: Iterable[Row[*tuple[Any, ...]]]) -> dict[int, tuple[str, ...]]:
    """What it found: tag names in order, by fact."""
    labels: dict[int, tuple[str, ...]] = {}
    for id, name in rows:
        labels[id] = (*labels.get(id, ()), name)
    return labels
