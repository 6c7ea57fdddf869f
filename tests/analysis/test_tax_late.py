"""Units that came into the books after 31 January 2018, though somebody had bought them before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.analysis.taxbooks import year_of
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.core.missing import Missing
from tunefolio.services.views.tax_cures import Place, cure_of

BOOK = """account "Demat" INR
instrument NSE:INFY equity isin INE009A01021 "Infosys"
"""
PRICE_2018 = "1166.6"


def late(rows: Sequence[str], told: str | None) -> TaxYear:
    """The year of these rows; told: what a unit was worth on the day."""
    answers = "" if told is None else f"value NSE:INFY {told}"
    return year_of(BOOK + "\n".join(rows), "2025-26", answers)


@pytest.mark.parametrize(
    ("opened", "told", "price", "gain"),
    [
        ("opening 200 NSE:INFY @ 250 acquired 2016-01-04", None, 1500, None),
        ("transfer_in 200 NSE:INFY @ 250 acquired 2016-01-04", None, 1500, None),
        ("opening 200 NSE:INFY @ 250 acquired 2016-01-04", "1166.60", 1500, 66_680),
        ("opening 200 NSE:INFY @ 250 acquired 2016-01-04", "583.30", 1500, 183_340),
        ("opening 200 NSE:INFY @ 250 acquired 2018-02-01", None, 1500, 250_000),
        ("buy 200 NSE:INFY @ 250", None, 1500, 250_000),
    ],
)
def test_units_that_came_later_have_no_value_of_2018_until_it_is_told(
    opened: str, told: str | None, price: int, gain: int | None
) -> None:
    """They may have seen splits and bonuses that the books do not know: a hole, not a tax too low."""
    result = late([f"2025-04-01 {opened}", f"2025-05-05 sell 200 NSE:INFY @ {price}"], told)
    if gain is None:
        (hole,) = result.found.holes
        assert "came into the books on 2025-04-01" in hole.missing.reason
        assert PRICE_2018 in hole.missing.cure
        assert cure_of(hole.missing.reason, Place(hole.account, hole.instrument)).words == "Give its value"
        assert isinstance(result.payable, Missing)
    else:
        (row,) = result.found.gains
        assert row.taxable == gain


@pytest.mark.parametrize(("price", "gain"), [(1500, 183_340), (500, 50_000)])
def test_bonus_units_are_an_opening_of_their_own(price: int, gain: int) -> None:
    """Infosys gave 1:1 on 2018-09-04: of 200 units 100 have the value of 2018 and 100 cost nothing."""
    result = late(
        [
            "2025-04-01 opening 100 NSE:INFY @ 500 acquired 2016-01-04",
            "2025-04-01 opening 100 NSE:INFY = 0 acquired 2018-09-04",
            f"2025-05-05 sell 200 NSE:INFY @ {price}",
        ],
        "1166.60",
    )
    assert sum(row.taxable for row in result.found.gains) == gain


def test_a_split_in_the_books_divides_what_was_told_of_units_that_came_later() -> None:
    """Once, as for all others."""
    rows = [
        "2019-01-01 opening 10 NSE:INFY @ 100 acquired 2016-01-04",
        "2020-03-02 split 2:1 NSE:INFY",
        "2021-01-01 opening 4 NSE:INFY @ 100 acquired 2016-01-04",
        "2025-05-05 sell 24 NSE:INFY @ 1500",
    ]
    assert sum(row.taxable for row in late(rows, "1000").found.gains) == 24 * (1500 - 500)
