"""A depot over a market of its own, and short words for what its accounts show."""

from __future__ import annotations

from collections.abc import Sequence

from tunefolio.core.time import Clock
from tunefolio.sandbox.accounts import Line
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.people import EVERYBODY, Trader

ASHA, VIKRAM = ("zerodha", "TF0001"), ("zerodha", "TF0002")
ANGEL, KOTAK = ("angelone", "TFA001"), ("kotakneo", "TFK01")


def depot_over(market: Market, clock: Clock, people: Sequence[Trader] = EVERYBODY) -> Depot:
    """What is announced in it stays in it."""
    return Depot(market.twin(), clock, people)


def line(depot: Depot, holder: tuple[str, str], key: str) -> Line | None:
    """The holder's line of one listing."""
    return next((one for one in depot.lines(*holder) if one.listed.key == key), None)


def units(depot: Depot, holder: tuple[str, str], key: str) -> tuple[int, int]:
    """Settled and unsettled."""
    one = line(depot, holder, key)
    return (0, 0) if one is None else (one.settled, one.unsettled)
