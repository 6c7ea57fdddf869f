"""Instruments for admins: found by symbol, name or ISIN; name, sector and industry corrected for everyone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import InstrumentId
from tunefolio.services import corrections
from tunefolio.web.api.answers import QueryText
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting, RowId
from tunefolio.web.pages.admin import PAGE, AdminDesk, id_in, leaf
from tunefolio.web.pages.forms import FormText, QueryId, go

router = APIRouter(prefix="/admin/instruments")
Corrected = Annotated[str, Query(max_length=3)]


@router.get("")
def instruments(
    desk: AdminDesk, text: QueryText = "", corrected: Corrected = "", after: QueryId = ""
) -> HTMLResponse:
    start = id_in(after, "after", InstrumentId)
    found = corrections.page(
        desk.db, desk.house, desk.admin, text, start, PAGE + 1, corrected=bool(corrected)
    )
    chosen = {"text": text, "corrected": corrected}
    rows, more = leaf(found, "/admin/instruments", chosen, last=lambda one: one.listed.id, cursor="after")
    return desk.page("admin/instruments.html", instruments=rows, text=text, corrected=corrected, more=more)


@router.get("/{instrument}")
def instrument(desk: AdminDesk, instrument: RowId) -> HTMLResponse:
    """One of them, with the form of its correction."""
    found = corrections.one(desk.db, desk.house, desk.admin, InstrumentId(instrument))
    sectors = sorted({company.sector for company in desk.house.sectors.companies() if company.sector})
    return desk.page("admin/instrument.html", one=found, sectors=sectors)


@router.post("/{instrument}/correct")
def correct(
    db: OwnWriting,
    house: HouseDep,
    admin: AdminViewer,
    instrument: RowId,
    name: FormText = "",
    sector: FormText = "",
    industry: FormText = "",
    reason: FormText = "",
) -> Response:
    corrections.correct(
        db,
        house,
        admin,
        InstrumentId(instrument),
        name=name,
        sector=sector,
        industry=industry,
        reason=reason,
    )
    return go(f"/admin/instruments/{instrument}")


@router.post("/{instrument}/clear")
def clear(db: OwnWriting, house: HouseDep, admin: AdminViewer, instrument: RowId) -> Response:
    corrections.clear(db, house, admin, InstrumentId(instrument))
    return go(f"/admin/instruments/{instrument}")
