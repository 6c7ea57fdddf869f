"""What remains of an account after its facts: positions with their lots, cash, charges and movements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import Currency, Money
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.lots import Lot, Match, Method

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Nature:
    """What the fold must know of an instrument.

    squares:  units sold on the day they were bought are matched with that day's purchases first, as Indian
              exchanges settle them; so are short sales bought back the same day.
    margined: a future: no money is paid for it, only its gains, losses and charges move cash.
    """

    squares: bool = True
    margined: bool = False


EQUITY = Nature()


@dataclass(frozen=True, slots=True)
class Terms:
    """How facts are folded: an instrument not named is equity, an account not named is FIFO."""

    natures: Mapping[InstrumentId, Nature] = field(default_factory=dict)
    methods: Mapping[AccountId, Method] = field(default_factory=dict)

    def nature_of(self, instrument: InstrumentId) -> Nature:
        return self.natures.get(instrument, EQUITY)

    def method_of(self, account: AccountId) -> Method:
        return self.methods.get(account, Method.FIFO)


PLAIN = Terms()


@dataclass(frozen=True, slots=True)
class Averaged:
    """The same position had every sale taken the plain average cost: shown beside the chosen method."""

    cost: Money
    realised: Money


@dataclass(frozen=True)
class Position:
    """What one account holds of one instrument: open lots, oldest first, and what was closed.

    lots, shorts: units held, units owed. quantity: held − owed; zero for a closed position that still tells
                  its gains.
    cost:     of the open lots held, charges included; a margined instrument's is the contract value.
    repaid:   what capital repayments paid beyond cost, a gain.
    realised: gains of all matches and `repaid`, after charges.
    income:   dividends, interest and rewards, less their charges, before tax; accrued interest counts.
    taxes:    withheld from sales, income and settlements.
    The sums are worked out once, when first asked for.
    """

    instrument: InstrumentId
    currency: Currency
    lots: tuple[Lot, ...]
    shorts: tuple[Lot, ...]
    matches: tuple[Match, ...]
    income: Money
    averaged: Averaged
    repaid: Money
    taxes: Money

    @cached_property
    def held(self) -> Decimal:
        return sum((lot.quantity for lot in self.lots), _ZERO)

    @cached_property
    def owed(self) -> Decimal:
        return sum((lot.quantity for lot in self.shorts), _ZERO)

    @property
    def quantity(self) -> Decimal:
        return self.held - self.owed

    @cached_property
    def cost(self) -> Money:
        return Money(sum((lot.cost.amount for lot in self.lots), _ZERO), self.currency)

    @cached_property
    def realised(self) -> Money:
        gains = sum((match.gain.amount for match in self.matches), _ZERO)
        return Money(gains + self.repaid.amount, self.currency)


@dataclass(frozen=True, slots=True)
class Holdings:
    """The state of one account in one book after its facts.

    cash:   by currency, signed; negative when a file told of trades but not of deposits.
    fees, taxes: those that belong to no trade and to no income of an instrument.
    income: interest of cash, less its charges, before tax.
    movements: what each fact did, by instrument (cash first) and within it in the order of the fold.
    """

    positions: dict[InstrumentId, Position]
    cash: dict[Currency, Money]
    fees: dict[Currency, Money]
    taxes: dict[Currency, Money] = field(default_factory=dict)
    movements: tuple[Movement, ...] = ()
    income: dict[Currency, Money] = field(default_factory=dict)

    def open(self) -> tuple[Position, ...]:
        return tuple(position for position in self.positions.values() if position.lots or position.shorts)
