"""What the pages say of brokers is what their folders are: matrix, forms, options, doubts, checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tunefolio.adapters.memory import MemoryShared
from tunefolio.cli import brokerfacts, brokerpages
from tunefolio.cli.brokerfacts import CAPABILITIES, BrokerFacts
from tunefolio.ledger.brokers import (
    BROKERS,
    CandleSource,
    FormLogin,
    FundsSource,
    RedirectLogin,
    TickSource,
)
from tunefolio.ledger.charged import ChargesSource
from tunefolio.ledger.fills import FillSource
from tunefolio.services.checkups import CHECKS
from tunefolio.trading.orders import OrderFeed, OrderSource, TriggerSource

ROOT = Path(__file__).resolve().parents[2]
OURS = [one for one in brokerfacts.brokers() if one.is_ours]
PORTS: dict[str, tuple[type, ...]] = {
    "login": (FormLogin, RedirectLogin),
    "fills": (FillSource,),
    "orders": (OrderSource,),
    "triggers": (TriggerSource,),
    "funds": (FundsSource,),
    "charges": (ChargesSource,),
    "candles": (CandleSource,),
    "stream": (TickSource,),
    "updates": (OrderFeed,),
}
every_broker = pytest.mark.parametrize("one", OURS, ids=lambda one: str(one.name))


def test_the_page_of_brokers_is_what_the_code_says() -> None:
    """Otherwise: `tunefolio broker pages`."""
    assert (ROOT / brokerpages.PAGE).read_text("utf-8") == brokerpages.rendered(ROOT)


@every_broker
@pytest.mark.parametrize("file", PORTS)
def test_a_file_is_there_exactly_when_its_port_is_filled(one: BrokerFacts, file: str) -> None:
    """Presence is capability, and the other way round: a file that nothing calls promises too much."""
    broker = BROKERS.of(one.name)({}, MemoryShared())
    assert (file in one.capabilities) == isinstance(broker, PORTS[file])


@every_broker
def test_each_broker_has_its_page_with_its_doubts(one: BrokerFacts) -> None:
    page = ROOT / "docs/brokers" / f"{one.name}.md"
    text = page.read_text("utf-8")
    assert {"How to connect", "What is read", "Limits", "What is doubtful"} <= set(
        re.findall(r"^## (.+)$", text, re.MULTILINE)
    )
    assert brokerpages.doubts(ROOT, one.name).startswith("- ")
    assert one.options, "a broker has at least a host, which a test may replace"
    known = {f"TUNEFOLIO_{one.name.upper()}_{option.name.upper()}" for option in one.options}
    named = set(re.findall(rf"TUNEFOLIO_{one.name.upper()}_[A-Z_]+", text))
    assert named <= known | {
        f"TUNEFOLIO_{one.name.upper()}_{word}" for word in ("API_KEY", "API_SECRET", "CONSUMER_KEY")
    }


def test_every_capability_is_somebodys() -> None:
    assert {file for one in OURS for file in one.capabilities} == set(CAPABILITIES)


def test_every_broker_of_the_house_loads() -> None:
    assert [(one.name, one.problem) for one in OURS if one.problem] == []


def test_every_check_of_links_stands_in_the_troubleshooting_page() -> None:
    text = (ROOT / "docs/guides/troubleshooting.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z]+)(?: NAME)?`", text))
    assert set(CHECKS) | {"adapter", "broker", "secrets", "jobs", "database", "schema"} <= named
