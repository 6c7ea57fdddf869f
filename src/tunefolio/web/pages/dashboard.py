"""The overview: all its figures come from one view, so that no two are of different moments."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.people import Viewer
from tunefolio.core.time import IST, Instant
from tunefolio.market.calendars import Calendar, Phase
from tunefolio.services import connect, grants, standings, sync
from tunefolio.services.jobs import ask
from tunefolio.services.views import AppSource, BrokerStatus, lots, performance
from tunefolio.services.views import portfolio as valued_portfolio
from tunefolio.store import jobs, portfolios
from tunefolio.store.connections import ConnectionState
from tunefolio.store.db import ReadDb
from tunefolio.store.jobs import Job
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, PortfolioChoice, Reading, RowId, Writing
from tunefolio.web.pages.forms import go

router = APIRouter()
_SHOWN_JOBS = frozenset({"sync", "enrich"})
_RETURNS = ("twr", "xirr")
_PHASES = {
    Phase.CLOSED: "NSE closed",
    Phase.PRE_OPEN: "NSE pre-open",
    Phase.CONTINUOUS: "NSE open",
    Phase.CLOSING_AUCTION: "NSE closing auction",
    Phase.POST_CLOSE: "NSE post-close",
}


@dataclass(frozen=True, slots=True)
class MarketPhase:
    """What the badge says. detail: until or from when, in words."""

    label: str
    is_open: bool
    detail: str


@router.get("/dashboard")
def dashboard(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice
) -> HTMLResponse:
    """Block `board` is everything that moves; it is fetched anew when something has changed."""
    statuses, out = connect.status(db, house, viewer), standings.out_of_service(db)
    return render.page(
        request,
        "dashboard/page.html",
        view=valued_portfolio(db, house, viewer, portfolio=portfolio),
        statuses=statuses,
        portfolios=[one for one in portfolios.listed(db, viewer) if one.archived is None],
        jobs=open_jobs(db, viewer),
        phase=market_phase(house.calendar, house.clock.now()),
        here=_address("/dashboard", portfolio),
        history=_address("/dashboard/history", portfolio),
        newcomer=_newcomer([status for status in statuses if status.broker not in out]),
        out=out,
        sees_others=grants.sees_others(db, house, viewer),
    )


@router.get("/dashboard/history")
def history(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice
) -> HTMLResponse:
    """The value over all time and what it returned; what moves today while no earlier day is known."""
    scope = "all" if portfolio is None else f"portfolio:{portfolio}"
    told = performance(db, house, viewer, scope=scope, period="all")
    known = {figure.name: figure for figure in told.returns}
    return render.partial(
        request,
        "dashboard/_curve.html",
        view=valued_portfolio(db, house, viewer, portfolio=portfolio),
        curve=[point for point in told.curve if point.value is not None],
        returns=[known[name] for name in _RETURNS if name in known],
        worth=told.statement.end,
    )


@router.get("/holdings/{account}/{instrument}/lots")
def lots_of(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, account: RowId, instrument: RowId
) -> HTMLResponse:
    """One holding down to its lots: what opens under its row."""
    view = lots(db, house, viewer, AccountId(account), InstrumentId(instrument))
    return render.partial(request, "dashboard/_lots.html", view=view)


@router.get("/work")
def work(request: Request, db: Reading, viewer: CurrentViewer) -> HTMLResponse:
    """What is being fetched now, and how far it is."""
    return render.partial(request, "dashboard/_work.html", jobs=open_jobs(db, viewer))


@router.post("/sync")
def sync_now(request: Request, db: Writing, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Ask every connected broker for its statement, and every price source for fresh prices."""
    for status in connect.status(db, house, viewer):
        if status.account is not None and status.state is ConnectionState.CONNECTED:
            sync.ask_sync(db, house, viewer, status.account.id)
    key = f"refresh_quotes:{viewer.person}"
    ask(db, house, "refresh_quotes", {}, owner=viewer.person, dedupe_key=key)
    return go("/work" if render.wants_fragment(request) else "/dashboard")


def _address(path: str, portfolio: PortfolioId | None) -> str:
    return path if portfolio is None else f"{path}?portfolio={portfolio}"


def open_jobs(db: ReadDb, viewer: Viewer) -> list[Job]:
    """The viewer's waiting and running fetches, oldest first."""
    newest = jobs.page(db, viewer, None, 50)
    return [job for job in reversed(newest) if job.state in jobs.OPEN and job.kind in _SHOWN_JOBS]


def market_phase(calendar: Calendar, now: Instant) -> MarketPhase:
    """The exchange's phase; a calendar that ends before `now` is said to be unknown."""
    try:
        phase = calendar.phase(now)
        return MarketPhase(_PHASES[phase], phase is Phase.CONTINUOUS, _detail(calendar, now, phase))
    except Misuse:
        return MarketPhase("NSE hours unknown", False, "The calendar of this release ends before today")


def _detail(calendar: Calendar, now: Instant, phase: Phase) -> str:
    day = calendar.trading_day(now)
    hours = calendar.hours(day)
    if hours is not None and now < hours.close and phase is not Phase.CLOSED:
        return f"Continuous trading until {_wall(hours.close)}"
    if hours is None or now >= hours.open:
        hours = calendar.hours(calendar.next(day))
    return "" if hours is None else f"Opens {hours.open.in_zone(IST):%A, %d %b} at {_wall(hours.open)}"


def _wall(moment: Instant) -> str:
    return f"{moment.in_zone(IST):%H:%M} IST"


def _newcomer(statuses: list[BrokerStatus]) -> BrokerStatus | None:
    """For one who has no broker here: the first she could connect now, best by one click."""
    if any(status.account is not None for status in statuses):
        return None
    ready = [status for status in statuses if status.app is not AppSource.NONE]
    return min(ready, key=lambda status: status.app is AppSource.NEEDLESS, default=None)
