"""Finding a request's route by its words. FastAPI asks hundreds in turn, and those of nested routers at each
level anew: more than knowing who asks costs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.convertors import Convertor
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

_FOUND = "tunefolio.way"
_ANYTHING = re.compile("")


@dataclass(frozen=True, slots=True)
class Way:
    """A route with what its routers add. place: its turn; of two that fit, the earlier answers."""

    place: int
    route: BaseRoute
    endpoint: Any
    app: ASGIApp
    pattern: re.Pattern[str]
    convertors: Mapping[str, Convertor[Any]]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The ways of one method. whole: by a path without names in it; named: by the number of its words and the
    first of them, which is "" where a way begins with a name; deep: those that swallow slashes."""

    whole: dict[str, Way] = field(default_factory=dict)
    named: dict[tuple[int, str], list[Way]] = field(default_factory=dict)
    deep: list[Way] = field(default_factory=list)

    def add(self, path: str, way: Way) -> None:
        if not way.convertors:
            self.whole.setdefault(path, way)
        elif any(".*" in one.regex for one in way.convertors.values()):
            self.deep.append(way)
        else:
            words = path.split("/")
            first = "" if words[1].startswith("{") else words[1]
            self.named.setdefault((len(words), first), []).append(way)

    def find(self, path: str) -> tuple[Way, re.Match[str] | None] | None:
        """The first that fits, with what its names are."""
        words = path.split("/", 2)
        number, first = path.count("/") + 1, words[1] if len(words) > 1 else ""
        best = self.whole.get(path)
        found: re.Match[str] | None = None
        for ways in (self.named.get((number, first), ()), self.named.get((number, ""), ()), self.deep):
            for way in ways:
                if best is not None and best.place < way.place:
                    break
                if (fits := way.pattern.match(path)) is not None:
                    best, found = way, fits
                    break
        return None if best is None else (best, found)


class Index(BaseRoute):
    """Stands before the routes and leads straight to the one they would have found, or says that nothing is
    there. What it is not sure of is theirs to answer: another method, a slash too many, files."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes
        self._shelves: dict[str, _Shelf] = {}
        self._all = _Shelf()
        self._others: list[re.Pattern[str]] = []

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope.get("root_path"):
            return Match.NONE, {}
        shelf = (self._shelves or self._sorted()).get(scope["method"])
        found = None if shelf is None else shelf.find(scope["path"])
        if found is None:
            return (Match.FULL, {_FOUND: _nowhere}) if self._is_nowhere(scope["path"]) else (Match.NONE, {})
        way, fits = found
        told = {} if fits is None else fits.groupdict()
        named = {name: way.convertors[name].convert(text) for name, text in told.items()}
        return Match.FULL, {
            "endpoint": way.endpoint,
            "path_params": named,
            "route": way.route,
            _FOUND: way.app,
        }

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope[_FOUND](scope, receive, send)

    def _is_nowhere(self, path: str) -> bool:
        """Whether no route of any method fits, also with a slash more at its end, or with none."""
        turned = path.rstrip("/") if path.endswith("/") else f"{path}/"
        return not any(
            self._all.find(one) is not None or any(other.match(one) for other in self._others)
            for one in (path, turned)
        )

    def _sorted(self) -> dict[str, _Shelf]:
        """At the first request, when all routes are there. Routes put together once stay as they are."""
        shelves: dict[str, _Shelf] = {}
        routes = [one for one in self._routes if one is not self]
        for place, context in enumerate(iter_route_contexts(routes)):
            if isinstance(context.original_route, APIRoute) and context.path is not None:
                way = _way(place, context)
                self._all.add(context.path, way)
                for method in context.methods or ():
                    shelves.setdefault(method, _Shelf()).add(context.path, way)
            else:
                self._others.append(getattr(context, "path_regex", _ANYTHING))
        self._shelves = shelves
        return shelves


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """As the router answers itself once it has asked all."""
    await scope["router"].default(scope, receive, send)


def _way(place: int, context: RouteContext) -> Way:
    return Way(
        place,
        context.original_route,
        context.endpoint,
        context.app,
        context.path_regex,
        context.param_convertors,
    )
