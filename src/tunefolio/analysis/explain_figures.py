"""The derivations of returns and risk: a table of days and the function that reads it."""

from __future__ import annotations

from tunefolio.analysis.derivation import Derivation, Ref, RefKind, lacking, made
from tunefolio.analysis.explain import Facts, explain_gain
from tunefolio.analysis.figures import WORKED
from tunefolio.analysis.performance import Performance
from tunefolio.core.errors import NotFound
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money, minor_digits


def explain_figure(found: Performance, name: str, facts: Facts | None = None) -> Derivation:
    """One of `found.figures` from the table it was worked out from; raises NotFound for an unknown name.

    Each row of the table is a day whose value and flows open as the statement of that day.
    """
    figure = found.figures.get(name)
    if figure is None:
        raise NotFound(f"figure {name}")
    currency = found.statement.currency
    if name == "total":
        return explain_gain(found.tracks, found.scope, found.period, facts)
    if isinstance(figure.value, Missing):
        return lacking(name, figure.value, figure.unit)
    worked = WORKED[name]
    ref = Ref(RefKind.DAY, f"the days of {found.period}", 0, found.period.until)
    tree = made(name, name, (), figure.unit, formula=worked.convention, table=found.series.table())
    tree = Derivation(tree.name, tree.value, tree.unit, tree.op, (), ref, tree.formula, tree.table)
    if isinstance(figure.value, Money):
        op = f"money, {minor_digits(currency)} decimals"
        return made(name, op, [tree], currency, formula="rounded to the minor unit")
    return tree
