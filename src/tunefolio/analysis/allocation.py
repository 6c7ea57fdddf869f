"""How the money is spread: valued positions grouped under any name, with sums that add up to the whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.valuation import Valuation, ValuedPosition, valuation
from tunefolio.core.money import INR, Currency


@dataclass(frozen=True, slots=True)
class Slice:
    """One group's share. instruments: distinct economic keys in it, so a stock listed twice counts once.

    weight_ratio: value ÷ value of the whole; None when nothing has a price.
    """

    name: str
    instruments: int
    part: Valuation
    weight_ratio: Decimal | None


@dataclass(frozen=True, slots=True)
class Grouped:
    """A valued position with the group it belongs to and the key that makes it one company."""

    group: str
    key: str
    valued: ValuedPosition


def allocation(members: Iterable[Grouped], currency: Currency = INR) -> tuple[Slice, ...]:
    """Slices by falling value, then name; their sums equal the valuation of all members exactly."""
    groups: dict[str, list[Grouped]] = {}
    for member in members:
        groups.setdefault(member.group, []).append(member)
    parts = {name: valuation((m.valued for m in group), currency) for name, group in groups.items()}
    whole = sum((part.value.amount for part in parts.values()), Decimal(0))
    slices = [
        Slice(
            name,
            len({member.key for member in groups[name]}),
            part,
            None if whole == 0 else part.value.amount / whole,
        )
        for name, part in parts.items()
    ]
    return tuple(sorted(slices, key=lambda s: (-s.part.value.amount, s.name)))
