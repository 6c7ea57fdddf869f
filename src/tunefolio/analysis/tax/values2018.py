"""What a unit was worth on 31 January 2018, counted in the units that were sold later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.rulebook import quoted_highs
from tunefolio.core.identity import InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact

CUTOFF = TradingDay.parse("2018-01-31")
"""The day whose prices are kept in the data of the house; which day the law asks for is a rule."""
_ONE = Decimal(1)
_TOLD = "as told"
_OF_LISTED = (
    "its net asset value stands for the highest price of its last day of trading, which is not in our list"
)


@dataclass(frozen=True, slots=True)
class Value2018:
    """each: of one unit as it was on the day, rupees. made: units now for one unit then (later splits).

    source: where the value is from. doubt: what should be said beside it, or "".
    """

    each: Decimal
    source: str
    made: Decimal = _ONE
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Unlisted2018:
    """Not listed on the day but when sold: the cost, indexed to 2017-18, stands for the value."""


class Values(Protocol):
    """Where values of that day come from."""

    def of(self, disposal: Disposal) -> Value2018 | Unlisted2018 | Missing: ...


@dataclass(frozen=True, slots=True)
class _Ancestor:
    """What the units were on the day: an instrument, and how many of today's came from one of it."""

    instrument: InstrumentId
    made: Decimal
    doubt: str


@dataclass(frozen=True, slots=True)
class Values2018:
    """Highest prices on the exchange, values of units of funds, and what a person says before either.

    isins: of each instrument, all that it ever had. told: per unit on the day, of the instrument as it was
    then but for splits that are not in the books. highs: by ISIN. corporate: splits, renames, mergers and
    demergers of the books. unlisted: shares that no exchange listed on the day. navs: net asset values of the
    day by ISIN, which count for units that no exchange listed then; navs_by: who tells them. listed: units
    that are traded today, of which the value is doubted, since the law takes their highest price. entered: of
    units bought elsewhere by that day, when they came into the books, by the fact that brought them (an
    opening, a transfer in): which splits and bonuses they had seen is not in the books, so a price of the day
    counts once a person says so.
    """

    isins: Mapping[InstrumentId, Sequence[str]]
    told: Mapping[InstrumentId, Decimal] = field(default_factory=dict)
    highs: Mapping[str, Decimal] = field(default_factory=quoted_highs)
    corporate: Sequence[Fact] = ()
    unlisted: Collection[InstrumentId] = frozenset()
    navs: Mapping[str, Decimal] = field(default_factory=dict)
    navs_by: str = ""
    listed: Collection[InstrumentId] = frozenset()
    entered: Mapping[TransactionId, TradingDay] = field(default_factory=dict)
    _known: dict[tuple[InstrumentId, TradingDay, TradingDay | None], Value2018 | Unlisted2018 | Missing] = (
        field(default_factory=dict, init=False, repr=False, compare=False)
    )

    def of(self, disposal: Disposal) -> Value2018 | Unlisted2018 | Missing:
        entry = self.entered.get(disposal.opened)
        key = (disposal.instrument, disposal.day, entry)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._look_up(disposal, entry)
        return found

    def _look_up(self, disposal: Disposal, entry: TradingDay | None) -> Value2018 | Unlisted2018 | Missing:
        for ancestor in self._ancestors(disposal):
            found = self._of_ancestor(ancestor)
            if isinstance(found, Value2018) and entry is not None and self._may_have_split(ancestor, found):
                return Missing(
                    f"what a unit that came into the books on {entry} was worth on {CUTOFF}",
                    f"Enter the value of that day ({found.each} on our list) divided by splits since then "
                    "that are not in these books, itself if there was none; bonus units are an opening of "
                    "their own, cost 0, acquired on the day of the bonus",
                )
            if found is not None:
                return found
        return Missing(
            f"the value of a unit on {CUTOFF}",
            "Enter the value per unit on that day, divided by splits since then that are not in these books",
        )

    def _may_have_split(self, ancestor: _Ancestor, found: Value2018) -> bool:
        """Whether a value is of the exchange's units, and nobody has said that it counts; units of a fund
        that is not traded are not split."""
        if found.source == _TOLD:
            return False
        isins = self.isins.get(ancestor.instrument, ())
        return ancestor.instrument in self.listed or any(isin in self.highs for isin in isins)

    def _of_ancestor(self, ancestor: _Ancestor) -> Value2018 | Unlisted2018 | None:
        """What a person says, then the exchange's price, then the fund's own value."""
        if ancestor.instrument in self.unlisted:
            return Unlisted2018()
        told = self.told.get(ancestor.instrument)
        if told is not None:
            return Value2018(told, _TOLD, ancestor.made, ancestor.doubt)
        isins = self.isins.get(ancestor.instrument, ())
        for isin in isins:
            if isin in self.highs:
                source = f"highest price of {isin} on NSE on {CUTOFF}"
                return Value2018(self.highs[isin], source, ancestor.made, ancestor.doubt)
        for isin in isins:
            if isin in self.navs:
                source = f"net asset value of {isin} on {CUTOFF}, by {self.navs_by}"
                doubts = (ancestor.doubt, _OF_LISTED if ancestor.instrument in self.listed else "")
                doubt = "; ".join(one for one in doubts if one)
                return Value2018(self.navs[isin], source, ancestor.made, doubt)
        return None

    def _ancestors(self, disposal: Disposal) -> Iterable[_Ancestor]:
        """What the units came from, the farthest back first."""
        chain = [_Ancestor(disposal.instrument, _ONE, "")]
        for fact in self._backwards(disposal.day):
            now = chain[-1]
            if fact.kind is Kind.SPLIT and fact.other is None and fact.instrument == now.instrument:
                chain[-1] = _Ancestor(now.instrument, now.made * _ratio(fact), now.doubt)
            elif fact.other == now.instrument and fact.instrument is not None:
                if fact.kind in {Kind.SPLIT, Kind.RENAME}:
                    chain.append(_Ancestor(fact.instrument, now.made * _ratio(fact), now.doubt))
                elif fact.kind in {Kind.MERGER, Kind.DEMERGER}:
                    break
            elif fact.kind is Kind.DEMERGER and fact.instrument == now.instrument:
                doubt = f"the value of {CUTOFF} is not reduced for the demerger of {fact.day}"
                chain[-1] = _Ancestor(now.instrument, now.made, doubt)
        return reversed(chain)

    def _backwards(self, sold: TradingDay) -> list[Fact]:
        """Each corporate event once, though several accounts recorded it; the newest first."""
        kept = {
            (fact.day, fact.kind, fact.instrument, fact.other): fact
            for fact in self.corporate
            if CUTOFF < fact.day <= sold
        }
        return sorted(kept.values(), key=lambda fact: fact.day, reverse=True)


def _ratio(fact: Fact) -> Decimal:
    return fact.ratio.new / fact.ratio.old if fact.ratio is not None else _ONE
