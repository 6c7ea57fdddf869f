"""Deals written as sentences: "2023-07-13 buy 500 INFY @ 100 delivery by zerodha"."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from tunefolio.core.time import TradingDay
from tunefolio.trading.charges.charges import charges
from tunefolio.trading.charges.deals import Deal, Segment
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.lines import Charges, Line
from tunefolio.trading.charges.tariffs import tariffs
from tunefolio.trading.orders import OrderSide

_SENTENCE = re.compile(
    r"(?P<day>\S+) (?P<side>buy|sell) (?P<quantity>\S+) (?P<scrip>\S+) @ (?P<price>\S+) (?P<segment>\S+)"
    r" by (?P<broker>\w+)(?: (?P<plan>\w+))?(?: at (?P<exchange>\w+)(?: (?P<group>\w+))?)?"
)


def deal(sentence: str, **more: Any) -> Deal:
    """DAY buy|sell UNITS SCRIP @ PRICE SEGMENT by BROKER [PLAN] [at EXCHANGE [GROUP]]; NSE when not said."""
    told = _SENTENCE.fullmatch(sentence)
    assert told is not None, sentence
    return Deal(
        day=TradingDay.parse(told["day"]),
        broker=told["broker"],
        exchange=told["exchange"] or "NSE",
        segment=Segment(told["segment"].replace("-", "_")),
        side=OrderSide(told["side"]),
        quantity=Decimal(told["quantity"]),
        price=Decimal(told["price"]),
        scrip=told["scrip"],
        plan=told["plan"] or "",
        group=told["group"] or "",
        **more,
    )


def charged(sentence: str, **more: Any) -> Charges:
    """What that deal costs by itself, by the tariffs that ship."""
    return charges(deal(sentence, **more), tariffs())


def exact(found: Charges, name: LineName) -> Decimal:
    """A line before rounding; it must be there and known."""
    line = found.line(name)
    assert isinstance(line, Line), f"{name}: {line}"
    return line.exact


def amount(found: Charges, name: LineName) -> Decimal:
    """A line as the note has it; it must be there and known."""
    line = found.line(name)
    assert isinstance(line, Line), f"{name}: {line}"
    return line.amount.amount
