"""One suite for every broker that registers itself: what its ports promise, well and with every fault.

What the suite must know of a broker stands in broker_samples/<name>.py; a broker without one fails here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

import tunefolio.adapters.brokers as brokers
from tests.adapters.broker_samples import BrokerSample
from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.memory import MemoryShared
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.brokers import (
    BROKERS,
    AppKeys,
    Broker,
    CandleSource,
    FormLogin,
    FundsSource,
    Keeping,
    RedirectLogin,
)
from tunefolio.ledger.fills import FillSource
from tunefolio.market.exchanges import packaged_calendar
from tunefolio.market.instruments import EXCHANGES, Listing
from tunefolio.trading.orders import OrderSource, TriggerSource

for _module in pkgutil.walk_packages(brokers.__path__, "tunefolio.adapters.brokers."):
    importlib.import_module(_module.name)

NOW = Instant.parse("2026-11-20T10:00:00+05:30")
NOWHERE = "http://127.0.0.1:9"
NAMES = BROKERS.names()
every_broker = pytest.mark.parametrize("name", NAMES)


@cache
def sample_of(name: str) -> BrokerSample:
    found: BrokerSample = importlib.import_module(f"tests.adapters.broker_samples.{name}").SAMPLE
    return found


def made(name: str, url: str = NOWHERE) -> Broker:
    return BROKERS.of(name)(sample_of(name).options(url), MemoryShared())


CALLS = [(name, call) for name in NAMES for call in sample_of(name).calls]
FAULTS = [(name, fault) for name in NAMES for fault in sample_of(name).faults]
WELL = [(name, call) for name in NAMES for call in sample_of(name).well]


class Everywhere(Outside):
    """Answers every path alike."""

    def __init__(self, same: Reply) -> None:
        super().__init__()
        self._same = same

    def reply(self, path: str) -> Reply:
        return self._same


@contextmanager
def answering(outside: Outside) -> Iterator[Outside]:
    outside.start()
    try:
        yield outside
    finally:
        outside.stop()


@every_broker
def test_a_broker_knows_its_name_and_how_one_logs_in(name: str) -> None:
    broker = made(name)
    assert broker.name == name
    assert broker.title
    assert isinstance(broker, RedirectLogin) != isinstance(broker, FormLogin), "exactly one way to log in"


@every_broker
def test_a_broker_names_the_exchange_whose_sessions_it_follows(name: str) -> None:
    """A name without a calendar would mean that its accounts are never synced while their exchange trades."""
    exchange = made(name).home_exchange
    assert exchange in EXCHANGES
    assert packaged_calendar(exchange).is_session(TradingDay.parse("2026-11-20"))


@every_broker
def test_a_login_page_says_how_to_get_an_application(name: str) -> None:
    broker = made(name)
    assert not isinstance(broker, RedirectLogin) or (broker.app_steps and all(broker.app_steps))


@every_broker
def test_a_broker_refuses_options_it_does_not_have(name: str) -> None:
    for wrong in ({"no_such_option": "1"}, {"root_url": "not an address"}):
        with pytest.raises(Misuse, match=name):
            BROKERS.of(name)(wrong, MemoryShared())


@every_broker
def test_every_port_a_broker_fills_is_called_by_the_suite(name: str) -> None:
    broker, called = made(name), set(sample_of(name).calls)
    ports: dict[str, type] = {
        "fills": FillSource,
        "orders": OrderSource,
        "funds": FundsSource,
        "candles": CandleSource,
        "triggers": TriggerSource,
    }
    due = {"statement", "quotes"} | {word for word, port in ports.items() if isinstance(broker, port)}
    assert due <= called


@every_broker
def test_a_login_page_carries_key_and_state(name: str) -> None:
    broker = BROKERS.of(name)({}, MemoryShared())
    if not isinstance(broker, RedirectLogin):
        return
    url = broker.login_url("some-key", "some-state")
    assert url.startswith("https://")
    assert "some-key" in url
    assert "some-state" in url
    for answer in ({}, {"status": "success"}, {"error": "denied"}):
        with pytest.raises((Rejected, Misuse)):
            broker.exchange(AppKeys("k", Secret("s")), answer, NOW)


@every_broker
def test_a_login_form_is_whole(name: str) -> None:
    broker = made(name)
    if not isinstance(broker, FormLogin):
        return
    form = broker.form
    by_name = {field.name: field for field in form.fields}
    assert len(by_name) == len(form.fields)
    assert form.user in by_name
    named = {word for group in form.alternatives for word in group} | set(form.automatic)
    assert named <= set(by_name)
    assert all(by_name[word].keeping is not Keeping.ONCE for word in form.automatic), "a code works once"
    assert all(field.label and field.hint and field.pattern for field in form.fields)
    for given in ({}, {name: Secret("?") for name in by_name}):
        with pytest.raises((Misuse, Rejected)) as refused:
            broker.login(given, NOW)
        assert "?" not in getattr(refused.value, "problem", "")


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_a_call_to_nobody_is_retry(name: str, call: str) -> None:
    with pytest.raises(Retry):
        sample_of(name).calls[call](made(name))


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_a_broker_raises_only_what_the_port_allows(name: str, fault: str) -> None:
    sample = sample_of(name)
    same, kinds = sample.faults[fault]
    token = sample.session.token.reveal()
    with answering(Everywhere(same)) as outside:
        broker = made(name, outside.url)
        for call, ask in sample.calls.items():
            with pytest.raises(kinds) as caught:
                ask(broker)
            assert token not in str(caught.value), call
            assert outside.asked, call


@pytest.mark.parametrize(("name", "call"), WELL)
def test_a_call_that_goes_well_says_what_the_broker_said(name: str, call: str) -> None:
    sample = sample_of(name)
    replies, expected = sample.well[call]
    with answering(Outside()) as outside:
        for path, reply in replies.items():
            outside.on(path, reply)
        assert sample.calls[call](made(name, outside.url)) == expected


@every_broker
def test_nothing_asked_nothing_answered(name: str) -> None:
    source = made(name).quotes("key", sample_of(name).session)
    assert source.quotes([]) == {}
    assert source.quotes([Listing("NASDAQ", "AAPL")]) == {}
    assert source.name == name
