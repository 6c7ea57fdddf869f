"""How the money is spread: valued positions grouped under any name, with sums that add up to the whole.

Groups may have groups inside (a sector its industries); targets say what share each should have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.derivation import EXACT, RATIO
from tunefolio.analysis.valuation import Valuation, ValuedPosition, valuation
from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.market.fx import NO_RATES, RateBook


@dataclass(frozen=True, slots=True)
class Slice:
    """One group's share. instruments: distinct economic keys in it, so a stock listed twice counts once.

    weight_ratio: value ÷ value of the whole; None when nothing has a price.
    parts: the groups inside, whose sums add up to this one's; empty where members name none.
    """

    name: str
    instruments: int
    part: Valuation
    weight_ratio: Decimal | None
    parts: tuple[Slice, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouped:
    """A valued position with the group it belongs to and the key that makes it one company.

    inner: the group inside the group, or "".
    """

    group: str
    key: str
    valued: ValuedPosition
    inner: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a group is from its target. weight: its share now, zero when nothing of it is held.

    drift: weight − target. to_target: money to buy (below zero: to sell) while the whole stays as it is,
    rounded to the minor unit.
    """

    name: str
    weight: Decimal
    target: Decimal
    drift: Decimal
    to_target: Money


def allocation(
    members: Iterable[Grouped],
    currency: Currency = INR,
    *,
    rates: RateBook = NO_RATES,
    day: TradingDay | None = None,
) -> tuple[Slice, ...]:
    """Slices by falling value, then name; their sums equal the valuation of all members exactly."""
    every = list(members)
    groups = _groups((member.group, member) for member in every)
    parts = {name: _sum(group, currency, rates, day) for name, group in groups.items()}
    whole = sum((part.value.amount for part in parts.values()), Decimal(0))

    def slices(named: Mapping[str, list[Grouped]], *, inside: bool) -> tuple[Slice, ...]:
        return _by_value(
            Slice(
                name,
                len({member.key for member in group}),
                part := _sum(group, currency, rates, day) if inside else parts[name],
                None if whole == 0 else RATIO.divide(part.value.amount, whole),
                () if inside else slices(_inner(group), inside=True),
            )
            for name, group in named.items()
        )

    return slices(groups, inside=False)


def drifts(
    slices: Sequence[Slice], targets: Mapping[str, Decimal], currency: Currency = INR
) -> tuple[Drift, ...]:
    """Every group with a target, held or not, by falling target; nothing held at all drifts nowhere.

    Raises Misuse for a target below 0 or targets above 1 together. What they leave below 1 has no target.
    """
    if any(target < 0 for target in targets.values()) or sum(targets.values(), Decimal(0)) > 1:
        raise Misuse("targets", "must be shares of at least 0 that add up to at most 1 (100%)")
    whole = sum((each.part.value.amount for each in slices), Decimal(0))
    held = {each.name: each.part.value.amount for each in slices}
    if whole == 0:
        return ()
    found = [
        Drift(
            name,
            weight := RATIO.divide(held.get(name, Decimal(0)), whole),
            target,
            EXACT.subtract(weight, target),
            (Money(whole, currency) * target - Money(held.get(name, Decimal(0)), currency)).rounded(),
        )
        for name, target in targets.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.target, each.name)))


def _groups(named: Iterable[tuple[str, Grouped]]) -> dict[str, list[Grouped]]:
    groups: dict[str, list[Grouped]] = {}
    for name, member in named:
        groups.setdefault(name, []).append(member)
    return groups


def _inner(group: Sequence[Grouped]) -> dict[str, list[Grouped]]:
    """The groups inside; none where no member names one."""
    if not any(member.inner for member in group):
        return {}
    return _groups((member.inner, member) for member in group)


def _sum(group: Sequence[Grouped], currency: Currency, rates: RateBook, day: TradingDay | None) -> Valuation:
    return valuation((member.valued for member in group), currency, rates=rates, day=day)


def _by_value(slices: Iterable[Slice]) -> tuple[Slice, ...]:
    return tuple(sorted(slices, key=lambda each: (-each.part.value.amount, each.name)))
