"""The charges we compute beside those a broker states, line by line, with the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Money
from tunefolio.ledger.feeparts import FeeName
from tunefolio.trading.charges.levies import TITLES, LineName
from tunefolio.trading.charges.lines import ZERO, Charges, Line, MissingLine

UNEXPLAINED = "What the broker does not explain"
_LINES = {
    FeeName.BROKERAGE: LineName.BROKERAGE,
    FeeName.EXCHANGE: LineName.EXCHANGE,
    FeeName.IPFT: LineName.IPFT,
    FeeName.SEBI: LineName.SEBI,
    FeeName.GST: LineName.GST,
    FeeName.STT: LineName.STT,
    FeeName.CTT: LineName.CTT,
    FeeName.STAMP: LineName.STAMP,
    FeeName.DP: LineName.DP,
}
_PLACES = {name: place for place, name in enumerate(LineName)}
_Amount = Callable[[Line], Decimal]


@dataclass(frozen=True, slots=True)
class Stated:
    """One figure of a broker. lines: ours that it stands for, since brokers add some up; none of ours for
    what the broker does not explain."""

    lines: tuple[LineName, ...]
    amount: Decimal

    @property
    def title(self) -> str:
        return " + ".join(TITLES[name] for name in self.lines) or UNEXPLAINED


@dataclass(frozen=True, slots=True)
class Compared:
    """Ours beside theirs. difference: theirs − ours, unrounded; above zero: the broker took more."""

    title: str
    computed: Decimal | Missing
    stated: Decimal | None

    @property
    def difference(self) -> Decimal | Missing | None:
        if self.stated is None or isinstance(self.computed, Missing):
            return None if self.stated is None else self.computed
        return self.stated - self.computed


@dataclass(frozen=True, slots=True)
class Comparison:
    """rows: every line that one of the two has. total: what the broker stated, against the same of ours."""

    rows: tuple[Compared, ...]
    total: Compared

    @property
    def differs_by(self) -> Money | Missing:
        """The whole difference, to the paisa."""
        difference = self.total.difference
        if isinstance(difference, Decimal):
            return Money(difference, INR).rounded()
        return difference or Missing("the broker stated nothing")


def compared(charges: Charges | Sequence[Charges], stated: Sequence[Stated]) -> Comparison:
    """Unrounded figures, as brokers' interfaces state them, of one order or several together, in the order of
    a contract note; a line the broker does not state has no difference."""
    several = [charges] if isinstance(charges, Charges) else charges
    return _compared(several, stated, lambda line: line.exact)


def charged_beside(charges: Charges, stated: Sequence[Stated]) -> Comparison:
    """Rounded figures of a contract note beside what a broker has really charged for the day."""
    return _compared([charges], stated, lambda line: line.amount.amount)


def rounded_beside(charges: Charges, total: Decimal) -> Compared:
    """A broker that states one sum (a file with fees): ours of the note, rounded, beside it."""
    ours = charges.on_the_note
    return Compared("Total", ours if isinstance(ours, Missing) else ours.amount, total)


def stated_lines(amounts: Mapping[FeeName, Decimal]) -> tuple[Stated, ...]:
    """A broker's charges as figures to compare. One that states no investor protection fund has it in its
    exchange charge."""
    joined = (LineName.EXCHANGE, LineName.IPFT)
    return tuple(
        Stated(joined if name is FeeName.EXCHANGE and FeeName.IPFT not in amounts else _of(name), amount)
        for name, amount in amounts.items()
    )


def _of(name: FeeName) -> tuple[LineName, ...]:
    return (_LINES[name],) if name in _LINES else ()


def _compared(several: Sequence[Charges], stated: Sequence[Stated], amount: _Amount) -> Comparison:
    named = [name for one in stated for name in one.lines]
    if len(named) != len(set(named)):
        raise Misuse("stated", "names a charge twice", cure="Add the two up")
    lines = [line for charges in several for line in charges.lines]
    placed = sorted(stated, key=lambda one: _PLACES[one.lines[0]] if one.lines else len(_PLACES))
    rows = [Compared(one.title, _sum(lines, one.lines, amount), one.amount) for one in placed]
    rows += [
        Compared(TITLES[name], _sum(lines, (name,), amount), None)
        for name in LineName
        if name not in named and any(line.name is name for line in lines)
    ]
    theirs = sum((one.amount for one in stated), ZERO)
    total = Compared("Total of what the broker states", _sum(lines, named, amount), theirs)
    return Comparison(tuple(rows), total)


def _sum(
    lines: Iterable[Line | MissingLine], names: Sequence[LineName], amount: _Amount
) -> Decimal | Missing:
    meant = [line for line in lines if line.name in names]
    hole = missing_of(line.why for line in meant if isinstance(line, MissingLine))
    return hole or sum((amount(line) for line in meant if isinstance(line, Line)), ZERO)
