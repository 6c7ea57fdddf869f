"""What statements alone tell: when units came or went, and what is no change at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.books import RECORDED, number_of, recorded
from tunefolio.core.money import Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.restated import last_restated
from tunefolio.ledger.transactions import Fact, Transaction

INFY = number_of("INFY")


def told(text: str, taken_back_by: str = "statement") -> list[Transaction]:
    """One statement a line, a minute apart: `day units @ average`, or `day -` once the holding is gone. The
    last taking back has that source, all others are the statements' own."""
    history: list[Transaction] = []
    standing: Transaction | None = None
    lines = text.split("\n")
    for minute, line in enumerate(lines):
        now = RECORDED + timedelta(minutes=minute)
        day, units, *price = line.replace("@", "").split()
        if standing is not None:
            source = taken_back_by if minute == len(lines) - 1 else "statement"
            back = recorded(standing.fact, len(history) + 1, reverses=standing.id, source=source)
            history.append(replace(back, recorded=now))
            standing = None
        if units != "-":
            amount = Money.of(Decimal(units) * Decimal(price[0]))
            fact = Fact(Kind.OPENING, TradingDay.parse(day), amount, INFY, Decimal(units), Price.of(price[0]))
            standing = replace(recorded(fact, len(history) + 1, source="statement"), recorded=now)
            history.append(standing)
    return history


@pytest.mark.parametrize(
    ("text", "change", "since"),
    [
        ("2026-11-02 5 @ 100", 5, "2026-11-02"),
        ("2026-11-02 5 @ 100\n2026-11-03 5 @ 101\n2026-11-04 5 @ 102", 5, "2026-11-02"),
        ("2026-11-02 5 @ 100\n2026-11-03 8 @ 101", 3, "2026-11-03"),
        ("2026-11-02 5 @ 100\n2026-11-03 8 @ 101\n2026-11-04 8 @ 102", 3, "2026-11-03"),
        ("2026-11-02 5 @ 100\n2026-11-03 2 @ 100", -3, "2026-11-03"),
        ("2026-11-02 5 @ 100\n2026-11-03 -\n2026-11-05 5 @ 100", 5, "2026-11-05"),
    ],
)
def test_the_last_change_of_units_and_the_day_it_was_first_seen(text: str, change: int, since: str) -> None:
    history = told(text)
    for facts in (history, history[::-1]):
        found = last_restated(facts)
        assert found is not None
        assert [found.change, found.since.iso()] == [change, since]


def test_what_is_gone_was_seen_no_more_on_the_day_it_was_taken_back() -> None:
    found = last_restated(told("2026-11-02 5 @ 100\n2026-11-03 -"))
    assert found is not None
    assert found.change == -5
    assert found.standing is None
    assert found.former is not None


@pytest.mark.parametrize("source", ["manual", "import", "repair"])
def test_what_a_person_or_a_file_took_back_was_explained(source: str) -> None:
    assert last_restated(told("2026-11-02 5 @ 100\n2026-11-03 -", source)) is None
    followed = last_restated(told("2026-11-02 5 @ 100\n2026-11-03 8 @ 100", source))
    assert followed is not None
    assert followed.change == 8
    assert followed.former is None, "the new opening restates nothing"


def test_an_opening_by_hand_is_no_statements_word() -> None:
    opening = told("2026-11-02 5 @ 100")[0]
    assert last_restated([replace(opening, source="manual")]) is None
    assert last_restated([]) is None
