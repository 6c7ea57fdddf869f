"""Sources of prices and sectors beside the brokers; each folder registers its makers here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tunefolio.adapters.gates import Gates
from tunefolio.core.registry import Registry


class SourceMaker(Protocol):
    """Builds a source from its own options, given as text; raises Misuse naming the wrong one.

    What it makes has one or more of the ports of market/provider.py. None: it lacks an option.
    """

    def __call__(self, options: Mapping[str, str], gates: Gates) -> object | None: ...


SOURCES: Registry[SourceMaker] = Registry("price source")
