"""What the rehearsal knows beyond India: a few American shares, and what a dollar costs. Levels of our own.

Shares trade on New York's days and in its hours; currencies on the days of the simulated exchange at home.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cache

from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.market.calendars import Calendars
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.sessions import AlwaysSessions, Hours, sessions_of
from tunefolio.sandbox.universe import Company, Kind, Listed, Universe


@dataclass(frozen=True, slots=True)
class Place:
    """How Yahoo speaks of an exchange. opens: on the wall in UTC, the second its daily candles bear."""

    currency: str
    code: str
    title: str
    zone: str
    short: str
    offset_seconds: int
    opens: time | None = None

    def stamp(self, start: Instant) -> int:
        """The second of a daily candle that begins at `start` in India."""
        if self.opens is None:
            return int(start.utc.timestamp())
        return int(datetime.combine(calendar_date(start), self.opens, UTC).timestamp())

    def day(self, stamp: int) -> TradingDay:
        """The trading day of a daily candle."""
        moment = Instant(datetime.fromtimestamp(stamp, UTC))
        return TradingDay(calendar_date(moment, UTC) if self.opens is not None else calendar_date(moment))


INDIA = {
    "NSE": Place("INR", "NSI", "NSE", "Asia/Kolkata", "IST", 19_800),
    "BSE": Place("INR", "BSE", "BSE", "Asia/Kolkata", "IST", 19_800),
}
_PLACES = {
    **INDIA,
    "NASDAQ": Place("USD", "NMS", "NasdaqGS", "America/New_York", "EST", -18_000, time(14, 30)),
    "NYSE": Place("USD", "NYQ", "NYSE", "America/New_York", "EST", -18_000, time(14, 30)),
    "CCY": Place("INR", "CCY", "CCY", "Europe/London", "GMT", 0, time(0)),
}


def place_of(listed: Listed) -> Place:
    return _PLACES[listed.exchange]


def market_for(market: Market, listed: Listed) -> Market:
    """The market with the hours of the listing's own exchange; prices are the same."""
    if listed.exchange not in ("NASDAQ", "NYSE"):
        return market
    hours = Hours.ALWAYS if isinstance(market.sessions, AlwaysSessions) else Hours.CALENDAR
    return _new_york(market.seed, hours)


@cache
def _new_york(seed: int, hours: Hours) -> Market:
    return Market(Universe(()), sessions_of(hours, Calendars().of("NYSE")), seed)


def _share(symbol: str, name: str, level: float, exchange: str = "NASDAQ") -> Listed:
    company = Company(symbol, "", None, name, "Information Technology", level, Kind.SHARE, False)
    return Listed(company, exchange, 0)


def _rate(currency: str, name: str, level: float) -> Listed:
    return Listed(Company(f"{currency}INR", "", None, name, "", level, Kind.RATE, False), "CCY", 0)


ABROAD = {
    "AAPL": _share("AAPL", "Apple Inc.", 240.0),
    "MSFT": _share("MSFT", "Microsoft Corporation", 500.0),
    "GOOGL": _share("GOOGL", "Alphabet Inc.", 230.0),
    "BRK-B": _share("BRK.B", "Berkshire Hathaway Inc.", 490.0, "NYSE"),
    "USDINR=X": _rate("USD", "USD/INR", 88.0),
    "EURINR=X": _rate("EUR", "EUR/INR", 102.0),
    "GBPINR=X": _rate("GBP", "GBP/INR", 118.0),
}
"""By Yahoo's symbol."""
