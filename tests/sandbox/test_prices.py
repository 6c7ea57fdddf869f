"""Laws of the simulated prices."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.sandbox.conftest import KEY, REDIRECT, SECRET, at
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import isin_of
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.noise import bridge, gauss, walk
from tunefolio.sandbox.serve import SandboxConfig, market_of
from tunefolio.sandbox.universe import Kind, Listed

MOMENTS = some.datetimes(
    min_value=at("2023-11-01T00:00:00").utc.replace(tzinfo=None),
    max_value=at("2026-12-31T00:00:00").utc.replace(tzinfo=None),
).map(lambda moment: Instant(moment.replace(tzinfo=at("2026-01-01").utc.tzinfo)))

MARKET = market_of(SandboxConfig(AppKeys(KEY, Secret(SECRET)), REDIRECT))
ANYTIME = market_of(SandboxConfig(AppKeys(KEY, Secret(SECRET)), REDIRECT, hours="always"))
LISTINGS = some.sampled_from(MARKET.universe.listings)


@given(LISTINGS, MOMENTS)
@settings(max_examples=60, deadline=None)
def test_a_quote_is_sane_at_every_instant(listed: Listed, now: Instant) -> None:
    sight = MARKET.sight(listed, now)
    assert 0 < sight.low <= min(sight.open, sight.last)
    assert max(sight.open, sight.last) <= sight.high
    assert sight.low <= sight.average <= sight.high
    for price in (sight.last, sight.open, sight.high, sight.low, sight.previous_close):
        assert price > 0
        assert price % listed.tick == 0
    assert sight.traded <= now
    assert abs(log(sight.last / sight.previous_close)) < 0.19


@given(LISTINGS, MOMENTS, some.integers(1, 4000))
@settings(max_examples=40, deadline=None)
def test_a_day_only_widens_and_its_volume_only_grows(listed: Listed, now: Instant, seconds: int) -> None:
    earlier, later = MARKET.sight(listed, now), MARKET.sight(listed, now + timedelta(seconds=seconds))
    if earlier.day == later.day:
        assert later.high >= earlier.high
        assert later.low <= earlier.low
        assert later.volume >= earlier.volume
        assert later.open == earlier.open
        assert later.previous_close == earlier.previous_close


@given(some.sampled_from(["NSE:INFY", "BSE:INFY", "NSE:M&M", "NSE:DISHTV-BE", "NSE:NIFTY 50"]), MOMENTS)
@settings(max_examples=15, deadline=None)
def test_what_was_seen_agrees_with_the_candles_told_afterwards(key: str, now: Instant) -> None:
    listed = MARKET.universe.of(key)
    day = MARKET.sessions.current(now)
    after = MARKET.window(listed, day).final
    (whole,) = MARKET.days(listed, day, day.plus_days(1), after)
    minutes = list(MARKET.minutes(listed, day, day.plus_days(1), after))
    closed = MARKET.sight(listed, after)
    assert (closed.open, closed.high, closed.low, closed.last) == (
        whole.open,
        whole.high,
        whole.low,
        whole.close,
    )
    assert max(candle.high for candle in minutes) == whole.high
    assert min(candle.low for candle in minutes) == whole.low
    assert sum(candle.volume for candle in minutes) <= whole.volume
    minute = minutes[len(minutes) // 3]
    seen = [MARKET.price(listed, minute.start + timedelta(seconds=second)) for second in range(60)]
    assert (seen[0], max(seen), min(seen), seen[-1]) == (minute.open, minute.high, minute.low, minute.close)


def test_every_process_sees_the_same_prices() -> None:
    code = (
        "import sys, json\n"
        "from tunefolio.core.secret import Secret\nfrom tunefolio.core.time import Instant\n"
        "from tunefolio.ledger.brokers import AppKeys\n"
        "from tunefolio.sandbox.serve import SandboxConfig, market_of\n"
        "market = market_of(SandboxConfig(AppKeys('k', Secret('s')), 'http://localhost/'))\n"
        "now = Instant.parse('2026-11-20T07:07:07+00:00')\n"
        "print(json.dumps([market.price(one, now) for one in market.universe]))\n"
    )
    told = [
        json.loads(
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
        )
        for _ in range(2)
    ]
    now = Instant.parse("2026-11-20T07:07:07+00:00")
    assert told[0] == told[1] == [MARKET.price(one, now) for one in MARKET.universe]


def test_another_seed_is_another_market() -> None:
    other = market_of(SandboxConfig(AppKeys(KEY, Secret(SECRET)), REDIRECT, seed=7))
    listed, day = MARKET.universe.of("NSE:INFY"), TradingDay.parse("2026-11-20")
    assert MARKET.close(listed, day) != other.close(other.universe.of("NSE:INFY"), day)


def test_prices_move_while_one_looks() -> None:
    listed = MARKET.universe.of("NSE:RELIANCE")
    seen = [
        MARKET.price(listed, at("2026-11-20T11:00:00") + timedelta(seconds=second)) for second in range(60)
    ]
    assert sum(now != then for then, now in pairwise(seen)) > 30


def test_a_sector_moves_together_and_with_the_market() -> None:
    def returns(key: str) -> list[float]:
        candles = MARKET.days(
            MARKET.universe.of(key), TradingDay.parse("2023-11-20"), TradingDay.parse("2026-11-20"),
            at("2026-11-20T18:00:00"),
        )  # fmt: skip
        return [log(now.close / then.close) for then, now in pairwise(candles)]

    infosys, wipro, nifty, steel = (
        returns(key) for key in ("NSE:INFY", "NSE:WIPRO", "NSE:NIFTY 50", "NSE:TATASTEEL")
    )
    assert len(infosys) > 700
    assert correlation(infosys, wipro) > correlation(infosys, steel) > 0.05
    assert correlation(infosys, nifty) > 0.25
    assert 0.004 < deviation(nifty) < 0.02 < deviation(infosys) * 2 < 0.08


def correlation(left: list[float], right: list[float]) -> float:
    middle = (sum(left) / len(left), sum(right) / len(right))
    product = sum((a - middle[0]) * (b - middle[1]) for a, b in zip(left, right, strict=True)) / len(left)
    return product / deviation(left) / deviation(right)


def deviation(values: list[float]) -> float:
    middle = sum(values) / len(values)
    return float((sum((value - middle) ** 2 for value in values) / len(values)) ** 0.5)


def test_both_exchanges_price_one_share_alike() -> None:
    now = at("2026-11-20T18:00:00")
    national, bombay = (MARKET.price(MARKET.universe.of(f"{where}:INFY"), now) for where in ("NSE", "BSE"))
    assert national != bombay
    assert abs(national / bombay - 1) < 0.003


def test_the_universe_is_real_and_of_every_kind(market: Market) -> None:
    universe = market.universe
    shares = {one.company.symbol: one.company for one in universe if one.company.kind is Kind.SHARE}
    assert len(shares) >= 120
    for company in shares.values():
        assert company.isin is not None
        assert isin_of(company.isin) == company.isin
    assert shares["INFY"].sector == "Information Technology"
    assert sum(1 for company in shares.values() if company.sector) > 110
    assert universe.of("NSE:INFY").token == 1594 * 256 + 1
    assert universe.of("BSE:SBIN").token == 128028676
    assert universe.of("NSE:NIFTY 50").token == 256265
    assert universe.of("NSE:INFY").company.isin == universe.of("BSE:INFY").company.isin
    assert universe.of("NSE:DISHTV-BE").company.series == "BE"
    assert universe.of("NSE:M&M").company.name == "Mahindra & Mahindra Limited"
    assert len({one.token for one in universe}) == len(universe.listings)
    with pytest.raises(NotFound):
        universe.of("NSE:NOSUCH")


def test_in_demonstration_hours_prices_move_at_night_and_on_sundays() -> None:
    listed = ANYTIME.universe.of("NSE:INFY")
    for day, hour in (("2026-11-22", "03:10:00"), ("2026-11-20", "23:59:00")):
        seen = [
            ANYTIME.sight(listed, at(f"{day}T{hour}") + timedelta(seconds=second)) for second in range(40)
        ]
        assert len({one.last for one in seen}) > 5
        assert all(one.is_trading and one.day == TradingDay.parse(day) for one in seen)


def test_noise_has_the_deviation_it_claims() -> None:
    drawn = [gauss(11, place) for place in range(20_000)]
    assert abs(sum(drawn)) / 20_000 < 0.03
    assert abs(deviation(drawn) - 1) < 0.03
    steps = [walk(5, place + 1, 12) - walk(5, place, 12) for place in range(3000)]
    assert abs(deviation(steps) - 1) < 0.06
    points = bridge(3, 9)
    assert points[0] == points[-1] == 0
    assert len(points) == 513
