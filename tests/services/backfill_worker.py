"""A process that fetches one instrument's past from a source that falls silent at its third call.

python -m tests.services.backfill_worker DATABASE_URL JOB_ID. Says "asked DAY" before each call; to be killed.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from tests.services.desks import FRIDAY_NOON
from tests.services.histories import HistoryBoard, day
from tests.web.houses import house_at
from tunefolio.core.identity import JobId
from tunefolio.core.time import FixedClock, TradingDay
from tunefolio.market.calendars import Calendars
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import BarsClaim
from tunefolio.services import jobs
from tunefolio.services.backfill import BACKFILL
from tunefolio.services.sources import Sources

SINCE, UNTIL = day("2022-01-03"), day("2026-11-20")
FALLS_SILENT_AT = 3


def past() -> dict[str, str]:
    """A close of every session of five years, none like the one before."""
    calendar = Calendars().of("NSE")
    days = list(calendar.sessions(SINCE, UNTIL))
    return {one.iso(): f"{1000 + place % 7}.{place % 100:02}" for place, one in enumerate(days)}


class SlowBoard(HistoryBoard):
    """Answers twice, then never again."""

    def bars(self, listing: Listing, since: TradingDay, until: TradingDay) -> BarsClaim | None:
        sys.stdout.write(f"asked {since}\n")
        sys.stdout.flush()
        if len(self.asked) + 1 >= FALLS_SILENT_AT:
            time.sleep(120)
        return super().bars(listing, since, until)


def main(url: str, job: str) -> None:
    assert BACKFILL in jobs.DEEDS
    house = house_at(url, clock=FixedClock(FRIDAY_NOON))
    board = SlowBoard(closes={"INFY": past()})
    jobs.run(replace(house, sources=Sources((board,))), JobId(int(job)))


if __name__ == "__main__":
    main(*sys.argv[1:])
