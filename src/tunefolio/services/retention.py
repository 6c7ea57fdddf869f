"""How long what people were told is kept, and the jobs that judged and told it. Rules: docs/spec/alerts.md.

Facts, prices, snapshots and failures are not touched here: only what has been seen, or has done its work.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tunefolio.core.people import Caretaker
from tunefolio.services.alerts import JUDGE_PORTFOLIOS
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.store import jobs, notices

SEEN_LIFE = timedelta(days=90)
UNSEEN_LIFE = timedelta(days=365)
JUDGED_LIFE = timedelta(days=1)
CARRIED_LIFE = timedelta(days=30)
CARRYING = ("deliver", "verify_channel")
_AT_ONCE = 2_000


@deed("forget_notices")
def forget_notices(house: House, work: Work) -> Mapping[str, Any]:
    """Forget notices that were seen after 90 days, unseen ones after a year, never one that is still on its
    way; and finished jobs: of judging holdings after a day, of carrying notices after 30. A failed job stays
    as long as any other.

    Some thousand in a transaction, oldest first: nobody waits long, and what was broken off goes on.
    """
    keeper, now = Caretaker(work.job.kind), house.clock.now()
    told = 0
    while True:
        work.check()
        with house.database.writing() as db:
            gone = notices.forget_before(
                db, keeper, seen=now - SEEN_LIFE, unseen=now - UNSEEN_LIFE, limit=_AT_ONCE
            )
        told += gone
        if gone < _AT_ONCE:
            break
    with house.database.writing() as db:
        judged = jobs.forget_done_before(db, keeper, now - JUDGED_LIFE, [JUDGE_PORTFOLIOS])
        carried = jobs.forget_done_before(db, keeper, now - CARRIED_LIFE, CARRYING)
    return {"notices": told, "jobs": judged + carried}
