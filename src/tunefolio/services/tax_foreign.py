"""Schedule FA of a calendar year out of a person's books, closes and rates: nothing is fetched for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tunefolio.analysis.derivation import Derivation
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.foreign_cash import FIGURES_A2, CashRow, foreign_cash
from tunefolio.analysis.tax.foreign_steps import explain_foreign
from tunefolio.analysis.tax.foreign_table import FOR_YOU, Entity, csv_a3, doubts_fa, entity_of
from tunefolio.analysis.tax.foreign_worth import Closes, Figure, Span
from tunefolio.analysis.tax.schedule_fa import (
    FIGURES_A3,
    ForeignBooks,
    ForeignRow,
    calendar_year,
    schedule_fa,
    span_of,
)
from tunefolio.analysis.tax.statement import DISCLAIMER
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Price, plain
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.kinds import Kind
from tunefolio.market.fx import NO_RATES
from tunefolio.services.house import House
from tunefolio.services.tax import TaxReport
from tunefolio.services.tax_json import paise
from tunefolio.services.tax_records import Material, assets_of
from tunefolio.store import closes as kept_closes
from tunefolio.store import rates as kept_rates
from tunefolio.store.db import ReadDb

_CHANGES = frozenset({Kind.SPLIT, Kind.RENAME, Kind.MERGER, Kind.DEMERGER})
_DAYS_BEFORE = 10
"""A close stands so long: those of late December may value the first days of January."""


@dataclass(frozen=True, slots=True)
class ForeignReport:
    """Tables A3 and A2 of one person's calendar year; accounts: by name. span: as far as the year is over."""

    span: Span
    rows: tuple[ForeignRow, ...]
    cash: tuple[CashRow, ...]
    entities: Mapping[InstrumentId, Entity]
    accounts: Mapping[AccountId, str]
    doubts: tuple[str, ...]

    @property
    def unknown(self) -> int:
        """Rows of both tables in which a number is not available."""
        cash = [row for row in self.cash if not is_known(row)]
        return len([row for row in self.rows if not row.is_known]) + len(cash)


def is_known(row: CashRow) -> bool:
    return not any(isinstance(getattr(row, name).value, Missing) for name in FIGURES_A2)


def foreign_report(db: ReadDb, house: House, report: TaxReport) -> ForeignReport:
    """Of the taxpayer and the year of that report; closes of the year are read, nothing is fetched."""
    first, _ = calendar_year(report.year)
    wanted = instruments_abroad(report.material)
    book = kept_closes.book(db, wanted, first.plus_days(-_DAYS_BEFORE)).by_instrument if wanted else {}
    closes = {
        id: [(one.day, Price(one.price, known.currency)) for one in known] for id, known in book.items()
    }
    material = report.material
    if wanted and material.rates is NO_RATES:  # all is booked in rupees: only closes need rates
        material = replace(material, rates=kept_rates.book(db))
    accounts = {home.id: home.name for home in report.subject.accounts}
    today = TradingDay(calendar_date(house.clock.now()))
    return foreign_of(material, report.year, closes, accounts, today=today)


def foreign_of(
    material: Material,
    year: FinancialYear,
    closes: Closes,
    accounts: Mapping[AccountId, str],
    *,
    today: TradingDay,
) -> ForeignReport:
    """Pure: the same for a person and a text book. closes: as paid, ascending, of `instruments_abroad`."""
    known = material.instruments
    changes = [one.fact for one in material.facts.values() if one.fact.kind in _CHANGES]
    names = {id: one.name or one.symbol for id, one in known.items()}
    abroad = _kept_in_rupees(material)
    books = ForeignBooks(material.holdings, closes, material.rates, changes, abroad, names)
    span = span_of(year, today)
    rows = schedule_fa(books, span)
    entities = {row.instrument: entity_of(known[row.instrument], span.last) for row in rows}
    cash = foreign_cash(material.holdings, material.rates, span)
    return ForeignReport(span, rows, cash, entities, accounts, doubts_fa(rows, entities, span))


def instruments_abroad(material: Material) -> list[InstrumentId]:
    """Every foreign instrument of the books, and what each was before a change of name."""
    abroad = _kept_in_rupees(material)
    found = {
        id
        for held in material.holdings.values()
        for id, position in held.positions.items()
        if position.currency != INR or id in abroad
    }
    for one in sorted(material.facts.values(), key=lambda one: one.fact.day, reverse=True):
        fact = one.fact
        if fact.kind in _CHANGES and fact.other in found and fact.instrument is not None:
            found.add(fact.instrument)
    return sorted(found)


def _kept_in_rupees(material: Material) -> frozenset[InstrumentId]:
    """Foreign shares, in whatever currency they are booked."""
    assets = assets_of(material)
    return frozenset(id for id, one in assets.items() if one.tax_class is TaxClass.FOREIGN_SHARE)


def row_key(row: ForeignRow) -> str:
    """A row as a word of an address."""
    day = "" if row.acquired is None else row.acquired.iso()
    return f"{row.account}~{row.instrument}~{row.opened}~{day}"


def cash_key(row: CashRow) -> str:
    return f"{row.account}~{row.currency}"


def explain_figure(report: ForeignReport, figure: str) -> Derivation:
    """a3:KEY:peak or a2:KEY:closing; raises NotFound for a name that is none."""
    table, _, rest = figure.partition(":")
    key, _, name = rest.rpartition(":")
    if table == "a3" and name in FIGURES_A3:
        found: Sequence[Any] = [row for row in report.rows if row_key(row) == key]
    elif table == "a2" and name in FIGURES_A2:
        found = [row for row in report.cash if cash_key(row) == key]
    else:
        found = []
    if len(found) != 1:
        raise NotFound("figure")
    return explain_foreign(name, getattr(found[0], name))


def csv_schedule_fa(result: TaxYear, report: ForeignReport) -> str:
    """Table A3 in the form's columns. Raises NotReady while anything must be mended."""
    result.must_be_ready()
    return csv_a3(report.rows, report.entities, report.span.last)


def as_json(report: ForeignReport) -> dict[str, Any]:
    """Rupees as texts; what is not available is null with its reason and cure beside it."""
    return {
        "from": report.span.first.iso(),
        "to": report.span.last.iso(),
        "until": report.span.until.iso(),
        "a3": [_row(row, report) for row in report.rows],
        "a2": [_cash(row, report) for row in report.cash],
        "not_available": report.unknown,
        "for_you": FOR_YOU,
        "doubts": list(report.doubts),
        "disclaimer": DISCLAIMER,
    }


def _row(row: ForeignRow, report: ForeignReport) -> dict[str, Any]:
    entity = report.entities[row.instrument]
    unknown = entity.country if isinstance(entity.country, Missing) else None
    return {
        "key": row_key(row),
        "name": entity.name,
        "country": None if unknown else entity.country,
        "country_code": None if unknown else entity.code,
        "nature": entity.nature or None,
        "instrument": row.instrument,
        "account": row.account,
        "account_name": report.accounts.get(row.account, ""),
        "bought_by": row.opened,
        "acquired": None if row.acquired is None else row.acquired.iso(),
        "currency": row.currency,
        "units": plain(row.units),
        **_figures(row, FIGURES_A3),
        "remarks": list(row.remarks),
    }


def _cash(row: CashRow, report: ForeignReport) -> dict[str, Any]:
    return {
        "key": cash_key(row),
        "account": row.account,
        "account_name": report.accounts.get(row.account, ""),
        "currency": row.currency,
        **_figures(row, FIGURES_A2),
    }


def _figures(row: object, names: Iterable[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    lacking: list[dict[str, str]] = []
    for name in names:
        figure: Figure = getattr(row, name)
        if isinstance(figure.value, Missing):
            told[name] = None
            lacking.append({"figure": name, "reason": figure.value.reason, "cure": figure.value.cure})
        else:
            told[name] = paise(figure.value)
    peak: Figure = getattr(row, FIGURES_A2[0])
    day = peak.day
    return told | {"peak_day": None if day is None else day.iso(), "missing": lacking}
