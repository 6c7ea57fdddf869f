"""All laws on the real books: the ledger's own on every account and book, then the store's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.money import plain
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.invariants import violations
from tunefolio.ledger.positions import fold
from tunefolio.ledger.reconcile import Claim, compare
from tunefolio.ledger.transactions import Transaction
from tunefolio.services.house import House
from tunefolio.store import snapshots, statements, transactions
from tunefolio.store.db import ReadDb
from tunefolio.store.snapshots import Snapshot, SnapshotFilter, SnapshotState

_CARETAKER = Caretaker("check")
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """A law that does not hold in an account's books, and where."""

    account: Account
    law: str
    detail: str


def check(house: House, progress: Callable[[int, int], None] = lambda _done, _total: None) -> list[Finding]:
    """Every law on every account that has facts, in one consistent view; empty when all is well.

    progress: (accounts done, accounts there are). Memory: one account's book.
    """
    findings: list[Finding] = []
    with house.database.reading() as db:
        total = len(transactions.accounts_with_facts(db, _CARETAKER))
        seen: list[int] = []
        for account, facts in transactions.stream_all(db, _CARETAKER):
            findings += [Finding(account, law, detail) for law, detail in _of_book(db, account, facts)]
            if account.id not in seen[-1:]:
                seen.append(account.id)
                findings += [Finding(account, law, detail) for law, detail in _of_snapshots(db, account)]
                progress(len(seen), total)
    return findings


def _of_book(db: ReadDb, account: Account, facts: Sequence[Transaction]) -> Iterator[tuple[str, str]]:
    """The ledger's laws; a book that cannot be folded is itself the finding."""
    try:
        holdings = fold(facts)
    except (BrokenLaw, Misuse) as broken:
        yield "the book folds", str(broken)
        return
    for violation in violations(facts, holdings):
        yield violation.law, violation.detail
    if facts[0].book is Book.LIVE:
        yield from _of_openings(db, account, facts)


def _of_openings(db: ReadDb, account: Account, facts: Sequence[Transaction]) -> Iterator[tuple[str, str]]:
    """Openings agree with the newest statement: reconciling it again would change nothing."""
    latest = statements.latest(db, Viewer(account.owner), account.id)
    if latest is None:
        return
    claims = [Claim(line.instrument, line.quantity, line.average_price) for line in latest.lines]
    again = compare(claims, facts)
    law = "openings agree with the newest statement"
    for opening in again.openings:
        yield (
            law,
            f"instrument {opening.instrument}: it says {plain(opening.quantity)} for {opening.cost}",
        )
    for former in again.reversals:
        yield law, f"transaction {former.id} is not what the statement says"


def _of_snapshots(db: ReadDb, account: Account) -> Iterator[tuple[str, str]]:
    """At most one standing snapshot per type and day, each the sum of its lines."""
    seen: set[tuple[str, str]] = set()
    for snapshot in _all_snapshots(db, account):
        key = (snapshot.type.value, snapshot.day.iso())
        if key in seen:
            yield "one snapshot a day", f"two of {key[0]} on {key[1]}"
        seen.add(key)
        if snapshot.state is SnapshotState.TAKEN:
            yield from _of_sums(db, account, snapshot)


def _all_snapshots(db: ReadDb, account: Account) -> Iterator[Snapshot]:
    chosen = SnapshotFilter(account=account.id, with_replaced=False)
    before = None
    while some := snapshots.page(db, Viewer(account.owner), filter=chosen, before=before, limit=_PAGE):
        yield from some
        before = (some[-1].day, some[-1].id)


def _of_sums(db: ReadDb, account: Account, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    lines = snapshots.lines(db, Viewer(account.owner), snapshot.id)
    mine = [line for line in lines if line.invested.currency == snapshot.currency]
    invested = sum((line.invested.amount for line in mine), Decimal(0))
    value = sum((line.value.amount for line in mine if line.value is not None), Decimal(0))
    unpriced = len(lines) - sum(line.value is not None for line in mine)
    law, name = "a snapshot is the sum of its lines", f"snapshot {snapshot.id}"
    if snapshot.invested is None or snapshot.invested.amount != invested:
        yield law, f"{name}: invested {snapshot.invested}, lines {invested:f}"
    if snapshot.value is None or snapshot.value.amount != value:
        yield law, f"{name}: value {snapshot.value}, lines {value:f}"
    if snapshot.unpriced != unpriced:
        yield law, f"{name}: {snapshot.unpriced} unpriced, lines {unpriced}"
