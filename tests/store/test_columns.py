"""What goes into a column comes out of it, on both databases; what would not is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, delete, func, insert, select

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Instant, TradingDay
from tunefolio.store.columns import At, Day, Exact, Id, Json
from tunefolio.store.db import Database, open_database

PATIENT = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LARGEST = 2**63 - 1
numbers = Table(
    "numbers",
    MetaData(),
    Column("id", Id, primary_key=True),
    Column("money", Exact(4)),
    Column("quantity", Exact(8)),
    Column("at", At()),
    Column("day", Day()),
    Column("json", Json()),
    sqlite_strict=True,
)


@pytest.fixture
def scratch(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    with database.writing() as db:
        numbers.create(db.connection)
    yield database
    database.close()


def kept(database: Database, column: str, *values: Any) -> list[Any]:
    """The values after a trip through the database, smallest first."""
    with database.writing() as db:
        db.execute(delete(numbers))
        db.execute_many(insert(numbers), [{column: value} for value in values])
    with database.reading() as db:
        return list(db.execute(select(numbers.c[column]).order_by(numbers.c[column])).scalars())


@st.composite
def exact(draw: st.DrawFn, scale: int) -> Decimal:
    return Decimal(draw(st.integers(-LARGEST, LARGEST))).scaleb(-scale)


@PATIENT
@given(money=st.lists(exact(4), max_size=5, unique=True), quantity=exact(8))
def test_numbers_come_back_exactly_and_in_order(
    scratch: Database, money: list[Decimal], quantity: Decimal
) -> None:
    assert kept(scratch, "money", *money) == sorted(money)
    assert kept(scratch, "quantity", quantity) == [quantity]


@PATIENT
@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_instants_come_back_to_the_microsecond(scratch: Database, moment: datetime) -> None:
    assert kept(scratch, "at", Instant(moment)) == [Instant(moment)]


@PATIENT
@given(st.lists(st.dates(date(1900, 1, 1), date(2200, 1, 1)), unique=True, max_size=5))
def test_days_come_back_and_sort_by_time(scratch: Database, days: list[date]) -> None:
    assert kept(scratch, "day", *map(TradingDay, days)) == sorted(map(TradingDay, days))


def test_json_comes_back(scratch: Database) -> None:
    assert kept(scratch, "json", {"a": [1, "ü", None]}) == [{"a": [1, "ü", None]}]


@pytest.mark.parametrize(
    "value",
    [
        Decimal("0.00001"),
        Decimal("1." + "0" * 40 + "1"),
        Decimal(LARGEST + 1).scaleb(-4),
        Decimal("1E+30"),
        Decimal("1E-9999"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
    ],
)
def test_what_would_lose_digits_is_refused(scratch: Database, value: Decimal) -> None:
    with pytest.raises(Misuse):
        kept(scratch, "money", value)


def test_floats_are_refused(scratch: Database) -> None:
    with pytest.raises(Exception, match="takes Decimal, not float"):
        kept(scratch, "money", 0.1)


def test_the_threads_decimal_context_has_no_say(scratch: Database) -> None:
    with localcontext(prec=3):
        assert kept(scratch, "money", Decimal("123456.7891")) == [Decimal("123456.7891")]


def test_trailing_zeros_are_not_digits(scratch: Database) -> None:
    assert kept(scratch, "money", Decimal("1.50000000")) == [Decimal("1.5")]


def test_sql_compares_and_sums_exactly(scratch: Database) -> None:
    kept(scratch, "money", Decimal("0.1"), Decimal("0.2"), Decimal("-7.25"), Decimal("90000000000000.0001"))
    with scratch.reading() as db:
        above = select(func.count()).select_from(numbers).where(numbers.c.money > Decimal("0.1"))
        assert db.execute(above).scalar_one() == 2
        assert db.execute(select(func.sum(numbers.c.money))).scalar_one() == Decimal("89999999999993.0501")
        assert db.execute(select(func.max(numbers.c.money))).scalar_one() == Decimal("90000000000000.0001")


def test_sql_compares_instants_and_days(scratch: Database) -> None:
    early, late = (
        Instant.parse("1969-12-31T23:59:59.999999+00:00"),
        Instant.parse("2026-11-20T09:15:00+05:30"),
    )
    kept(scratch, "at", late, early)
    with scratch.reading() as db:
        assert db.execute(select(numbers.c.at).where(numbers.c.at < late)).scalars().all() == [early]
        assert db.execute(select(func.max(numbers.c.at))).scalar_one() == late
    days = [TradingDay.parse("2026-11-20"), TradingDay.parse("2026-02-03")]
    kept(scratch, "day", *days)
    with scratch.reading() as db:
        assert db.execute(select(numbers.c.day).where(numbers.c.day >= days[0])).scalars().all() == [days[0]]
