"""One account's history, worked out: what was there on the first day and what happened since.

1. orders       the first day's deals and every order event, each with its executions
2. squares      what a day's intraday deals leave is closed when its session ends, by orders like all others
3. steps        executions for delivery of earlier sessions, transfers, announced splits; in order of time
4. parcels      units bought together; the oldest leave first; a split multiplies them and divides the average
5. lines        parcels of the session before are unsettled, older ones settled; today's are positions only
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from fractions import Fraction
from itertools import groupby
from typing import TypeAlias, assert_never

from tunefolio.core.time import Instant, TradingDay
from tunefolio.sandbox import corporate
from tunefolio.sandbox.corporate import Split
from tunefolio.sandbox.events import (
    Cancellation,
    Deposit,
    Fill,
    Happened,
    MissedTrade,
    PartialFill,
    Rejection,
    Trade,
    Transfer,
)
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.orderbook import (
    OPEN,
    Execution,
    Order,
    cancelled,
    filled,
    order_number,
    placed,
    refused,
    trade_number,
)
from tunefolio.sandbox.people import Deal, Demat, Trader, average_price
from tunefolio.sandbox.universe import Listed

_LONG_AGO = TradingDay(date(1996, 4, 1))
_DEALS_PER_ACCOUNT = 1_000
EVENT_SERIALS = 500_000_000
_SQUARE_SERIALS, _SQUARES_PER_ACCOUNT = 700_000_000, 10_000
_BOUGHT_AT = time(14, 41, 9)
DELIVERY, INTRADAY = "CNC", "MIS"


@dataclass(frozen=True, slots=True)
class Line:
    """What an account holds of one listing.

    settled: in demat when the session began, and moved since; of them `used` are sold today. unsettled:
    bought in the session before. pledged: of the settled ones. margin_funded: a block apart. average: rupees
    a unit, over settled and unsettled ones; 0 when the broker was told none.
    """

    listed: Listed
    settled: int
    unsettled: int
    pledged: int
    margin_funded: int
    average: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Books:
    """All that an account shows at one moment. Money in paise.

    orders, executions: of the running session, oldest first. past: executions of earlier ones. opening_cash:
    when the session began; cash: after its executions and deposits. paid_in: today's deposits.
    """

    lines: tuple[Line, ...]
    orders: tuple[Order, ...]
    executions: tuple[Execution, ...]
    past: tuple[Execution, ...]
    opening_cash: int
    cash: int
    paid_in: int


@dataclass(frozen=True, slots=True)
class Account:
    """A trader's account, opened on a session. place: its own among all accounts, for its order numbers."""

    trader: Trader
    place: int
    opened: TradingDay

    def due(self, market: Market, now: Instant) -> int:
        """How many of the first day's deals have been done."""
        return sum(1 for deal in self.trader.deals if self.time_of(deal, market) <= now)

    def time_of(self, deal: Deal, market: Market) -> Instant:
        opens = market.window(market.universe.of(deal.key), self.opened).open
        return opens + timedelta(minutes=deal.minute, seconds=17)

    def purchases(self, market: Market) -> Iterator[Execution]:
        """How what it opened with was bought, at the closes that its average costs follow from."""
        serial = self.place * _DEALS_PER_ACCOUNT + _DEALS_PER_ACCOUNT // 2
        for line in self.trader.demat:
            listed = market.universe.of(line.key)
            lots = [(TradingDay.parse(lot.day), lot.quantity) for lot in line.purchases]
            closes = [market.close(listed, day) for day, _ in lots]
            if line.t1:
                lots.append((market.sessions.before(self.opened), line.t1))
                closes.append(closes[-1])
            for (day, quantity), price in zip(lots, closes, strict=True):
                serial += 1
                at = Instant.at(day, _BOUGHT_AT)
                numbers = order_number(at, serial), trade_number(serial)
                yield Execution(*numbers, listed, "BUY", quantity, price, at, DELIVERY)

    def books(self, market: Market, happened: Sequence[Happened], now: Instant) -> Books:
        """happened: this account's own, oldest first, none after `now`."""
        return _Reader(self, market, happened, now).books()


@dataclass(slots=True)
class _Cell:
    """One listing while it is worked out. parcels: (session bought, units), oldest first."""

    listed: Listed
    parcels: list[tuple[TradingDay, int]]
    average: float
    pledged: int = 0
    margin_funded: int = 0

    @property
    def units(self) -> int:
        return sum(units for _, units in self.parcels)

    def add(self, day: TradingDay, units: int, price: float) -> None:
        """At rupees a unit."""
        held = self.units
        self.average = (self.average * held + price * units) / (held + units)
        self.parcels.append((day, units))

    def take(self, wanted: int) -> int:
        """The oldest first; returns what could not be taken."""
        while wanted and self.parcels:
            day, units = self.parcels[0]
            gone = min(units, wanted)
            wanted -= gone
            self.parcels[:1] = [(day, units - gone)] if units > gone else []
        return wanted

    def split(self, ratio: Fraction) -> None:
        """Fractions of a unit are lost, as the company pays them out elsewhere."""
        self.parcels = [(day, int(units * ratio)) for day, units in self.parcels]
        self.pledged, self.margin_funded = int(self.pledged * ratio), int(self.margin_funded * ratio)
        self.average = float(self.average / ratio)

    def line(self, since: TradingDay, used: int) -> Line:
        """Parcels bought on or after `since` are not settled yet."""
        unsettled = sum(units for day, units in self.parcels if day >= since)
        settled = self.units - unsettled
        average = round(self.average, 6)
        return Line(
            self.listed, settled, unsettled, min(self.pledged, settled), self.margin_funded, average, used
        )


@dataclass(slots=True)
class _Reader:
    """Reads one account's history up to one moment."""

    account: Account
    market: Market
    happened: Sequence[Happened]
    now: Instant
    orders: dict[int, Order] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)

    def books(self) -> Books:
        today = self.market.sessions.current(self.now)
        self._do_deals()
        for one in self.happened:
            self._do(one)
        self._square_off()
        running = [one for one in self.executions if self._day(one.at) == today]
        past = [one for one in self.executions if self._day(one.at) < today]
        opening = self.account.trader.cash - sum(one.worth for one in past)
        opening += sum(amount for at, amount in self._deposits() if self._day(at) < today)
        paid_in = sum(amount for at, amount in self._deposits() if self._day(at) == today)
        cash = opening + paid_in - sum(one.worth for one in running)
        orders = sorted(self._orders_of(today), key=lambda one: (one.placed, one.order_no))
        return Books(
            tuple(self._lines(today, past, running)), tuple(orders), tuple(running), tuple(past),
            opening, cash, paid_in,
        )  # fmt: skip

    def _day(self, at: Instant) -> TradingDay:
        return self.market.sessions.current(at)

    def _do_deals(self) -> None:
        """Those of the first day whose time has come."""
        for place, deal in enumerate(self.account.trader.deals):
            listed = self.market.universe.of(deal.key)
            at = self.account.time_of(deal, self.market)
            if at > self.now:
                continue
            price = self.market.price(listed, at) - (0 if deal.is_filled else 20 * listed.tick)
            serial = self.account.place * _DEALS_PER_ACCOUNT + place + 1
            number = order_number(at, serial)
            order = placed(number, listed, deal.side, deal.quantity, price, at, deal.product, "")
            self.orders[number] = order if deal.is_filled else cancelled(order, at)
            if deal.is_filled:
                self._fill(number, deal.quantity, price, at, serial)

    def _do(self, one: Happened) -> None:
        serial = EVENT_SERIALS + one.number
        number, event = order_number(one.at, serial), one.event
        if isinstance(event, Trade | MissedTrade | PartialFill | Rejection):
            self.orders[number] = self._placed(number, event, one)
        match event:
            case Trade() | MissedTrade():
                self._fill(number, event.quantity, one.price, one.at, serial)
            case PartialFill() if event.filled:
                self._fill(number, event.filled, one.price, one.at, serial)
            case Rejection():
                self.orders[number] = refused(self.orders[number], event.message, one.at)
            case Fill():
                self._fill(event.order_no, event.quantity, one.price, one.at, serial)
            case Cancellation():
                self.orders[event.order_no] = cancelled(self.orders[event.order_no], one.at)
            case _:
                pass  # transfers and deposits are no orders

    def _placed(
        self, number: int, event: Trade | MissedTrade | PartialFill | Rejection, one: Happened
    ) -> Order:
        product, tag = (DELIVERY, "") if isinstance(event, MissedTrade) else (event.product, event.tag)
        listed = self.market.universe.of(event.key)
        return placed(number, listed, event.side, event.quantity, one.price, one.at, product, tag)

    def _fill(self, number: int, quantity: int, price: int, at: Instant, serial: int) -> None:
        order = self.orders[number] = filled(self.orders[number], quantity, price, at)
        trade = trade_number(serial)
        self.executions.append(
            Execution(number, trade, order.listed, order.side, quantity, price, at, order.product)
        )

    def _orders_of(self, today: TradingDay) -> Iterator[Order]:
        """What is open when its session ends is called off then."""
        for order in self.orders.values():
            if self._day(order.placed) != today:
                continue
            end = self.market.window(order.listed, today).end
            yield cancelled(order, end) if order.status == OPEN and self.now >= end else order

    def _deposits(self) -> Iterator[tuple[Instant, int]]:
        return ((one.at, one.event.amount) for one in self.happened if isinstance(one.event, Deposit))

    def _square_off(self) -> None:
        """Close the intraday rest of each day at its close, when its session ends."""
        serial = _SQUARE_SERIALS + self.account.place * _SQUARES_PER_ACCOUNT
        for at, listed, left in sorted(self._unsquared(), key=lambda one: (one[0], one[1].key)):
            serial += 1
            number, price = order_number(at, serial), self.market.close(listed, self._day(at))
            side = "SELL" if left > 0 else "BUY"
            self.orders[number] = placed(number, listed, side, abs(left), price, at, INTRADAY, "")
            self._fill(number, abs(left), price, at, serial)
        self.executions.sort(key=lambda one: one.at)

    def _unsquared(self) -> Iterator[tuple[Instant, Listed, int]]:
        """When a session ended, and what was open then of one listing: bought above zero."""
        intraday = [one for one in self.executions if one.product == INTRADAY]
        intraday.sort(key=lambda one: (one.listed.key, one.at))
        for (_, day), group in groupby(intraday, lambda one: (one.listed.key, self._day(one.at))):
            ones = list(group)
            left = sum(one.quantity if one.side == "BUY" else -one.quantity for one in ones)
            end = self.market.window(ones[0].listed, day).end
            if left and end <= self.now:
                yield end, ones[0].listed, left

    def _lines(
        self, today: TradingDay, past: Sequence[Execution], running: Sequence[Execution]
    ) -> Iterator[Line]:
        cells = {line.key: self._cell(line) for line in self.account.trader.demat}
        for _, _, what in sorted(self._steps(today, past), key=lambda step: step[:2]):
            self._take_step(cells, what)
        since = self.market.sessions.before(today)
        for key, cell in cells.items():
            if cell.units or cell.margin_funded:
                yield cell.line(since, _sold(running, key))

    def _cell(self, line: Demat) -> _Cell:
        opened = self.account.opened
        listed = self.market.universe.of(line.key)
        parcels = [(_LONG_AGO, line.settled)] if line.settled else []
        if line.t1:
            parcels.append((self.market.sessions.before(opened), line.t1))
        average = average_price(self.market, listed, line)
        return _Cell(listed, parcels, average, line.pledged, line.margin_funded)

    def _steps(self, today: TradingDay, past: Sequence[Execution]) -> Iterator[tuple[Instant, int, _Step]]:
        """With the moment of each; a split comes before what is traded on its ex-day."""
        for split in self.market.register.announced():
            if self.account.opened.date < split.ex_day <= today.date:
                yield Instant.at(TradingDay(split.ex_day), time(0)), 0, split
        for one in past:
            if one.product == DELIVERY:
                yield one.at, 1, one
        for happened in self.happened:
            if isinstance(happened.event, Transfer):
                yield happened.at, 1, happened.event

    def _take_step(self, cells: dict[str, _Cell], step: _Step) -> None:
        match step:
            case Split():
                for cell in cells.values():
                    if cell.listed.company.symbol == step.symbol:
                        cell.split(Fraction(step.new, step.old))
            case Execution():
                self._settle(cells, step)
            case Transfer():
                self._move(cells, step)
            case _:
                assert_never(step)

    def _settle(self, cells: dict[str, _Cell], one: Execution) -> None:
        """What was traded before the account opened counts in the units of that session."""
        day = self._day(one.at)
        grown = corporate.units_after(one.listed, day) if day < self.account.opened else Fraction(1)
        units = int(one.quantity * grown)
        if one.side == "BUY":
            cell = cells.setdefault(one.listed.key, _Cell(one.listed, [], 0.0))
            cell.add(day, units, float(one.price / grown / 100))
        else:
            _leave(cells, one.listed, units)

    def _move(self, cells: dict[str, _Cell], event: Transfer) -> None:
        listed, trader = self.market.universe.of(event.key), self.account.trader
        if (event.broker, event.user) == (trader.broker, trader.user_id):
            _leave(cells, listed, event.quantity)
        if (event.to_broker, event.to_user) == (trader.broker, trader.user_id):
            cell = cells.setdefault(listed.key, _Cell(listed, [], 0.0))
            cell.add(_LONG_AGO, event.quantity, event.average or 0.0)
            cell.parcels.sort(key=lambda parcel: parcel[0])


_Step: TypeAlias = Split | Execution | Transfer


def _leave(cells: dict[str, _Cell], listed: Listed, units: int) -> None:
    """From the line of that exchange first, then from the same security's other line: a demat knows no
    exchanges."""
    kin = [cell for cell in cells.values() if cell.listed.company.isin == listed.company.isin]
    for cell in sorted(kin, key=lambda cell: cell.listed.key != listed.key):
        units = cell.take(units)


def _sold(running: Sequence[Execution], key: str) -> int:
    """Units that leave when today's delivery trades settle."""
    own = [one for one in running if one.listed.key == key and one.product == DELIVERY]
    net = sum(one.quantity if one.side == "SELL" else -one.quantity for one in own)
    return max(0, net)
