"""One house at three brokers: it logs in with what the panel shows, and reads what events made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests.sandbox.conftest import KEY, at, request_token
from tunefolio.adapters.memory import MemoryShared
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.rehearsal import ANGEL_RATES, environment_for
from tunefolio.bootstrap.sources import brokers_of
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock
from tunefolio.ledger.brokers import AppKeys, Broker, BrokerSession, FormLogin, RedirectLogin
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.settings import Settings

HOLDERS = {"zerodha": "TF0001", "angelone": "TFA001", "kotakneo": "TFK01"}


class House:
    """A house's three brokers, each logged in as Asha."""

    def __init__(self, sandbox: Sandbox, brokers: Mapping[str, Broker]) -> None:
        self.sandbox = sandbox
        self.brokers = brokers
        self.sessions = {name: self.log_in(name) for name in HOLDERS}

    def log_in(self, name: str) -> BrokerSession:
        broker, now = self.brokers[name], self.sandbox.clock.now()
        if isinstance(broker, FormLogin):
            return broker.login(self.credentials(name, broker), now)
        assert isinstance(broker, RedirectLogin)
        app = AppKeys(KEY, self.sandbox.config.app.api_secret)
        return broker.exchange(app, {"status": "success", "request_token": request_token(self.sandbox)}, now)

    def credentials(self, name: str, broker: FormLogin) -> dict[str, Secret]:
        """The boxes of the broker's form, filled from the control panel."""
        rows = httpx2.get(f"{self.sandbox.control_url}/accounts", params={"broker": name}).json()
        row = next(row for row in rows if row["user"] == HOLDERS[name])
        shown = {
            "api_key": row["application"], "consumer_key": row["application"], "client_code": row["user"],
            "ucc": row["user"], "pin": row["pin"], "mpin": row["pin"], "mobile": row["mobile"],
            "totp": row["totp_code"],
        }  # fmt: skip
        return {field.name: Secret(shown[field.name]) for field in broker.form.fields if field.name in shown}

    def held(self, name: str) -> dict[str, tuple[int, int]]:
        """Settled and unsettled units by exchange and symbol, as the broker's own adapter reads them."""
        source = self.brokers[name].statements(KEY, self.sessions[name])
        statement = source.fetch(self.sandbox.clock.now())
        return {
            f"{one.instrument.listing.exchange}:{one.instrument.listing.symbol}": (
                int(one.settled),
                int(one.unsettled),
            )
            for one in statement.holdings
        }

    def shown(self, name: str) -> dict[str, tuple[int, int]]:
        """The same as the exchange has it, units bought on margin among them; Kotak Neo does not tell apart
        what is unsettled."""
        found = {}
        for line in self.sandbox.depot.lines(name, HOLDERS[name]):
            told = (line.settled + line.margin_funded, line.unsettled)
            both = (sum(told), 0)
            if any(told):
                found[f"{line.listed.exchange}:{line.listed.company.symbol}"] = (
                    both if name == "kotakneo" else told
                )
        return found


@pytest.fixture
def house(config: SandboxConfig) -> Iterator[House]:
    adapters.load()
    with Sandbox(replace(config, angel_rates=ANGEL_RATES)) as sandbox:
        environ = {"TUNEFOLIO_HOME": "/nowhere", **environment_for(sandbox)}
        settings = Settings.from_env(environ, families=adapters.families())
        yield House(sandbox, brokers_of(settings, MemoryShared()))


def happen(house: House, **event: Any) -> None:
    told = httpx2.post(f"{house.sandbox.control_url}/events", json=event)
    assert told.status_code == 201, told.text


def test_every_broker_tells_what_the_exchange_has(house: House) -> None:
    for name in HOLDERS:
        assert house.held(name) == house.shown(name)
        assert len(house.held(name)) > 4


def test_a_story_reads_the_same_at_all_three(house: House, clock: FixedClock) -> None:
    """A missed trade, a trade of today, a transfer between demats, then a split; a night, and a new login."""
    asha, angel = {"broker": "zerodha", "user": "TF0001"}, {"broker": "angelone", "user": "TFA001"}
    happen(house, kind="missed_trade", **asha, key="NSE:CIPLA", side="BUY", quantity=30, day="2026-11-12")
    happen(house, kind="trade", **angel, key="NSE:INFY", side="BUY", quantity=5)
    happen(house, kind="transfer", **asha, to_broker="kotakneo", to_user="TFK01", key="NSE:INFY", quantity=14)
    happen(house, kind="split", symbol="INFY", ex_day="2026-11-23", new=2)
    assert house.held("zerodha")["NSE:CIPLA"] == (30, 0)
    assert house.held("kotakneo")["NSE:INFY"] == (14, 0)
    clock.set(at("2026-11-23T10:00:00"))
    house.sessions = {name: house.log_in(name) for name in HOLDERS}
    for name in HOLDERS:
        assert house.held(name) == house.shown(name)
    assert house.held("zerodha")["NSE:INFY"] == (100, 0)
    assert house.held("angelone")["NSE:INFY"] == (84, 10)
    assert house.held("kotakneo")["NSE:INFY"] == (28, 0)
