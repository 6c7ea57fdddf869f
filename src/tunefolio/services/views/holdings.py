"""One holding on one page: figures, lots, matches, income, its price with marked trades, its returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from tunefolio.analysis.valuation import ValuedPosition
from tunefolio.analysis.xirr import xirr
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money, Price, total
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.kinds import CORPORATE, RULES, Kind
from tunefolio.ledger.lots import Lot, Match, Method, Side
from tunefolio.ledger.positions import Position, apportioned, fold_order
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.market.actions import adjustment, told_once
from tunefolio.market.fx import NO_RATES
from tunefolio.market.instruments import Instrument
from tunefolio.services.books import folded
from tunefolio.services.house import House
from tunefolio.services.valuing import Board
from tunefolio.services.views.performance import holding_returns
from tunefolio.services.views.portfolios import classes_of
from tunefolio.services.views.prices import freshness
from tunefolio.services.views.shapes_figures import Ask, Figure, Unit, Value
from tunefolio.services.views.shapes_holding import (
    ChartMark,
    ChartPoint,
    HoldingView,
    IncomeRow,
    LotFigures,
    MatchFigures,
    MethodFigures,
)
from tunefolio.store import accounts, actions, closes, instruments, own_instruments, quotes, transactions
from tunefolio.store.db import ReadDb

EVERYTHING_SOLD = "everything is sold"
UNKNOWN_DAY = Missing("the purchase day of an opening position", "Record its `acquired` day")
_INCOME = frozenset({Kind.DIVIDEND, Kind.INTEREST, Kind.REINVEST, Kind.IN_SPECIE, Kind.STAKING,
                     Kind.AIRDROP, Kind.REPAYMENT})  # fmt: skip
_MARKED = CORPORATE | _INCOME
_CHART_POINTS = 2_600


@dataclass(frozen=True, slots=True)
class SeenHolding:
    """One holding with what is known of it."""

    home: Account
    method: Method
    position: Position
    listed: Instrument
    valued: ValuedPosition | None
    today: TradingDay
    facts: Mapping[TransactionId, Transaction]

    @property
    def key(self) -> str:
        return f"holding:{self.home.id}:{self.position.instrument}"

    def lot_key(self, place: int) -> str:
        return f"lot:{self.home.id}:{self.position.instrument}:{place}"

    def match_key(self, place: int) -> str:
        return f"match:{self.home.id}:{self.position.instrument}:{place}"


def holding(
    db: ReadDb, house: House, viewer: Viewer, account: AccountId, instrument: InstrumentId
) -> HoldingView:
    """What one account holds, or once held, of one instrument; raises NotFound."""
    seen = seen_holding(db, house, viewer, account, instrument)
    position, listed = seen.position, seen.listed
    returns, computed = holding_returns(db, house, viewer, seen.home, instrument)
    quote = seen.valued.quote if seen.valued else None
    return HoldingView(
        seen.key,
        seen.home,
        listed,
        classes_of(db, house, viewer, {instrument: listed})[instrument],
        position.currency,
        seen.method,
        position.quantity,
        tuple(_figures(seen)),
        returns,
        _chosen(seen),
        _averaged(seen),
        lot_figures(seen),
        match_figures(seen),
        tuple(_income(seen)),
        tuple(sorted(seen.facts.values(), key=fold_order, reverse=True)),
        _chart(db, listed),
        tuple(_marks(seen)),
        freshness(house.calendar, house.clock.now(), quote.as_of if quote else None),
        computed,
        seen.valued.missing if seen.valued is not None else EVERYTHING_SOLD,
    )


def seen_holding(
    db: ReadDb, house: House, viewer: Viewer, account: AccountId, instrument: InstrumentId
) -> SeenHolding:
    """The holding with its facts in force; raises NotFound."""
    home = accounts.account_of(db, viewer, account)
    fold = folded(db, viewer, [home])[account]
    position = fold.holdings.positions.get(instrument)
    if position is None:
        raise NotFound("holding")
    is_open = bool(position.lots or position.shorts)
    listed = instruments.of_ids(db, [instrument])[instrument]
    today = TradingDay(calendar_date(house.clock.now()))
    board = Board(
        {instrument: listed},
        quotes.latest(db, [instrument]),
        NO_RATES,
        own_instruments.accruals(db, viewer, [instrument]),
        today,
    )
    line = board.valued(account, position) if is_open else None
    facts = transactions.of_instruments(db, viewer, [instrument]).get(account, [])
    listed = instruments.of_ids(db, [instrument])[instrument]
    today = TradingDay(calendar_date(house.clock.now()))
    return SeenHolding(
        home, fold.state.method, position, listed, line, today, {fact.id: fact for fact in facts}
    )


def lot_figures(seen: SeenHolding) -> tuple[LotFigures, ...]:
    """Open lots, then short lots. The value of all is apportioned to them, so that they add up to the
    paisa."""
    position = seen.position
    every = [*((lot, Side.LONG) for lot in position.lots), *((lot, Side.SHORT) for lot in position.shorts)]
    values = lot_values(seen)
    return tuple(_lot(seen, place, lot, side, values[place]) for place, (lot, side) in enumerate(every))


def lot_values(seen: SeenHolding) -> list[Money | Missing]:
    """What each lot is worth (of a short lot: what closing it would cost), in the order of lot_figures."""
    position = seen.position
    lots = (*position.lots, *position.shorts)
    if seen.valued is not None and seen.valued.accrued is not None:
        return list(apportioned(seen.valued.accrued, [lot.quantity for lot in lots]))
    if seen.valued is None or seen.valued.quote is None:
        reason = seen.valued.missing if seen.valued is not None else EVERYTHING_SOLD
        return [Missing(f"price of {seen.listed.symbol}: {reason}")] * len(lots)
    price = seen.valued.quote.price
    parts: list[Money | Missing] = []
    for some in (position.lots, position.shorts):
        if some:
            whole = (price * sum((lot.quantity for lot in some), Decimal(0))).rounded()
            parts += apportioned(whole, [lot.quantity for lot in some])
    return parts


def lot_xirr(lot: Lot, side: Side, value: Money | Missing, today: TradingDay) -> Decimal | Missing:
    """The yearly rate of one lot: its cost on its day against its value today; of a short lot turned
    round."""
    if isinstance(value, Missing):
        return value
    if lot.day is None:
        return UNKNOWN_DAY
    sign = -1.0 if side is Side.LONG else 1.0
    days = np.array([lot.day.date.toordinal(), today.date.toordinal()], np.int64)
    amounts = np.array([sign * float(lot.cost.amount), -sign * float(value.amount)], np.float64)
    rate = xirr(days, amounts).value
    return rate if isinstance(rate, Missing) else Decimal(repr(rate))


def _lot(seen: SeenHolding, place: int, lot: Lot, side: Side, value: Money | Missing) -> LotFigures:
    sign = 1 if side is Side.LONG else -1
    gain = value if isinstance(value, Missing) else (value - lot.cost) * sign
    charges = lot.fees
    ratio: Decimal | Missing
    if isinstance(gain, Missing):
        ratio = gain
    else:
        ratio = gain / lot.cost if lot.cost.amount else Missing("nothing was paid for this lot")
    return LotFigures(
        seen.lot_key(place),
        lot,
        side.value,
        lot.day if lot.day is not None else UNKNOWN_DAY,
        seen.today - lot.day if lot.day is not None else UNKNOWN_DAY,
        Price.per(lot.cost, lot.quantity),
        lot.cost,
        charges,
        lot.price_cost if side is Side.LONG else lot.cost + charges,
        value,
        gain,
        gain if isinstance(gain, Missing) else gain + charges,
        ratio,
        lot_xirr(lot, side, value, seen.today),
    )


def match_figures(seen: SeenHolding) -> tuple[MatchFigures, ...]:
    """Newest first; each keeps the place it has in the position."""
    every = list(enumerate(seen.position.matches))
    return tuple(_match(seen, place, match) for place, match in reversed(every))


def _match(seen: SeenHolding, place: int, match: Match) -> MatchFigures:
    held = UNKNOWN_DAY if match.lot.day is None else abs(match.day - match.lot.day)
    return MatchFigures(
        seen.match_key(place),
        match,
        seen.facts.get(match.closed),
        match.proceeds,
        match.lot.cost,
        match.gain,
        match.gain_before_charges,
        held,
    )


def _figures(seen: SeenHolding) -> Iterable[Figure]:
    position, line = seen.position, seen.valued
    none = (
        Missing(EVERYTHING_SOLD)
        if line is None
        else Missing(f"price of {seen.listed.symbol}: {line.missing}")
    )

    def made(name: str, title: str, value: Value, unit: Unit, convention: str = "") -> Figure:
        return Figure(name, title, value, unit, Ask(f"holding.{name}", seen.key), convention)

    value = line.value if line is not None else None
    pnl = line.pnl if line is not None else None
    paid = line.invested if line is not None else position.cost
    ratio: Value = none
    if pnl is not None:
        ratio = pnl / paid if paid.amount > 0 else Missing("nothing was laid out")
    change = line.day_change if line is not None else None
    lots = position.lots or position.shorts
    average: Value = Missing(EVERYTHING_SOLD)
    if lots:
        paid_each = Price.per(
            total((lot.cost for lot in lots), position.currency), position.held or position.owed
        )
        average = Money(paid_each.amount, position.currency)
    yield made("value", "Value", value if value is not None else none, Unit.MONEY)
    yield made("invested", "Invested", paid, Unit.MONEY, "cost of open lots with their charges")
    yield made("pnl", "Gain", pnl if pnl is not None else none, Unit.MONEY, "value − cost")
    yield made("pnl_ratio", "Gain, of cost", ratio, Unit.RATIO)
    yield made(
        "day_change", "Today", change if change is not None else Missing("the previous close"), Unit.MONEY
    )
    yield made("realised", "Realised", position.realised, Unit.MONEY, "proceeds − cost, both after charges")
    yield made("income", "Income", position.income, Unit.MONEY, "after charges, before tax")
    yield made("taxes", "Tax withheld", position.taxes, Unit.MONEY)
    yield made("average_price", "Average cost", average, Unit.PRICE)
    yield made("quantity", "Units", position.quantity, Unit.UNITS)


def _chosen(seen: SeenHolding) -> MethodFigures:
    position = seen.position
    return _method(seen, seen.method.value.upper(), position.cost, position.realised)


def _averaged(seen: SeenHolding) -> MethodFigures:
    averaged = seen.position.averaged
    return _method(seen, "Average", averaged.cost, averaged.realised)


def _method(seen: SeenHolding, title: str, cost: Money, realised: Money) -> MethodFigures:
    held = seen.position.held
    return MethodFigures(
        title,
        cost,
        Price.per(cost, held) if held else Missing("no units are held"),
        realised,
        _unrealised(seen, cost),
    )


def _unrealised(seen: SeenHolding, cost: Money) -> Money | Missing:
    """Value − cost of what is held + what short sales brought; a future is worth what it has gained."""
    line = seen.valued
    if line is None:
        return Missing(EVERYTHING_SOLD)
    if line.value is None:
        return Missing(f"price of {seen.listed.symbol}: {line.missing}")
    if line.is_margined:
        return line.value
    return line.value - cost + total((lot.cost for lot in seen.position.shorts), seen.position.currency)


def _income(seen: SeenHolding) -> Iterable[IncomeRow]:
    for fact in sorted(seen.facts.values(), key=fold_order, reverse=True):
        said = fact.fact
        if said.kind not in _INCOME or said.instrument != seen.position.instrument:
            continue
        kept = said.kind not in {Kind.DIVIDEND, Kind.INTEREST, Kind.REPAYMENT}
        gross = said.amount + said.charges + said.withheld if kept else said.amount
        net = gross - said.charges - said.withheld
        yield IncomeRow(fact.id, said.day, said.kind, gross, said.charges, said.withheld, net)


def _marks(seen: SeenHolding) -> Iterable[ChartMark]:
    for fact in sorted(seen.facts.values(), key=fold_order):
        said = fact.fact
        price = _price_of(said)
        yield ChartMark(said.day, said.kind, RULES[said.kind].title, said.quantity, price, fact.id)


def _price_of(fact: Fact) -> Price | Missing:
    if fact.price is not None:
        return fact.price
    if fact.quantity and fact.amount.amount and fact.kind not in _MARKED:
        return Price.per(fact.amount, fact.quantity)
    return Missing(f"a {fact.kind.replace('_', ' ')} has no price")


def _chart(db: ReadDb, listed: Instrument) -> tuple[ChartPoint, ...]:
    """The newest closes; adjusted by the splits and bonuses the market knows of."""
    known = closes.book(db, [listed.id]).of(listed.id)
    if known is None:
        return ()
    events = [(action.ex_day, action.terms) for action in told_once(actions.of_instruments(db, [listed.id]))]
    adjusted = adjustment(events)
    newest = list(known)[-_CHART_POINTS:]
    return tuple(ChartPoint(c.day, c.price, adjusted.adjusted(c.price, c.day)) for c in newest)
