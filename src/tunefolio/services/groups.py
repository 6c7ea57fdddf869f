"""Facts that touch each other: instruments linked by corporate facts, accounts linked by transfers.

A change folds the group it touches and nothing else; what breaks a law is refused before it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.kinds import Delivery, Kind
from tunefolio.ledger.positions import Terms, fold_all, fold_order, in_force
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.services.terms import terms_of
from tunefolio.store import closes, tracking, transactions
from tunefolio.store.db import ReadDb

_ZERO = Decimal(0)
_NOT_YET = 2**62
"""Imagined facts get ids from here: above all real ones, so that they sort as the last recorded."""


@dataclass(frozen=True, slots=True)
class Group:
    """The facts in force that touch some instruments, by account, and the terms they are folded on."""

    histories: Mapping[AccountId, Sequence[Transaction]]
    terms: Terms

    def without(self, gone: Collection[TransactionId]) -> Group:
        kept = {
            account: [fact for fact in history if fact.id not in gone]
            for account, history in self.histories.items()
        }
        return Group(kept, self.terms)

    def with_facts(self, imagined_facts: Iterable[Transaction]) -> Group:
        more = {account: list(history) for account, history in self.histories.items()}
        for fact in imagined_facts:
            more.setdefault(fact.account, []).append(fact)
        return Group(more, self.terms)

    def first_day(self, instrument: InstrumentId) -> TradingDay | None:
        """Of the oldest fact about the instrument, in any account."""
        mine = (
            f.fact.day
            for history in self.histories.values()
            for f in history
            if instrument in (f.fact.instrument, f.fact.other)
        )
        return min(mine, default=None)

    def must_hold(self) -> None:
        """Raises Oversold, Misuse or CurrencyMismatch when the facts together break a law."""
        fold_all(self.histories, self.terms)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A fact that finds only `held` of the units it wants to take."""

    sale: Transaction
    held: Decimal


def group_of(db: ReadDb, viewer: Viewer, facts: Iterable[Fact]) -> Group:
    """All facts in force, of all the viewer's accounts, that touch what these facts touch; cash touches none.

    One query a generation: a further one for each rename, merger or demerger that leads to new instruments.
    """
    wanted = {id for fact in facts for id in (fact.instrument, fact.other) if id is not None}
    seen: set[InstrumentId] = set()
    found: dict[AccountId, list[Transaction]] = {}
    while wanted - seen:
        seen |= wanted
        found = transactions.of_instruments(db, viewer, sorted(seen))
        for history in found.values():
            wanted |= {t.fact.other for t in history if t.fact.other is not None}
            wanted |= {t.fact.instrument for t in history if t.fact.instrument is not None}
    return Group(found, terms_of(db, viewer, seen))


_TRADED = frozenset({Kind.BUY, Kind.SIP, Kind.SELL, Kind.SHORT, Kind.COVER})
_ASKED_BEFORE_DAYS = 330
_ALLOTTED_BEFORE_DAYS = 30


def must_be_listed(db: ReadDb, group: Group, facts: Iterable[Fact]) -> None:
    """Raises Misuse for a trade on an exchange before the instrument was listed there, where that is known.

    Prices are asked for from a year before the first fact: when a source has answered for that year and had
    none for most of it, the first one is of the listing. Shares are allotted some days before.
    """
    traded = [fact for fact in facts if fact.kind in _TRADED and fact.instrument is not None]
    ids = {fact.instrument for fact in traded if fact.instrument is not None}
    known, asked = closes.spans(db, ids), tracking.of_ids(db, ids)
    for fact in traded:
        listed = known[fact.instrument].first if fact.instrument in known else None
        if fact.instrument is None or listed is None or listed - fact.day <= _ALLOTTED_BEFORE_DAYS:
            continue
        first = group.first_day(fact.instrument)
        if first is None or listed - first.plus_days(-365) < 365 - _ASKED_BEFORE_DAYS:
            continue
        if _was_asked(asked.get(fact.instrument), listed):
            raise Misuse(
                "day",
                f"{fact.day} lies before the listing; the first price is of {listed}",
                cure="Record what was held before as an opening with its `acquired` day",
            )


def _was_asked(row: tracking.Tracking | None, listed: TradingDay) -> bool:
    """Whether a source answered for most of a year before the first price."""
    if row is None:
        return False
    last = listed.date.toordinal()
    return any(one.since <= last - _ASKED_BEFORE_DAYS and last <= one.until for one in row.covered)


def imagined(account: Account, fact: Fact, id: TransactionId, source_key: str = "") -> Transaction:
    """The fact as if it stood in the account's live book: to fold before it is recorded, never kept."""
    recorded = account.created
    if recorded is None:
        raise Misuse("account", "is not kept yet")
    return Transaction(id, account.id, Book.LIVE, fact, "", source_key, recorded, "")


def imagined_all(facts: Iterable[tuple[Account, Fact, str]]) -> list[Transaction]:
    """Many of them, in the order given; each with its source key, by which halves of transfers meet."""
    return [
        imagined(account, fact, TransactionId(_NOT_YET + place), key)
        for place, (account, fact, key) in enumerate(facts)
    ]


def shortfalls(history: Iterable[Transaction]) -> list[Shortfall]:
    """Every fact of one account that takes more units than are there, in the fold's order, each left out
    before the next is judged. Counts units only: the fold is the law, this names who breaks it."""
    counts = _Counts()
    for transaction in sorted(in_force(history), key=fold_order):
        counts.apply(transaction)
    return counts.short


def held_after(history: Iterable[Transaction], day: TradingDay) -> dict[InstrumentId, Decimal]:
    """Units of each instrument that one account's facts leave at the close of `day`."""
    counts = _Counts()
    for transaction in sorted(in_force(history), key=fold_order):
        if transaction.fact.day <= day:
            counts.apply(transaction)
    return counts.held


class _Counts:
    """Units held and owed between two facts."""

    def __init__(self) -> None:
        self.held: dict[InstrumentId, Decimal] = {}
        self.owed: dict[InstrumentId, Decimal] = {}
        self.short: list[Shortfall] = []

    def apply(self, transaction: Transaction) -> None:
        fact = transaction.fact
        if fact.instrument is None:
            return
        units, here = fact.quantity or _ZERO, fact.instrument
        match fact.kind:
            case (Kind.OPENING | Kind.BUY | Kind.SIP | Kind.REINVEST | Kind.STAKING | Kind.AIRDROP
                  | Kind.TRANSFER_IN):  # fmt: skip
                self._add(here, units)
            case Kind.SELL | Kind.BUYBACK | Kind.WRITE_OFF | Kind.TRANSFER_OUT:
                self._take(transaction, here, units)
            case Kind.IN_SPECIE | Kind.RIGHTS:
                self._add(fact.other or here, units)
            case Kind.SUBSCRIBE:
                if fact.other is None or self._take(transaction, fact.other, units):
                    self._add(here, units)
            case Kind.SPLIT | Kind.BONUS | Kind.MERGER | Kind.DEMERGER | Kind.RENAME:
                self._reshape(fact, here)
            case Kind.SHORT:
                self.owed[here] = self.owed.get(here, _ZERO) + units
            case Kind.COVER | Kind.ASSIGNMENT | Kind.EXPIRY | Kind.EXERCISE:
                self._settle(transaction, here, units)
            case _:
                pass

    def _add(self, instrument: InstrumentId, units: Decimal) -> None:
        self.held[instrument] = self.held.get(instrument, _ZERO) + units

    def _take(self, transaction: Transaction, instrument: InstrumentId, units: Decimal) -> bool:
        have = self.held.get(instrument, _ZERO)
        if units > have:
            self.short.append(Shortfall(transaction, have))
            return False
        self.held[instrument] = have - units
        return True

    def _reshape(self, fact: Fact, here: InstrumentId) -> None:
        """What a company makes of the units held: `quantity` where the broker said it, else by the ratio."""
        have = self.held.get(here, _ZERO)
        ratio = fact.ratio.new / fact.ratio.old if fact.ratio is not None else Decimal(1)
        made = fact.quantity if fact.quantity is not None else have * ratio
        if fact.kind is Kind.BONUS:
            self._add(here, made)
            return
        if fact.kind is not Kind.DEMERGER:
            self.held[here] = _ZERO
        if fact.kind is Kind.MERGER and fact.other is None:
            return
        self._add(fact.other or here, made)

    def _settle(self, transaction: Transaction, here: InstrumentId, units: Decimal) -> None:
        """Covers what is owed, else gives up what is held; a delivery moves the other instrument as well."""
        fact, owed = transaction.fact, self.owed.get(here, _ZERO)
        if fact.kind in {Kind.COVER, Kind.ASSIGNMENT} or (fact.kind is Kind.EXPIRY and owed > 0):
            if units > owed:
                self.short.append(Shortfall(transaction, owed))
                return
            self.owed[here] = owed - units
        elif not self._take(transaction, here, units):
            return
        if fact.other is not None and fact.delivery is Delivery.TAKES:
            self._add(fact.other, units)
        elif fact.other is not None:
            self._take(transaction, fact.other, units)
