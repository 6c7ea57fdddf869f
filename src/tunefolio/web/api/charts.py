"""The arrays of a price chart, as numbers a browser draws at once; exact prices are in `bars`."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import orjson
from fastapi import APIRouter, Query
from numpy.typing import NDArray
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.services.views.charts import ChartView, Prices, chart
from tunefolio.web.api.answers import ready
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId

v1 = APIRouter(tags=["instruments"])
Span = Annotated[str, Query(max_length=4, description="1M, 3M, 6M, 1Y, 3Y, 5Y or all.")]
PricesName = Annotated[str, Query(max_length=10, description="adjusted for splits and bonuses, or raw.")]
Studies = Annotated[
    str, Query(max_length=200, description="With commas: sma20, ema50, bb20, rsi14, atr14, macd.")
]
_EPOCH = 719_163
"""The proleptic ordinal of 1970-01-01."""


@v1.get("/instruments/{id}/chart")
def drawn(
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    id: RowId,
    span: Span = "1Y",
    prices: PricesName = "adjusted",
    studies: Studies = "",
) -> Response:
    """Daily bars in columns, studies over them, and the days on which something happened; null where
    nothing is known."""
    if prices not in tuple(Prices):
        raise Misuse("prices", f"{prices!r} is unknown", cure="adjusted or raw")
    names = [name for name in studies.split(",") if name]
    view = chart(db, house, viewer, InstrumentId(id), span=span, prices=Prices(prices), studies=names)
    return ready(orjson.dumps(_body(view), option=orjson.OPT_SERIALIZE_NUMPY))


def _body(view: ChartView) -> dict[str, Any]:
    return {
        "instrument_id": view.instrument.id,
        "symbol": view.instrument.symbol,
        "currency": view.instrument.currency,
        "prices": view.prices,
        "sources": list(view.sources),
        "days": _dates(view.days),
        "open": view.open,
        "high": view.high,
        "low": view.low,
        "close": view.close,
        "volume": view.volume,
        "has_range": view.has_range,
        "studies": dict(view.studies),
        "events": [{"day": one.day.iso(), "kind": one.kind, "title": one.title} for one in view.events],
        "trades": [
            {
                "day": one.day.iso(),
                "kind": one.kind,
                "title": one.title,
                "transaction_id": one.transaction,
            }
            for one in view.trades
        ],
    }


def _dates(days: NDArray[np.int32]) -> list[str]:
    found: list[str] = (days.astype(np.int64) - _EPOCH).astype("datetime64[D]").astype(str).tolist()
    return found
