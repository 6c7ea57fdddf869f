"""Closes of before the bars stand as they were after the migration, and again after the way back."""

from __future__ import annotations

import zlib

import pytest
from alembic import command
from sqlalchemy import text

from tests.store.books import NOW
from tests.store.test_bars import bar, told
from tests.store.test_schema import OLD_HOUSE
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.market.closes import Close
from tunefolio.market.daily import Daily
from tunefolio.store import bars, closes, schema
from tunefolio.store.codec import old_body, packed, unpacked
from tunefolio.store.columns import At, Day
from tunefolio.store.db import Database, open_database

ONE = InstrumentId(1)
DAYS = [bar(0, "10.05"), bar(2, "11"), bar(300, "12.5")]
CLOSES = [Close(day.day, day.close) for day in DAYS]
INSERT = text(
    "INSERT INTO close_chunks"
    " (instrument_id, year, currency, source, scale, count, first_day, last_day, body, updated_at)"
    " VALUES (1, :year, 'INR', 'file', :scale, :count, :first, :last, :body, :at)"
)


@pytest.fixture
def old(database_url: str) -> str:
    """A house at the version before bars, with three closes of one instrument."""
    command.upgrade(schema.configuration(database_url), "0003")
    database = open_database(database_url)
    with database.writing() as db:
        dialect = db.connection.dialect
        for statement in OLD_HOUSE:
            at = "0" if database.dialect == "sqlite" else "now()"
            db.connection.execute(text(statement.format(at=at)))
        for year in (2023, 2024):
            daily = Daily.of((one.day, one.price) for one in CLOSES if one.day.date.year == year)
            first, last = (
                Day().process_bind_param(daily.day(place), dialect) for place in (0, len(daily) - 1)
            )
            values = {"year": year, "scale": daily.scale, "count": len(daily), "first": first, "last": last}
            body = old_body(packed(daily), len(daily), daily.scale)
            at = At().process_bind_param(NOW, dialect)
            db.connection.execute(INSERT, values | {"body": body, "at": at})
    database.close()
    return database_url


def kept(database: Database) -> list[Close]:
    with database.reading() as db:
        return list(closes.book(db, [ONE]).of(ONE) or ())


def test_old_closes_are_read_and_new_bars_join_them(old: str) -> None:
    schema.migrate(old)
    database = open_database(old)
    assert kept(database) == CLOSES
    with database.reading() as db:
        assert bars.spans(db, [ONE]) == {ONE: bars.Span(DAYS[0].day, DAYS[2].day, NOW)}
        assert list(bars.of(db, [ONE])[ONE]) == DAYS
    full = bar(2, "10", "12", "9", "11", volume=7)
    with database.writing() as db:
        assert bars.put(db, ONE, INR, told(full), NOW) == 1
        assert list(bars.of(db, [ONE])[ONE]) == [DAYS[0], full, DAYS[2]]
    database.close()


def test_the_way_back_keeps_every_close_as_the_old_house_reads_it(old: str) -> None:
    schema.migrate(old)
    database = open_database(old)
    with database.writing() as db:
        bars.put(db, ONE, INR, told(bar(1, "10", "12", "9", "11.5", volume=7)), NOW)
    database.close()
    command.downgrade(schema.configuration(old), "0003")
    database = open_database(old)
    with database.reading() as db:
        query = text("SELECT year, scale, count, body FROM close_chunks ORDER BY year")
        rows = db.connection.execute(query).all()
    database.close()
    found: list[str] = []
    for row in rows:
        body, count = bytes(row.body), row._mapping["count"]
        assert body[0] <= 8
        assert len(zlib.decompress(body[2:])) == count * (body[0] + body[1])
        daily = unpacked(body, count, row.scale)
        found += [str(daily.at(place)) for place in range(count)]
    assert found == ["10.05", "11.50", "11.00", "12.5"]
