"""What companies do to their holders: dated facts of the market, and what they do to a price.

A price ratio makes the price before the ex-date comparable with that after it. Rules: docs/spec/actions.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NewType

from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, plain, quantized
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import Listing

ActionId = NewType("ActionId", int)


class ActionKind(StrEnum):
    """The words of the ledger's corporate kinds, as far as a market source can know them."""

    SPLIT = "split"
    BONUS = "bonus"
    DIVIDEND = "dividend"
    RIGHTS = "rights"
    MERGER = "merger"
    DEMERGER = "demerger"
    BUYBACK = "buyback"
    REPAYMENT = "repayment"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an action says, whoever it concerns; what a source does not say is None.

    new, old:   SPLIT: `new` units instead of `old`; BONUS and RIGHTS: `new` more for `old` held; MERGER and
                DEMERGER: `new` units of the other company for `old` held.
    cost_ratio: the share of the cost that goes to the other instrument, in (0, 1]: published, never guessed.
    amount:     money per unit held on the ex-date, before deductions; of RIGHTS and BUYBACK the price a unit.
    note:       the source's own words.
    """

    kind: ActionKind
    new: Decimal | None = None
    old: Decimal | None = None
    cost_ratio: Decimal | None = None
    amount: Decimal | None = None
    currency: Currency = INR
    note: str = ""

    @property
    def ratio_words(self) -> str:
        """10:1, or "" where there is none."""
        return f"{plain(self.new)}:{plain(self.old)}" if self.new and self.old else ""


@dataclass(frozen=True, slots=True)
class ActionClaim:
    """An action as a source states it of a listing.

    ex_day: the first session on which a buyer no longer gets it. source: who says so, in one word.
    """

    listing: Listing
    ex_day: TradingDay
    terms: Terms
    source: str
    isin: Isin | None = None
    other: Listing | None = None

    @property
    def reference(self) -> str:
        """Names the action for ever, whatever else its source corrects later."""
        where = f"{self.listing.exchange}:{self.listing.symbol}"
        return f"{self.source}:{where}:{self.ex_day}:{self.terms.kind}"


@dataclass(frozen=True, slots=True)
class Action:
    """A market fact as it is kept: a claim whose listings have become instruments. id 0: not kept yet."""

    instrument: InstrumentId
    ex_day: TradingDay
    terms: Terms
    source: str
    reference: str
    other: InstrumentId | None = None
    id: ActionId = ActionId(0)

    @property
    def kind(self) -> ActionKind:
        return self.terms.kind

    @property
    def event(self) -> tuple[InstrumentId, TradingDay, str]:
        """The same for one event that two sources tell: a split of the one is a bonus of the other."""
        sort = "units" if self.kind in _COUNTS_UNITS else str(self.kind)
        return self.instrument, self.ex_day, sort


def told_once(actions: Iterable[Action]) -> list[Action]:
    """Each event as one source tells it, however many do: one that leaves nothing out goes first. By ex-day.

    A source may tell one day's event in two parts, as a split and a bonus; both are kept.
    """
    events: dict[tuple[InstrumentId, TradingDay, str], dict[str, list[Action]]] = {}
    for action in actions:
        events.setdefault(action.event, {}).setdefault(action.source, []).append(action)
    chosen = (
        min(
            tellings.values(), key=lambda told: any(lacking(one.terms, one.other) is not None for one in told)
        )
        for tellings in events.values()
    )
    return sorted((one for told in chosen for one in told), key=lambda one: one.ex_day)


_COUNTS_UNITS = frozenset({ActionKind.SPLIT, ActionKind.BONUS})
_NEEDS_RATIO = frozenset({*_COUNTS_UNITS, ActionKind.RIGHTS})
_NEEDS_AMOUNT = frozenset({ActionKind.DIVIDEND, ActionKind.REPAYMENT, ActionKind.BUYBACK})


def lacking(terms: Terms, other: object | None) -> Missing | None:
    """What must still be published or typed before the action can be applied; None when it is complete.

    other: the second instrument or listing, None where the source names none.
    """
    has_ratio = terms.new is not None and terms.old is not None
    match terms.kind:
        case kind if kind in _NEEDS_RATIO and not has_ratio:
            return Missing("ratio", "Give it as new:old in an actions file")
        case kind if kind in _NEEDS_AMOUNT and terms.amount is None:
            return Missing("amount per unit", "Give it in an actions file")
        case ActionKind.DEMERGER if not has_ratio or terms.cost_ratio is None:
            return Missing("ratio", "Give ratio and cost_ratio in an actions file once published")
        case ActionKind.MERGER if not has_ratio and terms.amount is None:
            return Missing("ratio", "Give it as new:old in an actions file")
        case ActionKind.MERGER if has_ratio and terms.amount is not None and terms.cost_ratio is None:
            return Missing("ratio", "Give cost_ratio in an actions file: units and money share the cost")
        case ActionKind.RENAME | ActionKind.DEMERGER if other is None:
            return Missing("other instrument", "Name it in the column `other` of an actions file")
        case ActionKind.MERGER if has_ratio and other is None:
            return Missing("other instrument", "Name it in the column `other` of an actions file")
        case _:
            return None


# What an action does to a price -------------------------------------------------------------------


def price_ratio(terms: Terms) -> Fraction | None:
    """Price after ÷ price before by the action alone; None where it is no matter of counting units.

    A split 10:1 gives 1/10, a bonus 1:2 gives 2/3. Rights, demergers and dividends move prices too, but by
    what the market thinks of them: no factor is made of that.
    """
    if terms.kind not in _COUNTS_UNITS or terms.new is None or terms.old is None:
        return None
    new, old = Fraction(terms.new), Fraction(terms.old)
    return old / new if terms.kind is ActionKind.SPLIT else old / (old + new)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """The factors of one instrument's splits and bonuses. days: ex-dates, ascending; after[i]: the product of
    all price ratios from the i-th on; the last one is 1."""

    days: tuple[TradingDay, ...]
    after: tuple[Fraction, ...]

    def factor(self, day: TradingDay) -> Fraction:
        """adjusted ÷ raw on that day: the product of the price ratios of every later ex-date."""
        return self.after[bisect_right(self.days, day)]

    def raw(self, adjusted: Decimal, day: TradingDay) -> Decimal:
        """What was paid on that day, from a price in today's units; 38 digits."""
        return _scaled(adjusted, 1 / self.factor(day))

    def adjusted(self, raw: Decimal, day: TradingDay) -> Decimal:
        """A price of that day in today's units; 38 digits."""
        return _scaled(raw, self.factor(day))


def adjustment(events: Iterable[tuple[TradingDay, Terms]]) -> Adjustment:
    """The factors of these actions; those that count no units do nothing. O(n log n)."""
    ratios = [(day, ratio) for day, terms in events if (ratio := price_ratio(terms)) is not None]
    ratios.sort(key=lambda one: one[0])
    after = [Fraction(1)]
    for _, ratio in reversed(ratios):
        after.append(after[-1] * ratio)
    return Adjustment(tuple(day for day, _ in ratios), tuple(reversed(after)))


def raw_prices(
    prices: Sequence[tuple[TradingDay, Decimal]], factors: Adjustment, *, digits: int
) -> list[tuple[TradingDay, Decimal]]:
    """Split-adjusted prices as they were paid, to the listing's decimals: sources send float noise."""
    return [(day, quantized(factors.raw(price, day), digits)) for day, price in prices]


def sound_from(
    raw: Sequence[tuple[TradingDay, Decimal]], events: Iterable[tuple[TradingDay, Terms]]
) -> TradingDay | None:
    """The first day of raw closes that can be trusted; None when all can.

    Yahoo divides some Indian closes only from 1 January of the year of a split: what lies before it is then
    made dear a second time, and falls by the very ratio over the turn of the year. raw: ascending.
    """
    found: TradingDay | None = None
    for ex_day, terms in events:
        ratio = price_ratio(terms)
        if ratio is None or abs(ratio - 1) < _SMALL_RATIO:
            continue
        year = ex_day.date.year
        place = next((i for i, (day, _) in enumerate(raw) if day.date.year == year), 0)
        if place == 0 or raw[place][0] >= ex_day or raw[place - 1][1] <= 0:
            continue
        turn = Fraction(raw[place][1]) / Fraction(raw[place - 1][1])
        if abs(turn / ratio - 1) < _NEAR:
            found = max(found or raw[place][0], raw[place][0])
    return found


_SMALL_RATIO = Fraction(1, 4)
"""Price ratios nearer to one than this could be a day's move."""
_NEAR = Fraction(12, 100)
_PRECISION = Context(prec=38)


def _scaled(number: Decimal, factor: Fraction) -> Decimal:
    """number × factor, divided last, so that factors like 1/3 lose nothing before."""
    product = _PRECISION.multiply(number, Decimal(factor.numerator))
    return _PRECISION.divide(product, Decimal(factor.denominator))
