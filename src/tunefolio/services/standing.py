"""All facts in force of a person by what they touch, and what was held when; from books already folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import Money, Price, plain
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.lots import Lot
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import Instrument
from tunefolio.services.books import folded
from tunefolio.store.accounts import listed
from tunefolio.store.db import ReadDb


@dataclass(frozen=True, slots=True)
class Held:
    """What one account has of one instrument, before or after an action."""

    instrument: InstrumentId
    quantity: Decimal
    cost: Money
    lots: tuple[Lot, ...]

    @property
    def average(self) -> Price | None:
        """Cost per unit, None when nothing is held."""
        return Price.per(self.cost, self.quantity) if self.quantity else None


class Standing:
    """All facts in force of a person, by what they touch."""

    def __init__(self, db: ReadDb, viewer: Viewer) -> None:
        books = folded(db, viewer, listed(db, viewer))
        self.facts = [fact for book in books.values() for fact in book.facts.values()]
        self.by_key = {(fact.account, fact.source_key): fact for fact in self.facts}
        self._touching = _components(self.facts)
        self._moves: dict[tuple[AccountId, InstrumentId], list[Movement]] = {}
        for account, book in books.items():
            for move in book.holdings.movements:
                if move.instrument is not None and (move.units or move.cost or move.lot_fees):
                    self._moves.setdefault((account, move.instrument), []).append(move)

    def held(self, account: AccountId, instrument: Instrument, day: TradingDay) -> Held | None:
        """Units and cost when that day began, summed without folding; None when nothing was held, or when the
        account is stopped."""
        units = cost = Decimal(0)
        for move in self._moves.get((account, instrument.id), ()):
            if move.day < day:
                units, cost = units + move.units, cost + move.cost + move.lot_fees
        if units <= 0:
            return None
        currency = self._moves[account, instrument.id][0].currency
        return Held(instrument.id, Decimal(plain(units)), Money(Decimal(plain(cost)), currency), ())

    def touching(self, instruments: Iterable[InstrumentId]) -> dict[AccountId, list[Transaction]]:
        """By account, what can change how much of these is held: facts of them and of linked ones."""
        histories: dict[AccountId, list[Transaction]] = {}
        shelves = {id(facts): facts for one in instruments if (facts := self._touching.get(one))}
        for facts in shelves.values():
            for fact in facts:
                histories.setdefault(fact.account, []).append(fact)
        return histories


def _components(facts: Sequence[Transaction]) -> dict[InstrumentId, list[Transaction]]:
    """For each instrument the facts that can change how much of it is held: its own and linked ones."""
    links: dict[InstrumentId, set[InstrumentId]] = {}
    for transaction in facts:
        ids = [id for id in (transaction.fact.instrument, transaction.fact.other) if id is not None]
        for id in ids:
            links.setdefault(id, set()).update(ids)
    groups: dict[InstrumentId, int] = {}
    for number, start in enumerate(links):
        waiting = [start]
        while waiting:
            id = waiting.pop()
            if id not in groups:
                groups[id] = number
                waiting += links[id]
    shelves: dict[int, list[Transaction]] = {}
    for transaction in facts:
        if transaction.fact.instrument is not None:
            shelves.setdefault(groups[transaction.fact.instrument], []).append(transaction)
    return {id: shelves.get(number, []) for id, number in groups.items()}
