"""The charges we compute beside those a broker states, line by line, with the difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Money, decimal_of
from tunefolio.trading.charges.levies import TITLES, LineName
from tunefolio.trading.charges.lines import ZERO, Charges, Line, MissingLine


@dataclass(frozen=True, slots=True)
class Stated:
    """One figure of a broker. lines: ours that it stands for, since brokers add some up."""

    lines: tuple[LineName, ...]
    amount: Decimal

    @property
    def title(self) -> str:
        return " + ".join(TITLES[name] for name in self.lines)


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


def compared(charges: Charges, stated: Sequence[Stated]) -> Comparison:
    """Unrounded figures against what the broker states; a line it does not state has no difference."""
    named = [name for one in stated for name in one.lines]
    if len(named) != len(set(named)):
        raise Misuse("stated", "names a charge twice", cure="Add the two up")
    rows = [Compared(one.title, _sum(charges, one.lines), one.amount) for one in stated]
    rows += [
        Compared(line.title, _sum(charges, (line.name,)), None)
        for line in charges.lines
        if line.name not in named
    ]
    theirs = sum((one.amount for one in stated), ZERO)
    return Comparison(tuple(rows), Compared("Total of what the broker states", _sum(charges, named), theirs))


def rounded_beside(charges: Charges, total: Decimal) -> Compared:
    """A broker that states one sum (a file with fees): ours of the note, rounded, beside it."""
    ours = charges.on_the_note
    return Compared("Total", ours if isinstance(ours, Missing) else ours.amount, total)


def kite_stated(answer: Mapping[str, object]) -> tuple[Stated, ...]:
    """The `charges` object of Kite's order margins and virtual contract note. Its exchange charge holds the
    investor protection fund. Numbers come as text or Decimal; raises Misuse for what is none."""
    tax = LineName.CTT if answer.get("transaction_tax_type") == "ctt" else LineName.STT
    gst = answer.get("gst")
    fields: Iterable[tuple[tuple[LineName, ...], object]] = (
        ((LineName.BROKERAGE,), answer.get("brokerage")),
        ((LineName.EXCHANGE, LineName.IPFT), answer.get("exchange_turnover_charge")),
        ((LineName.SEBI,), answer.get("sebi_turnover_charge")),
        ((LineName.GST,), gst.get("total") if isinstance(gst, Mapping) else None),
        ((tax,), answer.get("transaction_tax")),
        ((LineName.STAMP,), answer.get("stamp_duty")),
    )
    return tuple(Stated(names, _number(names[0], said)) for names, said in fields)


def _number(name: LineName, said: object) -> Decimal:
    if not isinstance(said, str | int | Decimal) or isinstance(said, bool):
        raise Misuse(name.value, "is not in the broker's answer as a number")
    return decimal_of(said, name.value)


def _sum(charges: Charges, names: Sequence[LineName]) -> Decimal | Missing:
    lines = [line for line in charges.lines if line.name in names]
    hole = missing_of(line.why for line in lines if isinstance(line, MissingLine))
    return hole or sum((line.exact for line in lines if isinstance(line, Line)), ZERO)
