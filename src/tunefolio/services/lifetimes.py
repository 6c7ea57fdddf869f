"""From when on a person knew each instrument: what past prices and corporate actions are asked for."""

from __future__ import annotations

from collections.abc import Iterable

from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.transactions import Transaction
from tunefolio.services.books import folded
from tunefolio.services.portfolios import active_accounts
from tunefolio.store.db import ReadDb


def first_days(db: ReadDb, viewer: Viewer) -> dict[InstrumentId, TradingDay]:
    """The earliest fact of each instrument in the viewer's active accounts, as first or as other one."""
    books = folded(db, viewer, active_accounts(db, viewer)).values()
    return earliest(fact for book in books for fact in book.facts.values())


def earliest(facts: Iterable[Transaction]) -> dict[InstrumentId, TradingDay]:
    """The day of each instrument's first fact."""
    found: dict[InstrumentId, TradingDay] = {}
    for transaction in facts:
        day = transaction.fact.day
        for id in (transaction.fact.instrument, transaction.fact.other):
            if id is not None:
                found[id] = min(day, found.get(id, day))
    return found
