"""When an alert speaks: levels, sides, and one step of its state for each number seen. Exact; no I/O.

An alert speaks of crossings: one made beyond its level waits until the number has come back first.
Rules and worked examples: docs/spec/alerts.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from tunefolio.core.time import Instant

AlertId = NewType("AlertId", int)
WatchlistId = NewType("WatchlistId", int)

TICK = Decimal("0.00000001")
"""The finest step of a kept price: "below" a level is at most one tick less."""


class AlertKind(StrEnum):
    """What is watched. The first five are judged with every quote, the next two by a job, the others by
    whoever finds them."""

    PRICE = "price"
    MOVE = "move"
    AVERAGE = "average"
    YEAR_RANGE = "year_range"
    PNL = "pnl"
    DRAWDOWN = "drawdown"
    SYNC_FAILED = "sync_failed"
    DATA_STALE = "data_stale"
    LOGIN_DUE = "login_due"


QUOTED = frozenset({AlertKind.PRICE, AlertKind.MOVE, AlertKind.AVERAGE, AlertKind.YEAR_RANGE})
HELD = frozenset({AlertKind.PNL, AlertKind.DRAWDOWN})
HAPPENING = frozenset({AlertKind.SYNC_FAILED, AlertKind.DATA_STALE, AlertKind.LOGIN_DUE})


class Direction(StrEnum):
    """up: at or above the level; down: at or below it; either: whichever comes first."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


class Repeat(StrEnum):
    """once: then done; daily: once for each UTC date on which it holds; every: at each crossing."""

    ONCE = "once"
    DAILY = "daily"
    EVERY = "every"


class AlertState(StrEnum):
    """armed: speaks when the level is reached; fired: has spoken, waits to be armed again; paused: by its
    owner; done: has spoken once and for all."""

    ARMED = "armed"
    FIRED = "fired"
    PAUSED = "paused"
    DONE = "done"


ACTIVE = (AlertState.ARMED, AlertState.FIRED)


@dataclass(frozen=True, slots=True)
class Levels:
    """Where it speaks: at or above `upper`, at or below `lower`; None: not on that side."""

    upper: Decimal | None = None
    lower: Decimal | None = None

    def side(self, number: Decimal) -> Direction | None:
        """On which side the number stands; None between the levels."""
        if self.upper is not None and number >= self.upper:
            return Direction.UP
        if self.lower is not None and number <= self.lower:
            return Direction.DOWN
        return None


@dataclass(frozen=True, slots=True)
class Manner:
    """How it repeats. band: how far a number must come back before it speaks again, in its own unit, ≥ 0.

    cooldown: the least time between two times it speaks, ≥ 0.
    """

    repeat: Repeat = Repeat.ONCE
    band: Decimal = Decimal(0)
    cooldown: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an alert stands. side: where it last spoke, or where the number lay when it was made; fired: when
    it last spoke, None for never."""

    state: AlertState = AlertState.ARMED
    side: Direction | None = None
    fired: Instant | None = None


@dataclass(frozen=True, slots=True)
class Wake:
    """When the next look is due: a number at or above `above`, at or below `below`, or a moment from `until`.

    Between them step() changes nothing: so a query may leave the alert alone.
    """

    above: Decimal | None = None
    below: Decimal | None = None
    until: Instant | None = None


def begun(levels: Levels, number: Decimal | None) -> Standing:
    """The standing of a new alert: beyond its level already, it first waits for the way back."""
    side = None if number is None else levels.side(number)
    return Standing() if side is None else Standing(AlertState.FIRED, side)


def step(
    levels: Levels, manner: Manner, standing: Standing, number: Decimal, at: Instant
) -> tuple[Standing, Direction | None]:
    """The standing after this number, and on which side it speaks now, if it does.

    Paused and done ones stay. A number may come back and cross the other level at once: that speaks, too.
    """
    if standing.state not in ACTIVE:
        return standing, None
    if standing.state is AlertState.FIRED:
        if not _is_back(levels, manner, standing, number, at):
            return standing, None
        standing = replace(standing, state=AlertState.ARMED, side=None)
    side = levels.side(number)
    if side is None or not _has_cooled(manner, standing, at):
        return standing, None
    spoken = AlertState.DONE if manner.repeat is Repeat.ONCE else AlertState.FIRED
    return Standing(spoken, side, at), side


def wake(levels: Levels, manner: Manner, standing: Standing) -> Wake:
    """What must be seen before step() can change anything."""
    if standing.state not in ACTIVE:
        return Wake()
    if standing.state is AlertState.ARMED:
        return Wake(levels.upper, levels.lower)
    if manner.repeat is Repeat.DAILY and standing.fired is not None:
        return Wake(until=next_date(standing.fired))
    if standing.side is Direction.UP and levels.upper is not None:
        return Wake(below=levels.upper - max(manner.band, TICK))
    if standing.side is Direction.DOWN and levels.lower is not None:
        return Wake(above=levels.lower + max(manner.band, TICK))
    return Wake(above=Decimal(0))


def next_date(moment: Instant) -> Instant:
    """The next midnight UTC. No session of the exchanges known here spans one: so a UTC date is a session."""
    following = (moment.utc + timedelta(days=1)).date()
    return Instant(datetime.combine(following, time(), moment.utc.tzinfo))


def _is_back(levels: Levels, manner: Manner, standing: Standing, number: Decimal, at: Instant) -> bool:
    if manner.repeat is Repeat.DAILY and standing.fired is not None:
        return at >= next_date(standing.fired)
    if standing.side is Direction.UP and levels.upper is not None:
        return number <= levels.upper - max(manner.band, TICK)
    if standing.side is Direction.DOWN and levels.lower is not None:
        return number >= levels.lower + max(manner.band, TICK)
    return True


def _has_cooled(manner: Manner, standing: Standing, at: Instant) -> bool:
    return standing.fired is None or at - standing.fired >= manner.cooldown
