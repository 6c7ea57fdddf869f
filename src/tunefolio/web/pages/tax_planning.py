"""Planning: what a sale today would do to the running year's tax, and which sales are worth a thought."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TaxpayerId
from tunefolio.core.money import decimal_of
from tunefolio.services import tax as taxes
from tunefolio.services import tax_planning as planning
from tunefolio.services.house import House
from tunefolio.services.tax_planning import Harvest, Sale
from tunefolio.services.views import taxes as views
from tunefolio.store.db import ReadDb
from tunefolio.web.api.tax_planning import deeds_of
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading
from tunefolio.web.pages.forms import QueryId, QueryWord, find_id
from tunefolio.web.pages.tax import Choice, page, part_of

router = APIRouter(prefix="/tax")
After = Annotated[str, Query(max_length=20)]


@router.get("/planning")
def plan(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    taxpayer: QueryId = "",
    of: QueryWord = "",
    units: QueryWord = "",
    price: QueryWord = "",
    losses: After = "",
    gains: After = "",
) -> HTMLResponse:
    """of: `account:instrument`. A sale that does not work is said beside its form."""
    whose = find_id(taxpayer, "taxpayer")
    report = planning.running(db, house, viewer, None if whose is None else TaxpayerId(whose))
    found = planning.harvested(db, house, report)
    sale: Sale | None = None
    wrong: Misuse | None = None
    if of and units:
        try:
            sale = _sale(db, house, found, of, units, price)
        except NotFound:
            raise
        except Misuse as misuse:
            wrong = misuse
    years = views.years_to_choose(taxes.running_year(house))
    return page(
        request,
        "tax/planning.html",
        Choice(report, taxes.subjects(db, viewer), years),
        found=found,
        sale=sale,
        lots=[] if sale is None else deeds_of(sale.effect.found),
        wrong=wrong,
        typed={"of": of, "units": units, "price": price},
        losses=part_of(found.losses, losses, 25),
        gains=part_of(found.gains, gains, 25),
    )


def _sale(db: ReadDb, house: House, found: Harvest, of: str, units: str, price: str) -> Sale:
    account, instrument = _position(of)
    return planning.sold(
        db,
        house,
        found.year,
        account,
        instrument,
        units=_number(units, "units"),
        price=_number(price, "price") if price.strip() else None,
    )


def _position(of: str) -> tuple[AccountId, InstrumentId]:
    """Raises NotFound for what names no position."""
    words = of.split(":")
    if len(words) != 2 or not all(word.isascii() and word.isdigit() and len(word) < 20 for word in words):
        raise NotFound("position")
    account, instrument = (min(int(word), MAX_ID) for word in words)
    return AccountId(account), InstrumentId(instrument)


def _number(text: str, field: str) -> Decimal:
    return decimal_of(text.replace(",", "").replace("₹", "").strip(), field)
