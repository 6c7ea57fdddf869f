"""What was told and the work of telling it are forgotten in time; facts, failures and what is open stay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.services.desks import Desk
from tests.services.test_alerts import told
from tunefolio.core.identity import JobId
from tunefolio.core.notice import ChannelId, ChannelKind, DeliveryId, Notice, NoticeId, Urgency
from tunefolio.core.people import Caretaker, Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import jobs, retention, timetable
from tunefolio.services.alerts import JUDGE_PORTFOLIOS
from tunefolio.services.jobs import DEEDS
from tunefolio.store import channels, notices, transactions
from tunefolio.store import jobs as rows
from tunefolio.store.db import WriteDb
from tunefolio.store.jobs import JobState
from tunefolio.store.notices import DeliveryState, Draft

KEEPER = Caretaker("test")
DAY = timedelta(days=1)


def say(desk: Desk, title: str, age: timedelta, *, seen: bool) -> NoticeId:
    """A notice told so long ago, seen at once or never."""
    now = desk.clock.now()
    notice = Notice(desk.viewer.person, Urgency.INFO, title, "", now - age, "", f"test:{title}")
    with desk.database.writing() as db:
        ((id, _),) = notices.put(db, KEEPER, [Draft(notice, "price")])
        if seen:
            notices.mark_read(db, desk.viewer, id, now)
    return id


def channel(desk: Desk) -> ChannelId:
    seal = desk.house.vault.seal
    with desk.database.writing() as db:
        return channels.add(
            db,
            desk.viewer,
            ChannelKind.EMAIL,
            "a…",
            lambda id: seal(Secret("asha@example.org"), "channels", id, "target"),
            now=desk.clock.now(),
        )


def forgotten(desk: Desk) -> Mapping[str, Any]:
    """The duty's job is asked for and done; what it says it forgot."""
    with desk.database.writing() as db:
        id = jobs.ask(db, desk.house, "forget_notices", {}, owner=None)
    jobs.run(desk.house, id)
    with desk.database.reading() as db:
        (job,) = rows.page_all(db, Viewer(desk.viewer.person, Role.ADMIN), None, 1, kind="forget_notices")
    assert job.state is JobState.DONE
    assert job.result is not None
    return job.result


def test_seen_notices_go_after_ninety_days_and_unseen_ones_after_a_year(desk: Desk) -> None:
    for title, days, seen in (
        ("seen at the limit", 90, True),
        ("seen and past it", 91, True),
        ("unseen for long", 300, False),
        ("unseen for a year", 366, False),
    ):
        say(desk, title, days * DAY, seen=seen)
    assert forgotten(desk) == {"notices": 2, "jobs": 0}
    assert told(desk) == ["seen at the limit", "unseen for long"]
    assert forgotten(desk)["notices"] == 0


def test_many_go_in_several_transactions(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 3)
    for number in range(7):
        say(desk, f"{number}", 100 * DAY, seen=True)
    say(desk, "fresh", DAY, seen=True)
    assert forgotten(desk)["notices"] == 7
    assert told(desk) == ["fresh"]


def test_what_is_on_its_way_stays_and_goes_with_its_deliveries_when_it_has_arrived(desk: Desk) -> None:
    old, way = say(desk, "old", 100 * DAY, seen=True), channel(desk)
    with desk.database.writing() as db:
        queued: DeliveryId = notices.add_delivery(db, desk.viewer, old, way, desk.clock.now())
    assert forgotten(desk)["notices"] == 0
    with desk.database.writing() as db:
        notices.settle(db, desk.viewer, queued, DeliveryState.SENT, desk.clock.now())
    assert forgotten(desk)["notices"] == 1
    with desk.database.reading() as db:
        assert notices.deliveries_of(db, desk.viewer, [queued]) == []


def ended(db: WriteDb, desk: Desk, kind: str, state: JobState, age: timedelta) -> JobId:
    """A job of that kind that ended so long ago."""
    then = desk.clock.now() - age
    id, _ = rows.add(db, desk.viewer.person, kind, {}, now=then)
    assert rows.lease(db, id, "test", then, then + DAY) is not None
    if state is JobState.DONE:
        assert rows.finish(db, id, "test", None, then)
    else:
        assert rows.fail(db, id, "test", "the books are broken", then)
    return id


def test_work_of_judging_goes_after_a_day_but_failures_and_other_work_stay(desk: Desk) -> None:
    cases = {
        "judged yesterday": (JUDGE_PORTFOLIOS, JobState.DONE, 2 * DAY),
        "judged today": (JUDGE_PORTFOLIOS, JobState.DONE, DAY / 2),
        "failed to judge": (JUDGE_PORTFOLIOS, JobState.FAILED, 40 * DAY),
        "carried long ago": ("deliver", JobState.DONE, 31 * DAY),
        "carried": ("deliver", JobState.DONE, 29 * DAY),
        "synced": ("sync", JobState.DONE, 80 * DAY),
    }
    with desk.database.writing() as db:
        ids = {ended(db, desk, *how): name for name, how in cases.items()}
        waiting, _ = rows.add(db, desk.viewer.person, JUDGE_PORTFOLIOS, {}, now=desk.clock.now() - 9 * DAY)
    assert forgotten(desk) == {"notices": 0, "jobs": 2}
    with desk.database.reading() as db:
        left = {job.id for job in rows.page(db, desk.viewer, None, 50)}
    assert {name for id, name in ids.items() if id in left} == {
        "judged today",
        "failed to judge",
        "carried",
        "synced",
    }
    assert waiting in left


@pytest.mark.parametrize(
    ("kind", "days"),
    [("refresh_quotes", 1), ("recompute", 1), ("postback", 1), ("backfill", 30), ("sync", 90)],
)
def test_every_kind_of_job_is_kept_for_its_own_time(desk: Desk, kind: str, days: int) -> None:
    with desk.database.writing() as db:
        gone = [
            ended(db, desk, kind, state, days * DAY + DAY / 2) for state in (JobState.DONE, JobState.FAILED)
        ]
        kept = ended(db, desk, kind, JobState.DONE, days * DAY - DAY / 2)
        waiting, _ = rows.add(db, desk.viewer.person, kind, {}, now=desk.clock.now() - 999 * DAY)
        run = jobs.ask(db, desk.house, "forget", {}, owner=None)
    jobs.run(desk.house, run)
    with desk.database.reading() as db:
        left = {job.id for job in rows.page(db, desk.viewer, None, 50)}
        (job,) = rows.page_all(db, Viewer(desk.viewer.person, Role.ADMIN), None, 1, kind="forget")
    assert left == {kept, waiting}
    nothing = dict.fromkeys(("uploads", "logins", "renewals", "steps", "sign_ups"), 0)
    assert job.result == nothing | {"jobs": len(gone)}


def test_no_fact_is_forgotten(desk: Desk) -> None:
    desk.write_down("2020-01-02 buy 10 NSE:INFY @ 700")
    say(desk, "old", 1_000 * DAY, seen=True)
    assert forgotten(desk)["notices"] == 1
    with desk.database.reading() as db:
        kept = transactions.of_accounts(db, desk.viewer, [desk.account.id])[desk.account.id]
    assert len(kept) == 1


def test_the_timetable_asks_for_it_every_night(desk: Desk) -> None:
    entry = timetable.entry_of("forget_notices")
    assert entry.asks in DEEDS
    timetable.begin(desk.house)
    assert not timetable.perform(desk.house, "forget_notices")
    desk.clock.advance(DAY)
    assert timetable.perform(desk.house, "forget_notices")
