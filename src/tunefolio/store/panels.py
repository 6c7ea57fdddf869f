"""Panels on disk: written once, mapped read-only, found again while what they are made of stands.

A file's name says what was asked, its head of which rows it was made. Rules: docs/spec/panels.md.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import Adjustment, adjustment, told_once
from tunefolio.market.daily import Days
from tunefolio.market.panel import Field, Panel, Prices
from tunefolio.store import actions
from tunefolio.store.bar_rows import among_ids, blocks_of, ids_value
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb
from tunefolio.store.panel_build import AT_ONCE, COLUMNS, LAST_DAY, Wish, Write, build
from tunefolio.store.tables import actions as action_rows
from tunefolio.store.tables import bar_chunks

_FORMAT = b"TuneFolio panel 1\n"
_VERSION_BYTES = 24
_EDGE = 64
"""Arrays begin at multiples of it: what a processor reads at once."""
MOST_FILES = 24
"""Kept in a folder; those not used for longest leave first."""
_COUNTING = ("split", "bonus")


def open_panel(
    db: ReadDb,
    folder: Path,
    instruments: Sequence[InstrumentId],
    fields: Sequence[Field] = (Field.CLOSE,),
    *,
    prices: Prices = Prices.RAW,
    days: Days | None = None,
    since: TradingDay | None = None,
    until: TradingDay | None = None,
) -> Panel:
    """The bars of [since, until), or of the given days, of these instruments; read-only, shared by processes.

    Mapped from the folder where the file still stands, else built from the database and put there. Whoever
    holds an older panel keeps it unharmed.
    """
    if days is not None and not (np.diff(days) > 0).all():
        raise Misuse("days", "must be ascending, each once")
    wish = Wish(
        tuple(instruments), tuple(fields), prices, days,
        0 if since is None else since.date.toordinal(),
        LAST_DAY if until is None else until.date.toordinal() - 1,
    )  # fmt: skip
    path, version = folder / f"{_name(wish)}.panel", _version(db, wish)
    found = _mapped(path, version, wish)
    if found is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    made = _made(db, path, version, wish)
    _sweep(folder)
    return made


def _name(wish: Wish) -> str:
    """Of what was asked, whatever the rows say."""
    asked = blake2b(np.array(wish.instruments, np.int64).tobytes(), digest_size=16)
    asked.update(f"{wish.fields} {wish.prices} {wish.since} {wish.until} {wish.days is None}".encode())
    if wish.days is not None:
        asked.update(wish.days.astype(np.int32).tobytes())
    return asked.hexdigest()


def _version(db: ReadDb, wish: Wish) -> bytes:
    """Of the rows that it is made of: their digests, and the actions that count units."""
    told = blake2b(digest_size=_VERSION_BYTES)
    for row in db.execute(_digests(db.dialect), {"ids": ids_value(db, wish.instruments)}):
        told.update(b"%d %d %d\n" % (row[0], row[1], row[2]))
    if wish.prices is Prices.ADJUSTED:
        columns = action_rows.c
        terms = (columns.kind, columns.ex_day, columns.ratio_new, columns.ratio_old, columns.source)
        is_wanted = among(db, columns.instrument_id, wish.instruments)
        query = select(columns.instrument_id, *terms).where(is_wanted, columns.kind.in_(_COUNTING))
        for row in db.execute(query.order_by(columns.id)):
            told.update(repr(tuple(row)).encode())
    return told.digest()


@cache
def _digests(dialect: str) -> Select[Any]:
    """Of each instrument how many chunks it has and the sum of their digests; on ix_bar_chunks_digest."""
    chunks = bar_chunks.c
    query = select(chunks.instrument_id, func.count(), func.sum(chunks.digest))
    return query.where(among_ids(dialect)).group_by(chunks.instrument_id).order_by(chunks.instrument_id)


# Files --------------------------------------------------------------------------------------------


def _mapped(path: Path, version: bytes, wish: Wish) -> Panel | None:
    """The panel of a file; None when there is none, or one of other rows, or half of one."""
    try:
        data = np.memmap(path, np.uint8, "r")
    except (FileNotFoundError, ValueError):  # ValueError: an empty file cannot be mapped
        return None
    head = len(_FORMAT) + _VERSION_BYTES
    if data[:head].tobytes() != _FORMAT + version or len(data) < head + 24:
        return None
    length, scale, end = data[head : head + 24].view(np.int64).tolist()
    if len(data) != end:
        return None
    os.utime(path)
    kind = np.int64 if wish.prices is Prices.TICKS else np.float64
    place = _edge(head + 24)
    days = data[place : place + 4 * length].view(np.int32)
    place, wide = _edge(place + 4 * length), len(wish.instruments)
    size = 8 * length * wide
    fields: dict[Field, NDArray[Any]] = {}
    for number, field in enumerate(wish.fields):
        start = place + number * size
        fields[field] = np.asarray(data[start : start + size].view(kind).reshape(length, wide))
    return Panel(np.asarray(days), wish.instruments, fields, wish.prices, scale)


def _made(db: ReadDb, path: Path, version: bytes, wish: Wish) -> Panel:
    """Build into a file beside it, map that, then put it in its place whole."""
    splits = _adjustments(db, wish) if wish.prices is Prices.ADJUSTED else {}
    rows = blocks_of(db, _columns(wish), wish.instruments, years=wish.years, size=AT_ONCE)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        build(wish, rows, splits, lambda days, scale: _begun(handle, version, wish, days, scale))
        made = _mapped(Path(name), version, wish)
        Path(name).replace(path)
    finally:
        os.close(handle)
        Path(name).unlink(missing_ok=True)
    if made is None:
        raise BrokenLaw("panels", "a panel just written cannot be read")
    return made


def _columns(wish: Wish) -> tuple[str, ...]:
    """Those that build() takes; a column that is NULL or small in place of a rest that is not needed."""
    return COLUMNS if wish.needs_rest else (*COLUMNS[:-1], "codes")


def _begun(handle: int, version: bytes, wish: Wish, days: Days, scale: int) -> Write:
    """Writes the head; how to write rows behind it.

    By writing, not through a mapping: pages come cleared one fault at a time there, and a full disk would end
    the process.
    """
    place = _edge(len(_FORMAT) + _VERSION_BYTES + 24)
    start = _edge(place + 4 * len(days))
    row = 8 * len(wish.instruments)
    end = start + row * len(days) * len(wish.fields)
    os.ftruncate(handle, end)
    _write(handle, _FORMAT + version + np.array([len(days), scale, end], np.int64).tobytes(), 0)
    _write(handle, days.astype(np.int32).tobytes(), place)

    def write(field: int, first: int, rows: NDArray[np.int64]) -> None:
        _write(handle, rows.data.cast("B") if rows.size else b"", start + row * (field * len(days) + first))

    return write


def _write(handle: int, content: bytes | memoryview, place: int) -> None:
    """All of it: a system may write less than it was given."""
    left = memoryview(content)
    while len(left):
        done = os.pwrite(handle, left, place)
        left, place = left[done:], place + done


def _adjustments(db: ReadDb, wish: Wish) -> dict[InstrumentId, Adjustment]:
    events: dict[InstrumentId, list[Any]] = {}
    for action in told_once(actions.of_instruments(db, wish.instruments)):
        events.setdefault(action.instrument, []).append((action.ex_day, action.terms))
    return {instrument: adjustment(own) for instrument, own in events.items()}


def _edge(place: int) -> int:
    return -(-place // _EDGE) * _EDGE


def _sweep(folder: Path) -> None:
    """Leave the files used last; another process may do the same at the same time."""
    files = []
    for path in folder.glob("*.panel"):
        try:
            files.append((path.stat().st_mtime, path))
        except FileNotFoundError:
            continue
    for _, path in sorted(files, reverse=True)[MOST_FILES:]:
        path.unlink(missing_ok=True)
