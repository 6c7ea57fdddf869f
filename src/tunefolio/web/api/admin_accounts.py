"""Everyone's portfolios and accounts for programs of admins: counts and health, no names, nothing that is
held."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tunefolio.core.identity import AccountId, PersonId, PortfolioId
from tunefolio.services import admin as house_admin
from tunefolio.services.admin import Refused
from tunefolio.store.admin import AccountFilter, AccountRow, PortfolioRow
from tunefolio.store.connections import ConnectionState
from tunefolio.web.api.answers import Cursor, Limit, after_id, choice, ist, leaf
from tunefolio.web.deps import MAX_ID, AdminViewer, Reading, RowId

v1 = APIRouter(tags=["admin"])
Owner = Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only this person's.")]
Broker = Annotated[str, Query(max_length=40, description="Only at this broker.")]
State = Annotated[str, Query(max_length=20, description="Only links in this state.")]


@v1.get("/admin/portfolios")
def portfolios(
    db: Reading, admin: AdminViewer, owner: Owner = None, limit: Limit = 50, cursor: Cursor = ""
) -> Response:
    """Everyone's portfolios without their names, newest first; admins only."""
    last = after_id(cursor)
    before, whose = None if last is None else PortfolioId(last), owner_of(owner)
    found = house_admin.portfolios(db, admin, whose, before, limit + 1)
    return leaf(found, limit, portfolio, last=lambda one: one.id)


@v1.get("/admin/accounts")
def accounts(
    db: Reading,
    admin: AdminViewer,
    owner: Owner = None,
    broker: Broker = "",
    state: State = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    """Everyone's accounts and the health of their links, newest first; admins only."""
    last = after_id(cursor)
    chosen = AccountFilter(
        owner_of(owner), broker, choice(state, ConnectionState, "state", "state of a link")
    )
    found = house_admin.accounts(db, admin, chosen, None if last is None else AccountId(last), limit + 1)
    return leaf(found, limit, account, last=lambda one: one.id)


@v1.delete("/admin/portfolios/{id}", status_code=204)
def delete_portfolio(_admin: AdminViewer, id: RowId) -> Response:
    """Refused: 403 says why, and what to do instead."""
    house_admin.refuse(Refused.DELETE_PORTFOLIO, id)


@v1.delete("/admin/accounts/{id}", status_code=204)
def delete_account(_admin: AdminViewer, id: RowId) -> Response:
    """Refused: 403 says why, and what to do instead."""
    house_admin.refuse(Refused.DELETE_ACCOUNT, id)


@v1.get("/admin/accounts/{id}/holdings", status_code=204)
def holdings(_admin: AdminViewer, id: RowId) -> Response:
    """Refused: 403 says why, and what to do instead."""
    house_admin.refuse(Refused.SEE_HOLDINGS, id)


@v1.post("/admin/accounts/{id}/transactions", status_code=204)
def add_facts(_admin: AdminViewer, id: RowId) -> Response:
    """Refused: 403 says why, and what to do instead."""
    house_admin.refuse(Refused.CHANGE_FACTS, id)


def owner_of(owner: int | None) -> PersonId | None:
    """The person a filter names."""
    return None if owner is None else PersonId(owner)


def portfolio(one: PortfolioRow) -> dict[str, Any]:
    return {
        "id": one.id,
        "owner_id": one.owner,
        "currency": one.currency,
        "accounts": one.accounts,
        "created_at": ist(one.created),
        "archived_at": ist(one.archived),
    }


def account(one: AccountRow) -> dict[str, Any]:
    return {
        "id": one.id,
        "owner_id": one.owner,
        "portfolio_id": one.portfolio,
        "kind": one.kind,
        "broker": one.broker,
        "currency": one.currency,
        "facts": one.facts,
        "state": one.state,
        "problem": one.problem or None,
        "synced_at": ist(one.synced),
        "expires_at": ist(one.expires),
        "automatic_since": ist(one.automatic_since),
        "created_at": ist(one.created),
        "archived_at": ist(one.archived),
    }
