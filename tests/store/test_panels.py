"""A panel on disk is the one in memory, found again while it stands, and never half of one."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.store.books import NOW, instrument, later
from tests.store.test_bars import FIRST, bar, random_bars, told
from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import Action, ActionKind, Terms, adjustment
from tunefolio.market.adjusted import AdjustedBars, adjusted
from tunefolio.market.bars import Bars
from tunefolio.market.panel import ABSENT, Field, Panel, Prices, aligned, aligned_ticks
from tunefolio.store import actions, bars, codec, panel_build, panels
from tunefolio.store.bars import BarsOf
from tunefolio.store.db import Database
from tunefolio.store.panels import open_panel
from tunefolio.store.tables import bar_chunks

ALL = tuple(Field)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where panels go; beside nothing else."""
    (tmp_path / "panels").mkdir()
    return tmp_path / "panels"


@pytest.fixture
def series(database: Database) -> dict[InstrumentId, Bars]:
    """Three instruments of some years with holes, the second only with closes; one more without bars."""
    rng = np.random.default_rng(11)
    drawn = {
        "AAA": random_bars(rng, 600),
        "BBB": told(bar(3, "7"), bar(900, "8.125")),
        "CCC": random_bars(rng, 50),
    }
    with database.writing() as db:
        ids = {name: instrument(db, name) for name in [*drawn, "EMPTY"]}
        for name, one in drawn.items():
            bars.put(db, ids[name], INR, one, NOW)
    return {id: drawn.get(name, Bars.empty()) for name, id in ids.items()}


def split(one: InstrumentId, day: TradingDay, new: int = 10) -> Action:
    terms = Terms(ActionKind.SPLIT, Decimal(new), Decimal(1))
    return Action(one, day, terms, "nse", f"nse:{one}:{day}:split")


def alike(one: Panel, other: Panel) -> bool:
    same = one.days.tolist() == other.days.tolist() and one.instruments == other.instruments
    fields = [
        np.array_equal(one.fields[f], other.fields[f], equal_nan=one.prices is not Prices.TICKS)
        for f in one.fields
    ]
    return same and all(fields) and one.fields.keys() == other.fields.keys() and one.scale == other.scale


def test_it_holds_what_the_bars_hold(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path
) -> None:
    with database.reading() as db:
        for fields in (ALL, (Field.CLOSE,), (Field.VOLUME, Field.HIGH)):
            found = open_panel(db, folder, list(series), fields)
            assert alike(found, aligned(series, fields))
            exact = open_panel(db, folder, list(series), fields, prices=Prices.TICKS)
            assert alike(exact, aligned_ticks(series, fields))
        found = open_panel(db, folder, list(series), ALL)
        exact = open_panel(db, folder, list(series), ALL, prices=Prices.TICKS)
    assert exact.scale == 3
    assert np.isnan(found.floats(Field.HIGH)[:, 1]).all()
    assert (exact.ticks(Field.HIGH)[:, 1] == ABSENT).all()
    assert found.day(0) == series[found.instruments[0]].day(0)


def test_adjusted_prices_are_those_of_the_actions(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path
) -> None:
    events = {
        id: [(FIRST.plus_days(90 + id), Terms(ActionKind.SPLIT, Decimal(10), Decimal(1)))]
        for id in list(series)[:2]
    }
    with database.writing() as db:
        for id, ((day, _),) in events.items():
            actions.put(db, [split(id, day)], NOW)
    ours: dict[InstrumentId, AdjustedBars] = {
        id: adjusted(one, adjustment(events.get(id, []))) for id, one in series.items()
    }
    with database.reading() as db:
        found = open_panel(db, folder, list(series), ALL, prices=Prices.ADJUSTED)
    assert alike(found, aligned(ours, ALL))
    assert found.floats(Field.CLOSE)[0, 0] < 200


def test_a_period_and_given_days(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path
) -> None:
    since, until = FIRST.plus_days(100), FIRST.plus_days(400)
    days = np.array([since.date.toordinal(), FIRST.plus_days(9_999).date.toordinal()], np.int32)
    with database.reading() as db:
        part = open_panel(db, folder, list(series), since=since, until=until)
        given_days = open_panel(db, folder, list(series), days=days)
    cut = {id: one.between(since, until) for id, one in series.items()}
    assert alike(part, aligned(cut, (Field.CLOSE,)))
    assert alike(given_days, aligned(series, (Field.CLOSE,), days=days))


def test_many_instruments_in_any_order_are_filled_in_parts(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nineteen of them in parts of eight columns, over three years, three rows at a time; one has nothing."""
    monkeypatch.setattr(panel_build, "WIDE", 8)
    monkeypatch.setattr(panels, "AT_ONCE", 3)
    rng = np.random.default_rng(5)
    with database.writing() as db:
        ids = [instrument(db, f"S{number}") for number in range(19)]
        held = {id: random_bars(rng, 20 + 25 * place) for place, id in enumerate(ids[:-1])}
        bars.put_many(db, [BarsOf(id, INR, one) for id, one in held.items()], NOW)
    series = {id: held.get(id, Bars.empty()) for id in reversed(ids)}
    days = np.arange(-900, 900, 7).astype(np.int32) + np.int32(FIRST.date.toordinal())
    since, until = FIRST.plus_days(3), FIRST.plus_days(300)
    cut = {id: one.between(since, until) for id, one in series.items()}
    with database.reading() as db:
        assert alike(open_panel(db, folder, list(series), ALL), aligned(series, ALL))
        given_days = open_panel(db, folder, list(series), ALL, days=days)
        part = open_panel(db, folder, list(series), ALL, prices=Prices.TICKS, since=since, until=until)
    assert alike(given_days, aligned(series, ALL, days=days))
    assert alike(part, aligned_ticks(cut, ALL))


def test_days_that_do_not_ascend_are_refused(database: Database, folder: Path) -> None:
    with database.reading() as db, pytest.raises(Misuse, match="ascending"):
        open_panel(db, folder, [], days=np.array([738_000, 738_000], np.int32))


def test_a_full_disk_is_an_error_and_leaves_nothing(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path
) -> None:
    """Where a file may not grow so far; a mapping of it would end the process."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with database.reading() as db:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                open_panel(db, folder, list(series), ALL)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(folder.iterdir()) == []


def test_of_nothing_it_is_empty(database: Database, folder: Path) -> None:
    days = np.array([738_000], np.int32)
    with database.writing() as db:
        one = instrument(db)
        assert open_panel(db, folder, [one]).fields[Field.CLOSE].shape == (0, 1)
        assert open_panel(db, folder, []).fields[Field.CLOSE].shape == (0, 0)
        assert np.isnan(open_panel(db, folder, [one], days=days).floats(Field.CLOSE)).all()


def test_unchanged_it_is_found_again_and_changed_it_is_made_anew(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path
) -> None:
    ids = list(series)

    def opened(prices: Prices = Prices.RAW) -> Panel:
        with database.reading() as db:
            return open_panel(db, folder, ids, prices=prices)

    first = opened()
    (path,) = folder.iterdir()
    made = path.stat().st_ino
    opened()
    assert path.stat().st_ino == made
    with database.writing() as db:
        bars.put(db, ids[0], INR, told(bar(-30, "77")), later(1))
    second = opened()
    assert path.stat().st_ino != made
    assert (len(second), second.floats(Field.CLOSE)[0, 0]) == (len(first) + 1, 77.0)
    assert not np.isnan(first.floats(Field.CLOSE)[0, 0])
    before = opened(Prices.ADJUSTED).floats(Field.CLOSE)[0, 0]
    with database.writing() as db:
        actions.put(db, [split(ids[0], FIRST.plus_days(-10))], NOW)
    assert opened(Prices.ADJUSTED).floats(Field.CLOSE)[0, 0] == before / 10
    assert opened().floats(Field.CLOSE)[0, 0] == 77.0
    assert list(folder.glob("*.part")) == []


def test_a_broken_file_is_made_anew(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path
) -> None:
    with database.reading() as db:
        whole = aligned(series, (Field.CLOSE,))
        open_panel(db, folder, list(series))
        (path,) = folder.iterdir()
        content = path.read_bytes()
        for broken in (b"", content[:30], content[:-8], b"x" * len(content)):
            path.unlink()
            path.write_bytes(broken)
            assert alike(open_panel(db, folder, list(series)), whole)


def test_nobody_can_write_into_it(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path
) -> None:
    with database.reading() as db:
        found = open_panel(db, folder, list(series))
    with pytest.raises(ValueError, match="read-only"):
        found.floats(Field.CLOSE)[0, 0] = 1.0
    with pytest.raises(Misuse, match="is not in this panel"):
        found.floats(Field.HIGH)
    with pytest.raises(Misuse, match="holds floats"):
        found.ticks(Field.CLOSE)


def test_a_folder_keeps_those_used_last(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "MOST_FILES", 3)
    with database.reading() as db:
        for count in range(5):
            open_panel(db, folder, list(series), since=FIRST.plus_days(count))
    assert len(list(folder.iterdir())) == 3


def test_chunks_of_before_the_bars_are_read_too(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path
) -> None:
    """Bodies as zlib streams, as a house that was migrated has them."""
    with database.writing() as db:
        rows = db.execute(bar_chunks.select()).all()
        for row in rows:
            old = codec.old_body(row.body, row._mapping["count"], row.scale)
            which = (bar_chunks.c.instrument_id == row.instrument_id, bar_chunks.c.year == row.year)
            db.execute(bar_chunks.update().where(*which).values(body=old))
    with database.reading() as db:
        assert alike(open_panel(db, folder, list(series), ALL), aligned(series, ALL))


def test_a_chunk_of_another_length_is_never_spread(
    database: Database, series: Mapping[InstrumentId, Bars], folder: Path
) -> None:
    with database.writing() as db:
        db.execute(bar_chunks.update().values(count=bar_chunks.c.count + 1))
    with database.reading() as db, pytest.raises(BrokenLaw, match="number of bars"):
        open_panel(db, folder, list(series))
    assert list(folder.iterdir()) == []
