"""A slow fold to test the fast one against: fractions and plain lists, every lot looked at every time.

It follows docs/spec/ledger.md and docs/spec/lots.md and shares nothing with the ledger but facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.ledger.slow_lots import Heap, Refused, Side, resized, rounded, spread
from tunefolio.ledger.kinds import RULES, Delivery, Kind
from tunefolio.ledger.transactions import Transaction

Key = tuple[int, int]


@dataclass
class Stock:
    long: Side
    short: Side
    matches: list[tuple[Any, ...]] = field(default_factory=list)
    income: Fraction = Fraction(0)
    taxes: Fraction = Fraction(0)
    repaid: Fraction = Fraction(0)
    average_gain: Fraction = Fraction(0)
    today: tuple[int, list[int], list[int]] = (0, [], [])

    @property
    def sides(self) -> list[tuple[Side, int]]:
        return [(self.long, 1), (self.short, -1)]


class Slow:
    """Folds all accounts at once. margined, unsquared: instruments of that nature."""

    def __init__(
        self,
        methods: Mapping[int, str] | None = None,
        margined: Iterable[int] = (),
        unsquared: Iterable[int] = (),
    ) -> None:
        self.methods = methods or {}
        self.margined = set(margined)
        self.unsquared = set(unsquared)
        self.stocks: dict[Key, Stock] = {}
        self.cash: dict[tuple[int, str], Fraction] = defaultdict(Fraction)

    def fold(self, facts: Iterable[Transaction]) -> Slow:
        every = list(facts)
        gone = {fact.reverses for fact in every}
        left = [fact for fact in every if fact.reverses is None and fact.id not in gone]
        left.sort(key=lambda t: (t.fact.day, RULES[t.fact.kind].rank, not t.fact.picks, t.id))
        while left:
            day = left[0].fact.day
            today = [fact for fact in left if fact.fact.day == day]
            left = left[len(today) :]
            moves = [t for t in today if t.fact.kind.value.startswith("transfer") and t.fact.instrument]
            others = [t for t in today if t not in moves]
            for transaction in (t for t in others if RULES[t.fact.kind].rank < 40):
                self.apply(transaction)
            self.transfers(moves)
            for transaction in (t for t in others if RULES[t.fact.kind].rank >= 40):
                self.apply(transaction)
        return self

    def stock(self, account: int, instrument: int | None) -> Stock:
        assert instrument is not None
        method = self.methods.get(account, "fifo")
        return self.stocks.setdefault((account, instrument), Stock(Side(method), Side(method, True)))

    def pay(self, account: int, currency: str, amount: Fraction) -> None:
        self.cash[account, currency] += amount

    def money(self, transaction: Transaction, amount: Fraction, fees: Fraction, tax: Fraction) -> None:
        """What touches cash alone."""
        fact, account, currency = transaction.fact, transaction.account, transaction.fact.amount.currency
        if fact.kind in {Kind.WITHDRAWAL, Kind.TRANSFER_OUT, Kind.FEE, Kind.TAX, Kind.CONVERT}:
            amount = -amount
        self.pay(account, currency, amount - fees - tax)
        if fact.counter is not None:
            self.pay(account, fact.counter.currency, Fraction(fact.counter.amount))

    def apply(self, transaction: Transaction) -> None:
        fact, account = transaction.fact, transaction.account
        amount, fees, tax = (Fraction(m.amount) for m in (fact.amount, fact.charges, fact.withheld))
        accrued, currency, kind = Fraction(fact.interest.amount), fact.amount.currency, fact.kind
        if fact.instrument is None or kind in {Kind.FEE, Kind.TAX}:
            return self.money(transaction, amount, fees, tax)
        if kind in _ACTIONS and not self._held(account, fact.instrument):
            raise Refused("nothing held")
        stock = self.stock(account, fact.instrument)
        units = Fraction(fact.quantity or 0)
        if kind in _ACTIONS or kind is Kind.SUBSCRIBE:
            return self.action(transaction, stock, amount, fees, tax)
        if kind in {Kind.DIVIDEND, Kind.INTEREST}:
            stock.income += amount - fees
            stock.taxes += tax
            return self.pay(account, currency, amount - fees - tax)
        if kind is Kind.OPENING:
            day = fact.acquired.date.toordinal() if fact.acquired else None
            return stock.long.put([Heap(transaction.id, day, units, amount, Fraction(0))], amount)
        return self.trade(transaction, stock, units, (amount, fees, tax, accrued))

    def trade(
        self,
        transaction: Transaction,
        stock: Stock,
        units: Fraction,
        sums: tuple[Fraction, Fraction, Fraction, Fraction],
    ) -> None:
        amount, fees, tax, accrued = sums
        fact, account, kind = transaction.fact, transaction.account, transaction.fact.kind
        currency, future = fact.amount.currency, fact.instrument in self.margined
        here = fact.day.date.toordinal()
        if stock.today[0] != here:
            stock.today = (here, [], [])
        if kind in {Kind.BUY, Kind.SIP, Kind.REINVEST, Kind.STAKING, Kind.AIRDROP}:
            stock.long.put([Heap(transaction.id, here, units, amount + fees, fees)], amount + fees)
            if kind in {Kind.BUY, Kind.SIP}:
                stock.today[1].append(transaction.id)
                stock.income -= accrued
                self.pay(account, currency, -fees - accrued - (0 if future else amount))
            else:
                stock.income += amount + fees + tax
                stock.taxes += tax
            return None
        if kind is Kind.SHORT:
            stock.short.put([Heap(transaction.id, here, units, amount - fees, fees)], amount - fees)
            stock.today[2].append(transaction.id)
            return self.pay(account, currency, -fees + (0 if future else amount))
        squares = fact.instrument not in self.unsquared
        if kind in {Kind.EXERCISE, Kind.ASSIGNMENT} and fact.delivery is not None:
            return self.deliver(transaction, stock, units, amount, fees, tax)
        short = kind in {Kind.COVER, Kind.ASSIGNMENT} or (
            kind is Kind.EXPIRY and stock.long.units < units and stock.short.units > 0
        )
        first: list[int] = stock.today[2] if short else stock.today[1]
        if not squares or kind not in {Kind.SELL, Kind.COVER}:
            first = []
        self.close(transaction, stock, units, first, short, (amount, fees, tax, accrued))
        return None

    def close(
        self,
        transaction: Transaction,
        stock: Stock,
        units: Fraction,
        first: Sequence[int],
        short: bool,
        sums: tuple[Fraction, Fraction, Fraction, Fraction],
    ) -> None:
        amount, fees, tax, accrued = sums
        fact, account, currency = transaction.fact, transaction.account, transaction.fact.amount.currency
        future = fact.instrument in self.margined
        picks = [(pick.lot, Fraction(pick.quantity)) for pick in fact.picks]
        side = stock.short if short else stock.long
        taken, average = side.take(units, picks, first)
        stock.taxes += tax
        if short:
            gain = sum((lot.cost + lot.fees for lot in taken), Fraction(0)) - amount
            self._match_short(transaction.id, stock, taken, amount + fees, fees)
            stock.average_gain += average - amount - fees
            self.pay(account, currency, (gain if future else -amount) - fees - tax)
        else:
            gain = amount - sum((lot.gross for lot in taken), Fraction(0))
            self._match(transaction.id, stock, taken, amount - fees, fees)
            stock.average_gain += amount - fees - average
            stock.income += accrued
            self.pay(account, currency, (gain if future else amount) + accrued - fees - tax)

    def _match(self, id: int, stock: Stock, taken: list[Heap], net: Fraction, fees: Fraction) -> None:
        weights = [lot.units for lot in taken]
        for lot, share, fee in zip(taken, spread(net, weights), spread(fees, weights), strict=True):
            stock.matches.append(("long", id, lot.opened, lot.day, lot.units, lot.cost, lot.fees, share, fee))

    def _match_short(self, id: int, stock: Stock, taken: list[Heap], paid: Fraction, fees: Fraction) -> None:
        weights = [lot.units for lot in taken]
        for lot, share, fee in zip(taken, spread(paid, weights), spread(fees, weights), strict=True):
            stock.matches.append(
                ("short", id, lot.opened, lot.day, lot.units, share, fee, lot.cost, lot.fees)
            )

    def deliver(
        self,
        transaction: Transaction,
        option: Stock,
        units: Fraction,
        amount: Fraction,
        fees: Fraction,
        tax: Fraction,
    ) -> None:
        fact, account, currency = transaction.fact, transaction.account, transaction.fact.amount.currency
        held = fact.kind is Kind.EXERCISE
        taken, average = (option.long if held else option.short).take(units)
        net = sum((lot.cost for lot in taken), Fraction(0)) * (1 if held else -1)
        charges = sum((lot.fees for lot in taken), Fraction(0))
        average = average if held else -average
        other = self.stock(account, fact.other)
        if fact.delivery is Delivery.TAKES:
            cost = amount + fees + net
            if cost < 0:
                raise Refused("negative cost")
            lot = Heap(transaction.id, fact.day.date.toordinal(), units, cost, fees + charges)
            other.long.put([lot], amount + fees + average)
            return self.pay(account, currency, -amount - fees)
        given, plain_cost = other.long.take(units)
        self._match(transaction.id, other, given, amount - fees - net, fees + charges)
        other.average_gain += amount - fees - average - plain_cost
        other.taxes += tax
        return self.pay(account, currency, amount - fees - tax)

    def action(
        self, transaction: Transaction, stock: Stock, amount: Fraction, fees: Fraction, tax: Fraction
    ) -> None:
        fact, account, currency = transaction.fact, transaction.account, transaction.fact.amount.currency
        here = fact.day.date.toordinal()
        other = self.stock(account, fact.other) if fact.other else None
        stated = Fraction(fact.quantity or 0)
        if fact.kind is Kind.REPAYMENT:
            return self._repay(transaction, stock, amount, fees, tax)
        if fact.kind is Kind.IN_SPECIE:
            assert other is not None
            stock.income += amount + tax
            stock.taxes += tax
            return other.long.put([Heap(transaction.id, here, stated, amount, Fraction(0))], amount)
        if fact.kind is Kind.RIGHTS:
            assert other is not None
            return other.long.put([Heap(transaction.id, here, stated, Fraction(0), Fraction(0))], Fraction(0))
        if fact.kind is Kind.SUBSCRIBE:
            used, average = other.long.take(stated) if other else ([], Fraction(0))
            carried = sum((lot.cost for lot in used), Fraction(0))
            charges = sum((lot.fees for lot in used), Fraction(0))
            lot = Heap(transaction.id, here, stated, amount + fees + carried, fees + charges)
            stock.long.put([lot], amount + fees + average)
            return self.pay(account, currency, -amount - fees)
        if fact.kind is Kind.MERGER and amount and stock.short.units:
            raise Refused("owed")
        if fact.kind is Kind.MERGER and other is None:
            return self.close(
                transaction, stock, stock.long.units, [], False, (amount, fees, tax, Fraction(0))
            )
        if fact.kind is Kind.MERGER:
            self.pay(account, currency, amount - fees - tax)
            stock.taxes += tax
            if amount:
                share = Fraction(fact.cost_ratio or 1)
                kept, average = self._cut(stock.long, share)
                gone, gone_average = stock.long.lots, stock.long.average
                self._match(transaction.id, stock, gone, amount - fees, fees)
                stock.average_gain += amount - fees - gone_average
                stock.long.lots, stock.long.average = kept, average
        self._sides(transaction, stock, other)
        return None

    def _sides(self, transaction: Transaction, stock: Stock, other: Stock | None) -> None:
        """Units held and units owed, each by the ratio or to what the broker credited."""
        fact, here = transaction.fact, transaction.fact.day.date.toordinal()
        ratio = Fraction(fact.ratio.new) / Fraction(fact.ratio.old) if fact.ratio else Fraction(1)
        stated = Fraction(fact.quantity) if fact.quantity is not None else None
        for side, sign in stock.sides:
            if not side.units:
                continue
            credited = stated if stated is not None else rounded(side.units * ratio, 8)
            stated = None
            mirror = (other.long if sign > 0 else other.short) if other else side
            if fact.kind is Kind.BONUS:
                if credited:
                    new = Heap(transaction.id, here, credited, Fraction(0), Fraction(0))
                    side.put([new], Fraction(0))
            elif fact.kind is Kind.DEMERGER:
                children, average = self._cut(side, Fraction(fact.cost_ratio or 0))
                mirror.put(resized(children, credited), average)
                side.level()
            else:
                if fact.kind is not Kind.RENAME:
                    side.lots = resized(side.lots, credited)
                if mirror is not side:
                    lots, side.lots = side.lots, []
                    average, side.average = side.average, Fraction(0)
                    mirror.put(lots, average)
                side.level()

    def _cut(self, side: Side, share: Fraction) -> tuple[list[Heap], Fraction]:
        """Twins of all lots with `share` of their cost; the lots keep the rest."""
        side.level()
        goes = rounded(sum((lot.cost for lot in side.lots), Fraction(0)) * share)
        fees = rounded(sum((lot.fees for lot in side.lots), Fraction(0)) * share)
        costs = spread(goes, [lot.cost for lot in side.lots])
        charges = spread(fees, [lot.fees for lot in side.lots])
        twins = []
        for lot, cost, fee in zip(side.lots, costs, charges, strict=True):
            twins.append(Heap(lot.opened, lot.day, lot.units, cost, fee))
            lot.cost, lot.fees = lot.cost - cost, lot.fees - fee
            lot.each = lot.cost / lot.units
        average = rounded(side.average * share)
        side.average -= average
        return twins, average

    def _repay(
        self, transaction: Transaction, stock: Stock, amount: Fraction, fees: Fraction, tax: Fraction
    ) -> None:
        side = stock.long
        if not side.units:
            raise Refused("only owed")
        side.level()
        beyond = Fraction(0)
        for lot, part in zip(side.lots, spread(amount, [lot.units for lot in side.lots]), strict=True):
            price = min(part, max(lot.gross, Fraction(0)))
            charge = min(part - price, lot.fees)
            lot.cost, lot.fees = lot.cost - price - charge, lot.fees - charge
            lot.each = lot.cost / lot.units
            beyond += part - price - charge
        stock.repaid += beyond
        stock.average_gain += max(amount - side.average, Fraction(0))
        side.average = max(side.average - amount, Fraction(0))
        side.level()
        stock.taxes += tax
        self.pay(transaction.account, transaction.fact.amount.currency, amount - fees - tax)

    def transfers(self, moves: list[Transaction]) -> None:
        outs = [t for t in moves if t.fact.kind is Kind.TRANSFER_OUT]
        ins = [t for t in moves if t.fact.kind is Kind.TRANSFER_IN]
        strangers = [t for t in ins if t.fact.counterpart is None]
        for t in moves:
            self.pay(t.account, t.fact.amount.currency, -Fraction(t.fact.charges.amount))
        partner = self._partners(outs, [t for t in ins if t.fact.counterpart is not None])
        once = True
        while outs or once:
            arrived: list[tuple[Transaction, list[Heap], Fraction]] = []
            waiting = []
            for out in outs:
                side = self.stock(out.account, out.fact.instrument).long
                picks = [(pick.lot, Fraction(pick.quantity)) for pick in out.fact.picks]
                try:
                    taken, average = side.take(Fraction(out.fact.quantity or 0), picks)
                except Refused:
                    waiting.append(out)
                    continue
                arrived.append((out, taken, average))
            for out, taken, average in arrived:
                one = partner.get(out.id)
                if one is not None:
                    lots = [Heap(one.id, lot.day, lot.units, lot.cost, lot.fees) for lot in taken]
                    self.stock(one.account, one.fact.instrument).long.put(lots, average)
            if not once and not arrived:
                raise Refused("too few units, or a circle")
            for one in strangers if once else ():
                fact, cost = one.fact, Fraction(one.fact.amount.amount)
                day = fact.acquired.date.toordinal() if fact.acquired else None
                lot = Heap(one.id, day, Fraction(fact.quantity or 0), cost, Fraction(0))
                self.stock(one.account, fact.instrument).long.put([lot], cost)
            outs, once = waiting, False

    def _partners(self, outs: list[Transaction], inside: list[Transaction]) -> dict[int, Transaction]:
        partner: dict[int, Transaction] = {}
        for out in (t for t in outs if t.fact.counterpart is not None):
            for one in inside:
                same = (one.account, one.fact.counterpart) == (out.fact.counterpart, out.account)
                what = (one.fact.instrument, one.fact.quantity) == (out.fact.instrument, out.fact.quantity)
                if same and what:
                    partner[out.id] = one
                    inside.remove(one)
                    break
            else:
                raise Refused("no other half")
        if inside:
            raise Refused("no other half")
        return partner

    def _held(self, account: int, instrument: int) -> bool:
        stock = self.stocks.get((account, instrument))
        return stock is not None and bool(stock.long.units or stock.short.units)


_ACTIONS = frozenset(
    {
        Kind.SPLIT, Kind.BONUS, Kind.RIGHTS, Kind.MERGER, Kind.DEMERGER, Kind.REPAYMENT, Kind.RENAME,
        Kind.IN_SPECIE,
    }
)  # fmt: skip
