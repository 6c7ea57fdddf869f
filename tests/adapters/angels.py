"""A rehearsal of Angel One with a clock that stands in mid-session, and the broker that is pointed at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tunefolio.adapters.brokers.angelone import AngelOne
from tunefolio.adapters.brokers.angelone.line import Patience
from tunefolio.adapters.memory import MemoryShared
from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, FixedClock, Instant
from tunefolio.ledger.brokers import AppKeys, BrokerSession
from tunefolio.sandbox import totp
from tunefolio.sandbox.angel.app import AngelRates
from tunefolio.sandbox.angel.desk import API_KEY
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.people import ANGEL_ASHA, Trader
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

TRADING = Instant.parse("2026-11-20T11:07:23", IST)
"""A Friday, in the middle of continuous trading."""
FREELY = AngelRates(*(Rate(100_000),) * 7)
PACES = ("requests_per_second", "quotes_per_second", "candles_per_second")
QUICK = Patience(beat_seconds=0.1, silence_seconds=0.5, first_pause_seconds=0.02, longest_pause_seconds=0.05)


@contextmanager
def rehearsal(clock: FixedClock, rates: AngelRates = FREELY) -> Iterator[Sandbox]:
    app = AppKeys("rehearsal", Secret("rehearsal"))
    config = SandboxConfig(app, "http://localhost/", clock=clock, angel_rates=rates, tick_seconds=0.05)
    with Sandbox(config) as sandbox:
        yield sandbox


def options(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """Each host in the rehearsal, nothing waiting for its turn."""
    return {
        "root_url": sandbox.angel_url,
        "feed_url": sandbox.angel_feed_url,
        "orders_url": sandbox.angel_orders_url,
        "master_url": f"{sandbox.world_url}/angel_master",
        **dict.fromkeys(PACES, "1000"),
        **more,
    }


@contextmanager
def angel(sandbox: Sandbox, **more: str) -> Iterator[AngelOne]:
    broker = AngelOne(options(sandbox, **more), MemoryShared(), patience=QUICK)
    try:
        yield broker
    finally:
        broker.close()


def filled(now: Instant, trader: Trader = ANGEL_ASHA, **changes: str) -> dict[str, Secret]:
    """The login form as its owner fills it at that moment; "" leaves a field empty."""
    whole = {
        "api_key": API_KEY,
        "client_code": trader.user_id,
        "pin": trader.pin,
        "totp": totp.code(trader.totp_secret, now),
        **changes,
    }
    return {name: Secret(value) for name, value in whole.items() if value}


def logged_in(broker: AngelOne, now: Instant, trader: Trader = ANGEL_ASHA) -> BrokerSession:
    return broker.login(filled(now, trader), now)
