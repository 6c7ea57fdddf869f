"""What is followed anew has a price at once, not with the next refresh."""

from __future__ import annotations

from decimal import Decimal

from tests.services.desks import Desk, PriceBoard
from tests.services.test_backfill import INFY, work_off
from tunefolio.core.errors import Retry
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim
from tunefolio.store import quotes

LISTED, BENCHMARK = Listing("NSE", "INFY"), Listing("NSE", "NIFTY 50")


def priced(desk: Desk) -> Decimal | None:
    with desk.database.reading() as db:
        found = quotes.latest(db, [desk.instrument("INFY")])
    return None if not found else next(iter(found.values())).price.amount


def test_the_first_price_comes_with_the_past_and_is_not_asked_for_twice(desk: Desk) -> None:
    now = desk.clock.now()
    board = PriceBoard({one: QuoteClaim(one, Decimal("1531"), None, now) for one in (LISTED, BENCHMARK)})
    desk.use(board)
    desk.write_down(INFY)
    assert priced(desk) is None
    work_off(desk)
    assert priced(desk) == Decimal("1531")
    asked = board.asked
    desk.write_down("2025-11-03 buy 1 NSE:INFY @ 1400")
    work_off(desk)
    assert board.asked == asked, "it has one already"


def test_a_source_that_is_away_keeps_no_past_from_coming(desk: Desk) -> None:
    desk.use(PriceBoard(problem=Retry("away")))
    desk.write_down(INFY)
    assert {job.state.value for job in work_off(desk)} == {"done"}
    assert priced(desk) is None
