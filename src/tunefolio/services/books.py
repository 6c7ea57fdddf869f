"""Folded books, remembered: one more fact refolds the few facts it touches.

Facts are append-only, so an account's newest fact and their number name its state exactly; the latest
statement joins the key because breaks depend on it. Only committed states are remembered. Accounts that
exchange units are folded together; one that contradicts itself stops those it is linked with and no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PersonId, TransactionId
from tunefolio.core.money import Currency, Money
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.positions import Folding, Holdings, Nature, Position, Terms, folding, in_force
from tunefolio.ledger.reconcile import Break, Claim, compare
from tunefolio.ledger.transactions import Transaction
from tunefolio.services.memories import Memory
from tunefolio.services.terms import nature_of, terms_of
from tunefolio.store import instruments, statements, transactions
from tunefolio.store.db import ReadDb
from tunefolio.store.heads import Head, heads

_NOTHING = Holdings({}, {}, {})
_ACTION = "action:"
_Facts = Mapping[TransactionId, Transaction]


@dataclass(frozen=True)
class Folded:
    """One account's live book. problem: why it is stopped, "" when it is sound; then holdings are empty.

    facts: those in force, by id. breaks: where the latest statement differs, seen at `stated`.
    realised, income: summed once, by currency. open: the positions that hold or owe something.
    applied: references of the corporate actions that stand in it.
    """

    state: Head
    holdings: Holdings
    facts: _Facts
    breaks: tuple[Break, ...]
    stated: Instant | None
    problem: str = ""
    realised: Mapping[Currency, Money] = field(default_factory=dict)
    income: Mapping[Currency, Money] = field(default_factory=dict)
    open: tuple[Position, ...] = ()

    @cached_property
    def applied(self) -> frozenset[str]:
        keys = (fact.source_key for fact in self.facts.values())
        return frozenset(key.removeprefix(_ACTION) for key in keys if key.startswith(_ACTION))


@dataclass(frozen=True, slots=True)
class _Linked:
    """Accounts that exchange units, folded together; a problem stops them all."""

    accounts: frozenset[AccountId]
    folding: Folding | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Shelf:
    """All books of one person as of some states. natures: of every instrument met so far; it only grows."""

    states: Mapping[AccountId, Head]
    facts: Mapping[AccountId, _Facts]
    linked: Mapping[AccountId, _Linked]
    folded: Mapping[AccountId, Folded]
    natures: dict[InstrumentId, Nature]


_remembered: Memory[PersonId, _Shelf] = Memory(100)


def folded(db: ReadDb, viewer: Viewer, accounts: Sequence[Account]) -> dict[AccountId, Folded]:
    """The viewer's accounts, folded, in the order given.

    Two queries when all are remembered. After an edit the facts since are read and their groups refolded;
    an account not yet remembered costs its history.
    """
    shelf = _shelf(db, viewer)
    return {account.id: shelf.folded[account.id] for account in accounts}


def linked_folds(db: ReadDb, viewer: Viewer, account: AccountId) -> dict[AccountId, Folded]:
    """The account, folded, and every other that its units came from or went to: a change of one changes them
    all. {} when it is not the viewer's."""
    shelf = _shelf(db, viewer)
    if account not in shelf.linked:
        return {}
    return {id: fold for id, fold in shelf.folded.items() if id in shelf.linked[account].accounts}


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account's facts leave, without a look at its statements. problem: why it is stopped."""

    positions: Mapping[InstrumentId, Position]
    problem: str = ""


def standing(db: ReadDb, viewer: Viewer, account: Account, history: Sequence[Transaction]) -> Standing:
    """What these facts leave: all of the account's live book, just read, by whoever is about to change it.

    Like `folded`, whose answer it is where units came from other accounts or went there. A writer remembers
    nothing, so that for each `folded` reads all facts and the last statement again.
    """
    moved = any(one.fact.counterpart is not None for one in history)
    if moved or not transactions.is_unnamed(db, viewer, account.id):
        fold = folded(db, viewer, [account])[account.id]
        return Standing(fold.holdings.positions, fold.problem)
    facts = in_force(history)
    met = {id for one in facts for id in (one.fact.instrument, one.fact.other) if id is not None}
    terms = terms_of(db, viewer, met)
    linked = _fold(frozenset({account.id}), None, (), {account.id: {one.id: one for one in facts}}, terms)
    if linked.folding is None:
        return Standing({}, linked.problem)
    return Standing(linked.folding.holdings(account.id).positions)


def _shelf(db: ReadDb, viewer: Viewer) -> _Shelf:
    states = heads(db, viewer)
    former = _remembered.last(db, viewer.person) or _Shelf({}, {}, {}, {}, {})
    if former.states == states:
        return former
    shelf = _refreshed(db, viewer, former, states)
    _remembered.keep(db, viewer.person, states, shelf)
    return shelf


def kin_of(db: ReadDb, ids: Collection[InstrumentId]) -> dict[InstrumentId, str]:
    """What makes instruments one company's: their ISIN; those without one are nobody's kin."""
    known = instruments.of_ids(db, sorted(ids))
    return {id: str(instrument.isin) for id, instrument in known.items() if instrument.isin is not None}


def _refreshed(db: ReadDb, viewer: Viewer, former: _Shelf, states: Mapping[AccountId, Head]) -> _Shelf:
    """The shelf as of `states`. Steps: 1 read what is new; 2 refold what it touches; 3 compare those accounts
    that changed with their statements."""
    added = _added(db, viewer, former, states)
    facts = {account: _with(former.facts[account], new) for account, new in added.items()}
    missing = [
        account
        for account, state in states.items()
        if account not in added and (account not in former.states or state[:2] != former.states[account][:2])
    ]
    if missing:
        loaded = transactions.of_accounts(db, viewer, missing, book=Book.LIVE)
        facts |= {account: {fact.id: fact for fact in history} for account, history in loaded.items()}
    whole = {account: facts.get(account, former.facts.get(account, {})) for account in states}
    fresh = [fact for new in added.values() for fact in new]
    fresh += [fact for account in missing for fact in facts[account].values()]
    natures = _natures(db, former.natures, fresh)
    linked = _linked(former, states, whole, added, natures)
    shelf: dict[AccountId, Folded] = {}
    for account, state in states.items():
        kept = former.folded.get(account)
        same = kept is not None and kept.state == state and former.linked[account] is linked[account]
        if same and kept is not None:
            shelf[account] = kept
        else:
            shelf[account] = _account(db, viewer, account, state, whole[account], linked[account])
    return _Shelf(states, whole, linked, shelf, natures)


def _added(
    db: ReadDb, viewer: Viewer, former: _Shelf, states: Mapping[AccountId, Head]
) -> dict[AccountId, list[Transaction]]:
    """Per account that has grown and can be followed: its new facts and reversals, as recorded."""
    grown = {
        account: former.states[account]
        for account, state in states.items()
        if account in former.states and state[:2] != former.states[account][:2]
    }
    if not grown:
        return {}
    since = min(state.newest for state in grown.values())
    new: dict[AccountId, list[Transaction]] = {account: [] for account in grown}
    for fact in transactions.changed_since(db, viewer, sorted(grown), since):
        if fact.id > grown[fact.account].newest:
            new[fact.account].append(fact)
    return {
        account: some
        for account, some in new.items()
        if grown[account].number + len(some) == states[account].number
    }


def _with(facts: _Facts, new: Iterable[Transaction]) -> _Facts:
    """Facts in force after the new ones: a reversal takes its fact away."""
    standing = dict(facts)
    for fact in new:
        if fact.reverses is None:
            standing[fact.id] = fact
        else:
            standing.pop(fact.reverses, None)
    return standing


def _natures(
    db: ReadDb, former: dict[InstrumentId, Nature], new: Iterable[Transaction]
) -> dict[InstrumentId, Nature]:
    """Grown in place: folded books keep the mapping, and learn of instruments that later facts bring."""
    met: set[InstrumentId] = set()
    for fact in new:
        met |= {id for id in (fact.fact.instrument, fact.fact.other) if id is not None}
    unknown = sorted(met - former.keys())
    if unknown:
        known = instruments.of_ids(db, unknown)
        former.update((id, nature_of(instrument)) for id, instrument in known.items())
    return former


def _linked(
    former: _Shelf,
    states: Mapping[AccountId, Head],
    whole: Mapping[AccountId, _Facts],
    added: Mapping[AccountId, Sequence[Transaction]],
    natures: dict[InstrumentId, Nature],
) -> dict[AccountId, _Linked]:
    """Each account's linked accounts, folded: as they were, refolded, or anew."""
    found: dict[AccountId, _Linked] = {}
    for together in _components(former, states, whole, added):
        was = former.linked.get(min(together))
        follows = (
            was is not None
            and was.accounts == together
            and all(former.states[a].method == states[a].method for a in together)
            and all(a in added or former.facts.get(a) is whole[a] for a in together)
        )
        more = [fact for account in sorted(together) for fact in added.get(account, ())]
        if was is not None and follows and not more:
            now = was
        else:
            terms = Terms(natures, {account: states[account].method for account in together})
            base = was.folding if was is not None and follows else None
            now = _fold(together, base, more, whole, terms)
        found |= dict.fromkeys(together, now)
    return found


def _components(
    former: _Shelf,
    states: Mapping[AccountId, Head],
    whole: Mapping[AccountId, _Facts],
    added: Mapping[AccountId, Sequence[Transaction]],
) -> list[frozenset[AccountId]]:
    """Accounts in groups that no transfer of units leaves. Of accounts known before only the new facts are
    asked; a link that was taken back stays until everything is read anew, which does no harm."""
    group: dict[AccountId, set[AccountId]] = {account: {account} for account in states}

    def join(one: AccountId, other: AccountId) -> None:
        if other in group and group[one] is not group[other]:
            group[one] |= group[other]
            for account in group[other]:
                group[account] = group[one]

    for account in states:
        known = former.linked.get(account) if former.facts.get(account) is whole[account] else None
        known = former.linked.get(account) if account in added else known
        for other in known.accounts if known is not None else ():
            join(account, other)
        facts = added.get(account, whole[account].values() if known is None else ())
        for fact in facts:
            if fact.fact.counterpart is not None:
                join(account, fact.fact.counterpart)
    return list({id(members): frozenset(members) for members in group.values()}.values())


def _fold(
    together: frozenset[AccountId],
    base: Folding | None,
    more: Sequence[Transaction],
    whole: Mapping[AccountId, _Facts],
    terms: Terms,
) -> _Linked:
    try:
        if base is not None:
            return _Linked(together, base.refold(more))
        histories = {account: list(whole[account].values()) for account in sorted(together)}
        return _Linked(together, folding(histories, terms))
    except (BrokenLaw, Misuse) as problem:
        return _Linked(together, None, str(problem))


def _account(
    db: ReadDb, viewer: Viewer, account: AccountId, state: Head, facts: _Facts, linked: _Linked
) -> Folded:
    if linked.folding is None:
        return Folded(state, _NOTHING, facts, (), None, linked.problem)
    holdings = linked.folding.holdings(account)
    latest = statements.latest(db, viewer, account) if state.statement else None
    breaks: tuple[Break, ...] = ()
    if latest is not None:
        claims = [Claim(h.instrument, h.settled + h.unsettled, h.average_price) for h in latest.lines]
        kin = kin_of(db, {claim.instrument for claim in claims} | set(holdings.positions))
        breaks = compare(claims, list(facts.values()), holdings.positions, kin).breaks
    realised = _summed((p.currency, p.realised) for p in holdings.positions.values())
    income = _summed(
        [*((p.currency, p.income) for p in holdings.positions.values()), *holdings.income.items()]
    )
    stated = latest.at if latest else None
    return Folded(state, holdings, facts, breaks, stated, "", realised, income, holdings.open())


def _summed(amounts: Iterable[tuple[Currency, Money]]) -> dict[Currency, Money]:
    sums: dict[Currency, Money] = {}
    for currency, amount in amounts:
        sums[currency] = sums.get(currency, Money.zero(currency)) + amount
    return sums
