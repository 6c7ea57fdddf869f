"""Files on their way in: kept, opened, recognised, and read by the map their owner gave them.

Steps: 1 a file that is too large or empty is refused; 2 a locked one is opened and only what is needed of it
is kept, never the password; 3 it is recognised by its content, else as a table whose columns are named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.ledger.columnguesses import guessed, profile_of
from tunefolio.ledger.columnmaps import ColumnMap, Table, as_json, from_json, must_fit
from tunefolio.ledger.files import FORMATS, LOCKED, TABLES, FileFormat, ParsedFile, TableReader
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.bookfiles import BOOK_TITLE, is_book
from tunefolio.services.house import House
from tunefolio.store import imports, mappings
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.imports import Upload

NO_PASSWORD = Secret("")
TABLE = "table"
BOOK = "book"
_GLANCE_BYTES = 1_000
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that came and was opened. sha256: of what is kept, which of a locked file is what it says."""

    filename: str
    sha256: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Detected:
    """What a kept file was taken for. format: a known format's name, "table" or "book".

    table, columns: of a table alone: its columns and what they are taken to mean. is_known: the map was
    confirmed before for this shape. profile: whose ready-made map was taken.
    """

    filename: str
    sha256: str
    format: str
    title: str
    table: Table | None = None
    columns: ColumnMap | None = None
    is_known: bool = False
    profile: str = ""


def opened(
    house: House, viewer: Viewer, filename: str, content: bytes, password: Secret = NO_PASSWORD
) -> Arrival:
    """A file as it can be kept. May take many seconds for a locked one, so no transaction is open meanwhile.

    Raises Misuse for one that is too large, empty, or locked with another password.
    """
    viewer.must_write()
    limit = house.rules.upload_limit_bytes
    if len(content) > limit:
        size = len(content) / 1_048_576
        raise Misuse(
            "file", f"has {size:.1f} MiB; at most {limit / 1_048_576:g} are read", cure="Split it by year"
        )
    if not content:
        raise Misuse("file", "is empty", cure="Download it again")
    for _, locked in LOCKED:
        if locked.recognises(filename, content):
            content = locked.unlocked(content, password)
            break
    return Arrival(plain_filename(filename), hashlib.sha256(content).hexdigest(), content)


def receive(db: WriteDb, house: House, viewer: Viewer, arrival: Arrival) -> Detected:
    """Keep a file that waits for its owner's yes, and say what it is; raises Misuse for one of no use."""
    viewer.must_write()
    now = house.clock.now()
    found = detected(db, viewer, Upload(arrival.filename, arrival.sha256, arrival.content, now))
    imports.keep(db, viewer, arrival.filename, arrival.sha256, arrival.content, now)
    audit.pass_over()  # nothing is in the books yet, and what is not committed is forgotten by itself
    return found


def kept_of(db: ReadDb, viewer: Viewer, sha256: str) -> Upload:
    """A file that waits; raises NotFound when it has been forgotten, or is another's."""
    kept = imports.find(db, viewer, sha256)
    if kept is None:
        raise NotFound("upload")
    return kept


def detected(db: ReadDb, viewer: Viewer, kept: Upload) -> Detected:
    """What a kept file is; raises Misuse when it is nothing that can be read."""
    if is_book(kept.content):
        return Detected(kept.filename, kept.sha256, BOOK, BOOK_TITLE)
    known = _recognised(kept.filename, kept.content)
    if known is not None:
        return Detected(kept.filename, kept.sha256, known.name, known.title)
    _, table = _table(kept)
    remembered = mappings.find(db, viewer, table.shape)
    columns = guessed(table) if remembered is None else from_json(remembered.columns)
    profile = profile_of(table)
    title = profile.title if profile is not None else "table with columns of its own"
    return Detected(
        kept.filename,
        kept.sha256,
        TABLE,
        title,
        table,
        columns,
        is_known=remembered is not None,
        profile="" if profile is None else profile.title,
    )


def remember(db: WriteDb, house: House, viewer: Viewer, sha256: str, said: Mapping[str, Any]) -> Detected:
    """Keep what the viewer says the columns of a kept table mean, for it and every table of its shape.

    Raises Misuse naming the column that is wrong, NotFound when the file has been forgotten.
    """
    viewer.must_write()
    kept = kept_of(db, viewer, sha256)
    _, table = _table(kept)
    columns = from_json(said)
    must_fit(columns, table)
    former = mappings.find(db, viewer, table.shape)
    mappings.put(db, viewer, table.shape, kept.filename, as_json(columns), house.clock.now())
    pairs = audit.differing(_meant({} if former is None else former.columns), _meant(as_json(columns)))
    audit.note(db, house, viewer, Act.COLUMNS_NAMED, details={"name": kept.filename, **pairs})
    return detected(db, viewer, kept)


def forget_columns(db: WriteDb, house: House, viewer: Viewer, shape: str) -> None:
    """What the columns of tables of that shape mean is asked again."""
    viewer.must_write()
    gone = mappings.find(db, viewer, shape)
    audit.pass_over()
    if gone is not None:
        mappings.drop(db, viewer, shape)
        audit.note(db, house, viewer, Act.COLUMNS_FORGOTTEN, details={"name": gone.title})


def _meant(columns: Mapping[str, Any]) -> dict[str, object]:
    """A map in words: one text for each thing that a column can be."""
    return {
        name: one if isinstance(one, str) else orjson.dumps(one).decode() for name, one in columns.items()
    }


def parsed(db: ReadDb, viewer: Viewer, kept: Upload) -> ParsedFile:
    """The rows of a kept file. Raises Misuse("columns") for a table whose columns nobody has named yet."""
    if is_book(kept.content):
        raise Misuse("file", "is a text book: it has no rows", cure="Record it whole")
    known = _recognised(kept.filename, kept.content)
    if known is not None:
        found = known.parse(kept.content, kept.sha256)
    else:
        reader, table = _table(kept)
        remembered = mappings.find(db, viewer, table.shape)
        if remembered is None:
            seen = ", ".join(name for name in table.header if name)[:200]
            raise Misuse(
                "columns",
                f"nobody has said what they mean: {seen}",
                cure="Say it once under Import; it is remembered",
            )
        found = reader.parse(kept.content, kept.sha256, from_json(remembered.columns))
    if not found.rows and not found.problems and not found.warnings:
        raise Misuse("file", "has no rows below its header", cure="Download it for another period")
    return found


def format_of(filename: str, content: bytes) -> FileFormat:
    """The first known format that recognises the file; raises Misuse naming what is read."""
    known = _recognised(filename, content)
    if known is None:
        raise _unknown(filename, content)
    return known


def plain_filename(filename: str) -> str:
    """The last part of what a browser sent, short and printable."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in name if c.isprintable())[:120] or "file"


def _recognised(filename: str, content: bytes) -> FileFormat | None:
    return next((known for _, known in FORMATS if known.recognises(filename, content)), None)


def _table(kept: Upload) -> tuple[TableReader, Table]:
    """The file as a table; what no reader takes for one is of no known format."""
    if kept.content.startswith(_SPREADSHEETS) or _first_line(kept.content):
        for _, reader in TABLES:
            table = reader.table(kept.content)
            if len([name for name in table.header if name]) > 1:
                return reader, table
    raise _unknown(kept.filename, kept.content)


def _unknown(filename: str, content: bytes) -> Misuse:
    titles = "; ".join([known.title for _, known in [*FORMATS, *LOCKED]]) or "none"
    problem = f"{plain_filename(filename)} is of no known format ({_beginning(content)})"
    return Misuse("file", problem, cure=f"Known: {titles}; any table with a header")


def _beginning(content: bytes) -> str:
    """What a file begins with, so that its owner sees what the header is taken for."""
    first = _first_line(content)
    if first is None:
        return "it is neither text nor a spreadsheet"
    return f"its first line is {first!r}" if first else "it has no text"


def _first_line(content: bytes) -> str | None:
    """The first line that says something; "" when none does, None for what is no text."""
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = content[:_GLANCE_BYTES].decode("utf-16" if is_wide else "utf-8-sig", "replace")
    if "\x00" in text or ("\ufffd" in text.rstrip("\ufffd") and not _is_western(content[:_GLANCE_BYTES])):
        return None
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return "".join(c for c in first if c.isprintable())[:80]


def _is_western(content: bytes) -> bool:
    """Text of an old Windows program: no signs that only machines write."""
    return all(byte >= 32 or byte in b"\t\r\n" for byte in content) and b"," in content
