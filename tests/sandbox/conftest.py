"""A rehearsal on real loopback ports, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, FixedClock, Instant
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.kite.desk import KiteRates
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.serve import Sandbox, SandboxConfig, market_of

KEY, SECRET = "rehearsalkey", "rehearsalsecret"
REDIRECT = "http://localhost:9/brokers/zerodha/return"
TRADING = Instant.parse("2026-11-20T11:07:23", IST)
"""A Friday, in the middle of continuous trading."""

FREELY = KiteRates(Rate(100_000), Rate(100_000), Rate(100_000))


def at(text: str) -> Instant:
    """An instant on India's wall."""
    return Instant.parse(text, IST)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(TRADING)


@pytest.fixture
def config(clock: FixedClock) -> SandboxConfig:
    return SandboxConfig(
        AppKeys(KEY, Secret(SECRET)), REDIRECT, clock=clock, kite_rates=FREELY,
        yahoo_rate=Rate(100_000), tick_seconds=0.05,
    )  # fmt: skip


@pytest.fixture
def sandbox(config: SandboxConfig) -> Iterator[Sandbox]:
    with Sandbox(config) as running:
        yield running


@pytest.fixture(scope="session")
def market() -> Market:
    return market_of(SandboxConfig(AppKeys(KEY, Secret(SECRET)), REDIRECT))


@pytest.fixture
def limited(config: SandboxConfig) -> Iterator[Sandbox]:
    """With the broker's own rate limits."""
    with Sandbox(replace(config, kite_rates=KiteRates(), yahoo_rate=Rate(3, 60.0))) as running:
        yield running


def request_token(sandbox: Sandbox, user: str = "TF0001") -> str:
    """What a login through the pages brings home."""
    trader = next(one for one in sandbox.config.people if one.user_id == user)
    with httpx2.Client(base_url=sandbox.kite_url) as browser:
        common = {"v": "3", "api_key": KEY, "redirect_params": ""}
        page = browser.post("/connect/login", data={**common, "user_id": user, "password": trader.password})
        ticket = page.text.split('name="ticket" value="')[1].split('"')[0]
        back = browser.post("/connect/twofa", data={**common, "ticket": ticket, "pin": trader.pin})
    return parse_qs(urlsplit(back.headers["location"]).query)["request_token"][0]


def session(sandbox: Sandbox, user: str = "TF0001") -> dict[str, Any]:
    """What the broker answers to a token exchange."""
    token = request_token(sandbox, user)
    form = {
        "api_key": KEY,
        "request_token": token,
        "checksum": sha256((KEY + token + SECRET).encode()).hexdigest(),
    }
    answer = httpx2.post(f"{sandbox.kite_url}/session/token", data=form)
    body: dict[str, Any] = answer.json()
    return body


def access_token(sandbox: Sandbox, user: str = "TF0001") -> str:
    """A standing session's token."""
    return str(session(sandbox, user)["data"]["access_token"])


@pytest.fixture
def kite(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    """A client that is logged in as the first user."""
    headers = {"X-Kite-Version": "3", "Authorization": f"token {KEY}:{access_token(sandbox)}"}
    with httpx2.Client(base_url=sandbox.kite_url, headers=headers) as client:
        yield client
