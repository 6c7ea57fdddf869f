"""The rehearsal's coins: traded at every hour of every day, their days those of UTC. Levels of our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, time, timedelta
from functools import cache

from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.sandbox.market import Candle, Market, Sight
from tunefolio.sandbox.sessions import Window
from tunefolio.sandbox.universe import Company, Kind, Listed, Universe

_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Coin:
    """digits: its price in dollars is the listing's, in hundredths, divided by ten so often again."""

    id: str
    symbol: str
    name: str
    listed: Listed
    digits: int

    def dollars(self, hundredths: int) -> float:
        return round(hundredths / 10.0 ** (2 + self.digits), 2 + self.digits)


def _coin(coin: str, symbol: str, name: str, level: float, digits: int = 0) -> Coin:
    company = Company(symbol, "", None, name, "Crypto-assets", level * 10**digits, Kind.SHARE, False)
    return Coin(coin, symbol, name, Listed(company, "CRYPTO", 0), digits)


COINS = {
    one.symbol: one
    for one in (
        _coin("bitcoin", "BTC", "Bitcoin", 90_000.0),
        _coin("ethereum", "ETH", "Ethereum", 3_000.0),
        _coin("solana", "SOL", "Solana", 150.0),
        _coin("arbitrum", "ARB", "Arbitrum", 0.4, 4),
        _coin("dogecoin", "DOGE", "Dogecoin", 0.2, 4),
        _coin("rehearsal-coin", "RHSL", "Rehearsal Coin", 12.0),
    )
}
"""By ticker, the most valuable first."""


class EveryDay:
    """Sessions of a market that never sleeps: midnight to midnight, UTC."""

    def current(self, now: Instant) -> TradingDay:
        return TradingDay(calendar_date(now, UTC))

    def before(self, day: TradingDay) -> TradingDay:
        return day.plus_days(-1)

    def between(self, start: TradingDay, end: TradingDay, now: Instant) -> Iterator[TradingDay]:
        last = min(end, self.current(now).plus_days(1))
        for ordinal in range(start.date.toordinal(), last.date.toordinal()):
            yield TradingDay(date.fromordinal(ordinal))

    def regular(self, day: TradingDay) -> Window:
        midnight = Instant.at(day, _MIDNIGHT, UTC)
        return Window(midnight, midnight + timedelta(days=1), midnight + timedelta(days=1))

    def with_auction(self, day: TradingDay) -> Window:
        return self.regular(day)


@cache
def coin_market(seed: int) -> Market:
    """The coins of a rehearsal, priced like its shares: by hashes of the seed."""
    return Market(Universe(tuple(coin.listed for coin in COINS.values())), EveryDay(), seed)


def candles(
    market: Market, coin: Coin, *, start: TradingDay, end: TradingDay, now: Instant
) -> Iterator[tuple[TradingDay, Candle]]:
    """Days of [start, end) up to now, the running one as it stands."""
    for candle in coin_market(market.seed).days(coin.listed, start, end, now):
        yield TradingDay(calendar_date(candle.start, UTC)), candle


def sight(market: Market, coin: Coin, now: Instant) -> Sight:
    """What a quote shows."""
    return coin_market(market.seed).sight(coin.listed, now)


def close(market: Market, coin: Coin, day: TradingDay) -> float:
    """Dollars at the end of a day of UTC."""
    return coin.dollars(coin_market(market.seed).close(coin.listed, day))
