"""What only the person can tell: who is taxed, a year's other income, earlier losses, what things are."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import Field
from starlette.responses import HTMLResponse, Response

from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.disposals import Way
from tunefolio.analysis.tax.taxpayer import Age, EarlierLoss, LossKind, Others, Regime, Residency
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TaxpayerId, TransactionId
from tunefolio.core.money import decimal_of
from tunefolio.core.people import Viewer
from tunefolio.market.instruments import Instrument
from tunefolio.services import tax_pan
from tunefolio.services import tax_told as deeds
from tunefolio.services.tax import MYSELF
from tunefolio.services.views import taxes as views
from tunefolio.store import instruments, tax_answers
from tunefolio.store.db import ReadDb
from tunefolio.store.tax_answers import DeedTold, InstrumentTold, YearTold
from tunefolio.web.api.answers import Text
from tunefolio.web.api.answers import choice as word_of
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.forms import FormText, find_id, go
from tunefolio.web.pages.tax import Chosen, page, part_of

router = APIRouter(prefix="/tax")
SLABS = tuple((f"0.{percent:02d}", f"{percent} %") for percent in (0, 5, 10, 15, 20, 25, 30))
Whose = Annotated[int, Form(ge=0, le=MAX_ID)]
Ids = Annotated[list[Annotated[int, Field(ge=1, le=MAX_ID)]] | None, Form(max_length=500)]
After = Annotated[str, Query(max_length=20)]
Id = Annotated[int, Form(ge=1, le=MAX_ID)]
Pan = Annotated[str, Form(max_length=20)]
Several = Annotated[list[Text] | None, Form(max_length=60)]
_BLANK = 3
"""Rows for losses beyond those told."""


@router.get("/told")
def told(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, choice: Chosen
) -> HTMLResponse:
    """Forms for the year, for losses brought into it, and for who is taxed."""
    whose = choice.report.subject.taxpayer.id
    losses = tax_answers.losses(db, viewer, whose).get(choice.report.year, ())
    first = choice.report.year.start
    values: dict[str, Any] = {
        "told": choice.report.told,
        "losses": [*losses, *[None] * _BLANK],
        "loss_years": [FinancialYear(start).name for start in range(first - 1, first - 9, -1)],
        "kinds": list(LossKind),
        "regimes": list(Regime),
        "ages": list(Age),
        "residencies": list(Residency),
        "slabs": [(value, title, choice.report.told.slab_rate == Decimal(value)) for value, title in SLABS],
        "whose": whose,
        "pans": {one.taxpayer.id: tax_pan.pan_of(house, one.taxpayer) for one in choice.subjects},
    }
    return page(request, "tax/told.html", choice, **values)


@router.post("/told/year")
def tell_year(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    taxpayer: Whose,
    year: FormText,
    regime: Annotated[Regime, Form()],
    age: Annotated[Age, Form()],
    slab_rate: FormText = "",
    salary: FormText = "",
    house_property: FormText = "",
    business: FormText = "",
    other_sources: FormText = "",
) -> Response:
    """All four incomes empty: not told."""
    fields = {
        "salary": salary,
        "house_property": house_property,
        "business": business,
        "other_sources": other_sources,
    }
    others = None
    if any(text.strip() for text in fields.values()):
        others = Others(**{name: _sum(text, name) or Decimal(0) for name, text in fields.items()})
    slab = decimal_of(slab_rate, "slab_rate") if slab_rate.strip() else None
    one = YearTold(FinancialYear.parse(year), regime, age, others, slab)
    deeds.tell_year(db, house, viewer, TaxpayerId(taxpayer), one)
    return go(_place("/tax/told", year, str(taxpayer or "")))


@router.post("/told/losses")
def tell_losses(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    taxpayer: Whose,
    year: FormText,
    of: Several = None,
    kind: Several = None,
    amount: Several = None,
) -> Response:
    """The losses brought into the year, in place of those told before; a row without an amount is none."""
    rows = zip(of or [], kind or [], amount or [], strict=False)
    losses = []
    for said, what, text in rows:
        found, loss = _sum(text, "amount"), word_of(what, LossKind, "kind", "kind of loss")
        if found and loss is not None:
            losses.append(EarlierLoss(FinancialYear.parse(said), loss, found))
    into = FinancialYear.parse(year)
    deeds.tell_losses(db, house, viewer, TaxpayerId(taxpayer), into, losses)
    return go(_place("/tax/told", year, str(taxpayer or "")))


@router.post("/told/taxpayer")
def tell_taxpayer(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    name: FormText,
    residency: Annotated[Residency, Form()],
    year: FormText,
    taxpayer: FormText = "",
    account: Ids = None,
    pan: Pan = "",
) -> Response:
    """One more taxpayer, or another name, residency and accounts of one that is there (`taxpayer`).
    pan: empty: as it was."""
    if taxpayer:
        id = MYSELF if taxpayer == str(MYSELF) else TaxpayerId(find_id(taxpayer, "taxpayer") or 0)
        one = deeds.change_taxpayer(db, house, viewer, id, name, residency)
    else:
        one = deeds.add_taxpayer(db, house, viewer, name, residency)
    if account:
        deeds.give_accounts(db, house, viewer, one.id, [AccountId(home) for home in account])
    if pan.strip():
        tax_pan.keep_pan(db, house, viewer, one.id, pan)
    return go(_place("/tax/told", year, str(one.id)))


@router.post("/told/taxpayer/forget-pan")
def forget_pan(db: Writing, house: HouseDep, viewer: CurrentViewer, taxpayer: Id, year: FormText) -> Response:
    """Her permanent account number is kept no more."""
    tax_pan.forget_pan(db, house, viewer, TaxpayerId(taxpayer))
    return go(_place("/tax/told", year, str(taxpayer)))


@router.post("/told/taxpayer/forget")
def forget(db: Writing, house: HouseDep, viewer: CurrentViewer, taxpayer: Id, year: FormText) -> Response:
    """Her accounts are the first one's then."""
    deeds.drop_taxpayer(db, house, viewer, TaxpayerId(taxpayer))
    return go(_place("/tax/told", year))


@router.get("/instruments/{id}")
def instrument(
    request: Request, db: Reading, viewer: CurrentViewer, choice: Chosen, id: RowId, after: After = ""
) -> HTMLResponse:
    """What one instrument is for tax, and what its purchases and sales do not say by themselves."""
    one = _seen(db, viewer, id)
    told = tax_answers.instruments(db, viewer).get(one.id, InstrumentTold())
    said = tax_answers.deeds(db, viewer)
    facts = part_of(views.facts_to_tell(choice.report, one.id), after, 50)
    names = {home.id: home.name for home in choice.report.subject.accounts}
    values: dict[str, Any] = {
        "one": one,
        "told": told,
        "category": choice.report.material.categories.get(one.id),
        "counts_as": views.tax_class_word(choice.report, one.id),
        "classes": list(TaxClass),
        "ways": list(Way),
        "part": facts,
        "said": {fact.id: said.get(fact.id, DeedTold()) for fact in facts.rows},
        "names": names,
    }
    return page(request, "tax/instrument.html", choice, **values)


@router.post("/instruments/{id}")
def tell_instrument(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    id: RowId,
    year: FormText = "",
    taxpayer: FormText = "",
    tax_class: FormText = "",
    value_2018: FormText = "",
    unlisted_2018: FormText = "",
) -> Response:
    """Empty fields: as its master data say. Then back to the year, where what it mended is gone."""
    one = _seen(db, viewer, id)
    known = word_of(tax_class, TaxClass, "tax_class", "class")
    told = InstrumentTold(known, _sum(value_2018, "value_2018"), bool(unlisted_2018))
    deeds.tell_instrument(db, house, viewer, one.id, told)
    return go(_place("/tax", year, taxpayer))


@router.post("/facts")
def tell_fact(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    fact: Id,
    instrument: Id,
    year: FormText = "",
    taxpayer: FormText = "",
    stt: FormText = "",
    way: FormText = "",
    subscribed: FormText = "",
) -> Response:
    """What one fact alone does not say. subscribed: yes, no or nothing."""
    if subscribed not in ("", "yes", "no"):
        raise Misuse("subscribed", f"{subscribed[:20]!r} is neither", cure="yes, no or nothing")
    kept = DeedTold(
        _sum(stt, "stt"),
        word_of(way, Way, "way", "way in which units leave"),
        {"yes": True, "no": False}.get(subscribed),
    )
    deeds.tell_deeds(db, house, viewer, {TransactionId(fact): kept})
    return go(_place(f"/tax/instruments/{instrument}", year, taxpayer))


def _seen(db: ReadDb, viewer: Viewer, id: int) -> Instrument:
    """Raises NotFound for what is private to another."""
    found = instruments.visible(db, viewer, [InstrumentId(id)])
    if not found:
        raise NotFound("instrument")
    return found[InstrumentId(id)]


def _sum(text: str, field: str) -> Decimal | None:
    """Rupees as people write them; None for nothing."""
    said = text.replace(",", "").replace("₹", "").strip()
    return decimal_of(said, field) if said else None


def _place(path: str, year: str, taxpayer: str = "") -> str:
    """A page of tax for the year and taxpayer that a form came from."""
    words = {"year": FinancialYear.parse(year).name if year else "", "taxpayer": taxpayer}
    return f"{path}?{urlencode({name: word for name, word in words.items() if word})}"
