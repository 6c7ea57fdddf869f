"""Foreign money in rupees at the rate of its own day, and what units were worth on the days of a year.

A close is what was paid that day; units of today are counted back by the splits that came since.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from functools import cached_property
from itertools import pairwise

from tunefolio.analysis.derivation import EXACT, RATIO
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.core.identity import InstrumentId, TransactionId
from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Money, Price, quantized
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import UNITS_DIGITS
from tunefolio.ledger.transactions import Fact
from tunefolio.market.closes import CARRY_DAYS
from tunefolio.market.fx import Rate, RateBook

NO_FACT = TransactionId(0)
_ONE = Decimal(1)
_CLOSES = "Fetch its closes of that year"

Closes = Mapping[InstrumentId, Sequence[tuple[TradingDay, Price]]]
"""What one unit cost at the end of each session, as it was paid, ascending."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A close: of which instrument, as it was called that day."""

    day: TradingDay
    price: Price
    instrument: InstrumentId


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum of foreign money in rupees, rounded once to the paisa.

    day: whose rate counts. fact: what paid or brought it, NO_FACT of a value. units, close: of what a
    value is the product. others: what other lots have of the same receipt.
    """

    amount: Money
    rate: Rate
    day: TradingDay
    rupees: Decimal
    fact: TransactionId = NO_FACT
    units: Decimal | None = None
    close: Seen | None = None
    others: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the schedule in rupees, and the sums that it adds up; Missing where one is not known."""

    value: Decimal | Missing
    sums: tuple[Sum, ...] = ()

    @property
    def day(self) -> TradingDay | None:
        """The day of a value: the peak's, 31 December."""
        return self.sums[0].day if len(self.sums) == 1 else None


NOTHING = Figure(ZERO)


def summed(sums: Sequence[Sum | Missing]) -> Figure:
    """Missing if one of them is."""
    lacking = missing_of(one for one in sums if isinstance(one, Missing))
    known = tuple(one for one in sums if isinstance(one, Sum))
    return Figure(lacking or sum((one.rupees for one in known), ZERO), known)


def converted(
    amount: Money, day: TradingDay, rates: RateBook, fact: TransactionId = NO_FACT
) -> Sum | Missing:
    """At the rate that stood on the day."""
    rate = rates.on(amount.currency, INR, day)
    if isinstance(rate, Missing):
        return rate
    return Sum(amount, rate, day, quantized(EXACT.multiply(amount.amount, rate.rate), 2), fact)


@dataclass(frozen=True, slots=True)
class Span:
    """A calendar year as far as it has gone. last: 31 December; until: the last day that is over."""

    first: TradingDay
    last: TradingDay
    until: TradingDay

    def holds(self, day: TradingDay) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Piece:
    """Units of one lot from purchase to sale. left: the day they were sold within the year or after it, None
    while held: also the day whose units they are counted in. proceeds: before charges."""

    units: Decimal
    cost: Money
    left: TradingDay | None
    proceeds: Money | None = None
    closed: TransactionId = NO_FACT


@dataclass(frozen=True)
class Worth:
    """One instrument over one calendar year. name: how reasons call it; changes: corporate events of the
    books; remarks: what its values do not tell."""

    instrument: InstrumentId
    name: str
    closes: Closes
    rates: RateBook
    span: Span
    changes: Sequence[Fact] = ()

    @cached_property
    def ratios(self) -> tuple[tuple[TradingDay, Decimal], ...]:
        """Splits, the oldest first: units after for one before; of a change that names no ratio, one."""
        return tuple((fact.day, _ratio(fact)) for _, fact in reversed(self._past))

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """Mergers and demergers of the year: days before them are valued by what the units are now."""
        ids = {id for id, _ in self._past} | {self.instrument}
        found = {
            (fact.day, fact.kind)
            for fact in self.changes
            if fact.kind in {Kind.MERGER, Kind.DEMERGER}
            and self.span.holds(fact.day)
            and {fact.instrument, fact.other} & ids
        }
        return tuple(
            f"{self.name}: the peak before the {kind.value} of {day} is by closes of what the units became"
            for day, kind in sorted(found)
        )

    @cached_property
    def seen(self) -> tuple[Seen, ...]:
        """Closes of the year and the days before it, of the instrument and of what it was called before."""
        found: list[Seen] = []
        upper = self.span.until.plus_days(1)
        for instrument, below in self._names():
            some = [
                Seen(day, price, instrument)
                for day, price in self.closes.get(instrument, ())
                if below <= day < upper and day >= self.span.first.plus_days(-CARRY_DAYS)
            ]
            found = [*some, *found]
            upper = min(upper, below)
        return tuple(found)

    def units_on(self, pieces: Sequence[Piece], day: TradingDay) -> Decimal:
        """Units held at the end of that day, counted as they were counted then."""
        with localcontext(RATIO):
            held = [
                piece.units / self._made(day, piece.left)
                for piece in pieces
                if piece.left is None or day < piece.left
            ]
            return quantized(sum(held, ZERO), UNITS_DIGITS)

    def peak(self, pieces: Sequence[Piece], begun: TradingDay) -> Figure:
        """The highest value by close while held; the day of sale counts no more."""
        hole = self._hole(begun, self._ended(pieces))
        if hole is not None:
            return Figure(hole)
        best: Sum | None = None
        for start, end in self._stretches(pieces, begun):
            units = self.units_on(pieces, self.seen[start].day)
            if not units:
                continue
            some = self._levels[start:end]
            lacking = missing_of(one for one in some if isinstance(one, Missing))
            if lacking is not None:
                return Figure(lacking)
            numbers = [one for one in some if isinstance(one, Decimal)]
            place = start + numbers.index(max(numbers))
            top = self.valued(units, self.seen[place])
            if isinstance(top, Sum) and (best is None or top.rupees > best.rupees):
                best = top
        return NOTHING if best is None else Figure(best.rupees, (best,))

    def closing(self, pieces: Sequence[Piece]) -> Figure:
        """On 31 December; nothing where all was sold by then."""
        if self.span.until < self.span.last:
            return Figure(Missing(f"the year ends on {self.span.last}", "Look again when it is over"))
        units = self.units_on(pieces, self.span.last)
        if not units:
            return NOTHING
        last = self.seen[-1] if self.seen else None
        if last is None or self.span.last - last.day > CARRY_DAYS:
            return Figure(Missing(f"a close of {self.name} by {self.span.last}", _CLOSES))
        return summed([self.valued(units, last, self.span.last)])

    def valued(self, units: Decimal, close: Seen, day: TradingDay | None = None) -> Sum | Missing:
        """units × close × the rate of the day, rounded once."""
        at = day or close.day
        rate = self.rates.on(close.price.currency, INR, at)
        if isinstance(rate, Missing):
            return rate
        amount = EXACT.multiply(units, close.price.amount)
        rupees = quantized(EXACT.multiply(amount, rate.rate), 2)
        return Sum(Money(amount, close.price.currency), rate, at, rupees, units=units, close=close)

    @cached_property
    def _days(self) -> list[int]:
        """The days of the closes as ordinals, which compare fast."""
        return [_ordinal(one.day) for one in self.seen]

    @cached_property
    def _levels(self) -> list[Decimal | Missing]:
        """Rupees of one unit at each close."""
        return [self._level(one) for one in self.seen]

    def _level(self, close: Seen) -> Decimal | Missing:
        rate = self.rates.on(close.price.currency, INR, close.day)
        return rate if isinstance(rate, Missing) else EXACT.multiply(close.price.amount, rate.rate)

    @cached_property
    def _gaps(self) -> list[tuple[int, int]]:
        """Closes further apart than one may stand for, as ordinals."""
        return [(one, after) for one, after in pairwise(self._days) if after - one > CARRY_DAYS + 1]

    def _stretches(self, pieces: Sequence[Piece], begun: TradingDay) -> Iterator[tuple[int, int]]:
        """Closes, from one place to before another, over which the number of units does not change."""
        start = bisect_left(self._days, _ordinal(max(begun, self.span.first)))
        marks = {piece.left for piece in pieces if piece.left is not None} | {day for day, _ in self.ratios}
        for mark in sorted(_ordinal(day) for day in marks):
            end = bisect_left(self._days, mark)
            if end > start:
                yield start, end
                start = end
        if start < len(self._days):
            yield start, len(self._days)

    def _ended(self, pieces: Sequence[Piece]) -> TradingDay:
        """The last day on whose evening something was held."""
        left = [piece.left for piece in pieces]
        days = [day for day in left if day is not None]
        whole = self.span.until
        return min(max(days).plus_days(-1), whole) if len(days) == len(left) else whole

    def _hole(self, begun: TradingDay, ended: TradingDay) -> Missing | None:
        """A run of days longer than a close may stand for: the peak could lie in it."""
        first = max(begun, self.span.first)
        if ended < first:
            return None
        start, end = _ordinal(first), _ordinal(ended)
        within = self._days[bisect_left(self._days, start) : bisect_right(self._days, end)]
        if not within:
            return Missing(f"a close of {self.name} from {first} to {ended}", _CLOSES)
        inside = [(one, after) for one, after in self._gaps if one >= within[0] and after <= within[-1]]
        for one, after in ((start - 1, within[0]), *inside, (within[-1], end + 1)):
            if after - one > CARRY_DAYS + 1:
                what = f"closes of {self.name} from {_day(one + 1)} to {_day(after - 1)}"
                return Missing(what, _CLOSES)
        return None

    def _made(self, day: TradingDay, counted: TradingDay | None) -> Decimal:
        """Units of the later day that one unit of the earlier one became; counted None: of today."""
        made = _ONE
        for at, ratio in self.ratios:
            if at > day and (counted is None or at <= counted):
                made *= ratio
        return made

    @cached_property
    def _past(self) -> tuple[tuple[InstrumentId, Fact], ...]:
        """What the instrument was before each split and change of name, the newest first."""
        now, found = self.instrument, []
        once = {(one.day, one.kind, one.instrument, one.other): one for one in self.changes}
        for fact in sorted(once.values(), key=lambda one: one.day, reverse=True):
            became = fact.instrument if fact.other is None else fact.other
            if fact.kind in {Kind.SPLIT, Kind.RENAME} and became == now and fact.instrument is not None:
                now = fact.instrument
                found.append((now, fact))
        return tuple(found)

    def _names(self) -> Iterator[tuple[InstrumentId, TradingDay]]:
        """Each name with the first day it was called so, the newest first."""
        now = self.instrument
        for before, fact in self._past:
            if before != now:
                yield now, fact.day
                now = before
        yield now, TradingDay.parse("0001-01-01")


def _ratio(fact: Fact) -> Decimal:
    return RATIO.divide(fact.ratio.new, fact.ratio.old) if fact.ratio is not None else _ONE


def _ordinal(day: TradingDay) -> int:
    return day.date.toordinal()


def _day(ordinal: int) -> TradingDay:
    return TradingDay(date.fromordinal(ordinal))
