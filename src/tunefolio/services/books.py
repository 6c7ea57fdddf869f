"""Folded books, remembered: the fold of an account's facts is reused until a fact is added.

Facts are append-only, so an account's newest fact and their number name its state exactly; the latest
statement joins the key because breaks depend on it. Only committed states are remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import AccountId
from tunefolio.core.money import Currency, Money
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.positions import Holdings, Position, fold
from tunefolio.ledger.reconcile import Break, Claim, compare
from tunefolio.ledger.transactions import Transaction
from tunefolio.services.memories import Memory
from tunefolio.store import statements, transactions
from tunefolio.store.db import ReadDb

_NOTHING = Holdings({}, {}, {})


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
    open: the positions that hold something.
    """

    state: State
    holdings: Holdings
    breaks: tuple[Break, ...]
    stated: Instant | None
    problem: str = ""
    realised: Mapping[Currency, Money] = field(default_factory=dict)
    income: Mapping[Currency, Money] = field(default_factory=dict)
    open: tuple[Position, ...] = ()


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
        holdings = fold(history)
        breaks: tuple[Break, ...] = ()
        if latest is not None:
            claims = [Claim(h.instrument, h.settled + h.unsettled, h.average_price) for h in latest.lines]
            breaks = compare(claims, history).breaks
        realised = _summed((p.currency, p.realised) for p in holdings.positions.values())
        income = _summed((p.currency, p.income) for p in holdings.positions.values())
        stated = latest.at if latest else None
        return Folded(state, holdings, breaks, stated, "", realised, income, holdings.open())
    except (BrokenLaw, Misuse) as problem:
        return Folded(state, _NOTHING, (), None, str(problem))


def _summed(amounts: Iterable[tuple[Currency, Money]]) -> dict[Currency, Money]:
    sums: dict[Currency, Money] = {}
    for currency, amount in amounts:
        sums[currency] = sums.get(currency, Money.zero(currency)) + amount
    return sums


def _states(db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId]) -> dict[AccountId, State]:
    heads = transactions.heads(db, viewer, accounts, book=Book.LIVE)
    claims = statements.newest(db, viewer, accounts)
    return {account: State(*heads.get(account, (0, 0)), claims.get(account, 0)) for account in accounts}
