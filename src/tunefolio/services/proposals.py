"""Corporate actions beside what each account held before the ex-date, with what they would make of it.

An event that several sources tell is one proposal; one that the books say already counts as applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import plain
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import Terms, fold_all
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.market.actions import Action, ActionKind, lacking
from tunefolio.market.instruments import Instrument
from tunefolio.services.announcements import kin
from tunefolio.services.entitlements import fact_of
from tunefolio.services.groups import held_after, imagined_all
from tunefolio.services.lifetimes import earliest
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.standing import Held, Standing
from tunefolio.services.terms import terms_of
from tunefolio.store import actions as kept
from tunefolio.store import instruments
from tunefolio.store.db import ReadDb

__all__ = ["Held", "Proposal", "State", "found", "key_of"]

SOURCE = "action"

_SEEN_WITHIN = {
    ActionKind.DIVIDEND: (3, 75),
    ActionKind.REPAYMENT: (3, 75),
    ActionKind.BONUS: (3, 30),
    ActionKind.SPLIT: (3, 30),
}
"""Days before and after the ex-date within which a fact recorded otherwise says the same: brokers and
statements date dividends when they are paid and new units when they are credited."""

_PAYS = frozenset({ActionKind.DIVIDEND})
"""What changes neither units nor cost: many a year, so nothing is folded for them."""

_SAME = {
    Kind.DIVIDEND: "dividend", Kind.REINVEST: "dividend", Kind.SPLIT: "units", Kind.BONUS: "units",
}  # fmt: skip


class State(StrEnum):
    """Where an action stands for one account. waiting: something is not published yet."""

    PROPOSED = "proposed"
    WAITING = "waiting"
    APPLIED = "applied"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One action beside one account that held the instrument before the ex-date.

    units: held then. fact: what applying records, or what it lacks. before, after: as of the ex-date, of
    every instrument that changes; empty once it is decided. recorded: the fact that says it in the books
    already, applied here or recorded otherwise.
    """

    action: Action
    account: Account
    instrument: Instrument
    units: Decimal
    state: State
    fact: Fact | Missing
    before: tuple[Held, ...] = ()
    after: tuple[Held, ...] | Missing = ()
    recorded: TransactionId | None = None

    @property
    def reference(self) -> str:
        return self.action.reference


def key_of(reference: str) -> str:
    """The source key of the fact that applies an action."""
    return f"{SOURCE}:{reference}"


# Found ----------------------------------------------------------------------------------------


def found(db: ReadDb, viewer: Viewer, accounts: Sequence[Account] | None = None) -> list[Proposal]:
    """Every action on what these accounts (None: all active ones) held before its ex-date; undecided ones
    first, then the newest. An event that two sources tell is one proposal, the fuller one.

    Accounts that know the instrument only from a day after the ex-date are left alone: what they tell of is
    counted in new units already.
    """
    homes = active_accounts(db, viewer) if accounts is None else list(accounts)
    library = Standing(db, viewer)
    told = _told(db, earliest(library.facts))
    known = instruments.of_ids(db, sorted(told))
    declined = _declined(db, viewer, homes)
    proposals: list[Proposal] = []
    for home in homes:
        shelf = _Shelf(home, library, declined)
        for id, groups in told.items():
            proposals += shelf.proposals(known[id], groups)
    proposals = [_previewed(db, viewer, proposal, library) for proposal in proposals]
    return sorted(proposals, key=_order)


def _order(proposal: Proposal) -> tuple[bool, int, str, int]:
    is_decided = proposal.state in (State.APPLIED, State.DECLINED)
    return is_decided, -proposal.action.ex_day.date.toordinal(), proposal.reference, proposal.account.id


@dataclass(frozen=True, slots=True)
class _Told:
    """One event as sources tell it, the fullest telling first: one may need two actions for what another
    calls one, a split and a bonus of the same day. successor: the same share under a newer ISIN."""

    ex_day: TradingDay
    tellings: tuple[tuple[Action, ...], ...]
    successor: InstrumentId | None


def _told(db: ReadDb, ids: Iterable[InstrumentId]) -> dict[InstrumentId, list[_Told]]:
    """What concerns these instruments, as they are or were listed, by event, oldest first."""
    families = kin(db, ids)
    by_instrument: dict[InstrumentId, list[Action]] = {}
    for action in kept.of_instruments(db, {row.id for family in families.values() for row in family}):
        by_instrument.setdefault(action.instrument, []).append(action)
    told: dict[InstrumentId, list[_Told]] = {}
    for id, family in families.items():
        actions = [action for row in family for action in by_instrument.get(row.id, ())]
        successor = next((row.id for row in family if row.id > id), None)
        events = sorted({action.event[1:] for action in actions})
        if events:
            told[id] = [_Told(day, _tellings(actions, day, sort), successor) for day, sort in events]
    return told


def _tellings(actions: Iterable[Action], day: TradingDay, sort: str) -> tuple[tuple[Action, ...], ...]:
    """The event's actions source by source; a split before the bonus of its day, as they are folded."""
    by_source: dict[str, list[Action]] = {}
    for action in actions:
        if action.event[1:] == (day, sort):
            by_source.setdefault(action.source, []).append(action)
    groups = [
        tuple(sorted(group, key=lambda one: one.kind is ActionKind.BONUS)) for group in by_source.values()
    ]
    return tuple(sorted(groups, key=_fullest))


def _fullest(group: Sequence[Action]) -> tuple[bool, bool, int]:
    """What can be applied before what cannot; who tells a bonus from a split before who does not."""
    lacks = any(lacking(action.terms, action.other) is not None for action in group)
    return lacks, group[0].source == "yahoo", group[0].id


def _declined(db: ReadDb, viewer: Viewer, homes: Iterable[Account]) -> frozenset[tuple[int, AccountId]]:
    decisions = kept.decisions(db, viewer, [home.id for home in homes])
    return frozenset(key for key, decision in decisions.items() if decision == "declined")


class _Shelf:
    """One account's facts, ready to be asked what was held when."""

    def __init__(self, home: Account, library: Standing, declined: frozenset[tuple[int, AccountId]]) -> None:
        self._home = home
        self._library = library
        self._declined = declined

    def _applied(self, action: Action) -> Transaction | None:
        return self._library.by_key.get((self._home.id, key_of(action.reference)))

    def proposals(self, instrument: Instrument, events: Sequence[_Told]) -> Iterator[Proposal]:
        """For each event on what was held then; a fact recorded otherwise answers one action only."""
        facts = self._library.touching([instrument.id]).get(self._home.id, [])
        spent: set[TransactionId] = set()
        for told in events if facts else ():
            for action in self._telling(told):
                units = self._units(action, instrument, facts)
                applied = self._applied(action)
                if applied is not None:
                    if applied.fact.instrument == instrument.id:
                        yield self._proposal(
                            action, instrument, units, State.APPLIED, applied.fact, applied.id
                        )
                elif units > 0:
                    yield self._open(action, instrument, units, facts, spent, told.successor)

    def _units(self, action: Action, instrument: Instrument, facts: Sequence[Transaction]) -> Decimal:
        if action.kind in _PAYS:
            held = self._library.held(self._home.id, instrument, action.ex_day)
            return Decimal(0) if held is None else held.quantity
        return _units_before(facts, instrument.id, action)

    def _telling(self, told: _Told) -> tuple[Action, ...]:
        """The telling that this account has decided on, else the fullest."""
        for telling in told.tellings:
            if any(
                self._applied(action) is not None or (action.id, self._home.id) in self._declined
                for action in telling
            ):
                return telling
        return told.tellings[0]

    def _open(
        self,
        action: Action,
        instrument: Instrument,
        units: Decimal,
        facts: Sequence[Transaction],
        spent: set[TransactionId],
        successor: InstrumentId | None,
    ) -> Proposal:
        said = _said_otherwise(action, instrument.id, facts, spent)
        if said is not None:
            spent.add(said.id)
            return self._proposal(action, instrument, units, State.APPLIED, said.fact, said.id)
        fact = fact_of(action, instrument, units, successor)
        if (action.id, self._home.id) in self._declined:
            return self._proposal(action, instrument, units, State.DECLINED, fact)
        state = State.WAITING if isinstance(fact, Missing) else State.PROPOSED
        return self._proposal(action, instrument, units, state, fact)

    def _proposal(
        self,
        action: Action,
        instrument: Instrument,
        units: Decimal,
        state: State,
        fact: Fact | Missing,
        recorded: TransactionId | None = None,
    ) -> Proposal:
        return Proposal(action, self._home, instrument, units, state, fact, recorded=recorded)


def _units_before(facts: Iterable[Transaction], instrument: InstrumentId, action: Action) -> Decimal:
    """Units held when the ex-date began; for a bonus in the units of a split of the same day."""
    held = held_after(_before(facts, action), action.ex_day).get(instrument, Decimal(0))
    return Decimal(plain(held))  # counted in 38 digits: without the zeros that a product leaves


def _before(facts: Iterable[Transaction], action: Action) -> list[Transaction]:
    """The facts that come before the action: of earlier days, and a bonus comes after a split of its day."""
    splits = {Kind.SPLIT} if action.kind is ActionKind.BONUS else set()
    return [
        one
        for one in facts
        if one.fact.day < action.ex_day or (one.fact.day == action.ex_day and one.fact.kind in splits)
    ]


def _said_otherwise(
    action: Action, instrument: InstrumentId, facts: Iterable[Transaction], spent: set[TransactionId]
) -> Transaction | None:
    """A fact that was not applied from an action and says the same about the same time."""
    before, after = _SEEN_WITHIN.get(action.kind, (3, 3))
    for transaction in facts:
        fact = transaction.fact
        same = _SAME.get(fact.kind, str(fact.kind)) == action.event[2]
        if not same or fact.instrument != instrument or transaction.id in spent:
            continue
        is_near = -before <= fact.day - action.ex_day <= after
        if is_near and not transaction.source_key.startswith(f"{SOURCE}:"):
            return transaction
    return None


# Previewed --------------------------------------------------------------------------------------


def _previewed(db: ReadDb, viewer: Viewer, proposal: Proposal, library: Standing) -> Proposal:
    """With what was held before the ex-date and what it becomes; only of what waits for a decision."""
    if proposal.state not in (State.PROPOSED, State.WAITING):
        return proposal
    fact = proposal.fact
    if proposal.action.kind in _PAYS:
        held = library.held(proposal.account.id, proposal.instrument, proposal.action.ex_day)
        same = () if held is None else (held,)
        return replace(proposal, before=same, after=fact if isinstance(fact, Missing) else same)
    touched = [id for id in (proposal.instrument.id, proposal.action.other) if id is not None]
    if isinstance(fact, Fact) and fact.other is not None and fact.other not in touched:
        touched.append(fact.other)
    histories = library.touching(touched)
    earlier = {account: _before(history, proposal.action) for account, history in histories.items()}
    terms = terms_of(db, viewer, touched)
    before = _held(earlier, proposal.account.id, touched, terms)
    if isinstance(fact, Missing):
        after: tuple[Held, ...] | Missing = fact
    else:
        applied = imagined_all([(proposal.account, fact, key_of(proposal.reference))])
        later = {**earlier, proposal.account.id: [*earlier.get(proposal.account.id, []), *applied]}
        after = _held(later, proposal.account.id, touched, terms)
    return replace(proposal, before=before, after=after)


def _held(
    histories: Mapping[AccountId, Sequence[Transaction]],
    account: AccountId,
    ids: Iterable[InstrumentId],
    terms: Terms,
) -> tuple[Held, ...]:
    holdings = fold_all(histories, terms).get(account)
    positions = holdings.positions if holdings is not None else {}
    return tuple(
        Held(id, positions[id].quantity, positions[id].cost, positions[id].lots)
        for id in ids
        if id in positions and positions[id].lots
    )
