"""One instrument: its chart, its year, what its company did, and who of the viewer's accounts holds it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from tunefolio.core.identity import InstrumentId
from tunefolio.core.time import IST
from tunefolio.market.instruments import Instrument
from tunefolio.services.house import House
from tunefolio.services.markets import calendar_of
from tunefolio.services.views.charts import SPANS
from tunefolio.services.views.data_health import tracking_of
from tunefolio.services.views.instrument import instrument_view
from tunefolio.store import watchlists
from tunefolio.web import render
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading, RowId

router = APIRouter()
STUDIES = (
    ("sma20", "SMA 20"),
    ("sma50", "SMA 50"),
    ("sma200", "SMA 200"),
    ("ema20", "EMA 20"),
    ("bb20", "Bollinger 20"),
    ("rsi14", "RSI 14"),
    ("macd", "MACD"),
    ("atr14", "ATR 14"),
)
"""What the chart offers, by the name the API knows it under."""


@router.get("/instruments/{id}")
def page(request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> HTMLResponse:
    """NotFound for what there is not, or what is another's own."""
    view = instrument_view(db, house, viewer, InstrumentId(id))
    return render.page(
        request,
        "instrument/page.html",
        view=view,
        spans=list(SPANS),
        studies=STUDIES,
        id=id,
        one=tracking_of(db, house, viewer, InstrumentId(id)),
        lists=watchlists.listed(db, viewer),
        zone=_zone_of(house, view.instrument),
        watched=watchlists.holding(db, viewer, InstrumentId(id)),
    )


def _zone_of(house: House, listed: Instrument) -> str:
    """Where the day of its prices is told from, by the name browsers know the zone under."""
    zone = calendar_of(house, listed).zone
    return "Asia/Kolkata" if zone == IST else getattr(zone, "key", "UTC")
