"""Accounts: kept by hand, or synced from a broker; made, moved, put away, deleted with an export in hand."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.money import currency_of
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.lots import Method
from tunefolio.services import portfolios as deeds
from tunefolio.services import sync
from tunefolio.services.views.holding import lots
from tunefolio.services.views.shapes import LotsView
from tunefolio.store import accounts, portfolios
from tunefolio.web.api.answers import Id, Name, Text, amount, ist, nothing, plain, reply
from tunefolio.web.api.portfolios import ConfirmName, farewell
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import CurrentViewer, HouseDep, PortfolioChoice, Reading, RowId, Writing

v1 = APIRouter(prefix="/accounts", tags=["accounts"])


class NewAccount(Body):
    """currency: of the portfolio when left out."""

    portfolio_id: Id
    name: Name
    currency: Text = ""


class AccountChange(Body):
    """What should be different; what is left out stays."""

    name: Name | None = None
    portfolio_id: Id | None = None
    lot_method: Method | None = Field(None, description="Which lots a sale takes that names none.")


@v1.get("")
def listed(db: Reading, viewer: CurrentViewer, portfolio: PortfolioChoice) -> Response:
    """All accounts, the archived ones too."""
    if portfolio is not None:
        portfolios.portfolio_of(db, viewer, portfolio)
    methods = accounts.lot_methods(db, viewer)
    homes = accounts.listed(db, viewer, portfolio=portfolio)
    return reply({"data": [account(one, methods.get(one.id, Method.FIFO)) for one in homes]})


@v1.post("", status_code=201)
def create(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: NewAccount) -> Response:
    currency = currency_of(wish.currency) if wish.currency else None
    made = deeds.create_account(db, house, viewer, _portfolio_id(wish.portfolio_id), wish.name, currency)
    return reply(account(made, Method.FIFO), 201)


@v1.get("/{id}")
def one(db: Reading, viewer: CurrentViewer, id: RowId) -> Response:
    home = accounts.account_of(db, viewer, AccountId(id))
    return reply(account(home, accounts.lot_methods(db, viewer).get(home.id, Method.FIFO)))


@v1.patch("/{id}")
def change(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: AccountChange) -> Response:
    """Another name, another portfolio, another lot method, or all of them."""
    if wish.lot_method is not None:
        deeds.set_lot_method(db, house, viewer, AccountId(id), wish.lot_method)
    if wish.name is not None:
        deeds.rename_account(db, house, viewer, AccountId(id), wish.name)
    if wish.portfolio_id is not None:
        deeds.move_account(db, house, viewer, AccountId(id), _portfolio_id(wish.portfolio_id))
    return one(db, viewer, id)


@v1.post("/{id}/archive", status_code=204)
def archive(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Put away: neither synced nor counted."""
    deeds.archive_account(db, house, viewer, AccountId(id))
    return nothing()


@v1.post("/{id}/restore", status_code=204)
def restore(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    deeds.restore_account(db, house, viewer, AccountId(id))
    return nothing()


@v1.post("/{id}/sync", status_code=202)
def sync_now(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Fetch the broker's statement; follow the job to see how far it is."""
    return reply({"job_id": sync.ask_sync(db, house, viewer, AccountId(id))}, 202)


@v1.delete("/{id}", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
def delete(
    db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, confirm_name: ConfirmName
) -> Response:
    """Delete it with all its facts; the answer is their export."""
    return farewell(deeds.delete_account(db, house, viewer, AccountId(id), confirm_name=confirm_name))


@v1.get("/{id}/holdings/{instrument}")
def holding(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId, instrument: RowId) -> Response:
    """One holding down to its lots, closed matches and the facts they come from."""
    return reply(explained(lots(db, house, viewer, AccountId(id), InstrumentId(instrument))))


def _portfolio_id(number: int) -> PortfolioId:
    return PortfolioId(max(0, min(number, 2**63 - 1)))


def account(one: Account, method: Method) -> dict[str, Any]:
    return {
        "id": one.id,
        "portfolio_id": one.portfolio,
        "name": one.name,
        "kind": one.kind,
        "currency": one.currency,
        "broker": one.broker or None,
        "broker_user": one.broker_user or None,
        "lot_method": method,
        "created_at": ist(one.created),
        "archived_at": ist(one.archived),
    }


def explained(view: LotsView) -> dict[str, Any]:
    """A holding's lots and matches; money as text."""
    return {
        "account_id": view.account.id,
        "instrument_id": view.instrument.id,
        "symbol": view.instrument.symbol,
        "exchange": view.instrument.exchange,
        "isin": view.instrument.isin,
        "name": view.instrument.name,
        "currency": view.realised.currency,
        "realised": amount(view.realised),
        "income": amount(view.income),
        "missing": view.missing or None,
        "lots": [
            {
                "acquired": row.lot.day.iso() if row.lot.day else None,
                "quantity": plain(row.lot.quantity),
                "cost": amount(row.lot.cost),
                "held_days": row.held_days,
                "value": amount(row.value),
                "pnl": amount(row.pnl),
            }
            for row in view.lots
        ],
        "matches": [
            {
                "day": match.day.iso(),
                "acquired": match.lot.day.iso() if match.lot.day else None,
                "quantity": plain(match.lot.quantity),
                "cost": amount(match.lot.cost),
                "proceeds": amount(match.proceeds),
                "gain": amount(match.gain),
            }
            for match in view.matches
        ],
        "transaction_ids": [fact.id for fact in view.transactions],
    }
