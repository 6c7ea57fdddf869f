"""Everything of a person in one zip: books as text, every table as CSV and JSON, the files she sent.

Made by a job from one consistent view of the database, into a file that lies on the disk while it grows; what
opens anything is never in it. Rules: docs/spec/leaving.md.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import IO, Any, Final

import orjson

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import JobId, SessionId
from tunefolio.core.money import plain
from tunefolio.core.people import Viewer
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.services import audit, booktexts, proofs
from tunefolio.services.audit import Act
from tunefolio.services.booktexts import Depth
from tunefolio.services.export import harmless, worded
from tunefolio.services.export_tables import EXPORTED, HIDDEN, LEFT_OUT, hidden
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.store import exports, imports, person_rows, portfolios
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.exports import PART_BYTES, Export

LIFE: Final = timedelta(hours=24)
"""How long a finished export is given out."""
KIND: Final = "export_person"
_TOLD_EVERY: Final = 5_000


def ask_export(db: WriteDb, house: House, viewer: Viewer) -> int:
    """The id of an export that is being made: the open one where there is one. An earlier file goes."""
    job = ask(db, house, KIND, {}, owner=viewer.person, dedupe_key=f"{KIND}:{viewer.person}")
    there = exports.of_job(db, viewer, job)
    if there is not None:
        return there.id
    for old in exports.listed(db, viewer, 50):
        exports.forget(db, viewer, old.id)
    audit.note(db, house, viewer, Act.EXPORTED, f"person:{viewer.person}")
    return exports.add(db, viewer, job, house.clock.now())


def newest(db: ReadDb, viewer: Viewer) -> Export | None:
    """The viewer's last export, finished or not."""
    found = exports.listed(db, viewer, 1)
    return found[0] if found else None


def export_of(db: ReadDb, viewer: Viewer, id: int) -> Export:
    """One of the viewer's; raises NotFound."""
    return exports.export_of(db, viewer, id)


def may_download(db: ReadDb, house: House, viewer: Viewer, session: SessionId, id: int) -> Export:
    """The export, if it is to be had. Raises NotFound (a stranger's, unfinished, too old), ProofNeeded."""
    found = exports.export_of(db, viewer, id)
    if not found.is_ready(house.clock.now()):
        raise NotFound("export")
    proofs.must_have_proved(db, house, viewer, session)
    return found


def iter_stretch(house: House, viewer: Viewer, export: Export, start: int, end: int) -> Iterator[bytes]:
    """The bytes [start, end) of a finished export; one piece at a time, each in a short transaction."""
    for number in range(start // PART_BYTES, (end + PART_BYTES - 1) // PART_BYTES):
        with house.database.reading() as db:
            body = exports.part(db, viewer, export.id, number)
        offset = number * PART_BYTES
        yield body[max(0, start - offset) : end - offset]


def filename(export: Export) -> str:
    """tunefolio-everything-2026-11-22.zip: the day it was made."""
    return f"tunefolio-everything-{(export.made or export.asked).in_zone(IST):%Y-%m-%d}.zip"


@deed(KIND)
def make(house: House, work: Work) -> Mapping[str, Any]:
    """Write the export that this job is for; asked twice it is written anew."""
    viewer, now = work.owner, house.clock.now()
    with house.database.reading() as db:
        wanted = exports.of_job(db, viewer, JobId(work.job.id))
    if wanted is None:
        return {"bytes": 0}
    with tempfile.TemporaryFile() as file:
        with house.database.reading() as db:
            rows = write_zip(db, viewer, file, now, tell=work)
        size = file.tell()
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        parts = iter(lambda: file.read(PART_BYTES), b"")
        with house.database.writing() as db:
            ready = house.clock.now()
            exports.put(db, viewer, wanted.id, parts, sha256=digest, made=ready, expires=ready + LIFE)
            work.must_hold(db)
    return {"bytes": size, "rows": rows}


def write_zip(db: ReadDb, viewer: Viewer, file: IO[bytes], now: Instant, *, tell: Work | None = None) -> int:
    """The whole zip into a file; how many rows. tell: the job that says how far it is and may be stopped."""
    zipped = _Zip(file, now)
    total = len(EXPORTED) + 3
    counts: dict[str, int] = {}
    with zipped.archive:
        _write_books(db, viewer, zipped)
        for done, table in enumerate(EXPORTED, 1):
            if tell is not None:
                tell.check()
                tell.progress(done, total, table.replace("_", " "))
            counts[table] = _write_table(zipped, table, _reader(db, viewer, table))
        counts["instruments"] = _write_table(
            zipped, "instruments", lambda: (_INSTRUMENT, person_rows.named_instruments(db, viewer))
        )
        counts["you"] = _write_table(zipped, "you", lambda: (_YOU, iter([person_rows.own_row(db, viewer)])))
        for row in person_rows.iter_rows(db, viewer, "uploads", but=hidden("uploads")):
            found = imports.find(db, viewer, row.sha256)
            with zipped.member(f"files/{row.id}-{_safe(row.filename)}") as out:
                out.write(b"" if found is None else found.content)
        zipped.text("README.txt", [_readme(counts, now)])
    return sum(counts.values())


_INSTRUMENT: Final = person_rows.columns_of("instruments")
_YOU: Final = person_rows.columns_of("persons", but=("password_hash", "erased_at"))
Reading = Callable[[], tuple[Sequence[str], Iterator[Sequence[Any]]]]


class _Zip:
    """A zip that is written member by member, each in pieces."""

    def __init__(self, file: IO[bytes], now: Instant) -> None:
        self.archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._at = now.in_zone(IST).timetuple()[:6]

    def member(self, name: str) -> IO[bytes]:
        entry = zipfile.ZipInfo(name, self._at)
        entry.compress_type = zipfile.ZIP_DEFLATED
        return self.archive.open(entry, "w", force_zip64=True)

    def text(self, name: str, pieces: Iterable[str]) -> None:
        with self.member(name) as out:
            for piece in pieces:
                out.write(piece.encode())


def _write_books(db: ReadDb, viewer: Viewer, zipped: _Zip) -> None:
    """One book with all facts and what was taken back, and each portfolio's as it stands."""
    zipped.text("books/everything.txt", booktexts.iter_text(db, viewer, depth=Depth.HISTORY))
    for one in portfolios.listed(db, viewer):
        name = f"books/{one.id}-{worded(one.name)}.txt"
        zipped.text(name, booktexts.iter_text(db, viewer, portfolio=one.id))


def _reader(db: ReadDb, viewer: Viewer, table: str) -> Reading:
    but = hidden(table)
    columns = person_rows.columns_of(table, but=but)

    def read() -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        rows = person_rows.iter_rows(db, viewer, table, but=but)
        return columns, map(partial(_unplaced, viewer, columns), rows) if table == "audit" else rows

    return read


def _unplaced(viewer: Viewer, columns: Sequence[str], row: Sequence[Any]) -> Sequence[Any]:
    """An entry of the activity as she reads it: where others were is theirs."""
    told = dict(zip(columns, row, strict=True))
    if audit.is_placeless(viewer, told["actor_id"], told["device"]):
        told |= {"address": "", "device": ""}
    return tuple(told.values())


def _write_table(zipped: _Zip, table: str, read: Reading) -> int:
    """The rows twice, for spreadsheets and for programs; how many."""
    columns, rows = read()
    zipped.text(f"csv/{table}.csv", _csv(columns, rows))
    columns, rows = read()
    counted = 0

    def pieces() -> Iterator[str]:
        nonlocal counted
        for row in rows:
            value = {name: _value(cell) for name, cell in zip(columns, row, strict=True)}
            yield (",\n" if counted else "[\n") + orjson.dumps(value).decode()
            counted += 1
        yield "\n]\n" if counted else "[]\n"

    zipped.text(f"json/{table}.json", pieces())
    return counted


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([harmless(_cell(cell)) for cell in row])
        if number % _TOLD_EVERY == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _value(cell: Any) -> Any:
    """As JSON has it: numbers that must be exact, moments and days are text."""
    match cell:
        case Decimal():
            return plain(cell)
        case Instant() | TradingDay():
            return cell.iso()
        case _:
            return cell


def _cell(cell: Any) -> Any:
    """As CSV has it: nothing is an empty cell, what has parts is JSON."""
    if cell is None:
        return ""
    if isinstance(cell, dict | list):
        return orjson.dumps(cell).decode()
    return _value(cell)


def _safe(name: str) -> str:
    """A file name that leads nowhere else, whatever the sender called it."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[-80:].lstrip(".") or "file"


def _readme(counts: Mapping[str, int], now: Instant) -> str:
    lines = [
        f"Everything of yours in TuneFolio, {now.in_zone(IST):%d %b %Y %H:%M} IST.",
        "",
        "books/everything.txt   all books as text, with what was taken back; TuneFolio reads it back",
        "books/ID-NAME.txt      each portfolio as it stands today",
        "csv/, json/            the same rows twice, one file a table; columns are described below",
        "files/                 files you sent, by their id in `uploads`",
        "",
        "Amounts, prices and quantities are exact decimals, as text in JSON. Moments are UTC, days are",
        "session dates. A column that ends with _id names a row of another table: instrument_id one of",
        "`instruments`, owner_id you. In CSV a text that a spreadsheet would take for a formula begins with",
        "an apostrophe.",
        "",
        "No secret is in here: no password, key, token, code, nor the hash of one.",
        "",
    ]
    told = {**EXPORTED, "instruments": "what the rows name", "you": "your own row"}
    for table, sentence in told.items():
        lines += [f"{table} ({counts.get(table, 0)} rows): {sentence}", f"    {', '.join(_columns(table))}"]
    lines += ["", "Left out:"]
    lines += [f"{table}: {reason}" for table, reason in LEFT_OUT.items()]
    lines += [f"{table}: {', '.join(sorted(columns))}" for table, columns in HIDDEN.items()]
    return "\n".join([*lines, ""])


def _columns(table: str) -> Sequence[str]:
    if table == "you":
        return _YOU
    return person_rows.columns_of(table, but=hidden(table))
