"""What the contract suite must know of each broker: how it speaks when well, and how when it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.adapters.outside import Reply
from tunefolio.core.errors import TunefolioError
from tunefolio.ledger.brokers import Broker, BrokerSession, CandleSource, FundsSource
from tunefolio.ledger.fills import FillSource
from tunefolio.trading.orders import OrderSource, TriggerSource

Call = Callable[[Broker], object]


@dataclass(frozen=True)
class BrokerSample:
    """One broker for the suite.

    session: as its login would make it, with a token that may appear nowhere. options: that put `url` in the
    place of each of its hosts. faults: by name, an answer given to every path and the errors it may become.
    calls: by name, each call of each port it fills; every one must ask over HTTP.
    well: by name of a call, the answers by path that make it succeed, and what it then returns.
    """

    session: BrokerSession
    options: Callable[[str], Mapping[str, str]]
    faults: Mapping[str, tuple[Reply, tuple[type[TunefolioError], ...]]]
    calls: Mapping[str, Call]
    well: Mapping[str, tuple[Mapping[str, Reply], object]]


def filling(broker: Broker) -> FillSource:
    assert isinstance(broker, FillSource)
    return broker


def ordering(broker: Broker) -> OrderSource:
    assert isinstance(broker, OrderSource)
    return broker


def funding(broker: Broker) -> FundsSource:
    assert isinstance(broker, FundsSource)
    return broker


def charting(broker: Broker) -> CandleSource:
    assert isinstance(broker, CandleSource)
    return broker


def waiting(broker: Broker) -> TriggerSource:
    assert isinstance(broker, TriggerSource)
    return broker
