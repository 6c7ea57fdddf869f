"""Which worker runs what: a file stays whole, so that what its tests share is made once; long files first.

With pytest-xdist's own ways, either a house that takes half a minute to open is opened in both workers, or
the longest journeys come last, when the other worker has nothing left to do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

LONG = (
    "journeys",
    "engine",
    "house",
    "contract",
    "web",
    "cli",
    "bootstrap",
    "services",
    "sandbox",
    "adapters",
    "store",
)
"""Rooms of tests, those first whose files take longest."""

SECONDS = {
    "journeys/test_live_prices.py": 120,
    "journeys/test_tax.py": 110,
    "journeys/test_keeping_watch.py": 100,
    "journeys/test_five_accounts.py": 95,
    "journeys/test_imports.py": 60,
    "journeys/test_strangers.py": 60,
    "journeys/test_connect.py": 55,
    "journeys/test_market.py": 50,
    "journeys/test_ledger.py": 45,
    "house/test_routes.py": 110,
    "contract/test_contract.py": 105,
    "house/test_doors.py": 80,
    "engine/test_sync_kills.py": 65,
    "bootstrap/test_serve.py": 60,
    "engine/test_celery.py": 55,
    "house/test_viewers.py": 40,
    "web/test_explained.py": 32,
    "adapters/test_sources.py": 30,
    "adapters/test_broker_contracts.py": 27,
    "engine/test_alert_crash.py": 25,
    "engine/test_sync_workers.py": 25,
    "cli/test_broker.py": 25,
    "services/test_postbacks.py": 25,
    "services/test_masters.py": 25,
    "engine/test_crash.py": 20,
    "adapters/test_kotakneo_sandbox.py": 20,
    "adapters/test_angelone_rehearsal.py": 20,
    "services/test_derivatives_over_http.py": 20,
    "cli/test_kills.py": 15,
    "services/test_fills.py": 15,
    "services/test_performance.py": 15,
    "house/test_scopes.py": 14,
    "web/test_openapi.py": 14,
    "analysis/test_periods.py": 14,
    "web/test_entry.py": 12,
    "web/test_pages.py": 12,
    "web/test_tax.py": 12,
}
"""About how long a file takes that takes long; the end of a run shows the longest of that run."""

Order = tuple[int, int, int]


def rank(path: str) -> Order:
    """How early a file of tests should begin; path: from the root of the repository. Journeys first, then
    long files, then long rooms."""
    file = path.removeprefix("tests/")
    room = file.partition("/")[0]
    place = LONG.index(room) if room in LONG else len(LONG)
    return (0 if is_journey(path) else 1, -SECONDS.get(file, 0), place)


def is_journey(path: str) -> bool:
    """Whether a browser and processes take part, which wait most of the time."""
    return path.startswith("tests/journeys/")


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist ships no types
    """One worker begins with the journeys, the others with the longest of the rest; they meet at the short.

    So no two journeys take place at once, each with its processes and its browser, while there is other work;
    and no long file begins when the other workers have nothing left.
    """

    def _split_scope(self, nodeid: str) -> str:
        """What stays together."""
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Give a worker its next file; the shortest journeys last, to who has nothing else."""
        if node is not self.nodes[0]:
            others = (file for file in self.workqueue if not is_journey(file))
            self.workqueue.move_to_end(next(others, next(reversed(self.workqueue))), last=False)
        super()._assign_work_unit(node)


def longest(durations: Iterable[tuple[str, float]], count: int) -> list[tuple[str, float]]:
    """The files that took longest, in seconds, longest first. durations: of parts of tests, by node id."""
    files: defaultdict[str, float] = defaultdict(float)
    for nodeid, seconds in durations:
        files[nodeid.partition("::")[0]] += seconds
    return sorted(files.items(), key=lambda file: -file[1])[:count]
