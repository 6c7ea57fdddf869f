"""What may happen at the exchange and what may not, each refusal with its field and cure."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Protocol, assert_never

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Instant, TradingDay
from tunefolio.sandbox import corporate
from tunefolio.sandbox.accounts import DELIVERY, EVENT_SERIALS, INTRADAY, Books, Line
from tunefolio.sandbox.events import (
    Bonus,
    Cancellation,
    Deposit,
    Event,
    Fill,
    Happened,
    MissedTrade,
    PartialFill,
    Rejection,
    Split,
    Trade,
    Transfer,
)
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.noise import pick
from tunefolio.sandbox.orderbook import OPEN, Order, order_number
from tunefolio.sandbox.people import Trader
from tunefolio.sandbox.universe import Kind, Listed

_MOST_UNITS = 10_000_000
_MOST_PAISE = 10**13
_MESSAGE_CHARACTERS = 300
_HOURS_CURE = "Give `at` within a session, wait for one, or serve with hours always"


class Accounts(Protocol):
    """What a check must see of the exchange."""

    @property
    def market(self) -> Market: ...

    def trader(self, broker: str, user: str) -> Trader | None: ...

    def lines(self, broker: str, user: str) -> list[Line]: ...

    def orders(self, broker: str, user: str) -> list[Order]: ...

    def books(self, broker: str, user: str) -> Books: ...

    def holders(self, event: Event) -> list[tuple[str, str]]: ...


def checked(depot: Accounts, event: Event, now: Instant, number: int) -> Happened:
    """The event with its moment and price filled in. Raises Misuse."""
    _known(depot, event)
    match event:
        case Trade():
            return _trade(depot, event, now, number)
        case MissedTrade():
            return _missed(depot, event, now, number)
        case PartialFill():
            return _partial(depot, event, now, number)
        case Rejection():
            listed = _order(depot, event)
            _text(event.message, "message", least=1)
            return Happened(number, now, event, _priced(depot, listed, event.price, now))
        case Fill():
            return _further(depot, event, now, number)
        case Cancellation():
            _open(depot, event.order_no)
            return Happened(number, now, event)
        case Split() | Bonus():
            _ahead(depot, event, now)
            return Happened(number, now, event)
        case Transfer():
            return _transfer(depot, event, now, number)
        case Deposit():
            if event.amount == 0 or abs(event.amount) > _MOST_PAISE:
                raise Misuse("amount", f"{event.amount} paise is no payment")
            return Happened(number, now, event)
        case _:
            assert_never(event)


def _known(depot: Accounts, event: Event) -> None:
    for broker, user in depot.holders(event):
        if depot.trader(broker, user) is None:
            cure = "GET /control/accounts lists them"
            raise Misuse("user", f"nobody is {user!r} at {broker!r}", cure=cure)


def order_of(one: Happened) -> int:
    """The number of the order that an event makes or moves; 0 for what is no order."""
    match one.event:
        case Trade() | MissedTrade() | PartialFill() | Rejection():
            return order_number(one.at, EVENT_SERIALS + one.number)
        case Fill(order_no) | Cancellation(order_no):
            return order_no
        case _:
            return 0


def _trade(depot: Accounts, event: Trade, now: Instant, number: int) -> Happened:
    listed = _order(depot, event)
    at = event.at or now
    if at > now:
        raise Misuse("at", f"{at} is ahead of the exchange's clock", cure="Shift the clock first")
    if not depot.market.sight(listed, at).is_trading:
        raise Misuse("at", f"{event.key} does not trade at {at}", cure=_HOURS_CURE)
    _held(depot, event, listed)
    return Happened(number, at, event, _priced(depot, listed, event.price, at))


def _missed(depot: Accounts, event: MissedTrade, now: Instant, number: int) -> Happened:
    """Some minute of that session."""
    listed = _order(depot, event)
    sessions = depot.market.sessions
    if event.day >= sessions.current(now):
        cure = "A missed trade is of an earlier session; use a trade for today's"
        raise Misuse("day", f"{event.day} is not past", cure=cure)
    if event.day.date.year < 2010 or not list(sessions.between(event.day, event.day.plus_days(1), now)):
        raise Misuse("day", f"the exchange did not trade on {event.day}")
    _held(depot, event, listed)
    at = _some_minute(depot, listed, event.day, number)
    walked = _priced(depot, listed, event.price, at)
    price = walked if event.price is not None else corporate.paid(listed, walked, event.day)
    return Happened(number, at, event, price)


def _some_minute(depot: Accounts, listed: Listed, day: TradingDay, number: int) -> Instant:
    """In office hours, whatever the hours of this exchange."""
    window = depot.market.window(listed, day)
    start = Instant.at(day, time(9, 15)) if window.minutes > 600 else window.open
    return start + timedelta(minutes=pick(number, 0, min(345, window.minutes)), seconds=23)


def _partial(depot: Accounts, event: PartialFill, now: Instant, number: int) -> Happened:
    listed = _order(depot, event)
    if not 0 <= event.filled < event.quantity:
        raise Misuse("filled", f"{event.filled} is not part of {event.quantity}", cure="Use a trade for all")
    if not depot.market.sight(listed, now).is_trading:
        raise Misuse("key", f"{event.key} does not trade now", cure=_HOURS_CURE)
    _held(depot, event, listed)
    return Happened(number, now, event, _priced(depot, listed, event.price, now))


def _further(depot: Accounts, event: Fill, now: Instant, number: int) -> Happened:
    order = _open(depot, event.order_no)
    if not 0 < event.quantity <= order.pending:
        raise Misuse("quantity", f"{event.quantity} is not among the {order.pending} units still open")
    price = order.price if event.price is None else event.price
    return Happened(number, now, event, _priced(depot, order.listed, price, now))


def _transfer(depot: Accounts, event: Transfer, now: Instant, number: int) -> Happened:
    listed = _security(depot, event.key)
    _units(event.quantity, "quantity")
    if (event.broker, event.user) == (event.to_broker, event.to_user):
        raise Misuse("to_user", "units cannot be moved to where they are")
    lines = [
        line
        for line in depot.lines(event.broker, event.user)
        if line.listed.company.isin == listed.company.isin
    ]
    free = sum(line.settled - line.pledged - line.used for line in lines)
    if event.quantity > free:
        cure = "Unsettled, pledged and sold units cannot be moved"
        raise Misuse("quantity", f"only {max(0, free)} free units of {event.key} are held", cure=cure)
    average = event.average
    if average is None:
        average = next((line.average for line in lines if line.settled), 0.0)
    if not 0 <= average <= 10_000_000:
        raise Misuse("average", f"{average} rupees is no cost of a unit")
    return Happened(number, now, replace(event, average=average))


def _order(depot: Accounts, event: Trade | MissedTrade | PartialFill | Rejection) -> Listed:
    listed = _security(depot, event.key)
    _units(event.quantity, "quantity")
    if event.side not in ("BUY", "SELL"):
        raise Misuse("side", f"{event.side!r} is no side", cure="BUY or SELL")
    if not isinstance(event, MissedTrade):
        if event.product not in (DELIVERY, INTRADAY):
            raise Misuse("product", f"{event.product!r} is unknown", cure=f"{DELIVERY} or {INTRADAY}")
        if event.tag and (len(event.tag) > 20 or not (event.tag.isascii() and event.tag.isalnum())):
            raise Misuse("tag", "a tag has at most 20 letters and digits")
    return listed


def _held(depot: Accounts, event: Trade | MissedTrade | PartialFill, listed: Listed) -> None:
    """Nobody sells for delivery what is not there."""
    if event.side != "SELL" or (not isinstance(event, MissedTrade) and event.product != DELIVERY):
        return
    isin = listed.company.isin
    books = depot.books(event.broker, event.user)
    held = sum(line.settled + line.unsettled for line in books.lines if line.listed.company.isin == isin)
    for one in books.executions:
        if one.listed.company.isin == isin and one.product == DELIVERY:
            held += one.quantity if one.side == "BUY" else -one.quantity
    if event.quantity > held:
        raise Misuse("quantity", f"only {max(0, held)} units of {event.key} are held", cure="Buy first")


def _open(depot: Accounts, order_no: int) -> Order:
    (holder,) = depot.holders(Cancellation(order_no))
    order = next((one for one in depot.orders(*holder) if one.order_no == order_no), None)
    if order is None:
        raise Misuse("order_no", f"order {order_no} is of an earlier session", cure="Only today's move")
    if order.status != OPEN:
        raise Misuse("order_no", f"order {order_no} is {order.status.lower()}", cure="Only open ones move")
    return order


def _ahead(depot: Accounts, event: Split | Bonus, now: Instant) -> None:
    parts = {"new": event.new, "old" if isinstance(event, Split) else "held": _base(event)}
    for field, value in parts.items():
        if not 1 <= value <= 1_000:
            raise Misuse(field, f"{value} is not between 1 and 1000")
    if isinstance(event, Split) and event.new == event.old:
        raise Misuse("new", "as many units as before are no split")
    listings = [one for one in depot.market.universe if one.company.symbol == event.symbol]
    if not any(one.company.kind in (Kind.SHARE, Kind.ETF) for one in listings):
        raise Misuse("symbol", f"{event.symbol!r} is not listed", cure="Write NSE's symbol, without a series")
    if event.ex_day <= depot.market.sessions.current(now).date:
        cure = "Announce it for a later day, and shift the clock there"
        raise Misuse("ex_day", f"{event.ex_day} is not ahead", cure=cure)
    if event.ex_day.year > 2050:
        raise Misuse("ex_day", f"{event.ex_day} is beyond the simulated walks")


def _base(event: Split | Bonus) -> int:
    return event.old if isinstance(event, Split) else event.held


def _security(depot: Accounts, key: str) -> Listed:
    listed = depot.market.universe.find(key)
    if listed is None or listed.company.kind not in (Kind.SHARE, Kind.ETF):
        raise Misuse("key", f"{key!r} cannot be held", cure="Write EXCHANGE:SYMBOL, as NSE:INFY")
    return listed


def _priced(depot: Accounts, listed: Listed, price: int | None, at: Instant) -> int:
    """Paise: as given, or the market's."""
    if price is None:
        return depot.market.price(listed, at)
    if not 1 <= price <= _MOST_PAISE or price % listed.tick:
        raise Misuse("price", f"{price} paise is not on the tick of {listed.tick}")
    return price


def _units(quantity: int, field: str) -> None:
    if not 1 <= quantity <= _MOST_UNITS:
        raise Misuse(field, f"{quantity} is no number of units", cure=f"1 to {_MOST_UNITS}")


def _text(text: str, field: str, *, least: int) -> None:
    if not least <= len(text) <= _MESSAGE_CHARACTERS or not text.isprintable():
        raise Misuse(field, f"a text of {least} to {_MESSAGE_CHARACTERS} printable characters is wanted")
