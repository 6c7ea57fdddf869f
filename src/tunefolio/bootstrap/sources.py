"""Makes brokers and price sources from the operator's options; a wrong one names its variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from tunefolio.adapters.funds import CasparserIsin
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.prices import SOURCES, SourceMaker
from tunefolio.core.errors import Misuse
from tunefolio.core.shared import Shared
from tunefolio.ledger.brokers import BROKERS, Broker
from tunefolio.services.sources import Sources
from tunefolio.settings import PREFIX, Settings

T = TypeVar("T")


def brokers_of(settings: Settings, shared: Shared) -> Mapping[str, Broker]:
    """Every installed broker, made with its own options."""
    return {name: broker_of(name, settings, shared) for name in BROKERS.names()}


def broker_of(name: str, settings: Settings, shared: Shared) -> Broker:
    """One installed broker, made with its own options; raises Misuse naming the variable of a wrong one."""
    return made(name, partial(BROKERS.of(name), shared=shared), settings)


def sources_of(settings: Settings, gates: Gates) -> Sources:
    """The market sources in the operator's order; a maker may answer None: it is not set up. Behind them the
    register of funds, which comes with the program and asks nobody.

    Raises Misuse for a name that is not installed.
    """
    makers = dict(SOURCES)
    for name in settings.sources:
        if name not in makers:
            known = ", ".join(sorted(makers))
            raise Misuse("TUNEFOLIO_SOURCES", f"{name!r} is not installed", cure=f"Known: {known}")
    built = [made(name, partial(_make, makers[name], gates), settings) for name in settings.sources]
    return Sources((*(one for one in built if one is not None), CasparserIsin()), gates.standings)


def _make(make: SourceMaker, gates: Gates, given: Mapping[str, str]) -> object | None:
    return make(given, gates)


def made(name: str, make: Callable[[Mapping[str, str]], T], settings: Settings) -> T:
    """One adapter with its options. Raises Misuse naming the variable that holds the wrong one."""
    try:
        return make(settings.options_of(name))
    except Misuse as wrong:
        adapter, _, option = wrong.field.partition(".")
        if adapter != name or not option:
            raise
        raise Misuse(f"{PREFIX}{name}_{option}".upper(), wrong.problem, cure=wrong.cure) from None
