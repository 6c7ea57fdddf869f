"""What stands before a fact is recorded: the kinds there are, what it would do, the lots a sale may take."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import ConfigDict
from starlette.responses import Response

from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money
from tunefolio.ledger.kinds import RULES, Kind
from tunefolio.services.views.holdings import holding
from tunefolio.services.views.shapes_holding import LotFigures
from tunefolio.store import accounts, transactions
from tunefolio.web import kinds
from tunefolio.web.api.answers import amount, plain, reply
from tunefolio.web.api.facts import Id, fact_of
from tunefolio.web.api.transactions import NewFact
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, visit_of
from tunefolio.web.effects import CashChange, Names, UnitsChange, Wanted, effect_of

v1 = APIRouter(tags=["transactions"])


class FactAhead(NewFact):
    """A fact to look ahead at. replaces: the fact it would correct, if any."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "account_id": 2,
                "kind": "demerger",
                "day": "2023-07-20",
                "instrument": "NSE:RELIANCE",
                "other": "NSE:JIOFIN",
                "ratio": "1:1",
                "cost_ratio": "0.0468",
            }
        }
    )
    replaces: Id | None = None


@v1.get("/transactions/kinds", dependencies=[Depends(visit_of)])
def sign_table() -> Response:
    """Every kind of fact: what it does to units and cash, the fields it needs and may have, an example line.

    A amount, F fees, T tax, X accrued, Q quantity, R ratio.
    """
    return reply({"data": [_kind(group, kind) for group in kinds.GROUPS for kind in group.kinds]})


def _kind(group: kinds.Group, kind: Kind) -> dict[str, Any]:
    rule = RULES[kind]
    return {
        "kind": kind,
        "group": group.title,
        "title": rule.title,
        "units": rule.units,
        "cash": rule.cash,
        "effect": rule.effect,
        "needs": sorted(rule.needs),
        "may": sorted(rule.may),
        "example": rule.example,
    }


@v1.post("/transactions/preview")
def preview(db: Reading, house: HouseDep, viewer: CurrentViewer, wish: FactAhead) -> Response:
    """What recording the fact would do to units, cost and cash; nothing is written."""
    home = accounts.account_of(db, viewer, AccountId(wish.account_id))
    former = None
    if wish.replaces is not None:
        former = transactions.transaction_of(db, viewer, TransactionId(wish.replaces))
        home = accounts.account_of(db, viewer, former.account)
    names = Names(db, viewer)
    fact = fact_of(wish, home.currency, names.resolve)
    wanted = Wanted(home, fact, tuple(wish.tags), None if former is None else former.id)
    effect = effect_of(db, house, viewer, wanted, names)
    return reply(
        {
            "line": effect.line,
            "units": [_units(change) for change in effect.units],
            "cash": [_cash(change) for change in effect.cash],
            "realised": [_sum(sum) for sum in effect.realised],
            "income": [_sum(sum) for sum in effect.income],
        }
    )


def _units(change: UnitsChange) -> dict[str, Any]:
    return {
        "account_id": change.account.id,
        "account": change.account.name,
        "instrument": change.name,
        "before": plain(change.before),
        "after": plain(change.after),
        "cost_before": amount(change.cost_before),
        "cost_after": amount(change.cost_after),
        "currency": change.cost_after.currency,
    }


def _cash(change: CashChange) -> dict[str, Any]:
    return {
        "account_id": change.account.id,
        "account": change.account.name,
        "change": amount(change.change),
        "before": amount(change.before),
        "after": amount(change.after),
        "currency": change.change.currency,
    }


def _sum(sum: Money) -> dict[str, Any]:
    return {"amount": amount(sum), "currency": sum.currency}


@v1.get("/accounts/{id}/holdings/{instrument}/lots")
def open_lots(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId, instrument: RowId) -> Response:
    """The open lots of one holding, for `picks` of a sale; `lot` is what a pick names."""
    view = holding(db, house, viewer, AccountId(id), InstrumentId(instrument))
    return reply({"data": [lot(row) for row in view.lots], "method": view.method})


def lot(row: LotFigures) -> dict[str, Any]:
    """One open lot. What is not known is null with its reason."""
    body: dict[str, Any] = {
        "lot": row.lot.opened,
        "side": row.side,
        "quantity": plain(row.lot.quantity),
        "cost": amount(row.cost),
        "fees": amount(row.fees),
        "average_price": amount(row.average_price),
        "currency": row.cost.currency,
    }
    known: dict[str, Any] = {
        "acquired": row.day if isinstance(row.day, Missing) else row.day.iso(),
        "age_days": row.age_days,
        "value": row.value if isinstance(row.value, Missing) else amount(row.value),
        "gain": row.gain if isinstance(row.gain, Missing) else amount(row.gain),
    }
    for name, value in known.items():
        body[name] = None if isinstance(value, Missing) else value
        if isinstance(value, Missing):
            body[f"{name}_reason"] = value.reason
    return body
