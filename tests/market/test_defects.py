"""Known faults of a vendor are found and named, and a sound history has none: by hand, and on real histories.

The real ones are read from TUNEFOLIO_DATA; without it a visible skip.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.test_real_prices import data_folder, terms_of
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionKind, Terms, adjustment
from tunefolio.market.adjusted import factors_on
from tunefolio.market.bars import Bar, Bars
from tunefolio.market.calendars import packaged
from tunefolio.market.daily import Daily
from tunefolio.market.defects import Defect, DefectKind, compared, flat, phantoms

LENGTH = 1_000
FIRST = TradingDay.parse("2022-01-03").date.toordinal()
DAYS = np.array([FIRST + place for place in range(LENGTH) if (FIRST + place) % 7 not in (6, 0)], np.int32)
REAL_DAYS_LEFT_OUT = 2
"""The vendor's bars of election days, on which there was no session."""


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def walk(factor: float | Any = 1.0) -> Daily:
    """A price that wanders, times a factor on each day."""
    level = 50_000 + np.cumsum(np.random.default_rng(3).integers(-400, 400, len(DAYS)))
    return Daily(DAYS, np.rint(level * factor * 100).astype(np.int64), 4)


def before(text: str, ratio: float) -> Any:
    return np.where(day(text).date.toordinal() > DAYS, ratio, 1.0)


def told(
    kind: ActionKind, when: str, new: int | None = None, old: int | None = None
) -> tuple[TradingDay, Terms]:
    return day(when), Terms(
        kind, None if new is None else Decimal(new), None if old is None else Decimal(old)
    )


def kinds(found: list[Defect]) -> list[DefectKind]:
    return [defect.kind for defect in found]


def test_two_honest_sources_give_none() -> None:
    assert compared(walk(), walk(), []) == []


def test_a_price_or_two_that_differ_are_no_wrong_factor() -> None:
    factor = np.ones(len(DAYS))
    factor[[100, 300, 301, len(DAYS) - 1]] = 1.2
    assert compared(walk(), walk(factor), []) == []


@pytest.mark.parametrize(
    ("split", "ratio"),
    [
        (told(ActionKind.SPLIT, "2023-10-04", 5, 1), 5.0),
        (told(ActionKind.BONUS, "2023-06-12", 3, 1), 4.0),
        (told(ActionKind.BONUS, "2023-09-01", 1, 4), 1.25),
    ],
)
def test_a_split_applied_only_back_to_the_first_of_january(
    split: tuple[TradingDay, Terms], ratio: float
) -> None:
    (found,) = compared(walk(), walk(before("2023-01-01", ratio)), [split])
    assert found.kind is DefectKind.UNADJUSTED_BEFORE_YEAR
    assert (found.last, round(found.ratio or 0, 3)) == (day("2022-12-30"), ratio)
    assert str(split[0]) in found.words


def test_a_split_and_a_bonus_of_one_day_count_together() -> None:
    both = [told(ActionKind.SPLIT, "2023-10-04", 2, 1), told(ActionKind.BONUS, "2023-10-04", 1, 1)]
    assert kinds(compared(walk(), walk(before("2023-01-01", 4.0)), both)) == [
        DefectKind.UNADJUSTED_BEFORE_YEAR
    ]


@pytest.mark.parametrize("kind", [ActionKind.DEMERGER, ActionKind.RIGHTS])
def test_what_counts_no_units_and_was_adjusted_all_the_same(kind: ActionKind) -> None:
    (found,) = compared(walk(), walk(before("2023-05-10", 1 / 1.7)), [told(kind, "2023-05-10")])
    assert found.kind is DefectKind.BACK_ADJUSTED_EVENT
    assert found.last == day("2023-05-09")


def test_two_events_are_two_faults_each_with_its_own_ratio() -> None:
    factor = before("2022-08-01", 0.99) * before("2023-07-20", 0.92)
    events = [told(ActionKind.RIGHTS, "2022-08-01", 1, 15), told(ActionKind.DEMERGER, "2023-07-20")]
    found = compared(walk(), walk(factor), events)
    assert kinds(found) == [DefectKind.BACK_ADJUSTED_EVENT] * 2
    assert [round(defect.ratio or 0, 3) for defect in found] == [0.99, 0.92]


def test_a_wrong_factor_for_a_week_around_a_rights_issue() -> None:
    factor = np.ones(len(DAYS))
    factor[400:406] = 1.13
    rights = (TradingDay.parse("2023-07-20"), Terms(ActionKind.RIGHTS, Decimal(1), Decimal(4)))
    (found,) = compared(walk(), walk(factor), [rights])
    assert found.kind is DefectKind.WRONG_FACTOR_SPELL
    assert (found.first.date.toordinal(), found.last.date.toordinal()) == (DAYS[400], DAYS[405])
    assert "rights" in found.words


def test_a_step_without_a_reason_is_named_so() -> None:
    assert kinds(compared(walk(), walk(before("2023-03-01", 0.5)), [])) == [DefectKind.UNEXPLAINED_STEP]


@given(st.floats(0.05, 20).filter(lambda ratio: abs(ratio - 1) > 0.02), st.integers(10, len(DAYS) - 10))
def test_any_step_is_found_where_it_is(ratio: float, place: int) -> None:
    factor = np.where(np.arange(len(DAYS)) < place, ratio, 1.0)
    (found,) = compared(walk(), walk(factor), [])
    assert found.last.date.toordinal() == DAYS[place - 1]
    assert abs((found.ratio or 0) / ratio - 1) < 0.01


def test_bars_of_days_without_a_session() -> None:
    calendar = packaged()
    days = np.array(
        [day(text).date.toordinal() for text in ("2024-01-25", "2024-01-26", "2024-01-27")], np.int32
    )
    found = phantoms(days, calendar.is_session)
    assert [(one.kind, one.first) for one in found] == [
        (DefectKind.PHANTOM_BAR, day("2024-01-26")),
        (DefectKind.PHANTOM_BAR, day("2024-01-27")),
    ]


def test_a_price_that_nobody_paid() -> None:
    ten = Decimal(10)
    bars = [
        Bar(day("2024-01-01"), ten, ten, ten, ten, 0),
        Bar(day("2024-01-02"), ten, ten, ten, ten, 5),
        Bar(day("2024-01-03"), ten, ten, Decimal(11), ten, 0),
        Bar(day("2024-01-04"), ten, volume=0),
        Bar(day("2024-01-05"), ten),
    ]
    assert [(one.kind, one.first) for one in flat(Bars.of(bars, "yahoo"))] == [
        (DefectKind.FLAT_BAR, day("2024-01-01"))
    ]


# Twelve real histories of the vendor beside the exchange's -----------------------------------------


@pytest.fixture(scope="module")
def real() -> dict[str, list[Defect]]:
    import polars as pl

    folder = data_folder("yahoo_sample_daily.parquet")
    register = pl.read_parquet(folder / "nse_corporate_actions.parquet")
    exchange = pl.read_parquet(
        folder / "nse_daily.parquet", columns=["symbol", "date", "close", "adj_factor"]
    )
    vendor = pl.read_parquet(folder / "yahoo_sample_daily.parquet", columns=["symbol", "date", "close"])
    found = {}
    for symbol in sorted(set(vendor["symbol"])):
        events = events_of(register.filter(pl.col("entity") == symbol))
        ours = exchange.filter(pl.col("symbol") == symbol).sort("date")
        theirs = vendor.filter((pl.col("symbol") == symbol) & pl.col("close").is_not_null()).sort("date")
        factors = adjustment([one for one in events if one[1].kind in (ActionKind.SPLIT, ActionKind.BONUS)])
        raw = ours["close"].to_numpy().astype(float) / ours["adj_factor"].to_numpy()
        own = ordinals(theirs)
        back = theirs["close"].to_numpy().astype(float) / factors_on(factors, own)
        found[symbol] = compared(daily(ordinals(ours), raw), daily(own, back), events)
    return found


def ordinals(rows: Any) -> Any:
    return np.array([one.toordinal() for one in rows["date"]], np.int32)


def daily(days: Any, prices: Any) -> Daily:
    return Daily(days, np.rint(prices * 10_000).astype(np.int64), 4)


def events_of(rows: Any) -> list[tuple[TradingDay, Terms]]:
    words = {"demerger": ActionKind.DEMERGER, "rights": ActionKind.RIGHTS, "buyback": ActionKind.BUYBACK}
    events = []
    for row in rows.iter_rows(named=True):
        when = TradingDay(row["ex_date"])
        if row["kind"] in ("split", "bonus", "split_or_bonus", "consolidation"):
            events.append((when, terms_of(row)))
        elif row["kind"] in words:
            events.append((when, Terms(words[row["kind"]])))
    return events


def test_every_known_fault_of_the_sample_is_found_and_named(real: dict[str, list[Defect]]) -> None:
    year, event, step = (
        DefectKind.UNADJUSTED_BEFORE_YEAR, DefectKind.BACK_ADJUSTED_EVENT, DefectKind.UNEXPLAINED_STEP,
    )  # fmt: skip
    seen = {
        symbol: [(one.kind, one.last, round(one.ratio or 0, 2)) for one in found]
        for symbol, found in real.items()
        if found
    }
    assert seen == {
        "GPIL": [(year, day("2023-12-29"), 5.0)],
        "MOTILALOFS": [(year, day("2023-12-29"), 4.0)],
        "ITC": [(event, day("2025-01-03"), 0.96)],
        "MOTHERSON": [(event, day("2022-01-13"), 0.61)],
        "RELIANCE": [(event, day("2020-05-12"), 0.99), (event, day("2023-07-19"), 0.92)],
        "TATASTEEL": [(step, day("2018-01-30"), 0.95)],
    }


def test_sound_symbols_of_the_sample_have_none(real: dict[str, list[Defect]]) -> None:
    """TATASTEEL's step is the rights issue of 2018, of which the register knows nothing."""
    sound = {symbol for symbol, found in real.items() if not found}
    assert sound == {"BAJFINANCE", "INFY", "M&M", "SBIN", "TCS", "VEDL"}


def test_the_vendors_bars_of_election_days_and_of_a_lost_day_are_found() -> None:
    import polars as pl

    folder = data_folder("yahoo_sample_daily.parquet")
    rows = pl.read_parquet(folder / "yahoo_sample_daily.parquet").filter(
        (pl.col("symbol") == "INFY") & (pl.col("date").dt.year() < 2026)
    )
    calendar = packaged()
    ghosts = phantoms(ordinals(rows.sort("date")), calendar.is_session)
    assert [one.first for one in ghosts] == [day("2014-04-24"), day("2014-10-15")]
    bars = Bars.of(map(bar_of, rows.iter_rows(named=True)), "yahoo")
    assert [one.first for one in flat(bars)] == [*(one.first for one in ghosts), day("2025-03-18")]


def bar_of(row: dict[str, Any]) -> Bar:
    """The vendor sends binary fractions: four decimals of them mean something."""
    close, open, high, low = (round(Decimal(row[name]), 4) for name in ("close", "open", "high", "low"))
    return Bar(TradingDay(row["date"]), close, open, high, low, row["volume"])
