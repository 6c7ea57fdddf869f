"""Writes hundreds of thousands of listings in seconds: by COPY on PostgreSQL, in one loop of C on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, update

from tunefolio.core.money import quantized
from tunefolio.core.time import TradingDay
from tunefolio.market.provider import MasterRow
from tunefolio.store.columns import PRICE
from tunefolio.store.db import WriteDb
from tunefolio.store.tables import listings

_NAMES = (
    "source", "exchange", "symbol", "series", "isin", "name", "asset_class", "currency", "token",
    "tick", "lot", "expiry", "strike", "listed", "mark", "first_seen",
)  # fmt: skip
_LARGEST = Decimal(2**63 - 1).scaleb(-PRICE.scale)


def kept(number: Decimal | None) -> Decimal | None:
    """A number as its column keeps it; None for what none could: a source's nonsense stops nobody."""
    if number is None or not number.is_finite() or abs(number) >= _LARGEST:
        return None
    return quantized(number, PRICE.scale)


def values_of(row: MasterRow) -> dict[str, Any]:
    """What a row says beside its key, by column."""
    claim = row.claim
    return {
        "isin": claim.isin or "",
        "name": claim.name,
        "asset_class": claim.asset_class,
        "currency": claim.currency,
        "token": row.token,
        "tick": kept(row.tick),
        "lot": kept(row.lot),
        "expiry": row.expiry,
        "strike": kept(row.strike),
        "listed": row.listed,
    }


def insert(db: WriteDb, source: str, rows: Sequence[tuple[MasterRow, int]], day: TradingDay) -> None:
    """New rows with their marks. What another process has written meanwhile stays as it is."""
    if not rows:
        return
    if db.dialect == "postgresql":
        _copied(db, _lines(source, rows, day, lambda number: number, lambda one: one and one.date))
        return
    lines = _lines(source, rows, day, _scaled, lambda one: one and one.iso())
    marks = ", ".join("?" * len(_NAMES))
    names = ", ".join(_NAMES)
    statement = f"INSERT INTO listings ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    db.connection.exec_driver_sql(statement, list(lines))


def update_all(db: WriteDb, values: Sequence[dict[str, Any]]) -> None:
    """Rows by `row_id`, all with the same columns."""
    names = [name for name in values[0] if name != "row_id"]
    statement = update(listings).where(listings.c.id == bindparam("row_id"))
    db.execute_many(statement.values({name: bindparam(name) for name in names}), values)


def _lines(
    source: str,
    rows: Iterable[tuple[MasterRow, int]],
    day: TradingDay,
    number: Callable[[Decimal | None], Any],
    date: Callable[[TradingDay | None], Any],
) -> Iterator[tuple[Any, ...]]:
    """In the order of _NAMES, as the driver wants them."""
    first = date(day)
    for row, mark in rows:
        claim = row.claim
        yield (
            source, *claim.listing, claim.isin or "", claim.name, claim.asset_class.value, claim.currency,
            row.token, number(kept(row.tick)), number(kept(row.lot)), date(row.expiry),
            number(kept(row.strike)), date(row.listed), mark, first,
        )  # fmt: skip


def _scaled(number: Decimal | None) -> int | None:
    return None if number is None else int(number.scaleb(PRICE.scale))


def _copied(db: WriteDb, lines: Iterable[tuple[Any, ...]]) -> None:
    """Through a table of the transaction's own, because COPY knows no conflicts."""
    names = ", ".join(_NAMES)
    db.connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE IF NOT EXISTS fresh_listings "
        "(LIKE listings INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
    )
    db.connection.exec_driver_sql("ALTER TABLE fresh_listings ALTER COLUMN id DROP NOT NULL")
    raw = db.connection.connection.driver_connection
    if raw is None:
        raise AssertionError("no driver connection")
    with raw.cursor() as cursor:
        with cursor.copy(f"COPY fresh_listings ({names}) FROM STDIN") as copy:
            for line in lines:
                copy.write_row(line)
        cursor.execute(
            f"INSERT INTO listings ({names}) SELECT {names} FROM fresh_listings "  # noqa: S608
            "ORDER BY exchange, symbol, series ON CONFLICT DO NOTHING"
        )
        cursor.execute("TRUNCATE fresh_listings")
