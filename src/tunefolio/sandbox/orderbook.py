"""Orders and executions as one account's broker keeps them, and the states an order goes through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from tunefolio.core.time import IST, Instant
from tunefolio.sandbox.universe import Listed

COMPLETE, OPEN, CANCELLED, REJECTED = "COMPLETE", "OPEN", "CANCELLED", "REJECTED"
RECEIVED, VALIDATING, WAITING = "PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING"
_BEFORE_OPEN = (RECEIVED, VALIDATING, WAITING)
FILL_AFTER = timedelta(seconds=1)
_SERIAL_DIGITS = 9
_TRADES = 7_000_000_000


@dataclass(frozen=True, slots=True)
class State:
    """What an order was at a moment. average: paise of what was filled by then, 0 for nothing."""

    status: str
    at: Instant
    filled: int = 0
    average: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands. price: its limit, paise; average: paise of what is filled, 0 for nothing.

    status: COMPLETE, OPEN, CANCELLED or REJECTED; while it is told step by step also what comes before OPEN.
    states: all it went through, oldest first; the last is this one.
    """

    order_no: int
    listed: Listed
    side: str
    quantity: int
    filled: int
    price: int
    average: int
    status: str
    placed: Instant
    updated: Instant
    product: str
    order_type: str
    tag: str = ""
    message: str = ""
    states: tuple[State, ...] = ()

    @property
    def pending(self) -> int:
        """Units still to come: none once it is final."""
        return self.quantity - self.filled if self.status not in (COMPLETE, CANCELLED, REJECTED) else 0

    @property
    def cancelled(self) -> int:
        return self.quantity - self.filled if self.status == CANCELLED else 0

    @property
    def exchange_no(self) -> str:
        """The exchange's own number; empty for an order that has not got there, or never did."""
        return "" if self.status in (RECEIVED, VALIDATING, REJECTED) else f"11{self.order_no}"

    def history(self) -> Iterator[Order]:
        """This order as it stood in each of its states, oldest first."""
        for place, state in enumerate(self.states):
            yield replace(
                self,
                status=state.status,
                filled=state.filled,
                average=state.average,
                message=state.message,
                updated=state.at,
                states=self.states[: place + 1],
            )


@dataclass(frozen=True, slots=True)
class Execution:
    """One trade of an order: part of it or all. price: paise."""

    order_no: int
    trade_no: int
    listed: Listed
    side: str
    quantity: int
    price: int
    at: Instant
    product: str

    @property
    def worth(self) -> int:
        """Paise paid; below zero for a sale's proceeds."""
        return self.price * self.quantity * (1 if self.side == "BUY" else -1)


def order_number(placed: Instant, serial: int) -> int:
    """yymmdd and nine digits."""
    return int(f"{placed.in_zone(IST):%y%m%d}{serial:0{_SERIAL_DIGITS}d}")


def trade_number(serial: int) -> int:
    """Of one execution: never used twice."""
    return _TRADES + serial


def placed(
    number: int, listed: Listed, side: str, quantity: int, price: int, at: Instant, product: str, tag: str
) -> Order:
    """A new order in the market, with nothing filled."""
    states = (*(State(status, at) for status in _BEFORE_OPEN), State(OPEN, at))
    return Order(
        number, listed, side, quantity, 0, price, 0, OPEN, at, at, product, "LIMIT", tag, states=states
    )


def filled(order: Order, quantity: int, price: int, at: Instant) -> Order:
    """After one more execution."""
    done = order.filled + quantity
    average = round((order.average * order.filled + price * quantity) / done)
    status = COMPLETE if done == order.quantity else OPEN
    return _moved(replace(order, filled=done, average=average), status, at)


def cancelled(order: Order, at: Instant) -> Order:
    return _moved(order, CANCELLED, at)


def refused(order: Order, message: str, at: Instant) -> Order:
    """Turned away at the check: it was never open."""
    return _moved(replace(order, states=order.states[:2], message=message), REJECTED, at)


def _moved(order: Order, status: str, at: Instant) -> Order:
    state = State(status, at, order.filled, order.average, order.message)
    return replace(order, status=status, updated=at, states=(*order.states, state))
