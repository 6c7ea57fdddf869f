"""Who is taxed: one person over all accounts and portfolios, and what only that person can tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum

from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse

_MOST = Decimal(10) ** 12
"""A lakh of crores: more is a slip."""


class Residency(StrEnum):
    """resident: also the not ordinarily resident, whose gains in India are taxed alike."""

    RESIDENT = "resident"
    NON_RESIDENT = "non_resident"


class Regime(StrEnum):
    """Which table of slabs the person is taxed by in a year; it decides the basic exemption."""

    OLD = "old"
    NEW = "new"


class Age(StrEnum):
    """At the end of the year: below 60, from 60, from 80. Counts in the old regime only."""

    BELOW_60 = "below_60"
    SENIOR = "senior"
    SUPER_SENIOR = "super_senior"


@dataclass(frozen=True, slots=True)
class Others:
    """What the person earns beside these books, by head, after deductions: rupees, none below zero."""

    salary: Decimal = ZERO
    house_property: Decimal = ZERO
    business: Decimal = ZERO
    other_sources: Decimal = ZERO

    def __post_init__(self) -> None:
        for field in fields(self):
            amount: Decimal = getattr(self, field.name)
            if not amount.is_finite() or amount >= _MOST:
                raise Misuse(field.name, f"{amount} is no sum in rupees", cure="Write 350000")
            if amount < 0:
                raise Misuse(
                    field.name, "must not be below zero", cure="Set its own losses off before entering it"
                )

    @property
    def total(self) -> Decimal:
        return self.salary + self.house_property + self.business + self.other_sources


class LossKind(StrEnum):
    """What a loss may be set off against follows from its kind (rules `setoff.*`)."""

    SHORT_TERM = "short_term"
    LONG_TERM = "long_term"
    SPECULATIVE = "speculative"
    BUSINESS = "business"


@dataclass(frozen=True, slots=True)
class EarlierLoss:
    """What is left of a loss of an earlier year, as the return of that year says. amount: rupees, > 0."""

    year: FinancialYear
    kind: LossKind
    amount: Decimal

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or not 0 < self.amount < _MOST:
            raise Misuse(
                "amount", "a loss is entered as a sum above zero", cure="Write 5000 for a loss of 5,000"
            )


@dataclass(frozen=True, slots=True)
class Taxpayer:
    """One person in one year. others: None where the person has not told; slab_rate: the rate of the highest
    slab reached, as a ratio, None where not told. earlier: losses brought into the year, each once."""

    residency: Residency = Residency.RESIDENT
    regime: Regime = Regime.NEW
    age: Age = Age.BELOW_60
    others: Others | None = None
    slab_rate: Decimal | None = None
    earlier: tuple[EarlierLoss, ...] = ()

    def __post_init__(self) -> None:
        if self.slab_rate is not None and not 0 <= self.slab_rate < 1:
            raise Misuse("slab_rate", f"{self.slab_rate} is no ratio", cure="Write 0.30 for 30 %")
        entered_once(self.earlier)


def entered_once(losses: Iterable[EarlierLoss]) -> None:
    """Raises Misuse for a second loss of one kind and year: it would be set off twice."""
    seen: set[tuple[FinancialYear, LossKind]] = set()
    for loss in losses:
        if (loss.year, loss.kind) in seen:
            kind = loss.kind.value.replace("_", "-")
            raise Misuse("earlier", f"the {kind} loss of {loss.year} is entered twice", cure="Enter it once")
        seen.add((loss.year, loss.kind))
