"""book: what a text book comes to; export --text: the books as text."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tunefolio.cli import Exit
from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money, Price, currency_of, decimal_of, minor_digits, plain, quantized
from tunefolio.core.time import SystemClock, TradingDay, calendar_date
from tunefolio.ledger.lots import Method
from tunefolio.ledger.textbook import BookRefused, read_book
from tunefolio.services.marketfiles import MarketLines, lines_of, read_prices, read_rates
from tunefolio.services.textbook import BookReport, Choices, Part, report
from tunefolio.services.textbook_explain import explained, told
from tunefolio.services.textbook_json import as_json

STDIN = "-"
_LINES = (
    ("start", ""), ("realised", "+"), ("unrealised", "+"), ("exchange", "+"), ("income", "+"), ("fees", "−"),
    ("taxes", "−"), ("flows", "+"), ("in_kind", "+"), ("end", "="),
)  # fmt: skip
_SHORT = ("twr", "xirr", "dietz", "simple", "total")


def book(args: argparse.Namespace) -> int:
    """book FILE: positions, lots, gains, cash, income, statement and returns of a text book, in memory."""
    choices = _choices(args)
    try:
        found = _report(args, choices)
    except BookRefused as refused:
        return refused_book(args, refused)
    if args.json:
        value = as_json(found)
        if args.explain:
            value["explain"] = explained(found)
        print(json.dumps(value, ensure_ascii=False, indent=2))
        return Exit.OK
    sections = [*_sections(found), *(told(found) if args.explain else ())]
    print("\n\n".join(sections))
    return Exit.OK


def _choices(args: argparse.Namespace) -> Choices:
    return Choices(
        as_of=_day(args.as_of),
        since=_day(args.since),
        method=None if args.method is None else Method(args.method),
        currency=None if args.currency is None else currency_of(args.currency.upper()),
        carry_days=args.carry_days,
        benchmark=args.benchmark,
        risk_free=_ratio(args.risk_free),
    )


def _day(text: str | None) -> TradingDay | None:
    return None if text is None else TradingDay.parse(text)


def _ratio(text: str) -> float:
    """6% and 0.06 are the same."""
    number = decimal_of(text.removesuffix("%"), "--risk-free")
    return float(number.scaleb(-2) if text.endswith("%") else number)


def _report(args: argparse.Namespace, choices: Choices) -> BookReport:
    name = "stdin" if args.file == STDIN else args.file
    today = TradingDay(calendar_date(SystemClock().now()))
    content = read_book(lines_of(text_of(args.file)), file=name, today=today)
    prices = read_prices({path: text_of(path) for path in args.prices}, content)
    rates = read_rates({path: text_of(path) for path in args.fx}, content)
    market = MarketLines(
        (*prices.prices, *rates.prices), (*prices.rates, *rates.rates), prices.unknown + rates.unknown
    )
    return report(content, market, choices, file=name)


def text_of(path: str) -> str:
    """A file's text, or standard input's; raises Misuse naming the line that is no UTF-8."""
    try:
        content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except OSError as refused:
        cure = "Give the path of a file you can read, or - for standard input"
        raise Misuse("file", f"{path}: {refused.strerror}", cure=cure) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].count(b"\n") + 1
        cure = "Save it as UTF-8"
        raise Misuse("file", f"{path}:{line}: is no UTF-8 text", cure=cure) from None


def refused_book(args: argparse.Namespace, refused: BookRefused) -> int:
    """Every wrong line, together; nothing else."""
    if args.json:
        problems = [
            {"place": one.place, "field": one.field, "problem": one.problem, "cure": one.cure}
            for one in refused.problems
        ]
        value = {"error": "the book is refused", "kind": "BookRefused", "exit": int(Exit.FINDINGS)}
        value["problems"] = problems
        print(json.dumps(value, ensure_ascii=False, indent=2))
    else:
        print("\n".join(map(str, refused.problems)), file=sys.stderr)
    return Exit.FINDINGS


# ── for people ────────────────────────────────────────────────────────────────────────────────────


def _sections(found: BookReport) -> Iterator[str]:
    value = as_json(found)
    yield _title(found)
    for title, name, columns in (
        ("Positions", "positions", (
            "account", "instrument", "quantity", "cost", "average_cost", "price", "value", "unrealised",
            "realised", "average_realised", "income", "currency",
        )),
        ("Lots", "lots", ("account", "instrument", "side", "opened", "day", "quantity", "cost", "fees")),
        ("Gains", "matches", (
            "account", "instrument", "side", "acquired", "day", "quantity", "cost", "proceeds", "gain",
            "closed",
        )),
        ("Cash", "cash", ("account", "currency", "amount", "counted")),
        ("Income", "income", ("day", "account", "instrument", "kind", "amount", "fees", "tax", "currency")),
    ):  # fmt: skip
        if value[name]:
            yield f"{title}\n{_table(value[name], columns)}"
    yield _statement(found.total)
    yield _returns(found.total)
    for title, parts in (
        ("By portfolio", found.by_portfolio),
        ("By account", found.by_account),
        ("By instrument", found.by_instrument),
        ("By tag", found.by_tag),
    ):
        if len(parts) > 1 or (parts and title == "By tag"):
            yield f"{title}\n{_table([_short(one) for one in parts], ('name', 'end', 'gain', *_SHORT))}"
    reasons = "\n".join(_reasons(found))
    if reasons:
        yield f"Not available\n{reasons}"


def _title(found: BookReport) -> str:
    begins = "the first fact" if found.period.since is None else found.period.since.iso()
    facts = f"{len(found.facts)} facts from {begins} to {found.period.until}"
    left = f"; {found.left_out} later facts left out" if found.left_out else ""
    return f"{found.file}: {facts}, in {found.currency}{left}"


def _statement(part: Part) -> str:
    if isinstance(part.performance, Missing):
        return f"Statement\n{part.performance.sentence}"
    statement = part.performance.statement
    rows = [
        {" ": sign or " ", "line": name, "amount": _cell(getattr(statement, name))} for name, sign in _LINES
    ]
    notes = "".join(f"\n{note}" for note in statement.notes)
    title = f"Statement in {statement.currency}, {statement.period}"
    return f"{title}\n{_table(rows, (' ', 'line', 'amount'))}{notes}"


def _returns(part: Part) -> str:
    if isinstance(part.performance, Missing):
        return f"Returns\n{part.performance.sentence}"
    rows = [
        {"figure": name, "value": _cell(figure.value), "convention": figure.convention, "note": figure.note}
        for name, figure in part.performance.figures.items()
    ]
    roots = ", ".join(f"{float(root):.6%}" for root in part.performance.roots)
    other = f"\nOther rates that solve the same flows: {roots}" if roots else ""
    return f"Returns\n{_table(rows, ('figure', 'value', 'convention', 'note'))}{other}"


def _short(part: Part) -> dict[str, Any]:
    if isinstance(part.performance, Missing):
        return {"name": part.name, "end": "not available"}
    figures = part.performance.figures
    row: dict[str, Any] = {"name": part.name, "end": _cell(part.performance.statement.end)}
    row["gain"] = _cell(part.performance.statement.gain)
    return row | {name: _cell(figures[name].value) for name in _SHORT if name in figures}


def _reasons(found: BookReport) -> Iterator[str]:
    """Each reason once, with its cure."""
    holes: dict[str, None] = {}
    for line in found.positions:
        for value in (line.value,):
            if isinstance(value, Missing):
                holes[value.sentence] = None
    for part in (found.total, *found.by_account, *found.by_instrument, *found.by_tag):
        if isinstance(part.performance, Missing):
            holes[f"{part.name}: {part.performance.sentence}"] = None
    performance = found.total.performance
    if not isinstance(performance, Missing):
        for name, figure in performance.figures.items():
            if isinstance(figure.value, Missing):
                holes[f"{name}: {figure.value.sentence}"] = None
    yield from holes


def _cell(value: object) -> str:
    match value:
        case Missing():
            return "not available"
        case Money(amount=amount, currency=currency):
            return f"{quantized(amount, minor_digits(currency)):f}"
        case Price(amount=amount):
            return plain(amount)
        case Decimal():
            return plain(value)
        case float():
            return f"{value:.8f}"
        case bool():
            return "yes" if value else "no"
        case {"missing": _}:
            return "not available"
        case {"amount": amount, "day": day}:
            return f"{amount} ({day})"
        case {"line": line, "key": key}:
            return f"^{key}" if key else f"line {line}" if line else "transfer"
        case None | "":
            return "–"
        case _:
            return str(value)


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows under their headings; numbers to the right."""
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    used = [place for place in range(len(columns)) if any(line[place] != "–" for line in cells)]
    heads = [name.replace("_", " ") for name in columns]
    widths = [max(len(heads[place]), *(len(line[place]) for line in cells)) for place in range(len(columns))]
    right = [all(_is_number(line[place]) for line in cells) for place in range(len(columns))]
    lines = [
        "  ".join(
            line[place].rjust(widths[place]) if right[place] else line[place].ljust(widths[place])
            for place in used
        ).rstrip()
        for line in (heads, *cells)
    ]
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    return cell in {"–", "not available"} or cell.lstrip("-").replace(".", "", 1).isdigit()
