"""People's own API applications at brokers; the secret is sealed for its very row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete as deletion
from sqlalchemy import select, update

from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import broker_apps
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class BrokerApp:
    """An application's key, and its secret as the vault sealed it for ("broker_apps", id, "api_secret")."""

    id: int
    broker: str
    api_key: str
    sealed: bytes
    created: Instant


def put(
    db: WriteDb, viewer: Viewer, broker: str, api_key: str, seal: Callable[[int], bytes], now: Instant
) -> int:
    """Keep the viewer's application at a broker, replacing a former one; its row's id, which `seal` gets."""
    row = {"owner_id": viewer.person, "broker": broker, "api_key": api_key, "created_at": now}
    made = db.upsert(broker_apps).values(row)
    db.execute(made.on_conflict_do_nothing(index_elements=["owner_id", "broker"]))
    which = (owned(broker_apps, viewer), broker_apps.c.broker == broker)
    key = int(db.execute(select(broker_apps.c.id).where(*which)).scalar_one())
    values = {"api_key": api_key, "api_secret": seal(key), "created_at": now}
    db.execute(update(broker_apps).where(*which).values(values))
    return key


def app_of(db: ReadDb, viewer: Viewer, broker: str) -> BrokerApp | None:
    """The viewer's application at a broker; on uq_broker_apps_owner_id_broker."""
    which = (owned(broker_apps, viewer), broker_apps.c.broker == broker)
    row = db.execute(select(broker_apps).where(*which)).one_or_none()
    if row is None or row.api_secret is None:
        return None
    return BrokerApp(row.id, row.broker, row.api_key, row.api_secret, row.created_at)


def delete(db: WriteDb, viewer: Viewer, broker: str) -> bool:
    """Forget the viewer's application at a broker; whether there was one."""
    which = (owned(broker_apps, viewer), broker_apps.c.broker == broker)
    return db.execute(deletion(broker_apps).where(*which)).rowcount > 0
