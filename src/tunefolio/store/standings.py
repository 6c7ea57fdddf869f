"""Which brokers are not in full service: closed to new links, or stopped. A handful of rows for the whole
house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, select

from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import broker_standings


class Standing(StrEnum):
    """open: full service. no_new_links: linked accounts go on, nobody links another. stopped: nobody links or
    logs in, and nothing is fetched; what is recorded stays."""

    OPEN = "open"
    NO_NEW_LINKS = "no_new_links"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class BrokerStanding:
    """Why a broker is not in full service, by whose word and since when."""

    broker: str
    standing: Standing
    reason: str
    by: PersonId
    since: Instant


def all_kept(db: ReadDb) -> Mapping[str, BrokerStanding]:
    """Every broker that is not in full service, by name."""
    return {
        row.broker: BrokerStanding(
            row.broker, Standing(row.standing), row.reason, PersonId(row.set_by), row.set_at
        )
        for row in db.execute(select(broker_standings))
    }


def of_broker(db: ReadDb, broker: str) -> BrokerStanding | None:
    """One of them; None for a broker in full service. One look-up by primary key."""
    return all_kept(db).get(broker)


def put(db: WriteDb, admin: Viewer, broker: str, standing: Standing, reason: str, now: Instant) -> None:
    """Take a broker out of service, or put it back; raises Forbidden for all but admins."""
    admin.must_administer()
    if standing is Standing.OPEN:
        db.execute(delete(broker_standings).where(broker_standings.c.broker == broker))
        return
    words = {"standing": standing, "reason": reason, "set_by": admin.person, "set_at": now}
    statement = db.upsert(broker_standings).values({"broker": broker} | words)
    db.execute(statement.on_conflict_do_update(index_elements=["broker"], set_=words))
