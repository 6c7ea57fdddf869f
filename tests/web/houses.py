"""A house to knock at: real database, real services, a broker that answers at once, people who live there."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from tests.commons import commons_beside
from tunefolio.bootstrap.runtime import load_deeds
from tunefolio.core.errors import Rejected
from tunefolio.core.identity import Isin, JobId
from tunefolio.core.money import Money, Price
from tunefolio.core.notice import ChannelKind, Notice
from tunefolio.core.people import Role
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant
from tunefolio.ledger.brokers import AppKeys, BrokerSession
from tunefolio.ledger.statements import Holding, Statement, StatementSource
from tunefolio.market import sectors
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.provider import QuoteClaim, QuoteSource
from tunefolio.services import identity, jobs, passwords
from tunefolio.services.house import House, HouseRules, SignUp
from tunefolio.services.kept_calendars import KeptCalendars
from tunefolio.services.sources import Sources
from tunefolio.store import persons, proofs, sessions
from tunefolio.store.db import open_database
from tunefolio.store.events import Bus
from tunefolio.store.vault import KeyRing, Vault
from tunefolio.web.app import create_app
from tunefolio.web.security import HOST_COOKIE, PLAIN_COOKIE, UNLIMITED, WebConfig, is_local

FRIDAY = Instant.parse("2026-11-20T10:30:00+05:30")
ADDRESS = "https://testserver"
PASSWORD = "a long enough password"
KEYS = AppKeys("testkey", Secret("testsecret"))
CONFIG = WebConfig(allowed_hosts=("testserver", "localhost", "127.0.0.1", "family.lan"), limits=UNLIMITED)
"""Its limits are open: the walks ask thousands of questions; tests/web/test_limits.py has others."""


@dataclass
class Bell:
    """A doorbell that only remembers; tests answer it when they want."""

    rung: list[JobId] = field(default_factory=list)

    def ring(self, job_id: JobId) -> None:
        self.rung.append(job_id)


@dataclass
class DeskBroker:
    """A broker in this very process: whoever has its state may log in, as user AB1234."""

    holdings: tuple[Holding, ...]
    name: str = "zerodha"
    title: str = "Zerodha"
    home_exchange: str = "NSE"
    app_steps: tuple[str, ...] = ("Make an app.",)

    def login_url(self, api_key: str, state: str) -> str:
        return f"https://broker.example/login?{urlencode({'api_key': api_key, 'state': state})}"

    def exchange(self, app: AppKeys, answer: Mapping[str, str], now: Instant) -> BrokerSession:
        if answer.get("request_token") != "good":
            raise Rejected("the broker refuses this request token", code="token")
        return BrokerSession("AB1234", "Asha", Secret("token-of-the-broker"), now + timedelta(hours=8))

    def logout(self, api_key: str, session: BrokerSession) -> None:
        return None

    def statements(self, api_key: str, session: BrokerSession) -> StatementSource:
        return _Desk(self.holdings)

    def quotes(self, api_key: str, session: BrokerSession) -> QuoteSource:
        return _NoQuotes()


@dataclass(frozen=True)
class _Desk:
    holdings: tuple[Holding, ...]

    def fetch(self, now: Instant) -> Statement:
        return Statement("zerodha", "AB1234", now, self.holdings)


@dataclass
class Letterbox:
    """A channel in this very process: keeps what it is given, and whom for."""

    letters: list[tuple[Notice, str]] = field(default_factory=list)

    def fit(self, target: str) -> str:
        return target.strip()

    def hint(self, target: str) -> str:
        return f"{target[:3]}…"

    def notify(self, notice: Notice, target: Secret) -> None:
        self.letters.append((notice, target.reveal()))


class _NoQuotes:
    name = "zerodha"

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        return {}


def held(symbol: str, isin: str, units: str, paid: str, last: str | None, exchange: str = "NSE") -> Holding:
    """One line of a broker's statement."""
    claim = InstrumentClaim(Listing(exchange, symbol), Isin(isin), symbol.title())
    price = None if last is None else Price.of(last)
    return Holding(claim, Money.of(units).amount, Money.zero().amount, Price.of(paid), price, price)


HOLDINGS = (
    held("TATAPOWER", "INE245A01021", "50", "245.30", "268.15"),
    held("INFY", "INE009A01021", "10.5", "1500", "1400.10"),
    held("UNPRICED", "INE000X01013", "5", "100", None),
)


def house_at(url: str, *, clock: FixedClock | None = None, **rules: Any) -> House:
    """A house on a migrated database; rules: fields of HouseRules that differ."""
    given: dict[str, Any] = {
        "sign_up": SignUp.OPEN,
        "operator_apps": {"zerodha": KEYS},
        "public_url": ADDRESS,
        "enrichment": False,
    }
    load_deeds()
    commons = commons_beside(url)
    database, bus, clock = open_database(url), Bus(), clock or FixedClock(FRIDAY)
    return House(
        database=database,
        vault=Vault(KeyRing.load(base64.b64encode(bytes(32)).decode())),
        clock=clock,
        calendars=KeptCalendars(database, clock, bus),
        sectors=sectors.packaged(),
        bus=bus,
        doorbell=Bell(),
        brokers={"zerodha": DeskBroker(HOLDINGS)},
        throttle=commons.throttle,
        shared=commons.shared,
        fanout=commons.fanout,
        sources=Sources(),
        rules=HouseRules(**(given | rules)),
        notifiers={kind: Letterbox() for kind in ChannelKind},
    )


@contextmanager
def opened(url: str, **rules: Any) -> Iterator[House]:
    """The same, closed at the end."""
    house = house_at(url, **rules)
    try:
        yield house
    finally:
        house.bus.close()
        house.fanout.close()
        house.database.close()


def visitor(house: House, *, address: str = ADDRESS, config: WebConfig = CONFIG) -> TestClient:
    """Somebody with a browser's cookie jar, who follows no redirects and sees errors as they are sent."""
    return TestClient(app_of(house, config), base_url=address, follow_redirects=False)


def app_of(house: House, config: WebConfig = CONFIG) -> FastAPI:
    """The product's app for this house. FastAPI puts each app's routes together at its first request, in a
    quarter of a second; every app has the same, so here those of the first serve all that follow it."""
    app = create_app(house, config)
    if not _routes:
        _routes.extend(app.router.routes)
    app.router.routes[:] = _routes
    return app


_routes: list[BaseRoute] = []


def join(client: TestClient, email: str, name: str) -> TestClient:
    """A person who signed up with PASSWORD, signed in here; the first is admin, and has typed it again just
    now, so that she may change things of the house (tests/web/test_admin.py has the door that asks for it).

    The rows are those of the doors themselves, which tests/web/test_entry.py walks through; but argon2 works
    once for all who join, and not four times for each.
    """
    app: Any = client.app
    house: House = app.state.house
    now = house.clock.now()
    with house.database.writing() as db:
        role = Role.MEMBER if persons.count(db) else Role.ADMIN
        person = persons.add(db, email, name, _kept_password(), role, now)
        token = Secret(secrets.token_urlsafe(32))
        device, ends = client.headers["user-agent"], now + timedelta(days=house.rules.session_days)
        here = sessions.add(db, person.viewer, identity.token_hash(token), device, "testclient", now, ends)
        if role is Role.ADMIN:
            proofs.put(db, person.viewer, here, now)
    keep_cookie(client, token)
    return client


@cache
def _kept_password() -> str:
    return passwords.hashed(Secret(PASSWORD))


def keep_cookie(client: TestClient, token: Secret) -> None:
    """As the browser keeps what signing in sets: for this host, whose name gets an end if it has none."""
    host = client.base_url.host
    is_secure = client.base_url.scheme == "https" or is_local(host)
    name = HOST_COOKIE if is_secure else PLAIN_COOKIE
    client.cookies.set(name, token.reveal(), domain=host if "." in host else f"{host}.local")


def sign_in(client: TestClient, email: str) -> TestClient:
    answer = client.post("/api/v1/session", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return client


def connect_broker(house: House, client: TestClient) -> None:
    """Through the login and back, then the sync that it asked for."""
    there = client.get("/auth/zerodha/login")
    assert there.status_code == 302, there.text
    state = parse_qs(urlsplit(there.headers["location"]).query)["state"][0]
    back = client.get(f"/auth/zerodha/callback?request_token=good&status=success&state={state}")
    assert back.status_code == 302, back.text
    work(house)


def work(house: House) -> None:
    """Do every job that was asked for, those too that jobs ask for."""
    bell = house.doorbell
    assert isinstance(bell, Bell)
    while bell.rung:
        jobs.run(house, bell.rung.pop(0))
