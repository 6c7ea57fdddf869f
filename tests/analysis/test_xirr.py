"""XIRR against pyxirr, the roots of polynomials and its own laws."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
import pyxirr
from hypothesis import assume, given
from hypothesis import strategies as st

from tunefolio.analysis import xirr as module
from tunefolio.analysis.xirr import Days, Floats, Xirr, npv, xirr, xirr_many
from tunefolio.core.missing import Missing

FIRST = date(2015, 1, 1)


def flows(text: str) -> tuple[Days, Floats]:
    """ "0 -100, 365 110": on day 0 a hundred goes in, a year later a hundred and ten come back."""
    pairs = [part.split() for part in text.split(",")]
    return np.array([int(day) for day, _ in pairs]), np.array([float(amount) for _, amount in pairs])


def of(text: str) -> Xirr:
    return xirr(*flows(text))


def all_rates(found: Xirr) -> list[float]:
    return [] if found.rate is None else sorted([found.rate, *found.others])


def oracle(days: Days, amounts: Floats) -> float | None:
    return pyxirr.xirr([FIRST + timedelta(int(day)) for day in days], amounts.tolist(), silent=True)


def in_years(*amounts: float) -> tuple[Days, Floats]:
    return np.arange(len(amounts)) * 365, np.array(amounts, float)


# ── one rate ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0 -100, 365 110", 0.10),
        ("365 110, 0 -100", 0.10),
        ("0 -50, 0 -50, 365 55, 365 55", 0.10),
        ("0 -100, 730 121", 0.10),
        ("0 -100, 365 100", 0.0),
        ("0 -100, 365 50", -0.50),
        ("0 100, 365 -110", 0.10),
        ("0 -1, 365 101", 100.0),
        ("0 -100, 1 100.02", 1.0002**365 - 1),
        ("0 0, 30 -100, 395 110", 0.10),
    ],
)
def test_a_plain_case_has_its_rate(text: str, rate: float) -> None:
    found = of(text)
    assert found.is_unique
    assert found.rate == pytest.approx(rate, abs=1e-12, rel=1e-9)
    assert found.value == found.rate


def test_a_deposit_just_before_a_fall_costs_nearly_everything_a_year() -> None:
    """A hundred grows by half, nine hundred join, a fifth is lost: TWR +20 %, Dietz −29 %, XIRR −98 %."""
    found = of("0 -100, 15 -900, 30 840")
    assert found.is_unique
    assert found.rate == pytest.approx(-0.98, abs=0.005)


def test_money_of_ten_years_agrees_with_pyxirr() -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        days = np.sort(rng.integers(0, 3_650, 60))
        amounts = -rng.uniform(1, 100, 60)
        amounts[5::7] *= -0.5
        amounts[-1] = -amounts[:-1].sum() * rng.uniform(0.5, 4)
        expected = oracle(days, amounts)
        assert expected is not None
        assert all_rates(xirr(days, amounts))[-1] == pytest.approx(expected, abs=1e-7)


def test_three_thousand_flows_are_no_trouble() -> None:
    days = np.arange(3_000)
    amounts = np.where(days % 2, 90.0, -100.0)
    amounts[-1] = 30_000.0
    found = xirr(days, amounts)
    assert found.rate is not None
    assert abs(npv(days, amounts, found.rate)) < 1e-6 * np.abs(amounts).sum()


# ── several ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("amounts", "rates"),
    [
        ((-100, 230, -132), (0.10, 0.20)),
        ((-1000, 3600, -4310, 1716), (0.10, 0.20, 0.30)),
        ((-1, 2, -0.75), (-0.5, 0.5)),
        ((100, -150, 65), ()),
        ((-100, 250, -300), ()),
    ],
)
def test_every_rate_is_found(amounts: tuple[float, ...], rates: tuple[float, ...]) -> None:
    assert all_rates(xirr(*in_years(*amounts))) == pytest.approx(rates, abs=1e-9)


def test_the_rate_nearest_to_no_growth_is_shown_and_the_others_listed() -> None:
    found = xirr(*in_years(-100, 230, -132))
    assert found.rate == pytest.approx(0.10)
    assert found.others == pytest.approx((0.20,))
    assert not found.is_unique


def test_halving_and_doubling_are_equally_far_from_no_growth() -> None:
    """(x − 0.4)(x − 1.6) in factors: ×0.4 is further from 1 than ×1.6, though −60 % and +60 % look alike."""
    found = xirr(*in_years(-1, 2, -0.64))
    assert found.rate == pytest.approx(0.6)
    assert found.others == pytest.approx((-0.6,))


def test_a_rate_that_the_curve_only_touches_is_found() -> None:
    found = xirr(*in_years(-100, 220, -121))
    assert found.is_unique
    assert found.rate == pytest.approx(0.10, abs=1e-6)


def test_two_rates_close_together_are_two() -> None:
    first, second = 1.1, 1.1005
    found = xirr(*in_years(-1, first + second, -first * second))
    assert all_rates(found) == pytest.approx((0.1, 0.1005), abs=1e-7)


@given(st.lists(st.integers(-20, 20), min_size=3, max_size=7))
def test_yearly_flows_have_the_positive_roots_of_their_polynomial(amounts: list[int]) -> None:
    """An independent way: numpy's eigenvalues. Nearly double roots are left to the tests above."""
    assume(amounts[0] != 0 and amounts[-1] != 0)
    found = xirr(*in_years(*amounts))
    factors = np.roots(amounts)
    close = np.abs(factors[:, None] - factors[None, :])[~np.eye(len(factors), dtype=bool)]
    assume(close.size == 0 or close.min() > 1e-2)
    real = np.sort(factors[np.abs(factors.imag) < 1e-6].real)
    expected = [float(x) - 1 for x in real if 0.05 < x < 100.9]
    assert [rate for rate in all_rates(found) if rate > -0.95] == pytest.approx(expected, abs=1e-6, rel=1e-6)


# ── none ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 0, 365 0", module.ALL_ZERO),
        ("0 5, 0 -5, 9 3, 9 -3", module.ALL_ZERO),
        ("7 -100, 7 110", module.ONE_DAY),
        ("7 -100, 8 0", module.ONE_DAY),
        ("0 -100, 365 -10", module.NO_INCOME),
        ("0 100, 365 10", module.NO_OUTLAY),
        ("0 -100, 365 250, 730 -300", module.NO_ROOT),
        ("0 -100, 1 200", module.NO_ROOT),
        ("0 -100, 365 10200", module.NO_ROOT),
        ("0 -100, 1 50", module.NO_ROOT),
        ("0 -100, 100 0.05", module.TOO_STEEP),
    ],
)
def test_no_rate_has_a_reason(text: str, reason: str) -> None:
    found = of(text)
    assert found == Xirr(None, (), reason)
    assert found.value == Missing(reason)


def test_no_flows_at_all_have_no_rate() -> None:
    assert xirr(np.array([], np.int64), np.array([])).reason == module.ALL_ZERO
    assert npv(np.array([], np.int64), np.array([]), 0.1) == 0


def test_a_ruin_that_floats_cannot_say_is_not_said() -> None:
    """A tenth is lost in ten days, ten years after the first rupee: its weight then hides all others."""
    found = of("0 -1, 3650 -100, 3660 90")
    assert found.rate is None
    assert found.reason == module.TOO_STEEP


@pytest.mark.parametrize("amount", [math.nan, math.inf])
def test_what_is_not_a_number_is_refused(amount: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        xirr(np.array([0, 1]), np.array([-1.0, amount]))


def test_as_many_days_as_amounts() -> None:
    with pytest.raises(ValueError, match="days for"):
        xirr(np.array([0, 1]), np.array([-1.0]))


# ── what the oracle misses: it gives no rate or one out of range, and there is one ─────────────────


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0 -12540, 108 1040, 136 -89", -0.999883),
        ("0 1524, 54 -395, 114 3", -0.999915),
        ("0 20003, 73 -2794, 81 128, 140 9", -0.999965),
        ("0 21, 350 -2190, 1495 -1393, 1998 12", -0.968253),
        ("0 -466, 43 1323, 93 -72, 145 -42", -0.999981),
        ("0 95, 38 -2470, 92 -832, 124 231", -1.0),
    ],
)
def test_the_only_rate_in_range_is_found_where_the_oracle_is_lost(text: str, rate: float) -> None:
    days, amounts = flows(text)
    found, other = xirr(days, amounts), oracle(days, amounts)
    assert found.is_unique
    assert found.rate == pytest.approx(rate, abs=1e-6)
    assert found.rate is not None
    assert abs(npv(days, amounts, found.rate)) < 1e-6 * np.abs(amounts).sum()
    assert other is None or other > module.HIGHEST


def test_the_oracle_knows_one_rate_of_two() -> None:
    days, amounts = in_years(-100, 230, -132)
    assert oracle(days, amounts) == pytest.approx(0.10)
    assert len(all_rates(xirr(days, amounts))) == 2


def clear(days: Days, found: Xirr) -> list[float]:
    """The rates that rounding leaves alone; a last digit decides whether a steeper loss can be said."""
    years = 1 + (days.max() - days.min()) / 365
    return [rate for rate in all_rates(found) if -np.log1p(rate) * years < 12]


# ── laws ──────────────────────────────────────────────────────────────────────────────────────────

books = st.lists(
    st.tuples(st.integers(0, 5_000), st.integers(-1_000_000, 1_000_000)),
    min_size=2,
    max_size=25,
    unique_by=lambda f: f[0],
).map(lambda pairs: (np.array([d for d, _ in pairs]), np.array([a / 100 for _, a in pairs])))


@given(books)
def test_every_rate_makes_the_flows_worth_nothing(book: tuple[Days, Floats]) -> None:
    days, amounts = book
    for rate in all_rates(xirr(days, amounts)):
        assert -1 < rate <= 100 + 1e-9
        assert abs(npv(days, amounts, rate)) < 1e-6 * np.abs(amounts).sum()


@given(books)
def test_no_change_of_sign_is_overlooked(book: tuple[Days, Floats]) -> None:
    """A coarse look with other numbers: between neighbouring points of unlike sign there is a rate."""
    days, amounts = book
    years = (days - days.min()) / 365
    lowest = np.expm1(-12 / (1 + years.max()))  # below it rounding decides, see `clear`
    points = np.linspace(max(lowest, -0.9), 3.0, 400)
    worth = [float(np.sum(amounts / (1 + r) ** years)) for r in points]
    rates = all_rates(xirr(days, amounts))
    for low, high, a, b in zip(points, points[1:], worth, worth[1:], strict=False):
        clear = 1e-9 * np.abs(amounts).max() * max(1.0, (1 + low) ** -years.max())
        if a * b < 0 and min(abs(a), abs(b)) > clear:
            assert any(low <= rate <= high for rate in rates)


@given(books, st.sampled_from([-1.0, 0.001, 1_000.0]))
def test_scaling_all_flows_leaves_the_rate(book: tuple[Days, Floats], factor: float) -> None:
    days, amounts = book
    scaled = clear(days, xirr(days, amounts * factor))
    assert scaled == pytest.approx(clear(days, xirr(days, amounts)), rel=1e-6, abs=1e-7)


@given(books, st.integers(-100_000, 100_000))
def test_another_first_day_leaves_the_rate(book: tuple[Days, Floats], shift: int) -> None:
    days, amounts = book
    assert xirr(days + shift, amounts) == xirr(days, amounts)


def test_newton_does_not_dance_around_a_root() -> None:
    """Its steps cross over from side to side here, and bring the bracket in by next to nothing."""
    days, amounts = flows(
        "1 2267.07, 253 9559, 356 -9992.06, 731 9564.59, 1908 -19.79, 1952 44.68, 4310 -0.51"
    )
    (many,) = xirr_many(days[None], amounts[None], np.array([7]))
    assert many == pytest.approx(xirr(days, amounts).rate)
    assert many == pytest.approx(-0.633735, abs=1e-6)


# ── many ──────────────────────────────────────────────────────────────────────────────────────────


def test_many_agree_with_one_by_one() -> None:
    rng = np.random.default_rng(11)
    rows, width = 400, 40
    days = np.sort(rng.integers(0, 3_000, (rows, width)), axis=1)
    amounts = rng.normal(-20, 60, (rows, width))
    counts = rng.integers(0, width + 1, rows)
    many = xirr_many(days, amounts, counts)
    one = [xirr(days[p, :n], amounts[p, :n]).rate for p, n in enumerate(counts)]
    assert many == pytest.approx(np.array(one, float), rel=1e-8, abs=1e-9, nan_ok=True)
    assert 0.3 < np.isfinite(many).mean() < 1


@given(st.lists(books, min_size=1, max_size=5))
def test_any_few_agree_with_one_by_one(several: list[tuple[Days, Floats]]) -> None:
    days, amounts = np.zeros((len(several), 25), np.int64), np.zeros((len(several), 25))
    for row, (when, sums) in enumerate(several):
        order = np.argsort(when)
        days[row, : len(when)], amounts[row, : len(when)] = when[order], sums[order]
    counts = np.array([len(when) for when, _ in several])
    one = [xirr(when, sums).rate for when, sums in several]
    many = xirr_many(days, amounts, counts)
    assert many == pytest.approx(np.array(one, float), rel=1e-6, abs=1e-7, nan_ok=True)


def test_many_have_none_where_one_has_none() -> None:
    texts = ("0 -100, 100 0.05", "0 -1, 3650 -100", "7 -100, 7 110", "0 -100, 1 200", "0 -100, 365 250")
    rows = [flows(text) for text in texts]
    many = xirr_many(np.array([d for d, _ in rows]), np.array([a for _, a in rows]), np.full(len(rows), 2))
    assert many == pytest.approx([np.nan, np.nan, np.nan, np.nan, 1.5], nan_ok=True)


def test_many_refuse_what_they_cannot_read() -> None:
    days, amounts = np.array([[0, 5], [9, 3]]), np.array([[-1.0, 2.0], [-1.0, 2.0]])
    with pytest.raises(ValueError, match="row 1"):
        xirr_many(days, amounts, np.array([2, 2]))
    with pytest.raises(ValueError, match="counts"):
        xirr_many(days, amounts, np.array([2]))
