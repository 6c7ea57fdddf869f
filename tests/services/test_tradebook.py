"""Zerodha's real tradebook from the file to lots, and what it looks like when it is wrong."""

from __future__ import annotations

import time

import pytest

from tests.services.desks import Desk
from tunefolio.adapters.brokers.files import tradebook
from tunefolio.core.errors import Misuse
from tunefolio.services import imports
from tunefolio.services.views import Preview

HEADER = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,"
    "order_execution_time\n"
)


def rows(count: int) -> bytes:
    lines = [
        f"INFY,INE009A01021,2024-{1 + n % 12:02d}-0{1 + n % 9},NSE,EQ,EQ,buy,false,1,15{n % 90:02d}.05,"
        f"{n},{n},"
        f"2024-{1 + n % 12:02d}-0{1 + n % 9}T10:00:00"
        for n in range(count)
    ]
    return (HEADER + "\n".join(lines) + "\n").encode()


def preview(desk: Desk, content: bytes) -> Preview:
    assert tradebook.NEEDED
    with desk.database.writing() as db:
        return imports.preview(db, desk.house, desk.viewer, desk.account.id, "tradebook.csv", content)


def test_a_tradebook_with_good_and_bad_rows(desk: Desk) -> None:
    bad = b"TCS,INE467B01029,2024-05-01,NSE,EQ,EQ,buy,false,-5,3000,900,900,2024-05-01T10:00:00\n"
    odd = b"TCS,INE467B01029,2024-05-01,MARS,EQ,EQ,buy,false,5,3000,901,901,2024-05-01T10:00:00\n"
    seen = preview(desk, rows(3) + bad + odd)
    assert (seen.rows_total, seen.fresh, seen.refused) == (5, 3, 2)
    assert [problem.row for problem in seen.problems] == [5, 6]
    assert seen.problems[0].field == "quantity"


def test_a_tradebook_that_lacks_a_column_is_a_table_whose_columns_its_owner_explains(desk: Desk) -> None:
    with pytest.raises(Misuse, match=r"nobody has said what they mean: symbol, .*qty.*under Import"):
        preview(desk, rows(3).replace(b"quantity", b"qty"))


@pytest.mark.parametrize("content", [rows(10_000)], ids=["10,000 trades"])
def test_ten_thousand_trades_within_reason(desk: Desk, content: bytes) -> None:
    """A benchmark holds it to two seconds; here it only must not be a matter of minutes."""
    start = time.monotonic()
    with desk.database.writing() as db:
        done = imports.import_file(db, desk.house, desk.viewer, desk.account.id, "tradebook.csv", content)
    assert done.added == 10_000
    assert time.monotonic() - start < 30
    assert desk.quantity("INFY") == 10_000
