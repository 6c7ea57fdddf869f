"""What an action means for the units one account held before its ex-date: the fact, or what it lacks."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal

from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money, plain
from tunefolio.ledger.corporate import units_after
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, Ratio
from tunefolio.market.actions import Action, ActionKind, lacking
from tunefolio.market.instruments import AssetClass, Instrument

_EXACT = Context(prec=38)
_WHOLE_UNITS = frozenset({AssetClass.EQUITY, AssetClass.ETF})
_WHOLE_ON = frozenset({"NSE", "BSE"})
_FRACTIONS = "fractions of a unit are paid in money: record what came as a dividend or a sale"


def fact_of(
    action: Action, instrument: Instrument, held: Decimal, successor: InstrumentId | None = None
) -> Fact | Missing:
    """The fact for `held` > 0 units of the instrument, dated on the ex-date.

    successor: the row of the same share under its new ISIN, where a split changed it. Whole units only are
    credited on Indian exchanges: where the ratio leaves a fraction, the fact says the whole number.
    """
    hole = lacking(action.terms, action.other)
    if hole is not None:
        return hole
    match action.kind:
        case ActionKind.SPLIT | ActionKind.BONUS:
            return _resized(action, instrument, held, successor)
        case ActionKind.DIVIDEND | ActionKind.REPAYMENT:
            return _paid(action, instrument, held)
        case ActionKind.RIGHTS:
            return _entitled(action, instrument, held)
        case ActionKind.MERGER | ActionKind.DEMERGER:
            return _exchanged(action, instrument, held)
        case ActionKind.RENAME:
            zero = Money.zero(instrument.currency)
            return Fact(Kind.RENAME, action.ex_day, zero, instrument.id, other=action.other)
        case ActionKind.BUYBACK:
            return Missing("units taken", "A tender is your own decision: record a buyback when it is paid")


def _resized(
    action: Action, instrument: Instrument, held: Decimal, successor: InstrumentId | None
) -> Fact | Missing:
    kind, ratio = Kind(action.kind.value), _ratio(action)
    made = units_after(held, ratio)
    credited = _credited(made, instrument, held)
    if credited <= 0:
        return Missing("a whole unit", f"{plain(held)} units make {plain(made)}: {_FRACTIONS}")
    return Fact(
        kind,
        action.ex_day,
        Money.zero(instrument.currency),
        instrument.id,
        credited if credited != made else None,
        note=_note(action, made - credited),
        ratio=ratio,
        other=successor if kind is Kind.SPLIT else None,
    )


def _paid(action: Action, instrument: Instrument, held: Decimal) -> Fact | Missing:
    terms = action.terms
    if terms.amount is None:
        return Missing("amount per unit")
    amount = Money(_EXACT.multiply(terms.amount, held), terms.currency).rounded()
    kind = Kind(action.kind.value)
    note = f"{plain(held)} × {plain(terms.amount)} {terms.currency}, before tax"
    return Fact(kind, action.ex_day, amount, instrument.id, note=note)


def _entitled(action: Action, instrument: Instrument, held: Decimal) -> Fact | Missing:
    if action.other is None:
        return Missing("other instrument", "Name the entitlement, as NSE:GRASIM-RE, in an actions file")
    units = _credited(units_after(held, _ratio(action)), instrument, held)
    if units <= 0:
        return Missing("a whole unit", "Too few units are held for one entitlement")
    zero = Money.zero(instrument.currency)
    return Fact(
        Kind.RIGHTS, action.ex_day, zero, instrument.id, units, note=_note(action), other=action.other
    )


def _exchanged(action: Action, instrument: Instrument, held: Decimal) -> Fact | Missing:
    """Units of the other company for those held; a merger may pay money beside or instead of them."""
    terms, kind = action.terms, Kind(action.kind.value)
    ratio = _ratio(action) if terms.new is not None else None
    made = units_after(held, ratio) if ratio is not None else Decimal(0)
    credited = _credited(made, instrument, held)
    if ratio is not None and credited <= 0:
        return Missing("a whole unit", f"{plain(held)} units make {plain(made)}: {_FRACTIONS}")
    paid = _EXACT.multiply(terms.amount, held) if kind is Kind.MERGER and terms.amount else Decimal(0)
    return Fact(
        kind,
        action.ex_day,
        Money(paid, instrument.currency).rounded(),
        instrument.id,
        credited if credited != made else None,
        note=_note(action, made - credited),
        other=action.other,
        ratio=ratio,
        cost_ratio=terms.cost_ratio,
    )


def _credited(made: Decimal, instrument: Instrument, held: Decimal) -> Decimal:
    """What arrives of `made` units: whole ones where whole ones are held on an Indian exchange."""
    is_whole = instrument.asset_class in _WHOLE_UNITS and instrument.exchange in _WHOLE_ON
    if not is_whole or held != held.to_integral_value():
        return made
    return made.to_integral_value(ROUND_FLOOR)


def _ratio(action: Action) -> Ratio:
    new, old = action.terms.new, action.terms.old
    assert new is not None  # lacking() has seen to it
    assert old is not None
    return Ratio(new, old)


def _note(action: Action, fraction: Decimal = Decimal(0)) -> str:
    words = [action.terms.note[:200], _FRACTIONS if fraction else ""]
    return "; ".join(word for word in words if word)
