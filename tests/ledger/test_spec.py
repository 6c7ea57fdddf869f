"""docs/spec/ledger.md prints the very table the ledger obeys, and docs/spec/lots.md figures that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.books import ACCOUNT, book, family, number_of
from tunefolio.ledger import invariants
from tunefolio.ledger.kinds import RULES, Kind
from tunefolio.ledger.lots import Method
from tunefolio.ledger.positions import Position, Terms, fold, fold_all

SPEC = Path(__file__).parents[2] / "docs" / "spec"
INFY = number_of("INFY")


def sign_table() -> list[str]:
    """RULES as the rows of a table; what a kind may carry stands in brackets."""
    rows = []
    for kind, rule in RULES.items():
        fields = [*sorted(rule.needs), *(f"({name})" for name in sorted(rule.may))]
        rows.append(
            f"| `{kind}` | {rule.title} | {rule.rank} | {rule.units} | {rule.cash} | {rule.effect} "
            f"| {', '.join(fields)} |"
        )
    return rows


def test_the_sign_table_is_the_one_in_force() -> None:
    text = (SPEC / "ledger.md").read_text("utf-8")
    assert [
        line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 8
    ] == sign_table()


def test_every_law_is_named() -> None:
    text = (SPEC / "ledger.md").read_text("utf-8")
    for law in (*invariants.LAWS, "transfers are paired"):
        assert f"| {law} |" in text


def examples() -> Iterator[tuple[str, str, list[list[str]]]]:
    """(heading, the book, the rows of its table) of each worked example in lots.md."""
    text = (SPEC / "lots.md").read_text("utf-8")
    for section in text.split("\n### ")[1:]:
        heading = section.splitlines()[0]
        block = re.search(r"```\n(.*?)```", section, re.S)
        assert block is not None, heading
        table = [line for line in section.splitlines() if line.startswith("|")][2:]
        yield heading, block[1], [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def figures(position: Position) -> list[list[str]]:
    """Matches, then open lots, as lots.md prints them."""
    closed = [
        [f"closed {m.lot.day}", f"{m.lot.quantity.normalize():f}", f"{m.lot.cost.rounded().amount:,f}",
         f"{m.proceeds.rounded().amount:,f}", f"{m.gain.rounded().amount:,f}"]
        for m in position.matches
    ]  # fmt: skip
    held = [
        [f"open {lot.day}", f"{lot.quantity.normalize():f}", f"{lot.cost.rounded().amount:,f}", "", ""]
        for lot in position.lots
    ]  # fmt: skip
    owed = [
        [f"owed {lot.day}", f"{lot.quantity.normalize():f}", "", f"{lot.cost.rounded().amount:,f}", ""]
        for lot in position.shorts
    ]  # fmt: skip
    return closed + held + owed


@pytest.mark.parametrize(("heading", "text", "table"), list(examples()))
def test_each_worked_example_is_true(heading: str, text: str, table: list[list[str]]) -> None:
    """A table with a method column shows every method; any other the instrument its heading ends with."""
    name = heading.rpartition(" ")[2]
    if name == "B":
        assert figures(fold_all(family(text))[list(family(text))[-1]].positions[INFY]) == table
        return
    if len(table[0]) == 6:
        seen = [
            [method.value, *row]
            for method in Method
            for row in figures(fold(book(text), Terms(methods={ACCOUNT: method})).positions[INFY])
        ]
    else:
        seen = figures(fold(book(text)).positions[number_of(name)])
    assert seen == table


def test_every_kind_has_an_example_that_names_it() -> None:
    assert all(f" {kind.value} " in f" {RULES[kind].example} " for kind in Kind)
