"""What the faces show, as values: pages, the API and the command line all render these and compute nothing.

A figure that is not available is None and has its reason beside it; ratios are ratios (0.12), money is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.valuation import Converted, Valuation, ValuedPosition
from tunefolio.core.identity import TransactionId
from tunefolio.core.money import Currency, Money, Price
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Account, Portfolio
from tunefolio.ledger.lots import Lot, Match
from tunefolio.ledger.reconcile import Break
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.fx import RateBook
from tunefolio.market.instruments import Instrument
from tunefolio.market.sectors import Classification
from tunefolio.services.brokers import AppSource as AppSource
from tunefolio.services.brokers import BrokerStatus as BrokerStatus
from tunefolio.services.plans import Preview as Preview
from tunefolio.services.plans import PreviewRow as PreviewRow
from tunefolio.services.plans import RowFate as RowFate
from tunefolio.store.snapshots import CurvePoint as CurvePoint
from tunefolio.store.snapshots import Snapshot
from tunefolio.store.transactions import TransactionFilter


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the prices on a page are. as_of: the newest price used, None when there is none.

    is_stale: older than the session calendar expects; then `reason` is a sentence for the person.
    """

    as_of: Instant | None
    is_stale: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HoldingRow:
    """One account's holding of one instrument. weight_ratio: of the priced total; None without a price.

    here: its figures in the view's currency, as the sums have them: what rows are compared by, whatever
    currency they are told in.
    """

    instrument: Instrument
    account: Account
    valued: ValuedPosition
    here: Converted
    classification: Classification
    weight_ratio: Decimal | None
    last_snapshot: Instant | None
    snapshot_count: int
    is_stale: bool = False

    @property
    def pnl_ratio(self) -> Decimal | None:
        """P&L ÷ cost; None without a price, or when nothing was laid out (a gift, a short sale)."""
        pnl = self.valued.pnl
        return None if pnl is None or self.valued.invested.amount <= 0 else pnl / self.valued.invested

    @property
    def day_change_ratio(self) -> Decimal | None:
        quote = self.valued.quote
        return None if quote is None else quote.day_change_ratio()

    @property
    def is_converted(self) -> bool:
        """It is held in another currency than the view's."""
        return self.here.invested != self.valued.invested

    @property
    def invested_here(self) -> Money | None:
        """In the view's currency, each lot at the rate of its day; None without a rate."""
        return self.here.invested if isinstance(self.here.invested, Money) else None

    @property
    def value_here(self) -> Money | None:
        """What it adds to the view's value, at the day's rate; None without a price or a rate."""
        value = self.here.value
        return value if isinstance(value, Money) and isinstance(self.here.invested, Money) else None

    @property
    def pnl_here(self) -> Money | None:
        """What it adds to the view's P&L, the gain of its currency included; None without price or rate."""
        value, invested = self.value_here, self.invested_here
        return None if value is None or invested is None else value - invested

    @property
    def has_opening(self) -> bool:
        """Some of the units were there before the records begin: their purchase day is unknown."""
        return any(lot.day is None for lot in self.valued.position.lots)


@dataclass(frozen=True, slots=True)
class SectorRow:
    """All holdings of one sector. stock_count: companies, so one listed on two exchanges counts once.

    value, pnl: over its priced holdings, None when it has none; `unpriced` counts the others.
    invested:   of all its holdings. weight_ratio: value ÷ the value of the whole view.
    """

    sector: str
    stock_count: int
    invested: Money
    value: Money | None
    pnl: Money | None
    pnl_ratio: Decimal | None
    weight_ratio: Decimal | None
    unpriced: int


@dataclass(frozen=True, slots=True)
class BreakRow:
    """A difference between what a broker reports and what our books hold, to be resolved by a person."""

    account: Account
    instrument: Instrument
    found: Break
    seen: Instant


@dataclass(frozen=True, slots=True)
class StoppedAccount:
    """An account whose books contradict themselves: left out of every figure until its owner mends it."""

    account: Account
    problem: str


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """The dashboard: one portfolio (or all of a person's active accounts), valued.

    portfolio:  None when it covers every active portfolio.
    rows:       one per account and instrument, dearest first. sectors: largest first.
    stock_count: companies held. day_change_ratio: of the holdings whose previous close is known.
    realised, income: of all positions, closed ones included, in the view's currency.
    rates, day:  what sums in the view's currency were converted with; explanations use the same.
    """

    portfolio: Portfolio | None
    currency: Currency
    accounts: tuple[Account, ...]
    valuation: Valuation
    rows: tuple[HoldingRow, ...]
    sectors: tuple[SectorRow, ...]
    stock_count: int
    day_change_ratio: Decimal | None
    realised: Money
    income: Money
    freshness: Freshness
    breaks: tuple[BreakRow, ...]
    stopped: tuple[StoppedAccount, ...]
    rates: RateBook
    day: TradingDay

    @property
    def as_of(self) -> Instant | None:
        return self.freshness.as_of

    @property
    def stale(self) -> bool:
        return self.freshness.is_stale

    def of_sector(self, sector: str) -> tuple[HoldingRow, ...]:
        """The holdings of one sector, dearest first; empty for a sector that is not held."""
        return tuple(row for row in self.rows if row.classification.sector == sector)


@dataclass(frozen=True, slots=True)
class LotRow:
    """One open lot at the newest price. held_days: calendar days since purchase, None when unknown."""

    lot: Lot
    average_price: Price
    held_days: int | None
    value: Money | None
    pnl: Money | None


@dataclass(frozen=True, slots=True)
class LotsView:
    """One holding explained down to its facts. Open lots oldest first, matches and transactions newest first.

    valued: None once everything is sold. missing: why there is no value, "" when there is one.
    """

    account: Account
    instrument: Instrument
    classification: Classification
    valued: ValuedPosition | None
    lots: tuple[LotRow, ...]
    matches: tuple[Match, ...]
    transactions: tuple[Transaction, ...]
    realised: Money
    income: Money
    freshness: Freshness
    missing: str = ""


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A fact with what it speaks of. text: its line in the notation of the text book.

    other: the second instrument of a corporate action or delivery. counterpart: the account on the other side
    of a transfer, None when it is outside the books.
    """

    transaction: Transaction
    account: Account
    instrument: Instrument | None
    text: str
    other: Instrument | None = None
    counterpart: Account | None = None


@dataclass(frozen=True, slots=True)
class TransactionsView:
    """One page of facts, newest first. next: the cursor of the following page, None at the end.

    tags: all of the viewer's words. chosen: the filter that this page answers, for links and forms.
    """

    rows: tuple[TransactionRow, ...]
    next: tuple[TradingDay, TransactionId] | None
    tags: tuple[str, ...]
    chosen: TransactionFilter


@dataclass(frozen=True, slots=True)
class SnapshotsView:
    """The newest snapshot of each account and when the timetable takes the next."""

    latest: tuple[Snapshot, ...]
    accounts: tuple[Account, ...]
    next_sod: Instant | None
    next_eod: Instant | None


@dataclass(frozen=True, slots=True)
class HealthView:
    """What the house says of itself to a machine; holds nothing of anyone."""

    is_well: bool
    version: str
    database: str
    now: Instant
    market_phase: str
    trading_day: TradingDay | None
    is_rehearsal: bool
    problem: str = ""
