"""Orders as brokers report them: what was asked, how far it got, in the broker's word and in ours."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from tunefolio.core.money import Price
from tunefolio.core.time import Clock, Instant
from tunefolio.ledger.brokers import AppKeys, BrokerSession
from tunefolio.market.instruments import InstrumentClaim


class OrderSide(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderState(StrEnum):
    """Where an order stands. UNKNOWN: the broker used a word we do not know; never taken for another."""

    PENDING = "pending"
    """Received or being checked; not at the exchange yet, nor refused."""
    OPEN = "open"
    TRIGGER_PENDING = "trigger_pending"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Nothing more can happen to it."""
        return self in (OrderState.COMPLETE, OrderState.CANCELLED, OrderState.REJECTED)


@dataclass(frozen=True, slots=True)
class OrderReport:
    """One order as its broker tells it at one moment.

    order_id:  the broker's; exchange_id: the exchange's, "" before it got there. tag: what we sent along.
    quantity, filled, pending, cancelled: units ≥ 0. price, trigger, average: None where there is none (the
    broker writes 0). variety, product, order_type, validity, status: the broker's own words, unchanged.
    side: None for a word we do not know. message: why it was refused, "" otherwise.
    """

    order_id: str
    exchange_id: str
    parent_id: str
    instrument: InstrumentClaim
    side: OrderSide | None
    variety: str
    product: str
    order_type: str
    validity: str
    quantity: Decimal
    filled: Decimal
    pending: Decimal
    cancelled: Decimal
    price: Price | None
    trigger: Price | None
    average: Price | None
    state: OrderState
    status: str
    message: str
    placed: Instant | None
    updated: Instant | None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class TriggerReport:
    """A standing instruction kept by the broker until a price is reached (Kite calls it GTT).

    triggers: prices that fire it, ascending. status: the broker's word. orders: what it would place, each as
    (side, quantity, price).
    """

    trigger_id: str
    instrument: InstrumentClaim
    triggers: tuple[Price, ...]
    orders: tuple[tuple[OrderSide, Decimal, Price], ...]
    status: str
    created: Instant | None
    expires: Instant | None


@runtime_checkable
class OrderSource(Protocol):
    """A broker that shows its order book. Raises Reauth, Retry, Rejected."""

    def orders(self, api_key: str, session: BrokerSession) -> Sequence[OrderReport]:
        """Every order of the running day, oldest first; empty before the first."""
        ...

    def order_history(self, api_key: str, session: BrokerSession, order_id: str) -> Sequence[OrderReport]:
        """The states one order went through, oldest first; Rejected for one the broker does not know."""
        ...


@runtime_checkable
class OrderFeed(Protocol):
    """A broker that tells of orders as they change."""

    def updates(
        self, api_key: str, session: BrokerSession, clock: Clock
    ) -> AsyncGenerator[OrderReport, None]:
        """Order updates as they come: at least once, in any order. Mends its own line; raises Reauth when the
        session has ended, Retry when the line stays down. End it by closing the generator."""
        ...


@runtime_checkable
class PostbackSource(Protocol):
    """A broker that calls the house when an order changes, with a proof made of the application's secret.

    It may call twice, late and in any order: each call says how things stood.
    """

    def postback_user(self, body: bytes) -> str:
        """Whom the call says it is about: a claim, for nothing is proved before the secret is known. Rejected
        for what is no postback."""
        ...

    def postback(self, app: AppKeys, body: bytes) -> OrderReport:
        """The order it tells of. Compares in constant time; Rejected with code "checksum" for what was not
        made with this application's secret."""
        ...


@runtime_checkable
class TriggerSource(Protocol):
    """A broker that keeps standing instructions and shows them."""

    def triggers(self, api_key: str, session: BrokerSession) -> Sequence[TriggerReport]: ...
