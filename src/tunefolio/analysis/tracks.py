"""What one holding or one currency of cash did, day by day, in the currency of a report.

A track is a function of one key's rows and the market; scopes and periods are sums over tracks, so that one
changed fact costs one track. docs/spec/periods.md gives the rules.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from itertools import accumulate
from operator import attrgetter
from typing import Any

from tunefolio.analysis.columns import (
    COLUMNS,
    CashDay,
    Columns,
    Hole,
    Key,
    Market,
    Note,
    Paid,
    cash_columns,
    checked,
    exchanges,
    instrument_columns,
    paid_by_instruments,
    priced,
)
from tunefolio.analysis.derivation import EXACT
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import DayRow

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One key in the report's currency.

    ordinals: the days with change, ascending, one for each row. columns: COLUMNS by name, one sum a row;
    totals: their running totals, one longer, beginning with zero. rebased: days on which units or price were
    restated (a split, a demerger), so that an older price no longer fits.
    kept: what later steps worked out once.
    """

    key: Key
    currency: Currency
    market: Market
    rows: tuple[DayRow, ...]
    ordinals: tuple[int, ...]
    columns: Mapping[str, Sequence[Decimal]]
    totals: Mapping[str, Sequence[Decimal]]
    holes: tuple[Hole, ...] = ()
    rebased: tuple[int, ...] = ()
    notes: tuple[Note, ...] = ()
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_foreign(self) -> bool:
        return self.key.currency != self.currency

    def state(self, day: TradingDay | None) -> DayRow | None:
        """The row that says what was held at the close of the day; None before the first."""
        if day is None:
            return None
        place = bisect_right(self.ordinals, day.date.toordinal())
        return self.rows[place - 1] if place else None

    def span(self, since: TradingDay | None, until: TradingDay) -> tuple[int, int]:
        """[first, end) of the rows within the two days, both inside."""
        first = 0 if since is None else bisect_left(self.ordinals, since.date.toordinal())
        return first, bisect_right(self.ordinals, until.date.toordinal())

    def total(self, column: str, span: tuple[int, int]) -> Decimal | Missing:
        """The column's sum over the rows of the span; what lacks a rate there is not available."""
        if self.holes and span[0] < span[1]:
            first, last = self.ordinals[span[0]], self.ordinals[span[1] - 1]
            for hole in self.holes:
                if hole.column == column and first <= hole.ordinal <= last:
                    return hole.missing
        totals = self.totals[column]
        return EXACT.subtract(totals[span[1]], totals[span[0]])

    def cost(self, day: TradingDay | None) -> Decimal | Missing:
        """Cost before charges of what is held, at the day's rate; of cash, the cash itself."""
        row = self.state(day)
        if row is None or day is None:
            return _ZERO
        held = row.cash_balance if row.instrument is None else row.cost
        return self.market.converted(held, self.key.currency, self.currency, day)

    def value(self, day: TradingDay | None) -> Decimal | Missing:
        """What is held at the close of the day is worth: units × price × rate, rounded once."""
        row = self.state(day)
        if row is None or day is None:
            return _ZERO
        if row.instrument is None:
            return self.market.converted(row.cash_balance, self.key.currency, self.currency, day)
        if not row.units:
            return self.market.converted(-row.notional, self.key.currency, self.currency, day)
        return self._worth_of_units(row, row.instrument, day)

    def _worth_of_units(self, row: DayRow, instrument: InstrumentId, day: TradingDay) -> Decimal | Missing:
        valuer = self.market.valuers.get(instrument)
        if valuer is not None:
            whole = valuer(self.key.account, day)
            if isinstance(whole, Missing):
                return whole
            return self.market.converted(whole.amount, whole.currency, self.currency, day)
        worth = priced(self.market, instrument, row.units, self.currency, day, since=self.rebased_before(day))
        if isinstance(worth, Missing) or not row.notional:
            return worth
        notional = self.market.converted(row.notional, self.key.currency, self.currency, day)
        return notional if isinstance(notional, Missing) else EXACT.subtract(worth, notional)

    def rebased_before(self, day: TradingDay) -> int:
        """The last day on or before this one that made older prices unfit; 0 when there is none."""
        place = bisect_right(self.rebased, day.date.toordinal())
        return self.rebased[place - 1] if place else 0


def tracks(rows: Iterable[DayRow], market: Market, currency: Currency = INR) -> tuple[Track, ...]:
    """All keys of the rows, by account, instrument and currency; cash of an account after its instruments.

    Give all rows of an account (or of one tag in it): what its cash paid for stands in the instruments' rows.
    Raises BrokenLaw where rows contradict themselves.
    """
    return retracked((), rows, market, currency, touched=None)


def retracked(
    former: Iterable[Track],
    rows: Iterable[DayRow],
    market: Market,
    currency: Currency = INR,
    *,
    touched: Collection[tuple[AccountId, InstrumentId | None]] | None,
) -> tuple[Track, ...]:
    """As `tracks`, but instruments that are not touched keep their former tracks (None: all are touched).

    The cash of every touched account is made anew.
    """
    old = {} if touched is None else {t.key: t for t in former if t.currency == currency}
    groups = _by_key(rows)
    made: dict[Key, Track] = {}
    with localcontext(EXACT):
        for key, group in groups.items():
            if key.instrument is not None:
                stands = key in old and not _is_touched(key, touched)
                made[key] = old[key] if stands else _holding(key, group, market, currency)
        cash = {key: group for key, group in groups.items() if key.instrument is None}
        paid, exchanged = _other_sides(made.values(), cash, market, currency)
        for key, group in cash.items():
            stands = key in old and not _is_touched(key, touched)
            made[key] = (
                old[key] if stands else _cash(key, cash_columns(group, market, currency, paid, exchanged))
            )
    return tuple(made[key] for key in sorted(made, key=_order))


def _is_touched(key: Key, touched: Collection[tuple[AccountId, InstrumentId | None]] | None) -> bool:
    if touched is None:
        return True
    if key.instrument is None:
        return any(account == key.account for account, _ in touched)
    return (key.account, key.instrument) in touched


def _other_sides(
    holdings: Iterable[Track], cash: Mapping[Key, Sequence[DayRow]], market: Market, currency: Currency
) -> tuple[dict[CashDay, Paid], dict[CashDay, Decimal | Missing]]:
    """What foreign cash needs to know of the trades and conversions it paid for; nothing at home."""
    if all(key.currency == currency for key in cash):
        return {}, {}
    foreign = {(key.account, key.currency) for key in cash if key.currency != currency}
    trades = [t for t in holdings if (t.key.account, t.key.currency) in foreign]
    paid = paid_by_instruments((track.rows, track.columns["flow"]) for track in trades)
    return paid, exchanges((row for group in cash.values() for row in group), market, currency)


def _holding(key: Key, rows: Sequence[DayRow], market: Market, currency: Currency) -> Track:
    return _track(key, instrument_columns(rows, market, currency), _rebased(rows))


def _cash(key: Key, columns: Columns) -> Track:
    return _track(key, columns, ())


def _track(key: Key, columns: Columns, rebased: tuple[int, ...]) -> Track:
    rows = tuple(columns.rows)
    checked(rows)
    return Track(
        key,
        columns.currency,
        columns.market,
        rows,
        tuple(row.day.date.toordinal() for row in rows),
        columns.sums,
        {name: list(accumulate(columns.sums[name], initial=_ZERO)) for name in COLUMNS},
        tuple(columns.holes),
        rebased,
        tuple(columns.notes),
    )


def _rebased(rows: Sequence[DayRow]) -> tuple[int, ...]:
    """Days on which units changed for nothing (a split, a bonus) or value left for another instrument."""
    found = []
    units = _ZERO
    for row in rows:
        for_nothing = (
            row.units != units and units and not (row.bought or row.sold or row.realised or row.moves)
        )
        if (for_nothing and not row.income) or any(move.instrument != row.instrument for move in row.moves):
            found.append(row.day.date.toordinal())
        units = row.units
    return tuple(found)


def _order(key: Key) -> tuple[int, bool, int, str]:
    return (key.account, key.instrument is None, key.instrument or 0, key.currency)


def _by_key(rows: Iterable[DayRow]) -> dict[Key, list[DayRow]]:
    """Rows of each key, oldest first."""
    groups: dict[tuple[AccountId, InstrumentId | None, Currency], list[DayRow]] = {}
    for row in rows:
        line = (row.account, row.instrument, row.currency)
        group = groups.get(line)
        if group is None:
            groups[line] = [row]
        else:
            group.append(row)
    for group in groups.values():
        group.sort(key=attrgetter("day.date"))
    return {key: groups[key] for key in sorted((Key(*line) for line in groups), key=_order)}
