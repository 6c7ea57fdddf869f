"""The daily bars of an instrument in columns: raw ones exact as text, adjusted ones as numbers."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.market.daily import day_of as day_of_ordinal
from tunefolio.market.panel import Field, Prices
from tunefolio.services.bars import BarsView, of_instrument, told, volumes
from tunefolio.web.api.answers import day_of, ready
from tunefolio.web.deps import CurrentViewer, Reading, RowId

v1 = APIRouter(tags=["instruments"])
From = Annotated[str, Query(alias="from", max_length=20, description="YYYY-MM-DD; else the first known.")]
To = Annotated[str, Query(max_length=20, description="YYYY-MM-DD, not inside; else all.")]
Adjusted = Annotated[int, Query(ge=0, le=1, description="1: in today's units, by splits and bonuses.")]
Names = Annotated[
    str, Query(max_length=60, description="With commas: open, high, low, close, volume; else all five.")
]
Most = Annotated[int, Query(ge=1, le=10_000, description="Most days to answer.")]
_NO_BARS = "no prices are kept of these days"
_CURE = "Fetch its prices, or ask for other days"


@v1.get("/instruments/{id}/bars")
def bars(
    db: Reading,
    viewer: CurrentViewer,
    id: RowId,
    since: From = "",
    to: To = "",
    adjusted: Adjusted = 0,
    fields: Names = "",
    limit: Most = 5_000,
) -> Response:
    """Daily bars as they were paid, oldest first, in columns of one length; null where nothing was told.

    Prices are text and exact; with adjusted=1 numbers in today's units, with the factor of each day. `next`
    is the `from` of the following page.
    """
    view = of_instrument(
        db,
        viewer,
        InstrumentId(id),
        since=day_of(since, "from") if since else None,
        until=day_of(to, "to") if to else None,
        prices=Prices.ADJUSTED if adjusted else Prices.RAW,
        limit=limit,
    )
    return ready(orjson.dumps(_body(view, _chosen(fields)), option=orjson.OPT_SERIALIZE_NUMPY))


def _chosen(text: str) -> list[Field]:
    names = [name.strip() for name in text.split(",") if name.strip()] or list(Field)
    unknown = [name for name in names if name not in set(Field)]
    if unknown:
        raise Misuse("fields", f"{unknown[0]!r} is not one of them", cure=", ".join(Field))
    return [Field(name) for name in names]


def _body(view: BarsView, fields: list[Field]) -> dict[str, Any]:
    own = view.bars
    body: dict[str, Any] = {
        "instrument_id": view.instrument.id,
        "symbol": view.instrument.symbol,
        "exchange": view.instrument.exchange,
        "currency": view.instrument.currency,
        "adjusted": view.adjusted is not None,
        "sources": list(own.sources) if len(own) else [],
        "days": [day_of_ordinal(day).iso() for day in own.days.tolist()],
    }
    for field in fields:
        body[field.value] = _column(view, field)
    if view.adjusted is not None:
        body["factor"] = view.adjusted.factor
    if not len(own):
        body["problem"], body["cure"] = _NO_BARS, _CURE
    if view.next is not None:
        body["next"] = view.next.iso()
    return body


def _column(view: BarsView, field: Field) -> Any:
    if view.adjusted is not None:
        return getattr(view.adjusted, field.value)
    return volumes(view.bars) if field is Field.VOLUME else told(view.bars, field.value)
