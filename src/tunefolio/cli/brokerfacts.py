"""What the installed brokers are, by their folders and their own words: capabilities, forms, options."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import ModuleType

from tunefolio.adapters.memory import MemoryShared
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.absent import AbsentBroker
from tunefolio.ledger.brokers import BROKERS, CredentialForm, FormLogin, Renewal
from tunefolio.ledger.columnmaps import PROFILES
from tunefolio.ledger.files import FORMATS, LOCKED, TABLES

OURS = "tunefolio.adapters.brokers."
CAPABILITIES: Mapping[str, str] = {
    "login": "log in and out",
    "statements": "holdings, day positions, cash",
    "fills": "trades of the day become transactions",
    "orders": "order book, history of an order",
    "triggers": "standing triggers (GTT)",
    "funds": "margins and collateral",
    "charges": "what an order cost, by the broker's own count",
    "quotes": "last prices",
    "candles": "past prices",
    "instruments": "list of instruments",
    "stream": "live prices",
    "updates": "live order changes",
    "postback": "order changes by HTTP call",
}
"""A file of a broker's folder, and what it adds. Others (errors, hosts, frames) add nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option and its default as text; "" where the broker itself names the value."""

    name: str
    default: str


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """One installed broker. form: None where one logs in on its own page. problem: why it does not load.

    renews: its session can be prolonged without credentials.
    """

    name: str
    title: str
    package: str
    capabilities: tuple[str, ...]
    form: CredentialForm | None
    options: tuple[Option, ...]
    problem: str = ""
    renews: bool = False

    @property
    def is_ours(self) -> bool:
        return self.package.startswith(OURS)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One kind of file that is read. family: the folder it lies in; password: it may be locked."""

    title: str
    family: str
    how: str


def brokers() -> list[BrokerFacts]:
    """Every installed broker, by name; those that do not load with the reason."""
    problems: dict[str, str] = {}
    points = {point.name for point in entry_points(group=adapters.GROUP)}
    for one in adapters.load():
        problems.setdefault(one.name, one.problem)
    known = [_facts(name, problems.get(name, "")) for name in BROKERS.names()]
    lost = [
        BrokerFacts(name, name, "", (), None, (), problem)
        for name, problem in problems.items()
        if name not in BROKERS and name in points
    ]
    return sorted([*known, *lost], key=lambda one: one.name)


def files() -> list[FileFacts]:
    """Every kind of file of ours, by family and title. Brokers that only have files stand here."""
    adapters.load()
    read = [FileFacts(form.title, _family(form), "as it is") for _, form in FORMATS]
    read += [FileFacts(form.title, _family(form), "opened with its password") for _, form in LOCKED]
    read += [
        FileFacts("any other table (CSV, XLSX)", _family(one), "with its columns mapped once")
        for _, one in TABLES
    ]
    shaped = {(profile.title, name.partition("_")[0]) for name, profile in PROFILES}
    read += [
        FileFacts(title, family, "with its columns mapped once, most by themselves")
        for title, family in shaped
    ]
    return sorted((one for one in read if one.family), key=lambda one: (one.family, one.title))


def capabilities_of(package: str) -> tuple[str, ...]:
    """Presence is capability: those of the known files that the package has."""
    present = {name for name, _ in _modules(package)}
    return tuple(name for name in CAPABILITIES if name in present)


def options_of(package: str) -> tuple[Option, ...]:
    """The fields of its frozen …Config, in their order, with their defaults."""
    found: dict[str, Option] = {}
    for _, whole in _modules(package):
        for kind in vars(importlib.import_module(whole)).values():
            if _is_config(kind, whole):
                for one in dataclasses.fields(kind):
                    found.setdefault(one.name, Option(one.name, _text(one.default)))
    return tuple(found.values())


def _facts(name: str, problem: str) -> BrokerFacts:
    broker = BROKERS.of(name)({}, MemoryShared())
    if isinstance(broker, AbsentBroker):
        return BrokerFacts(name, broker.title, "", (), None, (), problem)
    package = type(broker).__module__.rpartition(".")[0]
    close = getattr(broker, "close", None)  # adapters with lasting connections have one
    if close is not None:
        close()
    form = broker.form if isinstance(broker, FormLogin) else None
    return BrokerFacts(
        name,
        broker.title,
        package,
        capabilities_of(package),
        form,
        options_of(package),
        problem,
        isinstance(broker, Renewal),
    )


def _modules(package: str) -> Iterator[tuple[str, str]]:
    """Short and whole name of each module of a package."""
    folder: ModuleType = importlib.import_module(package)
    for module in pkgutil.iter_modules(folder.__path__):
        yield module.name, f"{package}.{module.name}"


def _is_config(kind: object, module: str) -> bool:
    return (
        isinstance(kind, type)
        and kind.__module__ == module
        and kind.__name__.endswith("Config")
        and dataclasses.is_dataclass(kind)
        and hasattr(kind, "of")
    )


def _text(default: object) -> str:
    """A default as the operator would write it."""
    return {True: "yes", False: "no"}[default] if isinstance(default, bool) else str(default)


def _family(thing: object) -> str:
    """The folder of ours where a format is written; "" for what others installed."""
    module = type(thing).__module__
    return module.removeprefix(OURS).partition(".")[0] if module.startswith(OURS) else ""
