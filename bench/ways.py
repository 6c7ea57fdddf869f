"""What finding a request's route costs: by the index of web/ways.py, and by asking all routes in turn.

Only the search is timed, in one process and in turn on the same app: what FastAPI does once it has found
a route inside its nested routers, searching them again, is left out and would be added to the second.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from starlette.routing import BaseRoute, Match

from bench.figures import Figure
from bench.houses import house
from tunefolio.web.app import create_app
from tunefolio.web.ways import Index

_ASKED = 50
_ROUNDS = 9
_PATHS = ("/api/portfolio/holdings", "/api/v1/portfolios", "/settings/security", "/holdings", "/nothing")
"""From early in the order to late, and one that nobody answers."""


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), "") as (runtime, _):
        routes = create_app(runtime.house).router.routes
        in_turn = [one for one in routes if not isinstance(one, Index)]
        ways: dict[str, Sequence[BaseRoute]] = {"by the index": routes, "all asked in turn": in_turn}
        found = []
        for path in _PATHS:
            for way, some in ways.items():
                _search(some, path)  # the first puts the routes together
                runs = tuple(_taken(some, path) for _ in range(_ROUNDS))
                found.append(Figure(f"`{path}`, {way}", "ms", runs, digits=4))
        return found


def _taken(routes: Sequence[BaseRoute], path: str) -> float:
    """Milliseconds of one search, the mean of many."""
    begun = time.perf_counter()
    for _ in range(_ASKED):
        _search(routes, path)
    return (time.perf_counter() - begun) * 1_000 / _ASKED


def _search(routes: Sequence[BaseRoute], path: str) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    next((one for one in routes if one.matches(scope)[0] is Match.FULL), None)
