"""A portfolio without its amounts: every figure is that of a book that is only nearly the owner's.

Rounding alone hides nothing for long: units are whole numbers, prices public, and each moment at which a
rounded figure jumps tells an exact ratio. So each holding is first made larger or smaller by a secret share
that stays the same until the holding changes: however often one looks, only that other book is found.
Reasons and what remains: docs/spec/family.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.identity import PersonId
from tunefolio.core.money import plain
from tunefolio.core.time import TradingDay
from tunefolio.services.house import House
from tunefolio.services.shared_shapes import SharedLine, SharedSlice
from tunefolio.services.views.shapes import HoldingRow
from tunefolio.store.own_instruments import EXCHANGE as OWN

UNITS_SPREAD = Decimal("0.05")
"""How far a holding is moved at most, as a ratio of itself: weights become uncertain by as much."""
COST_SPREAD = Decimal("0.005")
"""How far its cost is moved beside that: a return on cost becomes uncertain by half a per cent."""
OWN_NAME = "Deposits and assets of their own"
_WHOLE, _TENTH, _PRICE = Decimal("0.01"), Decimal("0.001"), Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Near:
    """One instrument over all accounts, moved by its secret share. value, paid None: no price or rate.

    before: yesterday's value, None where the previous close is not known. change: since then.
    """

    first: HoldingRow
    value: Decimal | None
    paid: Decimal | None
    before: Decimal | None
    change: Decimal

    @property
    def is_own(self) -> bool:
        """Of the owner's making: its name is her own word, and often tells the amount."""
        return self.first.instrument.exchange == OWN


@dataclass(frozen=True, slots=True)
class Veil:
    """All holdings of a book, moved."""

    held: tuple[Near, ...]

    @classmethod
    def over(cls, groups: Iterable[Sequence[HoldingRow]], house: House, owner: PersonId) -> Veil:
        """groups: rows of one instrument each. The shares come from the house's sealing key, so that nobody
        else can reckon them; a new key makes another book."""
        ring = house.vault.keys
        key = ring.key_of(ring.sealing)
        return cls(tuple(_near(rows, key, owner) for rows in groups))

    @property
    def pnl_ratio(self) -> Decimal | None:
        return _pnl(self.held)

    @property
    def day_ratio(self) -> Decimal | None:
        """To a tenth of a per cent, over what has a previous close."""
        before = sum((one.before for one in self.held if one.before is not None), Decimal(0))
        change = sum((one.change for one in self.held if one.before is not None), Decimal(0))
        return None if before == 0 else (change / before).quantize(_TENTH) + 0

    def lines(self) -> tuple[SharedLine, ...]:
        """By the weight that is shown, then by name: a finer order would tell more than the weight. What is
        of the owner's own making is one line without a name."""
        own = [one for one in self.held if one.is_own]
        groups = [[one] for one in self.held if not one.is_own] + ([own] if own else [])
        found = [self._line(group) for group in groups]
        return tuple(sorted(found, key=lambda line: (_rank(line.weight_ratio), line.symbol, line.exchange)))

    def sectors(self) -> tuple[SharedSlice, ...]:
        return self._slices([(one.first.classification.sector, one) for one in self.held])

    def classes(self) -> tuple[SharedSlice, ...]:
        return self._slices([(one.first.instrument.asset_class.value, one) for one in self.held])

    def _line(self, group: Sequence[Near]) -> SharedLine:
        first = group[0].first
        is_own = group[0].is_own
        day = None if is_own else first.day_change_ratio
        return SharedLine(
            "" if is_own else first.instrument.symbol,
            "" if is_own else first.instrument.exchange,
            OWN_NAME if is_own else first.instrument.name,
            first.classification.sector,
            first.instrument.asset_class.value,
            self._weight(group),
            _pnl(group),
            None if day is None else day.quantize(_PRICE) + 0,
            None,
        )

    def _slices(self, named: Sequence[tuple[str, Near]]) -> tuple[SharedSlice, ...]:
        groups: dict[str, list[Near]] = {}
        for name, one in named:
            groups.setdefault(name, []).append(one)
        found = [
            SharedSlice(
                name,
                len({one.first.instrument.economic_key for one in group}),
                self._weight(group),
                _pnl(group),
                None,
            )
            for name, group in groups.items()
        ]
        return tuple(sorted(found, key=lambda one: (_rank(one.weight_ratio), one.name)))

    def _weight(self, group: Iterable[Near]) -> Decimal | None:
        """To a whole per cent; 0 for anything below one. None where nothing of it is priced."""
        known = [one.value for one in group if one.value is not None]
        whole = sum((one.value for one in self.held if one.value is not None), Decimal(0))
        if not known or whole <= 0:
            return None
        weight = sum(known, Decimal(0)) / whole
        return Decimal(0) if abs(weight) < _WHOLE else whole_hundredth(weight)


def month_end(today: TradingDay) -> TradingDay:
    """The last day of the month before: returns of a period are told to there. A return that moved with
    every close would tell the weights, one equation a day."""
    return today.plus_days(-today.date.day)


def whole_hundredth(ratio: Decimal) -> Decimal:
    """To a whole per cent."""
    return ratio.quantize(_WHOLE) + 0


def moved(key: bytes, owner: PersonId, what: str, spread: Decimal) -> Decimal:
    """What to multiply by: within the spread around one, evenly, the same for the same words."""
    made = hmac.digest(key, f"tunefolio veil {owner} {what}".encode(), hashlib.sha256)
    share = Decimal(int.from_bytes(made[:6])) / Decimal(2**48 - 1)
    return 1 + spread * (2 * share - 1)


def _near(rows: Sequence[HoldingRow], key: bytes, owner: PersonId) -> Near:
    """The share follows from instrument and units: other units have another, else the step from one to the
    other would be an exact ratio of units."""
    first = rows[0]
    units = sum((row.valued.quantity for row in rows), Decimal(0))
    about = f"{first.instrument.id} {plain(units)}"
    share = moved(key, owner, f"units {about}", UNITS_SPREAD)
    values = [row.value_here for row in rows]
    gains = [row.pnl_here for row in rows]
    if any(value is None for value in values) or any(gain is None for gain in gains):
        return Near(first, None, None, None, Decimal(0))
    value = sum((one.amount for one in values if one is not None), Decimal(0))
    paid = value - sum((one.amount for one in gains if one is not None), Decimal(0))
    dearer = moved(key, owner, f"cost {about} {plain(paid)}", COST_SPREAD)
    changes = [row.here.day_change for row in rows]
    change = sum((one.amount for one in changes if one is not None), Decimal(0))
    before = None if any(one is None for one in changes) else (value - change) * share
    return Near(first, value * share, paid * share * dearer, before, change * share)


def _pnl(group: Iterable[Near]) -> Decimal | None:
    """Gain ÷ cost of what is priced, to a whole per cent."""
    known = [(one.value, one.paid) for one in group if one.value is not None and one.paid is not None]
    value = sum((value for value, _ in known), Decimal(0))
    paid = sum((paid for _, paid in known), Decimal(0))
    return None if not known or paid <= 0 else whole_hundredth((value - paid) / paid)


def _rank(weight: Decimal | None) -> Decimal:
    return Decimal(1) if weight is None else -weight
