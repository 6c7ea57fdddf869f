"""Planning: what a sale today would do to the running year's tax, and which sales are worth a thought."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import TaxpayerId
from tunefolio.core.money import plain
from tunefolio.services import tax as taxes
from tunefolio.services import tax_planning as planning
from tunefolio.services.house import House
from tunefolio.services.rates import ask_rates
from tunefolio.services.tax_figures import MOST_PARTS
from tunefolio.services.tax_planning import Harvest, Held, Sale
from tunefolio.services.tax_trials import tax_lines
from tunefolio.services.views import taxes as views
from tunefolio.services.views.tax_cures import Place, cure_of
from tunefolio.store.db import ReadDb
from tunefolio.web.api.tax_planning import number_of, position_of, trial
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, Writing
from tunefolio.web.pages.forms import QueryId, QueryWord, find_id, go
from tunefolio.web.pages.tax import Choice, FigureQuery, explained, page, part_of

router = APIRouter(prefix="/tax")
After = Annotated[str, Query(max_length=20)]
_ROWS = 25


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
    lots: After = "",
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
    whole = Choice(report, taxes.subjects(db, viewer), years)
    typed_sale = "" if sale is None else sale_words(sale.held, sale.units, sale.price)
    values: dict[str, Any] = {
        "found": found,
        "sale": sale,
        "by_broker": sale is not None and sale.is_by_broker,
        "typed_sale": typed_sale,
        "lot_links": lambda key, part: whole.trial(typed_sale, f"after:deed:{key}:{part}"),
        "words_of": sale_words,
        "cure_of": lambda held, why: cure_of(why.reason, Place(held.account.id, held.instrument.id)),
        "lots": None if sale is None else part_of(views.lot_rows(sale), lots, _ROWS),
        "lines": () if sale is None else tax_lines(sale),
        "wrong": wrong,
        "typed": {"of": of, "units": units, "price": price},
        "losses": part_of(found.losses, losses, _ROWS),
        "gains": part_of(found.gains, gains, _ROWS),
    }
    return page(request, "tax/planning.html", whole, **values)


@router.get("/planning/explain")
def explain(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    of: QueryWord,
    units: QueryWord,
    figure: FigureQuery,
    price: QueryWord = "",
    taxpayer: QueryId = "",
) -> HTMLResponse:
    """How a number of a planned sale was made: the drawer's content, a page of its own without it."""
    whose = find_id(taxpayer, "taxpayer")
    year = planning.running(db, house, viewer, None if whose is None else TaxpayerId(whose))
    node = trial(db, house, year, (of, units, price), figure, most=MOST_PARTS)
    return explained(request, node, f"/api/v1{request.url.path}?{request.url.query}")


def sale_words(held: Held, units: Decimal, price: Decimal) -> str:
    """A planned sale as words of an address, exactly as it was worked out."""
    of = f"{held.account.id}:{held.instrument.id}"
    return urlencode({"of": of, "units": plain(units), "price": plain(price)})


def _sale(db: ReadDb, house: House, found: Harvest, of: str, units: str, price: str) -> Sale:
    account, instrument = position_of(of)
    return planning.sold(
        db,
        house,
        found.year,
        account,
        instrument,
        units=number_of(units, "units"),
        price=number_of(price, "price") if price.strip() else None,
    )


@router.post("/rates")
def fetch_rates(db: Writing, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Ask for the exchange rates that lack; the page of jobs shows how far it is."""
    viewer.must_write()
    if ask_rates(db, house, viewer) is None:
        cure = "Have its operator read a file of them: tunefolio rates --file rates.csv"
        raise Misuse("rates", "cannot be fetched: this house has no source of past rates", cure=cure)
    return go("/settings/jobs")
