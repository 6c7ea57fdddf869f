"""Whether a broker takes new links and is fetched from: an admin may close it to newcomers, or stop it.

Closed to new links: who is linked goes on, logs in again, is synced. Stopped: nobody links or logs in and
nothing is fetched; what is recorded stays, and an unlink is always possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tunefolio.core.errors import Misuse
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import Instant
from tunefolio.services import audit
from tunefolio.services.audit import Act
from tunefolio.services.brokers import broker_named
from tunefolio.services.house import House
from tunefolio.store import events, persons, standings
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.standings import BrokerStanding, Standing

ANY_ADMIN = "an admin of this house"


@dataclass(frozen=True, slots=True)
class OutOfService:
    """Why a broker is not in full service, as the people at it read it. ask: whom, by name and role."""

    standing: Standing
    reason: str
    since: Instant
    ask: str

    @property
    def is_stopped(self) -> bool:
        """Nobody links or logs in; else only nobody links another account."""
        return self.standing is Standing.STOPPED


def out_of_service(db: ReadDb) -> Mapping[str, OutOfService]:
    """Every broker that is not in full service, by name."""
    return {
        name: OutOfService(kept.standing, kept.reason, kept.since, _whom_to_ask(db, kept))
        for name, kept in standings.all_kept(db).items()
    }


def _whom_to_ask(db: ReadDb, kept: BrokerStanding) -> str:
    """Who took it out of service, while she is an admin here; else any admin."""
    who = persons.person_of(db, kept.by)
    is_there = who.role is Role.ADMIN and who.disabled is None
    return f"{who.name}, {ANY_ADMIN}" if is_there else ANY_ADMIN


def must_take_links(db: ReadDb, house: House, broker: str) -> None:
    """Raises Misuse with the admin's reason when nobody may link another account there."""
    found = standings.of_broker(db, broker)
    if found is not None:
        title = broker_named(house, broker).title
        raise Misuse(
            "broker", f"{title} takes no new links: {found.reason}", cure="Ask an admin of this house"
        )


def must_serve(db: ReadDb, house: House, broker: str) -> None:
    """Raises Misuse with the admin's reason when the broker is stopped: no login, no fetch."""
    found = standings.of_broker(db, broker)
    if found is not None and found.standing is Standing.STOPPED:
        title = broker_named(house, broker).title
        raise Misuse("broker", f"{title} is stopped: {found.reason}", cure="Ask an admin of this house")


def is_stopped(db: ReadDb, broker: str) -> bool:
    """Whether nothing is to be fetched there now."""
    found = standings.of_broker(db, broker)
    return found is not None and found.standing is Standing.STOPPED


def set_standing(
    db: WriteDb, house: House, admin: Viewer, broker: str, standing: Standing, reason: str = ""
) -> None:
    """Take a broker out of service or put it back; people are shown the reason. Raises Forbidden, Misuse."""
    admin.must_administer()
    broker_named(house, broker)
    words = reason.strip()
    if standing is not Standing.OPEN and not 3 <= len(words) <= 200:
        raise Misuse("reason", "must have 3 to 200 characters", cure="People at this broker will read it")
    former = standings.of_broker(db, broker)
    was = Standing.OPEN if former is None else former.standing
    standings.put(db, admin, broker, standing, words, house.clock.now())
    told = {
        "before": was.value,
        "after": standing.value,
        "reason_before": None if former is None else former.reason,
        "reason_after": words,
    }
    audit.note(db, house, admin, Act.BROKER_STANDING, f"broker:{broker}", told)
    events.emit(db, house.bus, events.Event("connection"))
