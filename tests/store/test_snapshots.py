"""Frozen valuations: one a day of each type, replaced only by hand, never changed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from tests.store.books import DAY, NOW, account, instrument, later, person, portfolio
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import CurrencyMismatch, Money, Price
from tunefolio.store import snapshots
from tunefolio.store.db import Database
from tunefolio.store.snapshots import CurvePoint, SnapshotFilter, SnapshotLine, SnapshotState, SnapshotType
from tunefolio.store.tables import snapshot_lines
from tunefolio.store.tables import snapshots as table

SOD, EOD, MANUAL = SnapshotType.SOD, SnapshotType.EOD, SnapshotType.MANUAL


def line(id: InstrumentId, value: str | None = "1600", invested: str = "1500") -> SnapshotLine:
    worth = None if value is None else Money.of(value)
    price = None if value is None else Price.of("160")
    return SnapshotLine(id, Decimal(10), Money.of(invested), price, worth, None if value is None else NOW)


def test_a_snapshot_comes_back_with_its_sums(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, infy, tcs = account(db, viewer), instrument(db, "INFY"), instrument(db, "TCS")
        lines = [line(infy, "1600.25"), line(tcs, None, "7")]
        key = snapshots.put(db, viewer, home, EOD, DAY, NOW, lines)
        kept = snapshots.find(db, viewer, home, EOD, DAY)
        assert kept is not None
        assert (kept.id, kept.account, kept.type, kept.day, kept.state) == (
            key,
            home,
            EOD,
            DAY,
            SnapshotState.TAKEN,
        )
        assert (kept.invested, kept.value, kept.unpriced) == (Money.of("1507"), Money.of("1600.25"), 1)
        assert snapshots.lines(db, viewer, key) == lines
        assert snapshots.find(db, viewer, home, SOD, DAY) is None


def test_the_first_eod_stands(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, infy = account(db, viewer), instrument(db)
        key = snapshots.put(db, viewer, home, EOD, DAY, NOW, [line(infy)])
        assert snapshots.put(db, viewer, home, EOD, DAY, later(1), [line(infy, "1")]) == key
        assert snapshots.lines(db, viewer, key) == [line(infy)]
        assert snapshots.put(db, viewer, home, EOD, DAY.plus_days(1), later(1), []) != key


def test_a_second_manual_replaces_the_first_and_keeps_it(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, infy = account(db, viewer), instrument(db)
        first = snapshots.put(db, viewer, home, MANUAL, DAY, NOW, [line(infy, "1")])
        second = snapshots.put(db, viewer, home, MANUAL, DAY, later(5), [line(infy, "2")])
        found = snapshots.page(db, viewer, filter=SnapshotFilter(), before=None, limit=9)
        assert [(s.id, s.state, s.replaced) for s in found] == [
            (second, SnapshotState.TAKEN, None),
            (first, SnapshotState.REPLACED, later(5)),
        ]
        assert snapshots.lines(db, viewer, first) == [line(infy, "1")]
        assert snapshots.counts(db, viewer, [home]) == {infy: (later(5), 1)}
        only = snapshots.page(db, viewer, filter=SnapshotFilter(with_replaced=False), before=None, limit=9)
        assert [s.id for s in only] == [second]


def test_a_missed_one_is_recorded_and_not_taken_later(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, infy = account(db, viewer), instrument(db)
        key = snapshots.miss(db, viewer, home, SOD, DAY, NOW)
        assert snapshots.miss(db, viewer, home, SOD, DAY, later(1)) == key
        assert snapshots.put(db, viewer, home, SOD, DAY, later(2), [line(infy)]) == key
        kept = snapshots.find(db, viewer, home, SOD, DAY)
        assert kept is not None
        assert (kept.state, kept.value, kept.invested) == (SnapshotState.MISSED, None, None)
        assert snapshots.latest(db, viewer, [home]) == []
        assert snapshots.value_curve(db, viewer, [home], DAY) == []
        taken = snapshots.put(db, viewer, home, EOD, DAY, NOW, [])
        assert snapshots.miss(db, viewer, home, EOD, DAY, NOW) == taken


def test_the_latest_of_each_account(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        inside = portfolio(db, viewer)
        one, two, empty = (account(db, viewer, inside, name) for name in "abc")
        keys = [
            snapshots.put(db, viewer, home, EOD, DAY.plus_days(day), later(day), [])
            for day in range(3)
            for home in (one, two)
        ]
        latest = snapshots.latest(db, viewer, [two, one, empty])
        assert [(s.account, s.day) for s in latest] == [(two, DAY.plus_days(2)), (one, DAY.plus_days(2))]
        assert latest[0].id == keys[-1]


def test_a_page_narrows_and_goes_on(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        one = account(db, viewer, portfolio(db, viewer, "1"), "a")
        inside = portfolio(db, viewer, "2")
        two = account(db, viewer, inside, "b")
        keys = [
            snapshots.put(db, viewer, home, EOD, DAY.plus_days(n), NOW, [])
            for n, home in enumerate([one, two, one])
        ]

        def ids(**wanted: object) -> list[int]:
            chosen = SnapshotFilter(**wanted)  # type: ignore[arg-type]
            return [s.id for s in snapshots.page(db, viewer, filter=chosen, before=None, limit=9)]

        assert ids() == keys[::-1]
        assert ids(portfolio=inside) == ids(account=two) == [keys[1]]
        assert ids(since=DAY.plus_days(1), until=DAY.plus_days(2)) == [keys[1]]
        assert ids(type=SOD) == []
        on = snapshots.page(db, viewer, filter=SnapshotFilter(), before=(DAY.plus_days(1), keys[1]), limit=9)
        assert [s.id for s in on] == [keys[0]]


def test_the_curve_takes_the_best_of_a_day_and_bridges_gaps(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        inside, infy = portfolio(db, viewer), instrument(db)
        one, two = account(db, viewer, inside, "a"), account(db, viewer, inside, "b")
        taken = [
            (one, SOD, 0, "1"), (one, EOD, 0, "3"), (one, MANUAL, 0, "2"), (two, MANUAL, 0, "20"),
            (two, SOD, 0, "10"), (one, EOD, 1, "5"), (two, EOD, 2, "40"),
        ]  # fmt: skip
        for home, type, day, value in taken:
            snapshots.put(db, viewer, home, type, DAY.plus_days(day), NOW, [line(infy, value, "1")])
        curve = snapshots.value_curve(db, viewer, [one, two], DAY)
        assert curve == [
            CurvePoint(DAY.plus_days(day), Money.of(value), Money.of("2"), 0)
            for day, value in enumerate(["23", "25", "45"])
        ]
        assert snapshots.value_curve(db, viewer, [one, two], DAY.plus_days(2)) == curve[2:]
        assert [p.value for p in snapshots.value_curve(db, viewer, [two], DAY)] == [
            Money.of("20"),
            Money.of("40"),
        ]
        assert snapshots.value_curve(db, viewer, [], DAY) == []


def test_nonsense_is_refused(database: Database) -> None:
    with database.writing() as db:
        viewer, stranger = person(db, "asha"), person(db, "bela")
        home, infy = account(db, viewer), instrument(db)
        with pytest.raises(NotFound):
            snapshots.put(db, stranger, home, EOD, DAY, NOW, [])
        with pytest.raises(Misuse, match="two lines"):
            snapshots.put(db, viewer, home, EOD, DAY, NOW, [line(infy), line(infy)])
        dollars = SnapshotLine(infy, Decimal(1), Money.of("1", "USD"), None, None, None)
        with pytest.raises(CurrencyMismatch):
            snapshots.put(db, viewer, home, EOD, DAY, NOW, [dollars])


def test_a_frozen_valuation_stays_as_it_is(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        snapshots.put(db, viewer, account(db, viewer), EOD, DAY, NOW, [line(instrument(db))])
    for statement in (
        update(table).values(value=Decimal(1)),
        delete(table),
        update(snapshot_lines).values(quantity=Decimal(1)),
        delete(snapshot_lines),
    ):
        with pytest.raises(DBAPIError, match="append-only"), database.writing() as db:
            db.execute(statement)
