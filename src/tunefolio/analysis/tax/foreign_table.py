"""Table A3 as the return's form has it: its columns, countries and codes are data (schedule_fa.json)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tunefolio.analysis.tax.foreign_worth import Figure, Span
from tunefolio.analysis.tax.schedule_112a import harmless
from tunefolio.analysis.tax.schedule_fa import ForeignRow
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import plain, quantized
from tunefolio.core.rules import Rule, Rulebook, read_rulebook
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import AssetClass, Instrument

FOR_YOU = "Address, ZIP code and the nature of each entity stand in no book: fill them in"
_NAME_MOST, _NATURE = 125, {AssetClass.EQUITY: "Company", AssetClass.ETF: "Fund", AssetClass.FUND: "Fund"}


@cache
def foreign_rules() -> Rulebook:
    """Columns, the rate that is wanted, countries; read once."""
    text = resources.files("tunefolio.analysis.data").joinpath("schedule_fa.json").read_text("utf-8")
    return read_rulebook(text, place="schedule_fa.json")


@dataclass(frozen=True, slots=True)
class Entity:
    """Whose share it is. country: as the form lists it; nature: "" where nobody knows."""

    name: str
    country: str | Missing
    code: str | Missing
    nature: str
    doubts: tuple[str, ...] = ()


def entity_of(instrument: Instrument, day: TradingDay) -> Entity:
    """The country is that of the ISIN, else of the exchange; neither known: missing, with its cure."""
    book = foreign_rules()
    nature = _NATURE.get(instrument.asset_class, "")
    used: list[Rule] = []
    letters = instrument.isin[:2] if instrument.isin else ""
    if not letters:
        listed = book.at(f"exchange.{instrument.exchange}", day)
        if listed is not None:
            used.append(listed)
            letters = listed.word("country")
    rule = book.at(f"country.{letters}", day)
    name = (instrument.name or instrument.symbol)[:_NAME_MOST]
    if rule is None:
        lacking = Missing(f"the country of {name}", "Take it from the form's list by where the company is")
        return Entity(name, lacking, lacking, nature)
    doubts = tuple(f"{name}: {one.note}" for one in (*used, rule) if one.is_doubtful)
    return Entity(name, rule.word("title"), rule.word("code"), nature, doubts)


def columns_a3(day: TradingDay) -> tuple[Rule, ...]:
    """The columns in order; a rule's `header` is what the form calls it."""
    return tuple(rule for rule in foreign_rules().in_force(day) if rule.name.startswith("a3."))


def cells_a3(row: ForeignRow, entity: Entity, day: TradingDay) -> list[str]:
    """A row as the form takes it: whole rupees, days as 2024-12-31; what is not known says so."""
    country, code = _known(entity.country), _known(entity.code)
    cells = {
        "country": country,
        "country_code": country if isinstance(entity.code, Missing) else f"{code}-{country}",
        "name": harmless(entity.name),
        "address": "",
        "zip": "",
        "nature": entity.nature,
        "acquired": row.acquired.iso() if row.acquired else "not available: the day of purchase",
        "initial": whole(row.initial),
        "peak": whole(row.peak),
        "closing": whole(row.closing),
        "received": whole(row.received),
        "proceeds": whole(row.proceeds),
    }
    return [cells[rule.name.rpartition(".")[2]] for rule in columns_a3(day)]


def csv_a3(rows: Iterable[ForeignRow], entities: Mapping[InstrumentId, Entity], day: TradingDay) -> str:
    """The table as CSV, without a line that is not the form's."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow([rule.word("header") for rule in columns_a3(day)])
    out.writerows(cells_a3(row, entities[row.instrument], day) for row in rows)
    return text.getvalue()


def whole(figure: Figure) -> str:
    """Whole rupees, or that it is not available."""
    return str(figure.value) if isinstance(figure.value, Missing) else plain(quantized(figure.value, 0))


def doubts_fa(
    rows: Iterable[ForeignRow], entities: Mapping[InstrumentId, Entity], span: Span
) -> tuple[str, ...]:
    """What is doubtful about the schedule, each once: its rules, the countries, what values do not tell."""
    day = span.last
    own = [one for one in foreign_rules().in_force(day) if one.name in {"rate", "peak"}]
    said = [
        f"{one.word('about', one.name)} ({one.confidence} confidence): {one.note}"
        for one in (*own, *columns_a3(day))
        if one.is_doubtful
    ]
    for row in rows:
        said += [*entities[row.instrument].doubts, *row.remarks]
    return tuple(dict.fromkeys(said))


def _known(value: str | Missing) -> str:
    return str(value)
