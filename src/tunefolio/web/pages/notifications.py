"""Settings, notifications: which kind of news goes which way, in one table; ways are made under Channels."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import NotFound
from tunefolio.core.people import Role, Viewer
from tunefolio.services import audit, mails
from tunefolio.services import channels as deeds
from tunefolio.store import channels, persons
from tunefolio.web import render
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading, Writing
from tunefolio.web.pages.alert_forms import KINDS
from tunefolio.web.pages.forms import go

router = APIRouter()
_HERE = "/settings/notifications"
CarriesForm = Annotated[list[str], Form(max_length=1000, default_factory=list)]


def kinds_for(viewer: Viewer) -> dict[str, str]:
    """Kinds of notices that this person may get, by what a page calls them."""
    others = {
        kind: words
        for kind, words in deeds.OTHER_KINDS.items()
        if kind != "job_failed" or viewer.role is Role.ADMIN
    }
    return others | {kind.value: words for kind, words in KINDS.items()}


@router.get(_HERE)
def page(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer) -> HTMLResponse:
    """What is told, and where besides the list of notices."""
    return render.page(
        request,
        "settings/notifications.html",
        kinds=kinds_for(viewer),
        sign_in_kinds=deeds.SIGN_IN_KINDS,
        channels=channels.listed(db, viewer),
        verified=persons.verified_at(db, viewer),
        sends_mail=mails.can_send(house),
    )


@router.post(_HERE)
def choose(db: Writing, house: HouseDep, viewer: CurrentViewer, carries: CarriesForm) -> Response:
    """carries: `channel:kind` for each box that is ticked; every other one of a proven channel is muted."""
    known = kinds_for(viewer)
    ticked: dict[int, set[str]] = {}
    for text in carries:
        number, _, kind = text.partition(":")
        if not (number.isascii() and number.isdigit() and 0 < int(number[:20]) <= MAX_ID):
            raise NotFound("channel")
        ticked.setdefault(int(number), set()).add(kind)
    own = {int(one.id): one for one in channels.listed(db, viewer) if one.verified is not None}
    if set(ticked) - set(own):
        raise NotFound("channel")
    changed = [one for id, one in own.items() if ticked.get(id, set()) != set(known) - one.muted]
    for one in changed:
        deeds.carry_only(db, house, viewer, one.id, ticked.get(int(one.id), set()), among=known)
    if not changed:
        audit.pass_over()
    return go(_HERE)
