"""Shapes of what waits for a person: breaks with their repairs, corporate actions with their effect."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.missing import Missing
from tunefolio.core.money import Money
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.reconcile import Break
from tunefolio.market.instruments import Instrument


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a cause, in words with its numbers inside."""

    text: str


@dataclass(frozen=True, slots=True)
class RepairView:
    """What would be recorded if the person accepts. key: what services.repairs.accept is given.

    lines: the facts in the notation of the text book. wants: what the person must say first (`price`, `day`),
    empty when one click is enough. after: units held in this account afterwards.
    """

    key: str
    title: str
    lines: tuple[str, ...]
    wants: tuple[str, ...]
    after: Decimal


@dataclass(frozen=True, slots=True)
class BreakView:
    """One difference between broker and books. key: stable while the difference stands.

    cause: a word for people. difference = theirs − ours. scope: of the explanations of break.ours,
    break.theirs and break.difference.
    """

    key: str
    account: Account
    instrument: Instrument
    found: Break
    seen: Instant
    cause: str
    evidence: tuple[Evidence, ...]
    repairs: tuple[RepairView, ...]

    @property
    def scope(self) -> str:
        return f"break:{self.account.id}:{self.key}"

    @property
    def difference(self) -> Decimal:
        return self.found.theirs - self.found.ours


@dataclass(frozen=True, slots=True)
class BreaksView:
    """All breaks of the accounts in view, and the accounts whose newest statement agrees."""

    breaks: tuple[BreakView, ...]
    agreed: tuple[Account, ...]
    never_stated: tuple[Account, ...]


class ActionState(StrEnum):
    """Where a corporate action stands for one account."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    DECLINED = "declined"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class HeldState:
    """Units and cost of one instrument before or after an action."""

    instrument: Instrument
    quantity: Decimal
    cost: Money


@dataclass(frozen=True, slots=True)
class ActionView:
    """One market action beside one account. after: Missing when it cannot be applied yet ("ratio").

    reference: what apply, decline and undo are given. line: the fact in the notation, "" while it waits.
    """

    reference: str
    account: Account
    instrument: Instrument
    kind: str
    title: str
    ex_day: TradingDay
    state: ActionState
    before: tuple[HeldState, ...]
    after: tuple[HeldState, ...] | Missing
    line: str
    source: str


@dataclass(frozen=True, slots=True)
class ActionsView:
    """Proposed and waiting first, then those decided, newest ex-day first."""

    actions: tuple[ActionView, ...]
