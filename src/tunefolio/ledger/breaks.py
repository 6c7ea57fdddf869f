"""A difference between broker and books: what is known around it, its reason, the facts that would mend it.

Which reason it is: reasons.diagnosed. A repair is a proposal that a person accepts (docs/spec/reconcile.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Currency, Money, Price, plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.reconcile import Break
from tunefolio.ledger.restated import Restated
from tunefolio.ledger.statements import UnreadLine
from tunefolio.ledger.transactions import Fact, Ratio
from tunefolio.market.instruments import AssetClass


class Reason(StrEnum):
    """Why the counts differ, as the evidence has it."""

    MISSING_TRADE = "missing trade"
    UNREAD = "a line that could not be read"
    SPLIT = "split not applied"
    BONUS = "bonus not applied"
    ACTION = "corporate action not applied"
    TRANSFER = "transfer between accounts"
    ROUNDING = "rounding"
    UNKNOWN_INSTRUMENT = "another listing or name"
    NO_COST = "no cost known"
    EXPIRY = "expiry not recorded"


@dataclass(frozen=True, slots=True)
class Pending:
    """A corporate action known to the market and not yet applied to the account.

    reference: its name for ever. makes: the units it would leave of what is held. title: for people.
    """

    reference: str
    kind: Kind
    title: str
    ex_day: TradingDay
    makes: Decimal


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact to be. day, price: None where only the person knows; amount goes before price."""

    account: AccountId
    kind: Kind
    instrument: InstrumentId
    currency: Currency
    quantity: Decimal | None = None
    amount: Money | None = None
    day: TradingDay | None = None
    price: Price | None = None
    ratio: Ratio | None = None
    other: InstrumentId | None = None
    counterpart: AccountId | None = None

    @classmethod
    def again(cls, account: AccountId, opening: Fact) -> Draft:
        """An opening as it stood before it was restated; raises Misuse for what is about no instrument."""
        if opening.instrument is None:
            raise Misuse("instrument", "an opening is of units")
        return cls(
            account, opening.kind, opening.instrument, opening.amount.currency, opening.quantity,
            opening.amount, opening.day, opening.price,
        )  # fmt: skip

    def fact(self, answers: Mapping[str, str], note: str) -> Fact:
        """The finished fact; raises Misuse naming what the person must say first."""
        day = self.day or TradingDay.parse(_answer(answers, "day", "the day it happened, as 2024-05-31"))
        price, amount = self.price, self.amount
        if price is None and amount is None:
            price = Price.of(_answer(answers, "price", "the price per unit, as 1500.25"), self.currency)
        if amount is None and price is not None and self.quantity is not None:
            amount = (price * self.quantity).rounded()
        nothing = Money.zero(self.currency)
        return Fact(
            self.kind, day, nothing if amount is None else amount, self.instrument, self.quantity, price,
            note=note, ratio=self.ratio, other=self.other, counterpart=self.counterpart,
        )  # fmt: skip

    @property
    def wants(self) -> tuple[str, ...]:
        lacks_price = self.price is None and self.amount is None
        return (*(("price",) if lacks_price else ()), *(("day",) if self.day is None else ()))


@dataclass(frozen=True, slots=True)
class Repair:
    """What to record so that the counts agree. drafts: empty where `reference` names an action to apply.

    name: which of a break's repairs it is. after: units of the break's instrument here afterwards.
    takes_back: facts that what is recorded stands in the place of.
    """

    name: str
    title: str
    after: Decimal
    drafts: tuple[Draft, ...] = ()
    reference: str = ""
    takes_back: tuple[TransactionId, ...] = ()

    @property
    def wants(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(want for draft in self.drafts for want in draft.wants))


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A break with its likely reason, what speaks for it, and its repairs, the likeliest first."""

    found: Break
    reason: Reason
    evidence: tuple[str, ...]
    repairs: tuple[Repair, ...]

    @property
    def key(self) -> str:
        """The same while the difference stands; another once either count has changed."""
        return f"{self.found.instrument}:{plain(self.found.ours)}:{plain(self.found.theirs)}"


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around one break.

    account, seen: whose statement, and the session it belongs to. cost: of our open lots, None when none
    are open. average: the broker's. pending: actions not yet applied. elsewhere: other accounts of the
    person, each with its name and by how many units of this instrument it differs, as broker minus books; one
    without statements counts with minus what it holds. listings: other listings of the company, likewise.
    unread: lines of this broker that nobody could read, and that may mean this instrument. restated: other
    accounts of the person, each with its name and how its statements, which alone tell of this instrument
    there, last changed what they say. contract: FUTURE or OPTION, None of all else. expiry: its last day,
    where a list tells it.
    """

    account: AccountId
    seen: TradingDay
    currency: Currency = INR
    cost: Money | None = None
    average: Price | None = None
    pending: tuple[Pending, ...] = ()
    elsewhere: Mapping[AccountId, tuple[str, Decimal]] = field(default_factory=dict)
    listings: Mapping[InstrumentId, tuple[str, Decimal]] = field(default_factory=dict)
    unread: tuple[UnreadLine, ...] = ()
    restated: Mapping[AccountId, tuple[str, Restated]] = field(default_factory=dict)
    contract: AssetClass | None = None
    expiry: TradingDay | None = None


def _answer(answers: Mapping[str, str], name: str, meaning: str) -> str:
    said = answers.get(name, "").strip()
    if not said:
        raise Misuse(name, "is needed to complete this repair", cure=f"Say {meaning}")
    return said
