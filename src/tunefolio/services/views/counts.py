"""How often each instrument was frozen: grouped over every line once, remembered until one more is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.services.memories import Memory
from tunefolio.store import snapshots
from tunefolio.store.db import ReadDb

Counts = Mapping[InstrumentId, tuple[Instant, int]]

_remembered: Memory[tuple[AccountId, ...], Counts] = Memory(1_000)


def snapshot_counts(db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId]) -> Counts:
    """Per instrument when last, and in how many snapshots that stand. A replaced one comes with a new one, so
    the newest id and the number of rows name the state."""
    key, state = tuple(accounts), (viewer.person, *snapshots.head(db, viewer, accounts))
    found = _remembered.find(db, key, state)
    if found is None:
        found = snapshots.counts(db, viewer, accounts)
        _remembered.keep(db, key, state, found)
    return found
