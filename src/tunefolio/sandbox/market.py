"""What the simulated exchange shows at an instant: a pure function of seed, sessions and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache

from tunefolio.core.time import Instant, TradingDay
from tunefolio.sandbox import corporate
from tunefolio.sandbox.corporate import Register
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
    """Every listing, priced. The same arguments give the same answers in every process.

    register: what the companies announce. From an announced ex-day on prices are told in the new units, those
    of the days before too; without one they are the walk's own.
    """

    def __init__(
        self, universe: Universe, sessions: Sessions, seed: int, *, paths: Paths | None = None
    ) -> None:
        self.universe = universe
        self.sessions = sessions
        self.register = Register()
        self._paths = paths or Paths(seed)
        self._seed = seed
        self._running = lru_cache(maxsize=8_192)(self._ran)

    def twin(self) -> Market:
        """The same prices with a register of its own: what is announced there is not known here."""
        return Market(self.universe, self.sessions, self._seed, paths=self._paths)

    @property
    def seed(self) -> int:
        """What every price comes from."""
        return self._seed

    def price(self, listed: Listed, now: Instant) -> int:
        """The last price in paise."""
        return self.sight(listed, now).last

    def close(self, listed: Listed, day: TradingDay) -> int:
        """The official close of a session in paise, in the units that stand on that day."""
        return _shared(listed, self._paths.close(listed, day), self.register.grown(listed, day))

    def paid(self, listed: Listed, day: TradingDay) -> int:
        """What one unit of that day cost at its close in paise: more than in today's units before a split."""
        return corporate.paid(listed, self.close(listed, day), day)

    def window(self, listed: Listed, day: TradingDay) -> Window:
        if listed.company.has_derivatives:
            return self.sessions.with_auction(day)
        return self.sessions.regular(day)

    def sight(self, listed: Listed, now: Instant) -> Sight:
        """All that a quote shows, in the units of now."""
        walked = self._walked(listed, now)
        grown = self.register.grown(listed, walked.day)
        return walked if grown == 1 else _regrown(walked, grown)

    def _walked(self, listed: Listed, now: Instant) -> Sight:
        """In the units of the walk."""
        day = self.sessions.current(now)
        window = self.window(listed, day)
        if now >= window.final:
            return self._closed(listed, day, window)
        moment = min(now, window.end - timedelta(seconds=1))
        return self._running(listed, day, int((moment - window.open).total_seconds()), now < window.end)

    def _ran(
        self,
        listed: Listed,
        day: TradingDay,
        elapsed_seconds: int,
        is_trading: bool,  # noqa: FBT001  (a key)
    ) -> Sight:
        """So many seconds after the open."""
        window, path = self.window(listed, day), self._path(listed, day)
        minute, second = divmod(elapsed_seconds, 60)
        last = path.at(minute, second)
        low, high = path.extremes(minute, second)
        part = share_of_volume((elapsed_seconds + 1) / (60 * path.minutes))
        return Sight(
            listed, day, window.open + timedelta(seconds=elapsed_seconds), is_trading,
            last, path.candle.open, high, low, self._paths.close(listed, self.sessions.before(day)),
            int(path.candle.volume * part),
            min(high, max(low, (path.candle.open + high + low + last) // 4)),
            1 + mix(path.key, elapsed_seconds) % 200,
        )  # fmt: skip

    def _closed(self, listed: Listed, day: TradingDay, window: Window) -> Sight:
        path, before = self._path(listed, day), self.sessions.before(day)
        candle = path.candle
        average = (candle.open + candle.high + candle.low + candle.close) // 4
        return Sight(
            listed, day, window.final - timedelta(seconds=1), False,
            candle.close, candle.open, candle.high, candle.low, self._paths.close(listed, before),
            candle.volume, average, 1 + mix(path.key, 99_991) % 200,
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
        """Daily candles of [start, end) up to now, oldest first; the running day as it stands. O(1) each.

        Split-adjusted: all in the units of now.
        """
        grown = self.register.grown(listed, self.sessions.current(now))
        for _, candle in self._days(listed, start, end, now):
            yield candle if grown == 1 else _candle(listed, candle, grown)

    def paid_days(self, listed: Listed, start: TradingDay, end: TradingDay, now: Instant) -> Iterator[Candle]:
        """The same, each in the units of its own day: as it was told then, whatever was split since."""
        for day, candle in self._days(listed, start, end, now):
            grown = self.register.grown(listed, day)
            told = candle if grown == 1 else _candle(listed, candle, grown)
            units = corporate.units_after(listed, day)
            opened, high, low, close = (
                round(price * units) for price in (told.open, told.high, told.low, told.close)
            )
            yield Candle(told.start, opened, high, low, close, int(told.volume / units))

    def _days(
        self, listed: Listed, start: TradingDay, end: TradingDay, now: Instant
    ) -> Iterator[tuple[TradingDay, Candle]]:
        """In the units of the walk."""
        today = self.sessions.current(now)
        for day in self.sessions.between(start, end, now):
            opened = self.window(listed, day).open
            if day == today:
                sight = self._walked(listed, now)
                yield day, Candle(opened, sight.open, sight.high, sight.low, sight.last, sight.volume)
                continue
            candle = self._paths.candle(listed, self.sessions.before(day), day)
            yield day, Candle(opened, candle.open, candle.high, candle.low, candle.close, candle.volume)

    def minutes(self, listed: Listed, start: TradingDay, end: TradingDay, now: Instant) -> Iterator[Candle]:
        """Minute candles of [start, end) up to now, oldest first; the running minute as it stands."""
        grown = self.register.grown(listed, self.sessions.current(now))
        for day in self.sessions.between(start, end, now):
            for one in self._minutes_of(listed, day, now):
                yield one if grown == 1 else _candle(listed, one, grown)

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


def _shared(listed: Listed, paise: int, grown: Fraction) -> int:
    """A price of the walk in units of which there are `grown` times as many, on the tick."""
    if grown == 1:
        return paise
    return max(listed.tick, round(paise / grown / listed.tick) * listed.tick)


def _regrown(sight: Sight, grown: Fraction) -> Sight:
    def told(paise: int) -> int:
        return _shared(sight.listed, paise, grown)

    return replace(
        sight, last=told(sight.last), open=told(sight.open), high=told(sight.high), low=told(sight.low),
        previous_close=told(sight.previous_close), average=told(sight.average),
        volume=int(sight.volume * grown),
    )  # fmt: skip


def _candle(listed: Listed, candle: Candle, grown: Fraction) -> Candle:
    opened, high, low, close = (
        _shared(listed, paise, grown) for paise in (candle.open, candle.high, candle.low, candle.close)
    )
    return Candle(candle.start, opened, high, low, close, int(candle.volume * grown))


def _so_far(path: DayPath, minute: int, second: int) -> tuple[int, int]:
    prices = [path.at(minute, past) for past in range(second + 1)]
    return min(prices), max(prices)


def _line(key: int, place: int, price: int) -> Level:
    word = mix(key, place)
    orders = 1 + word % 12
    return Level(price, orders * (1 + (word >> 8) % 400), orders)
