"""tax: a year's gains, set-off and tax, of a person's books or of a text book; its exports; its rules."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tunefolio.analysis.tax.assets import Asset
from tunefolio.analysis.tax.blockers import undated
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.rulebook import tax_rules
from tunefolio.analysis.tax.schedule_112a import csv_112a
from tunefolio.analysis.tax.statement import csv_statement, notes
from tunefolio.analysis.tax.taxpayer import Taxpayer
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.cli import Exit
from tunefolio.cli.house import open_house, person_of, show, table
from tunefolio.cli.textbook import STDIN, refused_book, text_of
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TaxpayerId
from tunefolio.core.missing import Missing
from tunefolio.core.people import Viewer
from tunefolio.core.time import SystemClock, TradingDay, calendar_date
from tunefolio.ledger.textbook import BookRefused, read_book
from tunefolio.services import tax as taxes
from tunefolio.services import tax_json as told
from tunefolio.services.marketfiles import lines_of
from tunefolio.services.tax_records import FIRST_YEAR, Material, lawful, reckoned, record_of
from tunefolio.services.textbook import folded_book, instrument_of, rate_book
from tunefolio.store.db import ReadDb


@dataclass(frozen=True, slots=True)
class _Year:
    """A year that was worked out, with the names that its rows are shown by."""

    result: TaxYear
    taxpayer: str
    assets: Mapping[InstrumentId, Asset]
    accounts: Mapping[AccountId, str]


def tax(args: argparse.Namespace) -> int:
    """tax [FILE] [--year 2024-25] [--112a OUT] [--statement OUT] | --rules DATE

    FINDINGS where something must be mended first: then nothing is exported.
    """
    if args.rules:
        return _rules(args)
    try:
        found = _of_file(args) if args.file else _of_house(args)
    except BookRefused as refused:
        return refused_book(args, refused)
    for text, out in ((csv_112a, args.schedule_112a), (csv_statement, args.statement)):
        if out:
            _write(out, text(found.result))
    if STDIN not in (args.schedule_112a, args.statement):
        value = told.whole(found.result, found.taxpayer, found.assets, found.accounts)
        show(args, value, _text(found))
    return Exit.OK if found.result.is_ready else Exit.FINDINGS


def _of_house(args: argparse.Namespace) -> _Year:
    with open_house(args) as runtime, runtime.house.database.reading() as db:
        house = runtime.house
        viewer = person_of(db, args.user).viewer
        year = FinancialYear.parse(args.year) if args.year else taxes.running_year(house)
        report = taxes.report(db, house, viewer, year, taxpayer=_taxpayer(db, viewer, args.taxpayer))
    names = {home.id: home.name for home in report.subject.accounts}
    return _Year(report.result, report.subject.taxpayer.name, report.record.assets, names)


def _taxpayer(db: ReadDb, viewer: Viewer, name: str | None) -> TaxpayerId | None:
    if name is None:
        return None
    known = [one.taxpayer for one in taxes.subjects(db, viewer)]
    for one in known:
        if one.name.casefold() == name.strip().casefold():
            return one.id
    raise NotFound(f"taxpayer {name}; there is {', '.join(one.name for one in known)}")


def _of_file(args: argparse.Namespace) -> _Year:
    name = "stdin" if args.file == STDIN else args.file
    today = TradingDay(calendar_date(SystemClock().now()))
    year = FinancialYear.parse(args.year) if args.year else FinancialYear.of(today)
    if not FIRST_YEAR <= year <= FinancialYear.of(today):
        raise Misuse("--year", f"{year} is not reckoned here", cure=f"Take {FIRST_YEAR} or later")
    book = read_book(lines_of(text_of(args.file)), file=name, today=today)
    _, facts = folded_book(book, file=name)
    known = {id: instrument_of(one) for id, one in book.instruments.items()}
    histories = book.histories()
    holdings = lawful(histories, known, histories)
    isins = {id: (str(one.isin),) if one.isin else () for id, one in known.items()}
    record, law = record_of(Material(holdings, facts, known, isins, rate_book(book.rates)))
    who = {FinancialYear(one): Taxpayer() for one in range(FIRST_YEAR.start, year.start + 1)}
    result = reckoned(record, law, who, {}, year, blockers=undated(holdings))
    return _Year(result, name, record.assets, {one.id: one.name for one in book.accounts})


def _write(out: str, text: str) -> None:
    """Whole or not at all."""
    if out == STDIN:
        sys.stdout.write(text)
        return
    path = Path(out)
    try:
        part = path.with_name(path.name + ".part")
        part.write_text(text, "utf-8", newline="")
        part.replace(path)
    except OSError as refused:
        raise Misuse("file", f"{out}: {refused.strerror}", cure="Give a path that can be written") from None


def _text(found: _Year) -> str:
    result = found.result
    head = f"{found.taxpayer}, financial year {result.year} ({result.year.assessed})"
    sections = [head, _mend(result), _deeds(found), _levy(result), _carried(result)]
    sections.append("\n".join(f"· {note}" for note in notes(result)))
    return "\n\n".join(section for section in sections if section)


def _mend(result: TaxYear) -> str:
    lines = [f"· {one.what}. {one.cure}" for one in result.blockers]
    return "\n".join(["To mend before anything is exported:", *lines]) if lines else ""


def _deeds(found: _Year) -> str:
    judged = found.result.found
    deeds: list[told.Deed] = [*judged.gains, *judged.vda, *judged.trades, *judged.exempt]
    rows: list[dict[str, Any]] = [
        {**row, "rate": row.get("rate") or "slab", "head": str(row["head"]).replace("_", " ")}
        for row in (told.deed(one, found.accounts) for one in deeds)
    ]
    columns = ("head", "section", "rate", "name", "units", "acquired", "transferred", "gain")
    return table(rows, columns) if rows else "No deed of this year is taxed."


def _levy(result: TaxYear) -> str:
    levy = result.levy
    rows = [
        {
            "income": line.bucket.label,
            "amount": told.paise(line.income),
            "set off": told.paise(line.set_off),
            "exempt": told.paise(line.basic + line.exempted),
            "taxable": told.paise(line.taxable),
            "tax": "at slab" if line.tax is None else told.paise(line.tax),
        }
        for line in levy.lines
    ]
    sums: list[tuple[str, Decimal]] = [("tax at special rates", levy.special_tax), ("cess", levy.cess)]
    sums += [("payable", levy.payable), ("withheld", result.withheld), ("due", result.due)]
    rows += [{"income": name, "tax": told.paise(amount)} for name, amount in sums]
    shown = table(rows, ("income", "amount", "set off", "exempt", "taxable", "tax"))
    if isinstance(levy.slab_tax, Missing):
        shown += f"\n· tax at slab: {levy.slab_tax.sentence}"
    return shown


def _carried(result: TaxYear) -> str:
    losses = result.levy.set_off.carried
    rows = [
        {
            "loss": one.kind.value.replace("_", " "),
            "of": one.year,
            "amount": told.paise(one.amount),
            "until": one.until,
        }
        for one in losses
    ]
    shown = table(rows, ("loss", "of", "amount", "until"))
    return f"Carried to the next year:\n{shown}" if rows else ""


def _rules(args: argparse.Namespace) -> int:
    day = TradingDay.parse(args.rules)
    found = tax_rules().in_force(day)
    rows = [
        {
            "rule": rule.name,
            "from": rule.since,
            "to": rule.until,
            "says": ", ".join(f"{name} {value}" for name, value in rule.values.items()),
            "confidence": rule.confidence.value,
            "sources": ", ".join(source.key for source in rule.sources),
        }
        for rule in found
    ]
    shown = table(rows, ("rule", "from", "to", "says", "confidence", "sources"))
    show(args, told.rules(found, day), f"{len(found)} rules in force on {day}\n\n{shown}")
    return Exit.OK
