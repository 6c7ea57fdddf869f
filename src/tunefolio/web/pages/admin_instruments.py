"""Instruments for admins: found by symbol, name or ISIN; name, sector and industry corrected for everyone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.identity import InstrumentId
from tunefolio.services import corrections
from tunefolio.web.api.answers import QueryText
from tunefolio.web.deps import AdminViewer, CurrentSession, HouseDep, OwnWriting, Reading, RowId
from tunefolio.web.pages.admin import PAGE, admin_page
from tunefolio.web.pages.admin_accounts import address
from tunefolio.web.pages.forms import FormText, QueryId, find_id, go

router = APIRouter(prefix="/admin/instruments")
Corrected = Annotated[str, Query(max_length=3)]


@router.get("")
def instruments(
    request: Request,
    db: Reading,
    house: HouseDep,
    admin: AdminViewer,
    session: CurrentSession,
    text: QueryText = "",
    corrected: Corrected = "",
    after: QueryId = "",
) -> HTMLResponse:
    last = find_id(after, "after")
    start = None if last is None else InstrumentId(last)
    found = corrections.page(db, house, admin, text, start, PAGE + 1, corrected=bool(corrected))
    more = {"text": text, "corrected": corrected, "after": found[PAGE - 1].listed.id if found[PAGE:] else ""}
    return admin_page(
        request,
        db,
        house,
        admin,
        session,
        "admin/instruments.html",
        instruments=found[:PAGE],
        text=text,
        corrected=corrected,
        more=address("/admin/instruments", more) if found[PAGE:] else "",
    )


@router.get("/{instrument}")
def instrument(
    request: Request,
    db: Reading,
    house: HouseDep,
    admin: AdminViewer,
    session: CurrentSession,
    instrument: RowId,
) -> HTMLResponse:
    """One of them, with the form of its correction."""
    found = corrections.one(db, house, admin, InstrumentId(instrument))
    sectors = sorted({company.sector for company in house.sectors.companies() if company.sector})
    return admin_page(request, db, house, admin, session, "admin/instrument.html", one=found, sectors=sectors)


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
