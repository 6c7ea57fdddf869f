"""What a fact would do before it is recorded: the books folded with and without it; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Currency, Money
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.meanings import Spellings
from tunefolio.ledger.notation import line
from tunefolio.ledger.positions import Holdings, fold_all
from tunefolio.ledger.transactions import Fact
from tunefolio.market.instruments import exchange_of, usual_currency
from tunefolio.services import record as deeds
from tunefolio.services.books import folded
from tunefolio.services.groups import Group, group_of, imagined_all
from tunefolio.services.house import House
from tunefolio.store import accounts, instruments, transactions
from tunefolio.store.db import ReadDb

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class UnitsChange:
    """Units and cost of one instrument in one account, before and after; what is owed counts below zero."""

    account: Account
    name: str
    before: Decimal
    after: Decimal
    cost_before: Money
    cost_after: Money


@dataclass(frozen=True, slots=True)
class CashChange:
    """One account's cash in one currency. before is None where the account's books are stopped."""

    account: Account
    change: Money
    before: Money | None

    @property
    def after(self) -> Money | None:
        return None if self.before is None else self.before + self.change


@dataclass(frozen=True, slots=True)
class Effect:
    """What recording a fact would change. line: as the notation writes it. realised, income: what it adds."""

    fact: Fact
    line: str
    units: tuple[UnitsChange, ...]
    cash: tuple[CashChange, ...]
    realised: tuple[Money, ...]
    income: tuple[Money, ...]


@dataclass
class Names:
    """Instruments by the name a person writes, without making any: an unknown one gets an id below zero."""

    db: ReadDb
    viewer: Viewer
    known: dict[InstrumentId, str] = field(default_factory=dict)

    def resolve(self, name: str, place: str) -> InstrumentId:
        """EXCHANGE:SYMBOL → id; raises Misuse naming the field it stands in."""
        exchange, colon, symbol = name.strip().upper().partition(":")
        if not colon or not symbol:
            raise Misuse(place, f"{name!r} names no exchange", cure="Write it as NSE:INFY")
        exchange = exchange if exchange == deeds.PRIVATE else exchange_of(exchange)
        found = instruments.find(self.db, exchange, symbol, viewer=self.viewer)
        here = f"{exchange}:{symbol}"
        id = InstrumentId(-len(self.known) - 1) if found is None else found.id
        for known, word in self.known.items():
            if word == here:
                id = known
        self.known[id] = here
        return id

    def name_of(self, id: InstrumentId) -> str:
        if id not in self.known:
            listed = instruments.visible(self.db, self.viewer, [id]).get(id)
            self.known[id] = f"#{id}" if listed is None else f"{listed.exchange}:{listed.symbol}"
        return self.known[id]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fact for an account, or in place of another: what to look ahead at."""

    home: Account
    fact: Fact
    tags: tuple[str, ...] = ()
    replaces: TransactionId | None = None


def _usual(wanted: Wanted, names: Names) -> Currency:
    """The currency that the line does not need to name."""
    about = wanted.fact.instrument
    return usual_currency("" if about is None else names.name_of(about), wanted.home.currency)


def effect_of(db: ReadDb, house: House, viewer: Viewer, wanted: Wanted, names: Names) -> Effect:
    """What recording it would do; raises what recording it would raise."""
    deeds.must_not_lie_ahead(house, wanted.fact.day)
    if not wanted.home.is_active:
        raise Misuse("account", f"{wanted.home.name} is archived", cure="Restore it first")
    homes = {home.id: home for home in accounts.listed(db, viewer)}
    before, after = _folds(db, viewer, wanted, homes)
    pairs = [(homes[id], before.get(id), after.get(id)) for id in {**before, **after} if id in homes]
    spellings = Spellings(names.name_of, lambda id: homes[id].name, str)
    return Effect(
        wanted.fact,
        line(wanted.fact, spellings, wanted.tags, _usual(wanted, names)),
        tuple(change for pair in pairs for change in _units(*pair, names.name_of)),
        tuple(change for pair in pairs for change in _cash(db, viewer, *pair)),
        _gained(pairs, lambda holdings: ((p.currency, p.realised) for p in holdings.positions.values())),
        _gained(pairs, lambda holdings: ((p.currency, p.income) for p in holdings.positions.values())),
    )


def _folds(
    db: ReadDb, viewer: Viewer, wanted: Wanted, homes: Mapping[AccountId, Account]
) -> tuple[dict[AccountId, Holdings], dict[AccountId, Holdings]]:
    """The group of books the fact touches, as it is and as it would be."""
    halves = _halves(wanted.home, wanted.fact, homes)
    former = None if wanted.replaces is None else transactions.transaction_of(db, viewer, wanted.replaces)
    group = group_of(db, viewer, [fact for _, fact, _ in halves] + ([former.fact] if former else []))
    kept = group
    if former is not None:
        if former.fact.instrument is None:
            group = group.with_facts([former])
        gone = {
            one.id
            for history in group.histories.values()
            for one in history
            if one.source_key == former.source_key and one.fact.day == former.fact.day
        }
        kept = group.without(gone)
    after = kept.with_facts(imagined_all(halves))
    return _fold(group), _fold(after)


def _fold(group: Group) -> dict[AccountId, Holdings]:
    return fold_all(group.histories, group.terms)


def _halves(home: Account, fact: Fact, homes: Mapping[AccountId, Account]) -> list[tuple[Account, Fact, str]]:
    """The fact and, of a transfer inside the books, what the other account records."""
    if fact.counterpart is None:
        return [(home, fact, "this")]
    if fact.counterpart == home.id:
        raise Misuse("counterpart", "is this very account", cure="Name the account on the other side")
    there = homes.get(fact.counterpart)
    if there is None:
        raise Misuse("counterpart", "is not one of your accounts", cure="Choose one of the list")
    return [(home, fact, "this"), (there, deeds.other_half(home.id, fact), "this")]


def _units(
    home: Account, before: Holdings | None, after: Holdings | None, name_of: Callable[[InstrumentId], str]
) -> Iterator[UnitsChange]:
    old, new = (side.positions if side else {} for side in (before, after))
    for instrument in {**old, **new}:
        was, now = old.get(instrument), new.get(instrument)
        position = now or was
        if position is None:
            continue
        zero = Money.zero(position.currency)
        held = (was.quantity if was else _ZERO, now.quantity if now else _ZERO)
        cost = (was.cost if was else zero, now.cost if now else zero)
        if held[0] != held[1] or cost[0] != cost[1]:
            yield UnitsChange(home, name_of(instrument), *held, *cost)


def _cash(
    db: ReadDb, viewer: Viewer, home: Account, before: Holdings | None, after: Holdings | None
) -> Iterator[CashChange]:
    old, new = (side.cash if side else {} for side in (before, after))
    whole = folded(db, viewer, [home])[home.id]
    for currency in {**old, **new}:
        zero = Money.zero(currency)
        change = new.get(currency, zero) - old.get(currency, zero)
        if change.amount:
            stands = None if whole.problem else whole.holdings.cash.get(currency, zero)
            yield CashChange(home, change, stands)


def _gained(
    pairs: list[tuple[Account, Holdings | None, Holdings | None]],
    sums: Callable[[Holdings], Iterator[tuple[Currency, Money]]],
) -> tuple[Money, ...]:
    """What is more afterwards, by currency; nothing where nothing changes."""
    found: dict[Currency, Money] = {}
    for _, before, after in pairs:
        for side, sign in ((before, -1), (after, 1)):
            for currency, amount in sums(side) if side else ():
                found[currency] = found.get(currency, Money.zero(currency)) + amount * sign
    return tuple(amount for amount in found.values() if amount.amount)
