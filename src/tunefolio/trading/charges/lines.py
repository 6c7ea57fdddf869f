"""What was charged, line by line: each with what it was taken on, its rate, its rules and their doubts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Money
from tunefolio.core.rules import Rule
from tunefolio.trading.charges.levies import OUTSIDE_THE_NOTE, TITLES, LineName

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Part:
    """One amount inside a line. Rupees.

    of:      what it was charged on: a scrip, an order, "" for the deal itself.
    base:    the value it was taken on. rate: as the rule has it, in words.
    exact:   unrounded. rounded: where this very part is rounded (a tax per scrip); None: the line is.
    """

    of: str
    base: Decimal
    rate: str
    exact: Decimal
    rules: tuple[Rule, ...]
    rounded: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One charge of a deal or a day. exact: the sum before any rounding; amount: after the one rounding."""

    name: LineName
    parts: tuple[Part, ...]
    exact: Decimal
    amount: Money

    @property
    def title(self) -> str:
        return TITLES[self.name]

    @property
    def base(self) -> Decimal:
        return sum((part.base for part in self.parts), ZERO)

    @property
    def rate(self) -> str:
        """In words; several where parts differ."""
        return "; ".join(dict.fromkeys(part.rate for part in self.parts))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule it stands on, each once."""
        return _once(rule for part in self.parts for rule in part.rules)

    @property
    def doubts(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.is_doubtful)


@dataclass(frozen=True, slots=True)
class MissingLine:
    """A charge that is due but that no source covers: never taken for zero."""

    name: LineName
    why: Missing

    @property
    def title(self) -> str:
        return TITLES[self.name]


@dataclass(frozen=True, slots=True)
class Charges:
    """All charges of a deal, or of a day's contract note. value: bought and sold together, rupees."""

    value: Decimal
    lines: tuple[Line | MissingLine, ...]

    @property
    def known(self) -> Money:
        """The lines that are known, each rounded once."""
        return Money(sum((line.amount.amount for line in self.found), ZERO), INR)

    @property
    def total(self) -> Money | Missing:
        """Of all lines; missing when any is."""
        return self.missing or self.known

    @property
    def on_the_note(self) -> Money | Missing:
        """Without what brokers book to the account's ledger instead."""
        holes = (line.why for line in self.lines if isinstance(line, MissingLine) and _is_on_note(line.name))
        inside = (line.amount.amount for line in self.found if _is_on_note(line.name))
        return missing_of(holes) or Money(sum(inside, ZERO), INR)

    @property
    def missing(self) -> Missing | None:
        return missing_of(line.why for line in self.lines if isinstance(line, MissingLine))

    @property
    def exact(self) -> Decimal:
        """The known lines before rounding."""
        return sum((line.exact for line in self.found), ZERO)

    @property
    def found(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if isinstance(line, Line))

    @property
    def doubts(self) -> tuple[Rule, ...]:
        """Every doubtful rule that a line stands on, each once."""
        return _once(rule for line in self.found for rule in line.doubts)

    def line(self, name: LineName) -> Line | MissingLine | None:
        """That line; None where nothing of the kind is charged."""
        return next((line for line in self.lines if line.name is name), None)


def _is_on_note(name: LineName) -> bool:
    return name not in OUTSIDE_THE_NOTE


def _once(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    kept: dict[tuple[str, str], Rule] = {}
    for rule in rules:
        kept.setdefault((rule.name, rule.since.iso()), rule)
    return tuple(kept.values())
