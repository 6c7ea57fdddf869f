"""Channels: where notices go besides the page. Addresses and secrets go in and never come out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, Field
from starlette.responses import Response

from tunefolio.core.notice import ChannelId, ChannelKind
from tunefolio.services import channels as deeds
from tunefolio.store import channels
from tunefolio.store.channels import Channel
from tunefolio.web.api.answers import Name, clean, ist, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing

v1 = APIRouter(prefix="/channels", tags=["channels"])
Target = Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=2000)]


class NewChannel(Body):
    """target: an e-mail address, the number of a Telegram chat, or a web address; secret: what signs what a
    webhook gets, at least 16 letters."""

    kind: ChannelKind
    target: Target
    secret: Annotated[str, AfterValidator(clean), Field(max_length=500)] = ""


class Code(Body):
    code: Name


class Muted(Body):
    """Kinds of alerts the channel does not carry."""

    muted: list[Name] = Field(max_length=20)


@v1.get("")
def listed(db: Reading, viewer: CurrentViewer) -> Response:
    """All channels, oldest first."""
    return reply({"data": [_channel(one) for one in channels.listed(db, viewer)]})


@v1.post("", status_code=201)
def add(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: NewChannel) -> Response:
    """A new channel, and a code on its way there; a webhook proves itself by answering with 2xx."""
    target = wish.target.strip()
    if wish.kind is ChannelKind.WEBHOOK:
        target = f"{target} {wish.secret.strip()}"
    id = deeds.add(db, house, viewer, wish.kind, target)
    return reply(_channel(channels.channel_of(db, viewer, id)), 201)


@v1.post("/{id}/confirm")
def confirm(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Code) -> Response:
    """Whether this is the code that was sent there; five wrong ones end it."""
    return reply({"verified": deeds.confirm(db, house, viewer, ChannelId(id), wish.code)})


@v1.post("/{id}/code", status_code=204)
def send_code(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Another code; the one before no longer counts."""
    deeds.send_code(db, house, viewer, ChannelId(id))
    return nothing()


@v1.post("/{id}/test", status_code=204)
def test(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """A test message; its delivery stands among the notices."""
    deeds.test(db, house, viewer, ChannelId(id))
    return nothing()


@v1.put("/{id}/muted", status_code=204)
def mute(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: Muted) -> Response:
    """In place of those before."""
    deeds.mute(db, house, viewer, ChannelId(id), wish.muted)
    return nothing()


@v1.delete("/{id}", status_code=204)
def delete(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Nothing more goes there."""
    deeds.forget(db, house, viewer, ChannelId(id))
    return nothing()


def _channel(one: Channel) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "hint": one.hint,
        "muted": sorted(one.muted),
        "verified_at": ist(one.verified),
        "problem": one.problem,
        "problem_at": ist(one.problem_at),
        "created_at": ist(one.created),
    }
