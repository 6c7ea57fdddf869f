"""Finds the outside: every module below `tunefolio.adapters`, and whatever others installed beside it.

Importing an adapter registers it. A new folder, or an entry point in group "tunefolio.adapters", is enough.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec

GROUP = "tunefolio.adapters"
_SHELVES = ("tunefolio.adapters.brokers", "tunefolio.adapters.prices")
_log = logging.getLogger(__name__)


def families() -> tuple[str, ...]:
    """The names of brokers and price sources, not imported: whose options may be set."""
    packaged = {module.name for shelf in _SHELVES for module in _modules_of(shelf)}
    return tuple(sorted(packaged | {point.name for point in entry_points(group=GROUP)}))


def load() -> None:
    """Import every broker, file format and price source, so that each stands on its registry.

    A third party's adapter that does not import is reported and left out; one of ours is an error.
    """
    for shelf in _SHELVES:
        for module in _modules_of(shelf):
            importlib.import_module(f"{shelf}.{module.name}")
            if module.ispkg:
                _load_below(f"{shelf}.{module.name}")
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except ImportError:
            _log.exception("an installed adapter cannot be imported", extra={"adapter": point.value})


def _load_below(package: str) -> None:
    for module in _modules_of(package):
        importlib.import_module(f"{package}.{module.name}")


def _modules_of(package: str) -> Iterator[pkgutil.ModuleInfo]:
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec is not None else None
    return pkgutil.iter_modules(folders or [])
