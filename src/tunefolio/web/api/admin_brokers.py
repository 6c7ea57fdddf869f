"""Brokers of the house for programs of admins: in full service, closed to new links, or stopped."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from tunefolio.services import admin as house_admin
from tunefolio.services import standings
from tunefolio.services.admin import BrokerRow
from tunefolio.store.standings import Standing
from tunefolio.web.api.answers import Text, ist, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import AdminViewer, HouseDep, OwnWriting, Reading

v1 = APIRouter(tags=["admin"])
BrokerName = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,39}$")]


class StandingWish(Body):
    """reason: what people at this broker will read; needed unless it is put back into full service."""

    standing: Standing
    reason: Text = ""


@v1.get("/admin/brokers")
def brokers(db: Reading, house: HouseDep, admin: AdminViewer) -> Response:
    """Every broker, how it serves, and how many accounts are linked in which state; admins only."""
    return reply({"data": [broker(one) for one in house_admin.brokers(db, house, admin)]})


@v1.put("/admin/brokers/{broker}/standing", status_code=204)
def set_standing(
    admin: AdminViewer, db: OwnWriting, house: HouseDep, broker: BrokerName, wish: StandingWish
) -> Response:
    """Close a broker to new links, stop it, or put it back into full service."""
    standings.set_standing(db, house, admin, broker, wish.standing, wish.reason)
    return nothing()


def broker(one: BrokerRow) -> dict[str, Any]:
    kept = one.kept
    return {
        "broker": one.name,
        "title": one.title,
        "standing": one.standing,
        "reason": None if kept is None else kept.reason,
        "since": None if kept is None else ist(kept.since),
        "set_by": None if kept is None else kept.by,
        "links": dict(one.links),
    }
