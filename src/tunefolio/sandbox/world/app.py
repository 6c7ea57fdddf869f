"""All faces of the world in one application, each under its module's name: /nse, /binance, /ecb, …

A face is a module of this folder with `routes(market, clock) -> list[Route]`; it may have `REFUSALS`, how it
words its refusals. A new module is enough.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, ModuleType

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route

import tunefolio.sandbox.world as folder
from tunefolio.core.time import Clock
from tunefolio.sandbox.faults import FaultKind, Faults, FaultyGate, control_routes
from tunefolio.sandbox.market import Market

Refusals = Mapping[FaultKind, tuple[str, bytes]]
"""How a face words a refusal: media type and body."""

_PLAIN: Refusals = MappingProxyType(
    {
        FaultKind.RATE_LIMITED: ("text/plain", b"Too Many Requests\r\n"),
        FaultKind.UNAVAILABLE: ("text/plain", b"Service Unavailable\r\n"),
        FaultKind.FORBIDDEN: ("text/html", b"<html><head><title>403 Forbidden</title></head></html>\r\n"),
        FaultKind.FAILED: ("text/plain", b"Internal Server Error\r\n"),
    }
)


def faces() -> tuple[str, ...]:
    """The names of all faces, in order."""
    return tuple(name for name, _ in _faces())


def world_app(market: Market, clock: Clock, faults: Faults, *, more: Sequence[BaseRoute] = ()) -> Starlette:
    """The application; faults happen in front of every face, and are planned by its whole path. more: routes
    beside the faces, which never go wrong."""
    return Starlette(
        routes=[
            *(_mounted(name, face, market, clock, faults) for name, face in _faces()),
            *control_routes(faults, _nothing_to_end),
            *more,
        ]
    )


def _mounted(name: str, face: ModuleType, market: Market, clock: Clock, faults: Faults) -> Mount:
    routes: list[Route] = face.routes(market, clock)
    refusals: Refusals = {**_PLAIN, **getattr(face, "REFUSALS", {})}
    gate = Middleware(FaultyGate, faults=faults, bodies=refusals, end_sessions=_nothing_to_end, clock=clock)
    return Mount(f"/{name}", routes=routes, middleware=[gate])


def _faces() -> Iterator[tuple[str, ModuleType]]:
    for one in sorted(pkgutil.iter_modules(folder.__path__), key=lambda one: one.name):
        module = importlib.import_module(f"{folder.__name__}.{one.name}")
        if one.name != "app" and hasattr(module, "routes"):
            yield one.name, module


def _nothing_to_end() -> None:
    """Nobody logs in to any of them."""
