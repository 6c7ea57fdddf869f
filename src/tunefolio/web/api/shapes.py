"""The shapes of the first source system's routes, with examples; they document, orjson writes.

A value that is not available is null, and `<name>_reason` beside it says why. Money and prices are JSON
numbers, exact to the paisa; `_pct` is per cent with two decimals; quantities may be fractional.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": values})


class Readiness(BaseModel):
    """Whether visitors may be sent to this process."""

    model_config = _example(status="ready", problems=[])
    status: str = Field(description="`ready`, or `not ready` with status 503.")
    problems: list[str]


class HealthCheck(BaseModel):
    """How the house is, told to a machine; holds nothing of anyone."""

    model_config = _example(
        status="ok",
        version="0.1.0",
        database="sqlite",
        time="2026-11-20T14:02:09+05:30",
        market_phase="continuous",
        trading_day="2026-11-20",
        rehearsal=False,
        problem=None,
    )
    status: str = Field(description="`ok`, or `unwell` with status 503 and a `problem`.")
    version: str
    database: str = Field(description="`sqlite` or `postgresql`.")
    time: str = Field(description="ISO 8601 with the Indian offset.")
    market_phase: str = Field(
        description="closed, pre_open, continuous, closing_auction, post_close or unknown."
    )
    trading_day: str | None = Field(description="The session now belongs to; null beyond the known calendar.")
    rehearsal: bool = Field(description="True when prices and brokers are simulated.")
    problem: str | None = None


class KpiResponse(BaseModel):
    """The figures on top of the dashboard, over all active accounts."""

    model_config = _example(
        total_stocks=24,
        total_invested=485230.50,
        current_value=521045.75,
        total_pnl=35815.25,
        total_pnl_pct=7.38,
        unpriced_count=0,
        as_of="2026-02-12T15:30:00+05:30",
    )
    total_stocks: int = Field(description="Companies: one listed on two exchanges counts once.")
    total_invested: float
    current_value: float | None = Field(description="Of the priced holdings; null when none has a price.")
    current_value_reason: str | None = None
    total_pnl: float | None = None
    total_pnl_reason: str | None = None
    total_pnl_pct: float | None = None
    total_pnl_pct_reason: str | None = None
    unpriced_count: int = Field(description="Holdings that the value leaves out for want of a price.")
    as_of: str | None = Field(description="When the newest price used was true.")
    as_of_reason: str | None = None
    stale_reason: str | None = Field(
        None, description="Present when the prices are older than they should be."
    )


class HoldingResponse(BaseModel):
    """One account's holding of one instrument."""

    symbol: str
    exchange: str
    account: str
    sector: str
    industry: str | None = None
    industry_reason: str | None = None
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
    last_snapshot_at: str | None = None
    last_snapshot_at_reason: str | None = None
    snapshot_count: int


class Holdings(BaseModel):
    """All holdings, dearest first; `next` when a limit cut the list."""

    model_config = _example(
        count=24,
        data=[
            {
                "symbol": "TATAPOWER",
                "exchange": "NSE",
                "account": "Zerodha AB1234",
                "sector": "Utilities",
                "industry": "Power Generation",
                "quantity": 50,
                "avg_buy_price": 245.30,
                "current_price": 268.15,
                "invested_value": 12265.00,
                "current_value": 13407.50,
                "pnl": 1142.50,
                "pnl_pct": 9.31,
                "last_snapshot_at": "2026-02-12T09:00:00+05:30",
                "snapshot_count": 45,
            }
        ],
    )
    count: int = Field(description="Holdings in all, whatever the limit.")
    data: list[HoldingResponse]
    next: str | None = Field(None, description="Present when there is more: pass it as `cursor`.")


class SectorAllocation(BaseModel):
    """One sector's share. Values are over its priced holdings."""

    sector: str
    stock_count: int
    invested_value: float
    current_value: float | None = None
    current_value_reason: str | None = None
    pnl: float | None = None
    pnl_reason: str | None = None
    pnl_pct: float | None = None
    pnl_pct_reason: str | None = None
    weight_pct: float | None = None
    weight_pct_reason: str | None = None


class Allocation(BaseModel):
    """How the money is spread over sectors, largest first."""

    model_config = _example(
        total_portfolio_value=521045.75,
        sectors=[
            {
                "sector": "Utilities",
                "stock_count": 4,
                "invested_value": 98500.00,
                "current_value": 107230.50,
                "pnl": 8730.50,
                "pnl_pct": 8.86,
                "weight_pct": 20.58,
            }
        ],
    )
    total_portfolio_value: float | None
    total_portfolio_value_reason: str | None = None
    sectors: list[SectorAllocation]


class SectorHolding(BaseModel):
    """One holding in a sector's drill-down."""

    symbol: str
    exchange: str
    quantity: float
    invested_value: float
    current_value: float | None = None
    current_value_reason: str | None = None
    pnl: float | None = None
    pnl_reason: str | None = None
    pnl_pct: float | None = None
    pnl_pct_reason: str | None = None


class SectorDetails(BaseModel):
    """The holdings of one sector."""

    model_config = _example(
        sector="Utilities",
        stock_count=4,
        holdings=[
            {
                "symbol": "TATAPOWER",
                "exchange": "NSE",
                "quantity": 50,
                "invested_value": 12265.00,
                "current_value": 13407.50,
                "pnl": 1142.50,
                "pnl_pct": 9.31,
            }
        ],
    )
    sector: str
    stock_count: int
    holdings: list[SectorHolding]


class SnapshotEntry(BaseModel):
    """One snapshot of one account. A missed one has no figures and says so."""

    id: int
    account_id: int
    account: str
    snapshot_type: str = Field(description="SOD, EOD or MANUAL.")
    trading_day: str
    state: str = Field(description="taken, or missed when the house was not running in its time window.")
    snapshot_at: str
    invested_value: float | None = None
    invested_value_reason: str | None = None
    current_value: float | None = None
    current_value_reason: str | None = None
    unpriced_count: int


_ENTRY: dict[str, Any] = {
    "id": 31,
    "account_id": 2,
    "account": "Zerodha AB1234",
    "snapshot_type": "SOD",
    "trading_day": "2026-02-12",
    "state": "taken",
    "snapshot_at": "2026-02-12T09:00:00+05:30",
    "invested_value": 485230.50,
    "current_value": 521045.75,
    "unpriced_count": 0,
}


class SnapshotMeta(BaseModel):
    """The newest snapshot of every active account; `latest_at` is the newest of them."""

    model_config = _example(latest_at="2026-02-12T09:00:00+05:30", count=1, data=[_ENTRY])
    latest_at: str | None
    latest_at_reason: str | None = None
    count: int
    data: list[SnapshotEntry]


class SnapshotResult(BaseModel):
    """What a trigger took: a MANUAL snapshot of every active account; a later one of a day replaces it."""

    model_config = _example(count=1, data=[{**_ENTRY, "snapshot_type": "MANUAL"}])
    count: int
    data: list[SnapshotEntry]


class BrokerSession(BaseModel):
    """How one account stands with its broker."""

    broker: str
    title: str
    account_id: int | None
    account: str | None
    user_id: str | None
    state: str = Field(description="connected, needs_login or disconnected.")
    connected_at: str | None
    expires_at: str | None
    synced_at: str | None
    problem: str | None = None
    cure: str | None = None
    cure_link: str | None = None


class SessionInfo(BaseModel):
    """Who is signed in here, and which broker sessions are alive."""

    model_config = _example(
        active=True,
        person={"id": 1, "name": "Asha", "email": "asha@example.org", "role": "admin"},
        expires_at="2026-12-20T09:00:00+05:30",
        broker_sessions=[
            {
                "broker": "zerodha",
                "title": "Zerodha",
                "account_id": 2,
                "account": "Zerodha AB1234",
                "user_id": "AB1234",
                "state": "connected",
                "connected_at": "2026-11-20T08:41:00+05:30",
                "expires_at": "2026-11-21T06:00:00+05:30",
                "synced_at": "2026-11-20T14:00:00+05:30",
            }
        ],
    )
    active: bool = Field(description="True while at least one broker session is alive.")
    person: dict[str, Any]
    expires_at: str = Field(description="When this sign-in ends, unless it is used before.")
    broker_sessions: list[BrokerSession]


class FieldError(BaseModel):
    field: str
    problem: str
    cure: str


class ProblemJson(BaseModel):
    """RFC 9457: what went wrong and what would help."""

    model_config = _example(
        type="/api/docs#misuse",
        title="That input does not work",
        status=422,
        detail="quantity: sells 20 but only 10 are held",
        request_id="5f0c9b1e2d3a4c55",
        cure="Record the missing purchase or an opening position first",
        errors=[
            {
                "field": "quantity",
                "problem": "sells 20 but only 10 are held",
                "cure": "Record the purchase first",
            }
        ],
    )
    type: str
    title: str
    status: int
    detail: str
    request_id: str
    cure: str | None = None
    errors: list[FieldError] | None = None
