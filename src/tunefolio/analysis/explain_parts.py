"""The leaves of derivations and what lies just above them: facts, days, prices and rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.columns import Key
from tunefolio.analysis.derivation import Derivation, Ref, RefKind, given, lacking, leaf, made, money_product
from tunefolio.analysis.tracks import Track
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import DayRow, Movement

UNITS = "units"


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Movements by where they belong, so that a day's sum opens into facts. Without them a day is a leaf."""

    by_day: Mapping[tuple[Key, TradingDay], Sequence[Movement]]
    by_key: Mapping[Key, Sequence[Movement]]
    paid: Mapping[tuple[AccountId, Currency], Sequence[Movement]]

    @classmethod
    def of(cls, movements: Iterable[Movement]) -> Facts:
        by_day: dict[tuple[Key, TradingDay], list[Movement]] = {}
        by_key: dict[Key, list[Movement]] = {}
        paid: dict[tuple[AccountId, Currency], list[Movement]] = {}
        for movement in movements:
            key = Key(movement.account, movement.instrument, movement.currency)
            by_day.setdefault((key, movement.day), []).append(movement)
            by_key.setdefault(key, []).append(movement)
            if movement.cash:
                paid.setdefault((movement.account, movement.currency), []).append(movement)
        return cls(by_day, by_key, paid)


def at_rate(name: str, amount: Derivation, track: Track, day: TradingDay) -> Derivation:
    """The amount at the day's rate, rounded once; itself where no rate is needed."""
    if amount.op == "missing":
        return amount
    if amount.unit == track.currency or not amount.value:
        return made(name, "same", [amount], track.currency)
    rate = explain_rate(track, Currency(amount.unit), day)
    return money_product(name, [amount, rate], track.currency, formula="amount × rate of the day")


def explain_rate(track: Track, base: Currency, day: TradingDay) -> Derivation:
    """The rate into the report's currency that stands on the day."""
    pair = f"{base}/{track.currency}"
    rate = track.market.rates.on(base, track.currency, day)
    if isinstance(rate, Missing):
        return lacking(f"rate {pair}", rate, pair)
    return leaf(f"rate {pair}", rate.rate, pair, Ref(RefKind.RATE, rate.source or pair, 0, rate.day))


def priced(
    track: Track, instrument: InstrumentId, units: Derivation, day: TradingDay, *, name: str, is_held: bool
) -> Derivation:
    market = track.market
    seen = market.prices.on(instrument, day)
    if isinstance(seen, Missing):
        return lacking(name, seen, track.currency)
    if is_held and seen.day.date.toordinal() < track.rebased_before(day):
        worth = track.value(day)
        return lacking(name, worth if isinstance(worth, Missing) else Missing("its price"), track.currency)
    label = f"{market.prices.name(instrument)} ({seen.source})"
    ref = Ref(RefKind.PRICE, label, instrument, seen.day)
    factors = [units, leaf("price", seen.price.amount, seen.price.currency, ref)]
    if seen.price.currency != track.currency:
        factors.append(explain_rate(track, seen.price.currency, day))
    return money_product(name, factors, track.currency, formula="units × price × rate")


def accrued(track: Track, name: str, day: TradingDay) -> Derivation:
    instrument = track.key.instrument
    assert instrument is not None
    whole = track.market.valuers[instrument](track.key.account, day)
    if isinstance(whole, Missing):
        return lacking(name, whole, track.currency)
    grown = given(name, whole.amount, whole.currency, f"accrued by its terms to {day}")
    return at_rate(name, grown, track, day)


def state_of(track: Track, row: DayRow, field: str, facts: Facts | None) -> Derivation:
    """What was held after a day: the sum of all that changed it, or that day's row."""
    unit = UNITS if field == "units" else row.currency
    told = {"cash_balance": "cash"}.get(field, field)
    if facts is None:
        return leaf(field.replace("_", " "), getattr(row, field), unit, day_ref(track, row.day))
    if field == "cash_balance":
        movements = facts.paid.get((row.account, row.currency), ())
    else:
        movements = facts.by_key.get(track.key, ())
    until = [movement for movement in movements if movement.day <= row.day]
    return made(field.replace("_", " "), "sum", fact_leaves(until, told, unit), unit, formula="sum of facts")


def day_sum(track: Track, row: DayRow, field: str, facts: Facts | None) -> Derivation:
    amount: Decimal = getattr(row, field)
    if facts is None:
        return leaf(field, amount, row.currency, day_ref(track, row.day))
    movements = facts.by_day.get((track.key, row.day), ())
    leaves = fact_leaves(movements, field, row.currency)
    return made(field, "sum", leaves, row.currency, formula=f"facts of {row.day}")


def day_cash(track: Track, row: DayRow, facts: Facts | None) -> Derivation:
    """All cash of the day in the currency, from trades as well."""
    if facts is None:
        return leaf("cash", row.cash, row.currency, day_ref(track, row.day))
    movements = [m for m in facts.paid.get((row.account, row.currency), ()) if m.day == row.day]
    return made("cash", "sum", fact_leaves(movements, "cash", row.currency), row.currency)


def fact_leaves(movements: Iterable[Movement], field: str, unit: str) -> list[Derivation]:
    read: Callable[[Movement], Decimal] = lambda movement: getattr(movement, field)  # noqa: E731
    return [
        leaf(
            field, read(each), unit, Ref(RefKind.FACT, f"fact {each.transaction}", each.transaction, each.day)
        )
        for each in movements
        if read(each)
    ]


def day_ref(track: Track, day: TradingDay) -> Ref:
    return Ref(RefKind.DAY, f"{name_of(track)} on {day}", track.key.instrument or 0, day)


def name_of(track: Track) -> str:
    if track.key.instrument is None:
        return f"{track.key.currency} cash of account {track.key.account}"
    return f"{track.market.prices.name(track.key.instrument)} in account {track.key.account}"
