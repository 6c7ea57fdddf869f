"""Zerodha's real tradebook from the file to lots, and what it looks like when it is wrong."""

from __future__ import annotations

import time

import pytest

from tests.services.desks import Desk
from tunefolio.adapters.brokers.files import tradebook
from tunefolio.core.errors import Misuse
from tunefolio.services import imports
from tunefolio.services.views import Preview
from tunefolio.store import instruments, transactions

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


def traded(*lines: str) -> bytes:
    """Lines like `2025-09-01 NSE EQ buy 10`, of INFY by its ISIN, each at 1500."""
    out = []
    for number, line in enumerate(lines):
        day, exchange, series, deed, units = line.split()
        place = f"{exchange},EQ,{series},{deed},false,{units},1500"
        out.append(f"INFY,INE009A01021,{day},{place},{day}{number},1,{day}T10:00:00")
    return (HEADER + "\n".join(out) + "\n").encode()


def bring_in(desk: Desk, content: bytes) -> tuple[int, int, int]:
    """Added, repeated, refused."""
    with desk.database.writing() as db:
        done = imports.import_file(db, desk.house, desk.viewer, desk.account.id, "tradebook.csv", content)
    return done.added, done.repeated, done.refused


def listings(desk: Desk) -> list[str]:
    with desk.database.reading() as db:
        kept = [one.fact.instrument for one in transactions.of_account(db, desk.viewer, desk.account.id)]
        known = instruments.of_ids(db, {id for id in kept if id is not None})
    return [f"{known[id].exchange} {known[id].listing.series}" for id in kept if id is not None]


BOUGHT_HERE_SOLD_THERE = ("2025-09-01 NSE EQ buy 10", "2025-09-03 BSE A sell 6", "2025-09-04 NSE BE sell 3")


def test_a_share_is_sold_wherever_it_was_bought(desk: Desk) -> None:
    """On another exchange and in another series: it lies in the account by its ISIN."""
    assert bring_in(desk, traded(*BOUGHT_HERE_SOLD_THERE)) == (3, 0, 0)
    assert listings(desk) == ["NSE EQ"] * 3
    assert desk.quantity("INFY") == 1
    assert bring_in(desk, traded(*BOUGHT_HERE_SOLD_THERE)) == (0, 3, 0)


def test_the_listing_that_an_account_has_stands_for_the_others(desk: Desk) -> None:
    assert bring_in(desk, traded("2025-09-01 BSE A buy 10")) == (1, 0, 0)
    assert bring_in(desk, traded("2025-09-02 NSE EQ sell 4", "2025-09-03 NSE EQ buy 1")) == (2, 0, 0)
    assert listings(desk) == ["BSE A"] * 3
    assert desk.quantity("INFY") == 7


def test_listings_that_an_account_keeps_apart_stay_apart(desk: Desk) -> None:
    """As books of before have them: what is recorded does not change its meaning."""
    desk.write_down("2025-08-01 buy 5 NSE:INFY @ 1400")
    desk.write_down("2025-08-01 buy 5 BSE:INFY @ 1400")
    added, _, refused = bring_in(desk, traded("2025-09-01 NSE EQ sell 5", "2025-09-02 BSE A sell 6"))
    assert (added, refused) == (1, 1)
