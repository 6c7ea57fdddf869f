"""The days of one line as JSON by columns: the column of a sum that is always zero is left out.

Decimals travel as text, so that none is rounded; a day as its proleptic ordinal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Any

import orjson

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import Currency, plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import DayRow, Moved
from tunefolio.market.daily import day_of

SUMS = (
    "units",
    "cost",
    "notional",
    "lot_fees",
    "cash_balance",
    "bought",
    "sold",
    "realised",
    "income",
    "fees",
    "taxes",
    "cash",
    "moved",
    "outside",
)
"""In the order in which DayRow takes them."""

_ZERO = Decimal(0)


def packed(rows: Sequence[DayRow]) -> bytes:
    """The rows of one account, instrument and currency, ascending by day."""
    body: dict[str, Any] = {"days": [row.day.date.toordinal() for row in rows]}
    for name in SUMS:
        numbers = [getattr(row, name) for row in rows]
        if any(numbers):
            body[name] = [plain(number) if number else "0" for number in numbers]
    moves = {str(place): _told(row.moves) for place, row in enumerate(rows) if row.moves}
    if moves:
        body["moves"] = moves
    return orjson.dumps(body)


def unpacked(
    body: bytes, account: AccountId, instrument: InstrumentId | None, currency: Currency
) -> list[DayRow]:
    """What packed() was given, ascending by day."""
    found = orjson.loads(body)
    rows: list[DayRow] = list(map(_new, repeat(DayRow, len(found["days"]))))
    columns: dict[str, Iterable[Any]] = {name: map(_number, found[name]) for name in SUMS if name in found}
    columns |= {"account": repeat(account), "instrument": repeat(instrument), "currency": repeat(currency)}
    columns["day"] = map(_day, found["days"])
    columns["moves"] = repeat(())
    if "moves" in found:
        by_place = found["moves"]
        columns["moves"] = [_moves(by_place.get(str(place), ())) for place in range(len(rows))]
    for name, fill in _FILLS.items():
        deque(map(fill, rows, columns.get(name, repeat(_ZERO))), maxlen=0)
    return rows


_new = object.__new__
_FILLS = {name: getattr(DayRow, name).__set__ for name in DayRow.__slots__}
"""Sets one field of a new row. Field by field over all rows: half the time of making them one by one."""


def _number(text: str) -> Decimal:
    return _ZERO if text == "0" else Decimal(text)


def _told(moves: Iterable[Moved]) -> list[tuple[int | None, str, str]]:
    return [(move.instrument, plain(move.units), plain(move.cost)) for move in moves]


def _moves(told: Iterable[tuple[InstrumentId | None, str, str]]) -> tuple[Moved, ...]:
    return tuple(Moved(instrument, Decimal(units), Decimal(cost)) for instrument, units, cost in told)


_known_days: dict[int, TradingDay] = {}


def _day(ordinal: int) -> TradingDay:
    """A history names few days and each of them often: there are at most 366 a year to remember."""
    day = _known_days.get(ordinal)
    if day is None:
        day = _known_days[ordinal] = day_of(ordinal)
    return day
