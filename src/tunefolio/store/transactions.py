"""The books: appended to, never changed. A fact is taken back by a reversal, a row of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, insert, or_, select, tuple_

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, ImportId, InstrumentId, PortfolioId, TransactionId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.transactions import Fact, Kind, Transaction
from tunefolio.store import accounts as homes
from tunefolio.store.batches import batches
from tunefolio.store.columns import Day, Id
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import accounts, instruments, taggings, transactions
from tunefolio.store.tables import tags as words
from tunefolio.store.transaction_rows import COLUMNS, reversal_row, row_of, transaction
from tunefolio.store.viewers import owned

_reversals = transactions.alias("reversals")
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


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """Which of the viewer's facts to show; None: any. until: exclusive; text: in note, symbol or name."""

    account: AccountId | None = None
    portfolio: PortfolioId | None = None
    instrument: InstrumentId | None = None
    kind: Kind | None = None
    tag: str | None = None
    text: str | None = None
    since: TradingDay | None = None
    until: TradingDay | None = None
    import_id: ImportId | None = None
    book: Book = Book.LIVE
    with_reversed: bool = False


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
    for batch in batches(keys):
        query = (
            select(transactions.c.source_key, _reversals.c.id)
            .outerjoin(
                _reversals, and_(_reversals.c.reverses == transactions.c.id, owned(_reversals, viewer))
            )
            .where(owned(transactions, viewer), transactions.c.account_id == account)
            .where(transactions.c.book == book, transactions.c.source_key.in_(batch))
        )
        for key, reversal in db.execute(query):
            count, is_standing = known.get(key, (0, False))
            known[key] = (count + 1, is_standing or reversal is None)
    return known


def _insert(db: WriteDb, viewer: Viewer, rows: list[dict[str, Any]]) -> list[TransactionId]:
    """Insert by executemany, then read the ids back: faster than RETURNING, and in the order given."""
    if not rows:
        return []
    db.execute_many(insert(transactions), rows)
    keys = [(row["source_key"], row["generation"]) for row in rows]
    found: dict[tuple[str, int], TransactionId] = {}
    for batch in batches(key for key, _ in keys):
        query = select(transactions.c.source_key, transactions.c.generation, transactions.c.id).where(
            owned(transactions, viewer),
            transactions.c.account_id == rows[0]["account_id"],
            transactions.c.book == rows[0]["book"],
            transactions.c.source_key.in_(batch),
        )
        for key, generation, id in db.execute(query):
            found[(key, generation)] = TransactionId(id)
    return [found[key] for key in keys]


def reverse(db: WriteDb, viewer: Viewer, ids: Iterable[TransactionId], *, source: str, now: Instant) -> int:
    """Take facts back, each at most once; how many. Leaves reversals, facts taken back and strangers'."""
    count = 0
    for batch in batches(ids):
        query = select(*COLUMNS).where(owned(transactions, viewer), transactions.c.id.in_(batch))
        rows = db.execute(query.where(_in_force(viewer)).order_by(transactions.c.id)).all()
        reversals = [reversal_row(row, viewer.person, source, now) for row in rows]
        if reversals:
            added = db.upsert(transactions).on_conflict_do_nothing().returning(transactions.c.id)
            count += len(db.execute(added, reversals).all())
    return count


def _in_force(viewer: Viewer) -> ColumnElement[bool]:
    """Neither a reversal nor reversed; one probe of uq_transactions_reverses a row."""
    taken_back = exists().where(_reversals.c.reverses == transactions.c.id, owned(_reversals, viewer))
    return and_(transactions.c.reverses.is_(None), ~taken_back)


def of_account(
    db: ReadDb, viewer: Viewer, account: AccountId, *, book: Book = Book.LIVE, until: TradingDay | None = None
) -> Iterator[Transaction]:
    """Every fact of one account and book, reversed ones and reversals too, by day, then as recorded.

    until: exclusive. One query on ix_transactions_account_day and one for tags; streams, so that memory is
    flat in the length of the history. Nothing for another's account.
    """
    which = (transactions.c.account_id == account, transactions.c.book == book)
    query = select(*COLUMNS).where(owned(transactions, viewer), *which)
    if until is not None:
        query = query.where(transactions.c.day < until)
    labels = _labels(db, viewer, and_(*which))
    ordered = query.order_by(transactions.c.day, transactions.c.id)
    for row in db.execute(ordered.execution_options(yield_per=1_000)):
        yield transaction(row, labels.get(row.id, ()))


def of_accounts(
    db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId], *, book: Book = Book.LIVE
) -> dict[AccountId, list[Transaction]]:
    """The facts in force of many accounts, each oldest first; an account without any has an empty list.

    One query on ix_transactions_account_day and one for tags; 10,000 facts in about 100 ms.
    """
    found: dict[AccountId, list[Transaction]] = {account: [] for account in accounts}
    which = and_(transactions.c.account_id.in_(found), transactions.c.book == book)
    query = select(*COLUMNS).where(owned(transactions, viewer), which, _in_force(viewer))
    labels = _labels(db, viewer, which)
    for row in db.execute(query.order_by(transactions.c.account_id, transactions.c.day, transactions.c.id)):
        found[row.account_id].append(transaction(row, labels.get(row.id, ())))
    return found


def heads(
    db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId], *, book: Book = Book.LIVE
) -> dict[AccountId, tuple[int, int]]:
    """For each account with facts: the newest id and how many. Append-only, so the two name a state.

    The number is needed beside the id: on PostgreSQL a lower id may be committed after a higher one. One
    query on ix_transactions_account_day.
    """
    facts = transactions.c
    query = (
        select(facts.account_id, func.max(facts.id), func.count())
        .where(owned(transactions, viewer), facts.account_id.in_(accounts), facts.book == book)
        .group_by(facts.account_id)
    )
    return {AccountId(id): (newest, number) for id, newest, number in db.execute(query)}


def transaction_of(db: ReadDb, viewer: Viewer, id: TransactionId) -> Transaction:
    """One fact of the viewer's, whether it stands or not; raises NotFound."""
    found = _all(db, viewer, select(*COLUMNS).where(owned(transactions, viewer), transactions.c.id == id))
    if not found:
        raise NotFound("transaction")
    return found[0]


def of_import(db: ReadDb, viewer: Viewer, import_id: ImportId) -> list[Transaction]:
    """The facts one import recorded, reversed ones too, as recorded; on ix_transactions_import."""
    query = select(*COLUMNS).where(owned(transactions, viewer), transactions.c.import_id == import_id)
    return _all(db, viewer, query.order_by(transactions.c.id))


def page(
    db: ReadDb,
    viewer: Viewer,
    *,
    filter: TransactionFilter,
    before: tuple[TradingDay, TransactionId] | None,
    limit: int,
) -> list[Transaction]:
    """The viewer's facts, newest day first, from the one after `before`; only those in force unless asked.

    Keyset on ix_transactions_owner_day: any page costs the same, but for filters that few facts pass.
    """
    query = select(*COLUMNS).where(owned(transactions, viewer), *_conditions(viewer, filter))
    if before is not None:
        query = query.where(
            tuple_(transactions.c.day, transactions.c.id) < tuple_(*before, types=(Day(), Id))
        )
    query = query.order_by(transactions.c.day.desc(), transactions.c.id.desc()).limit(limit)
    return _all(db, viewer, query)


def _conditions(viewer: Viewer, wanted: TransactionFilter) -> Iterator[ColumnElement[bool]]:
    facts = transactions.c
    yield facts.book == wanted.book
    if not wanted.with_reversed:
        yield _in_force(viewer)
    if wanted.account is not None:
        yield facts.account_id == wanted.account
    if wanted.portfolio is not None:
        inside = select(accounts.c.id).where(
            owned(accounts, viewer), accounts.c.portfolio_id == wanted.portfolio
        )
        yield facts.account_id.in_(inside)
    if wanted.instrument is not None:
        yield facts.instrument_id == wanted.instrument
    if wanted.kind is not None:
        yield facts.kind == wanted.kind
    if wanted.since is not None:
        yield facts.day >= wanted.since
    if wanted.until is not None:
        yield facts.day < wanted.until
    if wanted.import_id is not None:
        yield facts.import_id == wanted.import_id
    if wanted.tag is not None:
        yield facts.id.in_(_tagged(viewer, wanted.tag))
    if wanted.text:
        yield _holds(wanted.text)


def _tagged(viewer: Viewer, name: str) -> Select[int]:
    return (
        select(taggings.c.transaction_id)
        .join(words, and_(words.c.id == taggings.c.tag_id, owned(words, viewer)))
        .where(owned(taggings, viewer), words.c.name == name)
    )


def _holds(text: str) -> ColumnElement[bool]:
    symbol, name = instruments.c.symbol, instruments.c.name
    named = or_(symbol.icontains(text, autoescape=True), name.icontains(text, autoescape=True))
    among = transactions.c.instrument_id.in_(select(instruments.c.id).where(named))
    return or_(transactions.c.note.icontains(text, autoescape=True), among)


def _all(db: ReadDb, viewer: Viewer, query: Select[Any]) -> list[Transaction]:
    rows = db.execute(query).all()
    labels: dict[int, tuple[str, ...]] = {}
    for batch in batches(row.id for row in rows):
        labels |= _labels(db, viewer, transactions.c.id.in_(batch))
    return [transaction(row, labels.get(row.id, ())) for row in rows]


def _labels(db: ReadDb, viewer: Viewer, which: ColumnElement[bool]) -> dict[int, tuple[str, ...]]:
    """Tag names in order, by fact; from the viewer's taggings, which are few."""
    query = (
        select(taggings.c.transaction_id, words.c.name)
        .join(words, and_(words.c.id == taggings.c.tag_id, owned(words, viewer)))
        .join(transactions, and_(transactions.c.id == taggings.c.transaction_id, owned(transactions, viewer)))
        .where(owned(taggings, viewer), which)
        .order_by(words.c.name)
    )
    labels: dict[int, tuple[str, ...]] = {}
    for id, name in db.execute(query):
        labels[id] = (*labels.get(id, ()), name)
    return labels


def tag(db: WriteDb, viewer: Viewer, id: TransactionId, name: str) -> None:
    """Mark a fact with a word (twice is once); raises NotFound for another's fact, Misuse for no word."""
    transaction_of(db, viewer, id)
    row = {"owner_id": viewer.person, "name": tag_name(name)}
    db.execute(db.upsert(words).values(row).on_conflict_do_nothing())
    which = (owned(words, viewer), words.c.name == row["name"])
    key = db.execute(select(words.c.id).where(*which)).scalar_one()
    tagging = {"owner_id": viewer.person, "tag_id": key, "transaction_id": id}
    db.execute(db.upsert(taggings).values(tagging).on_conflict_do_nothing())


def untag(db: WriteDb, viewer: Viewer, id: TransactionId, name: str) -> bool:
    """Take a word off a fact; whether it was there. The word itself stays known."""
    word = select(words.c.id).where(owned(words, viewer), words.c.name == tag_name(name))
    which = (owned(taggings, viewer), taggings.c.transaction_id == id, taggings.c.tag_id.in_(word))
    return db.execute(delete(taggings).where(*which)).rowcount > 0


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
