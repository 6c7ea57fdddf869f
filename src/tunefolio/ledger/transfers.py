"""Transfers: units leave one account and the very lots arrive in another on the same day.

Only the half that sends says which units go. Within a day a transfer waits until its units are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.ordering import units_of
from tunefolio.ledger.queues import Taken
from tunefolio.ledger.state import ZERO, Books, Stock, add, sum_of
from tunefolio.ledger.trades import arrive
from tunefolio.ledger.transactions import Transaction

TRANSFERS = frozenset({Kind.TRANSFER_OUT, Kind.TRANSFER_IN})
_FOLD_TOGETHER = "Fold the accounts of one person together"


@dataclass(frozen=True, slots=True)
class Pair:
    """Both halves of one transfer inside the books; `arrives` is None when it leaves them."""

    leaves: Transaction
    arrives: Transaction | None


def paired(facts: Iterable[Transaction]) -> list[Pair]:
    """Each fact that sends with the one that receives: by their shared source key, else by saying the same.

    Raises Misuse naming both accounts and the day where a half is missing or says otherwise.
    """
    inside = [fact for fact in facts if fact.fact.kind in TRANSFERS and fact.fact.counterpart is not None]
    arrivals: dict[tuple[object, ...], list[Transaction]] = {}
    for fact in inside:
        if fact.fact.kind is Kind.TRANSFER_IN:
            arrivals.setdefault(_by_key(fact), []).append(fact)
    pairs: list[Pair] = []
    alone: list[Transaction] = []
    for fact in (fact for fact in inside if fact.fact.kind is Kind.TRANSFER_OUT):
        same_key = arrivals.get(_by_key(fact))
        if same_key:
            pairs.append(_agreeing(fact, same_key.pop(0)))
        else:
            alone.append(fact)
    return pairs + _by_what_they_say(alone, [fact for some in arrivals.values() for fact in some])


def _by_what_they_say(leaving: Sequence[Transaction], arriving: Sequence[Transaction]) -> list[Pair]:
    waiting: dict[tuple[object, ...], list[Transaction]] = {}
    for fact in sorted(arriving, key=lambda each: each.id):
        waiting.setdefault(_saying(fact), []).append(fact)
    pairs: list[Pair] = []
    lonely: list[Transaction] = []
    for fact in sorted(leaving, key=lambda each: each.id):
        found = waiting.get(_saying(fact))
        if found:
            pairs.append(Pair(fact, found.pop(0)))
        else:
            lonely.append(fact)
    left = [fact for some in waiting.values() for fact in some]
    for fact in lonely:
        for candidate in left:
            if _route(candidate) == _route(fact):
                _agreeing(fact, candidate)
    if lonely or left:
        raise _missing_half((lonely or left)[0])
    return pairs


def _route(fact: Transaction) -> tuple[object, ...]:
    """(sender, receiver, instrument)."""
    sends = fact.fact.kind is Kind.TRANSFER_OUT
    ends = (fact.account, fact.fact.counterpart)
    return (*(ends if sends else ends[::-1]), fact.fact.instrument)


def _by_key(fact: Transaction) -> tuple[object, ...]:
    return (*_route(fact), fact.source_key)


def _saying(fact: Transaction) -> tuple[object, ...]:
    said = fact.fact
    return (*_route(fact), said.day, said.quantity, _money(fact))


def _money(fact: Transaction) -> tuple[Decimal, str] | None:
    return None if fact.fact.instrument is not None else (fact.fact.amount.amount, fact.fact.amount.currency)


def _agreeing(leaves: Transaction, arrives: Transaction) -> Pair:
    """The two as a pair; raises Misuse where they say different days or quantities."""
    one, two = leaves.fact, arrives.fact
    ends = f"from account {leaves.account} to account {arrives.account}"
    if one.day != two.day:
        raise Misuse(
            "day", f"a transfer {ends} leaves on {one.day} and arrives on {two.day}",
            cure="Give both halves the day it left",
        )  # fmt: skip
    if one.quantity != two.quantity or _money(leaves) != _money(arrives):
        sent = plain(one.quantity) or str(one.amount)
        received = plain(two.quantity) or str(two.amount)
        raise Misuse(
            "quantity", f"a transfer {ends} on {one.day} sends {sent} and receives {received}",
            cure="Correct the half that is wrong",
        )  # fmt: skip
    return Pair(leaves, arrives)


def _missing_half(fact: Transaction) -> Misuse:
    sender, receiver, _instrument = _route(fact)
    missing = "transfer_in" if fact.fact.kind is Kind.TRANSFER_OUT else "transfer_out"
    where = receiver if fact.fact.kind is Kind.TRANSFER_OUT else sender
    return Misuse(
        "counterpart",
        f"a transfer from account {sender} to account {receiver} on {fact.fact.day} lacks its other half",
        cure=f"Record the {missing} in account {where}, or leave the counterpart out",
    )


def move_all(books: Books, facts: Sequence[Transaction], pairs: Sequence[Pair]) -> None:
    """The transfers of one day. In each round all that can leave leaves, then arrives: so what an account
    held before the day goes before what it receives, and a chain needs no order."""
    receiving = {pair.leaves.id: pair.arrives for pair in pairs}
    waiting = [fact for fact in facts if fact.fact.kind is Kind.TRANSFER_OUT]
    coming = [fact for fact in facts if fact.fact.kind is Kind.TRANSFER_IN and not _is_inside(fact)]
    first = True
    while waiting or first:
        left: list[Transaction] = []
        moved: list[tuple[Transaction, Taken, Stock]] = []
        for fact in waiting:
            stock = books.stock(fact)
            if stock.long.has(units_of(fact.fact), fact.fact.picks):
                moved.append((fact, _leave(books, fact, stock), stock))
            else:
                left.append(fact)
        for fact, taken, stock in moved:
            arrival = receiving.get(fact.id)
            if arrival is not None:
                _arrive(books, arrival, stock, taken)
        if first:
            for fact in coming:
                arrive(
                    books, fact, books.stock(fact), units=units_of(fact.fact), amount=fact.fact.amount.amount
                )
        elif not moved:
            raise _stuck(books, left)
        waiting, first = left, False


def refuse_halves(fact: Transaction) -> None:
    """Of an account folded alone: units from another account of these books cannot be known."""
    if fact.fact.kind is Kind.TRANSFER_IN and _is_inside(fact) and fact.fact.instrument is not None:
        raise Misuse(
            "counterpart",
            f"account {fact.account} receives units from account {fact.fact.counterpart} on {fact.fact.day}",
            cure=_FOLD_TOGETHER,
        )


def refuse_strangers(fact: Transaction, accounts: Iterable[AccountId]) -> None:
    """Raises Misuse for a transfer whose other account is not among those folded."""
    counterpart = fact.fact.counterpart
    if counterpart is not None and (counterpart not in accounts or counterpart == fact.account):
        raise Misuse(
            "counterpart",
            f"account {fact.account} names account {counterpart} on {fact.fact.day}, not one of these",
            cure=f"{_FOLD_TOGETHER}, or leave the counterpart out",
        )


def _is_inside(fact: Transaction) -> bool:
    return fact.fact.counterpart is not None


def _leave(books: Books, transaction: Transaction, stock: Stock) -> Taken:
    fact = transaction.fact
    units, fees = units_of(fact), sum_of(fact.fees)
    taken = stock.long.take(units, fact.day, picks=fact.picks)
    price = taken.price_cost()
    _moved(books, transaction, stock, units=-units, price=-price, charges=-taken.fees(), fees=fees)
    return taken


def _arrive(books: Books, transaction: Transaction, sender: Stock, taken: Taken) -> None:
    """The lots that left, under the fact that received them, with what they cost at plain average."""
    fact = transaction.fact
    if fact.instrument is None:
        return
    stock = books.stock_of(transaction.account, fact.instrument, sender.currency)
    for place, lot in enumerate(taken.lots):
        received = replace(lot, opened=transaction.id, origin=lot.origin or lot.opened)
        stock.long.add(received, taken.averaged if place == 0 else ZERO)
    units, charges = units_of(fact), taken.fees()
    price = taken.price_cost()
    _moved(books, transaction, stock, units=units, price=price, charges=charges, fees=sum_of(fact.fees))


def _moved(
    books: Books, transaction: Transaction, stock: Stock, *, units: Decimal, price: Decimal, charges: Decimal,
    fees: Decimal,
) -> None:  # fmt: skip
    """units, price, charges: signed as they come or go. fees: what the transfer itself cost."""
    state = {"notional": price} if stock.margined else {"cost": price, "moved": price}
    sums = {"fees": fees, "cash": -fees} if fees else {}
    if fees:
        stock.must_be_in(transaction.fact.amount.currency)
        add(books.fees, stock.account, stock.currency, fees)
    books.move(
        transaction, stock, units=units, lot_fees=charges, moved_in=stock.instrument, moved_units=units,
        **state, **sums,
    )  # fmt: skip


def _stuck(books: Books, waiting: Sequence[Transaction]) -> Misuse:
    """Why nothing moves: transfers that wait for each other, or simply too few units."""
    wanted: dict[AccountId, AccountId | None] = {fact.account: fact.fact.counterpart for fact in waiting}
    fact = waiting[0]
    circle = _circle(wanted, fact.account)
    day: TradingDay = fact.fact.day
    instrument: InstrumentId | None = fact.fact.instrument
    if circle:
        names = " and ".join(f"account {account}" for account in circle)
        return Misuse(
            "counterpart",
            f"transfers of instrument {instrument} on {day} between {names} wait for each other",
            cure="One of them must hold the units before that day",
        )
    stock = books.stock(fact)
    if units_of(fact.fact) <= stock.long.units:
        stock.long.take(units_of(fact.fact), day, picks=fact.fact.picks)
    return Misuse(
        "quantity",
        f"account {fact.account} sends {plain(fact.fact.quantity)} on {day} "
        f"but only {plain(stock.long.units)} are held",
        cure="Record the missing purchase or an opening position first",
    )


def _circle(wanted: dict[AccountId, AccountId | None], start: AccountId) -> list[AccountId]:
    """The accounts of the circle that is reached from `start`, in its order; empty when there is none."""
    path: list[AccountId] = []
    account: AccountId | None = start
    while account is not None and account in wanted and account not in path:
        path.append(account)
        account = wanted[account]
    return path[path.index(account) :] if account in path else []
