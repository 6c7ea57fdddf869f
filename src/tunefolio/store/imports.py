"""Imports of files: what came in with which, so that one can be undone; and uploads that wait for a yes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, ImportId, PersonId
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.store.accounts import account_of
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.keysets import newest
from tunefolio.store.tables import imports, uploads
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class Import:
    """One file taken into an account: rows added, left out because they stood already, and refused."""

    id: ImportId
    owner: PersonId
    account: AccountId
    filename: str
    sha256: str
    format: str
    recorded: Instant
    added: int
    repeated: int
    refused: int
    undone: Instant | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came, kept between preview and commit."""

    filename: str
    sha256: str
    content: bytes
    uploaded: Instant


def add(
    db: WriteDb,
    viewer: Viewer,
    account: AccountId,
    filename: str,
    sha256: str,
    format: str,
    now: Instant,
    *,
    added: int = 0,
    repeated: int = 0,
    refused: int = 0,
) -> ImportId:
    """A new import; its counts may follow by set_counts(). Raises NotFound for another's account."""
    account_of(db, viewer, account)
    row = {
        "owner_id": viewer.person,
        "account_id": account,
        "filename": filename,
        "sha256": sha256,
        "format": format,
        "recorded_at": now,
        "added": added,
        "repeated": repeated,
        "refused": refused,
    }
    return ImportId(db.execute(insert(imports).values(row).returning(imports.c.id)).scalar_one())


def set_counts(db: WriteDb, viewer: Viewer, id: ImportId, *, added: int, repeated: int, refused: int) -> None:
    """What became of the rows; raises NotFound."""
    _change(db, viewer, id, added=added, repeated=repeated, refused=refused)


def mark_undone(db: WriteDb, viewer: Viewer, id: ImportId, now: Instant) -> None:
    """Its facts have been taken back; raises NotFound."""
    _change(db, viewer, id, undone_at=now)


def import_of(db: ReadDb, viewer: Viewer, id: ImportId) -> Import:
    """One of the viewer's imports; raises NotFound."""
    row = db.execute(select(imports).where(owned(imports, viewer), imports.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("import")
    return _import(row)


def listed(db: ReadDb, viewer: Viewer, before: ImportId | None, limit: int) -> list[Import]:
    """The viewer's imports, newest first, from the one after `before`; keyset on ix_imports_owner."""
    return [_import(row) for row in newest(db, imports, owned(imports, viewer), before, limit)]


def refusing(db: ReadDb, viewer: Viewer, accounts: Collection[AccountId]) -> list[Import]:
    """Imports into these accounts that stand and refused rows, newest first: the last of each file."""
    again = imports.alias()
    is_repeated = (
        select(again.c.id)
        .where(
            owned(again, viewer),
            again.c.account_id == imports.c.account_id,
            again.c.sha256 == imports.c.sha256,
            again.c.id > imports.c.id,
            again.c.undone_at.is_(None),
        )
        .exists()
    )
    query = select(imports).where(
        owned(imports, viewer),
        imports.c.account_id.in_(sorted(accounts)),
        imports.c.refused > 0,
        imports.c.undone_at.is_(None),
        ~is_repeated,
    )
    return [_import(row) for row in db.execute(query.order_by(imports.c.id.desc()))]


def keep(db: WriteDb, viewer: Viewer, filename: str, sha256: str, content: bytes, now: Instant) -> None:
    """Keep an uploaded file of the viewer's; the same content again takes the newer name and time."""
    row = {
        "owner_id": viewer.person,
        "filename": filename,
        "sha256": sha256,
        "content": content,
        "uploaded_at": now,
    }
    newer = {"filename": filename, "uploaded_at": now}
    statement = db.upsert(uploads).values(row)
    db.execute(statement.on_conflict_do_update(index_elements=["owner_id", "sha256"], set_=newer))


def find(db: ReadDb, viewer: Viewer, sha256: str) -> Upload | None:
    """The viewer's uploaded file of that hash; on uq_uploads_owner_id_sha256."""
    row = db.execute(select(uploads).where(owned(uploads, viewer), uploads.c.sha256 == sha256)).one_or_none()
    return None if row is None else Upload(row.filename, row.sha256, row.content, row.uploaded_at)


def drop(db: WriteDb, viewer: Viewer, sha256: str) -> bool:
    """Forget one uploaded file of the viewer's; whether it was there."""
    which = (owned(uploads, viewer), uploads.c.sha256 == sha256)
    return db.execute(delete(uploads).where(*which)).rowcount > 0


def forget_before(db: WriteDb, caretaker: Caretaker, instant: Instant) -> int:  # noqa: ARG001 — leave, not input
    """Forget everyone's uploads from before `instant`; how many. Scans uploads, which are few."""
    return db.execute(delete(uploads).where(uploads.c.uploaded_at < instant)).rowcount


def _change(db: WriteDb, viewer: Viewer, id: ImportId, **values: Any) -> None:
    which = (owned(imports, viewer), imports.c.id == id)
    if db.execute(update(imports).where(*which).values(values)).rowcount == 0:
        raise NotFound("import")


def _import(row: Row[Any]) -> Import:
    return Import(
        ImportId(row.id),
        PersonId(row.owner_id),
        AccountId(row.account_id),
        row.filename,
        row.sha256,
        row.format,
        row.recorded_at,
        row.added,
        row.repeated,
        row.refused,
        row.undone_at,
    )
