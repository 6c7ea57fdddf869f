"""The rehearsal starts, stops, and stays on this machine."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests.sandbox.conftest import KEY, REDIRECT, SECRET, access_token
from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.people import ASHA
from tunefolio.sandbox.serve import Sandbox, SandboxConfig


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"host": "0.0.0.0"}, "host"), ({"host": "192.168.1.4"}, "host"),
        ({"kite_port": 70_000}, "kite_port"),
        ({"yahoo_port": -1}, "yahoo_port"), ({"hours": "nights"}, "hours"),
        ({"redirect_url": "home"}, "redirect_url"),
        ({"people": ()}, "people"), ({"tick_seconds": 0.0}, "tick_seconds"),
        ({"app": AppKeys(KEY, Secret(""))}, "app"), ({"angel_port": 65_536}, "angel_port"),
        ({"postback_url": "here"}, "postback_url"), ({"people": (ASHA, ASHA)}, "people"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(config: SandboxConfig, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Misuse) as wrong:
        replace(config, **change)
    assert wrong.value.field == field


def test_it_listens_on_loopback_at_real_ports_and_frees_them(config: SandboxConfig) -> None:
    sandbox = Sandbox(config)
    with pytest.raises(RuntimeError, match="no ports"):
        _ = sandbox.kite_url
    sandbox.start()
    sandbox.start()
    url = sandbox.kite_url
    assert url.startswith("http://127.0.0.1:")
    assert sandbox.yahoo_url != url
    assert httpx2.get(f"{url}/user/profile").status_code == 400
    port = int(url.rpartition(":")[2])
    with pytest.raises(Misuse, match="cannot be taken"):
        Sandbox(replace(config, kite_port=port)).start()
    sandbox.stop()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)
    with Sandbox(replace(config, kite_port=port)) as again:
        assert again.kite_url == url


def test_it_serves_in_the_callers_own_loop(config: SandboxConfig) -> None:
    sandbox = Sandbox(config)

    async def rehearse() -> int:
        sandbox.bind()
        serving = asyncio.create_task(sandbox.serve())
        async with httpx2.AsyncClient() as client:
            answer = await client.get(f"{sandbox.yahoo_url}/v8/finance/chart/INFY.NS")
        sandbox.stop()
        await serving
        return answer.status_code

    assert asyncio.run(rehearse()) == 200


def test_both_faces_agree_to_the_paisa(sandbox: Sandbox, kite: httpx2.Client) -> None:
    last = kite.get("/quote/ltp", params={"i": "NSE:INFY"}).json()["data"]["NSE:INFY"]["last_price"]
    chart = httpx2.get(f"{sandbox.yahoo_url}/v8/finance/chart/INFY.NS").json()["chart"]["result"][0]
    rows = kite.get("/portfolio/holdings").json()["data"]
    held = next(row for row in rows if (row["exchange"], row["tradingsymbol"]) == ("NSE", "INFY"))
    assert last == chart["meta"]["regularMarketPrice"] == held["last_price"]


def test_two_users_see_their_own_accounts(sandbox: Sandbox) -> None:
    seen = []
    for user in ("TF0001", "TF0002"):
        headers = {"X-Kite-Version": "3", "Authorization": f"token {KEY}:{access_token(sandbox, user)}"}
        with httpx2.Client(base_url=sandbox.kite_url, headers=headers) as kite:
            seen.append(len(kite.get("/portfolio/holdings").json()["data"]))
            assert kite.get("/user/profile").json()["data"]["user_id"] == user
    assert seen == [24, 7]


def test_the_secret_is_not_in_the_config_as_text(clock: FixedClock) -> None:
    assert SECRET not in repr(SandboxConfig(AppKeys(KEY, Secret(SECRET)), REDIRECT, clock=clock))


def test_a_free_port_is_one_that_nobody_has(sandbox: Sandbox) -> None:
    port = int(sandbox.kite_url.rpartition(":")[2])
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
