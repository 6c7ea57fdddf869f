"""Sectors looked up: lazily, once, in the provider's own time, and never lost when it goes away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.services.desks import Desk, held
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices.yahoo.source import Yahoo
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.ledger.brokers import AppKeys
from tunefolio.ledger.statements import Holding, Statement
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import SectorClaim
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.services import enrich, jobs, sync
from tunefolio.store import instruments, sectors
from tunefolio.store import jobs as kept_jobs
from tunefolio.store.jobs import Job, JobState
from tunefolio.store.sectors import ProvidedSector

UNLISTED = ("AAAUNKNOWN", "BBBUNKNOWN", "CCCUNKNOWN")


@dataclass
class Fickle:
    """A provider that knows everything, refuses some and goes away at others."""

    away_at: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    name: str = "fickle"

    def sector(self, listing: Listing) -> SectorClaim | None:
        self.asked.append(listing.symbol)
        if listing.symbol in self.away_at:
            self.away_at.clear()
            raise Retry("away for a moment")
        if listing.symbol in self.refuses:
            raise Rejected("no such symbol")
        return SectorClaim("Technology", "Software", "Yahoo")


@pytest.fixture
def yahoo() -> Iterator[Yahoo]:
    app = AppKeys("key", Secret("secret"))
    with Sandbox(
        SandboxConfig(app=app, redirect_url="http://localhost:1/", yahoo_rate=Rate(1000))
    ) as sandbox:
        source = Yahoo({"root_url": sandbox.yahoo_url, "requests_per_second": "1000"}, Gates(MemoryShared()))
        yield source
        source.close()


def holding(desk: Desk, *symbols: str) -> None:
    lines: tuple[Holding, ...] = tuple(held(symbol, "1", "100", "101") for symbol in symbols)
    home = desk.broker_account()
    statement = Statement(desk.broker.name, home.broker_user, desk.clock.now(), lines)
    with desk.database.writing() as db:
        sync.record_statement(db, desk.house, desk.viewer, home, statement)


def look_up(desk: Desk) -> Job:
    with desk.database.writing() as db:
        job = enrich.ask_enrich(db, desk.house, desk.viewer)
    assert job is not None
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        return kept_jobs.job_of(db, desk.viewer, job)


def provided(desk: Desk, symbol: str) -> ProvidedSector | None:
    with desk.database.reading() as db:
        found = instruments.find(db, "NSE", symbol)
        assert found is not None
        return sectors.provided(db, [found.id]).get(found.id)


def test_an_answer_is_kept_and_nobody_is_asked_again_for_a_month(desk: Desk) -> None:
    source = Fickle(refuses={UNLISTED[2]})
    desk.use(source)
    holding(desk, "INFY", *UNLISTED)
    assert look_up(desk).result == {"asked": 3, "found": 2}
    assert source.asked == list(UNLISTED)
    kept = provided(desk, UNLISTED[2])
    assert kept is not None
    assert kept.claim is None
    assert look_up(desk).result == {"asked": 0, "found": 0}
    desk.clock.advance(timedelta(days=31))
    assert look_up(desk).result == {"asked": 3, "found": 2}


def test_a_provider_that_goes_away_is_asked_only_for_the_rest(desk: Desk) -> None:
    source = Fickle(away_at={UNLISTED[1]})
    desk.use(source)
    holding(desk, *UNLISTED)
    job = look_up(desk)
    assert (job.state, job.problem) == (JobState.QUEUED, "away for a moment")
    assert provided(desk, UNLISTED[0]) is not None
    assert provided(desk, UNLISTED[1]) is None
    desk.clock.advance(timedelta(minutes=1))
    jobs.run(desk.house, job.id)
    assert source.asked == [UNLISTED[0], UNLISTED[1], UNLISTED[1], UNLISTED[2]]
    assert all(provided(desk, symbol) is not None for symbol in UNLISTED)


def test_a_page_asks_nobody(desk: Desk) -> None:
    source = Fickle()
    desk.use(source)
    holding(desk, *UNLISTED)
    assert len(desk.look().rows) == 3
    assert source.asked == []


def test_over_http_with_cookie_and_crumb(desk: Desk, yahoo: Yahoo) -> None:
    """A fund has no sector in a search, so that its profile is asked for, which needs cookie and crumb."""
    assert yahoo.sector(Listing("NSE", "NIFTYBEES")) is None
    assert yahoo.sector(Listing("NSE", "GOLDBEES")) is None
    desk.use(yahoo)
    holding(desk, "NIFTYBEES", "GOLDBEES", *UNLISTED)
    job = look_up(desk)
    assert (job.state, job.problem) == (JobState.DONE, "")
