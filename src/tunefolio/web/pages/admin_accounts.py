"""Everyone's portfolios and accounts, as an admin may see them: whose, where, how many, how their links
stand."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, PersonId, PortfolioId
from tunefolio.services import admin as house_admin
from tunefolio.store.admin import AccountFilter
from tunefolio.store.connections import ConnectionState
from tunefolio.web.deps import AdminViewer, CurrentSession, HouseDep, Reading
from tunefolio.web.pages.admin import PAGE, admin_page
from tunefolio.web.pages.forms import QueryId, find_id

router = APIRouter(prefix="/admin")


@router.get("/portfolios")
def portfolios(
    request: Request,
    db: Reading,
    house: HouseDep,
    admin: AdminViewer,
    session: CurrentSession,
    owner: QueryId = "",
    before: QueryId = "",
) -> HTMLResponse:
    last, whose = find_id(before, "before"), owner_of(owner)
    found = house_admin.portfolios(db, admin, whose, None if last is None else PortfolioId(last), PAGE + 1)
    more = {"owner": owner, "before": found[PAGE - 1].id} if len(found) > PAGE else {}
    return admin_page(
        request,
        db,
        house,
        admin,
        session,
        "admin/portfolios.html",
        portfolios=found[:PAGE],
        names=house_admin.names(db, admin, [one.owner for one in found]),
        owner=owner,
        more=address("/admin/portfolios", more),
    )


@router.get("/accounts")
def accounts(
    request: Request,
    db: Reading,
    house: HouseDep,
    admin: AdminViewer,
    session: CurrentSession,
    owner: QueryId = "",
    broker: str = "",
    state: str = "",
    before: QueryId = "",
) -> HTMLResponse:
    """Accounts beside the health of their links; filtered by owner, broker, state of the link."""
    last = find_id(before, "before")
    chosen = AccountFilter(owner_of(owner), broker[:40], state_of(state))
    found = house_admin.accounts(db, admin, chosen, None if last is None else AccountId(last), PAGE + 1)
    more = {
        "owner": owner,
        "broker": broker,
        "state": state,
        "before": found[PAGE - 1].id if found[PAGE:] else "",
    }
    return admin_page(
        request,
        db,
        house,
        admin,
        session,
        "admin/accounts.html",
        accounts=found[:PAGE],
        names=house_admin.names(db, admin, [one.owner for one in found]),
        titles={name: there.title for name, there in house.brokers.items()},
        chosen={"owner": owner, "broker": broker, "state": state},
        states=[each.value for each in ConnectionState],
        more=address("/admin/accounts", more) if found[PAGE:] else "",
    )


def owner_of(text: str) -> PersonId | None:
    """The owner a filter names; None for everyone's."""
    found = find_id(text, "owner")
    return None if found is None else PersonId(found)


def state_of(text: str) -> ConnectionState | None:
    """The state of a link that a filter names; raises Misuse."""
    if not text:
        return None
    if text not in tuple(ConnectionState):
        known = ", ".join(ConnectionState)
        raise Misuse("state", f"{text[:40]!r} is no state of a link", cure=f"Known: {known}")
    return ConnectionState(text)


def address(path: str, words: Mapping[str, object]) -> str:
    """The path with what is said of those words; "" when nothing is."""
    said = {name: value for name, value in words.items() if value}
    return f"{path}?{urlencode(said)}" if said else ""
