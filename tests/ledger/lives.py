"""Random lawful books of several accounts in which everything happens: trades, shorts, transfers, actions.

Drawn from one seed and a size, so that examples are dense in events and shrink by getting shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.books import recorded
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import RULES, Delivery, Kind
from tunefolio.ledger.lots import Lot, Method
from tunefolio.ledger.positions import Holdings, Nature, Terms, fold_all
from tunefolio.ledger.transactions import Fact, Pick, Ratio, Transaction

SHARES = tuple(InstrumentId(n) for n in range(1, 4))
UNSQUARED, ENTITLEMENT = InstrumentId(3), InstrumentId(6)
FUTURE, OPTION = InstrumentId(7), InstrumentId(8)
NATURES = {FUTURE: Nature(margined=True), UNSQUARED: Nature(squares=False)}
START = TradingDay.parse("2024-01-01")

Histories = dict[AccountId, list[Transaction]]

_OFTEN = [Kind.BUY] * 8 + [Kind.SELL] * 5 + [Kind.SHORT] * 2 + [Kind.COVER] * 2 + [Kind.TRANSFER_OUT] * 3
_LIKELY = [*_OFTEN, *Kind, Kind.EXERCISE, Kind.ASSIGNMENT, Kind.DEMERGER, Kind.MERGER]
_LEAVING = {Kind.COVER, Kind.ASSIGNMENT, Kind.TRANSFER_OUT}
_TRANSFERS = {Kind.TRANSFER_IN, Kind.TRANSFER_OUT}

seeds = st.integers(0, 2**32)
methods = st.sampled_from(list(Method))


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Any method for each account; a future and an instrument that does not square among the shares."""
    return Terms(NATURES, {AccountId(n): draw(methods) for n in (1, 2, 3)})


@st.composite
def lives(draw: st.DrawFn, chosen: Terms, max_size: int = 40, accounts: int = 2) -> Histories:
    """Facts of some accounts in the order of their days; what would be unlawful is left out."""
    return live(Random(draw(seeds)), chosen, size=draw(st.integers(10, max_size)), accounts=accounts)


def live(chance: Random, chosen: Terms, *, size: int, accounts: int = 2) -> Histories:
    histories: Histories = {AccountId(n): [] for n in range(1, accounts + 1)}
    held = fold_all(histories, chosen)
    number, day = 0, START
    for _ in range(size):
        day = day.plus_days(chance.choice([0, 0, 1, 30]))
        account = AccountId(chance.randint(1, accounts))
        fact = candidate(chance, account, day, held)
        added = [recorded(fact, number + 1, account=account)]
        if fact.kind is Kind.TRANSFER_OUT and fact.counterpart is not None:
            half = Fact(
                Kind.TRANSFER_IN, day, fact.amount, fact.instrument, fact.quantity, counterpart=account
            )
            added.append(recorded(half, number + 2, account=fact.counterpart))
        wider = {a: [*some, *(t for t in added if t.account == a)] for a, some in histories.items()}
        try:
            held = fold_all(wider, chosen)
        except Misuse:
            continue
        histories, number = wider, number + len(added)
    return histories


def candidate(chance: Random, account: AccountId, day: TradingDay, held: dict[AccountId, Holdings]) -> Fact:
    """A fact of any kind, made to fit what the account holds more often than not."""
    kind = chance.choice(_LIKELY)
    rule = RULES[kind]
    instrument = _instrument_for(chance, kind)
    position = held[account].positions.get(instrument)
    longs = position.held if position else Decimal(0)
    shorts = position.owed if position else Decimal(0)
    owed = kind in {Kind.COVER, Kind.ASSIGNMENT} or (kind is Kind.EXPIRY and not longs)
    there = shorts if owed else longs
    fields: dict[str, Any] = {}
    if "quantity" in rule.needs or kind in _TRANSFERS:
        leaves = rule.units.startswith("−") or kind in _LEAVING
        fields["quantity"] = _part_of(chance, there) if leaves and there else _units(chance)
        if "picks" in rule.may and position and chance.random() < 0.25:
            lots = position.shorts if kind is Kind.COVER else position.lots
            fields["picks"] = _picks(lots[:: chance.choice([1, -1])], fields["quantity"])
    for name in ("fees", "tax", "accrued"):
        if rule.allows(name) and chance.random() < 0.5:
            fields[name] = Money(Decimal(chance.randint(0, 5_000)) / 100, INR)
    if "ratio" in rule.needs:
        fields["ratio"] = _ratio(chance)
    if "cost_ratio" in rule.needs:
        fields["cost_ratio"] = _share(chance)
    if kind in {Kind.SPLIT, Kind.BONUS, Kind.DEMERGER} and there and chance.random() < 0.25:
        fields["quantity"] = _units(chance)
    _specials(chance, kind, fields, instrument=instrument, others=[a for a in held if a != account])
    amount = _amount(chance, kind, fields)
    if kind is Kind.MERGER and "ratio" in fields and amount:
        fields["cost_ratio"] = _share(chance)
    named = instrument if "instrument" in rule.needs or kind in _TRANSFERS else None
    if kind is Kind.INTEREST and chance.random() < 0.5:
        named = instrument
    return Fact(kind, day, Money(amount, INR), named, **fields)


def _amount(chance: Random, kind: Kind, fields: dict[str, Any]) -> Decimal:
    rule = RULES[kind]
    if not rule.allows("amount") or kind is Kind.TRANSFER_OUT:
        return Decimal(0)
    if kind is Kind.MERGER and "ratio" in fields and chance.random() < 0.5:
        return Decimal(0)
    if kind in {Kind.AIRDROP, Kind.EXPIRY} and chance.random() < 0.4:
        return Decimal(0)
    return Decimal(chance.randint(1, chance.choice([300, 500_000]))) / 100


def _units(chance: Random) -> Decimal:
    return (
        Decimal(chance.randint(1, 60)) if chance.random() < 0.6 else Decimal(chance.randint(1, 20_000)) / 1000
    )


def _ratio(chance: Random) -> Ratio:
    return Ratio(Decimal(chance.randint(1, 7)), Decimal(chance.randint(1, 7)))


def _share(chance: Random) -> Decimal:
    return Decimal(chance.randint(1, 10_000)) / 10_000


def _instrument_for(chance: Random, kind: Kind) -> InstrumentId:
    if kind in {Kind.EXERCISE, Kind.ASSIGNMENT}:
        return OPTION
    if kind in {Kind.BUY, Kind.SELL, Kind.SHORT, Kind.COVER, Kind.EXPIRY}:
        return chance.choice([*SHARES, *SHARES, FUTURE, OPTION])
    return chance.choice(SHARES)


def _part_of(chance: Random, there: Decimal) -> Decimal:
    parts = [there, *((there / n).quantize(Decimal("0.00000001"), "ROUND_DOWN") for n in (2, 3))]
    return chance.choice([part for part in parts if part > 0])


def _picks(lots: Sequence[Lot], wanted: Decimal) -> tuple[Pick, ...]:
    left = wanted
    picks: dict[TransactionId, Decimal] = {}
    for lot in lots:
        part = min(left, lot.quantity)
        if part > 0:
            picks[lot.opened] = picks.get(lot.opened, Decimal(0)) + part
            left -= part
    return tuple(Pick(lot, part) for lot, part in picks.items()) if left == 0 else ()


def _specials(
    chance: Random,
    kind: Kind,
    fields: dict[str, Any],
    *,
    instrument: InstrumentId,
    others: Sequence[AccountId],
) -> None:
    """What only some kinds have: second instruments, counterparts, deliveries."""
    rest = [other for other in SHARES if other != instrument]
    half = chance.random() < 0.5
    if kind in {Kind.RENAME, Kind.DEMERGER, Kind.IN_SPECIE} or (kind is Kind.SPLIT and half):
        fields["other"] = chance.choice(rest)
    if kind is Kind.RIGHTS or (kind is Kind.SUBSCRIBE and half):
        fields["other"] = ENTITLEMENT
    if kind is Kind.MERGER and chance.random() < 0.7:
        fields["other"], fields["ratio"] = chance.choice(rest), _ratio(chance)
    if kind in {Kind.EXERCISE, Kind.ASSIGNMENT} and chance.random() < 0.7:
        fields["other"], fields["delivery"] = chance.choice(SHARES), chance.choice(list(Delivery))
        if fields["delivery"] is Delivery.TAKES:
            fields.pop("tax", None)
    if kind is Kind.TRANSFER_OUT and others and chance.random() < 0.8:
        fields["counterpart"] = chance.choice(others)
    if kind is Kind.OPENING and half:
        fields["acquired"] = START.plus_days(-chance.randint(1, 900))
    if kind is Kind.CONVERT:
        fields["counter"] = Money(Decimal(chance.randint(1, 900)), Currency("USD"))
