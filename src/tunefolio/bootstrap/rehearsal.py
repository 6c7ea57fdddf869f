"""How a house is told to talk to a sandbox instead of the world: the options of every adapter."""

from __future__ import annotations

from collections.abc import Mapping

from tunefolio.sandbox.angel.desk import AngelRates
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.serve import Sandbox
from tunefolio.settings import PREFIX

WORLD = ("nse", "bse", "amfi", "binance", "coingecko", "frankfurter", "ecb", "fbil", "gold")
"""Sources that have a face of their name in the simulated world."""

ANGEL_RATES = AngelRates(*(Rate(50),) * 7)
"""What the simulated Angel One allows a rehearsal, so that nobody waits for its one request a second."""

_FAST = {"requests_per_second": "200"}


def options_for(sandbox: Sandbox) -> Mapping[str, Mapping[str, str]]:
    """By adapter, then by option. The sandbox has its ports already."""
    app, world = sandbox.config.app, sandbox.world_url
    return {
        "zerodha": {
            "api_key": app.api_key,
            "api_secret": app.api_secret.reveal(),
            "root_url": sandbox.kite_url,
            "login_url": f"{sandbox.kite_url}/connect/login",
            "ticks_url": sandbox.kite_stream_url,
        },
        "angelone": {
            "root_url": sandbox.angel_url,
            "master_url": f"{world}/angel_master",
            "feed_url": sandbox.angel_feed_url,
            "orders_url": sandbox.angel_orders_url,
            **dict.fromkeys(("requests_per_second", "quotes_per_second", "candles_per_second"), "20"),
        },
        "kotakneo": {
            "root_url": sandbox.kotak_url,
            "consumer_key": sandbox.kotak.consumer_key,
            "requests_per_second": "8",
        },
        "yahoo": {"root_url": sandbox.yahoo_url, **_FAST},
        **{name: {"root_url": f"{world}/{name}", **_FAST} for name in WORLD},
    }


def environment_for(sandbox: Sandbox) -> Mapping[str, str]:
    """The same as environment variables."""
    return {
        f"{PREFIX}{name}_{option}".upper(): value
        for name, given in options_for(sandbox).items()
        for option, value in given.items()
    }
