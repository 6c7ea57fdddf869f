"""A deposit or provident fund as a form: its terms and the first payment."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.money import decimal_of
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.market.accruals import Crediting
from tunefolio.services.portfolios import active_accounts
from tunefolio.web import render
from tunefolio.web.api.answers import plain
from tunefolio.web.api.deposits import DepositIn, opened
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, Writing
from tunefolio.web.pages.forms import FormId, FormText, go

router = APIRouter()
TITLES = {
    Crediting.QUARTERLY: "Quarterly, as most fixed deposits",
    Crediting.MONTHLY: "Monthly",
    Crediting.HALF_YEARLY: "Half-yearly",
    Crediting.YEARLY: "Yearly",
    Crediting.SIMPLE: "Simple interest",
    Crediting.AT_MATURITY: "Simple, all at maturity",
    Crediting.PPF: "Public Provident Fund: monthly balance, credited 31 March",
    Crediting.EPF: "Employees' Provident Fund: monthly balance, credited 31 March",
}


@router.get("/deposits/new")
def form(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer) -> HTMLResponse:
    return render.page(
        request,
        "deposits/page.html",
        homes=active_accounts(db, viewer),
        creditings=TITLES,
        today=TradingDay(calendar_date(house.clock.now())).iso(),
    )


@router.post("/deposits")
def open_one(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    account: FormId,
    symbol: FormText,
    name: FormText,
    rate: FormText,
    crediting: Annotated[Crediting, Form()],
    day: FormText,
    amount: FormText,
    matures: FormText = "",
) -> Response:
    """Make it and record the first payment, both or neither; then all holdings."""
    wish = DepositIn(
        account_id=account,
        symbol=symbol,
        name=name.strip() or symbol,
        rate=plain(decimal_of(rate.strip().rstrip("%"), "rate")),
        crediting=crediting,
        matures=matures,
        day=day,
        amount=plain(decimal_of(amount.replace(",", "").replace("₹", ""), "amount")),
    )
    opened(db, house, viewer, wish)
    return go("/holdings")
