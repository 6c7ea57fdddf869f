"""How one listing moves: over days by correlated walks, inside a day by bridges from open to close.

1. level(company, day)   log price at the close: market + sector + own walk; the listed level on ANCHOR
2. DayCandle             open, high, low, close, volume of a session, each from hashes of the day: O(1)
3. DayPath               minute nodes from open to close, inside the candle, touching its high and low
4. second prices         between two nodes, inside the minute's own band, which is touched as well
Because every band is touched, what was seen so far agrees with the candle that is told afterwards.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import accumulate
from math import exp, log, pi, sin

from tunefolio.core.time import TradingDay
from tunefolio.sandbox.noise import bridge, gauss, key_of, mix, pick, unit, walk
from tunefolio.sandbox.sessions import Window
from tunefolio.sandbox.universe import Company, Kind, Listed

ANCHOR = date(2026, 8, 21).toordinal()
_EPOCH = date(2008, 1, 1).toordinal()
_DAY_BITS = 14
"""The walks cover 2^14 days: 2008 to 2052."""

_DRIFT_RATIO = 0.11
_MARKET_DEVIATION, _SECTOR_DEVIATION, _OWN_DEVIATION = 0.0066, 0.0055, 0.0092
"""Per calendar day, of the logarithm: about 13 % a year for the index and 24 % for a share."""

_RATE_DRIFT_RATIO, _RATE_DEVIATION = 0.03, 0.0022
"""A foreign currency against the rupee: dearer by some three per cent a year, and calm."""

_INTRADAY = 0.8
"""How far bridges inside a day swing, against the deviation of a day."""

_TRACKS = {
    "NIFTY 50": (1.0, ""),
    "SENSEX": (1.0, ""),
    "NIFTYBEES": (1.0, ""),
    "NIFTY BANK": (1.1, "Financial Services"),
    "BANKBEES": (1.1, "Financial Services"),
    "GOLDBEES": (-0.1, "gold"),
}
"""Indices and funds follow factors only: beta to the market, and the sector they follow."""


@dataclass(frozen=True, slots=True)
class DayCandle:
    """A whole session of one listing, in paise; volume in units."""

    open: int
    high: int
    low: int
    close: int
    volume: int


@dataclass(frozen=True, slots=True)
class DayPath:
    """Minute nodes in paise, one more than minutes; highs and lows so far before each minute."""

    candle: DayCandle
    nodes: array[int]
    highs: array[int]
    lows: array[int]
    key: int
    tick: int

    @property
    def minutes(self) -> int:
        return len(self.nodes) - 1

    def band(self, minute: int) -> tuple[int, int]:
        """Low and high of one minute."""
        start, end = self.nodes[minute], self.nodes[minute + 1]
        reach = max(2 * self.tick, start // 4000)
        low = _on_tick(min(start, end) - unit(self.key, 7 * minute) * reach, self.tick)
        high = _on_tick(max(start, end) + unit(self.key, 7 * minute + 1) * reach, self.tick)
        return max(self.candle.low, low), min(self.candle.high, high)

    def at(self, minute: int, second: int) -> int:
        """The price during one second of one minute; second 0 is the node itself."""
        start = self.nodes[minute]
        if second == 0:
            return start
        low, high = self.band(minute)
        touch_low, touch_high = self._touches(minute)
        if second == touch_low:
            return low
        if second == touch_high:
            return high
        line = start + (self.nodes[minute + 1] - start) * second / 60
        jitter = gauss(self.key ^ minute, second) * max(self.tick, start // 12_000)
        return min(high, max(low, _on_tick(line + jitter, self.tick)))

    def extremes(self, minute: int, second: int) -> tuple[int, int]:
        """Low and high of the day up to and including that second."""
        low, high = self.lows[minute], self.highs[minute]
        band_low, band_high = self.band(minute)
        touch_low, touch_high = self._touches(minute)
        so_far = [self.at(minute, past) for past in range(second + 1)]
        low = min(low, band_low if second >= touch_low else min(so_far))
        high = max(high, band_high if second >= touch_high else max(so_far))
        return low, high

    def _touches(self, minute: int) -> tuple[int, int]:
        first = 1 + pick(self.key, 7 * minute + 2, 29)
        second = 30 + pick(self.key, 7 * minute + 3, 30)
        return (first, second) if mix(self.key, 7 * minute + 4) & 1 else (second, first)


class Paths:
    """Prices of every listing on every day, from one seed. Caches are for speed only."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._factor = lru_cache(maxsize=65_536)(self._walked)
        self._swing = lru_cache(maxsize=256)(self._bridged)
        self._level = lru_cache(maxsize=65_536)(self._levelled)
        self.candle = lru_cache(maxsize=16_384)(self._candle)
        self.path = lru_cache(maxsize=512)(self._path)

    def close(self, listed: Listed, day: TradingDay) -> int:
        """Official close of a session, paise."""
        level = self._level(listed.company, day.date.toordinal())
        if listed.exchange == "BSE" and listed.company.kind is Kind.SHARE:
            level += 0.0003 * gauss(self._key("basis", listed.key), day.date.toordinal())
        return max(listed.tick, _on_tick(exp(level) * 100, listed.tick))

    def _key(self, *parts: object) -> int:
        return key_of(self._seed, *parts)

    def _walked(self, name: str, ordinal: int) -> float:
        place = min(max(ordinal - _EPOCH, 0), 1 << _DAY_BITS)
        return walk(self._key("walk", name), place, _DAY_BITS)

    def _moved(self, name: str, ordinal: int) -> float:
        return self._factor(name, ordinal) - self._factor(name, ANCHOR)

    def _levelled(self, company: Company, ordinal: int) -> float:
        if company.kind is Kind.RATE:
            moved = _RATE_DEVIATION * self._moved(f"own {company.symbol}", ordinal)
            return log(company.level) + _RATE_DRIFT_RATIO * (ordinal - ANCHOR) / 365 + moved
        beta, sector, own = self._loads(company)
        level = log(company.level) + _DRIFT_RATIO * (ordinal - ANCHOR) / 365
        level += beta * _MARKET_DEVIATION * self._moved("market", ordinal)
        if sector:
            level += _SECTOR_DEVIATION * self._moved(f"sector {sector}", ordinal)
        if own:
            level += own * _OWN_DEVIATION * self._moved(f"own {company.symbol}", ordinal)
        return level

    def _loads(self, company: Company) -> tuple[float, str, float]:
        """Beta, sector, and how lively it is on its own account."""
        if company.symbol in _TRACKS:
            beta, sector = _TRACKS[company.symbol]
            return beta, sector, 0.0
        key = self._key("loads", company.symbol)
        return 0.7 + 0.6 * unit(key, 0), company.sector, 0.6 + 0.8 * unit(key, 1)

    def _candle(self, listed: Listed, before: TradingDay, day: TradingDay) -> DayCandle:
        """The session of `day`; `before` is the one it opens from."""
        ordinal = day.date.toordinal()
        key = self._key("candle", listed.company.symbol)
        former, close = self.close(listed, before), self.close(listed, day)
        opening = former + 0.35 * (close - former) + former * 0.0025 * gauss(key, 4 * ordinal)
        opened = max(listed.tick, _on_tick(opening, listed.tick))
        reach = close * 0.007
        high = max(opened, close) + abs(gauss(key, 4 * ordinal + 1)) * reach
        low = min(opened, close) - abs(gauss(key, 4 * ordinal + 2)) * reach
        return DayCandle(
            opened,
            _on_tick(high, listed.tick),
            max(listed.tick, _on_tick(low, listed.tick)),
            close,
            self._volume(listed, ordinal),
        )

    def _volume(self, listed: Listed, ordinal: int) -> int:
        """Units a day: some 200 crore rupees' worth on NSE, a tenth on BSE; an index has none."""
        if listed.company.kind in (Kind.INDEX, Kind.RATE):
            return 0
        key = self._key("volume", listed.key)
        turnover = 2e9 * exp(gauss(key, 0)) * (0.1 if listed.exchange == "BSE" else 1.0)
        return int(turnover / listed.company.level * exp(0.35 * gauss(key, ordinal)))

    def _bridged(self, name: str, ordinal: int, bits: int) -> array[float]:
        return bridge(self._key("bridge", name, ordinal), bits)

    def _path(self, listed: Listed, before: TradingDay, day: TradingDay, window: Window) -> DayPath:
        """Nodes of one session; where an auction decides the close, trading ends near it, not on it."""
        candle = self.candle(listed, before, day)
        key = self._key("path", listed.company.symbol, day.iso())
        final, minutes = candle.close, window.minutes
        if window.final > window.end:
            final = _on_tick(final * (1 + 0.0012 * gauss(key, 3)), listed.tick)
        ends = (candle.open, min(candle.high, max(candle.low, final)))
        nodes = self._nodes(listed, day, ends, candle, minutes)
        highest, lowest = 1 + pick(key, 1, minutes - 1), 1 + pick(key, 2, minutes - 1)
        nodes[highest] = candle.high
        nodes[lowest if lowest != highest else 1 + lowest % (minutes - 1)] = candle.low
        return _with_extremes(candle, nodes, key, listed.tick)

    def _nodes(
        self, listed: Listed, day: TradingDay, ends: tuple[int, int], candle: DayCandle, minutes: int
    ) -> array[int]:
        company, ordinal = listed.company, day.date.toordinal()
        beta, sector, own = self._loads(company)
        bits = max(6, (minutes - 1).bit_length())
        swings = [(beta * _MARKET_DEVIATION, self._swing("market", ordinal, bits))]
        if sector:
            swings.append((_SECTOR_DEVIATION, self._swing(f"sector {sector}", ordinal, bits)))
        if own:
            swings.append((own * _OWN_DEVIATION, bridge(self._key("own", company.symbol, ordinal), bits)))
        size = 1 << bits
        nodes = array("q", [ends[0]])
        for minute in range(1, minutes):
            place = minute * size // minutes
            swing = _INTRADAY * sum(weight * points[place] for weight, points in swings)
            line = ends[0] + (ends[1] - ends[0]) * minute / minutes
            nodes.append(min(candle.high, max(candle.low, _on_tick(line * (1 + swing), listed.tick))))
        nodes.append(ends[1])
        return nodes


def share_of_volume(part: float) -> float:
    """What part of a day's volume is traded by that part of its time: busy at both ends."""
    return part + 0.11 * sin(2 * pi * part)


def _with_extremes(candle: DayCandle, nodes: array[int], key: int, tick: int) -> DayPath:
    bare = DayPath(candle, nodes, nodes, nodes, key, tick)
    bands: Sequence[tuple[int, int]] = [bare.band(minute) for minute in range(bare.minutes)]
    lows = array("q", accumulate((low for low, _ in bands), min, initial=candle.open))
    highs = array("q", accumulate((high for _, high in bands), max, initial=candle.open))
    return DayPath(candle, nodes, highs, lows, key, tick)


def _on_tick(paise: float, tick: int) -> int:
    return round(paise / tick) * tick
