"""Files in: check, record, undo."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, ImportId
from tunefolio.services import imports as deeds
from tunefolio.services.portfolios import active_accounts
from tunefolio.store import accounts, imports
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.forms import FormId, QueryId, find_id, go

router = APIRouter()
_PAGE = 50
Digest = Annotated[str, Form(pattern="^[0-9a-f]{64}$")]


@router.get("/imports")
def listed(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, before: QueryId = ""
) -> HTMLResponse:
    """The way in for a file, and every import so far."""
    last = find_id(before, "before")
    past = imports.listed(db, viewer, None if last is None else ImportId(last), _PAGE + 1)
    return render.page(
        request,
        "imports/page.html",
        homes=active_accounts(db, viewer),
        names={home.id: home.name for home in accounts.listed(db, viewer)},
        past=past[:_PAGE],
        next=past[_PAGE - 1].id if len(past) > _PAGE else None,
        limit=house.rules.upload_limit_bytes // 1_048_576,
    )


@router.post("/imports/preview")
def preview(
    request: Request, db: Writing, house: HouseDep, viewer: CurrentViewer, account: FormId, file: UploadFile
) -> HTMLResponse:
    """The dry run: what would be added, what is there already, what is wrong and where."""
    if not file.filename:
        raise Misuse("file", "was not chosen", cure="Choose a tradebook or holdings file")
    seen = deeds.preview(db, house, viewer, AccountId(account), file.filename, file.file.read())
    return render.page(request, "imports/preview.html", preview=seen)


@router.post("/imports")
def commit(db: Writing, house: HouseDep, viewer: CurrentViewer, account: FormId, sha256: Digest) -> Response:
    """Record the file that was checked, whole or not at all."""
    done = deeds.commit(db, house, viewer, AccountId(account), sha256)
    return go(f"/imports#i-{done.id}")


@router.post("/imports/{id}/undo")
def undo(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take back what one import added."""
    deeds.undo(db, house, viewer, ImportId(id))
    return go("/imports")
