"""What each fund is in the words of the list that was read last, and since when."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Row, select

from tunefolio.core.identity import Isin
from tunefolio.market.funds import FundCategory, FundList
from tunefolio.store.batches import batches
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import fund_categories


def put(db: WriteDb, told: FundList) -> int:
    """Keep what the list says otherwise than before; how many funds that are. The same list writes nothing,
    and neither does one that is older than what is known of a fund."""
    known = {Isin(row.isin): _category(row) for row in _newest(db)}
    news = {
        isin: words
        for isin, words in told.categories.items()
        if (before := known.get(isin)) is None or (before.words != words and before.day <= told.day)
    }
    columns = {"since": told.day, "source": told.source}
    rows = [columns | {"isin": isin, "category": words} for isin, words in sorted(news.items())]
    statement = db.upsert(fund_categories)
    fill = {name: statement.excluded[name] for name in ("category", "source")}
    db.execute_many(statement.on_conflict_do_update(index_elements=["isin", "since"], set_=fill), rows)
    return len(rows)


def of_isins(db: ReadDb, isins: Collection[str]) -> dict[Isin, FundCategory]:
    """What the newest list says of each; on the primary key, thousands in one query."""
    return {Isin(row.isin): _category(row) for row in _newest(db, isins)}


def _newest(db: ReadDb, isins: Collection[str] | None = None) -> Iterator[Row[Any]]:
    """Oldest first, so that of one fund the newest row comes last."""
    query = select(fund_categories).order_by(fund_categories.c.since)
    if isins is None:
        yield from db.execute(query)
        return
    for some in batches(sorted(isins)):
        yield from db.execute(query.where(fund_categories.c.isin.in_(some)))


def _category(row: Row[Any]) -> FundCategory:
    return FundCategory(row.category, row.source, row.since)
