"""Folded books, remembered: the fold of an account's facts is reused until a fact is added.

Facts are append-only, so an account's newest fact and their number name its state exactly; the latest
statement joins the key because breaks depend on it. Only committed states are remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import func, select

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import Currency, Money
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.positions import Holdings, Position, fold
from tunefolio.ledger.reconcile import Break, Claim, compare
from tunefolio.ledger.transactions import Transaction
from tunefolio.services.memories import Memory
from tunefolio.store import statements, tables, transactions
from tunefolio.store.db import ReadDb
from tunefolio.store.viewers import owned

_NOTHING = Holdings({}, {}, {})


class Counted(Position):
    """A position that counts its lots once: a remembered fold is asked for its sums at every look."""

    @cached_property
    def quantity(self) -> Decimal:
        return super().quantity

    @cached_property
    def cost(self) -> Money:
        return super().cost


def counted(position: Position) -> Counted:
    """The same position, counting once."""
    return Counted(position.instrument, position.currency, position.lots, position.matches, position.income)


class State(NamedTuple):
    """Names what is folded: the newest fact, how many there are, the newest statement; 0 for none.

    The number is needed beside the newest id: on PostgreSQL a lower id may be committed after a higher one.
    """

    newest: int
    number: int
    statement: int


@dataclass(frozen=True, slots=True)
class Folded:
    """One account's live book. problem: why it is stopped, "" when it is sound; then holdings are empty.

    breaks: where the latest statement differs, seen at `stated`. realised, income: summed once, by currency.
    """

    state: State
    holdings: Holdings
    breaks: tuple[Break, ...]
    stated: Instant | None
    problem: str = ""
    realised: Mapping[Currency, Money] = field(default_factory=dict)
    income: Mapping[Currency, Money] = field(default_factory=dict)


_remembered: Memory[AccountId, Folded] = Memory(1_000)


def folded(db: ReadDb, viewer: Viewer, accounts: Sequence[Account]) -> dict[AccountId, Folded]:
    """The viewer's accounts, folded, in the order given. Two queries when all are remembered; then one
    for the facts of all the others together and one for each of these that has a statement."""
    states = _states(db, viewer, [account.id for account in accounts])
    known: dict[AccountId, Folded] = {}
    for account, state in states.items():
        kept = _remembered.find(db, account, state)
        if kept is not None:
            known[account] = kept
    missing = [account for account in states if account not in known]
    histories = transactions.of_accounts(db, viewer, missing, book=Book.LIVE) if missing else {}
    for account in missing:
        known[account] = _fold(db, viewer, account, histories.get(account, []), states[account])
        _remembered.keep(db, account, states[account], known[account])
    return {account.id: known[account.id] for account in accounts}


def _fold(
    db: ReadDb, viewer: Viewer, account: AccountId, history: Sequence[Transaction], state: State
) -> Folded:
    latest = statements.latest(db, viewer, account) if state.statement else None
    try:
        bare = fold(history)
        positions = {id: counted(position) for id, position in bare.positions.items()}
        holdings = Holdings(dict[InstrumentId, Position](positions), bare.cash, bare.fees)
        breaks: tuple[Break, ...] = ()
        if latest is not None:
            claims = [Claim(h.instrument, h.settled + h.unsettled, h.average_price) for h in latest.lines]
            breaks = compare(claims, history).breaks
        realised = _summed((p.currency, p.realised) for p in positions.values())
        income = _summed((p.currency, p.income) for p in positions.values())
        return Folded(state, holdings, breaks, latest.at if latest else None, "", realised, income)
    except (BrokenLaw, Misuse) as problem:
        return Folded(state, _NOTHING, (), None, str(problem))


def _summed(amounts: Iterable[tuple[Currency, Money]]) -> dict[Currency, Money]:
    sums: dict[Currency, Money] = {}
    for currency, amount in amounts:
        sums[currency] = sums.get(currency, Money.zero(currency)) + amount
    return sums


def _states(db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId]) -> dict[AccountId, State]:
    facts, said = tables.transactions, tables.statements
    heads: Mapping[AccountId, tuple[int, int]] = {
        row.account_id: (row.newest, row.number)
        for row in db.execute(
            select(facts.c.account_id, func.max(facts.c.id).label("newest"), func.count().label("number"))
            .where(owned(facts, viewer), facts.c.account_id.in_(accounts), facts.c.book == Book.LIVE.value)
            .group_by(facts.c.account_id)
        )
    }
    claims: Mapping[AccountId, int] = {
        row.account_id: row.newest
        for row in db.execute(
            select(said.c.account_id, func.max(said.c.id).label("newest"))
            .where(owned(said, viewer), said.c.account_id.in_(accounts))
            .group_by(said.c.account_id)
        )
    }
    return {account: State(*heads.get(account, (0, 0)), claims.get(account, 0)) for account in accounts}
