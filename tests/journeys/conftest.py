"""A served house, a broker whose clock stands still, and people with browsers."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.engine.deployment import Deployment
from tests.journeys.balance import balanced
from tests.nursery import Child, born
from tests.ports import free_port
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.kite.desk import KiteRates
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.sandbox.sessions import Hours

PASSWORD = "correct horse battery"
WORLD = ("nse", "bse", "amfi", "binance", "coingecko", "frankfurter", "ecb", "fbil", "gold")
APP = AppKeys("journey", Secret("journey-secret"))
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


expect.set_options(timeout=45_000)
"""Playwright waits 5 s by itself, which a page on a busy machine may need, and what its house does for it."""


@dataclass(frozen=True)
class Served:
    """A house that answers: where, and its log so far.

    servers: each web server by itself; parts: the workers and beat beside them, None in one process.
    """

    url: str
    log: Path
    servers: tuple[str, ...] = ()
    parts: Deployment | None = None


@pytest.fixture(scope="package")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One for all journeys of a worker, gone before other tests begin: its event loop would be theirs. What a
    person keeps in it lies in a context of her own."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def sandbox(port: int) -> Iterator[Sandbox]:
    """The simulated broker and market on a Friday noon that does not pass: figures can be compared."""
    quick = Rate(1_000)
    config = SandboxConfig(
        app=APP,
        redirect_url=f"http://localhost:{port}/auth/zerodha/callback",
        hours=Hours.ALWAYS,
        clock=FixedClock(Instant.parse("2026-11-20T12:00:00+05:30")),
        kite_rates=KiteRates(quick, quick, quick),
        yahoo_rate=quick,
    )
    with Sandbox(config) as running:
        yield running


UNCOUNTED = {"COVERAGE_PROCESS_CONFIG": ""}
"""What journeys start is not counted for coverage: other tests count it, and counting takes its time."""

DEPLOYMENTS = ("one process", "many processes")
"""SQLite and everything in one process; PostgreSQL, Redis, two web servers, two workers and beat."""


@pytest.fixture(params=DEPLOYMENTS)
def served(request: pytest.FixtureRequest, port: int, sandbox: Sandbox, tmp_path: Path) -> Iterator[Served]:
    """An empty house in each deployment, its broker and prices being the sandbox. A journey that looks at
    pages alone (`one_is_enough`) takes place in the first; `make prove` has it in both."""
    environ = {
        "TUNEFOLIO_HOME": str(tmp_path / "home"),
        "TUNEFOLIO_PORT": str(port),
        "TUNEFOLIO_PUBLIC_URL": f"http://localhost:{port}",
        "TUNEFOLIO_SIGN_UP": "open",
        **outside(sandbox),
    }
    if request.param == "one process":
        with running(["up"], environ, port, tmp_path / "log") as house:
            yield house
        return
    fresh: Callable[[str | None], str] = request.getfixturevalue("fresh_postgres")
    environ["TUNEFOLIO_DATABASE_URL"] = fresh(None)
    environ["TUNEFOLIO_REDIS_URL"] = request.getfixturevalue("redis_url")
    with many(environ, port, tmp_path) as house:
        yield house


def outside(sandbox: Sandbox) -> dict[str, str]:
    """Settings that put the sandbox in the place of every broker and source."""
    world = {
        f"TUNEFOLIO_{name.upper()}_{option}": value
        for name in WORLD
        for option, value in (
            ("ROOT_URL", f"{sandbox.world_url}/{name}"),
            ("REQUESTS_PER_SECOND", "1000"),
        )
    }
    return world | {
        "TUNEFOLIO_ANGELONE_MASTER_URL": f"{sandbox.world_url}/angel_master",
        "TUNEFOLIO_ZERODHA_API_KEY": APP.api_key,
        "TUNEFOLIO_ZERODHA_API_SECRET": APP.api_secret.reveal(),
        "TUNEFOLIO_ZERODHA_ROOT_URL": sandbox.kite_url,
        "TUNEFOLIO_ZERODHA_LOGIN_URL": f"{sandbox.kite_url}/connect/login",
        "TUNEFOLIO_ZERODHA_TICKS_URL": sandbox.kite_stream_url,
        "TUNEFOLIO_YAHOO_ROOT_URL": sandbox.yahoo_url,
        "TUNEFOLIO_YAHOO_REQUESTS_PER_SECOND": "1000",
    }


@contextlib.contextmanager
def many(environ: dict[str, str], port: int, folder: Path) -> Iterator[Served]:
    """Two web servers behind one port, two workers, beat: all on one PostgreSQL and one Redis."""
    ports = [free_port() for _ in range(2)]
    logs = [folder / f"web-{number}.log" for number in range(2)]
    with contextlib.ExitStack() as stack:
        parts = stack.enter_context(Deployment(environ | UNCOUNTED, folder, quickly=born))
        for _ in range(2):
            parts.start("worker", "--concurrency", "2")
        parts.start("beat")
        for number, log in zip(ports, logs, strict=True):
            stack.enter_context(running(["up", "--port", str(number)], environ, number, log))
        stack.enter_context(balanced(port, ports))
        servers = tuple(f"http://localhost:{number}" for number in ports)
        yield Served(f"http://localhost:{port}", logs[0], servers, parts)


@contextlib.contextmanager
def running(command: list[str], environ: dict[str, str], port: int, log: Path) -> Iterator[Served]:
    """`tunefolio COMMAND` in a process of its own until the block ends; fails with its log."""
    process = born(command, os.environ | environ | UNCOUNTED, log)
    try:
        _wait(port, process, log)
        yield Served(f"http://localhost:{port}", log)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()


def _wait(port: int, process: Child, log: Path) -> None:
    ask = Request(f"http://127.0.0.1:{port}/", headers={"Host": f"localhost:{port}"})
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(URLError, ConnectionError, TimeoutError), urlopen(ask, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.05)
    pytest.fail(f"the house did not open:\n{log.read_text()}")


@pytest.fixture
def noises() -> list[str]:
    """What browsers complained about; a test that provokes a refusal clears it."""
    return []


@pytest.fixture
def person(browser: Browser, served: Served, noises: list[str]) -> Iterator[Callable[[str], Page]]:
    """person("asha") signs up and is on the dashboard; her console must stay silent."""
    contexts: list[BrowserContext] = []

    def arrives(name: str) -> Page:
        context = browser.new_context(base_url=served.url, viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page = context.new_page()
        listen(page, served.url, noises)
        page.goto("/sign-up")
        page.get_by_label("Your name").fill(name.title())
        page.get_by_label("E-mail").fill(f"{name}@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create the").click()
        page.wait_for_url("**/dashboard")
        return page

    yield arrives
    for context in contexts:
        context.close()
    assert noises == []


def listen(page: Page, origin: str, noises: list[str]) -> None:
    """Collect what the browser complains about on our own pages."""
    page.on("pageerror", lambda error: noises.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda message: (
            noises.append(f"{page.url}: {message.text}")
            if message.type in {"error", "warning"}
            and str(message.location.get("url", "")).startswith(origin)
            else None
        ),
    )
