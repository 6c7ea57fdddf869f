"""The open lots of one instrument in order, and which of them leave next: docs/spec/lots.md."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from heapq import heappop, heappush

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TransactionId
from tunefolio.core.money import Currency, Money, minor_digits, plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Lot, Method, Overcovered, Oversold, Side, shares
from tunefolio.ledger.transactions import Pick

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Taken:
    """What left a queue: lots in the order they were taken, and what plain averaging would have taken."""

    lots: tuple[Lot, ...]
    averaged: Decimal

    def price_cost(self) -> Decimal:
        return sum((lot.cost.amount - lot.fees.amount for lot in self.lots), _ZERO)

    def fees(self) -> Decimal:
        return sum((lot.fees.amount for lot in self.lots), _ZERO)

    def cost(self) -> Decimal:
        return sum((lot.cost.amount for lot in self.lots), _ZERO)


class _Open:
    """A lot in a queue: what remains of it, and its place."""

    __slots__ = ("cost", "fees", "key", "lot", "quantity")

    def __init__(self, lot: Lot) -> None:
        self.lot = lot
        self.key = lot.day.date.toordinal() if lot.day is not None else 0
        self.quantity = lot.quantity
        self.cost = lot.cost.amount
        self.fees = lot.fees.amount

    def give(self, wanted: Decimal, unit: Decimal) -> Lot:
        """Part of it; cost follows pro rata, and what rounding leaves stays here."""
        if wanted == self.quantity:
            given = self.left()
            self.quantity = _ZERO
            return given
        cost = (self.cost * wanted / self.quantity).quantize(unit)
        fees = (self.fees * wanted / self.quantity).quantize(unit) if self.fees else _ZERO
        self.quantity -= wanted
        self.cost -= cost
        self.fees -= fees
        lot, currency = self.lot, self.lot.cost.currency
        money = (Money(cost, currency), Money(fees, currency))
        return Lot(lot.opened, lot.day, lot.seen, wanted, *money, lot.origin)

    def left(self) -> Lot:
        lot = self.lot
        if self.quantity == lot.quantity and self.cost == lot.cost.amount and self.fees == lot.fees.amount:
            return lot
        currency = lot.cost.currency
        money = (Money(self.cost, currency), Money(self.fees, currency))
        return Lot(lot.opened, lot.day, lot.seen, self.quantity, *money, lot.origin)


class LotQueue:
    """The open lots of one instrument on one side, by day and then as they came; unknown days come first.

    Each lot is added and used up once, so a fold is linear. units, cost, fees: of all lots together, never
    below zero. averaged: what the same units would cost had every sale taken the plain average.
    """

    def __init__(self, currency: Currency, method: Method = Method.FIFO, *, side: Side = Side.LONG) -> None:
        self._method = method
        self._side = side
        self._currency = currency
        self._unit = Decimal(1).scaleb(-minor_digits(currency))
        self._lots: list[_Open] = []
        self._head = 0
        self._heap: list[tuple[Decimal, int, int, _Open]] | None = None
        self._pushed = 0
        self.units = _ZERO
        self.cost = _ZERO
        self.fees = _ZERO
        self.averaged = _ZERO

    def add(self, lot: Lot, averaged: Decimal | None = None) -> None:
        """At its place; usually the end. averaged: where plain averaging knows another cost for it."""
        entry = _Open(lot)
        if not self._lots or self._lots[-1].key <= entry.key:
            self._lots.append(entry)
        else:
            place = bisect_right(self._lots, entry.key, lo=self._head, key=lambda other: other.key)
            self._lots.insert(place, entry)
        self.units += entry.quantity
        self.cost += entry.cost
        self.fees += entry.fees
        self.averaged += entry.cost if averaged is None else averaged
        if self._heap is not None:
            self._push(entry)

    def take(
        self,
        wanted: Decimal,
        day: TradingDay | None = None,
        *,
        picks: Sequence[Pick] = (),
        first: Sequence[TransactionId] = (),
    ) -> Taken:
        """`wanted` units: the picked ones, else those of the facts in `first` of `day`, else by the method.

        Raises Oversold (Overcovered for units owed) or Misuse for a wrong pick, with nothing taken.
        """
        if wanted > self.units:
            refusal = Oversold if self._side is Side.LONG else Overcovered
            raise refusal(wanted, self.units, day)
        averaged = self._part(self.averaged, wanted)
        if picks:
            lots = self._picked(picks)
        elif self._method is Method.AVERAGE:
            lots = self._at_average(wanted)
        else:
            lots = self._in_order(wanted, day, first)
        self._count(lots, wanted)
        self.averaged -= averaged
        return Taken(tuple(lots), averaged)

    def has(self, wanted: Decimal, picks: Sequence[Pick] = ()) -> bool:
        """Could `take` give them now?"""
        return wanted <= self.units and all(self._found(pick) is not None for pick in picks)

    def lots(self) -> tuple[Lot, ...]:
        self._spread()
        return tuple(entry.left() for entry in self._lots[self._head :] if entry.quantity)

    def reset(self, lots: Iterable[Lot], averaged: Decimal) -> None:
        """Other lots in place of all: what a corporate action made of them."""
        self._lots, self._head, self._heap = [], 0, None
        self.units = self.cost = self.fees = self.averaged = _ZERO
        for lot in lots:
            self.add(lot)
        self.averaged = averaged

    def _part(self, whole: Decimal, wanted: Decimal) -> Decimal:
        return whole if wanted == self.units else (whole * wanted / self.units).quantize(self._unit)

    def _count(self, lots: Sequence[Lot], wanted: Decimal) -> None:
        self.units -= wanted
        for lot in lots:
            self.cost -= lot.cost.amount
            self.fees -= lot.fees.amount

    def _in_order(self, wanted: Decimal, day: TradingDay | None, first: Sequence[TransactionId]) -> list[Lot]:
        lots: list[Lot] = []
        left = wanted
        for entry in self._of_day(day, first) if day is not None and first else ():
            if left > 0:
                part = min(left, entry.quantity)
                lots.append(entry.give(part, self._unit))
                left -= part
        while left > 0:
            entry = self._next()
            part = left if left < entry.quantity else entry.quantity
            lots.append(entry.give(part, self._unit))
            left -= part
        return lots

    def _next(self) -> _Open:
        """The lot whose turn it is: the oldest, the newest or the dearest that has units left."""
        if self._method is Method.LIFO:
            while not self._lots[-1].quantity:
                self._lots.pop()
            return self._lots[-1]
        if self._method is Method.HIFO:
            return self._dearest()
        while not self._lots[self._head].quantity:
            self._head += 1
        if self._head > 64 and self._head * 2 > len(self._lots):
            del self._lots[: self._head]
            self._head = 0
        return self._lots[self._head]

    def _dearest(self) -> _Open:
        if self._heap is None:
            self._heap = []
            for entry in self._lots[self._head :]:
                if entry.quantity:
                    self._push(entry)
        while not self._heap[0][3].quantity:
            heappop(self._heap)
        return self._heap[0][3]

    def _push(self, entry: _Open) -> None:
        """Dearest first; of short lots the one that brought least: both times the gain is smallest."""
        each = entry.lot.cost.amount / entry.lot.quantity
        self._pushed += 1
        rank = -each if self._side is Side.LONG else each
        if self._heap is not None:
            heappush(self._heap, (rank, entry.key, self._pushed, entry))

    def _of_day(self, day: TradingDay, opened: Sequence[TransactionId]) -> list[_Open]:
        """The lots these facts opened on `day`, oldest first; they stand at the end of the queue."""
        ordinal = day.date.toordinal()
        found: list[_Open] = []
        for place in range(len(self._lots) - 1, self._head - 1, -1):
            entry = self._lots[place]
            if entry.key < ordinal:
                break
            if entry.quantity and entry.key == ordinal and entry.lot.opened in opened:
                found.append(entry)
        return found[::-1]

    def _found(self, pick: Pick) -> list[_Open] | None:
        """The lots a pick names, if together they have its units."""
        entries = [
            entry for entry in self._lots[self._head :] if entry.lot.opened == pick.lot and entry.quantity
        ]
        held = sum((entry.quantity for entry in entries), _ZERO)
        return entries if held >= pick.quantity else None

    def _picked(self, picks: Sequence[Pick]) -> list[Lot]:
        wanted: dict[TransactionId, Decimal] = {}
        for pick in picks:
            wanted[pick.lot] = wanted.get(pick.lot, _ZERO) + pick.quantity
        self._spread()
        chosen = [(quantity, self._found(Pick(lot, quantity)), lot) for lot, quantity in wanted.items()]
        lots: list[Lot] = []
        for quantity, entries, lot in chosen:
            if entries is None:
                raise Misuse(
                    "picks",
                    f"lot {lot} does not hold {plain(quantity)} units",
                    cure="Choose among the lots that are open on that day",
                )
        for quantity, entries, _lot in chosen:
            left = quantity
            for entry in entries or ():
                part = min(left, entry.quantity)
                if part:
                    lots.append(entry.give(part, self._unit))
                left -= part
        return lots

    def _at_average(self, wanted: Decimal) -> list[Lot]:
        """The oldest units, for their days, at the average cost of all."""
        cost, fees = self._part(self.cost, wanted), self._part(self.fees, wanted)
        lots = self._in_order(wanted, None, ())
        weights = [lot.quantity for lot in lots]
        costs, charges = shares(cost, weights, self._unit), shares(fees, weights, self._unit)
        return [
            replace(lot, cost=Money(part, self._currency), fees=Money(charge, self._currency))
            for lot, part, charge in zip(lots, costs, charges, strict=True)
        ]

    def _spread(self) -> None:
        """Under the average method every unit costs the same: say so in the lots."""
        if self._method is not Method.AVERAGE:
            return
        entries = [entry for entry in self._lots[self._head :] if entry.quantity]
        weights = [entry.quantity for entry in entries]
        costs, fees = shares(self.cost, weights, self._unit), shares(self.fees, weights, self._unit)
        for entry, cost, charge in zip(entries, costs, fees, strict=True):
            entry.cost, entry.fees = cost, charge
