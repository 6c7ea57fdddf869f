"""The timetable: what is shown is what happens, nothing twice, what was missed once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.bootstrap.houses import a_house, clock_of
from tunefolio.bootstrap.runtime import load_deeds
from tunefolio.core.identity import PersonId
from tunefolio.core.missing import Missing
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import IST, Instant
from tunefolio.services import admin, jobs, timetable
from tunefolio.services.house import House, HouseRules
from tunefolio.store import jobs as rows

pytestmark = pytest.mark.one_is_enough

ADMIN = Viewer(PersonId(0), Role.ADMIN)


@pytest.fixture
def house(migrated_url: str) -> Iterator[House]:
    load_deeds()
    with a_house(migrated_url) as house:
        yield house


def at(text: str) -> Instant:
    return Instant.parse(text, IST)


def following(house: House, name: str, after: str) -> str | None:
    due = timetable.entry_of(name).next(house, at(after))
    return None if due is None else due.in_zone(IST).strftime("%Y-%m-%d %H:%M:%S")


def kinds(house: House) -> list[str]:
    with house.database.reading() as db:
        return sorted(job.kind for job in rows.page_all(db, ADMIN, None, 50))


@pytest.mark.parametrize(
    ("name", "after", "due"),
    [
        ("snapshot_sod", "2026-11-20T08:59:59", "2026-11-20 09:00:00"),
        ("snapshot_sod", "2026-11-20T09:00:00", "2026-11-23 09:00:00"),  # a Friday: the weekend is skipped
        ("snapshot_sod", "2026-11-23T12:00:00", "2026-11-25 09:00:00"),  # the 24th is a holiday
        ("snapshot_eod", "2026-11-20T12:00:00", "2026-11-20 16:05:00"),
        ("sync_close", "2026-11-20T12:00:00", "2026-11-20 16:00:00"),
        ("sync_morning", "2026-11-20T12:00:00", "2026-11-23 08:30:00"),
        ("login_due", "2026-11-23T08:30:00", "2026-11-23 08:50:00"),
        ("sync_session", "2026-11-20T08:00:00", "2026-11-20 10:15:00"),  # an hour after the open
        ("sync_session", "2026-11-20T12:00:00", "2026-11-20 13:00:00"),
        ("sync_session", "2026-11-20T15:00:00", "2026-11-23 10:15:00"),  # the close comes sooner
        (
            "snapshot_eod",
            "2026-07-30T12:00:00",
            "2026-07-30 16:05:00",
        ),  # before the closing auction was introduced
        ("check", "2026-11-20T03:00:00", "2026-11-21 03:00:00"),
        ("track", "2026-11-20T12:00:00", "2026-11-21 06:45:00"),
        ("untrack", "2026-11-20T12:00:00", "2026-11-21 04:00:00"),
        ("refresh_masters", "2026-11-20T08:00:00", "2026-11-20 08:15:00"),
        ("complete_day", "2026-11-20T16:00:00", "2026-11-20 16:30:00"),
        ("complete_day", "2026-11-20T16:30:00", "2026-11-23 16:30:00"),
        ("rates", "2026-11-20T06:00:00", "2026-11-20 06:50:00"),
        ("actions", "2026-11-20T12:00:00", "2026-11-22 05:30:00"),
        ("actions", "2026-11-22T05:30:00", "2026-11-29 05:30:00"),
        ("refresh_quotes", "2026-11-20T10:00:00", "2026-11-20 10:15:00"),
        ("refresh_quotes", "2026-11-20T23:00:00", "2026-11-20 23:15:00"),  # somewhere it is day
    ],
)
def test_duties_come_by_the_calendar_in_ist(house: House, name: str, after: str, due: str) -> None:
    assert following(house, name, after) == due


def test_beyond_the_known_calendar_nothing_is_due_but_daily_duties(house: House) -> None:
    far = (house.calendar.known_until.plus_days(30)).iso() + "T10:00:00"
    assert following(house, "snapshot_sod", far) is None
    assert following(house, "complete_day", far) is None
    assert following(house, "check", far) is not None


def test_rehearsal_prices_are_refreshed_at_every_hour(house: House) -> None:
    rehearsal = replace(house, rules=HouseRules(rehearsal=True))
    assert following(rehearsal, "refresh_quotes", "2026-11-21T23:00:00") == "2026-11-21 23:00:20"


def test_an_operator_may_want_no_syncs_during_the_session_or_more_of_them(house: House) -> None:
    never = replace(house, rules=HouseRules(sync_every=timedelta(0)))
    assert following(never, "sync_session", "2026-11-20T12:00:00") is None
    often = replace(house, rules=HouseRules(sync_every=timedelta(minutes=5)))
    assert following(often, "sync_session", "2026-11-20T12:00:00") == "2026-11-20 12:05:00"
    longer = replace(house, rules=HouseRules(sync_every=timedelta(hours=20)))
    assert following(longer, "sync_session", "2026-11-20T12:00:00") is None


def test_a_new_house_owes_nothing(house: House) -> None:
    timetable.begin(house)
    assert not any(timetable.perform(house, entry.name) for entry in timetable.DUTIES)
    assert kinds(house) == []


@pytest.mark.on_both
def test_a_duty_is_performed_once_when_due_and_asks_for_its_job(house: House) -> None:
    timetable.begin(house)
    clock_of(house).set(at("2026-11-20T16:05:00"))
    assert timetable.perform(house, "snapshot_eod")
    assert not timetable.perform(house, "snapshot_eod")
    assert kinds(house) == ["snapshot_eod"]


@pytest.mark.on_both
def test_what_fell_due_while_the_house_was_away_is_performed_once(house: House) -> None:
    timetable.begin(house)
    clock_of(house).advance(timedelta(days=9))
    due = timetable.following(house, "check", None)
    assert due is not None
    assert due < house.clock.now()
    assert timetable.perform(house, "check")
    assert not timetable.perform(house, "check")
    assert kinds(house) == ["check"]


def test_a_duty_that_never_ran_says_so_and_not_when_the_clock_began(house: House) -> None:
    def shown(name: str) -> timetable.Duty:
        return next(one for one in timetable.entries(house, house.clock.now()) if one.name == name)

    assert shown("check").last_run == timetable.unasked(None)
    timetable.begin(house)
    began = house.clock.now()
    clock_of(house).advance(timedelta(days=1))
    assert timetable.perform(house, "check")
    asked = house.clock.now()
    clock_of(house).advance(timedelta(hours=1))
    assert shown("check").last_run == asked
    unasked = shown("forget").last_run
    assert unasked == timetable.unasked(began)
    assert isinstance(unasked, Missing)
    assert unasked.reason.startswith("never yet since the clock began to count, ")


def test_two_duties_with_one_deed_are_told_apart(house: House) -> None:
    timetable.begin(house)
    clock_of(house).set(at("2026-11-23T08:31:00"))
    assert timetable.perform(house, "sync_morning")
    last = {one.name: one.last_run for one in timetable.entries(house, house.clock.now())}
    assert last["sync_morning"] == house.clock.now()
    assert isinstance(last["sync_close"], Missing)


def test_the_engine_counts_on_from_its_own_last_time(house: House) -> None:
    timetable.begin(house)
    before = at("2026-11-20T03:00:00")
    assert timetable.following(house, "check", before) == at("2026-11-21T03:00:00")


def test_every_duty_asks_for_a_deed_that_exists(house: House) -> None:
    for entry in timetable.DUTIES:
        assert entry.asks in jobs.DEEDS, entry.name


@pytest.mark.on_both
def test_every_duty_of_an_empty_house_ends_well(house: House) -> None:
    timetable.begin(house)
    clock_of(house).set(at("2026-11-23T16:10:00"))
    for entry in timetable.DUTIES:
        assert timetable.perform(house, entry.name), entry.name
    while jobs.sweep(house):
        with house.database.reading() as db:
            waiting = [job.id for job in rows.page_all(db, ADMIN, None, 50) if job.state in rows.OPEN]
        for job in waiting:
            jobs.run(house, job)
    with house.database.reading() as db:
        overview = admin.jobs_overview(db, house, ADMIN)
    assert [(job.kind, job.problem) for job in overview.jobs if job.state is not rows.JobState.DONE] == []
    assert len(overview.duties) == len(timetable.DUTIES)
    assert all(duty.last_run == house.clock.now() for duty in overview.duties)
    assert all(duty.next_run is not None and duty.next_run > house.clock.now() for duty in overview.duties)
