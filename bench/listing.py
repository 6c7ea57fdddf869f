"""A page of the list of facts at 50,000 of them, by filters that find many, few and none."""

from __future__ import annotations

import tempfile
import time
from decimal import Decimal
from pathlib import Path

from bench.figures import Figure
from bench.houses import account, house, import_file, tradebook
from tunefolio.core.identity import TransactionId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.store import transactions
from tunefolio.store.db import Database
from tunefolio.store.transactions import TransactionFilter

_FACTS = 50_000
_RUNS = 15
_PAGE = 50
_FILTERS = {
    "no filter": TransactionFilter(),
    "sales": TransactionFilter(kind=Kind.SELL),
    "a kind that there is not": TransactionFilter(kind=Kind.STAKING),
    "an amount that there is not": TransactionFilter(least=Decimal(10) ** 12),
    "a tag on one fact": TransactionFilter(tag="rare"),
    "a tag that there is not": TransactionFilter(tag="none"),
    "a text that there is not": TransactionFilter(text="no such text"),
}


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as (runtime, person):
        import_file(runtime, person, account(runtime, person, "Demat"), tradebook(_FACTS, 250))
        database, viewer = runtime.house.database, person.viewer
        with database.writing() as db:
            (newest,) = transactions.page(db, viewer, filter=TransactionFilter(), before=None, limit=1)
            transactions.tag(db, viewer, newest.id, "rare")
        middle = (newest.fact.day.plus_days(-1), newest.id)
        found = [_figure(database, viewer, name, wanted) for name, wanted in _FILTERS.items()]
        return [*found, _figure(database, viewer, "deep in the list", TransactionFilter(), middle)]


def _figure(
    database: Database,
    viewer: Viewer,
    name: str,
    wanted: TransactionFilter,
    before: tuple[TradingDay, TransactionId] | None = None,
) -> Figure:
    runs = []
    for _ in range(_RUNS):
        with database.reading() as db:
            started = time.perf_counter()
            transactions.page(db, viewer, filter=wanted, before=before, limit=_PAGE)
            runs.append((time.perf_counter() - started) * 1_000)
    return Figure(f"page of {_PAGE} among {_FACTS:,} facts, {name}", "ms", tuple(runs), "under 50 ms")
