"""What the demo's person kept by hand before: a family's demat over years, at the rehearsal's prices."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from decimal import Decimal

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import Price
from tunefolio.core.people import Viewer
from tunefolio.core.time import FixedClock, TradingDay, calendar_date
from tunefolio.market.quotes import Quote, QuoteKind
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.universe import Listed
from tunefolio.services import portfolios, record, snapshot
from tunefolio.services.house import House
from tunefolio.store import quotes, transactions
from tunefolio.store.db import WriteDb
from tunefolio.store.snapshots import SnapshotType

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
_WEEK = 5
_DAILY = 40
_FEE_RATIO = Decimal("0.00112")


def seed(db: WriteDb, house: House, viewer: Viewer, market: Market) -> None:
    """A portfolio with one hand-kept account and its history; through the same services as by hand.

    The years are lived through in order: on each day of the curve what was done by then is recorded, and the
    account is frozen at that day's closes by a house whose clock stands there. Only a rehearsal can do so.
    """
    home = portfolios.create_portfolio(db, house, viewer, PORTFOLIO)
    account = portfolios.create_account(db, house, viewer, home.id, ACCOUNT)
    lines = deque(sorted((*_OTHERS, *(_line(market, *trade) for trade in _TRADES))))
    held: dict[InstrumentId, Listed] = {}
    for day in _curve_days(house):
        while lines and TradingDay.parse(lines[0][:10]) <= day:
            _record(db, house, viewer, account.id, lines.popleft(), held, market)
        then = replace(house, clock=FixedClock(house.calendar.eod(day)))
        quotes.put(db, [_closed(market, then, id, listed, day) for id, listed in held.items()])
        snapshot.take(db, then, viewer, account.id, SnapshotType.EOD)
    for line in lines:
        record.record_line(db, house, viewer, account.id, line)


def _curve_days(house: House) -> list[TradingDay]:
    """Past sessions since the first trade, oldest first: one a week, and each of the last eight weeks."""
    start = TradingDay.parse(min(day for day, *_ in _TRADES))
    end = min(TradingDay(calendar_date(house.clock.now())), house.calendar.known_until)
    sessions = list(house.calendar.sessions(start, end))
    return sessions[:-_DAILY:_WEEK] + sessions[-_DAILY:]


def _record(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    line: str,
    held: dict[InstrumentId, Listed],
    market: Market,
) -> None:
    id = record.record_line(db, house, viewer, account, line)
    instrument = transactions.transaction_of(db, viewer, id).fact.instrument
    if instrument is not None and instrument not in held:
        name = next(word for word in line.split() if ":" in word)
        held[instrument] = market.universe.of(name)


def _closed(market: Market, then: House, id: InstrumentId, listed: Listed, day: TradingDay) -> Quote:
    """The official close of that day as a quote."""
    before = then.calendar.previous(day)
    price, previous = (Price.of(Decimal(market.close(listed, d)) / 100) for d in (day, before))
    return Quote(id, price, previous, then.clock.now(), "rehearsal", QuoteKind.CLOSE)


def _line(market: Market, day: str, kind: str, quantity: int, symbol: str, tag: str) -> str:
    """One trade in the notation, at that day's close; charges rounded to the paisa."""
    price = Decimal(market.close(market.universe.of(f"NSE:{symbol}"), TradingDay.parse(day))) / 100
    fee = (price * quantity * _FEE_RATIO).quantize(Decimal("0.01"))
    return f"{day} {kind} {quantity} NSE:{symbol} @ {price} fee {fee} {tag}".strip()
