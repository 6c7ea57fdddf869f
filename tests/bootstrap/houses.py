"""Houses for tests: real parts, a clock that stands still, a doorbell that only remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.commons import commons_beside
from tunefolio.core.identity import JobId
from tunefolio.core.people import Person, Role
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant
from tunefolio.market import sectors
from tunefolio.services import identity
from tunefolio.services.house import House, HouseRules
from tunefolio.services.kept_calendars import KeptCalendars
from tunefolio.services.sources import Sources
from tunefolio.store import schema, vault
from tunefolio.store.db import open_database
from tunefolio.store.events import Bus

START = Instant.parse("2026-11-20T05:00:00+00:00")
"""A Friday with a session, 10:30 IST."""
PASSWORD = Secret("correct horse battery")


class Listener:
    """A doorbell that remembers who rang."""

    def __init__(self) -> None:
        self.rung: list[JobId] = []

    def ring(self, job_id: JobId) -> None:
        self.rung.append(job_id)


@contextmanager
def a_house(url: str, rules: HouseRules | None = None) -> Iterator[House]:
    """An empty house on a new database."""
    schema.migrate(url)
    database = open_database(url)
    commons = commons_beside(url)
    clock, bus = FixedClock(START), Bus()
    yield House(
        database=database,
        vault=vault.Vault(vault.KeyRing([vault.new_key()])),
        clock=clock,
        calendars=KeptCalendars(database, clock, bus),
        sectors=sectors.packaged(),
        bus=bus,
        doorbell=Listener(),
        brokers={},
        throttle=commons.throttle,
        shared=commons.shared,
        fanout=commons.fanout,
        sources=Sources(),
        rules=rules or HouseRules(),
    )
    commons.close()
    database.close()


def clock_of(house: House) -> FixedClock:
    assert isinstance(house.clock, FixedClock)
    return house.clock


def bells_of(house: House) -> list[JobId]:
    assert isinstance(house.doorbell, Listener)
    return house.doorbell.rung


def a_person(house: House, email: str = "asha@example.com", role: Role = Role.ADMIN) -> Person:
    """Somebody who signs in with PASSWORD."""
    with house.database.writing() as db:
        return identity.add_person(db, house, email, "Asha", PASSWORD, role)
