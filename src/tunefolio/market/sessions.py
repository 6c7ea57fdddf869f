"""What a session is made of: whose hours, which phases, and within a phase the steps of order entry.

All of it dated: a rule of the exchange holds in [start, end). Wall times are the exchange's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, tzinfo
from enum import StrEnum

from tunefolio.core.time import Instant, TradingDay


class Segment(StrEnum):
    """Whose hours.

    equity: shares without derivatives; equity_with_derivatives: those with a closing auction; derivatives:
    futures and options on shares and indices; expiring_index_derivatives: index contracts on their last day;
    currency, commodity: the futures and options of those; crypto: what never closes.
    """

    EQUITY = "equity"
    EQUITY_WITH_DERIVATIVES = "equity_with_derivatives"
    DERIVATIVES = "derivatives"
    EXPIRING_INDEX_DERIVATIVES = "expiring_index_derivatives"
    CURRENCY = "currency"
    COMMODITY = "commodity"
    CRYPTO = "crypto"


class Phase(StrEnum):
    """What the exchange is doing. CLOSED also covers the gaps between two phases of one day."""

    CLOSED = "closed"
    PRE_OPEN = "pre_open"
    CONTINUOUS = "continuous"
    CLOSING_AUCTION = "closing_auction"
    POST_CLOSE = "post_close"


class SessionKind(StrEnum):
    """muhurat: the Diwali hour; special: budget days, Saturdays, second-site tests; short: half days."""

    REGULAR = "regular"
    MUHURAT = "muhurat"
    SPECIAL = "special"
    SHORT = "short"


class OrderType(StrEnum):
    """How an order is worded. SL, SLM: stop-loss with or without a limit; AMO: kept by a broker overnight."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    SL = "SL"
    SLM = "SLM"
    ICEBERG = "ICEBERG"
    AMO = "AMO"


@dataclass(frozen=True, slots=True)
class Window:
    """One phase by the wall clock of the exchange; half-open; an end of 00:00 is the end of the day."""

    phase: Phase
    start: time
    end: time

    def holds(self, wall: time) -> bool:
        return self.start <= wall and (wall < self.end or self.end == time(0))

    def opens(self, day: TradingDay, zone: tzinfo) -> Instant:
        return Instant.at(day, self.start, zone)

    def closes(self, day: TradingDay, zone: tzinfo) -> Instant:
        return Instant.at(day.plus_days(1) if self.end == time(0) else day, self.end, zone)


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a phase with one rule of order entry.

    admits:      the order types that may be entered; empty: none, the exchange matches or prepares.
    random_from: from then on entry may end at any moment until `end`; None where it ends on the dot.
    doubt:       what the facts at hand do not say; "" where they do.
    """

    phase: Phase
    name: str
    start: time
    end: time
    admits: frozenset[OrderType]
    random_from: time | None = None
    doubt: str = ""
    source: str = ""

    @property
    def window(self) -> Window:
        return Window(self.phase, self.start, self.end)


@dataclass(frozen=True, slots=True)
class HoursRule:
    """The windows of one segment on ordinary sessions in [start, end); end None: until further notice."""

    segment: Segment
    start: date
    end: date | None
    windows: tuple[Window, ...]
    source: str

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class StepsRule:
    """How a phase of some segments is divided in [start, end); end None: until further notice."""

    segments: frozenset[Segment]
    phase: Phase
    start: date
    end: date | None
    steps: tuple[Step, ...]

    def covers(self, day: date, segment: Segment, phase: Phase) -> bool:
        is_meant = phase is self.phase and segment in self.segments
        return is_meant and self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class SpecialSession:
    """A session with a reason of its own. windows: its continuous trading; empty where hours are regular."""

    kind: SessionKind
    windows: tuple[Window, ...]
    note: str


@dataclass(frozen=True, slots=True)
class SessionHours:
    """Continuous trading of ordinary equities: first open, last close; a day of two sittings has a break."""

    open: Instant
    close: Instant
    kind: SessionKind


class OverrideKind(StrEnum):
    """closed: no session; open: a session with regular hours; short: one with hours of its own.

    known: the calendar goes on until that day as plain weekdays, for which the operator stands.
    """

    CLOSED = "closed"
    OPEN = "open"
    SHORT = "short"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Override:
    """What an operator says of one day of one exchange, against or beyond the packaged calendar.

    session: of which kind the session is; regular hours of a weekday are REGULAR. windows: of a short one.
    """

    exchange: str
    day: TradingDay
    kind: OverrideKind
    session: SessionKind
    windows: tuple[Window, ...]
    note: str
