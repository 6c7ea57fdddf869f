"""The market overview for programs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunefolio.market.instruments import Instrument
from tunefolio.services.views.market import Coming, MarketView, Mover, Place, market_view
from tunefolio.web.api.answers import amount, ist, plain, reply
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading

v1 = APIRouter(tags=["market"])


@v1.get("/market")
def overview(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Sessions now, and what moves among what the viewer holds or watches; ratios as text."""
    return reply(_body(market_view(db, house, viewer)))


def _body(view: MarketView) -> dict[str, Any]:
    breadth = view.breadth
    return {
        "exchanges": [_place(one) for one in view.places],
        "indices": [_mover(one) for one in view.indices],
        "gainers": [_mover(one) for one in view.gainers],
        "losers": [_mover(one) for one in view.losers],
        "breadth": {
            "rose": breadth.rose,
            "fell": breadth.fell,
            "same": breadth.same,
            "above_means": [
                {"sessions": length, "above": share, "of": of}
                for length, (share, of) in breadth.above.items()
            ],
            "year_highs": [_named(one) for one in breadth.highs],
            "year_lows": [_named(one) for one in breadth.lows],
        },
        "sectors": [
            {"sector": one.sector, "mean_change_ratio": f"{one.ratio:.6f}", "instruments": one.count}
            for one in view.sectors
        ],
        "actions": [_coming(one) for one in view.coming],
        "rates": [
            {"base": one.base, "quote": one.quote, "day": one.day.iso(), "rate": plain(one.rate)}
            for one in view.rates
        ],
        "newest_price_at": ist(view.newest),
        "followed": view.followed,
    }


def _named(one: Instrument) -> dict[str, Any]:
    return {"id": one.id, "symbol": one.symbol, "exchange": one.exchange, "name": one.name}


def _mover(one: Mover) -> dict[str, Any]:
    return {
        **_named(one.instrument),
        "price": amount(one.quote.price),
        "currency": one.quote.price.currency,
        "change_ratio": f"{one.ratio:.6f}",
        "as_of": ist(one.quote.as_of),
        "source": one.quote.source,
    }


def _place(one: Place) -> dict[str, Any]:
    now = one.standing
    return {
        "exchange": one.exchange,
        "title": one.title,
        "phase": None if now is None else now.phase.value,
        "is_session": None if now is None else now.is_session,
        "until": None if now is None else ist(now.until),
        "next_entry": None if now is None else ist(now.next_entry),
        "problem": one.problem or None,
    }


def _coming(one: Coming) -> dict[str, Any]:
    return {
        **_named(one.instrument),
        "ex_day": one.action.ex_day.iso(),
        "kind": one.action.kind.value,
        "title": one.title,
        "is_ahead": one.is_ahead,
    }
