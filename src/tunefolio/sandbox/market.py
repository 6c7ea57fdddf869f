"""What the simulated exchange shows at an instant: a pure function of seed, sessions and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from tunefolio.core.time import Instant, TradingDay
from tunefolio.sandbox import corporate
from tunefolio.sandbox.noise import key_of, mix
from tunefolio.sandbox.paths import DayPath, Paths, share_of_volume
from tunefolio.sandbox.sessions import MINUTE, Sessions, Window
from tunefolio.sandbox.universe import Listed, Universe


@dataclass(frozen=True, slots=True)
class Candle:
    """Prices in paise over [start, start + its interval); volume in units."""

    start: Instant
    open: int
    high: int
    low: int
    close: int
    volume: int


@dataclass(frozen=True, slots=True)
class Level:
    """One line of the order book: paise, units, and how many orders stand there."""

    price: int
    quantity: int
    orders: int


@dataclass(frozen=True, slots=True)
class Sight:
    """One listing at one instant, in paise. traded: when `last` was made; previous_close: a session ago."""

    listed: Listed
    day: TradingDay
    traded: Instant
    is_trading: bool
    last: int
    open: int
    high: int
    low: int
    previous_close: int
    volume: int
    average: int
    last_quantity: int


class Market:
    """Every listing, priced. The same arguments give the same answers in every process."""

    def __init__(self, universe: Universe, sessions: Sessions, seed: int) -> None:
        self.universe = universe
        self.sessions = sessions
        self._paths = Paths(seed)
        self._seed = seed

    @property
    def seed(self) -> int:
        """What every price comes from."""
        return self._seed

    def price(self, listed: Listed, now: Instant) -> int:
        """The last price in paise."""
        return self.sight(listed, now).last

    def close(self, listed: Listed, day: TradingDay) -> int:
        """The official close of a session in paise."""
        return self._paths.close(listed, day)

    def paid(self, listed: Listed, day: TradingDay) -> int:
        """What one unit of that day cost at its close in paise: more than in today's units before a split."""
        return corporate.paid(listed, self.close(listed, day), day)

    def window(self, listed: Listed, day: TradingDay) -> Window:
        if listed.company.has_derivatives:
            return self.sessions.with_auction(day)
        return self.sessions.regular(day)

    def sight(self, listed: Listed, now: Instant) -> Sight:
        """All that a quote shows."""
        day = self.sessions.current(now)
        before = self.sessions.before(day)
        window = self.window(listed, day)
        path = self._path(listed, day)
        if now >= window.final:
            return self._closed(listed, day, before, window, path)
        moment = min(now, window.end - timedelta(seconds=1))
        minute, second = divmod(int((moment - window.open).total_seconds()), 60)
        last = path.at(minute, second)
        low, high = path.extremes(minute, second)
        part = share_of_volume((60 * minute + second + 1) / (60 * path.minutes))
        return Sight(
            listed, day, window.open + timedelta(minutes=minute, seconds=second), now < window.end,
            last, path.candle.open, high, low, self.close(listed, before), int(path.candle.volume * part),
            min(high, max(low, (path.candle.open + high + low + last) // 4)),
            1 + mix(path.key, 60 * minute + second) % 200,
        )  # fmt: skip

    def _closed(
        self, listed: Listed, day: TradingDay, before: TradingDay, window: Window, path: DayPath
    ) -> Sight:
        candle = path.candle
        average = (candle.open + candle.high + candle.low + candle.close) // 4
        return Sight(
            listed, day, window.final - timedelta(seconds=1), False,
            candle.close, candle.open, candle.high, candle.low, self.close(listed, before), candle.volume,
            average, 1 + mix(path.key, 99_991) % 200,
        )  # fmt: skip

    def _path(self, listed: Listed, day: TradingDay) -> DayPath:
        window = self.window(listed, day)
        before = self.sessions.before(day)
        return self._paths.path(listed, before, day, window)

    def depth(self, sight: Sight) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Five bids and five asks, best first; empty when nothing trades."""
        if not sight.is_trading:
            return (), ()
        key = key_of(self._seed, "depth", sight.listed.key, sight.traded.iso())
        tick = sight.listed.tick
        bids = tuple(
            _line(key, place, sight.last - tick * place) for place in range(5) if sight.last > tick * place
        )
        asks = tuple(_line(key, 5 + place, sight.last + tick * (place + 1)) for place in range(5))
        return bids, asks

    def days(self, listed: Listed, start: TradingDay, end: TradingDay, now: Instant) -> Iterator[Candle]:
        """Daily candles of [start, end) up to now, oldest first; the running day as it stands. O(1) each."""
        today = self.sessions.current(now)
        for day in self.sessions.between(start, end, now):
            opened = self.window(listed, day).open
            if day == today:
                sight = self.sight(listed, now)
                yield Candle(opened, sight.open, sight.high, sight.low, sight.last, sight.volume)
                continue
            candle = self._paths.candle(listed, self.sessions.before(day), day)
            yield Candle(opened, candle.open, candle.high, candle.low, candle.close, candle.volume)

    def minutes(self, listed: Listed, start: TradingDay, end: TradingDay, now: Instant) -> Iterator[Candle]:
        """Minute candles of [start, end) up to now, oldest first; the running minute as it stands."""
        for day in self.sessions.between(start, end, now):
            yield from self._minutes_of(listed, day, now)

    def _minutes_of(self, listed: Listed, day: TradingDay, now: Instant) -> Iterator[Candle]:
        path, opened = self._path(listed, day), self.window(listed, day).open
        traded = 0
        for minute in range(path.minutes):
            start = opened + MINUTE * minute
            if start > now:
                return
            second = min(59, int((now - start).total_seconds()))
            if second < 59:
                low, high = _so_far(path, minute, second)
            else:
                low, high = path.band(minute)
            volume = int(
                path.candle.volume * share_of_volume((60 * minute + second + 1) / (60 * path.minutes))
            )
            yield Candle(start, path.nodes[minute], high, low, path.at(minute, second), volume - traded)
            traded = volume


def _so_far(path: DayPath, minute: int, second: int) -> tuple[int, int]:
    prices = [path.at(minute, past) for past in range(second + 1)]
    return min(prices), max(prices)


def _line(key: int, place: int, price: int) -> Level:
    word = mix(key, place)
    orders = 1 + word % 12
    return Level(price, orders * (1 + (word >> 8) % 400), orders)
