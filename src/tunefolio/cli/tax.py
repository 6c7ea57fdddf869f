"""tax: a year's gains, set-off and tax, of a person's books or of a text book; its exports; its rules."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunefolio.adapters.funds import CasparserIsin
from tunefolio.analysis.tax.assets import Asset
from tunefolio.analysis.tax.blockers import undated
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.foreign_worth import Closes
from tunefolio.analysis.tax.schedule_112a import csv_112a
from tunefolio.analysis.tax.setoff import LossLeft
from tunefolio.analysis.tax.statement import csv_statement, notes
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.cli import Exit, files
from tunefolio.cli.house import open_house, person_of, show, table
from tunefolio.cli.taxforeign import foreign_text
from tunefolio.cli.textbook import STDIN, refused_book, text_of
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TaxpayerId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Price
from tunefolio.core.people import Viewer
from tunefolio.core.time import SystemClock, TradingDay, calendar_date
from tunefolio.ledger.textbook import BookRefused, TextBook, read_book
from tunefolio.services import tax as taxes
from tunefolio.services import tax_json as told
from tunefolio.services.funds import isins_of, registered
from tunefolio.services.marketfiles import lines_of
from tunefolio.services.sources import Sources
from tunefolio.services.tax_answers import as_listed, read_answers
from tunefolio.services.tax_files import YearFile
from tunefolio.services.tax_foreign import (
    ForeignReport,
    as_json,
    csv_schedule_fa,
    foreign_of,
    foreign_report,
)
from tunefolio.services.tax_pdf import pdf_statement
from tunefolio.services.tax_records import FIRST_YEAR, Material, lawful, reckoned, record_of
from tunefolio.services.textbook import folded_book, instrument_of, rate_book
from tunefolio.store.db import ReadDb

IN_A_BOOK = (
    "In a text book: `instrument NSE:X equity isin …` declares what is not on the packaged list, and"
    " --told FILE tells the rest (`class NSE:X listed_equity`, `value NSE:X 118.40`)"
)


@dataclass(frozen=True, slots=True)
class _Year:
    """A year that was worked out, with the names that its rows are shown by."""

    result: TaxYear
    taxpayer: str
    assets: Mapping[InstrumentId, Asset]
    accounts: Mapping[AccountId, str]
    foreign: ForeignReport


def tax(args: argparse.Namespace) -> int:
    """tax [FILE] [--year 2024-25] [--foreign] [--112a|--statement|--schedule-fa|--pdf OUT] | --rules DATE

    FINDINGS where something must be mended first: then nothing is exported.
    """
    if args.rules:
        return _rules(args)
    if args.told and not args.file:
        raise Misuse("--told", "belongs to a text book", cure="Tell it on the tax pages instead")
    try:
        found = _of_file(args) if args.file else _of_house(args)
    except BookRefused as refused:
        return refused_book(args, refused)
    files: tuple[tuple[str | None, Callable[[], bytes]], ...] = (
        (args.schedule_112a, lambda: csv_112a(found.result).encode()),
        (args.statement, lambda: csv_statement(found.result).encode()),
        (args.schedule_fa, lambda: csv_schedule_fa(found.result, found.foreign).encode()),
        (args.pdf, lambda: _pdf(found)),
    )
    for out, content in files:
        if out:
            _write(out, content())
    if STDIN not in [out for out, _ in files]:
        _show(args, found)
    return Exit.OK if found.result.is_ready else Exit.FINDINGS


def _of_house(args: argparse.Namespace) -> _Year:
    with open_house(args) as runtime, runtime.house.database.reading() as db:
        house = runtime.house
        viewer = person_of(db, args.user).viewer
        year = FinancialYear.parse(args.year) if args.year else taxes.running_year(house)
        report = taxes.report(db, house, viewer, year, taxpayer=_taxpayer(db, viewer, args.taxpayer))
        foreign = foreign_report(db, house, report)
    names = {home.id: home.name for home in report.subject.accounts}
    return _Year(report.result, report.subject.taxpayer.name, report.record.assets, names, foreign)


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
    last = FinancialYear.of(today)
    if not FIRST_YEAR <= year <= last:
        raise Misuse("--year", f"{year} is not reckoned here", cure=f"Take {FIRST_YEAR} to {last}")
    book = read_book(lines_of(text_of(args.file)), file=name, today=today)
    _, facts = folded_book(book, file=name)
    known = as_listed({id: instrument_of(one) for id, one in book.instruments.items()})
    histories = book.histories()
    holdings = lawful(histories, known, histories)
    isins = {id: isins_of(one) for id, one in known.items()}
    funds = registered(Sources((CasparserIsin(),)), isins)
    lines = lines_of(text_of(args.told)) if args.told else ()
    answers = read_answers(book, lines, file=args.told or "")
    material = Material(holdings, facts, known, isins, rate_book(book.rates), answers.told, funds, today)
    record, law = record_of(material)
    result = reckoned(record, law, answers.until(year), answers.entered, year, blockers=undated(holdings))
    names = {one.id: one.name for one in book.accounts}
    foreign = foreign_of(material, year, _closes(book), names, today=today)
    return _Year(result, name, record.assets, names, foreign)


def _closes(book: TextBook) -> Closes:
    """Closes of the book, of a day given twice the later one, in the instrument's own currency."""
    own = {id: one.currency for id, one in book.instruments.items() if one.currency is not None}
    for fact in book.transactions:
        if fact.fact.instrument is not None:
            own.setdefault(fact.fact.instrument, fact.fact.amount.currency)
    found: dict[InstrumentId, dict[TradingDay, Price]] = {}
    for line in book.prices:
        currency = line.currency or own.get(line.instrument, INR)
        found.setdefault(line.instrument, {})[line.day] = Price(line.price, currency)
    return {id: sorted(some.items()) for id, some in found.items()}


def _pdf(found: _Year) -> bytes:
    file = YearFile(found.result, found.taxpayer, found.assets, found.accounts, found.foreign)
    return pdf_statement(file, SystemClock().now())


def _write(out: str, content: bytes) -> None:
    """Whole or not at all."""
    if out == STDIN:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    files.write(Path(out), content)


def _show(args: argparse.Namespace, found: _Year) -> None:
    value = told.whole(found.result, found.taxpayer, found.assets, found.accounts)
    text = _text(found, _mend(found.result, told_in=IN_A_BOOK if args.file else ""))
    if args.foreign:
        value["schedule_fa"] = as_json(found.foreign)
        text = f"{text}\n\n{foreign_text(found.foreign)}"
    show(args, value, text)


def _text(found: _Year, mend: str) -> str:
    result = found.result
    head = f"{found.taxpayer}, financial year {result.year} ({result.year.assessed})"
    sections = [head, mend, _deeds(found), _levy(result), _carried(result)]
    sections.append("\n".join(f"· {note}" for note in notes(result)))
    return "\n\n".join(section for section in sections if section)


def _mend(result: TaxYear, *, told_in: str) -> str:
    lines = [f"· {one.what}. {one.cure}" for one in result.blockers]
    if not lines:
        return ""
    return "\n".join(["To mend before anything is exported:", *lines, *([told_in] if told_in else [])])


def _deeds(found: _Year) -> str:
    judged = found.result.found
    deeds: list[told.Deed] = [*judged.gains, *judged.vda, *judged.trades, *judged.exempt]
    rows: list[dict[str, Any]] = [
        {**row, "rate": row.get("rate") or "slab", "head": str(row["head"]).replace("_", " ")}
        for row in (told.deed(one, found.accounts) for one in deeds)
    ]
    columns = ("head", "section", "rate", "name", "units", "acquired", "transferred", "gain")
    return table(rows, columns) if rows else _none_taxed(len(judged.holes))


def _none_taxed(waiting: int) -> str:
    if waiting:
        return f"No deed of this year is taxed yet: {waiting} must be mended first."
    return "No deed of this year is taxed."


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
    sums = (
        ("tax at special rates", result.special_tax),
        ("tax at slab", result.slab_tax),
        ("cess", result.cess),
        ("payable, rounded", result.payable),
        ("withheld", result.withheld),
        ("due", result.due),
    )
    rows += [
        {"income": name, "tax": "n/a" if isinstance(amount, Missing) else told.paise(amount)}
        for name, amount in sums
    ]
    shown = table(rows, ("income", "amount", "set off", "exempt", "taxable", "tax"))
    if result.gap is not None:
        return f"{shown}\n· tax: {result.gap.sentence}"
    if isinstance(levy.slab_tax, Missing):
        return f"{shown}\n· tax at slab: {levy.slab_tax.sentence}; cess, payable and due hang on it"
    return shown


def _carried(result: TaxYear) -> str:
    done = result.levy.set_off
    parts = (("Carried to the next year:", done.carried), ("Lapsed, their years are over:", done.lapsed))
    return "\n\n".join(f"{title}\n{_losses(found)}" for title, found in parts if found)


def _losses(found: Sequence[LossLeft]) -> str:
    rows = [
        {
            "loss": one.kind.value.replace("_", " "),
            "of": one.year,
            "amount": told.paise(one.amount),
            "until": one.until,
        }
        for one in found
    ]
    return table(rows, ("loss", "of", "amount", "until"))


def _rules(args: argparse.Namespace) -> int:
    day = TradingDay.parse(args.rules)
    found = told.rules_on(day)
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
