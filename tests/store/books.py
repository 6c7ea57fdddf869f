"""People and their books, made in one line each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tunefolio.core.identity import AccountId, InstrumentId, Isin, PortfolioId
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import AccountKind
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, trade
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.store import accounts, instruments, persons, portfolios
from tunefolio.store.db import WriteDb
from tunefolio.store.transactions import Entry

NOW = Instant(datetime(2026, 11, 20, 4, 30, tzinfo=UTC))
DAY = TradingDay.parse("2026-11-20")


def later(minutes: int) -> Instant:
    return NOW + timedelta(minutes=minutes)


def person(db: WriteDb, name: str = "asha", role: Role = Role.MEMBER) -> Viewer:
    return persons.add(db, f"{name}@example.org", name.title(), "hash", role, NOW).viewer


def portfolio(db: WriteDb, viewer: Viewer, name: str = "Family") -> PortfolioId:
    return portfolios.add(db, viewer, name, INR, NOW).id


def account(
    db: WriteDb, viewer: Viewer, inside: PortfolioId | None = None, name: str = "Demat", broker_user: str = ""
) -> AccountId:
    home = inside or portfolio(db, viewer)
    kind, broker = (AccountKind.BROKER, "zerodha") if broker_user else (AccountKind.MANUAL, "")
    return accounts.add(db, viewer, home, name, kind, INR, NOW, broker, broker_user).id


def claim(
    symbol: str = "INFY", isin: str | None = None, exchange: str = "NSE", series: str = ""
) -> InstrumentClaim:
    return InstrumentClaim(Listing(exchange, symbol, series), Isin(isin) if isin else None, symbol.title())


def instrument(db: WriteDb, symbol: str = "INFY") -> InstrumentId:
    one = claim(symbol)
    return instruments.resolve(db, [one], NOW)[one]


def buy(
    what: InstrumentId, quantity: str = "10", price: str = "1500", day: TradingDay = DAY, note: str = ""
) -> Fact:
    return trade(Kind.BUY, day, what, Decimal(quantity), Price.of(price), note=note)


def deposit(amount: str = "1000", day: TradingDay = DAY) -> Fact:
    return Fact(Kind.DEPOSIT, day, Money.of(amount))


def entry(fact: Fact, key: str = "t1") -> Entry:
    return Entry(fact, key)
