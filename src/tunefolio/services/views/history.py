"""What is past: the value curve and snapshots, and facts page by page."""

from __future__ import annotations

from collections.abc import Mapping

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId, TransactionId
from tunefolio.core.money import INR
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.meanings import Spellings
from tunefolio.ledger.notation import line
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import Instrument, quoted_in
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.snapshot import next_window
from tunefolio.services.views.shapes import SnapshotsView, TransactionRow, TransactionsView
from tunefolio.store import accounts, instruments, portfolios, snapshots, transactions
from tunefolio.store.db import ReadDb
from tunefolio.store.snapshots import CurvePoint, SnapshotType
from tunefolio.store.transactions import TransactionFilter

_CURVE_DAYS = 5 * 366
_LARGEST_PAGE = 500


def curve(
    db: ReadDb,
    house: House,
    viewer: Viewer,
    portfolio: PortfolioId | None = None,
    *,
    since: TradingDay | None = None,
) -> list[CurvePoint]:
    """One point a day with snapshots, oldest first; five years unless `since` says otherwise.

    Accounts in another currency than the view's are left out until there are dated rates."""
    chosen = portfolios.portfolio_of(db, viewer, portfolio) if portfolio is not None else None
    currency = chosen.currency if chosen is not None else INR
    start = since or TradingDay(calendar_date(house.clock.now())).plus_days(-_CURVE_DAYS)
    ids = [account.id for account in active_accounts(db, viewer, portfolio)]
    points = snapshots.value_curve(db, viewer, ids, start)
    return [point for point in points if point.value.currency == currency]


def transaction_page(
    db: ReadDb,
    _house: House,
    viewer: Viewer,
    chosen: TransactionFilter,
    *,
    before: tuple[TradingDay, TransactionId] | None = None,
    limit: int = 50,
) -> TransactionsView:
    """Facts of the viewer, newest first, with what they speak of and their line in the notation. Raises
    NotFound for a portfolio that is not hers: no facts would be told as those of what is asked for."""
    if chosen.portfolio is not None:
        portfolios.portfolio_of(db, viewer, chosen.portfolio)
    if not 1 <= limit <= _LARGEST_PAGE:
        raise Misuse("limit", f"{limit} is not between 1 and {_LARGEST_PAGE}")
    facts = transactions.page(db, viewer, filter=chosen, before=before, limit=limit + 1)
    shown = facts[:limit]
    named = {id for f in shown for id in (f.fact.instrument, f.fact.other) if id is not None}
    known = instruments.of_ids(db, sorted(named))
    homes = {account.id: account for account in accounts.listed(db, viewer)}
    spellings = Spellings(
        lambda id: f"{known[id].exchange}:{known[id].symbol}", lambda id: homes[id].name, str
    )
    rows = tuple(_row(fact, homes, known, spellings) for fact in shown)
    more = len(facts) > limit
    return TransactionsView(
        rows,
        (shown[-1].fact.day, shown[-1].id) if more else None,
        tuple(transactions.tags(db, viewer)),
        chosen,
    )


def _row(
    transaction: Transaction,
    homes: Mapping[AccountId, Account],
    known: Mapping[InstrumentId, Instrument],
    spellings: Spellings,
) -> TransactionRow:
    fact, home = transaction.fact, homes[transaction.account]
    about = known[fact.instrument] if fact.instrument is not None else None
    usual = home.currency if about is None else quoted_in(about.exchange) or home.currency
    return TransactionRow(
        transaction,
        home,
        about,
        line(fact, spellings, transaction.tags, usual),
        known[fact.other] if fact.other is not None else None,
        homes.get(fact.counterpart) if fact.counterpart is not None else None,
    )


def latest_snapshots(
    db: ReadDb, house: House, viewer: Viewer, *, portfolio: PortfolioId | None = None
) -> SnapshotsView:
    """The newest snapshot of each account in view, and when the timetable takes the next ones."""
    homes = active_accounts(db, viewer, portfolio)
    latest = snapshots.latest(db, viewer, [account.id for account in homes])
    now = house.clock.now()
    return SnapshotsView(
        tuple(latest), homes, _next(house, SnapshotType.SOD, now), _next(house, SnapshotType.EOD, now)
    )


def _next(house: House, type: SnapshotType, now: Instant) -> Instant | None:
    """None beyond the days the calendar knows."""
    try:
        return next_window(house.calendar, type, now)
    except Misuse:
        return None
