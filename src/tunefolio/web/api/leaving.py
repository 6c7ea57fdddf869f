"""Everything of one's own to take along, and the end of one's account. By the person herself, never by a
personal token."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from tunefolio.services import export_person, leaving, proofs
from tunefolio.store.exports import Export
from tunefolio.web import stretches
from tunefolio.web.api.answers import ist, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import (
    CurrentSession,
    CurrentViewer,
    HouseDep,
    OwnWriting,
    Reading,
    RowId,
    SignedInPerson,
)

v1 = APIRouter(tags=["access"])
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole file", "content": {"application/zip": {}}},
    206: {"description": "The stretch that `Range` asks for", "content": {"application/zip": {}}},
    416: {"description": "The stretch begins behind the end of the file"},
}


class Farewell(Body):
    """email: one's own, typed once more."""

    email: Annotated[str, Field(max_length=254)]


@v1.get("/leaving")
def state(db: Reading, viewer: CurrentViewer, person: SignedInPerson) -> Response:
    """When one's account will be erased, null while it stays, and who wanted that: `herself`, who may take it
    back, or the `operator`; and the last export."""
    found = export_person.newest(db, viewer)
    return reply(
        {
            "erased_at": ist(person.leaving),
            "asked_by": None if person.leaving is None else leaving.asked_by(db, viewer),
            "export": None if found is None else shape(found),
        }
    )


@v1.post("/leaving/exports", status_code=202)
def ask_export(db: OwnWriting, house: HouseDep, person: SignedInPerson) -> Response:
    """Everything of mine in one zip: `job_id` tells how far it is. An earlier one is forgotten."""
    leaving.must_be_free_to_export(db, person)
    return reply({"id": export_person.ask_export(db, house, person.viewer)}, 202)


@v1.get("/leaving/exports/{id}")
def export(db: Reading, viewer: CurrentViewer, id: RowId) -> Response:
    """How an export stands; it can be had once `made_at` is there, until `expires_at`."""
    return reply(shape(export_person.export_of(db, viewer, id)))


@v1.get("/leaving/exports/{id}/file", response_class=Response, responses=_FILE)
def file(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, session: CurrentSession, id: RowId
) -> Response:
    """The zip; with `Range` from where a download broke off. 403 without a proof of the last quarter of an
    hour, 404 once it is a day old."""
    return download(request, house, viewer, export_person.may_download(db, house, viewer, session.id, id))


@v1.post("/leaving")
def leave(
    db: OwnWriting, house: HouseDep, viewer: CurrentViewer, session: CurrentSession, farewell: Farewell
) -> Response:
    """Delete one's account: 403 without a proof. What signs in or sends in one's name goes at once."""
    proofs.must_have_proved(db, house, viewer, session.id)
    erase = leaving.leave(db, house, viewer, typed=farewell.email, but=session.id)
    return reply({"erased_at": ist(erase)})


@v1.delete("/leaving", status_code=204)
def stay(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Take it back: the account stays. 403 where the operator of the house did it."""
    leaving.stay(db, house, viewer)
    return nothing()


def download(request: Request, house: HouseDep, viewer: CurrentViewer, export: Export) -> Response:
    """The file of a finished export."""
    return stretches.send(
        request,
        lambda start, end: export_person.iter_stretch(house, viewer, export, start, end),
        size=export.bytes,
        digest=export.sha256,
        name=export_person.filename(export),
        expires=export.expires or export.asked,
    )


def shape(one: Export) -> dict[str, Any]:
    """An export as its owner sees it."""
    return {
        "id": one.id,
        "job_id": one.job,
        "asked_at": ist(one.asked),
        "made_at": ist(one.made),
        "expires_at": ist(one.expires),
        "bytes": one.bytes or None,
        "sha256": one.sha256 or None,
    }
