"""Which days of a past are lacking: what is wanted, less what is held, less what was asked for in vain.

Sets of days as half-open stretches of proleptic ordinals, so that years of them cost nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tunefolio.core.time import TradingDay
from tunefolio.market.daily import day_of

_ASKED_TOGETHER = 30
"""Stretches this near to each other are asked for in one go: a call costs more than a month of bars."""


class Stretch(NamedTuple):
    """Days as [since, until), by proleptic ordinals; never empty."""

    since: int
    until: int

    @classmethod
    def of(cls, since: TradingDay, until: TradingDay) -> Stretch:
        return cls(since.date.toordinal(), until.date.toordinal())

    @property
    def first(self) -> TradingDay:
        return day_of(self.since)

    @property
    def end(self) -> TradingDay:
        """The first day after it."""
        return day_of(self.until)


def joined(stretches: Iterable[Stretch], nearer_than: int = 0) -> tuple[Stretch, ...]:
    """The same days in as few stretches as there can be, ascending; those with at most `nearer_than` days
    between them become one."""
    found: list[Stretch] = []
    for one in sorted(one for one in stretches if one.since < one.until):
        if found and one.since <= found[-1].until + nearer_than:
            found[-1] = Stretch(found[-1].since, max(found[-1].until, one.until))
        else:
            found.append(one)
    return tuple(found)


def without(stretches: Iterable[Stretch], others: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The days of `stretches` that are in none of `others`."""
    rest = list(joined(stretches))
    for other in joined(others):
        rest = [part for one in rest for part in _cut(one, other)]
    return tuple(rest)


def _cut(one: Stretch, other: Stretch) -> list[Stretch]:
    parts = [
        Stretch(one.since, min(one.until, other.since)),
        Stretch(max(one.since, other.until), one.until),
    ]
    return [part for part in parts if part.since < part.until]


def holes(
    wanted: Stretch, sessions: Sequence[int], held: Collection[int], covered: Iterable[Stretch] = ()
) -> tuple[Stretch, ...]:
    """Where in `wanted` sessions are neither held nor covered, ascending; runs of them within a month of each
    other are one. sessions: ascending."""
    known = joined(covered)
    place, lacking = 0, []
    for day in sessions:
        while place < len(known) and known[place].until <= day:
            place += 1
        is_covered = place < len(known) and known[place].since <= day
        if not is_covered and day not in held and wanted.since <= day < wanted.until:
            lacking.append(Stretch(day, day + 1))
    return joined(lacking, _ASKED_TOGETHER)


def by_year(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The stretches cut at New Year, the newest first: so a chart appears before its past is complete."""
    parts: list[Stretch] = []
    for one in stretches:
        since = one.since
        while since < one.until:
            new_year = TradingDay.parse(f"{day_of(since).date.year + 1:04}-01-01").date.toordinal()
            parts.append(Stretch(since, min(new_year, one.until)))
            since = new_year
    return tuple(sorted(parts, reverse=True))
