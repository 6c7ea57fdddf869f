"""How long things are kept that have done their work: files nobody imported, logins that came to nothing,
jobs, and what people were told. Facts, prices and snapshots are never forgotten. Rules: docs/spec/jobs.md,
docs/spec/alerts.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tunefolio.core.people import Caretaker
from tunefolio.services.alerts import JUDGE_PORTFOLIOS
from tunefolio.services.backfill import BACKFILL
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.services.postbacks import POSTBACK
from tunefolio.store import challenges, imports, jobs, login_states, notices, refresh_tokens, sign_ups

UPLOAD_LIFE = timedelta(days=2)
JOB_LIFE = timedelta(days=90)
LIVES: Mapping[str, timedelta] = {
    "refresh_quotes": timedelta(days=1),
    "recompute": timedelta(days=1),
    POSTBACK: timedelta(days=1),
    BACKFILL: timedelta(days=30),
}
"""Kinds of jobs that come so often that their history is kept for less."""

SEEN_LIFE = timedelta(days=90)
UNSEEN_LIFE = timedelta(days=365)
JUDGED_LIFE = timedelta(days=1)
CARRIED_LIFE = timedelta(days=30)
CARRYING = ("deliver", "verify_channel", "mail_link", "mail_news", "reset_asked", "sign_up_asked")
_AT_ONCE = 2_000


@deed("forget")
def forget(house: House, work: Work) -> Mapping[str, Any]:
    """Drop uploads that nobody imported, log-ins at brokers that came to nothing, and the history of jobs: a
    kind in LIVES after its own time, every other after JOB_LIFE, failed ones too."""
    keeper, now = Caretaker(work.job.kind), house.clock.now()
    with house.database.writing() as db:
        gone = jobs.forget_before(db, keeper, now - JOB_LIFE)
        gone += sum(jobs.forget_before(db, keeper, now - life, kind=kind) for kind, life in LIVES.items())
        return {
            "uploads": imports.forget_before(db, keeper, now - UPLOAD_LIFE),
            "logins": login_states.forget_before(db, keeper, now),
            "renewals": refresh_tokens.forget_expired(db, keeper, now),
            "steps": challenges.forget_before(db, keeper, now),
            "sign_ups": sign_ups.forget_before(db, keeper, now),
            "jobs": gone,
        }


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
