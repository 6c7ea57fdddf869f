"""Why a broker's count and ours differ, what speaks for it, and the facts that would mend it.

Pure: nothing is recorded here. A repair is a proposal that a person accepts (docs/spec/reconcile.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from fractions import Fraction

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import INR, Currency, Money, Price, plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.reconcile import Break, Cause
from tunefolio.ledger.transactions import Fact, Ratio

_SMALL_RATIO = 20
"""Ratios with larger terms are no split that was ever made; the numbers agree by chance."""
_LIKE = Decimal("0.01")
"""Two costs within one per cent count as the same: a broker's average is rounded and leaves charges out."""


class Reason(StrEnum):
    """Why the counts differ, as the evidence has it."""

    MISSING_TRADE = "missing trade"
    SPLIT = "split not applied"
    BONUS = "bonus not applied"
    ACTION = "corporate action not applied"
    TRANSFER = "transfer between accounts"
    ROUNDING = "rounding"
    UNKNOWN_INSTRUMENT = "another listing or name"
    NO_COST = "no cost known"


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
    """

    name: str
    title: str
    after: Decimal
    drafts: tuple[Draft, ...] = ()
    reference: str = ""

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
    """

    account: AccountId
    seen: TradingDay
    currency: Currency = INR
    cost: Money | None = None
    average: Price | None = None
    pending: tuple[Pending, ...] = ()
    elsewhere: Mapping[AccountId, tuple[str, Decimal]] = field(default_factory=dict)
    listings: Mapping[InstrumentId, tuple[str, Decimal]] = field(default_factory=dict)


def diagnosed(found: Break, scene: Scene) -> Diagnosis:
    """The likeliest reason with its evidence. Asked in turn, the strongest evidence first: a known action, a
    fraction, another listing, another account, a ratio that keeps the cost, else a missing trade."""
    for judge in (_action, _rounding, _listing, _transfer, _ratio):
        told = judge(found, scene)
        if told is not None:
            return told
    if found.cause is Cause.NO_COST:
        return _no_cost(found, scene)
    return _trade(found, scene)


def _action(found: Break, scene: Scene) -> Diagnosis | None:
    for action in scene.pending:
        if found.theirs in {action.makes, _floor(action.makes)}:
            reason = {Kind.SPLIT: Reason.SPLIT, Kind.BONUS: Reason.BONUS}.get(action.kind, Reason.ACTION)
            evidence = (
                f"{action.title}, ex {action.ex_day}, is not in this account's books",
                f"it makes {plain(action.makes)} of {plain(found.ours)} units, as the broker counts",
            )
            repair = Repair(
                "action", f"Apply the {action.kind} of {action.ex_day}", action.makes, (), action.reference
            )
            return Diagnosis(found, reason, evidence, (repair, *_trade(found, scene).repairs))
    return None


def _rounding(found: Break, scene: Scene) -> Diagnosis | None:
    gap = found.theirs - found.ours
    if abs(gap) >= 1 or (gap == gap.to_integral_value()) or found.cause is Cause.NO_COST:
        return None
    evidence = (
        f"the counts differ by {plain(abs(gap))}, less than one unit",
        f"ours is {plain(found.ours)}, the broker's {plain(found.theirs)}",
    )
    if gap < 0:
        draft = _draft(scene, found, Kind.WRITE_OFF, -gap, amount=Money.zero(scene.currency), day=scene.seen)
        repair = Repair("fraction", "Write the fraction off", found.theirs, (draft,))
    else:
        draft = _draft(scene, found, Kind.OPENING, gap, amount=Money.zero(scene.currency), day=scene.seen)
        repair = Repair("fraction", "Add the fraction at no cost", found.theirs, (draft,))
    return Diagnosis(found, Reason.ROUNDING, evidence, (repair, *_trade(found, scene).repairs))


def _listing(found: Break, scene: Scene) -> Diagnosis | None:
    gap = found.theirs - found.ours
    for other, (name, differs) in scene.listings.items():
        if differs != -gap or gap == 0:
            continue
        evidence = (
            f"{plain(abs(gap))} units are {'more' if gap > 0 else 'fewer'} here at the broker",
            f"{name}, a listing of the same company, is {'short of' if gap > 0 else 'over by'} as many",
        )
        gone, come = (other, found.instrument) if gap > 0 else (found.instrument, other)
        draft = Draft(scene.account, Kind.RENAME, gone, scene.currency, other=come,
                      amount=Money.zero(scene.currency), day=scene.seen)  # fmt: skip
        repair = Repair("rename", f"Carry the lots over: {name} is the same company", found.theirs, (draft,))
        return Diagnosis(found, Reason.UNKNOWN_INSTRUMENT, evidence, (repair, *_trade(found, scene).repairs))
    return None


def _transfer(found: Break, scene: Scene) -> Diagnosis | None:
    gap = found.theirs - found.ours
    for other, (name, differs) in scene.elsewhere.items():
        if differs != -gap or gap == 0:
            continue
        source, target = (other, scene.account) if gap > 0 else (scene.account, other)
        drafts = (
            Draft(source, Kind.TRANSFER_OUT, found.instrument, scene.currency, abs(gap),
                  Money.zero(scene.currency), counterpart=target),
        )  # fmt: skip
        evidence = (
            f"{plain(abs(gap))} units are {'more' if gap > 0 else 'fewer'} at this broker than in the books",
            f"{name} has as many {'too many' if gap > 0 else 'too few'} in the books",
        )
        way = f"from {name}" if gap > 0 else f"to {name}"
        repair = Repair(
            "transfer", f"Record a transfer of {plain(abs(gap))} units {way}", found.theirs, drafts
        )
        return Diagnosis(found, Reason.TRANSFER, evidence, (repair, *_trade(found, scene).repairs))
    return None


def _ratio(found: Break, scene: Scene) -> Diagnosis | None:
    """Units multiplied by a small ratio while the broker's total cost is ours: nobody paid for more."""
    if found.ours <= 0 or found.theirs <= 0 or scene.cost is None or scene.average is None:
        return None
    if scene.average.currency != scene.cost.currency:
        return None
    ratio = Fraction(found.theirs) / Fraction(found.ours)
    if ratio == 1 or max(ratio.numerator, ratio.denominator) > _SMALL_RATIO:
        return None
    theirs = scene.average * found.theirs
    if abs(theirs.amount - scene.cost.amount) > _LIKE * scene.cost.amount:
        return None
    said = f"{ratio.numerator}:{ratio.denominator}"
    evidence = (
        f"the broker counts {plain(found.theirs)} for our {plain(found.ours)}: {said}",
        f"its total cost {theirs.rounded()} is ours, {scene.cost}: the units grew, nothing was paid",
        "no such action is known to us yet",
    )
    repairs = tuple(_ratio_repairs(found, scene, ratio, said))
    reason = Reason.SPLIT
    return Diagnosis(found, reason, evidence, (*repairs, *_trade(found, scene).repairs))


def _ratio_repairs(found: Break, scene: Scene, ratio: Fraction, said: str) -> Iterator[Repair]:
    zero = Money.zero(scene.currency)
    whole = Ratio(Decimal(ratio.numerator), Decimal(ratio.denominator))
    split = Draft(scene.account, Kind.SPLIT, found.instrument, scene.currency, amount=zero, ratio=whole)
    yield Repair("split", f"Record a split {said}", found.theirs, (split,))
    if ratio > 1:
        more = ratio - 1
        added = Ratio(Decimal(more.numerator), Decimal(more.denominator))
        bonus = Draft(scene.account, Kind.BONUS, found.instrument, scene.currency, amount=zero, ratio=added)
        yield Repair("bonus", f"Record a bonus {added}", found.theirs, (bonus,))


def _no_cost(found: Break, scene: Scene) -> Diagnosis:
    gap = found.theirs - found.ours
    evidence = (f"the broker counts {plain(found.theirs)} and shows no average cost",)
    draft = _draft(scene, found, Kind.OPENING, gap, day=scene.seen)
    repair = Repair("opening", "Record them as an opening at the cost you know", found.theirs, (draft,))
    return Diagnosis(found, Reason.NO_COST, evidence, (repair,))


def _trade(found: Break, scene: Scene) -> Diagnosis:
    gap = found.theirs - found.ours
    evidence = (
        f"the broker counts {plain(found.theirs)}, the books {plain(found.ours)}",
        "no action, fraction, listing, account or ratio explains it",
    )
    if gap < 0:
        sale = _draft(scene, found, Kind.SELL, -gap)
        repairs = (Repair("sell", f"Record the missing sale of {plain(-gap)} units", found.theirs, (sale,)),)
        return Diagnosis(found, Reason.MISSING_TRADE, evidence, repairs)
    buy = _draft(scene, found, Kind.BUY, gap)
    bought = Repair("buy", f"Record the missing purchase of {plain(gap)} units", found.theirs, (buy,))
    rest = _rest_cost(found, scene)
    opening = _draft(scene, found, Kind.OPENING, gap, amount=rest, day=scene.seen)
    cost = "" if rest is None else f" at the broker's cost, {rest}"
    title = f"Record {plain(gap)} units as an opening{cost}"
    return Diagnosis(
        found, Reason.MISSING_TRADE, evidence, (bought, Repair("opening", title, found.theirs, (opening,)))
    )


def _rest_cost(found: Break, scene: Scene) -> Money | None:
    """What the further units cost if the broker's average is right; None when it cannot be."""
    if scene.average is None or scene.average.currency != scene.currency:
        return None
    known = Money.zero(scene.currency) if scene.cost is None else scene.cost
    rest = (scene.average * found.theirs).rounded() - known
    return rest if rest.amount >= 0 else None


def _draft(
    scene: Scene,
    found: Break,
    kind: Kind,
    quantity: Decimal,
    *,
    amount: Money | None = None,
    day: TradingDay | None = None,
) -> Draft:
    return Draft(scene.account, kind, found.instrument, scene.currency, quantity, amount, day)


def _floor(units: Decimal) -> Decimal:
    return units.to_integral_value(rounding=ROUND_FLOOR)


def _answer(answers: Mapping[str, str], name: str, meaning: str) -> str:
    said = answers.get(name, "").strip()
    if not said:
        raise Misuse(name, "is needed to complete this repair", cure=f"Say {meaning}")
    return said
