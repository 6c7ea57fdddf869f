"""What the faces show: pure reads that gather, value and arrange; `shapes` has the values they return."""

from tunefolio.services.brokers import AppSource, BrokerStatus
from tunefolio.services.plans import Preview, PreviewRow, RowFate
from tunefolio.services.views.actions import actions
from tunefolio.services.views.allocations import allocation_view as allocation
from tunefolio.services.views.breaks import breaks
from tunefolio.services.views.explain import explanation
from tunefolio.services.views.health import health
from tunefolio.services.views.history import curve, latest_snapshots, transaction_page
from tunefolio.services.views.holding import lots
from tunefolio.services.views.holdings import holding
from tunefolio.services.views.performance import performance
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
from tunefolio.services.views.shapes_allocation import AllocationSlice, AllocationView, Dimension
from tunefolio.services.views.shapes_figures import Ask, Computation, Figure, ScopeView, Span, Unit, Value
from tunefolio.services.views.shapes_holding import (
    ChartMark,
    ChartPoint,
    HoldingView,
    IncomeRow,
    LotFigures,
    MatchFigures,
    MethodFigures,
)
from tunefolio.services.views.shapes_performance import (
    BenchmarkChoice,
    BenchmarkView,
    PerformanceView,
    SeriesPoint,
    StatementView,
)
from tunefolio.services.views.shapes_repairs import (
    ActionState,
    ActionsView,
    ActionView,
    BreaksView,
    BreakView,
    Evidence,
    HeldState,
    RepairView,
)
from tunefolio.services.views.yields import holding_yields
from tunefolio.store.snapshots import CurvePoint

__all__ = [
    "ActionState",
    "ActionView",
    "ActionsView",
    "AllocationSlice",
    "AllocationView",
    "AppSource",
    "Ask",
    "BenchmarkChoice",
    "BenchmarkView",
    "BreakRow",
    "BreakView",
    "BreaksView",
    "BrokerStatus",
    "ChartMark",
    "ChartPoint",
    "Computation",
    "CurvePoint",
    "Dimension",
    "Evidence",
    "Figure",
    "Freshness",
    "HealthView",
    "HeldState",
    "HoldingRow",
    "HoldingView",
    "IncomeRow",
    "LotFigures",
    "LotRow",
    "LotsView",
    "MatchFigures",
    "MethodFigures",
    "PerformanceView",
    "PortfolioView",
    "Preview",
    "PreviewRow",
    "RepairView",
    "RowFate",
    "ScopeView",
    "SectorRow",
    "SeriesPoint",
    "SnapshotsView",
    "Span",
    "StatementView",
    "StoppedAccount",
    "TransactionRow",
    "TransactionsView",
    "Unit",
    "Value",
    "actions",
    "allocation",
    "breaks",
    "curve",
    "explanation",
    "health",
    "holding",
    "holding_yields",
    "latest_snapshots",
    "lots",
    "performance",
    "portfolio",
    "transaction_page",
]
