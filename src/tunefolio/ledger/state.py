"""The state between two facts of one fold: what each account holds of each instrument, and what moved."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Currency, CurrencyMismatch, Money, minor_digits
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.holdings import Averaged, Position, Terms
from tunefolio.ledger.lots import Lot, Match, Side, shares
from tunefolio.ledger.queues import LotQueue, Taken
from tunefolio.ledger.transactions import Fact, Transaction

ZERO = Decimal(0)
Node = tuple[AccountId, InstrumentId | None]
"""An account's units of one instrument, or (None) its cash alone: what a fact touches."""


def sum_of(money: Money | None) -> Decimal:
    return money.amount if money is not None else ZERO


class Stock:
    """One account's units of one instrument while facts are applied."""

    def __init__(
        self, account: AccountId, instrument: InstrumentId, currency: Currency, terms: Terms
    ) -> None:
        nature, method = terms.nature_of(instrument), terms.method_of(account)
        self.account = account
        self.instrument = instrument
        self.currency = currency
        self.unit = Decimal(1).scaleb(-minor_digits(currency))
        self.margined = nature.margined
        self.squares = nature.squares
        self.long = LotQueue(currency, method)
        self.short = LotQueue(currency, method, side=Side.SHORT)
        self.matches: list[Match] = []
        self.income = ZERO
        self.taxes = ZERO
        self.repaid = ZERO
        self.averaged_gain = ZERO
        self._traded: tuple[TradingDay | None, dict[Side, list[TransactionId]]] = (None, {})

    def must_be_in(self, currency: Currency) -> None:
        """Raises CurrencyMismatch: one instrument is kept in one currency."""
        if currency != self.currency:
            raise CurrencyMismatch(self.currency, currency)

    def money(self, amount: Decimal) -> Money:
        return Money(amount, self.currency)

    def lot(self, transaction: Transaction, units: Decimal, cost: Decimal, fees: Decimal) -> Lot:
        """A lot that begins with this fact on its day."""
        day = transaction.fact.day
        return Lot(transaction.id, day, day, units, self.money(cost), self.money(fees))

    def traded(self, transaction: Transaction, side: Side) -> None:
        """Remember that units came by a trade today: what leaves today leaves from these first."""
        day = transaction.fact.day
        if self._traded[0] != day:
            self._traded = (day, {})
        self._traded[1].setdefault(side, []).append(transaction.id)

    def today(self, day: TradingDay, side: Side) -> Sequence[TransactionId]:
        """The facts whose units are matched first, if this instrument squares."""
        if not self.squares or self._traded[0] != day:
            return ()
        return self._traded[1].get(side, ())

    def settle(self, transaction: Transaction, taken: Taken, *, gross: Decimal, fees: Decimal) -> Decimal:
        """Match lots taken with what they brought; the gain before charges is returned."""
        lots = taken.lots
        weights = [lot.quantity for lot in lots]
        proceeds, charges = shares(gross - fees, weights, self.unit), shares(fees, weights, self.unit)
        day = transaction.fact.day
        for lot, share, charge in zip(lots, proceeds, charges, strict=True):
            match = Match(transaction.id, day, lot, self.money(share), self.money(charge))
            self.matches.append(match)
        self.averaged_gain += gross - fees - taken.averaged
        return gross - taken.price_cost()

    def settle_short(
        self, transaction: Transaction, taken: Taken, *, gross: Decimal, fees: Decimal
    ) -> Decimal:
        """Match short lots taken with what buying back cost; the gain before charges is returned."""
        weights = [lot.quantity for lot in taken.lots]
        costs, charges = shares(gross + fees, weights, self.unit), shares(fees, weights, self.unit)
        for lot, cost, charge in zip(taken.lots, costs, charges, strict=True):
            back = Lot(
                lot.opened, lot.day, lot.seen, lot.quantity, self.money(cost), self.money(charge), lot.origin
            )
            day = transaction.fact.day
            self.matches.append(Match(transaction.id, day, back, lot.cost, lot.fees, Side.SHORT))
        self.averaged_gain += taken.averaged - gross - fees
        return taken.cost() + taken.fees() - gross

    def position(self) -> Position:
        return Position(
            self.instrument,
            self.currency,
            self.long.lots(),
            self.short.lots(),
            tuple(self.matches),
            self.money(self.income),
            Averaged(self.money(self.long.averaged), self.money(self.averaged_gain)),
            self.money(self.repaid),
            self.money(self.taxes),
        )


class Books:
    """All stocks, cash and movements of one group of facts that touch each other."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.stocks: dict[tuple[AccountId, InstrumentId], Stock] = {}
        self.movements: dict[Node, list[Movement]] = {}
        self.cash: dict[tuple[AccountId, Currency], Decimal] = {}
        self.fees: dict[tuple[AccountId, Currency], Decimal] = {}
        self.taxes: dict[tuple[AccountId, Currency], Decimal] = {}
        self.income: dict[tuple[AccountId, Currency], Decimal] = {}

    def stock(self, transaction: Transaction) -> Stock:
        """The fact's own instrument, in the fact's currency where it moves money."""
        fact = transaction.fact
        if fact.instrument is None:
            raise BrokenLaw("a fact about an instrument names it", f"transaction {transaction.id}")
        account, currency = transaction.account, fact.amount.currency
        known = self.stocks.get((account, fact.instrument))
        if known is None:
            return self.stock_of(account, fact.instrument, currency)
        if _moves_money(fact):
            known.must_be_in(currency)
        return known

    def stock_of(self, account: AccountId, instrument: InstrumentId, currency: Currency) -> Stock:
        """What an account holds of an instrument, entered in the books in the currency of its first fact."""
        known = self.stocks.get((account, instrument))
        if known is None:
            known = Stock(account, instrument, currency, self.terms)
            self.stocks[account, instrument] = known
        known.must_be_in(currency)
        return known

    def other(self, transaction: Transaction, stock: Stock) -> Stock:
        """The second instrument of a fact, in the currency of the first."""
        other = transaction.fact.other
        if other is None:
            raise BrokenLaw("a fact that names a second instrument has one", f"transaction {transaction.id}")
        return self.stock_of(stock.account, other, stock.currency)

    def held(self, transaction: Transaction) -> Stock:
        """The fact's instrument, which must be held or owed; raises Misuse when it is not."""
        fact = transaction.fact
        known = self.stocks.get((transaction.account, fact.instrument)) if fact.instrument else None
        if known is None or not (known.long.units or known.short.units):
            raise Misuse(
                "instrument",
                f"nothing is held on {fact.day} that a {fact.kind.value.replace('_', ' ')} could apply to",
                cure="Record what was held before that day, or take this fact back",
            )
        return self.stock(transaction)

    def move(self, transaction: Transaction, stock: Stock, **sums: Any) -> None:
        """What a fact did to an instrument; its cash is the account's."""
        self.enter(transaction, stock.instrument, stock.currency, **sums)

    def move_cash(self, transaction: Transaction, currency: Currency, **sums: Any) -> None:
        self.enter(transaction, None, currency, **sums)

    def enter(
        self, transaction: Transaction, instrument: InstrumentId | None, currency: Currency, **sums: Any
    ) -> None:
        """One movement, of an instrument or of cash alone (None)."""
        account = transaction.account
        movement = Movement(transaction.id, account, transaction.fact.day, instrument, currency, **sums)
        self.movements.setdefault((account, instrument), []).append(movement)
        if "cash" in sums:
            add(self.cash, account, currency, sums["cash"])


def add(
    sums: dict[tuple[AccountId, Currency], Decimal], account: AccountId, currency: Currency, amount: Decimal
) -> None:
    key = (account, currency)
    sums[key] = sums.get(key, ZERO) + amount


def _moves_money(fact: Fact) -> bool:
    return bool(fact.amount.amount or sum_of(fact.fees) or sum_of(fact.tax) or sum_of(fact.accrued))
