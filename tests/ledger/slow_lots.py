"""Lots for the slow fold: plain lists of fractions, sorted anew whenever something comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor


class Refused(Exception):
    """What cannot be: too few units, a half transfer, an action on nothing."""


def rounded(value: Fraction, digits: int = 2) -> Fraction:
    scale = 10**digits
    whole = floor(abs(value) * scale + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, scale)


def spread(whole: Fraction, weights: Sequence[Fraction], digits: int = 2) -> list[Fraction]:
    """By weight, rounding each on what is still left, so that the last closes the sum."""
    parts = []
    for place, weight in enumerate(weights):
        rest = sum(weights[place:], Fraction(0))
        last = place == len(weights) - 1
        parts.append(whole if last or not rest else rounded(whole * weight / rest, digits))
        whole -= parts[-1]
    return parts


@dataclass(eq=False)
class Heap:
    """A lot, mutable."""

    opened: int
    day: int | None
    units: Fraction
    cost: Fraction
    fees: Fraction
    each: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        self.each = self.cost / self.units

    @property
    def gross(self) -> Fraction:
        return self.cost - self.fees


@dataclass
class Side:
    method: str
    short: bool = False
    lots: list[Heap] = field(default_factory=list)
    average: Fraction = Fraction(0)

    @property
    def units(self) -> Fraction:
        return sum((lot.units for lot in self.lots), Fraction(0))

    def put(self, lots: Iterable[Heap], average: Fraction) -> None:
        self.lots += lots
        self.lots.sort(key=lambda lot: lot.day or 0)
        self.average += average
        self.level()

    def level(self) -> None:
        """Under the average method all units cost the same."""
        if self.method == "average":
            weights = [lot.units for lot in self.lots]
            costs = spread(sum((lot.cost for lot in self.lots), Fraction(0)), weights)
            fees = spread(sum((lot.fees for lot in self.lots), Fraction(0)), weights)
            for lot, cost, fee in zip(self.lots, costs, fees, strict=True):
                lot.cost, lot.fees = cost, fee

    def order(self) -> list[Heap]:
        if self.method == "lifo":
            return self.lots[::-1]
        if self.method == "hifo":
            return sorted(self.lots, key=lambda lot: lot.each if self.short else -lot.each)
        return list(self.lots)

    def take(
        self, wanted: Fraction, picks: Sequence[tuple[int, Fraction]] = (), first: Iterable[int] = ()
    ) -> tuple[list[Heap], Fraction]:
        if wanted > self.units:
            raise Refused("too few units")
        average = self.average if wanted == self.units else rounded(self.average * wanted / self.units)
        plan: list[tuple[Heap, Fraction]] = []
        if picks:
            for lot_id, units in picks:
                mine = [lot for lot in self.lots if lot.opened == lot_id]
                plan += _plan(mine, units)
        elif self.method == "average":
            plan = _plan(self.lots, wanted)
        else:
            today = [lot for lot in self.lots if lot.opened in set(first)]
            rest = [lot for lot in self.order() if lot not in today]
            plan = _plan([*today, *rest], wanted)
        whole_cost = sum((lot.cost for lot in self.lots), Fraction(0))
        whole_fees = sum((lot.fees for lot in self.lots), Fraction(0))
        held = self.units
        parts = [self._part(lot, units) for lot, units in plan]
        if self.method == "average" and not picks:
            whole = wanted == held
            weights = [part.units for part in parts]
            costs = spread(whole_cost if whole else rounded(whole_cost * wanted / held), weights)
            fees = spread(whole_fees if whole else rounded(whole_fees * wanted / held), weights)
            for part, cost, fee in zip(parts, costs, fees, strict=True):
                part.cost, part.fees = cost, fee
            if self.lots:
                self.lots[0].cost += whole_cost - sum(costs) - sum(lot.cost for lot in self.lots)
                self.lots[0].fees += whole_fees - sum(fees) - sum(lot.fees for lot in self.lots)
        self.level()
        self.average -= average
        return parts, average

    def _part(self, lot: Heap, units: Fraction) -> Heap:
        if units == lot.units:
            self.lots.remove(lot)
            return lot
        part = Heap(
            lot.opened,
            lot.day,
            units,
            rounded(lot.cost * units / lot.units),
            rounded(lot.fees * units / lot.units),
        )
        lot.units, lot.cost, lot.fees = lot.units - units, lot.cost - part.cost, lot.fees - part.fees
        return part


def _plan(lots: Sequence[Heap], wanted: Fraction) -> list[tuple[Heap, Fraction]]:
    plan = []
    for lot in lots:
        if wanted > 0:
            plan.append((lot, min(wanted, lot.units)))
            wanted -= plan[-1][1]
    if wanted > 0:
        raise Refused("the chosen lots hold too few units")
    return plan


def resized(lots: Sequence[Heap], total: Fraction) -> list[Heap]:
    if total <= 0:
        raise Refused("nothing is left")
    parts = spread(total, [lot.units for lot in lots], 8)
    kept = []
    cost = fees = Fraction(0)
    for lot, part in zip(lots, parts, strict=True):
        if part:
            kept.append(Heap(lot.opened, lot.day, part, lot.cost, lot.fees))
        else:
            cost, fees = cost + lot.cost, fees + lot.fees
    largest = max(kept, key=lambda lot: lot.units)
    largest.cost, largest.fees = largest.cost + cost, largest.fees + fees
    largest.each = largest.cost / largest.units
    return kept
