"""All holdings on one page: in groups, by either lot method, each with a way down to its lots and facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from tunefolio.analysis.valuation import Valuation, valuation
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money, Price
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.market.fx import NO_RATES, RateBook
from tunefolio.services.books import folded
from tunefolio.services.views import HoldingRow, performance
from tunefolio.services.views import portfolio as valued_portfolio
from tunefolio.store import accounts, portfolios, rates
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, PortfolioChoice, Reading, RowId

router = APIRouter()
_COMPUTING = Missing("its history is being computed", "Look again in a moment")


class GroupBy(StrEnum):
    """By what the rows stand together."""

    NONE = ""
    ACCOUNT = "account"
    SECTOR = "sector"
    CLASS = "class"


class CostBy(StrEnum):
    """Whose cost is shown: that of each account's lot method, or the plain average."""

    METHOD = "method"
    AVERAGE = "average"


_NAMES: dict[GroupBy, Callable[[HoldingRow], str]] = {
    GroupBy.NONE: lambda _row: "",
    GroupBy.ACCOUNT: lambda row: row.account.name,
    GroupBy.SECTOR: lambda row: row.classification.sector,
    GroupBy.CLASS: lambda row: row.instrument.asset_class.value.replace("_", " ").capitalize(),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A holding with the cost the person asked for.

    cost_here: in the view's currency; of an average, at the rate that its open lots were bought at on the
    whole. None without a rate.
    """

    row: HoldingRow
    cost: Money
    average_price: Price | None
    pnl: Money | None
    cost_here: Money | None

    @property
    def pnl_here(self) -> Money | None:
        """What lines are compared by: value − cost in the view's currency."""
        value = self.row.value_here
        return None if value is None or self.cost_here is None else value - self.cost_here

    @property
    def pnl_ratio(self) -> Decimal | None:
        return None if self.pnl is None or self.cost.amount <= 0 else self.pnl / self.cost


@dataclass(frozen=True, slots=True)
class Shelf:
    """Holdings of one group and what they come to together. Sums are in the currency of the view."""

    name: str
    lines: tuple[Line, ...]
    sums: Valuation


@router.get("/holdings/{account}/{instrument}/xirr")
def xirr_of(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, account: RowId, instrument: RowId
) -> HTMLResponse:
    """What a holding returned a year; asked for as its row comes into sight: it takes the whole history."""
    home = accounts.account_of(db, viewer, AccountId(account))
    if InstrumentId(instrument) not in folded(db, viewer, [home])[home.id].holdings.positions:
        raise NotFound("holding")
    try:
        told = performance(db, house, viewer, scope=f"holding:{account}:{instrument}", period="all").returns
    except NotFound:  # its days are being computed
        told = ()
    shown = [figure for figure in told if figure.name == "xirr"]
    return render.partial(request, "holdings/_xirr.html", figures=shown, computing=_COMPUTING)


@dataclass(frozen=True, slots=True)
class Sums:
    """How groups are summed up: in which currency, at which rates."""

    currency: Currency
    rates: RateBook
    day: TradingDay

    def of(self, rows: Iterable[HoldingRow]) -> Valuation:
        return valuation([row.valued for row in rows], self.currency, rates=self.rates, day=self.day)


@router.get("/holdings")
def holdings(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    portfolio: PortfolioChoice,
    group: Annotated[GroupBy, Query()] = GroupBy.NONE,
    cost: Annotated[CostBy, Query()] = CostBy.METHOD,
) -> HTMLResponse:
    """Block `holdings` answers the choices; it is fetched anew when something has changed."""
    view = valued_portfolio(db, house, viewer, portfolio=portfolio)
    mixed = any(row.valued.position.currency != view.currency for row in view.rows)
    sums = Sums(
        view.currency,
        rates.book(db) if mixed else NO_RATES,
        TradingDay(calendar_date(house.clock.now())),
    )
    shelves = _shelves(view.rows, group, cost, sums)
    shown = [one for one in portfolios.listed(db, viewer) if one.archived is None]
    return render.page(
        request,
        "holdings/page.html",
        view=view,
        shelves=shelves,
        group=group,
        cost=cost,
        portfolios=shown,
        groups=list(GroupBy),
        costs=list(CostBy),
    )


def _shelves(rows: Iterable[HoldingRow], group: GroupBy, cost: CostBy, sums: Sums) -> list[Shelf]:
    """The groups in the order of their dearest holding."""
    names = _NAMES[group]
    found: dict[str, list[HoldingRow]] = {}
    for row in rows:
        found.setdefault(names(row), []).append(row)
    return [
        Shelf(name, tuple(_line(row, cost) for row in some), sums.of(some)) for name, some in found.items()
    ]


def _line(row: HoldingRow, cost: CostBy) -> Line:
    valued = row.valued
    if cost is CostBy.METHOD:
        return Line(row, valued.invested, valued.average_price, valued.pnl, row.invested_here)
    paid, units = valued.position.averaged.cost, valued.quantity
    gain = None if valued.value is None else valued.value - paid
    return Line(row, paid, Price.per(paid, units) if units else None, gain, _here(row, paid))


def _here(row: HoldingRow, paid: Money) -> Money | None:
    if not row.is_converted:
        return paid
    whole, lots = row.invested_here, row.valued.invested
    return None if whole is None or lots.amount == 0 else (whole * (paid / lots)).rounded()
