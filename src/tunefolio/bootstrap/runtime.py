"""Builds the house from Settings and keeps it alive: database, vault, brokers, engine, in that order.

Without Redis one process does everything. With it, the same house is built in each process of its role: web
servers answer, workers run jobs, beat keeps the time.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from dataclasses import dataclass, field
from datetime import timedelta

from tunefolio import services, telemetry
from tunefolio.adapters.engine.embedded import Duties, EmbeddedEngine
from tunefolio.adapters.gates import Gates
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.commons import Commons, commons_of
from tunefolio.bootstrap.notifiers import notifiers_of
from tunefolio.bootstrap.oidc import provider_of
from tunefolio.bootstrap.sources import brokers_of, sources_of
from tunefolio.core.identity import JobId
from tunefolio.core.time import Clock, SystemClock
from tunefolio.ledger.brokers import AppKeys
from tunefolio.market import sectors
from tunefolio.services import jobs, timetable
from tunefolio.services.house import House, HouseRules, SignUp
from tunefolio.services.kept_calendars import KeptCalendars
from tunefolio.services.processes import Heartbeat, Role
from tunefolio.settings import Profile, Settings
from tunefolio.store import schema
from tunefolio.store.db import open_database
from tunefolio.store.events import Bus
from tunefolio.store.vault import KeyRing, Vault

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Runtime:
    """A house and the engine that works in it. Without start() nothing runs: the command line's way."""

    settings: Settings
    house: House
    commons: Commons
    _heartbeat: Heartbeat | None = field(default=None, init=False)

    def start(self, role: Role | None = None) -> None:
        """Begin to hear other processes and to do what the role asks. None: as the settings make it, all in
        one process or a web server among many."""
        house = self.house
        role = role or (Role.HOUSE if self.commons.celery is None else Role.WEB)
        house.bus.listen(house.database)
        if role in (Role.HOUSE, Role.BEAT):
            timetable.begin(house)
            with house.database.writing() as db:
                jobs.ask(db, house, "recompute_stale", {}, owner=None, dedupe_key="duty:recompute")
        if isinstance(self.commons.engine, EmbeddedEngine):
            self.commons.engine.start(self.run, lambda: jobs.sweep(house), _duties(house))
        self._heartbeat = Heartbeat(house, role)
        self._heartbeat.start()
        _log.info("the house is open", extra={"database": house.database.dialect, "role": role})

    def run(self, job_id: JobId) -> None:
        """Do one job here and now."""
        jobs.run(self.house, job_id)

    def close(self) -> None:
        """Stop taking work, wait a little for what runs, close everything; safe to call twice."""
        self.commons.engine.stop()
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self.house.bus.close()
        for broker in self.house.brokers.values():
            close = getattr(broker, "close", None)  # adapters with lasting connections have one
            if close is not None:
                close()
        self.house.sources.close()
        self.house.fanout.close()
        self.house.database.close()


def build(settings: Settings, clock: Clock | None = None) -> Runtime:
    """Make the folder, the key, the tables and every part; start nothing. Raises Misuse."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    adapters.load()
    load_deeds()
    clock = clock or SystemClock()
    commons = commons_of(settings, clock)
    gates = Gates(commons.shared)
    sources = sources_of(settings, gates)
    brokers = brokers_of(settings, commons.shared)
    keys = KeyRing.load(settings.key.reveal() if settings.key is not None else settings.key_file)
    schema.migrate(settings.database_url)
    database, bus = open_database(settings.database_url), Bus()
    house = House(
        database=database,
        vault=Vault(keys),
        clock=clock,
        calendars=KeptCalendars(database, clock, bus),
        sectors=sectors.packaged(),
        bus=bus,
        doorbell=commons.engine,
        brokers=brokers,
        throttle=commons.throttle,
        shared=commons.shared,
        fanout=commons.fanout,
        sources=sources,
        rules=rules_of(settings),
        notifiers=notifiers_of(settings),
        provider=provider_of(settings, clock),
    )
    return Runtime(settings, house, commons)


def load_deeds() -> None:
    """Import every service, so that each deed stands on its registry before a job of its kind is found."""
    for module in pkgutil.iter_modules(services.__path__):
        importlib.import_module(f"{services.__name__}.{module.name}")


def rules_of(settings: Settings) -> HouseRules:
    """The operator's decisions in the words of the services."""
    return HouseRules(
        sign_up=SignUp(settings.sign_up),
        rehearsal=settings.profile is Profile.DEMO,
        operator_apps={
            name: AppKeys(given["api_key"].reveal(), given["api_secret"])
            for name, given in settings.options.items()
            if "api_key" in given
        },
        session_days=settings.session_days,
        leaks=settings.leaked_passwords,
        access_life=timedelta(minutes=settings.access_minutes),
        refresh_days=settings.refresh_days,
        grace=timedelta(days=settings.grace_days),
        provider_sign_up=None if settings.oidc_sign_up == "same" else SignUp(settings.oidc_sign_up),
        provider_is_trusted=settings.oidc_trust_email,
        provider_is_enough=settings.oidc_second_factor == "provider",
        public_url=settings.public_url,
        upload_limit_bytes=settings.upload_limit_bytes,
        enrichment=settings.enrichment,
        job_lease=timedelta(seconds=settings.job_lease_seconds),
        refresh_every=timedelta(minutes=settings.refresh_minutes),
        backfill_days=settings.backfill_days,
        sync_every=timedelta(minutes=settings.sync_minutes),
        syncs_per_broker=max(1, min(settings.syncs_per_broker, settings.workers - 1)),
    )


def configure_logs(settings: Settings) -> None:
    """Send every line of the process to stderr in the operator's form."""
    telemetry.configure(telemetry.LogFormat(settings.log), settings.log_level.upper())


def _duties(house: House) -> Duties:
    return Duties(
        names=[entry.name for entry in timetable.DUTIES],
        following=lambda name, previous: timetable.following(house, name, previous),
        perform=lambda name: timetable.perform(house, name),
    )
