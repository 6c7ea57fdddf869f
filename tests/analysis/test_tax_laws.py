"""Laws of tax: never negative, never less for more income, no loss vanishes, later rows leave years alone."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from importlib import resources
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.analysis.taxes import ASSETS, Told, day, number, sold
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.computation import Record, TaxYear, tax_years
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.gains import Gain, Law
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.levy import levied
from tunefolio.analysis.tax.rulebook import tax_rules
from tunefolio.analysis.tax.schedule_cg import spread, table_f
from tunefolio.analysis.tax.setoff import set_off
from tunefolio.analysis.tax.taxpayer import EarlierLoss, LossKind, Others, Residency, Taxpayer
from tunefolio.analysis.tax.years import FinancialYear, periods
from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule, Rulebook, read_rulebook

YEAR = FinancialYear(2024)
BUCKETS = (
    Bucket(Head.SHORT_TERM, Decimal("0.15"), "111A"),
    Bucket(Head.SHORT_TERM, Decimal("0.20"), "111A"),
    Bucket(Head.SHORT_TERM, None, "at slab"),
    Bucket(Head.LONG_TERM, Decimal("0.10"), "112A", has_exemption=True),
    Bucket(Head.LONG_TERM, Decimal("0.125"), "112A", has_exemption=True),
    Bucket(Head.LONG_TERM, Decimal("0.125"), "112"),
    Bucket(Head.LONG_TERM, Decimal("0.20"), "112"),
    Bucket(Head.SPECULATIVE, None, "at slab"),
    Bucket(Head.BUSINESS, None, "at slab"),
    Bucket(Head.OTHER_SOURCES, None, "at slab"),
)
CRYPTO = Bucket(Head.VDA, Decimal("0.30"), "115BBH")

rupees = some.decimals("0", "900000", places=2)
signed = some.decimals("-900000", "900000", places=2)


@some.composite
def nets(draw: some.DrawFn) -> dict[Bucket, Decimal]:
    """Net incomes by bucket; crypto and receipts are never below zero."""
    found = draw(some.dictionaries(some.sampled_from(BUCKETS[:-1]), signed, max_size=9))
    found |= draw(some.dictionaries(some.sampled_from((BUCKETS[-1], CRYPTO)), rupees, max_size=2))
    return found


@some.composite
def losses(draw: some.DrawFn) -> tuple[EarlierLoss, ...]:
    keys = draw(
        some.sets(some.tuples(some.integers(2012, 2023), some.sampled_from(list(LossKind))), max_size=6)
    )
    amounts = some.decimals("0.01", "500000", places=2)
    return tuple(EarlierLoss(FinancialYear(start), kind, draw(amounts)) for start, kind in sorted(keys))


@some.composite
def people(draw: some.DrawFn) -> Taxpayer:
    others = draw(some.none() | some.builds(Others, rupees, rupees, rupees, rupees))
    slab = draw(
        some.none() | some.sampled_from([Decimal("0"), Decimal("0.05"), Decimal("0.20"), Decimal("0.30")])
    )
    living = draw(some.sampled_from(list(Residency)))
    return Taxpayer(residency=living, others=others, slab_rate=slab, earlier=draw(losses()))


@given(nets(), people())
def test_tax_is_never_negative_and_each_line_adds_up(sums: dict[Bucket, Decimal], who: Taxpayer) -> None:
    levy = levied(sums, who, YEAR, book=tax_rules())
    for line in levy.lines:
        assert min(line.set_off, line.basic, line.exempted, line.taxable) >= 0
        assert line.income - line.set_off - line.basic - line.exempted == line.taxable
        assert line.tax is None or line.tax >= 0
    assert levy.total >= 0
    assert levy.payable % 10 == 0
    assert abs(levy.payable - levy.total) <= 5
    assert 0 <= levy.exemption.used <= levy.exemption.limit
    assert isinstance(levy.slab_tax, Missing) or levy.slab_tax >= 0


@given(nets(), people(), some.sampled_from([*BUCKETS, CRYPTO]), rupees)
def test_more_income_never_means_less_tax(
    sums: dict[Bucket, Decimal], who: Taxpayer, where: Bucket, more: Decimal
) -> None:
    """At fixed rates, for a loss that gets smaller as well."""
    richer = sums | {where: sums.get(where, Decimal(0)) + more}
    before = levied(sums, who, YEAR, book=tax_rules())
    after = levied(richer, who, YEAR, book=tax_rules())
    assert after.total >= before.total


@given(nets(), people(), rupees)
def test_more_salary_never_means_less_tax(sums: dict[Bucket, Decimal], who: Taxpayer, more: Decimal) -> None:
    if who.others is None:
        return
    richer = replace(who, others=replace(who.others, salary=who.others.salary + more))
    book = tax_rules()
    assert levied(sums, richer, YEAR, book=book).total >= levied(sums, who, YEAR, book=book).total


@given(nets(), losses())
def test_set_off_creates_no_loss_and_loses_none(
    sums: dict[Bucket, Decimal], earlier: tuple[EarlierLoss, ...]
) -> None:
    done = set_off(sums, YEAR, earlier=earlier, book=tax_rules())
    used = sum(step.amount for step in done.steps)
    own = sum(-amount for amount in sums.values() if amount < 0)
    entered = sum(loss.amount for loss in earlier)
    left = sum(one.amount for one in (*done.carried, *done.lapsed))
    assert own + entered == used + left
    assert sum(done.before.values()) - used == sum(done.after.values())
    assert all(amount >= 0 for amount in done.after.values())
    assert all(step.amount > 0 for step in done.steps)
    assert all(one.until > YEAR for one in done.carried)
    for step in done.steps:
        assert step.against.head in _allowed(step.kind, is_own=step.year == YEAR)


def _allowed(kind: LossKind, *, is_own: bool) -> set[Head]:
    match kind:
        case LossKind.SHORT_TERM:
            return {Head.SHORT_TERM, Head.LONG_TERM}
        case LossKind.LONG_TERM:
            return {Head.LONG_TERM}
        case LossKind.SPECULATIVE:
            return {Head.SPECULATIVE}
        case LossKind.BUSINESS if is_own:
            return set(Head) - {Head.SALARY, Head.VDA}
        case LossKind.BUSINESS:
            return {Head.BUSINESS, Head.SPECULATIVE}


@given(some.lists(signed, min_size=5, max_size=5), rupees, some.decimals("0", "1", places=3))
def test_periods_add_up_to_the_year_without_a_negative_cell(
    cells: list[Decimal], brought: Decimal, part: Decimal
) -> None:
    after = max(sum(cells, Decimal(0)), Decimal(0)) * part
    found = spread(cells, after, brought=brought)
    assert sum(found) == after
    assert min(found) >= 0


CLASSES = (TaxClass.LISTED_EQUITY, TaxClass.DEBT_FUND, TaxClass.GOLD, TaxClass.FOREIGN_SHARE, TaxClass.VDA)


@some.composite
def deeds(draw: some.DrawFn) -> list[Disposal]:
    found = []
    for _ in range(draw(some.integers(1, 8))):
        on = day("2022-04-01").plus_days(draw(some.integers(0, 1400)))
        bought = on.plus_days(-draw(some.integers(0, 2500)))
        cost, brought = draw(rupees), draw(rupees)
        found.append(
            sold(draw(some.sampled_from(CLASSES)), bought.iso(), on.iso(), cost=cost, brought=brought)
        )
    return found


def years_of(some_deeds: list[Disposal], book: Rulebook) -> dict[FinancialYear, TaxYear]:
    record = Record(some_deeds, (), ASSETS)
    span = [FinancialYear(start) for start in range(2022, 2026)]
    by = Law(book, Told({number(TaxClass.LISTED_EQUITY): "300"}))
    return tax_years(record, dict.fromkeys(span, Taxpayer()), by)


@given(deeds())
def test_periods_of_every_row_add_up_to_what_set_off_left(some_deeds: list[Disposal]) -> None:
    for year in years_of(some_deeds, tax_rules()).values():
        for row in table_f(year):
            line = year.levy.line(row.bucket)
            assert line is not None
            assert row.total == line.after
            assert min(row.rupees) >= 0
            assert abs(sum(row.rupees) - line.after) <= Decimal("0.5")


@given(
    deeds(),
    some.sampled_from(["rate.equity.long", "rate.equity.short", "rate.gold.long", "rate.vda", "cess"]),
)
def test_a_rate_that_changes_later_changes_no_figure_before(some_deeds: list[Disposal], name: str) -> None:
    """One more row from 2025-04-01: years that ended by then keep every figure."""
    plain, changed = tax_rules(), with_row(name, "2025-04-01", rate="0.5")
    assert (changed.history(name)[-2].until, changed.history(name)[-1].until) == (day("2025-03-31"), None)
    before, after = years_of(some_deeds, plain), years_of(some_deeds, changed)
    for year in before:
        if year.last < day("2025-04-01"):
            assert after[year].levy.total == before[year].levy.total
            assert [g.taxable for g in after[year].found.gains] == [
                g.taxable for g in before[year].found.gains
            ]


@given(deeds())
def test_a_rule_that_ends_changes_no_figure_before_and_leaves_no_rate_after(
    some_deeds: list[Disposal],
) -> None:
    ended = with_end("rate.gold.long", "2024-11-30")
    before, after = years_of(some_deeds, tax_rules()), years_of(some_deeds, ended)
    for year in before:
        kept = [
            g.taxable for g in before[year].found.gains if not _is_long_gold(g) or g.day <= day("2024-11-30")
        ]
        assert [gain.taxable for gain in after[year].found.gains] == kept
        lost = len(before[year].found.gains) - len(kept)
        assert len(after[year].found.holes) == len(before[year].found.holes) + lost
        assert after[year].is_ready == (before[year].is_ready and not lost)
        if year.last <= day("2024-11-30"):
            assert after[year].levy.total == before[year].levy.total


def _is_long_gold(gain: Gain) -> bool:
    return gain.asset.tax_class is TaxClass.GOLD and gain.bucket.head is Head.LONG_TERM


def with_end(name: str, until: str) -> Rulebook:
    """The rules of the house with the last row of a name ending for good."""
    told = json.loads(
        resources.files("tunefolio.analysis.data").joinpath("tax_india.json").read_text("utf-8")
    )
    [row for row in told["rules"] if row["name"] == name][-1]["to"] = until
    return read_rulebook(json.dumps(told), place="changed")


def with_row(name: str, since: str, **values: str) -> Rulebook:
    """The rules of the house and one row more."""
    told = json.loads(
        resources.files("tunefolio.analysis.data").joinpath("tax_india.json").read_text("utf-8")
    )
    last = [row for row in told["rules"] if row["name"] == name][-1]
    told["rules"].append(last | {"from": since} | values)
    return read_rulebook(json.dumps(told), place="changed")


def test_the_periods_of_a_year_are_the_year() -> None:
    for start in range(2018, 2030):
        spans = periods(FinancialYear(start), tax_rules())
        assert [(span.last.date.month, span.last.date.day) for span in spans] == [
            (6, 15), (9, 15), (12, 15), (3, 15), (3, 31)
        ]  # fmt: skip
        assert spans[0].first == FinancialYear(start).first
        assert spans[-1].last == FinancialYear(start).last
        assert all(b.first == a.last.plus_days(1) for a, b in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "start"), [("2024-25", 2024), ("FY2024-25", 2024), ("1999-2000", 1999), ("fy 2026-27", 2026)]
)
def test_years_are_read(text: str, start: int) -> None:
    assert FinancialYear.parse(text) == FinancialYear(start)


@pytest.mark.parametrize("text", ["2024", "2024-26", "24-25", "2024-2026"])
def test_what_is_no_year_is_refused(text: str) -> None:
    with pytest.raises(Misuse, match="Write 2024-25"):
        FinancialYear.parse(text)


def test_years_are_named_by_the_act_in_force() -> None:
    assert FinancialYear(2025).assessed == "assessment year 2026-27"
    assert FinancialYear(2026).assessed == "tax year 2026-27"
    assert FinancialYear.of(day("2025-03-31")).name == "2024-25"


def test_losses_go_from_year_to_year_and_none_that_follows_may_be_entered() -> None:
    some_deeds = [
        sold(TaxClass.GOLD, "2018-01-01", "2022-05-02", cost=900000, brought=100),
        sold(TaxClass.GOLD, "2024-01-01", "2026-03-02", cost=100, brought=500100),
    ]
    done = years_of(some_deeds, tax_rules())
    last = done[FinancialYear(2025)]
    assert last.levy.special_tax == 0
    assert [(one.year.name, one.kind) for one in last.levy.set_off.carried] == [
        ("2022-23", LossKind.LONG_TERM)
    ]
    entered = Taxpayer(earlier=(EarlierLoss(FinancialYear(2022), LossKind.LONG_TERM, Decimal(5)),))
    people = {FinancialYear(2022): Taxpayer(), FinancialYear(2023): entered}
    with pytest.raises(Misuse, match="follows from the books"):
        tax_years(Record(some_deeds, (), ASSETS), people, Law(tax_rules(), Told()))
    with pytest.raises(Misuse, match="2023-24 is missing"):
        tax_years(
            Record(some_deeds, (), ASSETS),
            {FinancialYear(2022): Taxpayer(), FinancialYear(2024): Taxpayer()},
            Law(tax_rules(), Told()),
        )
    old = Taxpayer(earlier=(EarlierLoss(FinancialYear(2020), LossKind.LONG_TERM, Decimal(5)),))
    with pytest.raises(Misuse, match="entered twice"):
        tax_years(
            Record([], (), ASSETS),
            {FinancialYear(2022): old, FinancialYear(2023): old},
            Law(tax_rules(), Told()),
        )


def test_every_rule_that_a_section_names_exists() -> None:
    """Each rate names a section that has a label on every day it holds."""
    book = tax_rules()
    rates = [rule for rule in book if rule.name.startswith("rate.")]
    assert rates
    for rule in rates:
        for on in (rule.since, rule.until or day("2026-11-22")):
            assert isinstance(book.at(f"section.{rule.word('section')}", on), Rule), (rule.name, on)


def test_doubtful_rules_say_why() -> None:
    silent = [f"{rule.name} {rule.since}" for rule in tax_rules() if rule.is_doubtful and not rule.note]
    assert silent == []
