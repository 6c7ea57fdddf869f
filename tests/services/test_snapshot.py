"""Frozen valuations: in their windows, one a day, missed ones said to be missed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.services.desks import Desk, PriceBoard, held, ist
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import PersonId
from tunefolio.core.money import INR, Currency, Money, Price
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.statements import Statement
from tunefolio.market.calendars import packaged
from tunefolio.market.fx import Rate
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim
from tunefolio.market.quotes import Quote
from tunefolio.services import jobs, portfolios, snapshot, sync
from tunefolio.services.check import check
from tunefolio.services.snapshot import next_window, window
from tunefolio.services.views import curve, latest_snapshots
from tunefolio.store import jobs as kept_jobs
from tunefolio.store import quotes, rates, snapshots
from tunefolio.store.snapshots import Snapshot, SnapshotFilter, SnapshotState, SnapshotType

CALENDAR = packaged()
ADMIN = Viewer(PersonId(0), Role.ADMIN)
MUHURAT = next(
    day for day, special in CALENDAR.specials.items() if special.kind == "muhurat" and day.year == 2025
)


@pytest.mark.parametrize(
    ("type", "day", "start", "end"),
    [
        (SnapshotType.SOD, "2026-11-20", "2026-11-20 09:00", "2026-11-20 09:15"),
        (SnapshotType.EOD, "2026-11-20", "2026-11-20 16:00", "2026-11-21 00:00"),
        (SnapshotType.EOD, "2026-07-31", "2026-07-31 16:00", "2026-08-01 00:00"),
        (SnapshotType.EOD, "2026-08-03", "2026-08-03 16:00", "2026-08-04 00:00"),
        (SnapshotType.MANUAL, "2026-11-21", "2026-11-21 00:00", "2026-11-22 00:00"),
    ],
)
def test_windows_of_regular_days(type: SnapshotType, day: str, start: str, end: str) -> None:
    assert window(CALENDAR, type, TradingDay.parse(day)) == (ist(start), ist(end))


@pytest.mark.parametrize("day", ["2026-11-21", "2026-01-26"])
def test_no_session_no_window(day: str) -> None:
    for type in (SnapshotType.SOD, SnapshotType.EOD):
        assert window(CALENDAR, type, TradingDay.parse(day)) is None


def test_muhurat_has_windows_of_its_own() -> None:
    day = TradingDay(MUHURAT)
    hours, sod, eod = (
        CALENDAR.hours(day),
        *(window(CALENDAR, t, day) for t in (SnapshotType.SOD, SnapshotType.EOD)),
    )
    assert hours is not None
    assert sod is not None
    assert eod is not None
    assert sod[1] == hours.open
    assert eod[0] == CALENDAR.eod(day)
    assert eod[0] >= hours.close


def test_the_end_of_day_is_the_calendars() -> None:
    """Whatever the dated rules say, EOD never begins before continuous trading ends or before they say so."""
    for day in ("2026-07-31", "2026-08-03", "2026-11-20"):
        found = window(CALENDAR, SnapshotType.EOD, TradingDay.parse(day))
        assert found is not None
        assert found[0] == CALENDAR.eod(TradingDay.parse(day))


@pytest.mark.parametrize(
    ("now", "sod", "eod"),
    [
        ("2026-11-20 08:00", "2026-11-20 09:00", "2026-11-20 16:00"),
        ("2026-11-20 09:00", "2026-11-23 09:00", "2026-11-20 16:00"),
        ("2026-11-21 12:00", "2026-11-23 09:00", "2026-11-23 16:00"),
    ],
)
def test_the_next_window(now: str, sod: str, eod: str) -> None:
    assert next_window(CALENDAR, SnapshotType.SOD, ist(now)) == ist(sod)
    assert next_window(CALENDAR, SnapshotType.EOD, ist(now)) == ist(eod)


def take(desk: Desk, type: SnapshotType) -> Snapshot:
    with desk.database.writing() as db:
        return snapshot.take(db, desk.house, desk.viewer, desk.account.id, type)


def all_of(desk: Desk) -> list[Snapshot]:
    with desk.database.reading() as db:
        return snapshots.page(db, desk.viewer, filter=SnapshotFilter(), before=None, limit=100)


def test_a_snapshot_freezes_what_is_held_at_known_prices(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500\n2024-04-01 buy 1 NSE:TCS @ 3000")
    desk.price("INFY", "1600", at=ist("2026-11-19 15:30"))
    desk.clock.set(ist("2026-11-20 09:05"))
    taken = take(desk, SnapshotType.SOD)
    assert (taken.value, taken.invested, taken.unpriced) == (Money.of(16000), Money.of(18000), 1)
    desk.price("INFY", "1700")
    with desk.database.reading() as db:
        lines = snapshots.lines(db, desk.viewer, taken.id)
        view = latest_snapshots(db, desk.house, desk.viewer)
    assert [line.value for line in lines] == [Money.of(16000), None]
    assert [s.id for s in view.latest] == [taken.id]
    assert (view.next_sod, view.next_eod) == (ist("2026-11-23 09:00"), ist("2026-11-20 16:00"))
    rows = {row.instrument.symbol: row for row in desk.look().rows}
    assert (rows["INFY"].snapshot_count, rows["INFY"].last_snapshot) == (1, taken.taken)


def test_outside_its_window_a_snapshot_is_refused_with_the_cure(desk: Desk) -> None:
    for moment, type, words in (
        ("2026-11-20 08:59", SnapshotType.SOD, "from 09:00 to 09:15"),
        ("2026-11-20 09:15", SnapshotType.SOD, "from 09:00 to 09:15"),
        ("2026-11-20 15:59", SnapshotType.EOD, "from 16:00 to 00:00"),
        ("2026-11-21 09:05", SnapshotType.SOD, "no session"),
    ):
        desk.clock.set(ist(moment))
        with pytest.raises(Misuse, match=words):
            take(desk, type)
    assert all_of(desk) == []


def test_nothing_held_is_exactly_zero_and_a_second_sod_is_the_first(desk: Desk) -> None:
    desk.clock.set(ist("2026-11-20 09:00"))
    first = take(desk, SnapshotType.SOD)
    assert (first.value, first.unpriced) == (Money.zero(), 0)
    desk.clock.set(ist("2026-11-20 09:10"))
    assert take(desk, SnapshotType.SOD) == first


def test_a_second_manual_replaces_the_first_and_keeps_its_trace(desk: Desk) -> None:
    with desk.database.writing() as db:
        (first,) = snapshot.trigger(db, desk.house, desk.viewer)
    desk.clock.set(ist("2026-11-20 13:00"))
    with desk.database.writing() as db:
        (second,) = snapshot.trigger(db, desk.house, desk.viewer, portfolio=desk.portfolio.id)
    assert [(s.id, s.state) for s in all_of(desk)] == [
        (second.id, SnapshotState.TAKEN),
        (first.id, SnapshotState.REPLACED),
    ]


def test_a_manual_of_the_weekend_belongs_to_fridays_session(desk: Desk) -> None:
    desk.clock.set(ist("2026-11-21 12:00"))
    assert take(desk, SnapshotType.MANUAL).day.iso() == "2026-11-20"


def run(desk: Desk, kind: str) -> kept_jobs.Job:
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, kind, {}, owner=None)
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        found = kept_jobs.page_all(db, ADMIN, None, 1)
    assert found[0].id == job
    return found[0]


def test_the_machine_was_off_and_says_so(desk: Desk) -> None:
    """Made on Friday noon, after that day's SOD; off until Wednesday, and Tuesday is a holiday."""
    desk.clock.set(ist("2026-11-25 14:00"))
    done = run(desk, "snapshot_sod")
    assert done.result is not None
    assert (done.result["taken"], done.result["missed"]) == (0, 4)
    assert "from 09:00 to 09:15" in done.result["skipped"]
    missed = [(s.type, s.day.iso(), s.state) for s in all_of(desk)]
    assert sorted(missed) == [
        (SnapshotType.EOD, "2026-11-20", SnapshotState.MISSED),
        (SnapshotType.EOD, "2026-11-23", SnapshotState.MISSED),
        (SnapshotType.SOD, "2026-11-23", SnapshotState.MISSED),
        (SnapshotType.SOD, "2026-11-25", SnapshotState.MISSED),
    ]
    again = run(desk, "snapshot_sod")
    assert again.result is not None
    assert again.result["missed"] == 0


def test_eod_refreshes_prices_first_and_takes_everyone(desk: Desk) -> None:
    board = PriceBoard()
    desk.use(board)
    other = desk.neighbour()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    desk.clock.set(ist("2026-11-20 16:05"))
    listing = Listing("NSE", "INFY")
    board.prices[listing] = QuoteClaim(listing, Money.of(1650).amount, None, ist("2026-11-20 15:30"))
    done = run(desk, "snapshot_eod")
    assert done.result == {"taken": 2, "missed": 0, "skipped": "", "problems": []}
    assert [s.value for s in all_of(desk)] == [Money.of(16500)]
    assert len(all_of(other)) == 1


def test_archived_accounts_are_left_alone(desk: Desk) -> None:
    with desk.database.writing() as db:
        portfolios.archive_account(db, desk.house, desk.viewer, desk.account.id)
        assert snapshot.trigger(db, desk.house, desk.viewer) == []
        with pytest.raises(Misuse, match="archived"):
            snapshot.take(db, desk.house, desk.viewer, desk.account.id, SnapshotType.MANUAL)


def test_the_value_curve_has_one_point_a_day(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    desk.price("INFY", "1600")
    take(desk, SnapshotType.MANUAL)
    desk.price("INFY", "1650")
    desk.clock.set(ist("2026-11-20 16:00"))
    take(desk, SnapshotType.EOD)
    with desk.database.reading() as db:
        (point,) = curve(db, desk.house, desk.viewer)
    assert (point.day.iso(), point.value, point.invested) == ("2026-11-20", Money.of(16500), Money.of(15000))


def test_a_triggered_snapshot_covers_every_active_account(desk: Desk) -> None:
    home = desk.broker_account()
    with desk.database.writing() as db:
        statement = Statement(desk.broker.name, "AB1234", desk.clock.now(), (held("INFY", "1", "5", "6"),))
        sync.record_statement(db, desk.house, desk.viewer, home, statement)
        taken = snapshot.trigger(db, desk.house, desk.viewer)
    assert sorted(s.value.amount for s in taken if s.value is not None) == [0, 6]


def test_a_holding_abroad_is_frozen_at_the_rates_of_its_days(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 3 NASDAQ:MSFT @ 400 USD")
    with desk.database.writing() as db:
        quote = Quote(
            desk.instrument("MSFT", "NASDAQ"), Price.of("500", "USD"), None, desk.clock.now(), "test"
        )
        quotes.put(db, [quote])
        with pytest.raises(Misuse, match="USD/INR"):
            snapshot.take(db, desk.house, desk.viewer, desk.account.id, SnapshotType.MANUAL)
        dated = [("2024-04-01", "83"), ("2026-11-20", "90")]
        usd = Currency("USD")
        rates.put(db, [Rate(usd, INR, TradingDay.parse(day), Decimal(r), "test") for day, r in dated])
        taken = snapshot.take(db, desk.house, desk.viewer, desk.account.id, SnapshotType.MANUAL)
        (frozen,) = snapshots.lines(db, desk.viewer, taken.id)
    assert (taken.invested, taken.value) == (Money.of(3 * 400 * 83), Money.of(3 * 500 * 90))
    assert frozen.price == Price.of("500", "USD")
    assert check(desk.house) == []
