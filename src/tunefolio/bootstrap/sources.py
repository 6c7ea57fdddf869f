"""Makes brokers and price sources from the operator's options; a wrong one names its variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from tunefolio.adapters.prices import SOURCES, PriceSource
from tunefolio.core.errors import Misuse
from tunefolio.ledger.brokers import BROKERS, Broker
from tunefolio.settings import PREFIX, Settings

T = TypeVar("T")


def brokers_of(settings: Settings) -> Mapping[str, Broker]:
    """Every installed broker, made with its own options."""
    return {name: made(name, make, settings) for name, make in BROKERS}


def prices_of(settings: Settings) -> PriceSource | None:
    """The first installed source beside the brokers; None where there is none."""
    return next((made(name, make, settings) for name, make in SOURCES), None)


def made(name: str, make: Callable[[Mapping[str, str]], T], settings: Settings) -> T:
    """One adapter with its options. Raises Misuse naming the variable that holds the wrong one."""
    try:
        return make(settings.options_of(name))
    except Misuse as wrong:
        adapter, _, option = wrong.field.partition(".")
        if adapter != name or not option:
            raise
        raise Misuse(f"{PREFIX}{name}_{option}".upper(), wrong.problem, cure=wrong.cure) from None
