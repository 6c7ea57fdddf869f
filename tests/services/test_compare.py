"""A second source held against what is held: its defects have names, and stand beside the instrument."""

from __future__ import annotations

from tests.services.backfill_worker import past
from tests.services.desks import Desk
from tests.services.histories import HistoryBoard, told
from tests.services.test_backfill import do, row_of, work_off
from tunefolio.core.errors import Retry
from tunefolio.services.compare import compare_sources
from tunefolio.services.jobs import DEEDS


def followed(desk: Desk) -> HistoryBoard:
    """Infosys since 2024 as the first source tells it."""
    board = HistoryBoard(closes={"INFY": past()}, name="first")
    desk.use(board)
    desk.write_down("2025-01-02 buy 1 NSE:INFY @ 1000")
    work_off(desk)
    return board


def test_a_second_source_that_divides_by_a_split_nobody_made_is_named(desk: Desk) -> None:
    """It tells half of everything before June 2025."""
    first = followed(desk)
    halved = {on: str(float(close) / 2) if on < "2025-06-02" else close for on, close in past().items()}
    desk.use(first, HistoryBoard(closes={"INFY": halved}, name="second"))
    assert DEEDS.of("compare_sources").run is compare_sources
    job = do(desk, "compare_sources")
    assert job.result is not None
    assert job.result["compared"] == 1
    defects = row_of(desk).defects
    assert defects
    assert {one["source"] for one in defects} == {"second"}
    assert all(one["words"] and one["first"] <= one["last"] for one in defects)


def test_one_source_alone_or_one_that_is_away_is_not_compared(desk: Desk) -> None:
    first = followed(desk)
    assert do(desk, "compare_sources").result == {"compared": 0, "defects": 0}
    desk.use(first, HistoryBoard(problem=Retry("503"), name="second"))
    assert do(desk, "compare_sources").result == {"compared": 0, "defects": 0}
    assert row_of(desk).defects == ()


def test_two_that_agree_have_no_defects(desk: Desk) -> None:
    first = followed(desk)
    same = HistoryBoard(
        closes={"INFY": past()}, name="second", announced=[told("INFY", "2025-06-02", "dividend", amount="5")]
    )
    desk.use(first, same)
    assert do(desk, "compare_sources").result == {"compared": 1, "defects": 0}
