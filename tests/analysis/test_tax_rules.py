"""Laws of the rules: an era has the rules of each of its days; what changes later leaves years alone."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.analysis.taxes import ASSETS, Told, number, received, sold
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.computation import Record, TaxYear, tax_year
from tunefolio.analysis.tax.disposals import Disposal, Way
from tunefolio.analysis.tax.gains import Law
from tunefolio.analysis.tax.incomes import IncomeKind
from tunefolio.analysis.tax.rulebook import Eras, rows_of, tax_rules
from tunefolio.analysis.tax.schedule_cg import table_f
from tunefolio.analysis.tax.taxpayer import Age, Others, Taxpayer
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.rules import Rule, Rulebook, defects, read_rulebook
from tunefolio.core.time import TradingDay

FIRST, LAST = TradingDay.parse("2018-04-01"), TradingDay.parse("2027-03-31")
VALUES = Told({number(one): "150" for one in TaxClass})
WHO = Taxpayer(age=Age.SENIOR, others=Others(other_sources=Decimal(100_000)), slab_rate=Decimal("0.05"))
days = some.integers(0, LAST - FIRST).map(FIRST.plus_days)


@cache
def data() -> str:
    return resources.files("tunefolio.analysis.data").joinpath("tax_india.json").read_text("utf-8")


def book_of(told: dict[str, Any]) -> Rulebook:
    return read_rulebook(json.dumps(told), place="changed")


@pytest.mark.parametrize(
    ("change", "defect"),
    [
        ({"from": "2020-04-01", "sources": ["act1961"]}, ""),
        ({"from": "2020-04-01", "sources": []}, "names no source"),
        ({"from": "2018-04-01", "to": "2019-03-31", "sources": ["act1961"]}, "two rows hold on 2018-04-01"),
    ],
)
def test_a_planted_row_is_found(change: dict[str, Any], defect: str) -> None:
    """A row more of a rule that holds since 2018-04-01: in order, without a source, over another."""
    told = json.loads(data())
    row = next(row for row in told["rules"] if row["name"] == "rate.other.short")
    told["rules"].append(row | change)
    assert defect in "".join(defects(book_of(told)))
    assert bool(defects(book_of(told))) == bool(defect)


def test_a_planted_gap_is_found() -> None:
    told = json.loads(data())
    first = next(row for row in told["rules"] if row["name"] == "rate.equity.long")
    first["to"] = "2024-07-20"
    assert defects(book_of(told)) == ("rate.equity.long: no row from 2024-07-21 to 2024-07-22",)


def test_every_row_is_of_the_law_and_names_its_sources() -> None:
    """A rate is a share of one; a row says something, unless its name says all."""
    for rule in tax_rules():
        assert rule.sources, rule.name
        assert rule.values or rule.name.startswith("deemed_short."), rule.name
        for field in ("rate", "plain_rate", "slab_rate"):
            if rule.word(field) not in {"", "slab"} and rule.name != "fx":
                assert 0 < rule.number(field) < 1, (rule.name, rule.since)


@given(some.sampled_from(tax_rules().names), days)
def test_an_era_has_the_rules_of_each_of_its_days(name: str, day: TradingDay) -> None:
    book, cut = tax_rules(), Eras(tax_rules())
    assert cut.rule(cut.number(day), name) is book.at(name, day)


def test_eras_are_cut_on_the_very_day() -> None:
    book, cut = tax_rules(), Eras(tax_rules())
    for rule in book:
        ends = [] if rule.until is None else [rule.until, rule.until.plus_days(1)]
        for day in (rule.since.plus_days(-1), rule.since, *ends):
            assert cut.rule(cut.number(day), rule.name) is book.at(rule.name, day), (rule.name, day)
            assert rows_of(book, cut.number(day), (rule.name,)) == tuple(
                one for one in (book.at(rule.name, day),) if one is not None
            )


@some.composite
def overlapping(draw: some.DrawFn) -> Rulebook:
    """Rows of one name with ends wherever they fall: a defect, and yet both readings must agree."""
    rows = []
    for place in sorted(draw(some.sets(some.integers(0, 60), min_size=1, max_size=5))):
        since = FIRST.plus_days(place)
        row = {"name": "rate.x", "from": since.iso(), "rate": "0.1", "sources": [], "confidence": "high"}
        length = draw(some.none() | some.integers(0, 30))
        rows.append(row if length is None else row | {"to": since.plus_days(length).iso()})
    return book_of({"title": "odd", "sources": {}, "rules": rows})


@given(overlapping(), some.integers(-3, 100))
def test_eras_agree_with_the_rulebook_where_rows_overlap(book: Rulebook, after: int) -> None:
    day = TradingDay(FIRST.date + timedelta(days=after))
    cut = Eras(book)
    assert cut.rule(cut.number(day), "rate.x") is book.at("rate.x", day)


def deeds() -> list[Disposal]:
    """Of every class, bought in four eras, sold in every year at a gain and at a loss."""
    found = []
    for place, what in enumerate(TaxClass):
        for year in range(2018, 2027):
            bought = ("2016-05-02", f"{year - 2}-06-03", f"{year}-04-10", "2023-05-02")[(place + year) % 4]
            on = f"{year}-{(place + 2 * year) % 6 + 6:02d}-12"
            if bought < on:
                way = Way.BUYBACK if year % 3 == 0 else Way.SALE
                found.append(sold(what, bought, on, cost=1000, brought=700 + 500 * (place % 2), way=way))
    return found


RECORD = Record(
    deeds(),
    [received(IncomeKind.DIVIDEND, f"{year}-08-01", 700, 70) for year in range(2018, 2027)]
    + [received(IncomeKind.INTEREST, f"{year}-09-01", 300) for year in range(2018, 2027)],
    ASSETS,
)


def told_of(year: TaxYear) -> tuple[object, ...]:
    """Every figure of a year."""
    found = year.found
    rows = [
        (one.taxable, one.bucket, one.held.term, [rule.values for rule in one.rules]) for one in found.gains
    ]
    others = [
        [(one.disposal.closed, one.day) for one in some_rows] for some_rows in (found.exempt, found.trades)
    ]
    others.append([(one.disposal.closed, one.day) for one in found.vda])
    return (
        rows,
        others,
        found.holes,
        year.levy.lines,
        year.levy.total,
        year.levy.set_off.carried,
        table_f(year),
    )


@cache
def as_it_is(start: int) -> tuple[object, ...]:
    return told_of(tax_year(RECORD, WHO, FinancialYear(start), Law(tax_rules(), VALUES)))


@given(some.sampled_from(tax_rules().names), some.integers(2019, 2026), some.booleans(), some.data())
def test_what_changes_or_ends_later_changes_no_figure_before(
    name: str, start: int, is_end: bool, draw: some.DataObject
) -> None:
    """Any rule ends, or gets another row, on 1 April: the year before keeps every figure."""
    told = json.loads(data())
    day = FinancialYear(start).first
    rows = [row for row in told["rules"] if row["name"] == name]
    earlier = [row for row in rows if row["from"] < day.iso()]
    kept = [row for row in told["rules"] if row["name"] != name]
    if earlier and (is_end or earlier[-1].get("to", "9") < day.iso()):
        earlier[-1]["to"] = min(day.plus_days(-1).iso(), earlier[-1].get("to", "9"))
    elif earlier:
        earlier.append(earlier[-1] | {"from": day.iso()} | _changed(earlier[-1], draw))
    changed = book_of(told | {"rules": kept + earlier})
    year = FinancialYear(start - 1)
    assert told_of(tax_year(RECORD, WHO, year, Law(changed, VALUES))) == as_it_is(year.start)


def _changed(row: dict[str, Any], draw: some.DataObject) -> dict[str, str]:
    """Other figures in place of the row's."""
    own = {"name", "from", "to", "sources", "confidence", "note"}
    numbers = [field for field, value in row.items() if field not in own and _is_number(value)]
    return {field: str(draw.draw(some.decimals("0.01", "0.9", places=2))) for field in numbers}


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def test_a_row_that_begins_within_a_year_changes_only_the_deeds_from_its_day() -> None:
    told = json.loads(data())
    row = [one for one in told["rules"] if one["name"] == "rate.equity.short"][-1]
    told["rules"].append(row | {"from": "2025-10-01", "rate": "0.5"})
    changed = Law(book_of(told), VALUES)
    some_deeds = [
        sold(TaxClass.LISTED_EQUITY, "2025-04-02", on, cost=100, brought=200)
        for on in ("2025-09-30", "2025-10-01")
    ]
    year = tax_year(Record(some_deeds, (), ASSETS), Taxpayer(), FinancialYear(2025), changed)
    assert [gain.bucket.rate for gain in year.found.gains] == [Decimal("0.20"), Decimal("0.5")]
    assert isinstance(changed.book.at("rate.equity.short", LAST), Rule)
