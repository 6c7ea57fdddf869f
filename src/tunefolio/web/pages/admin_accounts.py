"""Everyone's portfolios and accounts, as an admin may see them: whose, where, how many, how their links
stand."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from tunefolio.core.identity import AccountId, PersonId, PortfolioId
from tunefolio.services import admin as house_admin
from tunefolio.store.admin import AccountFilter
from tunefolio.store.connections import ConnectionState
from tunefolio.web.api.answers import choice
from tunefolio.web.pages.admin import PAGE, AdminDesk, id_in, leaf
from tunefolio.web.pages.forms import QueryId, QueryWord

router = APIRouter(prefix="/admin")


@router.get("/portfolios")
def portfolios(desk: AdminDesk, owner: QueryId = "", before: QueryId = "") -> HTMLResponse:
    last, whose = id_in(before, "before", PortfolioId), id_in(owner, "owner", PersonId)
    found = house_admin.portfolios(desk.db, desk.admin, whose, last, PAGE + 1)
    chosen = {"owner": owner}
    rows, more = leaf(found, "/admin/portfolios", chosen, last=lambda one: one.id)
    names = desk.names([whose, *(one.owner for one in rows)])
    return desk.page("admin/portfolios.html", portfolios=rows, names=names, chosen=chosen, more=more)


@router.get("/accounts")
def accounts(
    desk: AdminDesk, owner: QueryId = "", broker: QueryWord = "", state: QueryWord = "", before: QueryId = ""
) -> HTMLResponse:
    """Accounts beside the health of their links; filtered by owner, broker, state of the link."""
    last, whose = id_in(before, "before", AccountId), id_in(owner, "owner", PersonId)
    wanted = AccountFilter(whose, broker, choice(state, ConnectionState, "state", "state of a link"))
    found = house_admin.accounts(desk.db, desk.admin, wanted, last, PAGE + 1)
    chosen = {"owner": owner, "broker": broker, "state": state}
    rows, more = leaf(found, "/admin/accounts", chosen, last=lambda one: one.id)
    return desk.page(
        "admin/accounts.html",
        accounts=rows,
        names=desk.names([whose, *(one.owner for one in rows)]),
        titles={name: there.title for name, there in desk.house.brokers.items()},
        chosen=chosen,
        states=[each.value for each in ConnectionState],
        more=more,
    )
