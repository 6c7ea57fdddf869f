"""How statements last changed what an account is known to hold: openings made, restated and taken back.

Nobody tells why; but units that appear in one account while another lacks as many were moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Transaction

STATEMENT = "statement"
"""The source of openings that a broker's statement made."""
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Restated:
    """The last change of units that statements made to one instrument of one account.

    former, standing: the opening before and after; None where there was none, or none is left.
    since: the day on which the units of `standing` were first seen; where none is left, were seen no more.
    """

    former: Transaction | None
    standing: Transaction | None
    since: TradingDay

    @property
    def change(self) -> Decimal:
        """Units that appeared (above zero) or went."""
        return _units(self.standing) - _units(self.former)


def last_restated(history: Iterable[Transaction]) -> Restated | None:
    """Of one account's facts about one instrument, reversed ones and reversals among them, in any order.

    1. Openings are followed from the newest back: one restates the other when it is recorded in the very
       moment that the other is taken back.
    2. Restatements of the price alone are passed over: they change no units.
    3. An opening that a person or a file took back was explained: None, as without openings.
    """
    facts = sorted(history, key=lambda one: one.id)
    gone = {fact.reverses: fact for fact in facts if fact.reverses is not None}
    made = [fact for fact in facts if fact.reverses is None and _is_of_statement(fact)]
    if not made:
        return None
    newest = made.pop()
    end = gone.get(newest.id)
    if end is not None:
        day = TradingDay(calendar_date(end.recorded))
        return Restated(newest, None, day) if end.source == STATEMENT else None
    first = newest
    while made:
        end = gone.get(made[-1].id)
        if end is None or end.source != STATEMENT or end.recorded != first.recorded:
            break
        if _units(made[-1]) != _units(newest):
            return Restated(made[-1], newest, first.fact.day)
        first = made.pop()
    return Restated(None, newest, first.fact.day)


def _is_of_statement(fact: Transaction) -> bool:
    return fact.fact.kind is Kind.OPENING and fact.source == STATEMENT


def _units(opening: Transaction | None) -> Decimal:
    return _ZERO if opening is None or opening.fact.quantity is None else opening.fact.quantity
