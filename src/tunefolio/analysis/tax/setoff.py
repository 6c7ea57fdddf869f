"""Losses against incomes, in the order of the law; what is left is carried forward, and nothing vanishes.

Order and reasons: docs/spec/tax.md. In: net income by bucket. Out: incomes ≥ 0, every step, losses left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.analysis.tax.taxpayer import EarlierLoss, LossKind, entered_once
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse
from tunefolio.core.rules import Rule, Rulebook

_KIND_OF = {
    Head.SHORT_TERM: LossKind.SHORT_TERM,
    Head.LONG_TERM: LossKind.LONG_TERM,
    Head.SPECULATIVE: LossKind.SPECULATIVE,
    Head.BUSINESS: LossKind.BUSINESS,
}
_S, _L, _SP, _B = LossKind.SHORT_TERM, LossKind.LONG_TERM, LossKind.SPECULATIVE, LossKind.BUSINESS
_INTER = (Head.HOUSE_PROPERTY, Head.OTHER_SOURCES, Head.SHORT_TERM, Head.LONG_TERM)

OWN_YEAR: tuple[tuple[LossKind, tuple[Head, ...]], ...] = (
    (_S, (Head.SHORT_TERM,)),
    (_L, (Head.LONG_TERM,)),
    (_S, (Head.LONG_TERM,)),
    (_B, (Head.BUSINESS,)),
    (_B, (Head.SPECULATIVE,)),
    (_B, _INTER),
)
"""Losses of the year itself. Long-term losses come before short-term ones where both may take a long-term
gain: the short-term loss that stays can take more kinds of gain later. A speculative loss finds only
speculative income, which is one bucket with it."""

BROUGHT: tuple[tuple[LossKind, tuple[Head, ...]], ...] = (
    (_SP, (Head.SPECULATIVE,)),
    (_B, (Head.BUSINESS,)),
    (_B, (Head.SPECULATIVE,)),
    (_S, (Head.SHORT_TERM,)),
    (_L, (Head.LONG_TERM,)),
    (_S, (Head.LONG_TERM,)),
)
"""Losses of earlier years, after all of the year's own; within a kind the oldest first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One set-off: a loss of a kind and year against an income. rule: what allows it."""

    kind: LossKind
    year: FinancialYear
    against: Bucket
    amount: Decimal
    rule: Rule


@dataclass(frozen=True, slots=True)
class LossLeft:
    """A loss after the year. until: the last year in which it may still be set off."""

    year: FinancialYear
    kind: LossKind
    amount: Decimal
    until: FinancialYear


@dataclass(frozen=True, slots=True)
class SetOff:
    """before: incomes above zero; losses: by kind, of the year itself, > 0; after: what is left of incomes.

    carried: to the next year. lapsed: losses whose years are over, with what nobody used of them.
    """

    before: Mapping[Bucket, Decimal]
    losses: Mapping[LossKind, Decimal]
    after: Mapping[Bucket, Decimal]
    steps: tuple[Step, ...]
    carried: tuple[LossLeft, ...]
    lapsed: tuple[LossLeft, ...]

    def against(self, bucket: Bucket) -> Decimal:
        """How much was set off against one bucket."""
        return sum((step.amount for step in self.steps if step.against == bucket), ZERO)


def set_off(
    sums: Mapping[Bucket, Decimal],
    year: FinancialYear,
    *,
    earlier: Sequence[EarlierLoss],
    book: Rulebook,
    slab_rate: Decimal | None = None,
) -> SetOff:
    """Raises Misuse for a loss that is entered twice or of no earlier year."""
    entered_once(earlier)
    for loss in earlier:
        if loss.year >= year:
            raise Misuse("earlier", f"the loss of {loss.year} does not come before {year}")
    before = {bucket: amount for bucket, amount in sums.items() if amount > 0}
    pool = _Pool(dict(before), year, book, _slab(book, year, slab_rate))
    own = _own_losses(sums)
    left = [_Left(kind, year, amount) for kind, amount in own.items()]
    brought = [_Left(loss.kind, loss.year, loss.amount) for loss in sorted(earlier, key=lambda x: x.year)]
    usable = [loss for loss in brought if year <= _until(loss.kind, loss.year, book)]
    for kind, heads in OWN_YEAR:
        pool.absorb([loss for loss in left if loss.kind is kind], heads)
    for kind, heads in BROUGHT:
        pool.absorb([loss for loss in usable if loss.kind is kind], heads)
    rest = [_kept(loss, book) for loss in (*brought, *left) if loss.amount > 0]
    return SetOff(
        before,
        own,
        pool.incomes,
        tuple(pool.steps),
        tuple(loss for loss in rest if loss.until > year),
        tuple(loss for loss in rest if loss.until <= year),
    )


@dataclass(slots=True)
class _Left:
    kind: LossKind
    year: FinancialYear
    amount: Decimal


class _Pool:
    """Incomes that losses are set off against; each step is written down."""

    def __init__(
        self, incomes: dict[Bucket, Decimal], year: FinancialYear, book: Rulebook, slab: Decimal
    ) -> None:
        self.incomes = incomes
        self.steps: list[Step] = []
        self._year, self._book, self._slab = year, book, slab

    def absorb(self, losses: Sequence[_Left], heads: Sequence[Head]) -> None:
        """The income that is taxed highest first; what has an exemption last among equals."""
        targets = [bucket for bucket in self.incomes if bucket.head in heads]
        targets.sort(key=self._rank)
        for loss in losses:
            for bucket in targets:
                part = min(loss.amount, self.incomes[bucket])
                if part > 0:
                    loss.amount -= part
                    self.incomes[bucket] -= part
                    rule = _rule(self._book, f"setoff.{loss.kind}", self._year)
                    self.steps.append(Step(loss.kind, loss.year, bucket, part, rule))

    def _rank(self, bucket: Bucket) -> tuple[Decimal, bool, bool, str]:
        rate = self._slab if bucket.rate is None else bucket.rate
        return -rate, bucket.has_exemption, bucket.is_given, bucket.head


def _own_losses(sums: Mapping[Bucket, Decimal]) -> dict[LossKind, Decimal]:
    found: dict[LossKind, Decimal] = {}
    for bucket, amount in sums.items():
        kind = _KIND_OF.get(bucket.head)
        if amount < 0 and kind is not None:
            found[kind] = found.get(kind, ZERO) - amount
    return found


def _kept(loss: _Left, book: Rulebook) -> LossLeft:
    return LossLeft(loss.year, loss.kind, loss.amount, _until(loss.kind, loss.year, book))


def _until(kind: LossKind, year: FinancialYear, book: Rulebook) -> FinancialYear:
    """The last year that may use it; years before the rules begin go by the first rule."""
    rows = book.history(f"carry_forward.{kind}")
    rule = book.at(f"carry_forward.{kind}", year.last) or (rows[0] if rows else None)
    if rule is None:
        raise Misuse("earlier", f"no rule says how long a {kind} loss is carried forward")
    return FinancialYear(year.start + int(rule.number("years")))


def _slab(book: Rulebook, year: FinancialYear, told: Decimal | None) -> Decimal:
    return told if told is not None else _rule(book, "setoff.order", year).number("slab_rate")


def _rule(book: Rulebook, name: str, year: FinancialYear) -> Rule:
    rule = book.at(name, year.last)
    if rule is None:
        raise Misuse("year", f"no rule {name} is known for {year}", cure="Take 2018-19 or a later year")
    return rule
