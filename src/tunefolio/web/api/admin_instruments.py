"""Instruments for programs of admins: found, and corrected for everyone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.services import admin as house_admin
from tunefolio.services import corrections
from tunefolio.services.admin import Refused
from tunefolio.services.corrections import Corrected
from tunefolio.store.corrections import Correction
from tunefolio.web.api.answers import Cursor, Limit, QueryText, Text, after_id, ist, leaf, nothing
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting, Reading, RowId

v1 = APIRouter(tags=["admin"])
Only = Annotated[Literal["", "corrected"], Query(description="`corrected`: only those with a correction.")]


class CorrectionWish(Body):
    """Empty words leave what sources say; name or sector must be there."""

    name: Text = ""
    sector: Text = ""
    industry: Text = ""
    reason: Text = ""


@v1.get("/admin/instruments")
def instruments(
    db: Reading,
    house: HouseDep,
    admin: AdminViewer,
    text: QueryText = "",
    only: Only = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    """Instruments that everyone sees, by symbol, name or ISIN, with the sector in force; admins only."""
    last = after_id(cursor)
    after = None if last is None else InstrumentId(last)
    found = corrections.page(db, house, admin, text, after, limit + 1, corrected=only == "corrected")
    return leaf(found, limit, row, last=lambda one: one.listed.id)


@v1.put("/admin/instruments/{instrument}/correction", status_code=204)
def correct(
    admin: AdminViewer, db: OwnWriting, house: HouseDep, instrument: RowId, wish: CorrectionWish
) -> Response:
    """Say a name, or a sector and industry, that holds for everyone and outlives every refresh."""
    id = InstrumentId(instrument)
    corrections.correct(
        db,
        house,
        admin,
        id,
        name=wish.name,
        sector=wish.sector,
        industry=wish.industry,
        reason=wish.reason,
    )
    return nothing()


@v1.delete("/admin/instruments/{instrument}/correction", status_code=204)
def clear(admin: AdminViewer, db: OwnWriting, house: HouseDep, instrument: RowId) -> Response:
    """Back to what sources say."""
    if not corrections.clear(db, house, admin, InstrumentId(instrument)):
        raise NotFound("correction")
    return nothing()


@v1.delete("/admin/instruments/{instrument}", status_code=204)
def delete(_admin: AdminViewer, instrument: RowId) -> Response:
    """Refused: 403 says why, and what to do instead."""
    house_admin.refuse(Refused.DELETE_INSTRUMENT, instrument)


def row(one: Corrected) -> dict[str, Any]:
    return {
        "id": one.listed.id,
        "exchange": one.listed.exchange,
        "symbol": one.listed.symbol,
        "name": one.listed.name,
        "asset_class": one.listed.asset_class,
        "sector": one.classification.sector,
        "industry": one.classification.industry or None,
        "source": one.classification.source,
        "correction": None if one.correction is None else correction(one.correction),
    }


def correction(one: Correction) -> dict[str, Any]:
    return {
        "name": one.name or None,
        "former_name": one.former_name or None,
        "sector": one.sector or None,
        "industry": one.industry or None,
        "reason": one.reason or None,
        "set_by": one.by,
        "set_at": ist(one.at),
    }
