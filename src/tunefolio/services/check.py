"""All laws on the real books: the ledger's own on every account and book, then the store's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import AccountId
from tunefolio.core.money import plain
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.invariants import family_violations, violations
from tunefolio.ledger.positions import Holdings, fold_all
from tunefolio.ledger.reconcile import Claim, compare
from tunefolio.ledger.transactions import Transaction
from tunefolio.services.books import kin_of
from tunefolio.services.house import House
from tunefolio.services.terms import terms_of
from tunefolio.services.views.laws import of_views
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

    progress: (accounts done, accounts there are). Memory: the books of one person, whose accounts are folded
    together.
    """
    findings: list[Finding] = []
    with house.database.reading() as db:
        total = len(transactions.accounts_with_facts(db, _CARETAKER))
        done = 0
        every = transactions.stream_all(db, _CARETAKER)
        for owner, some in groupby(every, key=lambda one: one[0].owner):
            books = _Books(db, Viewer(owner), list(some))
            findings += books.findings()
            for account in books.accounts:
                findings += [Finding(account, law, detail) for law, detail in _of_snapshots(db, account)]
                done += 1
                progress(done, total)
            findings += [
                Finding(account, law, detail) for account, law, detail in of_views(db, house, books.live)
            ]
    return findings


class _Books:
    """All books of one person: what is linked by transfers is folded together, everything else apart."""

    def __init__(
        self, db: ReadDb, viewer: Viewer, streamed: Sequence[tuple[Account, list[Transaction]]]
    ) -> None:
        self._db, self._viewer = db, viewer
        self.accounts = list({account.id: account for account, _ in streamed}.values())
        self._by_id = {account.id: account for account in self.accounts}
        self._books: dict[Book, dict[AccountId, list[Transaction]]] = {}
        for account, facts in streamed:
            self._books.setdefault(facts[0].book, {})[account.id] = facts
        self.live: list[tuple[Account, Holdings]] = []

    def findings(self) -> Iterator[Finding]:
        for book, histories in self._books.items():
            for together in _linked(histories):
                yield from self._of_linked(book, {id: histories[id] for id in sorted(together)})

    def _of_linked(self, book: Book, histories: Mapping[AccountId, list[Transaction]]) -> Iterator[Finding]:
        """The ledger's laws; books that cannot be folded are themselves the finding."""
        met = {fact.fact.instrument for facts in histories.values() for fact in facts}
        met |= {fact.fact.other for facts in histories.values() for fact in facts}
        terms = terms_of(self._db, self._viewer, {id for id in met if id is not None})
        try:
            folds = fold_all(histories, terms)
        except (BrokenLaw, Misuse) as broken:
            for id in histories:
                yield Finding(self._by_id[id], "the book folds", str(broken))
            return
        for id, facts in histories.items():
            home = self._by_id[id]
            for violation in violations(facts, folds[id]):
                yield Finding(home, violation.law, violation.detail)
            if book is Book.LIVE:
                self.live.append((home, folds[id]))
                for law, detail in _of_openings(self._db, home, facts, folds[id]):
                    yield Finding(home, law, detail)
        for violation in family_violations(histories, folds):
            yield Finding(self._by_id[min(histories)], violation.law, violation.detail)


def _linked(histories: Mapping[AccountId, Sequence[Transaction]]) -> list[set[AccountId]]:
    """Accounts in groups that no transfer leaves; one that names a stranger stands in its own."""
    group = {account: {account} for account in histories}
    for account, facts in histories.items():
        for fact in facts:
            other = fact.fact.counterpart
            if other in group and group[other] is not group[account]:
                group[account] |= group[other]
                for member in group[other]:
                    group[member] = group[account]
    return list({id(members): members for members in group.values()}.values())


def _of_openings(
    db: ReadDb, account: Account, facts: Sequence[Transaction], holdings: Holdings
) -> Iterator[tuple[str, str]]:
    """Openings agree with the newest statement: reconciling it again would change nothing."""
    latest = statements.latest(db, Viewer(account.owner), account.id)
    if latest is None:
        return
    claims = [Claim(line.instrument, line.quantity, line.average_price) for line in latest.lines]
    kin = kin_of(db, {claim.instrument for claim in claims} | set(holdings.positions))
    again = compare(claims, facts, holdings.positions, kin)
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
    invested = sum((line.invested.amount for line in lines), Decimal(0))
    value = sum((line.value.amount for line in lines if line.value is not None), Decimal(0))
    unpriced = sum(line.value is None for line in lines)
    law, name = "a snapshot is the sum of its lines", f"snapshot {snapshot.id}"
    if snapshot.invested is None or snapshot.invested.amount != invested:
        yield law, f"{name}: invested {snapshot.invested}, lines {invested:f}"
    if snapshot.value is None or snapshot.value.amount != value:
        yield law, f"{name}: value {snapshot.value}, lines {value:f}"
    if snapshot.unpriced != unpriced:
        yield law, f"{name}: {snapshot.unpriced} unpriced, lines {unpriced}"
