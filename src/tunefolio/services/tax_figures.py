"""How each number of a person's year of tax was made, by the name that pages and the API give it.

A name is `payable`; `head:long_term`; `bucket:BUCKET`; `turnover:business`; `line:BUCKET:tax`; `step:0`;
`carried:short_term:2023-24`; `cell:BUCKET:2`; `dividends:0`; `deed:KEY:gain`; `income:KEY:amount`;
`112a:3:balance`; `balance` of Schedule 112A; `rate:BUCKET`; `exemption_limit`, `exemption_left`;
`instalment:2:to_pay`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from tunefolio.analysis.derivation import Derivation, given, made
from tunefolio.analysis.tax.advance import Instalment, advance_tax, explain_instalment
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.gains import Gain
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.incomes import Earned, IncomeKind
from tunefolio.analysis.tax.levy import Line
from tunefolio.analysis.tax.rulebook import ZERO, rules_once
from tunefolio.analysis.tax.schedule_112a import rows_112a
from tunefolio.analysis.tax.schedule_cg import Spread, table_f
from tunefolio.analysis.tax.setoff import Step
from tunefolio.analysis.tax.steps import (
    FIGURES,
    INR,
    explain,
    explain_bucket,
    explain_earned,
    explain_gain,
    explain_line,
    explain_trade,
    explain_vda,
)
from tunefolio.analysis.tax.taxpayer import LossKind
from tunefolio.analysis.tax.vda import VdaGain
from tunefolio.analysis.tax.years import FinancialYear, periods
from tunefolio.core.errors import NotFound
from tunefolio.core.missing import Missing
from tunefolio.core.money import plain
from tunefolio.services.tax_rows import explain_112a, explain_deed, explain_income, rule_words

_Explained = Callable[[TaxYear, list[str]], Derivation]
MOST_PARTS = 20
"""More parts than these are shown as one sum: nobody reads on, and a page of a thousand trees is slow."""


def bucket_key(bucket: Bucket) -> str:
    """A bucket as a word of an address."""
    rate = "slab" if bucket.rate is None else plain(bucket.rate)
    return f"{bucket.head.value}~{rate}~{bucket.section}~{int(bucket.has_exemption)}"


def explanation(year: TaxYear, figure: str) -> Derivation:
    """The tree behind one number, whole; raises NotFound for a name that is none, or of another year."""
    if figure in FIGURES:
        return explain(year, figure)
    word, *rest = figure.split(":")
    found = _EXPLAINED.get(word)
    if found is None:
        raise NotFound("figure")
    try:
        return found(year, rest)
    except (ValueError, IndexError, KeyError):
        raise NotFound("figure") from None


def readable(node: Derivation, *, most: int = MOST_PARTS) -> Derivation:
    """The same tree for reading: of a long sum the first parts, and one sum of all others."""
    parts = tuple(readable(part, most=most) for part in node.inputs[:most])
    if len(node.inputs) > most:
        others = node.inputs[most:]
        whole = sum((part.value for part in others if isinstance(part.value, Decimal)), ZERO)
        parts = (*parts, given(f"{len(others)} more", whole, node.unit, "added up"))
    return Derivation(node.name, node.value, node.unit, node.op, parts, node.ref, node.formula, node.table)


def _head(year: TaxYear, words: list[str]) -> Derivation:
    """Net of one head before set-off: gains and losses of all its rates."""
    head = Head(words[0])
    buckets = [bucket for bucket in year.found.sums() if bucket.head is head]
    parts = [explain_bucket(year.found, bucket) for bucket in buckets]
    return made(f"{head.value.replace('_', ' ')}, net", "sum", parts, INR, formula="before set-off")


def _bucket(year: TaxYear, words: list[str]) -> Derivation:
    """Net of one bucket before set-off, a loss below zero."""
    return explain_bucket(year.found, {bucket_key(one): one for one in year.found.sums()}[words[0]])


def _turnover(year: TaxYear, words: list[str]) -> Derivation:
    """The sum of absolute results, trade by trade."""
    head = Head(words[0])
    parts = []
    for trade in year.found.trades:
        if trade.head is head:
            sold, bought = explain_trade(trade).inputs[:2]
            gain = made("sold − bought", "difference", [sold, bought], INR)
            loss = made("bought − sold", "difference", [bought, sold], INR)
            name = f"{trade.asset.name} on {trade.day}"
            parts.append(made(name, "larger", [gain, loss], INR, formula="its absolute result"))
    return made(f"{head.value} turnover", "sum", parts, INR, formula="absolute results added up")


def _line(year: TaxYear, words: list[str]) -> Derivation:
    line = _line_of(year, words[0])
    taxed = explain_line(year, line)
    taxable = taxed if line.bucket.rate is None else taxed.inputs[0]
    income, set_off, basic, exempted = taxable.inputs
    shown = {
        "income": income,
        "set_off": set_off,
        "basic": basic,
        "exempted": exempted,
        "taxable": taxable,
        "tax": taxed,
    }
    return shown[words[1]]


def _line_of(year: TaxYear, key: str) -> Line:
    return {bucket_key(line.bucket): line for line in year.levy.lines}[key]


def _step(year: TaxYear, words: list[str]) -> Derivation:
    """One set-off: the smaller of what is left of the loss and of the income."""
    place = _place(words[0])
    steps = year.levy.set_off.steps
    step = steps[place]
    loss = _loss_left(year, step.kind, step.year, before=steps[:place])
    income = _income_left(year, step.against, before=steps[:place])
    name = f"set off against {step.against.label}"
    return made(name, "smaller", [loss, income], INR, formula=f"rule {step.rule.name}")


def _left(year: TaxYear, words: list[str]) -> Derivation:
    """A loss after all set-off of the year."""
    kind, of = LossKind(words[0]), FinancialYear.parse(words[1])
    return _loss_left(year, kind, of, before=year.levy.set_off.steps)


def _loss_left(year: TaxYear, kind: LossKind, of: FinancialYear, *, before: tuple[Step, ...]) -> Derivation:
    label = f"{kind.value.replace('_', '-')} loss of {of}"
    if of == year.year:
        parts = [
            made(bucket.label, "negate", [explain_bucket(year.found, bucket)], INR)
            for bucket, amount in year.found.sums().items()
            if amount < 0 and bucket.head.value == kind.value
        ]
        whole = made(label, "sum", parts, INR)
    else:
        earlier = {(loss.kind, loss.year): loss.amount for loss in year.taxpayer.earlier}
        whole = given(label, earlier[kind, of], INR, "brought from earlier years")
    used = [
        given(f"set off against {step.against.label}", step.amount, INR, step.rule.name)
        for step in before
        if (step.kind, step.year) == (kind, of)
    ]
    return made(f"{label}, left", "difference", [whole, *used], INR, formula="loss − what was set off")


def _income_left(year: TaxYear, bucket: Bucket, *, before: tuple[Step, ...]) -> Derivation:
    if bucket.is_given:
        whole = given(bucket.label, year.levy.set_off.before[bucket], INR, "as the person told")
    else:
        whole = explain_bucket(year.found, bucket)
    used = [
        given(f"{step.kind.value.replace('_', '-')} loss of {step.year}", step.amount, INR, step.rule.name)
        for step in before
        if step.against == bucket
    ]
    return made(f"{bucket.label}, left", "difference", [whole, *used], INR, formula="income − losses so far")


def _cell(year: TaxYear, words: list[str]) -> Derivation:
    """A cell of table F in whole rupees: the row is rounded as it runs, so that its cells add up."""
    place = _place(words[1])
    row = {bucket_key(one.bucket): one for one in table_f(year)}[words[0]]
    cells = [_exact_cell(year, row, number) for number in range(place + 1)]
    rupee = given("whole rupees", Decimal(1), INR, "the form has no paise")
    until = made("until the end of the period", "nearest", [made("so far", "sum", cells, INR), rupee], INR)
    before = made("before", "nearest", [made("before it", "sum", cells[:-1], INR), rupee], INR)
    span = periods(year.year, year.law.book)[place]
    return made(f"{row.bucket.label}, {span.label}", "difference", [until, before], INR)


def _exact_cell(year: TaxYear, row: Spread, number: int) -> Derivation:
    """Net of a period, less what losses of other periods, heads and years took of it."""
    span = periods(year.year, year.law.book)[number]
    parts = [explain_gain(g) for g in year.found.gains if g.bucket == row.bucket and span.holds(g.day)]
    parts += [explain_vda(v) for v in year.found.vda if v.bucket == row.bucket and span.holds(v.day)]
    net = made("gains and losses of the period", "sum", parts, INR)
    moved = (net.value if isinstance(net.value, Decimal) else ZERO) - row.cells[number]
    why = "losses of other periods, heads and years; below zero: a loss that other periods bear"
    return made(span.label, "difference", [net, given("set off", moved, INR, why)], INR)


def _dividends(year: TaxYear, words: list[str]) -> Derivation:
    span = periods(year.year, year.law.book)[_place(words[0])]
    wanted = {IncomeKind.DIVIDEND, IncomeKind.BUYBACK}
    rows = [one for one in year.found.earned if one.income.kind in wanted and span.holds(one.day)]
    return made(f"dividends, {span.label}", "sum", [explain_earned(one) for one in rows], INR)


def _rate(year: TaxYear, words: list[str]) -> Derivation:
    """The rate of a bucket, with the rules that its rows took it from."""
    bucket = {bucket_key(one): one for one in (*year.found.sums(), *year.levy.set_off.before)}[words[0]]
    if bucket.rate is None:
        raise KeyError(words[0])
    found = year.found
    rows: list[Gain | VdaGain | Earned] = [*found.gains, *found.vda, *found.earned]
    rules = rules_once(
        rule for row in rows if row.bucket == bucket for rule in row.rules if rule.name.startswith("rate.")
    )
    named = "; ".join(rule_words(rule) for rule in rules)
    return given(f"rate of {bucket.label}", bucket.rate, "ratio", named or f"section {bucket.section}")


def _limit(year: TaxYear, _: list[str]) -> Derivation:
    """The yearly exemption, by its rule."""
    rule = year.levy.exemption.rule
    return given("yearly exemption", year.levy.exemption.limit, INR, rule_words(rule))


def _exemption_left(year: TaxYear, _: list[str]) -> Derivation:
    parts = [_limit(year, []), explain(year, "exemption")]
    return made("exemption left", "difference", parts, INR, formula="yearly exemption − used")


def _balance(year: TaxYear, _: list[str]) -> Derivation:
    """The total of the last column of Schedule 112A."""
    parts = [
        replace(explain_112a(year, place, "balance"), name=row.name)
        for place, row in enumerate(rows_112a(year))
    ]
    return made("balance of all rows", "sum", parts, INR, formula="in whole rupees, row by row")


def _instalment(year: TaxYear, words: list[str]) -> Derivation:
    """share, net, cumulative or to_pay of one instalment of advance tax."""
    place, found = _place(words[0]), advance_tax(year)
    if isinstance(found, Missing):
        raise KeyError(words[0])
    one, due = found.instalments[place], explain_instalment(found.instalments[place])
    if words[1] == "cumulative":
        return due
    if words[1] == "share":
        return given(f"share due by {one.due}", one.share, "ratio", "advance_tax.instalments")
    if words[1] == "net":
        return replace(_named(due, "above zero"), name=f"tax less withheld, as of {one.due}")
    earlier = found.instalments[place - 1] if place else None
    before = [] if earlier is None else [_earlier(earlier)]
    return {"to_pay": made("to pay by this day", "difference", [due, *before], INR)}[words[1]]


def _earlier(one: Instalment) -> Derivation:
    """What was due before: told whole beside its own day."""
    return given(f"due by {one.due}", one.cumulative, INR, "the instalment before; its row tells how")


def _named(node: Derivation, name: str) -> Derivation:
    """The first node of that name; raises KeyError."""
    if node.name == name:
        return node
    for part in node.inputs:
        with suppress(KeyError):
            return _named(part, name)
    raise KeyError(name)


def _place(word: str) -> int:
    """A place from 0; raises ValueError for anything else, also for one from behind."""
    if not (word.isascii() and word.isdigit() and len(word) < 10):
        raise ValueError(word)
    return int(word)


_EXPLAINED: Mapping[str, _Explained] = {
    "head": _head,
    "bucket": _bucket,
    "turnover": _turnover,
    "line": _line,
    "step": _step,
    "carried": _left,
    "lapsed": _left,
    "cell": _cell,
    "dividends": _dividends,
    "rate": _rate,
    "exemption_limit": _limit,
    "exemption_left": _exemption_left,
    "balance": _balance,
    "instalment": _instalment,
    "deed": lambda year, words: explain_deed(year, words[0], words[1]),
    "income": lambda year, words: explain_income(year, words[0], words[1]),
    "112a": lambda year, words: explain_112a(year, _place(words[0]), words[1]),
}
