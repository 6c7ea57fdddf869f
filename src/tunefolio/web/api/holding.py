"""One holding: figures, open lots, sales and income. Money is text, what is missing carries its reason."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.services import views
from tunefolio.services.views.shapes_holding import (
    HoldingView,
    IncomeRow,
    LotFigures,
    MatchFigures,
    MethodFigures,
)
from tunefolio.web.api.answers import reply
from tunefolio.web.api.figures import asked_api, computed_json, figure_json, put_value
from tunefolio.web.api.performance import Explain, derivations
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId

v1 = APIRouter(prefix="/holdings", tags=["holdings"])
_OF_LOT = (
    "average_price",
    "cost",
    "fees",
    "value",
    "gain",
    "gain_before_charges",
    "gain_ratio",
    "xirr",
)


@v1.get("/{account}/{instrument}")
def holding(
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    account: RowId,
    instrument: RowId,
    explain: Explain = 0,
) -> Response:
    """One holding: its figures, lots, sales, income; the chosen lot method beside plain average."""
    view = views.holding(db, house, viewer, AccountId(account), InstrumentId(instrument))
    body = _holding(view)
    if explain:
        body["derivations"] = derivations(db, house, viewer, (*view.figures, *view.returns))
    return reply(body)


def _holding(view: HoldingView) -> dict[str, Any]:
    body: dict[str, Any] = {
        "account": {"id": view.account.id, "name": view.account.name},
        "instrument": {
            "id": view.instrument.id,
            "exchange": view.instrument.exchange,
            "symbol": view.instrument.symbol,
            "isin": view.instrument.isin,
            "name": view.instrument.name,
        },
        "sector": view.classification.sector,
        "currency": view.currency,
        "method": view.method.value,
        "figures": [figure_json(one) for one in view.figures],
        "returns": [figure_json(one) for one in view.returns],
        "chosen": _method(view.chosen, "chosen", view.key),
        "averaged": _method(view.averaged, "averaged", view.key),
        "lots": [_lot(one) for one in view.lots],
        "matches": [_match(one) for one in view.matches],
        "income": [_income(one, view) for one in view.income],
        "computed": computed_json(view.computed),
    }
    put_value(body, "quantity", view.quantity, asked_api("holding.quantity", view.key))
    return body


def _method(one: MethodFigures, name: str, key: str) -> dict[str, Any]:
    body: dict[str, Any] = {"title": one.title}
    for cell in ("cost", "average_price", "realised", "unrealised"):
        put_value(body, cell, getattr(one, cell), asked_api(f"{name}.{cell}", key))
    return body


def _lot(one: LotFigures) -> dict[str, Any]:
    body: dict[str, Any] = {
        "opened_by": one.lot.opened,
        "side": one.side,
        "day": None if isinstance(one.day, Missing) else one.day.iso(),
    }
    put_value(body, "quantity", one.lot.quantity, asked_api("lot.quantity", one.key))
    put_value(body, "age_days", one.age_days, asked_api("lot.age_days", one.key))
    for cell in _OF_LOT:
        put_value(body, cell, getattr(one, cell), asked_api(f"lot.{cell}", one.key))
    return body


def _match(one: MatchFigures) -> dict[str, Any]:
    body: dict[str, Any] = {
        "closed_by": one.match.closed,
        "opened_by": one.match.lot.opened,
        "day": one.match.day.iso(),
    }
    put_value(body, "quantity", one.match.lot.quantity, asked_api("match.quantity", one.key))
    put_value(body, "held_days", one.held_days, asked_api("match.held_days", one.key))
    for cell in ("cost", "proceeds", "gain", "gain_before_charges"):
        put_value(body, cell, getattr(one, cell), asked_api(f"match.{cell}", one.key))
    return body


def _income(one: IncomeRow, view: HoldingView) -> dict[str, Any]:
    body: dict[str, Any] = {
        "transaction": one.transaction,
        "day": one.day.iso(),
        "kind": one.kind.value,
    }
    key = f"income:{view.account.id}:{view.instrument.id}:{one.transaction}"
    for cell in ("gross", "fees", "tax", "net"):
        put_value(body, cell, getattr(one, cell), asked_api(f"income.{cell}", key))
    return body
