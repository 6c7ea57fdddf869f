"""Two routes of the portfolio tracker among the source systems, as its document wrote them.

`POST /api/transactions {asset_id, quantity, price, date}`, `GET /api/portfolios/{id}`; figures are numbers.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.money import Currency, Money, Price
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, trade
from tunefolio.services import record as deeds
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.views.portfolios import portfolio as valued_portfolio
from tunefolio.services.views.shapes import HoldingRow, PortfolioView
from tunefolio.store import accounts, instruments
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.web.api.answers import Text, day_of, ist, number, per_cent, put, reply, unit_price, units
from tunefolio.web.api.facts import Id
from tunefolio.web.api.holdings import kpis, worth_of
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing

router = APIRouter(prefix="/api", tags=["portfolio tracker"])
Sum = Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=8, allow_inf_nan=False)]
Units = Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=8, allow_inf_nan=False)]


class TradeType(StrEnum):
    """What the tracker knows; every other kind goes to /api/v1/transactions."""

    BUY = "buy"
    SELL = "sell"


class NewTrade(BaseModel):
    """A trade as the tracker sends it. Numbers may be JSON numbers or text; text loses nothing on the way."""

    # Not a strict Body: its shape is the tracker's, whose clients may send fields of their own.
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"asset_id": 4, "quantity": 10, "price": 1500.50, "date": "2024-04-01", "type": "buy"}
        }
    )
    asset_id: Annotated[
        Id, Field(description="The id of an instrument, as holdings and transactions name it.")
    ]
    quantity: Units
    price: Annotated[Sum, Field(description="Per unit, in the account's currency.")]
    date: Annotated[Text, Field(description="YYYY-MM-DD.")]
    type: TradeType = TradeType.BUY
    fees: Sum = Decimal(0)
    note: Text = ""
    account_id: Annotated[Id | None, Field(description="Needed when there is more than one account.")] = None
    portfolio_id: Annotated[
        Id | None, Field(description="Instead of the account, where it has only one.")
    ] = None


class TradeResponse(BaseModel):
    """The trade as it was recorded."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": 91, "asset_id": 4, "symbol": "INFY", "type": "buy", "quantity": 10, "price": 1500.50,
                "amount": 15005.00, "fees": 0.00, "currency": "INR", "date": "2024-04-01", "account_id": 2,
                "portfolio_id": 1,
            }
        }
    )  # fmt: skip
    id: int
    asset_id: int
    symbol: str
    type: str
    quantity: float
    price: float
    amount: float
    fees: float
    currency: str
    date: str
    account_id: int
    portfolio_id: int


class TrackedPosition(BaseModel):
    """One holding of the portfolio; what is not available is null with its reason."""

    asset_id: int
    account_id: int
    symbol: str
    exchange: str
    name: str
    quantity: float
    avg_buy_price: float
    current_price: float | None = None
    current_price_reason: str | None = None
    invested_value: float
    current_value: float | None = None
    current_value_reason: str | None = None
    pnl: float | None = None
    pnl_reason: str | None = None
    pnl_pct: float | None = None
    pnl_pct_reason: str | None = None


class TrackedReturns(BaseModel):
    """What it earned: all of it since the first fact, in money and in per cent of cost."""

    realised: float
    income: float
    unrealised: float | None = None
    unrealised_reason: str | None = None
    unrealised_pct: float | None = None
    unrealised_pct_reason: str | None = None
    day_change: float | None = None
    day_change_reason: str | None = None
    day_change_pct: float | None = None
    day_change_pct_reason: str | None = None


class TrackedPortfolio(BaseModel):
    """One portfolio: total value, P&L, returns, positions."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": 1, "name": "My portfolio", "currency": "INR", "total_value": 13407.50,
                "total_invested": 12265.00, "total_pnl": 1142.50, "total_pnl_pct": 9.31, "unpriced_count": 0,
                "returns": {
                    "realised": 0.00, "income": 280.00, "unrealised": 1142.50, "unrealised_pct": 9.31,
                    "day_change": 42.50, "day_change_pct": 0.32,
                },
                "positions": [
                    {
                        "asset_id": 11, "account_id": 2, "symbol": "TATAPOWER", "exchange": "NSE",
                        "name": "Tata Power Company Limited", "quantity": 50, "avg_buy_price": 245.30,
                        "current_price": 268.15, "invested_value": 12265.00, "current_value": 13407.50,
                        "pnl": 1142.50, "pnl_pct": 9.31,
                    }
                ],
                "as_of": "2026-02-12T15:30:00+05:30",
            }
        }
    )  # fmt: skip
    id: int
    name: str
    currency: str
    total_value: float | None = Field(description="Of the priced positions; null when none has a price.")
    total_value_reason: str | None = None
    total_invested: float
    total_pnl: float | None = None
    total_pnl_reason: str | None = None
    total_pnl_pct: float | None = None
    total_pnl_pct_reason: str | None = None
    unpriced_count: int
    returns: TrackedReturns
    positions: list[TrackedPosition]
    as_of: str | None = None
    as_of_reason: str | None = None


@router.post("/transactions", status_code=201, response_model=TradeResponse)
def record(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: NewTrade) -> Response:
    """Record a purchase or sale of a known instrument. Every other kind: `POST /api/v1/transactions`."""
    home = _home(db, viewer, wish)
    id = InstrumentId(wish.asset_id)
    asset = instruments.visible(db, viewer, [id]).get(id)
    if asset is None:
        raise Misuse(
            "asset_id", "names no instrument", cure="Take an id of GET /api/v1/transactions or holdings"
        )
    fact = _fact(wish, id, home.currency)
    made = deeds.record(db, house, viewer, home.id, fact)
    body: dict[str, Any] = {
        "id": made,
        "asset_id": id,
        "symbol": asset.symbol,
        "type": fact.kind,
        "quantity": units(wish.quantity),
        "price": unit_price(wish.price),
        "amount": number(fact.amount.amount),
        "fees": number(fact.charges.amount),
        "currency": fact.amount.currency,
        "date": fact.day.iso(),
        "account_id": home.id,
        "portfolio_id": home.portfolio,
    }
    return reply(body, 201)


def _fact(wish: NewTrade, asset: InstrumentId, currency: Currency) -> Fact:
    return trade(
        Kind(wish.type.value),
        day_of(wish.date, "date"),
        asset,
        wish.quantity,
        Price(wish.price, currency),
        fees=Money(wish.fees, currency) if wish.fees else None,
        note=wish.note,
    )


def _home(db: WriteDb, viewer: Viewer, wish: NewTrade) -> Account:
    """The account named, else the only one there is; raises Misuse when that is not clear."""
    if wish.account_id is not None:
        return accounts.account_of(db, viewer, AccountId(wish.account_id))
    chosen = None if wish.portfolio_id is None else PortfolioId(wish.portfolio_id)
    homes = _of_portfolio(db, viewer, chosen)
    if len(homes) != 1:
        many = "has no account" if not homes else f"could be any of {len(homes)} accounts"
        raise Misuse("account_id", many, cure="Name the account: GET /api/v1/accounts lists them")
    return homes[0]


def _of_portfolio(db: ReadDb, viewer: Viewer, portfolio: PortfolioId | None) -> tuple[Account, ...]:
    return tuple(active_accounts(db, viewer, portfolio))


@router.get("/portfolios/{id}", response_model=TrackedPortfolio)
def one(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Total value, P&L, returns and positions of one portfolio."""
    return reply(tracked(valued_portfolio(db, house, viewer, portfolio=PortfolioId(id))))


def tracked(view: PortfolioView) -> dict[str, Any]:
    """A portfolio's view as the tracker's figures."""
    strip = kpis(view)
    chosen = view.portfolio
    body: dict[str, Any] = {
        "id": None if chosen is None else chosen.id,
        "name": "" if chosen is None else chosen.name,
        "currency": view.currency,
        "total_value": strip["current_value"],
        "total_invested": strip["total_invested"],
    }
    if "current_value_reason" in strip:
        body["total_value_reason"] = strip["current_value_reason"]
    body |= {name: value for name, value in strip.items() if name.startswith(("total_pnl", "unpriced"))}
    body["returns"] = _returns(view, strip)
    body["positions"] = [_position(row) for row in view.rows]
    put(body, "as_of", ist(view.as_of), "no price yet")
    return body


def _returns(view: PortfolioView, strip: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"realised": number(view.realised.amount), "income": number(view.income.amount)}
    body |= {
        name.replace("total_pnl", "unrealised"): value
        for name, value in strip.items()
        if name.startswith("total_pnl")
    }
    change, ratio = view.valuation.day_change, view.day_change_ratio
    put(body, "day_change", None if change is None else number(change.amount), "no previous close known")
    put(body, "day_change_pct", None if ratio is None else per_cent(ratio), "no previous close known")
    return body


def _position(row: HoldingRow) -> dict[str, Any]:
    valued, quote = row.valued, row.valued.quote
    body: dict[str, Any] = {
        "asset_id": row.instrument.id,
        "account_id": row.account.id,
        "symbol": row.instrument.symbol,
        "exchange": row.instrument.exchange,
        "name": row.instrument.name,
        "quantity": units(valued.quantity),
        "avg_buy_price": unit_price(valued.average_price.amount),
    }
    put(body, "current_price", None if quote is None else unit_price(quote.price.amount), valued.missing)
    return body | worth_of(row)
