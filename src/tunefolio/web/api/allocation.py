"""How money is spread, and the targets a person has set for it. Money and ratios are text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunefolio.core.identity import PortfolioId
from tunefolio.services import targets, views
from tunefolio.services.views.shapes_allocation import AllocationSlice, Dimension
from tunefolio.web.api.answers import Id, Text, amount, nothing, reply
from tunefolio.web.api.figures import asked_api, put_value, ratio_json
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import CurrentViewer, HouseDep, PortfolioChoice, Reading, Writing

v1 = APIRouter(prefix="/allocation", tags=["allocation"])
_CELLS = ("invested", "value", "pnl", "weight", "drift", "to_target")


class TargetsIn(Body):
    """Weights by name of group, as ratios of the whole; a name left out has no target."""

    weights: dict[Text, Decimal]
    portfolio: Id | None = None


@v1.get("")
def allocation(
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    portfolio: PortfolioChoice,
    by: Dimension = Dimension.SECTOR,
) -> Response:
    """How the whole is spread: by sector (with industries), asset class, account, currency or size."""
    view = views.allocation(db, house, viewer, portfolio=portfolio, dimension=by)
    return reply(
        {
            "by": view.dimension.value,
            "currency": view.currency,
            "value": amount(view.value),
            "explain": asked_api("allocation.value", view.key),
            "unpriced": view.unpriced,
            "targets_sum": ratio_json(view.targets_sum),
            "notes": list(view.missing),
            "data": [_slice(one) for one in view.slices],
        }
    )


@v1.put("/targets", status_code=204)
def put_targets(
    db: Writing, house: HouseDep, viewer: CurrentViewer, by: Dimension, wish: TargetsIn
) -> Response:
    """Replace all targets of one dimension."""
    home = None if wish.portfolio is None else PortfolioId(wish.portfolio)
    targets.put(db, house, viewer, home, by, dict(wish.weights))
    return nothing()


def _slice(one: AllocationSlice) -> dict[str, Any]:
    body: dict[str, Any] = {"name": one.name, "instruments": one.instruments, "unpriced": one.unpriced}
    for name in _CELLS:
        put_value(body, name, getattr(one, name), asked_api(f"slice.{name}", one.key))
    body["target"] = ratio_json(one.target)
    if one.parts:
        body["parts"] = [_slice(part) for part in one.parts]
    return body
