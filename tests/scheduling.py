"""Which worker runs what: a file stays whole, so that what its tests share is made once; long rooms first.

With pytest-xdist's own ways, either a house that takes half a minute to open is opened in both workers, or
the longest journeys come last, when the other worker has nothing left to do.
"""

from __future__ import annotations

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


def rank(path: str) -> int:
    """How early a file of tests should begin; path: from the root of the repository."""
    room = path.split("/")[1] if path.count("/") > 1 else ""
    return LONG.index(room) if room in LONG else len(LONG)


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist ships no types
    """One worker begins with the longest rooms, the others with the shortest, and they meet.

    So no two journeys take place at once, each with its processes and its browser.
    """

    def _split_scope(self, nodeid: str) -> str:
        """What stays together."""
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Give a worker its next file, from its own end of the queue."""
        if node is not self.nodes[0]:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)
