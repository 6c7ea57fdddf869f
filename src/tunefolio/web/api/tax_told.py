"""What people tell of their taxes: who is taxed, a year beside the books, earlier losses, what things are."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.disposals import Way
from tunefolio.analysis.tax.taxpayer import Age, EarlierLoss, LossKind, Others, Regime, Residency
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import AccountId, InstrumentId, TaxpayerId, TransactionId
from tunefolio.core.money import plain
from tunefolio.services import tax as taxes
from tunefolio.services import tax_pan
from tunefolio.services import tax_told as deeds
from tunefolio.services.house import House
from tunefolio.services.tax import MYSELF, Subject
from tunefolio.services.tax_json import paise
from tunefolio.store import tax_answers
from tunefolio.store.tax_answers import DeedTold, InstrumentTold, YearTold
from tunefolio.web.api.answers import Name, Text, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading, RowId, Writing

v1 = APIRouter(prefix="/tax", tags=["tax"])
YearPath = Annotated[str, Path(max_length=12, description="A financial year, 2024-25.")]
Whose = Annotated[
    int, Path(ge=0, le=MAX_ID, description="One of /tax/taxpayers; 0 while none was named: oneself.")
]
Ids = Annotated[list[Annotated[int, Field(ge=1, le=MAX_ID)]], Field(max_length=500)]
_MOST = 1_000


class TaxpayerIn(Body):
    """One who is taxed. accounts: whose income is hers; left out: as they were. pan: her permanent account
    number, kept sealed and answered masked; left out: as it was, empty: forgotten."""

    name: Name
    residency: Residency = Residency.RESIDENT
    accounts: Ids | None = None
    pan: Annotated[str, Field(max_length=20)] | None = None


class YearIn(Body):
    """A year beside the books. Incomes after deductions, all four or none; slab_rate: 0.30 for 30 %."""

    regime: Regime = Regime.NEW
    age: Age = Age.BELOW_60
    salary: Decimal | None = None
    house_property: Decimal | None = None
    business: Decimal | None = None
    other_sources: Decimal | None = None
    slab_rate: Decimal | None = None


class LossIn(Body):
    """What is left of a loss of an earlier year, as the return of that year says."""

    year: Annotated[Text, Field(max_length=12)]
    kind: LossKind
    amount: Decimal


class LossesIn(Body):
    """The losses brought into a year, in place of those told before."""

    losses: Annotated[list[LossIn], Field(max_length=100)]


class InstrumentIn(Body):
    """What an instrument is for tax; value_2018: of one unit on 2018-01-31, divided by splits since then that
    are not in these books; unlisted_2018: a share that no exchange listed on that day: its cost, indexed to
    2017-18, counts."""

    tax_class: TaxClass | None = None
    value_2018: Decimal | None = None
    unlisted_2018: bool = False


class DeedIn(Body):
    """What a fact alone does not say."""

    fact: Annotated[int, Field(ge=1, le=MAX_ID)]
    stt: Decimal | None = None
    way: Way | None = None
    subscribed: bool | None = None


class DeedsIn(Body):
    """Several facts at once."""

    deeds: Annotated[list[DeedIn], Field(max_length=_MOST)]


@v1.get("/taxpayers")
def taxpayers(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Everybody whose income the accounts are; oneself, with the id 0, while nobody was named."""
    return reply({"data": [_subject(house, one) for one in taxes.subjects(db, viewer)]})


@v1.post("/taxpayers", status_code=201)
def add(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: TaxpayerIn) -> Response:
    """One more. The first is oneself and has every account that is nobody else's."""
    one = deeds.add_taxpayer(db, house, viewer, wish.name, wish.residency)
    if wish.accounts is not None:
        deeds.give_accounts(db, house, viewer, one.id, map(AccountId, wish.accounts))
    tax_pan.tell_pan(db, house, viewer, one.id, wish.pan)
    return reply(_subject(house, taxes.subject_of(db, viewer, one.id)), 201)


@v1.put("/taxpayers/{id}")
def change(db: Writing, house: HouseDep, viewer: CurrentViewer, id: Whose, wish: TaxpayerIn) -> Response:
    """Another name or residency; with `accounts`, these are hers from now on."""
    one = deeds.change_taxpayer(db, house, viewer, TaxpayerId(id), wish.name, wish.residency)
    if wish.accounts is not None:
        deeds.give_accounts(db, house, viewer, one.id, map(AccountId, wish.accounts))
    tax_pan.tell_pan(db, house, viewer, one.id, wish.pan)
    return reply(_subject(house, taxes.subject_of(db, viewer, one.id)))


@v1.delete("/taxpayers/{id}", status_code=204)
def drop(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Forget one and what was told of her; her accounts are the first one's then."""
    deeds.drop_taxpayer(db, house, viewer, TaxpayerId(id))
    return nothing()


@v1.get("/taxpayers/{id}/told")
def told(db: Reading, viewer: CurrentViewer, id: Whose) -> Response:
    """All that was told of one: years, and losses by the year they are brought into."""
    whose = taxes.subject_of(db, viewer, TaxpayerId(id)).taxpayer.id
    years = sorted(tax_answers.years(db, viewer, whose).items())
    losses = sorted(tax_answers.losses(db, viewer, whose).items())
    return reply(
        {
            "years": [_year(one) for _, one in years],
            "losses": [{"into": into.name, "losses": [_loss(one) for one in some]} for into, some in losses],
        }
    )


@v1.put("/taxpayers/{id}/years/{year}", status_code=204)
def tell_year(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: Whose, year: YearPath, wish: YearIn
) -> Response:
    """What the books do not know of a year."""
    sums = (wish.salary, wish.house_property, wish.business, wish.other_sources)
    is_told = any(one is not None for one in sums)
    others = Others(*(one or Decimal(0) for one in sums)) if is_told else None
    one = YearTold(FinancialYear.parse(year), wish.regime, wish.age, others, wish.slab_rate)
    deeds.tell_year(db, house, viewer, TaxpayerId(id), one)
    return nothing()


@v1.put("/taxpayers/{id}/losses/{year}", status_code=204)
def tell_losses(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: Whose, year: YearPath, wish: LossesIn
) -> Response:
    """Losses from before the books, brought into that year; they take the place of those told before."""
    some = [EarlierLoss(FinancialYear.parse(one.year), one.kind, one.amount) for one in wish.losses]
    deeds.tell_losses(db, house, viewer, TaxpayerId(id), FinancialYear.parse(year), some)
    return nothing()


@v1.put("/instruments/{id}", status_code=204)
def tell_instrument(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: InstrumentIn
) -> Response:
    """What one instrument is for tax, in one's own returns; empty: as its master data say."""
    said = InstrumentTold(wish.tax_class, wish.value_2018, wish.unlisted_2018)
    deeds.tell_instrument(db, house, viewer, InstrumentId(id), said)
    return nothing()


@v1.put("/facts", status_code=204)
def tell_deeds(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: DeedsIn) -> Response:
    """Transaction tax among a fact's charges, how units left, whether a gold bond was subscribed."""
    said = {TransactionId(one.fact): DeedTold(one.stt, one.way, one.subscribed) for one in wish.deeds}
    deeds.tell_deeds(db, house, viewer, said)
    return nothing()


def _subject(house: House, one: Subject) -> dict[str, Any]:
    pan = tax_pan.pan_of(house, one.taxpayer)
    return {
        "id": one.taxpayer.id,
        "name": one.taxpayer.name,
        "residency": one.taxpayer.residency.value,
        "is_named": one.taxpayer.id != MYSELF,
        "pan": None if pan is None else pan.masked,
        "status": None if pan is None else pan.status.value,
        "accounts": [{"id": home.id, "name": home.name} for home in one.accounts],
    }


def _year(one: YearTold) -> dict[str, Any]:
    body: dict[str, Any] = {"year": one.year.name, "regime": one.regime.value, "age": one.age.value}
    others = one.others
    for name in ("salary", "house_property", "business", "other_sources"):
        body[name] = None if others is None else paise(getattr(others, name))
    return body | {"slab_rate": None if one.slab_rate is None else plain(one.slab_rate)}


def _loss(one: EarlierLoss) -> dict[str, Any]:
    return {"year": one.year.name, "kind": one.kind.value, "amount": paise(one.amount)}
