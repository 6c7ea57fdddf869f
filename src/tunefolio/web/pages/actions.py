"""Corporate actions found for what is held: looked at, applied, declined, undone, completed by hand."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, PortfolioId
from tunefolio.core.people import Viewer
from tunefolio.ledger.kinds import RULES, Kind
from tunefolio.services import actions as deeds
from tunefolio.services import audit, record
from tunefolio.services.house import House
from tunefolio.services.views.actions import actions as found_actions
from tunefolio.services.views.shapes_repairs import ActionState, ActionView
from tunefolio.store import accounts, portfolios
from tunefolio.store.db import ReadDb
from tunefolio.web import kinds, render
from tunefolio.web.api.facts import FactIn, fact_of
from tunefolio.web.api.lines import resolver
from tunefolio.web.deps import CurrentViewer, HouseDep, PortfolioChoice, Reading, Writing
from tunefolio.web.pages.entry import number, ratio_in
from tunefolio.web.pages.forms import FormId, FormText, find_id, go

router = APIRouter()
_ASKED = ("ratio", "other", "cost_ratio", "quantity", "amount")
"""What a company publishes about an action, in the order of the form."""


@router.get("/actions")
def actions(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice
) -> HTMLResponse:
    """Block `actions` is everything on it; what waits for a decision stands first."""
    view = found_actions(db, house, viewer, portfolio=portfolio)
    waiting = [one for one in view.actions if one.state in (ActionState.PROPOSED, ActionState.WAITING)]
    decided = [one for one in view.actions if one.state in (ActionState.APPLIED, ActionState.DECLINED)]
    boxes = {box.name: box for box in kinds.BOXES}
    return render.page(
        request,
        "actions/page.html",
        waiting=waiting,
        decided=decided,
        asked={kind.value: [boxes[name] for name in _ASKED if name in asked_of(kind)] for kind in RULES},
        icons={kind.value: icon for kind, icon in kinds.ICONS.items()},
        portfolio=portfolio,
        portfolios=[one for one in portfolios.listed(db, viewer) if one.archived is None],
    )


def asked_of(kind: Kind) -> frozenset[str]:
    """What a person has to give for an action of this kind that was announced without it."""
    needs = RULES[kind].needs
    return (needs | {"ratio", "other"} if kind is Kind.MERGER else needs) - {"instrument"}


@router.post("/actions/look")
def look(db: Writing, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Ask the sources again for what companies announced."""
    deeds.ask_actions(db, house, viewer)
    return go("/actions")


@router.post("/actions/apply")
def apply(
    db: Writing, house: HouseDep, viewer: CurrentViewer, account: FormId, reference: FormText
) -> Response:
    """Record what the action makes of the lots; once, however often it is asked."""
    home = accounts.account_of(db, viewer, AccountId(account))
    deeds.apply(db, house, viewer, home.id, reference)
    return go("/actions")


@router.post("/actions/apply-all")
def apply_all(db: Writing, house: HouseDep, viewer: CurrentViewer, portfolio: FormText = "") -> Response:
    """Record all that wait and lack nothing, oldest first; all or none."""
    chosen = find_id(portfolio, "portfolio")
    view = found_actions(db, house, viewer, portfolio=None if chosen is None else PortfolioId(chosen))
    ready = [one for one in view.actions if one.state is ActionState.PROPOSED]
    if not ready:
        audit.pass_over()
    for one in sorted(ready, key=lambda one: one.ex_day):
        deeds.apply(db, house, viewer, one.account.id, one.reference)
    return go("/actions")


@router.post("/actions/decline")
def decline(
    db: Writing, house: HouseDep, viewer: CurrentViewer, account: FormId, reference: FormText
) -> Response:
    """Leave it out of this account; it is not proposed again."""
    home = accounts.account_of(db, viewer, AccountId(account))
    deeds.decline(db, house, viewer, home.id, reference)
    return go("/actions")


@router.post("/actions/undo")
def undo(
    db: Writing, house: HouseDep, viewer: CurrentViewer, account: FormId, reference: FormText
) -> Response:
    """Take an applied action back, or a declined one out of the drawer."""
    home = accounts.account_of(db, viewer, AccountId(account))
    deeds.undo(db, house, viewer, home.id, reference)
    return go("/actions")


@router.post("/actions/complete")
def complete(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    account: FormId,
    reference: FormText,
    ratio: FormText = "",
    other: FormText = "",
    cost_ratio: FormText = "",
    quantity: FormText = "",
    amount: FormText = "",
) -> Response:
    """Record an action that was announced without all its terms, with what the company published of them."""
    home = accounts.account_of(db, viewer, AccountId(account))
    action = _waiting(db, house, viewer, home.id, reference)
    wanted = asked_of(Kind(action.kind))
    wish = FactIn(
        kind=Kind(action.kind),
        day=action.ex_day.iso(),
        instrument=f"{action.instrument.exchange}:{action.instrument.symbol}",
        ratio=ratio if "ratio" in wanted else "",
        other=other if "other" in wanted else "",
        cost_ratio=ratio_in(cost_ratio) if cost_ratio.strip() and "cost_ratio" in wanted else None,
        quantity=number(quantity, "quantity") if "quantity" in wanted else None,
        amount=number(amount, "amount") if "amount" in wanted else None,
        note=f"Terms given by hand for {reference}"[:500],
    )
    record.record(db, house, viewer, home.id, fact_of(wish, home.currency, resolver(db, house, viewer)))
    return go("/actions")


def _waiting(db: ReadDb, house: House, viewer: Viewer, account: AccountId, reference: str) -> ActionView:
    for action in found_actions(db, house, viewer).actions:
        if action.reference == reference and action.account.id == account:
            if action.state is not ActionState.WAITING:
                raise Misuse("action", "lacks nothing", cure="Apply or decline it")
            return action
    raise NotFound("action")
