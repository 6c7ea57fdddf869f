"""Rules of law and tariff as dated data: what held on a day, on whose word, and how sure of it we are.

A rulebook is JSON: `{"title", "sources": {key: {"title", "address"}}, "rules": [row, …]}`. A row has a dotted
`name`, `from`, perhaps `to` (its last day), `sources` (keys), `confidence` (high, medium, low), perhaps a
`note`, and the rule's own words and figures, all as texts. A row without `to` holds until a later row of its
name begins: a change of rate is one row more.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Any

from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay

_OWN = frozenset({"name", "from", "to", "sources", "confidence", "note"})


class Confidence(StrEnum):
    """How sure the sources make us. HIGH: a primary source, or several that agree."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Source:
    """On whose word. address: where it can be read, "" for what has no page."""

    key: str
    title: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule from its first day to its last, both included.

    until: None while it holds; values: its figures and words by field, as written.
    """

    name: str
    since: TradingDay
    until: TradingDay | None
    values: Mapping[str, str]
    sources: tuple[Source, ...]
    confidence: Confidence
    note: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Shown wherever the rule is used."""
        return self.confidence is not Confidence.HIGH

    def number(self, field: str = "rate") -> Decimal:
        """Raises Misuse naming rule and field where the row has no such figure."""
        try:
            return Decimal(self.values[field])
        except (KeyError, InvalidOperation):
            said = self.values.get(field, "nothing")
            raise Misuse(f"{self.name} from {self.since}", f"{field} is {said}, not a number") from None

    def word(self, field: str, default: str = "") -> str:
        return self.values.get(field, default)

    def holds(self, day: TradingDay) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Rulebook:
    """Dated rules by name. Raises nothing when asked: `at` is None where no rule holds."""

    def __init__(self, title: str, sources: Mapping[str, Source], rules: tuple[Rule, ...]) -> None:
        self.title = title
        self.sources = sources
        ordered = sorted(rules, key=lambda rule: (rule.name, rule.since))
        self._by_name = {name: tuple(found) for name, found in groupby(ordered, key=lambda rule: rule.name)}
        self._starts = {name: [rule.since for rule in found] for name, found in self._by_name.items()}

    def __iter__(self) -> Iterator[Rule]:
        for found in self._by_name.values():
            yield from found

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def history(self, name: str) -> tuple[Rule, ...]:
        """Every row of this name, oldest first; () where there is none."""
        return self._by_name.get(name, ())

    def at(self, name: str, day: TradingDay) -> Rule | None:
        """The rule in force on that day; of two that overlap (a defect) the later one."""
        place = bisect_right(self._starts.get(name, []), day)
        found = self._by_name[name][place - 1] if place else None
        return found if found is not None and found.holds(day) else None

    def in_force(self, day: TradingDay) -> tuple[Rule, ...]:
        """Every rule that holds on that day, by name."""
        return tuple(rule for name in self._by_name if (rule := self.at(name, day)) is not None)


def read_rulebook(text: str, *, place: str) -> Rulebook:
    """Raises Misuse naming the place, the row and the field of the first thing that cannot be read."""
    try:
        told = json.loads(text)
    except ValueError as problem:
        raise Misuse(place, f"is no JSON: {problem}") from None
    sources = {
        key: Source(key, one["title"], one.get("address", "")) for key, one in told.get("sources", {}).items()
    }
    rows = [_Row(f"{place}, rule {number}", row) for number, row in enumerate(told.get("rules", []), start=1)]
    read = sorted((row.rule(sources) for row in rows), key=lambda rule: (rule.name, rule.since))
    return Rulebook(told.get("title", place), sources, tuple(_yielding(read)))


def defects(book: Rulebook) -> tuple[str, ...]:
    """What is wrong with the data: rows of one name that overlap, days between them that have none, a row
    without a source. A rule that ends for good is no gap."""
    found = [f"{rule.name} from {rule.since}: names no source" for rule in book if not rule.sources]
    for name in book.names:
        for earlier, later in pairwise(book.history(name)):
            if earlier.until is None or later.since <= earlier.until:
                found.append(f"{name}: two rows hold on {later.since}")
            elif later.since - earlier.until != 1:
                found.append(
                    f"{name}: no row from {earlier.until.plus_days(1)} to {later.since.plus_days(-1)}"
                )
    return tuple(found)


def _yielding(rules: list[Rule]) -> Iterator[Rule]:
    """A row without an end holds until the next of its name begins."""
    for rule, later in zip(rules, [*rules[1:], None], strict=True):
        if rule.until is None and later is not None and later.name == rule.name and later.since > rule.since:
            until = later.since.plus_days(-1)
            yield Rule(rule.name, rule.since, until, rule.values, rule.sources, rule.confidence, rule.note)
        else:
            yield rule


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    told: Mapping[str, Any]

    def rule(self, sources: Mapping[str, Source]) -> Rule:
        name = str(self._needed("name"))
        since = self._day("from", self._needed("from"))
        until = None if self.told.get("to") is None else self._day("to", self.told["to"])
        if until is not None and until < since:
            raise Misuse(f"{self.place}: to", f"{until} is before {since}")
        unknown = [key for key in self.told.get("sources", []) if key not in sources]
        if unknown:
            raise Misuse(f"{self.place}: sources", f"{unknown[0]} is not among the sources")
        values = {field: value for field, value in self.told.items() if field not in _OWN}
        for field, value in values.items():
            if not isinstance(value, str):
                raise Misuse(f"{self.place}: {field}", "must be a text", cure='Write "0.001", with quotes')
        found = tuple(sources[key] for key in self.told.get("sources", []))
        return Rule(name, since, until, values, found, self._confidence(), str(self.told.get("note", "")))

    def _needed(self, field: str) -> object:
        if not self.told.get(field):
            raise Misuse(f"{self.place}: {field}", "is missing")
        return self.told[field]

    def _day(self, field: str, told: object) -> TradingDay:
        try:
            return TradingDay.parse(str(told))
        except (ValueError, Misuse):
            raise Misuse(f"{self.place}: {field}", f"{told} is no day", cure="Write 2024-07-23") from None

    def _confidence(self) -> Confidence:
        try:
            return Confidence(str(self.told.get("confidence", "")))
        except ValueError:
            known = ", ".join(Confidence)
            raise Misuse(
                f"{self.place}: confidence", "is missing or unknown", cure=f"One of {known}"
            ) from None
