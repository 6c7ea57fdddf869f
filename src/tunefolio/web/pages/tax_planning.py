"""Planning: what a sale today would do to the running year's tax, and which sales are worth a thought."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import JobId, TaxpayerId
from tunefolio.core.money import INR, Currency, currency_of, plain
from tunefolio.services import tax as taxes
from tunefolio.services import tax_planning as planning
from tunefolio.services.house import House
from tunefolio.services.rates import ask_rates
from tunefolio.services.tax_figures import MOST_PARTS
from tunefolio.services.tax_planning import Harvest, Held, Sale
from tunefolio.services.tax_trials import tax_lines
from tunefolio.services.views import taxes as views
from tunefolio.services.views.tax_cures import Place, cure_of
from tunefolio.store import jobs
from tunefolio.store.db import ReadDb
from tunefolio.web import render
from tunefolio.web.api.tax_planning import number_of, position_of, trial
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading, Writing
from tunefolio.web.pages.forms import QueryId, QueryWord, find_id, go
from tunefolio.web.pages.tax import Choice, FigureQuery, explained, page, part_of

router = APIRouter(prefix="/tax")
After = Annotated[str, Query(max_length=20)]
_ROWS = 25
_OWN = "own"
PathId = Annotated[int, Path(ge=1, le=MAX_ID)]
FormAddress = Annotated[str, Form(max_length=300)]
BackWord = Annotated[str, Query(max_length=300)]
_OF_TAX = re.compile(r"/tax(/[a-z0-9-]+)*")


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
    currency: QueryWord = "",
    losses: After = "",
    gains: After = "",
    lots: After = "",
) -> HTMLResponse:
    """of: `account:instrument`; currency: of the price, `own` for that in which it trades. What does not work
    is said beside the form."""
    whose = find_id(taxpayer, "taxpayer")
    report = planning.running(db, house, viewer, None if whose is None else TaxpayerId(whose))
    found = planning.harvested(db, house, report)
    sale: Sale | None = None
    wrong: Misuse | None = None
    if of and units:
        try:
            sale = _sale(db, house, found, (of, units, price, _currency(found, of, currency)))
        except NotFound:
            raise
        except Misuse as misuse:
            wrong = misuse
    years = views.years_to_choose(taxes.running_year(house))
    whole = Choice(report, taxes.subjects(db, viewer), years)
    typed_sale = "" if sale is None else _words_of(sale)
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
        "typed": {"of": of, "units": units, "price": price, "currency": currency},
        "currencies": sorted({INR, *(held.instrument.currency for held in found.held)}, key=_rupees_first),
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
    currency: QueryWord = "",
    taxpayer: QueryId = "",
) -> HTMLResponse:
    """How a number of a planned sale was made: the drawer's content, a page of its own without it."""
    whose = find_id(taxpayer, "taxpayer")
    year = planning.running(db, house, viewer, None if whose is None else TaxpayerId(whose))
    node = trial(db, house, year, (of, units, price, currency or INR), figure, most=MOST_PARTS)
    return explained(request, node, f"/api/v1{request.url.path}?{request.url.query}")


def sale_words(held: Held, units: Decimal, price: Decimal) -> str:
    """A planned sale as words of an address, exactly as it was worked out."""
    of = f"{held.account.id}:{held.instrument.id}"
    return urlencode({"of": of, "units": plain(units), "price": plain(price)})


def _words_of(sale: Sale) -> str:
    """The same of one whose price may have been typed in another currency."""
    if sale.typed is None:
        return sale_words(sale.held, sale.units, sale.price)
    paid = sale.typed.paid
    return f"{sale_words(sale.held, sale.units, paid.amount)}&{urlencode({'currency': paid.currency})}"


def _currency(found: Harvest, of: str, typed: str) -> str:
    """Of the price: as chosen, rupees where the address names none."""
    if typed != _OWN:
        return typed or INR
    keys = {f"{held.account.id}:{held.instrument.id}": held.instrument.currency for held in found.held}
    return keys.get(of, INR)


def _rupees_first(currency: Currency) -> tuple[bool, str]:
    return currency != INR, currency


def _sale(db: ReadDb, house: House, found: Harvest, typed: tuple[str, str, str, str]) -> Sale:
    """typed: position, units, price and its currency, as the form has them."""
    of, units, price, currency = typed
    account, instrument = position_of(of)
    return planning.sold(
        db,
        house,
        found.year,
        account,
        instrument,
        units=number_of(units, "units"),
        price=number_of(price, "price") if price.strip() else None,
        currency=currency_of(currency),
    )


@router.post("/rates")
def fetch_rates(db: Writing, house: HouseDep, viewer: CurrentViewer, back: FormAddress = "") -> Response:
    """Ask for the exchange rates that lack, and lead back to where they were asked for, which says so."""
    viewer.must_write()
    job = ask_rates(db, house, viewer)
    if job is None:
        cure = "Have its operator read a file of them: tunefolio rates --file rates.csv"
        raise Misuse("rates", "cannot be fetched: this house has no source of past rates", cure=cure)
    return go(_with_job(back, job))


@router.get("/rates/jobs/{id}")
def rates_job(
    request: Request, db: Reading, viewer: CurrentViewer, id: PathId, back: BackWord = ""
) -> HTMLResponse:
    """How far the fetching of rates is, for the note on top of a page of tax. back: where its figures are."""
    job = jobs.job_of(db, viewer, JobId(id))
    return render.partial(request, "tax/_rates.html", job=job, back=_page_of_tax(back))


def _with_job(back: str, job: JobId) -> str:
    """That page of tax with the job among the words of its address."""
    page = _page_of_tax(back)
    return f"{page}{'&' if '?' in page else '?'}rates={job}"


def _page_of_tax(address: str) -> str:
    """Without a job in it; the year for what is no page of tax, so that nobody is led elsewhere."""
    at = urlsplit(address)
    if at.scheme or at.netloc or not _OF_TAX.fullmatch(at.path):
        return "/tax"
    words = urlencode([(name, word) for name, word in parse_qsl(at.query) if name != "rates"])
    return f"{at.path}?{words}" if words else at.path
