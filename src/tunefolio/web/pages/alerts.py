"""Alerts: the list with its distances, the form with its preview, the channels they go to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.alerts import QUOTED, AlertId, AlertState, Manner
from tunefolio.core.errors import Misuse, sentence
from tunefolio.core.missing import Missing
from tunefolio.core.notice import ChannelId, ChannelKind
from tunefolio.services import alert_book, alert_preview, alert_views, channels, watchlists
from tunefolio.services import notices as told
from tunefolio.services.alert_levels import Quoted
from tunefolio.store import accounts, alerts, portfolios
from tunefolio.store import channels as ways
from tunefolio.store.db import ReadDb
from tunefolio.web import render
from tunefolio.web.api.answers import Cursor, QueryText, after_id
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.pages.alert_forms import COOLDOWNS, KINDS, REPEATS, AlertForm, chosen, name_in, wish_of
from tunefolio.web.pages.forms import FormText, go

router = APIRouter()
Typed = Annotated[AlertForm, Form()]
Asked = Annotated[AlertForm, Query()]
FormTarget = Annotated[str, Form(max_length=2000)]
FormKinds = Annotated[list[str], Form(max_length=20, default_factory=list)]
_PAGE = 50
_TOLD = 12


@router.get("/alerts")
def listed(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    cursor: Cursor = "",
    instrument: QueryText = "",
) -> HTMLResponse:
    """instrument: what the form begins with, as EXCHANGE:SYMBOL."""
    before = after_id(cursor)
    view = alert_views.page(db, house, viewer, None if before is None else AlertId(before), _PAGE)
    return render.page(
        request,
        "alerts/page.html",
        view=view,
        counts=_counts(view),
        cursor=cursor,
        typed=instrument,
        recent=told.page(db, viewer, None, _TOLD),
        channels=ways.listed(db, viewer),
        kinds=KINDS,
        repeats=REPEATS,
        cooldowns=COOLDOWNS,
        homes=[one for one in accounts.listed(db, viewer) if one.is_active],
        shelves=[one for one in portfolios.listed(db, viewer) if one.archived is None],
    )


def _counts(view: alert_views.AlertPage) -> dict[str, int]:
    states = [row.alert.standing.state for row in view.rows]
    return {state.value: states.count(state) for state in AlertState}


@router.post("/alerts")
def create(db: Writing, house: HouseDep, viewer: CurrentViewer, form: Typed) -> Response:
    name = name_in(form)
    named = watchlists.named(db, house, viewer, name) if name else None
    alert_book.create(db, house, viewer, wish_of(form, named))
    return go("/alerts")


@router.get("/alerts/preview")
def preview(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, form: Asked
) -> HTMLResponse:
    """How often it would have spoken in the last year; a form not yet filled says nothing."""
    shown: Any = None
    try:
        shown = _previewed(db, house, viewer, form)
    except Misuse as wrong:
        shown = Missing(sentence(wrong.field, wrong.problem), wrong.cure) if form.instrument else None
    is_missing = isinstance(shown, Missing)
    return render.partial(request, "alerts/_preview.html", shown=shown, is_missing=is_missing)


def _previewed(db: ReadDb, house: HouseDep, viewer: CurrentViewer, form: AlertForm) -> Any:
    name = name_in(form)
    found = watchlists.known_as(db, viewer, name)
    wish = wish_of(form, found)
    if wish.kind not in QUOTED:
        return None
    if found is None:
        return Missing("its history", "It is fetched once the instrument is watched") if name else None
    terms = alert_book.fit(db, viewer, wish)
    if not isinstance(terms, Quoted):
        return None
    return alert_preview.preview(db, house, found, terms, Manner(wish.repeat, wish.band, wish.cooldown))


@router.post("/alerts/{id}/pause")
def pause(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    alert_book.pause(db, house, viewer, AlertId(id))
    return go("/alerts")


@router.post("/alerts/{id}/resume")
def resume(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    alert_book.resume(db, house, viewer, AlertId(id))
    return go("/alerts")


@router.post("/alerts/{id}/delete")
def delete(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    alert_book.forget(db, house, viewer, AlertId(id))
    return go("/alerts")


@router.get("/alerts/channels")
def shown_channels(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, wrong: QueryText = ""
) -> HTMLResponse:
    """wrong: the channel whose code was typed wrong just now."""
    return render.page(
        request,
        "alerts/channels.html",
        channels=ways.listed(db, viewer),
        offered=[kind for kind in ChannelKind if kind in house.notifiers],
        kinds=KINDS,
        wrong=wrong,
        count=alerts.count(db, viewer),
    )


@router.post("/alerts/channels")
def add_channel(
    db: Writing,
    house: HouseDep,
    viewer: CurrentViewer,
    kind: FormText,
    target: FormTarget,
    key: FormTarget = "",
) -> Response:
    """key: the secret that signs what a webhook gets."""
    sort = chosen(ChannelKind, kind, "kind")
    address = f"{target.strip()} {key.strip()}" if sort is ChannelKind.WEBHOOK else target
    channels.add(db, house, viewer, sort, address)
    return go("/alerts/channels")


@router.post("/alerts/channels/{id}/confirm")
def confirm(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, code: FormText) -> Response:
    is_right = channels.confirm(db, house, viewer, ChannelId(id), code)
    return go("/alerts/channels" if is_right else f"/alerts/channels?wrong={id}")


@router.post("/alerts/channels/{id}/code")
def send_code(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    channels.send_code(db, house, viewer, ChannelId(id))
    return go("/alerts/channels")


@router.post("/alerts/channels/{id}/test")
def test(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    channels.test(db, house, viewer, ChannelId(id))
    return go("/alerts/channels")


@router.post("/alerts/channels/{id}/mute")
def mute(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, carries: FormKinds) -> Response:
    """carries: the kinds it does carry; all others are muted."""
    channels.carry_only(db, house, viewer, ChannelId(id), carries, among=KINDS)
    return go("/alerts/channels")


@router.post("/alerts/channels/{id}/delete")
def forget(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    channels.forget(db, house, viewer, ChannelId(id))
    return go("/alerts/channels")
