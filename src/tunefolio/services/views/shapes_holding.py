"""Shapes of one holding explained: its lots, what was closed, its income, its chart with marked trades."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.identity import TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Lot, Match, Method
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import Instrument
from tunefolio.market.sectors import Classification
from tunefolio.services.views.shapes import Freshness
from tunefolio.services.views.shapes_figures import Computation, Figure


@dataclass(frozen=True, slots=True)
class LotFigures:
    """One open lot at the newest price; key: the `lot:…` scope of its explanations.

    day: of purchase, Missing when unknown. age_days: calendar days since. price_cost: cost without charges.
    gain: value − cost; gain_before_charges: value − price_cost. A short lot: cost is what it brought net,
    value what closing it now would cost, gain = cost − value. xirr: yearly rate since purchase, Act/365.
    Figures of explanation: lot.cost, lot.fees, lot.value, lot.gain, lot.gain_before_charges, lot.xirr,
    lot.average_price, lot.age_days.
    """

    key: str
    lot: Lot
    side: str
    day: TradingDay | Missing
    age_days: int | Missing
    average_price: Price
    cost: Money
    fees: Money
    price_cost: Money
    value: Money | Missing
    gain: Money | Missing
    gain_before_charges: Money | Missing
    gain_ratio: Decimal | Missing
    xirr: Decimal | Missing


@dataclass(frozen=True, slots=True)
class MatchFigures:
    """Units sold (or covered) against one lot; key: the `match:…` scope of its explanations.

    held_days: from the lot's day to the sale, Missing when the lot's day is unknown.
    """

    key: str
    match: Match
    closing: Transaction | None
    proceeds: Money
    cost: Money
    gain: Money
    gain_before_charges: Money
    held_days: int | Missing


@dataclass(frozen=True, slots=True)
class IncomeRow:
    """One dividend, interest, reward or repayment. net = gross − fees − tax."""

    transaction: TransactionId
    day: TradingDay
    kind: Kind
    gross: Money
    fees: Money
    tax: Money
    net: Money


@dataclass(frozen=True, slots=True)
class ChartMark:
    """A fact on the price chart. price: per unit as traded, Missing where the fact has none (a bonus)."""

    day: TradingDay
    kind: Kind
    title: str
    quantity: Decimal | None
    price: Price | Missing
    transaction: TransactionId


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A close. price: as it was that day; adjusted: comparable with today's after splits and bonuses of this
    holding."""

    day: TradingDay
    price: Decimal
    adjusted: Decimal


@dataclass(frozen=True, slots=True)
class MethodFigures:
    """What a lot method says of the same facts: cost of what is open, gain realised."""

    title: str
    cost: Money
    average_price: Price | Missing
    realised: Money
    unrealised: Money | Missing


@dataclass(frozen=True, slots=True)
class HoldingView:
    """One account's holding of one instrument.

    figures: value, invested, pnl, pnl_ratio, day_change, realised, income, fees, average_price, quantity.
    returns: xirr, twr, simple, total since the first fact (scope `holding:account:instrument`).
    chosen, averaged: the account's lot method and plain average, side by side.
    lots: open lots, oldest first, then short lots. matches, income, transactions: newest first.
    chart: the newest closes, oldest first; empty without price history. missing: why there is no value, or
    "".
    """

    key: str
    account: Account
    instrument: Instrument
    classification: Classification
    currency: Currency
    method: Method
    quantity: Decimal
    figures: tuple[Figure, ...]
    returns: tuple[Figure, ...]
    chosen: MethodFigures
    averaged: MethodFigures
    lots: tuple[LotFigures, ...]
    matches: tuple[MatchFigures, ...]
    income: tuple[IncomeRow, ...]
    transactions: tuple[Transaction, ...]
    chart: tuple[ChartPoint, ...]
    marks: tuple[ChartMark, ...]
    freshness: Freshness
    computed: Computation
    missing: str = ""
