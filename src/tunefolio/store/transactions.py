"""The books: appended to, never changed. A fact is taken back by a reversal, a row of its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, exists, func, insert, select, union

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, ImportId, InstrumentId, PersonId, TransactionId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.store import accounts as homes
from tunefolio.store import labels
from tunefolio.store.batches import among, batches
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.listing import TransactionFilter as TransactionFilter
from tunefolio.store.listing import facts_of, in_force, reversals
from tunefolio.store.listing import page as page
from tunefolio.store.said import WHOSE, among_words, each, said
from tunefolio.store.tables import accounts, taggings, transactions
from tunefolio.store.tables import tags as words
from tunefolio.store.transaction_rows import COLUMNS, REVERSIBLE, reversal_row, row_of, transaction
from tunefolio.store.viewers import owned

_TAG = re.compile(r"[^\s#\"]{1,40}\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact to record, and what its source calls it: the key by which it is not recorded twice."""

    fact: Fact
    source_key: str


@dataclass(frozen=True, slots=True)
class Appended:
    """ids: of the facts recorded, in the order given. repeated: how many stood already and were left out."""

    ids: tuple[TransactionId, ...]
    repeated: int


def append(
    db: WriteDb,
    viewer: Viewer,
    account: AccountId,
    book: Book,
    entries: Sequence[Entry],
    *,
    source: str,
    now: Instant,
    import_id: ImportId | None = None,
) -> Appended:
    """Record facts of one account; raises NotFound for another's account.

    An entry whose key stands already (or came before in `entries`) is left out; one whose key was taken back
    is recorded again. Holds the account, so that two imports of one file cannot both pass. 10,000 facts
    take a few hundred milliseconds.
    """
    if not entries:
        return Appended((), 0)
    homes.account_for_change(db, viewer, account)
    known = _known_keys(db, viewer, account, book, [entry.source_key for entry in entries])
    rows: list[dict[str, Any]] = []
    for entry in entries:
        count, is_standing = known.get(entry.source_key, (0, False))
        if not is_standing:
            rows.append(row_of(viewer.person, account, book, entry.fact, entry.source_key, source, now))
            rows[-1] |= {"generation": count, "import_id": import_id}
            known[entry.source_key] = (count + 1, True)
    ids = _insert(db, viewer, rows)
    return Appended(tuple(ids), len(entries) - len(rows))


def _known_keys(
    db: ReadDb, viewer: Viewer, account: AccountId, book: Book, keys: Sequence[str]
) -> dict[str, tuple[int, bool]]:
    """For each key seen before: how often, and whether it stands; on the unique key of account and book."""
    known: dict[str, tuple[int, bool]] = {}
    asked = said(viewer, account=account, book=book, keys=each(db, keys))
    for key, reversal in db.execute(_standing_keys(db.dialect), asked):
        count, is_standing = known.get(key, (0, False))
        known[key] = (count + 1, is_standing or reversal is None)
    return known


def _of_keys(dialect: str) -> ColumnElement[bool]:
    return and_(
        transactions.c.account_id == bindparam("account"),
        transactions.c.book == bindparam("book"),
        among_words(dialect, transactions.c.source_key, "keys"),
    )


@cache
def _standing_keys(dialect: str) -> Select[Any]:
    reversed_by = and_(reversals.c.reverses == transactions.c.id, owned(reversals, WHOSE))
    query = select(transactions.c.source_key, reversals.c.id).outerjoin(reversals, reversed_by)
    return query.where(owned(transactions, WHOSE), _of_keys(dialect))


@cache
def _ids_of_keys(dialect: str) -> Select[Any]:
    query = select(transactions.c.source_key, transactions.c.generation, transactions.c.id)
    return query.where(owned(transactions, WHOSE), _of_keys(dialect))


_ADD = insert(transactions)


def _insert(db: WriteDb, viewer: Viewer, rows: list[dict[str, Any]]) -> list[TransactionId]:
    """Insert by executemany, then read the ids back: faster than RETURNING, and in the order given."""
    if not rows:
        return []
    db.execute_many(_ADD, rows)
    keys = [(row["source_key"], row["generation"]) for row in rows]
    where = {"account": rows[0]["account_id"], "book": rows[0]["book"]}
    asked = said(viewer, **where, keys=each(db, (key for key, _ in keys)))
    found = {
        (key, generation): TransactionId(id)
        for key, generation, id in db.execute(_ids_of_keys(db.dialect), asked)
    }
    return [found[key] for key in keys]


def reverse(db: WriteDb, viewer: Viewer, ids: Iterable[TransactionId], *, source: str, now: Instant) -> int:
    """Take facts back, each at most once; how many. Leaves reversals, facts taken back and strangers'."""
    count = 0
    for batch in batches(ids):
        query = select(*REVERSIBLE).where(owned(transactions, viewer), transactions.c.id.in_(batch))
        rows = db.execute(query.where(in_force(viewer)).order_by(transactions.c.id)).all()
        reversals = [reversal_row(row, viewer.person, source, now) for row in rows]
        if reversals:
            added = db.upsert(transactions).on_conflict_do_nothing().returning(transactions.c.id)
            count += len(db.execute(added, reversals).all())
    return count


_OF_ACCOUNT = and_(
    transactions.c.account_id == bindparam("account"), transactions.c.book == bindparam("book")
)
_HISTORY = (
    select(*COLUMNS)
    .where(owned(transactions, WHOSE), _OF_ACCOUNT)
    .order_by(transactions.c.day, transactions.c.id)
    .execution_options(yield_per=1_000)
)
_HISTORY_UNTIL = _HISTORY.where(transactions.c.day < bindparam("until"))


def of_account(
    db: ReadDb, viewer: Viewer, account: AccountId, *, book: Book = Book.LIVE, until: TradingDay | None = None
) -> Iterator[Transaction]:
    """Every fact of one account and book, reversed ones and reversals too, by day, then as recorded.

    until: exclusive. One query on ix_transactions_account_day and one for tags; streams, so that memory is
    flat in the length of the history. Nothing for another's account.
    """
    asked = said(viewer, account=account, book=book)
    names = labels.of_accounts(db, viewer, [account], book)
    history = _HISTORY if until is None else _HISTORY_UNTIL
    for row in db.execute(history, asked | ({} if until is None else {"until": until})):
        yield transaction(row, names.get(row.id, ()))


def of_accounts(
    db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId], *, book: Book = Book.LIVE
) -> dict[AccountId, list[Transaction]]:
    """The facts in force of many accounts, each oldest first; an account without any has an empty list.

    One query on ix_transactions_account_day and one for tags; 10,000 facts in about 100 ms.
    """
    found: dict[AccountId, list[Transaction]] = {account: [] for account in accounts}
    asked = said(viewer, accounts=list(accounts), book=book)
    names = labels.of_accounts(db, viewer, accounts, book)
    for row in db.execute(_HISTORIES, asked):
        found[row.account_id].append(transaction(row, names.get(row.id, ())))
    return found


_HISTORIES = (
    select(*COLUMNS)
    .where(owned(transactions, WHOSE), transactions.c.account_id.in_(bindparam("accounts", expanding=True)))
    .where(transactions.c.book == bindparam("book"), in_force(WHOSE))
    .order_by(transactions.c.account_id, transactions.c.day, transactions.c.id)
)


def of_instruments(
    db: ReadDb, viewer: Viewer, instruments: Collection[InstrumentId], *, book: Book = Book.LIVE
) -> dict[AccountId, list[Transaction]]:
    """The facts in force about any of these instruments, as first or as other one, of all accounts.

    Each account's oldest first; accounts without any are absent. On ix_transactions_instrument and
    ix_transactions_other.
    """
    facts = transactions.c
    about = [
        select(facts.id).where(owned(transactions, viewer), among(db, column, instruments))
        for column in (facts.instrument_id, facts.other_id)
    ]
    which = and_(facts.id.in_(union(*about)), facts.book == book)
    query = select(*COLUMNS).where(owned(transactions, viewer), which, in_force(viewer))
    found: dict[AccountId, list[Transaction]] = {}
    for one in facts_of(query.order_by(facts.account_id, facts.day, facts.id), db, viewer):
        found.setdefault(one.account, []).append(one)
    return found


def changed_since(
    db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId], newest: int, *, book: Book = Book.LIVE
) -> list[Transaction]:
    """Facts and reversals of these accounts with an id above `newest`, as recorded: by primary key.

    What a reader of everything up to there must still learn; `heads` tells whether that is all (on PostgreSQL
    a lower id may be committed later).
    """
    facts = transactions.c
    which = (facts.id > newest, facts.account_id.in_(accounts), facts.book == book)
    query = select(*COLUMNS).where(owned(transactions, viewer), *which)
    return facts_of(query.order_by(facts.id), db, viewer)


def is_unnamed(db: ReadDb, viewer: Viewer, account: AccountId, *, book: Book = Book.LIVE) -> bool:
    """Whether no fact of the viewer's names the account as its other side; on ix_transactions_counterpart."""
    return db.execute(_NAMING, said(viewer, account=account, book=book)).first() is None


_NAMING = (
    select(transactions.c.id)
    .where(owned(transactions, WHOSE), transactions.c.counterpart_id == bindparam("account"))
    .where(transactions.c.book == bindparam("book"))
    .limit(1)
)


def find_by_key(
    db: ReadDb, viewer: Viewer, account: AccountId, key: str, *, book: Book = Book.LIVE
) -> Transaction | None:
    """The fact in force that its source calls so; on the unique key of account and book."""
    facts = transactions.c
    which = (facts.account_id == account, facts.book == book, facts.source_key == key)
    query = select(*COLUMNS).where(owned(transactions, viewer), *which, in_force(viewer))
    found = facts_of(query, db, viewer)
    return found[0] if found else None


def transaction_of(db: ReadDb, viewer: Viewer, id: TransactionId) -> Transaction:
    """One fact of the viewer's, whether it stands or not; raises NotFound."""
    found = facts_of(select(*COLUMNS).where(owned(transactions, viewer), transactions.c.id == id), db, viewer)
    if not found:
        raise NotFound("transaction")
    return found[0]


def of_import(db: ReadDb, viewer: Viewer, import_id: ImportId) -> list[Transaction]:
    """The facts one import recorded, reversed ones too, as recorded; on ix_transactions_import."""
    query = select(*COLUMNS).where(owned(transactions, viewer), transactions.c.import_id == import_id)
    return facts_of(query.order_by(transactions.c.id), db, viewer)


def tag(db: WriteDb, viewer: Viewer, id: TransactionId, name: str) -> None:
    """Mark a fact with a word (twice is once); raises NotFound for another's fact, Misuse for no word."""
    transaction_of(db, viewer, id)
    tag_many(db, viewer, [id], name)


def tag_many(db: WriteDb, viewer: Viewer, ids: Iterable[TransactionId], name: str) -> int:
    """Mark facts with a word; how many did not have it. Leaves strangers' facts; Misuse for no word."""
    row = {"owner_id": viewer.person, "name": tag_name(name)}
    db.execute(db.upsert(words).values(row).on_conflict_do_nothing())
    which = (owned(words, viewer), words.c.name == row["name"])
    key = db.execute(select(words.c.id).where(*which)).scalar_one()
    has_it = select(taggings.c.transaction_id).where(owned(taggings, viewer), taggings.c.tag_id == key)
    facts = select(transactions.c.id).where(
        owned(transactions, viewer), among(db, transactions.c.id, ids), transactions.c.id.not_in(has_it)
    )
    fresh = {"owner_id": viewer.person, "tag_id": key}
    rows = [fresh | {"transaction_id": id} for id in db.execute(facts).scalars()]
    db.execute_many(db.upsert(taggings).on_conflict_do_nothing(), rows)
    return len(rows)


def untag(db: WriteDb, viewer: Viewer, id: TransactionId, name: str) -> bool:
    """Take a word off a fact; whether it was there. The word itself stays known."""
    return untag_many(db, viewer, [id], name) > 0


def untag_many(db: WriteDb, viewer: Viewer, ids: Iterable[TransactionId], name: str) -> int:
    """Take a word off facts; how many had it."""
    word = select(words.c.id).where(owned(words, viewer), words.c.name == tag_name(name))
    which = (among(db, taggings.c.transaction_id, ids), taggings.c.tag_id.in_(word))
    return db.execute(delete(taggings).where(owned(taggings, viewer), *which)).rowcount


def tag_name(text: str) -> str:
    """A word of at most 40 characters, as the notation writes it but without its #; raises Misuse."""
    name = text.strip().removeprefix("#")
    if not _TAG.match(name):
        raise Misuse("tag", f"{text[:50]!r} is not one word of at most 40 characters")
    return name


def tags(db: ReadDb, viewer: Viewer) -> list[str]:
    """The viewer's words, by name; on uq_tags_owner_id_name."""
    query = select(words.c.name).where(owned(words, viewer)).order_by(words.c.name)
    return [str(name) for name in db.execute(query).scalars()]


def accounts_with_facts(db: ReadDb, caretaker: Caretaker) -> list[Account]:  # noqa: ARG001 — leave, not input
    """Everyone's accounts that have any fact, by owner."""
    has_facts = exists().where(transactions.c.account_id == accounts.c.id)
    query = select(accounts).where(has_facts).order_by(accounts.c.owner_id, accounts.c.id)
    return [homes.account(row) for row in db.execute(query)]


def first_days(db: ReadDb, caretaker: Caretaker) -> dict[InstrumentId, TradingDay]:  # noqa: ARG001
    """Everyone's instruments, as first or as other one of a live fact, with the day of the earliest: what
    closes and market actions are fetched for."""
    facts = transactions.c
    found: dict[InstrumentId, TradingDay] = {}
    for column in (facts.instrument_id, facts.other_id):
        query = select(column, func.min(facts.day)).where(column.is_not(None), facts.book == Book.LIVE)
        for id, day in db.execute(query.group_by(column)):
            found[InstrumentId(id)] = min(day, found.get(InstrumentId(id), day))
    return found


def holders(
    db: ReadDb,
    caretaker: Caretaker,  # noqa: ARG001 — leave, not input
    instruments: Collection[InstrumentId],
) -> dict[InstrumentId, list[tuple[PersonId, AccountId]]]:
    """Whose accounts have live facts about these instruments, by owner; on ix_transactions_instrument."""
    facts = transactions.c
    which = (among(db, facts.instrument_id, instruments), facts.book == Book.LIVE)
    query = select(facts.instrument_id, facts.owner_id, facts.account_id).where(*which).distinct()
    found: dict[InstrumentId, list[tuple[PersonId, AccountId]]] = {}
    for id, owner, account in db.execute(query.order_by(facts.owner_id, facts.account_id)):
        found.setdefault(InstrumentId(id), []).append((PersonId(owner), AccountId(account)))
    return found


def stream_all(db: ReadDb, caretaker: Caretaker) -> Iterator[tuple[Account, list[Transaction]]]:
    """Every account's facts, one book at a time, oldest first, without tags: what `check` folds.

    Reversed facts and reversals are among them. Memory: one account's book.
    """
    for account in accounts_with_facts(db, caretaker):
        for book in Book:
            which = (transactions.c.account_id == account.id, transactions.c.book == book)
            query = select(*COLUMNS).where(*which).order_by(transactions.c.day, transactions.c.id)
            facts = [transaction(row, ()) for row in db.execute(query)]
            if facts:
                yield account, facts
