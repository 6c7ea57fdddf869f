"""Faults that vendors' histories are known to have, found beside a source that is trusted, and named.

Pure functions of raw prices. What each fault looks like and why: docs/spec/bars.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionKind, Terms, price_ratio
from tunefolio.market.bars import Bars, Part
from tunefolio.market.daily import Daily, Days, Floats, day_of

Event = tuple[TradingDay, Terms]


class DefectKind(StrEnum):
    """What is wrong with a vendor's history."""

    UNADJUSTED_BEFORE_YEAR = "unadjusted_before_year"
    BACK_ADJUSTED_EVENT = "back_adjusted_event"
    WRONG_FACTOR_SPELL = "wrong_factor_spell"
    UNEXPLAINED_STEP = "unexplained_step"
    PHANTOM_BAR = "phantom_bar"
    FLAT_BAR = "flat_bar"


@dataclass(frozen=True, slots=True)
class Defect:
    """One fault. first, last: the days it concerns, both inside; ratio: theirs ÷ ours, None for a bar."""

    kind: DefectKind
    first: TradingDay
    last: TradingDay
    ratio: float | None
    words: str


_WINDOW = 5
"""Sessions: a median over them overlooks a price or two that differ, and keeps a step where it is."""
_STEP = 0.005
"""Prices of two honest sources differ by less for longer than that."""
_NEAR_ONE = 0.004
_NEAR = 0.02
_SHORTEST, _WEEK = 3, 10
"""Sessions of a spell: what is shorter is a wrong price or two; what is longer is no passing fault."""
_MOVES_PRICES = frozenset(
    {ActionKind.RIGHTS, ActionKind.DEMERGER, ActionKind.MERGER, ActionKind.BUYBACK, ActionKind.REPAYMENT}
)
_AROUND_DAYS = 21


@dataclass(frozen=True, slots=True)
class _Spell:
    """Days between which theirs ÷ ours stays the same; places in the common days, end not inside."""

    start: int
    end: int
    ratio: float


def compared(ours: Daily, theirs: Daily, actions: Iterable[Event]) -> list[Defect]:
    """The faults of `theirs`, oldest first; both raw closes of one instrument, `ours` trusted.

    1 The ratio of the two is smoothed over five sessions. 2 Where it steps, spells begin. 3 A spell of three
    to ten sessions between two alike is a passing wrong factor. 4 A step at the turn of a year by the very
    ratio of that year's split: the vendor divided only back to 1 January. 5 A step on the ex-day of a rights
    issue or demerger: the vendor has adjusted for it, which raw prices must not be. 6 Any other is named so.
    """
    days, mine, other = np.intersect1d(ours.days, theirs.days, assume_unique=True, return_indices=True)
    known = (ours.ticks[mine] > 0) & (theirs.ticks[other] > 0)
    days, mine, other = days[known], mine[known], other[known]
    if len(days) < _WINDOW:
        return []
    events = sorted(actions, key=lambda event: event[0])
    spells, found = _passing(_spells(_smooth(theirs.floats()[other] / ours.floats()[mine])), days, events)
    for before, after in pairwise(spells):
        found.append(_step(before, after, days, events))
    return sorted(found, key=lambda defect: (defect.last, defect.first))


def _smooth(ratio: Floats) -> Floats:
    edge = _WINDOW // 2
    padded = np.pad(ratio, edge, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, _WINDOW), axis=1))


def _spells(ratio: Floats) -> list[_Spell]:
    """Runs between steps; those too short to be one go to their neighbour, those alike are joined."""
    steps = np.flatnonzero(np.abs(ratio[1:] / ratio[:-1] - 1) > _STEP) + 1
    bounds = [0, *steps.tolist(), len(ratio)]
    spells: list[_Spell] = []
    for start, end in pairwise(bounds):
        if end - start >= _SHORTEST:
            spells.append(_Spell(start, end, float(np.median(ratio[start:end]))))
    return _joined(spells)


def _joined(spells: Sequence[_Spell]) -> list[_Spell]:
    joined: list[_Spell] = []
    for spell in spells:
        if joined and abs(joined[-1].ratio / spell.ratio - 1) <= _STEP:
            spell = _Spell(joined[-1].start, spell.end, joined[-1].ratio)
            joined.pop()
        joined.append(spell)
    return joined


def _passing(
    spells: Sequence[_Spell], days: Days, events: Sequence[Event]
) -> tuple[list[_Spell], list[Defect]]:
    """Without the short spells between two alike, and those as defects."""
    found, rest = [], list(spells)
    for before, spell, after in zip(spells, spells[1:], spells[2:], strict=False):
        is_short = spell.end - spell.start <= _WEEK
        if is_short and abs(before.ratio / after.ratio - 1) <= _STEP:
            first, last = _days_of(spell, days)
            near = _near(events, first)
            words = f"a wrong factor from {first} to {last}{near}"
            found.append(Defect(DefectKind.WRONG_FACTOR_SPELL, first, last, spell.ratio / after.ratio, words))
            rest.remove(spell)
    return _joined(rest), found


def _near(events: Sequence[Event], first: TradingDay) -> str:
    close = [(ex_day, terms) for ex_day, terms in events if abs(ex_day - first) <= _AROUND_DAYS]
    return "".join(f", around the {terms.kind} of {ex_day}" for ex_day, terms in close[:1])


def _step(before: _Spell, after: _Spell, days: Days, events: Sequence[Event]) -> Defect:
    """What the step between two spells is; it concerns every day before it."""
    first, last, turn = day_of(int(days[0])), _days_of(before, days)[1], _days_of(after, days)[0]
    ratio = before.ratio / after.ratio
    for ex_day, terms in _of_year(events, last, turn, ratio):
        words = f"adjusted for the {terms.kind} of {ex_day} only back to {turn}"
        return Defect(DefectKind.UNADJUSTED_BEFORE_YEAR, first, last, ratio, words)
    for ex_day, terms in events:
        if terms.kind in _MOVES_PRICES and last < ex_day <= turn:
            words = f"adjusted for the {terms.kind} of {ex_day}, which counts no units"
            return Defect(DefectKind.BACK_ADJUSTED_EVENT, first, last, ratio, words)
    words = f"another factor before {turn}, where no action is known"
    return Defect(DefectKind.UNEXPLAINED_STEP, first, last, ratio, words)


def _of_year(events: Sequence[Event], last: TradingDay, turn: TradingDay, ratio: float) -> list[Event]:
    """The later splits and bonuses of the year that begins between the days, if they explain the ratio."""
    if last.date.year == turn.date.year:
        return []
    later = [(day, terms) for day, terms in events if day > turn and day.date.year == turn.date.year]
    counted = [(day, terms, found) for day, terms in later if (found := price_ratio(terms)) is not None]
    wanted = float(np.prod([float(1 / found) for _, _, found in counted])) if counted else 1.0
    explains = abs(wanted - 1) > _NEAR_ONE and abs(ratio / wanted - 1) <= _NEAR
    return [(day, terms) for day, terms, _ in counted[:1]] if explains else []


def _days_of(spell: _Spell, days: Days) -> tuple[TradingDay, TradingDay]:
    return day_of(int(days[spell.start])), day_of(int(days[spell.end - 1]))


def phantoms(days: Days, is_session: Callable[[TradingDay], bool]) -> list[Defect]:
    """Bars of days on which there was no session."""
    found = (day_of(int(ordinal)) for ordinal in days)
    return [
        Defect(DefectKind.PHANTOM_BAR, day, day, None, f"a bar of {day}, when there was no session")
        for day in found
        if not is_session(day)
    ]


def flat(bars: Bars) -> list[Defect]:
    """Bars without volume whose open, high, low and close are one: a price carried on, not paid."""
    told = (bars.parts & (Part.RANGE | Part.VOLUME)) == (Part.RANGE | Part.VOLUME)
    still: NDArray[np.bool_] = (bars.high == bars.low) & (bars.open == bars.close) & (bars.high == bars.close)
    return [
        Defect(DefectKind.FLAT_BAR, day, day, None, f"nothing was traded on {day}, and a price is told")
        for day in (bars.day(place) for place in np.flatnonzero(told & still & (bars.volume == 0)).tolist())
    ]
