"""What the demo's person kept by hand before: a family's demat over years, at the rehearsal's prices."""

from __future__ import annotations

from decimal import Decimal

from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.sandbox.market import Market
from tunefolio.services import portfolios, record
from tunefolio.services.house import House
from tunefolio.store.db import WriteDb

ACCOUNT = "Family demat"
PORTFOLIO = "My portfolio"

_TRADES = (
    ("2023-07-12", "buy", 60, "HINDUNILVR", "#family"),
    ("2023-09-20", "buy", 150, "POWERGRID", "#family"),
    ("2023-11-15", "buy", 25, "BAJAJ-AUTO", ""),
    ("2024-01-18", "buy", 80, "AXISBANK", ""),
    ("2024-03-21", "buy", 12, "NESTLEIND", "#family"),
    ("2024-06-20", "buy", 40, "CIPLA", ""),
    ("2024-09-26", "sell", 30, "AXISBANK", ""),
    ("2024-11-28", "buy", 200, "COALINDIA", "#dividends"),
    ("2025-02-20", "buy", 18, "HCLTECH", ""),
    ("2025-06-26", "buy", 10, "EICHERMOT", ""),
    ("2025-09-18", "sell", 50, "POWERGRID", "#family"),
    ("2025-12-18", "buy", 35, "TECHM", ""),
    ("2026-03-25", "buy", 100, "COALINDIA", "#dividends"),
    ("2026-07-23", "sell", 10, "BAJAJ-AUTO", ""),
)
_OTHERS = (
    "2023-07-10 deposit 750000",
    "2025-02-27 dividend 1120 NSE:COALINDIA",
    "2025-08-28 dividend 1040 NSE:COALINDIA",
    "2025-11-06 dividend 1740 NSE:HINDUNILVR",
    "2026-04-01 fee 354",
)
_FEE_RATIO = Decimal("0.00112")


def seed(db: WriteDb, house: House, viewer: Viewer, market: Market) -> None:
    """A portfolio with one hand-kept account and its history; through the same services as by hand."""
    home = portfolios.create_portfolio(db, house, viewer, PORTFOLIO)
    account = portfolios.create_account(db, house, viewer, home.id, ACCOUNT)
    for text in sorted((*_OTHERS, *(_line(market, *trade) for trade in _TRADES))):
        record.record_line(db, house, viewer, account.id, text)


def _line(market: Market, day: str, kind: str, quantity: int, symbol: str, tag: str) -> str:
    """One trade in the notation, at that day's close; charges rounded to the paisa."""
    price = Decimal(market.close(market.universe.of(f"NSE:{symbol}"), TradingDay.parse(day))) / 100
    fee = (price * quantity * _FEE_RATIO).quantize(Decimal("0.01"))
    return f"{day} {kind} {quantity} NSE:{symbol} @ {price} fee {fee} {tag}".strip()
