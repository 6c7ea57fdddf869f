"""Everything a deed needs, in one value: passed in, never imported. `bootstrap` builds the only one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from tunefolio.core.identity import JobId
from tunefolio.core.notice import Notifier
from tunefolio.core.oidc import IdentityProvider
from tunefolio.core.shared import Fanout, Shared
from tunefolio.core.time import Clock
from tunefolio.ledger.brokers import AppKeys, Broker
from tunefolio.market.calendars import Calendar
from tunefolio.market.sectors import SectorBook
from tunefolio.services.kept_calendars import KeptCalendars
from tunefolio.services.lanes import Lanes
from tunefolio.services.signing import SigningKeys
from tunefolio.services.sources import Sources
from tunefolio.services.throttle import Throttle
from tunefolio.store.db import Database
from tunefolio.store.events import Bus
from tunefolio.store.vault import Vault


class SignUp(StrEnum):
    """Who may make an account once there is a first person, who is always let in and is its admin."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class Doorbell(Protocol):
    """Tells an engine that a job is due. May ring twice, late or for nothing: the jobs table is the truth."""

    def ring(self, job_id: JobId) -> None: ...


@dataclass(frozen=True, slots=True)
class HouseRules:
    """What the operator decided.

    rehearsal:     prices and brokers are simulated; every face says so.
    operator_apps: API applications by broker for people who have none of their own.
    public_url:    where browsers reach the house, without a trailing slash.
    access_life:   of an access token of the API; refresh_days: of what renews it.
    leaks:         leaked passwords as Have I Been Pwned hands them out, a file or folder of the operator's.
    job_lease:     how long a job may be silent before another worker takes it over.
    refresh_every: how often the prices of everything tracked are fetched while its market is open.
    sync_every:    how often brokers are asked for statements while their exchange trades; zero: only in the
                   morning and after the close.
    syncs_per_broker: accounts of one broker that one process syncs at the same time.
    grace:         how long somebody who deletes her account may still take that back.
    backfill_days: how long before the first fact of an instrument its bars begin.
    provider_sign_up: who may make an account by the provider of identities; None: as by the house's own form.
    provider_is_trusted: an address that it calls verified counts as confirmed here, and finds who has it.
    provider_is_enough: whoever it signs in is not asked for a code of this house as well.
    """

    sign_up: SignUp = SignUp.INVITE
    rehearsal: bool = False
    operator_apps: Mapping[str, AppKeys] = field(default_factory=dict)
    session_days: int = 30
    access_life: timedelta = timedelta(hours=1)
    refresh_days: int = 30
    public_url: str = "http://localhost:8000"
    leaks: Path | None = None
    upload_limit_bytes: int = 10 * 1024 * 1024
    enrichment: bool = True
    job_lease: timedelta = timedelta(seconds=30)
    refresh_every: timedelta = timedelta(minutes=15)
    backfill_days: int = 365
    sync_every: timedelta = timedelta(hours=1)
    syncs_per_broker: int = 2
    grace: timedelta = timedelta(days=14)
    provider_sign_up: SignUp | None = None
    provider_is_trusted: bool = False
    provider_is_enough: bool = False


@dataclass(frozen=True, slots=True)
class House:
    """The parts a deed works with."""

    database: Database
    vault: Vault
    clock: Clock
    calendars: KeptCalendars
    sectors: SectorBook
    bus: Bus
    doorbell: Doorbell
    brokers: Mapping[str, Broker]
    throttle: Throttle
    shared: Shared
    fanout: Fanout
    sources: Sources
    rules: HouseRules = HouseRules()
    notifiers: Mapping[str, Notifier] = field(default_factory=dict)
    lanes: Lanes = field(default_factory=Lanes)
    signing: SigningKeys = field(default_factory=SigningKeys)
    provider: IdentityProvider | None = None

    @property
    def calendar(self) -> Calendar:
        """The calendar of the National Stock Exchange, with what operators said worked in."""
        return self.calendars.of("NSE")
