"""Before a sale and after a year: what a sale would do to the tax, how a figure was made, the workbook."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from tunefolio.analysis.derivation import Derivation, as_json
from tunefolio.analysis.tax.assessment import Assessed
from tunefolio.analysis.tax.harvest import Candidate, Effect
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TaxpayerId
from tunefolio.core.missing import Missing
from tunefolio.core.money import currency_of, decimal_of
from tunefolio.services import charges_json
from tunefolio.services import tax_json as told
from tunefolio.services import tax_planning as planning
from tunefolio.services.house import House
from tunefolio.services.tax import TaxReport
from tunefolio.services.tax_figures import explanation, readable
from tunefolio.services.tax_files import file_of
from tunefolio.services.tax_files import workbook as book_of
from tunefolio.services.tax_json import paise
from tunefolio.services.tax_planning import Harvest, Held, Sale
from tunefolio.services.tax_trials import explain_sale
from tunefolio.store.db import ReadDb
from tunefolio.web.api.answers import ist, plain, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.api.tax import Asked, TaxpayerChoice
from tunefolio.web.api.tax_foreign import Foreign
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading

v1 = APIRouter(prefix="/tax", tags=["tax"])
FigureChoice = Annotated[str, Query(min_length=1, max_length=160, description="payable, line:…:tax, …")]
OfChoice = Annotated[str, Query(max_length=40, description="ACCOUNT:INSTRUMENT, by their ids.")]
CurrencyChoice = Annotated[str, Query(max_length=3, description="Of the price: INR, USD, …")]
NumberChoice = Annotated[str, Query(max_length=40, description="A decimal: 1489.35")]
_MOST_PARTS = 1_000
"""Of a longer sum the rest is one number: its rows stand in /tax/deeds and /tax/incomes."""
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class WhatIf(Body):
    """A sale that has not happened. price: of a unit, in `currency`; left out: the newest known."""

    account_id: Id
    instrument_id: Id
    units: Decimal
    price: Decimal | None = None
    currency: Annotated[str, Field(max_length=3)] = "INR"
    taxpayer: Id | None = None


@v1.post("/what-if")
def what_if(db: Reading, house: HouseDep, viewer: CurrentViewer, wish: WhatIf) -> Response:
    """Selling so many units today: lots taken, charges, what the year's tax grows by, what is left."""
    year = planning.running(db, house, viewer, _whose(wish.taxpayer))
    account, instrument = AccountId(wish.account_id), InstrumentId(wish.instrument_id)
    found = planning.sold(
        db, house, year, account, instrument,
        units=wish.units, price=wish.price, currency=currency_of(wish.currency),
    )  # fmt: skip
    return reply(_sale(found))


@v1.get("/harvest")
def harvest(db: Reading, house: HouseDep, viewer: CurrentViewer, taxpayer: TaxpayerChoice = None) -> Response:
    """Losses whose sale lowers this year's tax, and gains that the exemption still covers, each alone."""
    year = planning.running(db, house, viewer, _whose(taxpayer))
    return reply(_harvest(planning.harvested(db, house, year)))


@v1.get("/planning/explain")
def explain_trial(
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    of: OfChoice,
    units: NumberChoice,
    figure: FigureChoice,
    price: NumberChoice = "",
    currency: CurrencyChoice = "INR",
    taxpayer: TaxpayerChoice = None,
) -> Response:
    """A number of a planned sale as a tree that recomputes it: `net`, `tax`, `after:line:…:tax`. `offer:`
    before it: as /tax/harvest judges that sale."""
    year = planning.running(db, house, viewer, _whose(taxpayer))
    return reply(as_json(trial(db, house, year, (of, units, price, currency), figure, most=_MOST_PARTS)))


def trial(
    db: ReadDb, house: House, year: TaxReport, typed: tuple[str, str, str, str], figure: str, *, most: int
) -> Derivation:
    """typed: position, units, price and its currency, as addresses have them. Raises NotFound, Misuse."""
    account, instrument = position_of(typed[0])
    units = number_of(typed[1], "units")
    price = number_of(typed[2], "price") if typed[2].strip() else None
    name = figure.removeprefix("offer:")
    deed = planning.sold if name == figure else planning.offered
    currency = currency_of(typed[3])
    sale = deed(db, house, year, account, instrument, units=units, price=price, currency=currency)
    return explain_sale(sale, name, most=most)


def position_of(of: str) -> tuple[AccountId, InstrumentId]:
    """ACCOUNT:INSTRUMENT; raises NotFound for what names no position."""
    words = of.split(":")
    if len(words) != 2 or not all(word.isascii() and word.isdigit() and len(word) < 20 for word in words):
        raise NotFound("position")
    account, instrument = (min(int(word), MAX_ID) for word in words)
    return AccountId(account), InstrumentId(instrument)


def number_of(text: str, field: str) -> Decimal:
    """As people write it; raises Misuse naming the field."""
    return decimal_of(text.replace(",", "").replace("₹", "").strip(), field)


@v1.get("/explain")
def explain(report: Asked, figure: FigureChoice) -> Response:
    """A figure of the year as a tree down to facts and rules that recomputes it."""
    return reply(as_json(readable(explanation(report.result, figure), most=_MOST_PARTS)))


@v1.get("/export/statement.xlsx", response_class=Response, responses={200: {"content": {XLSX: {}}}})
def workbook(house: HouseDep, report: Asked, foreign: Foreign) -> Response:
    """Summary, statement, schedules, receipts and notes as a workbook. 409 with what to mend, as the CSV."""
    return workbook_answer(book_of(file_of(house, report, foreign)), f"statement-{report.year}.xlsx")


def workbook_answer(content: bytes, filename: str) -> Response:
    """A workbook to keep; never stored between."""
    headers = {
        "content-disposition": f'attachment; filename="{filename}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type=XLSX, headers=headers)


def _whose(taxpayer: int | None) -> TaxpayerId | None:
    return None if taxpayer is None else TaxpayerId(taxpayer)


def _held(one: Held) -> dict[str, Any]:
    body: dict[str, Any] = {
        "account_id": one.account.id,
        "account": one.account.name,
        "instrument_id": one.instrument.id,
        "symbol": one.instrument.symbol,
        "name": one.instrument.name,
        "held": plain(one.units),
        "priced_at": ist(one.priced),
    }
    return body | _sum("price", one.price, plain_too=True)


def _sale(one: Sale) -> dict[str, Any]:
    names = {one.held.account.id: one.held.account.name}
    held = {name: told for name, told in _held(one.held).items() if not name.startswith("price_")}
    body = {
        **held,
        "year": one.year.year.name,
        "day": one.day.iso(),
        "units": plain(one.units),
        "price": plain(one.price),
        "proceeds": paise(one.proceeds),
        "charges": None if isinstance(one.charges, Missing) else charges_json.charges(one.charges),
        "lots": [told.deed(row, names) for row in deeds_of(one.effect.found)],
        "effect": _effect(one.effect),
        **_sum("tax", one.tax),
        **_sum("net", one.net),
    }
    if isinstance(one.charges, Missing):
        body |= {"charges_reason": one.charges.reason, "charges_cure": one.charges.cure}
    return body


def deeds_of(found: Assessed) -> list[told.Deed]:
    """The lots of a trial sale under their heads."""
    return [*found.gains, *found.vda, *found.trades, *found.exempt]


def _effect(one: Effect) -> dict[str, Any]:
    return {
        **_sum("tax", one.growth),
        "exemption_used": paise(one.exemption_used),
        "carried": paise(one.carried),
        "lacks": [{"reason": hole.reason, "cure": hole.cure} for hole in one.lacks],
    }


def _candidate(found: Harvest, one: Candidate) -> dict[str, Any]:
    return {
        **_held(found.position(one)),
        "units": plain(one.units),
        "gain": paise(one.gain),
        **_sum("saved", one.known_saving),
        "effect": _effect(one.effect),
    }


def _harvest(found: Harvest) -> dict[str, Any]:
    exemption = found.year.result.levy.exemption
    return {
        "year": found.year.year.name,
        "exemption_left": paise(exemption.left),
        "losses": [_candidate(found, one) for one in found.losses],
        "gains": [_candidate(found, one) for one in found.gains],
        "left_out": [{**_held(held), "reason": why.reason, "cure": why.cure} for held, why in found.left_out],
    }


def _sum(name: str, value: Decimal | Missing, *, plain_too: bool = False) -> dict[str, Any]:
    """A sum, or null with its reason and cure beside it."""
    if isinstance(value, Missing):
        return {name: None, f"{name}_reason": value.reason, f"{name}_cure": value.cure}
    return {name: plain(value) if plain_too else paise(value)}
