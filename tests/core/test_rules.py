"""Dated rules: which one holds on a day, and what is wrong with their data."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tunefolio.core.errors import Misuse
from tunefolio.core.rules import Confidence, Rulebook, defects, read_rulebook
from tunefolio.core.time import TradingDay

SOURCES = {"act": {"title": "An Act", "address": "https://example.org/act"}}


def row(name: str, since: str, rate: str = "0.1", **more: Any) -> dict[str, Any]:
    return {"name": name, "from": since, "rate": rate, "sources": ["act"], "confidence": "high"} | more


def book(*rows: dict[str, Any]) -> Rulebook:
    return read_rulebook(
        json.dumps({"title": "Rules", "sources": SOURCES, "rules": rows}), place="rules.json"
    )


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def test_a_row_without_an_end_holds_until_the_next_of_its_name() -> None:
    rules = book(
        row("stt", "2024-10-01", "0.0002"), row("stt", "2020-07-01", "0.0001"), row("sebi", "2020-07-01")
    )
    assert defects(rules) == ()
    assert rules.at("stt", day("2024-09-30")).number() == Decimal("0.0001")  # type: ignore[union-attr]
    assert rules.at("stt", day("2024-10-01")).number() == Decimal("0.0002")  # type: ignore[union-attr]
    assert rules.at("stt", day("2020-06-30")) is None
    assert rules.at("ctt", day("2024-10-01")) is None
    assert [rule.name for rule in rules.in_force(day("2025-01-01"))] == ["sebi", "stt"]
    assert [rule.until for rule in rules.history("stt")] == [day("2024-09-30"), None]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row("a", "2020-01-01", to="2020-12-31"), row("a", "2020-12-31")], "a: two rows hold on 2020-12-31"),
        ([row("a", "2020-01-01"), row("a", "2020-01-01")], "a: two rows hold on 2020-01-01"),
        (
            [row("a", "2020-01-01", to="2020-12-30"), row("a", "2021-01-01")],
            "a: no row from 2020-12-31 to 2020-12-31",
        ),
        ([row("a", "2020-01-01", sources=[])], "a from 2020-01-01: names no source"),
    ],
)
def test_defects_of_the_data_are_named(rows: list[dict[str, Any]], told: str) -> None:
    assert defects(book(*rows)) == (told,)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"name": ""}, "rules.json, rule 1: name"),
        ({"from": "soon"}, "rules.json, rule 1: from"),
        ({"to": "2019-01-01"}, "rules.json, rule 1: to"),
        ({"sources": ["hearsay"]}, "rules.json, rule 1: sources"),
        ({"confidence": "surely"}, "rules.json, rule 1: confidence"),
        ({"rate": 0.1}, "rules.json, rule 1: rate"),
    ],
)
def test_what_cannot_be_read_is_named(wrong: dict[str, Any], place: str) -> None:
    with pytest.raises(Misuse) as refused:
        book(row("a", "2020-01-01") | wrong)
    assert refused.value.field == place


def test_a_rule_says_what_it_lacks_and_whether_it_is_doubtful() -> None:
    rule = book(row("a", "2020-01-01", confidence="low", note="A copy says otherwise.")).history("a")[0]
    assert rule.is_doubtful
    assert rule.confidence is Confidence.LOW
    assert rule.sources[0].title == "An Act"
    with pytest.raises(Misuse, match="cap is nothing, not a number"):
        rule.number("cap")
    assert rule.word("rounding", "paisa") == "paisa"


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(Misuse, match=r"rules\.json is no JSON"):
        read_rulebook("{", place="rules.json")


DAYS = some.dates(date(2020, 1, 1), date(2026, 12, 31))


@given(some.lists(DAYS, min_size=1, max_size=6, unique=True), DAYS)
def test_on_any_day_holds_the_row_that_began_last(starts: list[date], asked: date) -> None:
    rules = book(*(row("a", start.isoformat(), start.isoformat().replace("-", "")) for start in starts))
    assert defects(rules) == ()
    began = [start for start in starts if start <= asked]
    found = rules.at("a", TradingDay(asked))
    assert (found is None) == (not began)
    if found is not None:
        assert found.since == TradingDay(max(began))
