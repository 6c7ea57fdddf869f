"""How each figure of a text book was made: trees down to facts, which are named by their lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tunefolio.analysis.derivation import Derivation, as_json
from tunefolio.analysis.explain import Facts, explain_line
from tunefolio.analysis.explain_figures import explain_figure
from tunefolio.analysis.explain_holdings import explain_match
from tunefolio.analysis.periods import SIGNS
from tunefolio.core.missing import Missing
from tunefolio.core.money import plain
from tunefolio.services.textbook import BookReport, Part

LINES = (*SIGNS, "end")


def explained(report: BookReport) -> dict[str, Any]:
    """The derivations of every scope's statement and figures, and of every match's gain, as JSON."""
    facts = _facts(report)
    return {
        "total": _json(derivations(report.total, facts)),
        "by_portfolio": {part.name: _json(derivations(part, facts)) for part in report.by_portfolio},
        "by_account": {part.name: _json(derivations(part, facts)) for part in report.by_account},
        "by_instrument": {part.name: _json(derivations(part, facts)) for part in report.by_instrument},
        "matches": [
            as_json(explain_match(match, "gain"))
            for line in report.positions
            for match in line.position.matches
        ],
    }


def derivations(part: Part, facts: Facts) -> dict[str, Derivation]:
    """Statement lines, then figures, by name; nothing for a part that is not available."""
    found = part.performance
    if isinstance(found, Missing):
        return {}
    lines = {name: explain_line(part.tracks, part.scope, found.period, name, facts) for name in LINES}
    return lines | {name: explain_figure(found, name, facts) for name in found.figures}


def told(report: BookReport) -> Iterator[str]:
    """The derivations of the total for people: a line a node, inputs further in."""
    for tree in derivations(report.total, _facts(report)).values():
        yield "\n".join(_tree(tree, 0))


def _facts(report: BookReport) -> Facts:
    return Facts.of(movement for held in report.holdings.values() for movement in held.movements)


def _json(trees: Mapping[str, Derivation]) -> dict[str, Any]:
    return {name: as_json(tree) for name, tree in trees.items()}


def _tree(tree: Derivation, depth: int) -> Iterator[str]:
    value = plain(tree.value) if isinstance(tree.value, Decimal) else str(tree.value)
    how = f" = {tree.formula or tree.op}" if tree.inputs or tree.table else ""
    where = f"  [{tree.ref.label}]" if tree.ref is not None else ""
    days = f"  [{len(tree.table.days)} days]" if tree.table is not None else ""
    yield f"{'  ' * depth}{tree.name}: {value} {tree.unit}{how}{where}{days}"
    for part in tree.inputs:
        yield from _tree(part, depth + 1)
