"""Finds the outside: every module below `tunefolio.adapters`, and whatever others installed beside it.

Importing an adapter registers it. A new folder, or an entry point in group "tunefolio.adapters", is enough.
One that does not import is reported and left out: its accounts say so, and everything else works.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec

from tunefolio.bootstrap.absent import stand_in_for
from tunefolio.ledger.brokers import BROKERS

GROUP = "tunefolio.adapters"
_BROKERS = "tunefolio.adapters.brokers"
_SHELVES = (_BROKERS, "tunefolio.adapters.prices")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unloaded:
    """An adapter that cannot be imported. name: of its folder or entry point; place: the module that failed.

    problem: what the import said, in one line. package: whom to upgrade; "" for a folder of ours.
    """

    name: str
    place: str
    problem: str
    package: str = ""

    @property
    def cure(self) -> str:
        if self.package:
            return f"Upgrade the package {self.package}, or uninstall it; the house runs without it"
        return f"Mend {self.place} or take its folder away; the house runs without it"


def families() -> tuple[str, ...]:
    """The names of brokers and price sources, not imported: whose options may be set."""
    packaged = {module.name for shelf in _SHELVES for module in _modules_of(shelf)}
    return tuple(sorted(packaged | {point.name for point in entry_points(group=GROUP)}))


def load() -> tuple[Unloaded, ...]:
    """Import every broker, file format and price source, so that each stands on its registry.

    Returns those that cannot be imported, in that order; each is logged. A broker of ours among them is on
    its registry all the same, as one that answers every call with the reason.
    """
    failed: list[Unloaded] = []
    for shelf in _SHELVES:
        for module in _modules_of(shelf):
            found = _folder(shelf, module)
            failed += found
            if found and shelf == _BROKERS and _is_broker(module):
                _stand_in(module.name)
    for point in entry_points(group=GROUP):
        failed += _tried(point.name, point.value, point.load, _package_of(point))
    return tuple(failed)


def _folder(shelf: str, module: pkgutil.ModuleInfo) -> list[Unloaded]:
    """Every module of one adapter; the first failure of its package ends it."""
    whole = f"{shelf}.{module.name}"
    failed = _tried(module.name, whole, lambda: importlib.import_module(whole))
    if failed or not module.ispkg:
        return failed
    for part in _modules_of(whole):
        place = f"{whole}.{part.name}"
        failed += _tried(module.name, place, lambda place=place: importlib.import_module(place))  # type: ignore[misc]
    return failed


def _tried(name: str, place: str, act: Callable[[], object], package: str = "") -> list[Unloaded]:
    try:
        act()
    except Exception as problem:  # noqa: BLE001 — the driver door: an import runs whatever a stranger wrote
        said = f"{type(problem).__name__}: {problem}".strip().splitlines()[0][:300]
        _log.exception("an installed adapter cannot be imported", extra={"adapter": name, "place": place})
        return [Unloaded(name, place, said, package)]
    return []


def _stand_in(name: str) -> None:
    """So that accounts at a broker that does not load say so; one that registered before it failed stays."""
    if name not in BROKERS:
        BROKERS.register(name)(stand_in_for(name))


def _is_broker(module: pkgutil.ModuleInfo) -> bool:
    """Has the folder a broker.py? Others hold file formats. Asked of the disk, since nothing imports."""
    return any(part.name == "broker" for part in pkgutil.iter_modules(_paths(f"{_BROKERS}.{module.name}")))


def _paths(package: str) -> list[str]:
    """Where a package below a shelf lies, without importing it."""
    shelf, _, name = package.rpartition(".")
    spec = find_spec(shelf)
    folders = spec.submodule_search_locations if spec is not None else None
    return [f"{folder}/{name}" for folder in folders or []]


def _package_of(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value.partition(":")[0]


def _modules_of(package: str) -> Iterator[pkgutil.ModuleInfo]:
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec is not None else None
    return pkgutil.iter_modules(folders or [])
