"""What stands in a person's activity, by the names of the deeds, newest first."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tunefolio.core.people import Viewer
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.house import House

_ACTS = {act.value: act for act in Act}


def acts_of(house: House, viewer: Viewer) -> list[Act]:
    with house.database.reading() as db:
        return [_ACTS[one.action] for one in audit.mine(db, viewer, None, 200)]


def acts_seen_by(client: TestClient) -> list[Act]:
    app: Any = client.app
    house: House = app.state.house
    person = client.get("/api/v1/session").json()["person"]["id"]
    return acts_of(house, Viewer(person))
