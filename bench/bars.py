"""Daily bars: our chunks beside rows, DuckDB and Parquet as they grow; panels; the latest prices."""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

from bench.bar_ways import INSTRUMENTS, NOW, Way, history, sqlite_house, ways
from bench.figures import Figure
from tunefolio.core.money import Price
from tunefolio.core.time import TradingDay
from tunefolio.market.daily import day_of
from tunefolio.market.panel import Field
from tunefolio.market.quotes import Quote
from tunefolio.store import bars, quotes
from tunefolio.store.bars import BarsOf
from tunefolio.store.db import Database
from tunefolio.store.panels import open_panel

_BARS_EACH = 5_000
_SIZES = (500_000, 1_000_000, 5_000_000)
_ROW_RUNS_UP_TO = 1_000_000
"""Bars: rows of more are written once, which takes as long as it takes."""
_RUNS, _READS, _OPENS, _LOOKS = 3, 60, 5, 30
_SESSIONS = 250
"""Of a year."""
_PANELS = ((500, 20, (Field.CLOSE,)), (500, 20, tuple(Field)), (1_000, 2, tuple(Field)))
"""Instruments, years, fields."""
_OURS = "SQLite, chunks"


def figures() -> list[Figure]:
    batch = history(INSTRUMENTS, _BARS_EACH)
    found = [_first_call(batch)]
    for size in _SIZES:
        with tempfile.TemporaryDirectory(prefix="bars") as folder, ways(Path(folder)) as all_ways:
            found += _side_by_side(all_ways, batch[: size // _BARS_EACH], size)
    with tempfile.TemporaryDirectory(prefix="bars") as folder:
        return found + _panels_and_quotes(Path(folder), batch)


def _first_call(batch: list[BarsOf]) -> Figure:
    """Numba is loaded, and its loops with it where this machine has compiled them before."""
    with tempfile.TemporaryDirectory(prefix="bars") as folder:
        database = sqlite_house(Path(folder) / "first.db")
        taken = _seconds(lambda: _put_and_open(database, Path(folder), batch[:2]))
        database.close()
    return Figure("first bulk write and panel of a process, numba loaded", "s", (taken,))


def _put_and_open(database: Database, folder: Path, batch: list[BarsOf]) -> None:
    with database.writing() as db:
        bars.put_many(db, batch, NOW)
    with database.reading() as db:
        open_panel(db, folder, [one.instrument for one in batch], tuple(Field))


def _seconds(deed: Callable[[], object]) -> float:
    gc.collect()
    return _quick(deed)


def _quick(deed: Callable[[], object]) -> float:
    """As a house that has been running: what was read before is warm."""
    started = time.perf_counter()
    deed()
    return time.perf_counter() - started


def _side_by_side(all_ways: list[Way], batch: list[BarsOf], size: int) -> list[Figure]:
    name, found = f"{size / 1e6:g} M bars", []
    writes: dict[str, list[float]] = {way.name: [] for way in all_ways}
    reads: dict[str, list[float]] = {way.name: [] for way in all_ways}
    for way in all_ways:
        is_slow = way.name.endswith("rows") and size > _ROW_RUNS_UP_TO
        for run in range(1 if is_slow else _RUNS):
            if run:
                way.clear()
            writes[way.name].append(_seconds(partial(way.write, batch)))
    for way in all_ways:
        gc.collect()
        for turn in range(_READS):
            one = batch[turn * 7 % len(batch)].instrument
            reads[way.name].append(_quick(partial(way.read, one)) * 1e3)
    for way in all_ways:
        goal = "under 1.5 s" if way.name == _OURS and size == max(_SIZES) else ""
        found.append(Figure(f"{name} written, {way.name}", "s", tuple(writes[way.name]), goal, 2))
    for way in all_ways:
        goal = "under 0.35 ms" if way.name == _OURS else ""
        found.append(Figure(f"{name}: ten years of one, {way.name}", "ms", tuple(reads[way.name]), goal, 2))
    found += [Figure(f"{name}: on disk, {way.name}", "bytes a bar", (way.size() / size,)) for way in all_ways]
    others = [way.name for way in all_ways if way.name != _OURS]
    for told, what in ((writes, "written"), (reads, "read")):
        ours = Figure("", "", tuple(told[_OURS])).median
        for other in others:
            ratios = tuple(second / ours for second in told[other])
            found.append(Figure(f"{name} {what}, {other} ÷ {_OURS}", "", ratios))
    return found


def _panels_and_quotes(folder: Path, batch: list[BarsOf]) -> list[Figure]:
    database = sqlite_house(folder / "panels.db")
    with database.writing() as db:
        bars.put_many(db, batch, NOW)
    found: list[Figure] = []
    for count, years, fields in _PANELS:
        ids, since = [one.instrument for one in batch[:count]], _since(batch, years)
        built, mapped = [], []
        for _ in range(_OPENS):
            shutil.rmtree(folder / "panels", ignore_errors=True)
            with database.reading() as db:
                opened = partial(open_panel, db, folder / "panels", ids, fields, since=since)
                built.append(_seconds(opened) * 1e3)
                mapped.append(_seconds(opened) * 1e3)
        name = f"panel of {count:,} instruments, {years} years, {len(fields)} fields"
        found.append(Figure(f"{name}, built from the database", "ms", tuple(built), "under 150 ms"))
        found.append(Figure(f"{name}, mapped", "ms", tuple(mapped), "about 1 ms"))
    found.append(_latest(database, batch))
    database.close()
    return found


def _since(batch: list[BarsOf], years: int) -> TradingDay:
    """So many years of sessions before the last day."""
    days = batch[0].bars.days
    return day_of(int(days[-min(years * _SESSIONS, len(days))]))


def _latest(database: Database, batch: list[BarsOf]) -> Figure:
    price = Price.of(Decimal("101.35"))
    with database.writing() as db:
        quotes.put(db, [Quote(one.instrument, price, price, NOW, "bench") for one in batch])
    taken = []
    for _ in range(_LOOKS):
        with database.reading() as db:
            taken.append(_quick(lambda: quotes.latest(db, [one.instrument for one in batch])) * 1e3)
    return Figure("latest price of 1,000 instruments", "ms", tuple(taken), "under 2 ms", 2)
