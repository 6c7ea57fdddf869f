"""Our own export as an upload: the text book alone, or the zip that holds it."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tunefolio.core.errors import Misuse
from tunefolio.core.people import Viewer
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.textbook import MAIN, BookRefused, LineProblem
from tunefolio.services import textbooks
from tunefolio.services.house import House
from tunefolio.services.textbooks import AccountImport
from tunefolio.store.db import WriteDb
from tunefolio.store.imports import Upload

BOOK_TITLE = "TuneFolio text book"
MEMBER = "book.txt"
_MOST_BYTES = 100 * 1024 * 1024
_ZIP = b"PK\x03\x04"
_DIRECTIVES = frozenset({"portfolio", "account", "instrument"})
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}\s+(\S+)")
_WORDS = frozenset({*(kind.value for kind in Kind), "price", "rate", "reverse"})


@dataclass(frozen=True, slots=True)
class BookPreview:
    """What reading a text book would do to each account; or the lines for which it is refused, whole."""

    filename: str
    sha256: str
    accounts: tuple[AccountImport, ...] = ()
    problems: tuple[LineProblem, ...] = ()

    @property
    def added(self) -> int:
        return sum(one.added for one in self.accounts)

    @property
    def repeated(self) -> int:
        return sum(one.repeated for one in self.accounts)


def is_book(content: bytes) -> bool:
    """Whether it is a text book or its zip: a directive, or a day and a word of the notation, comes first."""
    if content.startswith(_ZIP):
        return _holds_book(content)
    text = content[:4_000].decode("utf-8-sig", "replace")
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and line[0] not in ";#"), "")
    dated = _DATED.match(first)
    if dated is not None:
        return dated[1].lower().replace("-", "_") in _WORDS
    word = first.split(" ", 1)[0]
    return word.lower() in _DIRECTIVES and " " in first and "," not in word


def preview_book(db: WriteDb, house: House, viewer: Viewer, kept: Upload, account: str = MAIN) -> BookPreview:
    """What recording it now would do; nothing is kept. account: where facts above the first directive go."""
    with _rolled_back(db):
        try:
            done = record_book(db, house, viewer, kept, account)
        except BookRefused as refused:
            return BookPreview(kept.filename, kept.sha256, problems=tuple(refused.problems))
    return BookPreview(kept.filename, kept.sha256, tuple(done))


def record_book(
    db: WriteDb, house: House, viewer: Viewer, kept: Upload, account: str = MAIN
) -> list[AccountImport]:
    """Record it in the caller's transaction, whole or not at all; raises BookRefused naming its lines."""
    lines = text_of(kept.content).split("\n")
    return textbooks.import_text(db, house, viewer, lines, file=kept.filename, main=account)


def _holds_book(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return MEMBER in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def text_of(content: bytes) -> str:
    """The book's text; a zip's member is read only up to a limit, whatever its directory says. Raises
    Misuse."""
    if content.startswith(_ZIP):
        content = _unpacked(content)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].count(b"\n") + 1
        raise Misuse("file", f"is no UTF-8 text at line {line}", cure="Save it as UTF-8") from None


def _unpacked(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(MEMBER) as member:
            text = member.read(_MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, KeyError, EOFError, RuntimeError, NotImplementedError):
        raise Misuse("file", "is a damaged or protected zip", cure="Export it again") from None
    if len(text) > _MOST_BYTES:
        raise Misuse("file", "unpacks to more than 100 MB", cure="Export one portfolio at a time")
    return text


@contextmanager
def _rolled_back(db: WriteDb) -> Iterator[None]:
    """Whatever is written inside is undone at its end, the caller's transaction goes on."""
    trial = db.connection.begin_nested()
    try:
        yield
    finally:
        trial.rollback()
