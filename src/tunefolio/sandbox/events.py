"""What can happen at the simulated exchange while it runs. Everything an account shows follows from these.

Money is in paise, quantities in units. An event is checked by the depot when it happens; these are its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from tunefolio.core.time import Instant, TradingDay


@dataclass(frozen=True, slots=True)
class Instruction:
    """What somebody wants to trade, whatever becomes of it. key: EXCHANGE:SYMBOL; side: BUY or SELL."""

    broker: str
    user: str
    key: str
    side: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Trade(Instruction):
    """An order placed and executed whole. at: within a session, not ahead; None: now. price: None: the
    market's of that moment. product: CNC settles a session later, MIS is even by the evening."""

    at: Instant | None = None
    price: int | None = None
    product: str = "CNC"
    tag: str = ""


@dataclass(frozen=True, slots=True)
class MissedTrade(Instruction):
    """A delivery trade of an earlier session: in the holdings and the tradebook file, in no book of today.

    price: None: the market's of some minute of that session, in the units of that day.
    """

    day: TradingDay
    price: int | None = None


@dataclass(frozen=True, slots=True)
class PartialFill(Instruction):
    """An order placed now of which only `filled` are executed; the rest stays open until its session ends.

    filled 0: a limit order that waits. price: its limit; None: the market's.
    """

    filled: int
    price: int | None = None
    product: str = "CNC"
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Fill:
    """A further execution of an open order. price: None: the order's."""

    order_no: int
    quantity: int
    price: int | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What is left of an open order is called off."""

    order_no: int


@dataclass(frozen=True, slots=True)
class Rejection(Instruction):
    """An order that the broker or the exchange refuses, and why."""

    message: str
    price: int | None = None
    product: str = "CNC"
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """`new` units for `old` ones of a company, from a session ahead on. symbol: NSE's, without its series."""

    symbol: str
    ex_day: date
    new: int
    old: int = 1


@dataclass(frozen=True, slots=True)
class Bonus:
    """`new` units more for `held` ones, from a session ahead on."""

    symbol: str
    ex_day: date
    new: int
    held: int = 1


@dataclass(frozen=True, slots=True)
class Transfer:
    """Units moved off-market between two demats, at any hour, at once.

    average: rupees a unit that the receiving broker is told; None: what the sending one shows. 0: it is told
    nothing, and shows no cost, as real brokers do until the owner fills it in.
    """

    broker: str
    user: str
    to_broker: str
    to_user: str
    key: str
    quantity: int
    average: float | None = None


@dataclass(frozen=True, slots=True)
class Deposit:
    """Cash paid in, or drawn out when below zero."""

    broker: str
    user: str
    amount: int


Event: TypeAlias = (
    Trade | MissedTrade | PartialFill | Fill | Cancellation | Rejection | Split | Bonus | Transfer | Deposit
)

KINDS: dict[str, type[Event]] = {
    "trade": Trade,
    "missed_trade": MissedTrade,
    "partial_fill": PartialFill,
    "fill": Fill,
    "cancellation": Cancellation,
    "rejection": Rejection,
    "split": Split,
    "bonus": Bonus,
    "transfer": Transfer,
    "deposit": Deposit,
}
"""By the word under which the control panel and the journal know it."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with its place in the order of events, the moment it happened, and what it came to.

    number: from 1. at: when it takes effect (a missed trade: in its own session). price: paise of what it
    executed, 0 where it executed nothing; for Transfer `average` is filled in.
    """

    number: int
    at: Instant
    event: Event
    price: int = 0
