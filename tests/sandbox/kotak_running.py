"""The Kotak face on a real loopback port, with a clock, accounts and faults that the test moves."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import uvicorn

from tests.sandbox.conftest import KEY, REDIRECT, SECRET, TRADING
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.faults import Faults
from tunefolio.sandbox.kotak.app import kotak_app
from tunefolio.sandbox.kotak.desk import KotakDesk, KotakRates
from tunefolio.sandbox.limits import Rate, RateLimiter
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.people import EVERYBODY, KOTAK_ASHA
from tunefolio.sandbox.serve import SandboxConfig, market_of
from tunefolio.sandbox.totp import code

FREELY = KotakRates(Rate(100_000), Rate(100_000), Rate(100_000))


@dataclass(frozen=True)
class Running:
    """A face that answers at `url`."""

    desk: KotakDesk
    url: str

    @property
    def clock(self) -> FixedClock:
        assert isinstance(self.desk.clock, FixedClock)
        return self.desk.clock

    @property
    def market(self) -> Market:
        return self.desk.market

    @property
    def depot(self) -> Depot:
        return self.desk.depot

    @property
    def faults(self) -> Faults:
        return self.desk.faults

    def totp(self) -> str:
        return code(KOTAK_ASHA.totp_secret, self.clock.now())

    def credentials(self, **others: str) -> Mapping[str, Secret]:
        """The filled login form of the only customer, with the secret that makes codes."""
        told = {
            "consumer_key": self.desk.consumer_key,
            "mobile": KOTAK_ASHA.mobile,
            "ucc": KOTAK_ASHA.user_id,
            "mpin": KOTAK_ASHA.pin,
            "totp_secret": KOTAK_ASHA.totp_secret,
        }
        return {name: Secret(text) for name, text in {**told, **others}.items()}


@contextmanager
def running(at: Instant = TRADING, **changes: Any) -> Iterator[Running]:
    """A face of its own: nobody else's events reach it."""
    clock = FixedClock(at)
    market = market_of(SandboxConfig(AppKeys(KEY, Secret(SECRET)), REDIRECT))
    desk = KotakDesk(
        market,
        clock,
        Depot(market, clock, EVERYBODY),
        RateLimiter(time.monotonic),
        rates=FREELY,
        tick_seconds=0.05,
    )
    desk = replace(desk, **changes)
    with served(desk) as url:
        yield Running(desk, url)


@contextmanager
def served(desk: KotakDesk) -> Iterator[str]:
    """In a thread of its own, until the test is done."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            kotak_app(desk), log_config=None, lifespan="off", ws="websockets-sansio", access_log=False,
            timeout_graceful_shutdown=1, ws_ping_interval=None,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[one])), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{one.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)
