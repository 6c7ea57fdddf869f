"""The compiled loops give what their plain Python gives; their exponential is exact to the last places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from tunefolio.analysis import kernels

BOTTOM, TOP = -36.0, 4.6


@pytest.mark.parametrize("log", [-3.0, -1e-9, 0.0, 1e-9, 0.1, 4.6])
def test_the_exponential_is_numpys(log: float) -> None:
    years = np.linspace(0, 40, 1_001)
    out, power = np.empty(1_001), np.empty(1_001)
    origin = years[-1] if log < 0 else 0.0
    kernels._weigh(log, years, origin, out, power, power.view(np.int64))
    assert out == pytest.approx(np.exp(-log * (years - origin)), rel=1e-14)


def test_what_has_died_away_counts_as_next_to_nothing() -> None:
    out, power = np.empty(2), np.empty(2)
    kernels._weigh(4.6, np.array([0.0, 400.0]), 0.0, out, power, power.view(np.int64))
    assert out[0] == 1
    assert 0 < out[1] < 1e-299


def test_compiled_and_plain_agree() -> None:
    rng = np.random.default_rng(5)
    days = np.sort(rng.integers(0, 2_000, (60, 12)), axis=1)
    amounts = rng.normal(-10, 50, (60, 12))
    counts = rng.integers(0, 13, 60)
    days[3, 2] = 5_000
    logs, state = kernels.proved_roots(days, amounts, counts, BOTTOM, TOP)
    plain_logs, plain_state = plainly("proved_roots", days, amounts, counts, BOTTOM, TOP)
    assert (state == plain_state).all()
    assert set(state) == {kernels.PROVED, kernels.UNPROVED, kernels.UNORDERED}
    assert logs == pytest.approx(plain_logs, abs=1e-9, nan_ok=True)


def test_compiled_and_plain_chains_agree() -> None:
    rng = np.random.default_rng(5)
    value, inflow, outflow = rng.uniform(-1, 90, (3, 40, 5))
    start = np.array([0.0, 10.0, 20.0, np.nan, 5.0])
    compiled = kernels.chain(value, inflow, outflow, start)
    with np.errstate(divide="ignore", invalid="ignore"):
        assert compiled == pytest.approx(plainly("chain", value, inflow, outflow, start), nan_ok=True)


def test_a_place_that_cannot_be_written_to_compiles_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """numba raises RuntimeError where neither the code's folder nor the cache of the user can be written."""
    whole = numba.njit

    def refusing(*args: Any, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return whole(*args, **options)

    monkeypatch.setattr(numba, "njit", refusing)
    for decorate in (kernels.compiled, kernels.reordering):
        doubled = decorate(_doubled)
        assert doubled(2.0) == 4.0


def _doubled(number: float) -> float:
    return 2 * number


def plainly(name: str, *args: Any) -> Any:
    """The same function with numba's decorators taken away: its source run as it stands."""
    source = Path(kernels.__file__).read_text("utf-8")
    plain: dict[str, Any] = {"__name__": "plain", "np": np}
    body = source.replace("@compiled\n", "").replace("@reordering\n", "")
    exec(compile(body, kernels.__file__, "exec"), plain)
    with np.errstate(all="ignore"):
        return plain[name](*args)
