"""Returns: worked cases, another way of working them out, and laws."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.analysis.returns import (
    Floats,
    Span,
    Twr,
    annualised,
    by_period,
    modified_dietz,
    simple_return,
    total_return,
    twr,
    twr_many,
)
from tunefolio.core.missing import Missing

NAN = float("nan")


def days(text: str, *, start: float = 0.0, bought: str = "") -> Twr:
    """ "100 +100, ?, 120 -30": each day's value at its end (? for none), then money in (+) or out (−)."""
    value, inflow, outflow = [], [], []
    for part in text.split(","):
        words = part.split()
        value.append(NAN if words[0] == "?" else float(words[0]))
        flow = float(words[1]) if len(words) > 1 else 0.0
        inflow.append(max(flow, 0.0))
        outflow.append(max(-flow, 0.0))
    gross = np.array([float(word) for word in bought.split()]) if bought else None
    return twr(np.array(value), np.array(inflow), np.array(outflow), start=start, bought=gross)


def test_a_deposit_just_before_a_fall_leaves_the_time_weighted_return() -> None:
    """A hundred grows by half, nine hundred join, a fifth is lost: TWR +20 %, Dietz −29 % (XIRR −98 %)."""
    found = days("150, 840 +900", start=100)
    assert found.total == pytest.approx(0.20)
    assert found.daily == pytest.approx([0.5, -0.2])
    assert found.growth == pytest.approx([1.5, 1.2])
    assert modified_dietz(100, 840, np.array([15]), np.array([900.0]), first=0, last=30) == pytest.approx(
        -0.29, abs=1e-3
    )


def test_money_works_from_the_morning_and_leaves_in_the_evening() -> None:
    assert days("110 +100").total == pytest.approx(0.10)
    assert days("80 -30", start=100).total == pytest.approx(0.10)


def test_a_day_without_capital_is_no_return_and_breaks_nothing() -> None:
    found = days("110 +100, 0 -110, 0, 55 +50")
    assert found.daily == pytest.approx([0.1, 0.0, NAN, 0.1], nan_ok=True)
    assert found.growth == pytest.approx([1.1, 1.1, 1.1, 1.21])
    assert found.total == pytest.approx(0.21)


def test_a_dividend_after_everything_was_sold_is_left_out_and_named() -> None:
    found = days("110 +100, 0 -110, 0 -5")
    assert found.total == pytest.approx(0.10)
    assert found.without_capital == (2,)


@pytest.mark.parametrize(("flow", "gain"), [(-10, 0.10), (10, -0.10)])
def test_a_position_opened_and_closed_in_a_day_is_measured_by_what_was_bought(
    flow: float, gain: float
) -> None:
    assert days(f"0 {flow}", bought="100").total == pytest.approx(gain)


def test_purchases_matter_only_where_nothing_was_held_before() -> None:
    assert days("115 +5", start=100, bought="80").total == days("115 +5", start=100).total


def test_a_hole_between_stays_a_hole_in_the_curve_only() -> None:
    found = days("110 +100, ?, 121, 133.1")
    assert found.total == pytest.approx(0.331)
    assert found.growth == pytest.approx([1.1, NAN, 1.21, 1.331], nan_ok=True)
    assert found.daily == pytest.approx([0.1, NAN, NAN, 0.1], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "day"),
    [("110 +100, ?, 221 +100", "day 2"), ("110 +100, ? -50, 60", "day 2"), ("110 +100, 121, ?", "day 3")],
)
def test_a_value_that_is_needed_and_not_there_leaves_no_total(text: str, day: str) -> None:
    found = days(text)
    assert found.total == Missing(f"there is no value on {day} of the period")
    place = int(day.split()[1]) - 1
    assert np.isfinite(found.growth[:place]).all()
    assert np.isnan(found.growth[place:]).all()


def test_without_a_value_at_the_start_there_is_no_total() -> None:
    found = days("110, 120", start=NAN)
    assert found.total == Missing("there is no value at the start")
    assert np.isnan(found.growth).all()
    assert found.daily == pytest.approx([NAN, 120 / 110 - 1], nan_ok=True)


def test_negative_capital_has_no_return() -> None:
    found = days("-10, 5, 6", start=100)
    assert found.total == Missing("the capital on day 2 of the period is negative")
    assert found.growth == pytest.approx([-0.1, NAN, NAN], nan_ok=True)
    assert np.isnan(found.daily[1])


def test_no_days_at_all_earn_nothing() -> None:
    none = np.array([])
    assert twr(none, none, none).total == 0


def test_arrays_belong_together() -> None:
    with pytest.raises(ValueError, match="inflows"):
        twr(np.zeros(2), np.zeros(1), np.zeros(2))
    with pytest.raises(ValueError, match="start"):
        twr_many(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(2))


# ── laws ──────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def books(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """Values, inflows, outflows of 2 to 15 days; on one day money goes one way only, as net flows do."""
    length = draw(st.integers(2, 15))
    amounts = st.lists(st.floats(1, 1e6), min_size=length, max_size=length)
    signs = np.array(draw(st.lists(st.sampled_from([-1, 0, 0, 1]), min_size=length, max_size=length)))
    value, flow = np.array(draw(amounts)), np.array(draw(amounts)) * signs
    flow[0] = abs(flow[0]) + 1
    return value, np.maximum(flow, 0.0), np.maximum(-flow, 0.0)


def growth_of(value: Floats, inflow: Floats, outflow: Floats, start: float = 0.0) -> float:
    """What 1 becomes: unlike the return it keeps its digits where nearly everything is lost."""
    found = twr(value, inflow, outflow, start=start)
    assert found.total == found.growth[-1] - 1
    return float(found.growth[-1])


@given(books())
def test_the_same_by_a_loop_over_factors(book: tuple[Floats, Floats, Floats]) -> None:
    growth, before = 1.0, 0.0
    for value, inflow, outflow in zip(*book, strict=True):
        growth *= (value + outflow) / (before + inflow)
        before = value
    assert growth_of(*book) == pytest.approx(growth, rel=1e-9)


@given(books(), st.floats(0.001, 1_000))
def test_scaling_everything_leaves_the_return(book: tuple[Floats, Floats, Floats], factor: float) -> None:
    value, inflow, outflow = (part * factor for part in book)
    assert growth_of(value, inflow, outflow) == pytest.approx(growth_of(*book), rel=1e-9)


@given(books(), st.floats(0, 1))
def test_splitting_a_flow_in_two_on_one_day_leaves_the_return(
    book: tuple[Floats, Floats, Floats], share: float
) -> None:
    value, inflow, outflow = book
    parts = inflow * share + inflow * (1 - share), outflow * share + outflow * (1 - share)
    assert growth_of(value, *parts) == pytest.approx(growth_of(*book), rel=1e-9)


@given(books(), st.integers(0, 5))
def test_a_day_on_which_nothing_occurs_leaves_the_return(
    book: tuple[Floats, Floats, Floats], place: int
) -> None:
    value, inflow, outflow = book
    at = min(place, len(value) - 1) + 1
    longer = np.insert(value, at, value[at - 1]), np.insert(inflow, at, 0.0), np.insert(outflow, at, 0.0)
    assert growth_of(*longer) == pytest.approx(growth_of(*book), rel=1e-9)


@given(books())
def test_an_empty_account_beside_it_leaves_the_return(book: tuple[Floats, Floats, Floats]) -> None:
    empty = np.zeros(len(book[0]))
    both = [part + empty for part in book]
    assert growth_of(both[0], both[1], both[2]) == growth_of(*book)
    assert twr(empty, empty, empty).total == 0


@given(books())
def test_parts_of_the_period_chain_to_the_whole(book: tuple[Floats, Floats, Floats]) -> None:
    value, inflow, outflow = book
    cut = len(value) // 2
    first = growth_of(value[:cut], inflow[:cut], outflow[:cut])
    second = growth_of(value[cut:], inflow[cut:], outflow[cut:], start=float(value[cut - 1]))
    assert first * second == pytest.approx(growth_of(*book), rel=1e-9)


@given(st.lists(books(), min_size=1, max_size=4))
def test_many_agree_with_one_by_one(several: list[tuple[Floats, Floats, Floats]]) -> None:
    length = min(len(book[0]) for book in several)
    value, inflow, outflow = (np.stack([book[i][:length] for book in several], axis=1) for i in range(3))
    start = np.arange(len(several), dtype=float)
    columns = zip(value.T, inflow.T, outflow.T, start, strict=True)
    one = [growth_of(v, i, o, start=float(s)) for v, i, o, s in columns]
    assert 1 + twr_many(value, inflow, outflow, start) == pytest.approx(one, rel=1e-9, abs=1e-12)


def test_many_say_not_a_number_where_one_is_missing() -> None:
    value = np.array([[100.0, 100.0, 0.0, 110.0], [110.0, NAN, 0.0, -5.0], [121.0, 121.0, 0.0, 3.0]])
    none = np.zeros((3, 4))
    found = twr_many(value, none, none, np.array([100.0, 100.0, 0.0, 100.0]))
    assert found == pytest.approx([0.21, NAN, 0.0, NAN], nan_ok=True)


# ── the others ────────────────────────────────────────────────────────────────────────────────────


def test_modified_dietz_weighs_a_flow_by_the_days_it_worked() -> None:
    """Gain 30 on 1,000 + 100 × 10/30 − 50 × 0/30."""
    found = modified_dietz(1_000, 1_080, np.array([20, 30]), np.array([100.0, -50.0]), first=0, last=30)
    assert found == pytest.approx(30 / (1_000 + 100 / 3))


def test_modified_dietz_without_flows_is_the_change_of_value() -> None:
    assert modified_dietz(100, 90, np.array([], np.int64), np.array([]), first=5, last=9) == pytest.approx(
        -0.1
    )


def test_modified_dietz_has_its_reasons() -> None:
    none, no_days = np.array([]), np.array([], np.int64)
    assert modified_dietz(100, 90, no_days, none, first=5, last=5) == Missing("the period has no days")
    assert modified_dietz(0, 0, no_days, none, first=5, last=9) == Missing(
        "the average capital is not positive"
    )
    assert isinstance(modified_dietz(NAN, 0, no_days, none, first=5, last=9), Missing)
    with pytest.raises(ValueError, match="outside"):
        modified_dietz(1, 1, np.array([10]), np.array([1.0]), first=5, last=9)


def test_simple_and_total_return() -> None:
    assert simple_return(25, 100) == 0.25
    assert simple_return(25, 0) == Missing("nothing was paid in")
    assert simple_return(NAN, 100) == Missing("a value in it is not known")
    assert total_return(100, 105, income=3) == pytest.approx(0.08)
    assert total_return(0, 105) == Missing("the first price is not positive")
    assert total_return(100, NAN) == Missing("a price in it is not known")


def test_only_a_whole_year_and_more_is_annualised() -> None:
    assert annualised(0.21, 730) == pytest.approx(0.10)
    assert annualised(0.21, 365) == pytest.approx(0.21)
    assert isinstance(annualised(0.21, 364), Missing)
    assert annualised(-1.0, 730) == -1
    assert annualised(-1.5, 730) == Missing("more than everything was lost")
    assert annualised(Missing("why"), 730) == Missing("why")


# ── the table ─────────────────────────────────────────────────────────────────────────────────────


def ordinals(*texts: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([date.fromisoformat(text).toordinal() for text in texts])


def test_months_and_years_chain_to_the_whole() -> None:
    when = ordinals("2024-01-15", "2024-01-31", "2024-02-29", "2024-03-28", "2024-04-02", "2025-01-10")
    growth = np.array([1.0, 1.1, 1.21, 1.0, 1.5, 3.0])
    months = by_period(when, growth, Span.MONTH)
    assert [row.first for row in months][:2] == [date(2024, 1, 1), date(2024, 2, 1)]
    assert [row.days for row in months] == [2, 1, 1, 1, 1]
    for span, rows in ((Span.MONTH, 5), (Span.YEAR, 2), (Span.FINANCIAL_YEAR, 2)):
        table = by_period(when, growth, span)
        assert len(table) == rows
        assert np.prod([1 + row.total for row in table if isinstance(row.total, float)]) == pytest.approx(3.0)


def test_a_financial_year_begins_in_april() -> None:
    rows = by_period(ordinals("2024-03-31", "2024-04-01"), np.array([1.1, 1.21]), Span.FINANCIAL_YEAR)
    assert [row.first for row in rows] == [date(2023, 4, 1), date(2024, 4, 1)]
    assert [row.total for row in rows] == pytest.approx([0.1, 0.1])


def test_a_period_that_ends_without_a_value_is_missing_and_so_is_the_next() -> None:
    when = ordinals("2024-01-31", "2024-02-29", "2024-03-28", "2024-04-30")
    rows = by_period(when, np.array([1.1, NAN, 1.2, 1.5]), Span.MONTH)
    missing = Missing("no value at one of its ends")
    assert [row.total for row in rows[1:3]] == [missing, missing]
    assert (rows[3].first, rows[3].days) == (date(2024, 4, 1), 1)
    assert rows[3].total == pytest.approx(0.25)


def test_the_table_needs_as_many_days_as_values() -> None:
    with pytest.raises(ValueError, match="growth"):
        by_period(ordinals("2024-01-31"), np.array([1.0, 2.0]), Span.YEAR)
