"""Every real instrument, 2014–2025: raw bars and our factors give the adjusted prices and volume.

Reads TUNEFOLIO_DATA; without it a visible skip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.market.test_real_prices import FLOAT32, data_folder, terms_of
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import Adjustment, adjustment
from tunefolio.market.adjusted import AdjustedBars, adjusted
from tunefolio.market.bars import Bars, Part

HOW_MANY = 586
PRICES = ("open", "high", "low", "close")
HALF_A_TICK = 0.005
DAY_ZERO = TradingDay.parse("1970-01-01").date.toordinal()


@dataclass(frozen=True)
class History:
    """One instrument of the file. told: bool[T], where the exchange itself is the source: only there is a raw
    price whole paise; elsewhere half of one is lost in rounding."""

    symbol: str
    bars: Bars
    file: dict[str, NDArray[np.float64]]
    told: NDArray[np.bool_]
    factors: Adjustment

    @property
    def ours(self) -> AdjustedBars:
        return adjusted(self.bars, self.factors)


@pytest.fixture(scope="module")
def histories() -> list[History]:
    return read()


def read() -> list[History]:
    """All of the file, by symbol."""
    import polars as pl

    folder = data_folder("nse_daily.parquet")
    counted = ["split", "bonus", "consolidation", "split_or_bonus"]
    register = pl.read_parquet(folder / "nse_corporate_actions.parquet").filter(pl.col("kind").is_in(counted))
    events: dict[str, list[object]] = {}
    for row in register.iter_rows(named=True):
        events.setdefault(row["entity"], []).append((TradingDay(row["ex_date"]), terms_of(row)))
    prices = pl.read_parquet(folder / "nse_daily.parquet").sort("symbol", "date")
    return [
        history(symbol, rows, adjustment(events.get(symbol, [])))  # type: ignore[arg-type]
        for (symbol,), rows in prices.partition_by("symbol", as_dict=True).items()
    ]


def history(symbol: str, rows: object, factors: Adjustment) -> History:
    import polars as pl

    assert isinstance(rows, pl.DataFrame)
    file = {name: rows[name].to_numpy().astype(np.float64) for name in (*PRICES, "volume", "adj_factor")}
    raw = {name: np.rint(file[name] / file["adj_factor"] * 100).astype(np.int64) for name in PRICES}
    length = len(rows)
    bars = Bars(
        (rows["date"].cast(pl.Int32).to_numpy() + DAY_ZERO).astype(np.int32),
        raw["open"], raw["high"], raw["low"], raw["close"],
        np.rint(file["volume"] * file["adj_factor"]).astype(np.int64),
        np.full(length, Part.RANGE | Part.VOLUME, np.uint8), np.zeros(length, np.uint8), ("nse",), 2,
    )  # fmt: skip
    return History(symbol, bars, file, rows["src"].to_numpy() != "yahoo", factors)


def test_all_of_them_are_there(histories: list[History]) -> None:
    assert len(histories) == HOW_MANY
    assert sum(len(one.bars) for one in histories) > 1_300_000
    assert sum(bool(one.factors.days) for one in histories) > 190


def test_every_factor_of_every_day_is_the_files(histories: list[History]) -> None:
    wrong = [
        one.symbol
        for one in histories
        if not np.allclose(one.ours.factor, one.file["adj_factor"], rtol=FLOAT32, atol=0)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", PRICES)
def test_every_price_of_every_day_is_the_files(histories: list[History], name: str) -> None:
    """To what a 32-bit float holds, and half a tick where the source is not the exchange."""
    wrong = []
    for one in histories:
        ours, file = getattr(one.ours, name), one.file[name]
        lost = np.where(one.told, 0.0, HALF_A_TICK * one.ours.factor)
        if not (np.abs(ours - file) <= FLOAT32 * file * 1.01 + lost).all():
            wrong.append(one.symbol)
    assert wrong == []


def test_every_volume_of_every_day_is_the_files(histories: list[History]) -> None:
    """In whole units of today: the file rounded once, and its factor is a 32-bit float."""
    wrong = []
    for one in histories:
        ours, file = one.ours.volume, one.file["volume"]
        if not (np.abs(ours - file) <= 0.5 / one.ours.factor + 0.5 + 2 * FLOAT32 * file).all():
            wrong.append(one.symbol)
    assert wrong == []


def test_what_was_traded_does_not_change(histories: list[History]) -> None:
    """Price × volume is the same in raw and in today's units."""
    for one in histories:
        raw = one.bars.close / 100 * one.bars.volume
        assert np.allclose(one.ours.close * one.ours.volume, raw, rtol=1e-12, atol=0), one.symbol
