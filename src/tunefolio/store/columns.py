"""Column types that lose nothing on SQLite (STRICT) and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Date, DateTime, Integer, LargeBinary, Numeric, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeEngine

from tunefolio.core.errors import Misuse
from tunefolio.core.money import Price, quantized
from tunefolio.core.time import Instant, TradingDay

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT64 = 2**63 - 1
_MICROSECOND = timedelta(microseconds=1)
_EXACTLY = Context(prec=80, traps=[Inexact, InvalidOperation, Overflow])
"""Shifts the point without the thread's own context, whose 28 digits would round in silence."""


Reader = Callable[[Any], Any]
"""Turns what the driver gave into our value; None stays None."""


# A history repeats its days and the moments of its imports: remembered values spare most of the work.


@lru_cache(maxsize=4_096)
def _instant_of_microseconds(value: int | None) -> Instant | None:
    return None if value is None else Instant(_EPOCH + timedelta(microseconds=value))


@lru_cache(maxsize=4_096)
def _instant(value: datetime | None) -> Instant | None:
    return None if value is None else Instant(value)


@lru_cache(maxsize=4_096)
def _day_of_text(value: str | None) -> TradingDay | None:
    return None if value is None else TradingDay(date.fromisoformat(value))


@lru_cache(maxsize=4_096)
def _day(value: date | None) -> TradingDay | None:
    return None if value is None else TradingDay(value)


class Unkeepable(Misuse, DontWrapMixin):
    """The number cannot be kept without losing digits."""


class Exact(TypeDecorator[Decimal]):
    """A Decimal of at most `scale` places: NUMERIC on PostgreSQL, a scaled 64-bit integer on SQLite.

    Raises Unkeepable for more places than `scale` or a magnitude beyond 64 bits: it never rounds.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Integer())
        return dialect.type_descriptor(Numeric(19, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"an Exact column takes Decimal, not {type(value).__name__}")
        try:
            scaled = value.scaleb(self.scale, _EXACTLY)
            whole = int(scaled)
        except (ArithmeticError, ValueError):
            raise Unkeepable("number", f"{value} is not a number that can be kept exactly") from None
        if whole != scaled:
            raise Unkeepable("number", f"{value:f} has more than {self.scale} decimal places")
        if abs(whole) > _INT64:
            raise Unkeepable("number", f"{value:f} is too large to keep exactly")
        return whole if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader | None:  # noqa: ARG002
        """psycopg gives Decimals. In place of process_result_value, which costs three calls a value."""
        if dialect.name != "sqlite":
            return None
        places = -self.scale
        zero = Decimal(0).scaleb(places, _EXACTLY)

        def read(value: int | None) -> Decimal | None:
            if value:
                return Decimal(value).scaleb(places, _EXACTLY)
            return None if value is None else zero

        return read


class At(TypeDecorator[Instant]):
    """An Instant: timestamptz on PostgreSQL, integer microseconds since 1970 UTC on SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Integer())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: Instant | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return (value.utc - _EPOCH) // _MICROSECOND
        return value.utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader | None:  # noqa: ARG002
        return _instant_of_microseconds if dialect.name == "sqlite" else _instant


class Day(TypeDecorator[TradingDay]):
    """A TradingDay: date on PostgreSQL, ISO text on SQLite; both sort by time."""

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Date())

    def process_bind_param(self, value: TradingDay | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return value.iso() if dialect.name == "sqlite" else value.date

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader | None:  # noqa: ARG002
        return _day_of_text if dialect.name == "sqlite" else _day


class Json(TypeDecorator[Any]):
    """A JSON value as text; only for what is never searched."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.loads(value)


Id = BigInteger().with_variant(Integer(), "sqlite")
Bytes = LargeBinary
QUANTITY = Exact(8)
PRICE = Exact(8)
MONEY = Exact(4)


def kept_price(price: Price | None) -> Decimal | None:
    """An outside price as a PRICE column keeps it: 8 places, half away from zero. Never for our own facts."""
    return None if price is None else quantized(price.amount, PRICE.scale)
