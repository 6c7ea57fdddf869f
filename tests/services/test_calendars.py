"""Words of operators: at once in this process, in the others within a minute, never overwritten."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.services.desks import Desk, ist, seated
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import TradingDay
from tunefolio.market.calendars import SessionKind
from tunefolio.market.sessions import OverrideKind
from tunefolio.services import calendars, snapshot, timetable
from tunefolio.services.calendars import Wish
from tunefolio.services.kept_calendars import KeptCalendars
from tunefolio.store import calendars as rows
from tunefolio.store.db import open_database
from tunefolio.store.events import Bus
from tunefolio.store.snapshots import SnapshotType

ADMIN = Viewer(PersonId(0), Role.ADMIN)
FRIDAY = "2026-12-04"


@pytest.fixture
def desk(migrated_url: str) -> Iterator[Desk]:
    with seated(migrated_url) as one:
        yield one


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def say(desk: Desk, wish: Wish) -> None:
    with desk.house.database.writing() as db:
        calendars.say(db, desk.house, ADMIN, wish)


def undo(desk: Desk, text: str) -> OverrideKind:
    with desk.house.database.writing() as db:
        return calendars.undo(db, desk.house, ADMIN, "nse", text)


def test_a_closure_holds_at_once_and_is_taken_back(desk: Desk) -> None:
    assert desk.house.calendar.is_session(day(FRIDAY))
    say(desk, Wish("nse", FRIDAY, "closed", " Cyclone \n over Mumbai "))
    assert desk.house.calendar.holiday(day(FRIDAY)) == "Cyclone over Mumbai"
    assert desk.house.calendar.next(day("2026-12-03")) == day("2026-12-07")
    assert undo(desk, FRIDAY) is OverrideKind.CLOSED
    assert desk.house.calendar.is_session(day(FRIDAY))


def test_what_is_rolled_back_never_holds(desk: Desk) -> None:
    def interrupted() -> None:
        with desk.house.database.writing() as db:
            calendars.say(db, desk.house, ADMIN, Wish("NSE", FRIDAY, "closed", "Cyclone"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert desk.house.calendar.is_session(day(FRIDAY))


def test_duties_and_snapshots_follow_the_word(desk: Desk) -> None:
    duty = timetable.entry_of("snapshot_sod")
    thursday = ist("2026-12-03 12:00")
    assert duty.next(desk.house, thursday) == ist(f"{FRIDAY} 09:00")
    say(desk, Wish("NSE", FRIDAY, "closed", "Cyclone"))
    assert duty.next(desk.house, thursday) == ist("2026-12-07 09:00")
    assert snapshot.window(desk.house.calendar, SnapshotType.SOD, day(FRIDAY)) is None
    say(desk, Wish("NSE", "2026-12-05", "open", "", "muhurat", "18:15-19:15"))
    hours = desk.house.calendar.hours(day("2026-12-05"))
    assert hours is not None
    assert (hours.open, hours.kind) == (ist("2026-12-05 18:15"), SessionKind.MUHURAT)


def test_a_later_word_takes_the_place_of_the_former_and_both_stay_to_be_seen(desk: Desk) -> None:
    say(desk, Wish("NSE", FRIDAY, "closed", "Cyclone"))
    desk.clock.advance(timedelta(hours=1))
    say(desk, Wish("NSE", FRIDAY, "open", "it turned away", "", "11:00-13:00"))
    with desk.house.database.reading() as db:
        newest, oldest = calendars.history(db)
        assert [one.kind for one in rows.in_force(db)] == [OverrideKind.SHORT]
        assert [one.id for one in calendars.history(db, before=newest.id)] == [oldest.id]
        assert calendars.history(db, exchange="BSE") == []
    assert (newest.override.kind, newest.ended, newest.by) == (OverrideKind.SHORT, None, "")
    assert (oldest.override.note, oldest.ended) == ("Cyclone", desk.clock.now())


def test_the_name_of_who_said_it_is_kept(desk: Desk) -> None:
    admin = Viewer(desk.person.id, Role.ADMIN)
    with desk.house.database.writing() as db:
        calendars.say(db, desk.house, admin, Wish("NSE", FRIDAY, "closed", "Cyclone"))
        calendars.undo(db, desk.house, admin, "NSE", FRIDAY)
    with desk.house.database.reading() as db:
        (one,) = calendars.history(db)
    assert (one.by, one.ended_by) == ("Asha", "Asha")


def test_a_calendar_is_extended_once_and_then_its_holidays_are_said(desk: Desk) -> None:
    with pytest.raises(Misuse, match="extend it first"):
        say(desk, Wish("NSE", "2027-01-26", "closed", "Republic Day"))
    say(desk, Wish("NSE", "2027-06-30", "known", "circular"))
    say(desk, Wish("NSE", "2027-12-31", "known", "circular"))
    say(desk, Wish("NSE", "2027-12-31", "closed", "for itself"))
    say(desk, Wish("NSE", "2027-01-26", "closed", "Republic Day"))
    calendar = desk.house.calendar
    assert calendar.known_until == day("2027-12-31")
    assert not calendar.is_session(day("2027-01-26"))
    assert undo(desk, "2027-12-31") is OverrideKind.CLOSED
    assert undo(desk, "2027-12-31") is OverrideKind.KNOWN
    assert desk.house.calendar.known_until == day("2026-12-31")


@pytest.mark.one_is_enough
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish("N SE", FRIDAY, "closed", "x"), "exchange"),
        (Wish("NSE", "4 December", "closed", "x"), "day"),
        (Wish("NSE", "2009-12-04", "closed", "x"), "day"),
        (Wish("NSE", FRIDAY, "shut", "x"), "kind"),
        (Wish("NSE", FRIDAY, "closed"), "note"),
        (Wish("NSE", FRIDAY, "closed", "x" * 201), "note"),
        (Wish("NSE", FRIDAY, "closed", "x", "", "09:15-10:00"), "windows"),
        (Wish("NSE", FRIDAY, "short"), "windows"),
        (Wish("NSE", FRIDAY, "open", "", "", "9-10"), "windows"),
        (Wish("NSE", FRIDAY, "open", "", "", "10:00-09:00"), "windows"),
        (Wish("NSE", FRIDAY, "open", "", "", "09:00-10:00,09:30-11:00"), "windows"),
        (Wish("NSE", FRIDAY, "open", "", "feast"), "session"),
        (Wish("NSE", "2026-12-31", "known"), "day"),
        (Wish("NSE", "2036-12-31", "known"), "day"),
    ],
)
def test_a_wrong_word_is_refused_with_its_field(desk: Desk, wish: Wish, field: str) -> None:
    with pytest.raises(Misuse) as refused:
        say(desk, wish)
    assert refused.value.field == field


def test_only_admins_speak_and_only_what_was_said_is_undone(desk: Desk) -> None:
    with desk.house.database.writing() as db:
        with pytest.raises(Forbidden):
            calendars.say(db, desk.house, desk.person.viewer, Wish("NSE", FRIDAY, "closed", "x"))
        with pytest.raises(Forbidden):
            calendars.undo(db, desk.house, desk.person.viewer, "NSE", FRIDAY)
    with pytest.raises(NotFound):
        undo(desk, FRIDAY)


def test_another_process_hears_within_a_minute_without_any_event(desk: Desk, migrated_url: str) -> None:
    """Two houses on one database whose buses do not know each other, as on SQLite."""
    elsewhere = open_database(migrated_url)
    other = KeptCalendars(elsewhere, desk.clock, Bus())
    assert other.of("NSE").is_session(day(FRIDAY))
    say(desk, Wish("NSE", FRIDAY, "closed", "Cyclone"))
    desk.clock.advance(timedelta(seconds=59))
    assert other.of("NSE").is_session(day(FRIDAY))
    desk.clock.advance(timedelta(seconds=1))
    assert not other.of("NSE").is_session(day(FRIDAY))
    elsewhere.close()


def test_another_process_hears_at_once_where_the_database_tells_it(desk: Desk, migrated_url: str) -> None:
    """PostgreSQL carries the event in the transaction; the clock stands still meanwhile."""
    if desk.house.database.dialect != "postgresql":
        pytest.skip("one process serves an SQLite house")
    elsewhere, bus = open_database(migrated_url), Bus()
    other = KeptCalendars(elsewhere, desk.clock, bus)
    assert other.of("NSE").is_session(day(FRIDAY))
    bus.listen(elsewhere)
    assert bus.listener is not None
    assert bus.listener.is_heard.wait(60)
    say(desk, Wish("NSE", FRIDAY, "closed", "Cyclone"))
    for _ in range(1200):
        if not other.of("NSE").is_session(day(FRIDAY)):
            break
        time.sleep(0.05)
    assert not other.of("NSE").is_session(day(FRIDAY))
    bus.close()
    elsewhere.close()


def test_many_threads_ask_while_words_are_said(desk: Desk) -> None:
    ended = threading.Event()

    def ask() -> int:
        asked = 0
        while not ended.is_set():
            desk.house.calendar.is_session(day(FRIDAY))
            asked += 1
        return asked

    pool = ThreadPoolExecutor(max_workers=6)
    asking = [pool.submit(ask) for _ in range(6)]
    for _ in range(5):
        say(desk, Wish("NSE", FRIDAY, "closed", "Cyclone"))
        assert not desk.house.calendar.is_session(day(FRIDAY))
        undo(desk, FRIDAY)
        assert desk.house.calendar.is_session(day(FRIDAY))
    ended.set()
    assert all(one.result(timeout=60) > 0 for one in asking)
    pool.shutdown()
