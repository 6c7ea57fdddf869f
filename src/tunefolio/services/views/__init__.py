"""What the faces show: pure reads that gather, value and arrange; `shapes` has the values they return."""

from tunefolio.services.brokers import AppSource, BrokerStatus
from tunefolio.services.plans import Preview, PreviewRow, RowFate
from tunefolio.services.views.health import health
from tunefolio.services.views.history import curve, latest_snapshots, transaction_page
from tunefolio.services.views.holding import lots
from tunefolio.services.views.portfolios import portfolio
from tunefolio.services.views.shapes import (
    BreakRow,
    Freshness,
    HealthView,
    HoldingRow,
    LotRow,
    LotsView,
    PortfolioView,
    SectorRow,
    SnapshotsView,
    StoppedAccount,
    TransactionRow,
    TransactionsView,
)
from tunefolio.store.snapshots import CurvePoint

__all__ = [
    "AppSource",
    "BreakRow",
    "BrokerStatus",
    "CurvePoint",
    "Freshness",
    "HealthView",
    "HoldingRow",
    "LotRow",
    "LotsView",
    "PortfolioView",
    "Preview",
    "PreviewRow",
    "RowFate",
    "SectorRow",
    "SnapshotsView",
    "StoppedAccount",
    "TransactionRow",
    "TransactionsView",
    "curve",
    "health",
    "latest_snapshots",
    "lots",
    "portfolio",
    "transaction_page",
]
