"""What the suite over all price sources needs: the simulated world, and what each source is asked there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices import SOURCES
from tunefolio.bootstrap.adapters import load
from tunefolio.core.money import Currency
from tunefolio.core.secret import Secret
from tunefolio.core.time import TradingDay
from tunefolio.ledger.brokers import AppKeys
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import (
    ActionSource,
    BarSource,
    ContractsSource,
    DayFileSource,
    InstrumentSource,
    MarketQuoteSource,
    RateSource,
    RenameSource,
)
from tunefolio.sandbox.faults import Faults
from tunefolio.sandbox.kite.desk import KiteRates
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.sandbox.world.app import faces

load()

INR, USD = Currency("INR"), Currency("USD")
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Case:
    """What a source knows in the simulated world, and what looks like it and is nothing."""

    known: Listing | None = None
    unknown: Listing | None = None
    pair: tuple[Currency, Currency] | None = None
    unknown_pair: tuple[Currency, Currency] = (Currency("XXX"), Currency("XTS"))
    options: Mapping[str, str] = field(default_factory=dict)
    root_option: str = "root_url"
    face: str = ""


CASES = {
    "nse": Case(Listing("NSE", "INFY", "EQ"), Listing("NSE", "NOSUCH", "EQ")),
    "bse": Case(Listing("BSE", "INFY"), Listing("BSE", "NOSUCH")),
    "amfi": Case(unknown=Listing("MF", "INF000X01XX0")),
    "binance": Case(Listing("CRYPTO", "BTC"), Listing("CRYPTO", "NOSUCH")),
    "coingecko": Case(Listing("CRYPTO", "BTC"), Listing("CRYPTO", "NOSUCH")),
    "frankfurter": Case(pair=(USD, INR)),
    "ecb": Case(pair=(USD, INR)),
    "fbil": Case(pair=(USD, INR)),
    "gold": Case(Listing("FX", "XAUUSD"), Listing("FX", "XPTUSD"), (Currency("XAU"), USD)),
    "generic": Case(
        Listing("NSE", "INFY"), Listing("NSE", "NOSUCH"),
        options={"serves": "NSE", "rows": "data/rows", "day": "d", "close": "c", "volume": "v",
                 "currency": "INR"},
        root_option="url",
    ),
    "yahoo": Case(Listing("NSE", "INFY"), Listing("NSE", "NOSUCH"), (USD, INR)),
    "zerodha": Case(),
    "angelone": Case(root_option="master_url", face="angel_master"),
    "kotakneo": Case(options={"consumer_key": "rehearsal"}, face="kotak_master"),
}  # fmt: skip
GENERIC_PATH = "/tree/{exchange}/{symbol}?from={from}&to={to}"


def started() -> Iterator[Sandbox]:
    app, freely = AppKeys("rehearsal", Secret("rehearsal")), Rate(1_000_000)
    config = SandboxConfig(
        app, "http://localhost/", yahoo_rate=freely, kite_rates=KiteRates(freely, freely, freely)
    )
    with Sandbox(config) as sandbox:
        yield sandbox


def made(name: str, root: str, shared: MemoryShared | None = None, **options: str) -> Any:
    """The source at that root, asked as fast as it can answer."""
    case = CASES[name]
    address = root + GENERIC_PATH if case.root_option == "url" else root
    given = {case.root_option: address, "requests_per_second": "10000", **case.options, **options}
    return SOURCES.of(name)(given, Gates(shared or MemoryShared(), sleep=lambda _: None))


def root_of(sandbox: Sandbox, name: str) -> str:
    own = {"yahoo": sandbox.yahoo_url, "zerodha": sandbox.kite_url}
    return own.get(name) or f"{sandbox.world_url}/{CASES[name].face or name}"


def faults_of(sandbox: Sandbox, name: str) -> tuple[Faults, str]:
    """Its faults, and the path below which it is asked."""
    own = {"yahoo": sandbox.yahoo_faults, "zerodha": sandbox.kite_faults}
    return (own[name], "/") if name in own else (sandbox.world_faults, f"/{CASES[name].face or name}")


def sessions(sandbox: Sandbox, count: int) -> list[TradingDay]:
    """The last whole sessions before today, oldest first."""
    now = sandbox.config.clock.now()
    day = sandbox.market.sessions.current(now)
    found: list[TradingDay] = []
    while len(found) < count:
        day = sandbox.market.sessions.before(day)
        found.append(day)
    return found[::-1]


def known_of(name: str, source: Any) -> Listing | None:
    """What it certainly knows: the case's own, else the first that it lists itself."""
    case = CASES[name]
    if case.known is not None or case.pair is not None:
        return case.known
    return next((row.claim.listing for row in source.instruments()), None)


Deed = Callable[[Any, Sandbox], Any]


def _bars(source: Any, sandbox: Sandbox, name: str) -> Any:
    days = sessions(sandbox, 8)
    listing = known_of(name, source)
    claim = source.bars(listing, days[0], days[-1])
    return None if claim is None else claim.bars


def _day_file(source: Any, sandbox: Sandbox, _: str) -> Any:
    found = source.day_file(sessions(sandbox, 3)[0])
    if found is not None:
        assert found.day == sessions(sandbox, 3)[0]
    return None if found is None else found.bars


def _contracts(source: Any, sandbox: Sandbox, name: str) -> Any:
    return _day_file(source.contracts, sandbox, name)


def _quotes(source: Any, _: Sandbox, name: str) -> Any:
    return tuple(source.quotes([known_of(name, source)]).values())


def _rates(source: Any, sandbox: Sandbox, name: str) -> Any:
    days = sessions(sandbox, 8)
    pair = CASES[name].pair
    assert pair is not None
    return source.rates(*pair, days[0], days[-1])


def _instruments(source: Any, _: Sandbox, __: str) -> Any:
    return tuple(source.instruments())


def _renames(source: Any, _: Sandbox, __: str) -> Any:
    return tuple(source.renames())


def _actions(source: Any, sandbox: Sandbox, _: str) -> Any:
    until = sessions(sandbox, 1)[0]
    return tuple(source.actions(until.plus_days(-365), until))


_DEEDS: tuple[tuple[str, type, Callable[[Any, Sandbox, str], Any]], ...] = (
    ("bars", BarSource, _bars),
    ("day_file", DayFileSource, _day_file),
    ("contracts", ContractsSource, _contracts),
    ("quotes", MarketQuoteSource, _quotes),
    ("rates", RateSource, _rates),
    ("instruments", InstrumentSource, _instruments),
    ("renames", RenameSource, _renames),
    ("actions", ActionSource, _actions),
)
_CALLS = {deed: call for deed, _, call in _DEEDS}


def names() -> list[str]:
    """The registered sources that have a face to be asked at."""
    shown = {*faces(), "yahoo", "zerodha"}
    return [name for name in CASES if name in SOURCES and (CASES[name].face or name) in shown]


def deeds() -> list[tuple[str, str]]:
    """Every source with every port that it fills and its case has a question for."""
    found: list[tuple[str, str]] = []
    for name in names():
        source = made(name, NOWHERE)
        for deed, port, _ in _DEEDS:
            is_asked = isinstance(source, port) and not (deed == "rates" and CASES[name].pair is None)
            if is_asked and not (name == "generic" and deed == "quotes"):
                found.append((name, deed))
        source.close()
    return found


def ask(name: str, deed: str, source: Any, sandbox: Sandbox) -> Any:
    """What one port answers to its question: rows."""
    return _CALLS[deed](source, sandbox, name)
