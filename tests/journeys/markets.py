"""A house that the journeys of a file share, a sandbox whose clock lags, and what stands in its charts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from tests import commons, postgres
from tests.journeys.conftest import (
    APP,
    DEPLOYMENTS,
    PASSWORD,
    Served,
    listen,
    many,
    outside,
    running,
)
from tests.journeys.test_imports import account
from tests.ports import free_port
from tunefolio.core.time import IST, Instant, SystemClock, TradingDay, calendar_date
from tunefolio.market.calendars import Calendar, Calendars
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

LEASE_SECONDS = 3
"""How long a job may be silent here: a killed worker's is another's soon."""


class LateClock:
    """Goes as the machine's does, some hours behind it, until it is set nearer."""

    def __init__(self, behind: timedelta) -> None:
        self.behind = behind

    def now(self) -> Instant:
        return SystemClock().now() - self.behind


@dataclass
class House:
    """people: who has signed up, by name, with the browser's memory of it; the first is admin."""

    served: Served
    sandbox: Sandbox
    clock: LateClock
    people: dict[str, StorageState] = field(default_factory=dict)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What stands in the database of many processes."""
        assert self.served.parts is not None
        url = self.served.parts.environ["TUNEFOLIO_DATABASE_URL"].replace("+psycopg", "")
        with psycopg.connect(url) as db:
            return db.execute(query.encode()).fetchall()


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for the whole file, in each deployment; the sandbox is three hours behind."""
    folder, port, clock = tmp_path_factory.mktemp("house"), free_port(), LateClock(timedelta(hours=3))
    config = SandboxConfig(
        app=APP,
        redirect_url=f"http://localhost:{port}/auth/zerodha/callback",
        clock=clock,
        yahoo_rate=Rate(1_000),
    )
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(config))
        environ = {
            "TUNEFOLIO_HOME": str(folder / "home"),
            "TUNEFOLIO_PORT": str(port),
            "TUNEFOLIO_PUBLIC_URL": f"http://localhost:{port}",
            "TUNEFOLIO_SIGN_UP": "open",
            "TUNEFOLIO_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            **outside(sandbox),
        }
        if request.param == "one process":
            served = stack.enter_context(running(["up"], environ, port, folder / "log"))
        else:
            served = stack.enter_context(_scaled(request, environ, port, folder))
        yield House(served, sandbox, clock)


@contextlib.contextmanager
def _scaled(
    request: pytest.FixtureRequest, environ: dict[str, str], port: int, folder: Path
) -> Iterator[Served]:
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create()
    environ |= {"TUNEFOLIO_DATABASE_URL": cluster.url(name), "TUNEFOLIO_REDIS_URL": commons.redis_url()}
    with many(environ, port, folder) as served:
        yield served
    cluster.drop(name)


@pytest.fixture
def visit(browser: Browser, house: House, noises: list[str]) -> Iterator[Callable[..., Page]]:
    """visit("asha") is a fresh page of hers, signed in; the console must stay silent.

    server: which web server, None for whichever comes.
    """
    contexts: list[BrowserContext] = []

    def arrives(name: str, *, server: int | None = None) -> Page:
        url = house.served.url if server is None else house.served.servers[server]
        window = {"width": 1440, "height": 900}
        known = house.people.get(name)
        context = browser.new_context(base_url=url, viewport=window, storage_state=known)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        listen(page, url, noises)
        if known is None:
            _sign_up(page, name)
            house.people[name] = context.storage_state()
        page.request.post("/api/v1/admin/unlock", data={"password": PASSWORD})  # of use to the admin alone
        return page

    yield arrives
    for context in contexts:
        context.close()
    assert noises == []


def _sign_up(page: Page, name: str) -> None:
    page.goto("/sign-up")
    page.get_by_label("Your name").fill(name.title())
    page.get_by_label("E-mail").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create the").click()
    page.wait_for_url("**/dashboard")
    account(page)


# What is known -----------------------------------------------------------------------------------


def today() -> TradingDay:
    return TradingDay(calendar_date(SystemClock().now(), IST))


def three_years_ago() -> TradingDay:
    return today().plus_days(-3 * 365)


def chart(page: Page, instrument: int, **asked: str) -> dict[str, Any]:
    """The arrays behind the chart."""
    words = "&".join(f"{name}={value}" for name, value in {"span": "all", **asked}.items())
    answer = page.request.get(f"/api/v1/instruments/{instrument}/chart?{words}")
    assert answer.ok, answer.text()
    told: dict[str, Any] = answer.json()
    return told


def must_be_whole(days: list[str], bought: TradingDay) -> None:
    """Every session from the year before the purchase until yesterday, each once; today's may be there."""
    calendar = Calendars().of("NSE")
    first = TradingDay(date(bought.plus_days(-365).date.year, 1, 1))
    past = (first.plus_days(ahead) for ahead in range(today() - first))
    wanted = [day.iso() for day in past if _trades(calendar, day)]
    assert len(wanted) > 700
    assert [day for day in days if day != today().iso()] == wanted


def _trades(calendar: Calendar, day: TradingDay) -> bool:
    """Beyond the known calendar, Monday to Friday."""
    return calendar.is_session(day) if calendar.knows(day) else day.date.weekday() < 5


def tracked(page: Page, instrument: int) -> dict[str, Any]:
    answer = page.request.get(f"/api/v1/instruments/{instrument}/tracking")
    told: dict[str, Any] = answer.json() if answer.ok else {}
    return told


def instrument_of(page: Page, key: str) -> int:
    """The id of EXCHANGE:SYMBOL."""
    exchange, _, symbol = key.partition(":")
    found = page.request.get(f"/api/v1/instruments?q={symbol}").json()["data"]
    (id,) = [
        one["id"] for one in found if (one["exchange"], one["symbol"]) == (exchange, symbol) and one["id"]
    ]
    return int(id)


def is_ready(page: Page, instrument: int) -> None:
    expect(page.locator(f"#tracking-{instrument} .badge")).to_have_text("ready")
