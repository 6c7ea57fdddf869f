"""Bars that are not to be believed, each with the reason and what helps. What is doubted is never kept.

Rules, their order and where each comes from: docs/spec/validation.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.money import Currency, plain
from tunefolio.core.time import TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.market.provider import UNSAID, BarsClaim


class Reason(StrEnum):
    """Why a bar is doubted."""

    NOT_POSITIVE = "not_positive"
    FUTURE = "future"
    RANGE = "range"
    NO_SESSION = "no_session"
    FLAT = "flat"
    REPEATED = "repeated"
    JUMP = "jump"
    SEAM = "seam"
    CURRENCY = "currency"
    DISAGREES = "disagrees"


TITLES = {
    Reason.NOT_POSITIVE: "price not above zero",
    Reason.FUTURE: "day that is not over",
    Reason.RANGE: "range does not hold open and close",
    Reason.NO_SESSION: "no session on that day",
    Reason.FLAT: "no trade: nothing but one price",
    Reason.REPEATED: "the day before again",
    Reason.JUMP: "beyond the price band",
    Reason.SEAM: "not divided by a later split",
    Reason.CURRENCY: "another currency",
    Reason.DISAGREES: "another source disagrees",
}
"""The reasons in words for people."""

_CURES = {
    Reason.NOT_POSITIVE: "Drop it; the source left a gap",
    Reason.FUTURE: "Drop it; the day's bar comes when its session is over",
    Reason.RANGE: "Use another source, or accept the bar if its close is right",
    Reason.NO_SESSION: "Drop it; had the exchange a session that day, add it to the calendar, then accept",
    Reason.FLAT: "Drop it; the source fills days without a trade",
    Reason.REPEATED: "Drop it; the source served its last file again",
    Reason.JUMP: "Was there a corporate action, record it and accept; else use another source",
    Reason.SEAM: "Drop them; the source divides only from the year of the split. Use another source",
    Reason.CURRENCY: "Use another source, or correct the instrument's currency",
    Reason.DISAGREES: "The exchange's own file stands; accept the other only with a reason",
}

USUAL_BAND = Decimal("0.20")
"""The widest daily price band of the Indian exchanges, and the last of their market-wide halts."""

_WIDE = Decimal("0.60")
"""For what no band holds: more than this in a day is a listing, a missing action or a mistake."""

_UNBOUND = frozenset({AssetClass.FUTURE, AssetClass.OPTION, AssetClass.CRYPTO})
_BAND_SLACK = Decimal("0.005")
"""Bands are cut to the tick, and are set on a base price that may differ from the close by a tick."""

_ROUNDING = Decimal("0.0001")
"""Ratio by which a vendor's rounding may put a close outside its own range."""

_COMPARABLE_DAYS = 10
"""A bar this long after the one before has no band: suspended shares come back by an auction."""

_MINOR = {"GBp": "GBP", "GBX": "GBP", "ILA": "ILS", "ZAc": "ZAR", "ZAC": "ZAR"}
"""Hundredths that some exchanges quote in, and what they are hundredths of."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One bar that is not believed. detail: what was seen; cure: what helps."""

    bar: Bar
    reason: Reason
    detail: str

    @property
    def cure(self) -> str:
        return _CURES[self.reason]


@dataclass(frozen=True, slots=True)
class Judged:
    """good: to be kept, ascending. doubts: to be looked at, ascending."""

    good: tuple[Bar, ...]
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What bars of one instrument are held against.

    final_until: the first day that is not over. band: the most a close may move in a day, as a ratio; None
    for no limit. ex_days: of actions that move a price. accepted: days a person vouched for.
    """

    is_session: Callable[[TradingDay], bool]
    final_until: TradingDay
    band: Decimal | None = USUAL_BAND
    ex_days: frozenset[TradingDay] = frozenset()
    accepted: frozenset[TradingDay] = frozenset()


def band_of(instrument: Instrument, with_derivatives: Collection[str] = ()) -> Decimal | None:
    """The band of an instrument whose own band is not known: 20 % in India, wider where the exchange sets
    none (shares with derivatives, and elsewhere); None for derivatives and crypto-assets.

    with_derivatives: symbols of shares that futures and options are traded on, as the lists say today; their
    range moves with the price during the day.
    """
    if instrument.asset_class in _UNBOUND:
        return None
    if instrument.exchange in ("NSE", "BSE", "MF") and instrument.symbol not in with_derivatives:
        return USUAL_BAND
    return _WIDE


def in_currency(claim: BarsClaim, currency: Currency) -> BarsClaim | None:
    """The claim in the instrument's currency: hundredths are divided; None for any other currency."""
    if claim.currency in (UNSAID, currency):
        return claim
    if _MINOR.get(claim.currency) != currency:
        return None
    return replace(claim, bars=tuple(_in_units(bar) for bar in claim.bars), currency=currency)


def judged(bars: Iterable[Bar], by: Yardstick, before: Bar | None = None) -> Judged:
    """Every bar against the rules, and against the good one before it. bars: ascending. before: the last
    good bar before the first of them.

    A level that stays after a jump is doubted once, on the day of the jump: what follows is near to its own
    day before.
    """
    good: list[Bar] = []
    doubts: list[Doubt] = []
    last, former = before, before
    for bar in bars:
        doubt = None if bar.day in by.accepted else _doubt(bar, by, last, former)
        if doubt is None:
            good.append(bar)
            last = bar
        else:
            doubts.append(doubt)
        if doubt is None or doubt.reason is Reason.JUMP:
            former = bar
    return Judged(tuple(good), tuple(doubts))


def disagreement(ours: Bar, theirs: Bar, tolerance: Decimal) -> str | None:
    """How far two sources' closes of one day are apart, in words; None within the tolerance (a ratio)."""
    if ours.close <= 0:
        return None
    apart = abs(theirs.close / ours.close - 1)
    if apart <= tolerance:
        return None
    return f"{plain(theirs.close)} against {plain(ours.close)}, {_percent(apart)} apart"


def _doubt(bar: Bar, by: Yardstick, last: Bar | None, former: Bar | None) -> Doubt | None:
    """The first rule that the bar breaks."""
    for rule in (_not_positive, _future, _no_session, _broken_range, _flat):
        doubt = rule(bar, by)
        if doubt is not None:
            return doubt
    return _repeated(bar, last) or _jump(bar, by, last, former)


def _not_positive(bar: Bar, _by: Yardstick) -> Doubt | None:
    prices = [price for price in (bar.close, bar.open, bar.high, bar.low) if price is not None]
    if min(prices) > 0 and (bar.volume or 0) >= 0:
        return None
    seen = f"a price of {plain(min(prices))}" if min(prices) <= 0 else f"a volume of {bar.volume}"
    return Doubt(bar, Reason.NOT_POSITIVE, seen)


def _future(bar: Bar, by: Yardstick) -> Doubt | None:
    if bar.day < by.final_until:
        return None
    return Doubt(bar, Reason.FUTURE, f"final are days before {by.final_until}")


def _no_session(bar: Bar, by: Yardstick) -> Doubt | None:
    if by.is_session(bar.day):
        return None
    return Doubt(bar, Reason.NO_SESSION, f"{bar.day.date:%A} {bar.day} is no session of its exchange")


def _broken_range(bar: Bar, _by: Yardstick) -> Doubt | None:
    if bar.open is None or bar.high is None or bar.low is None:
        return None
    slack = bar.close * _ROUNDING
    lowest, highest = min(bar.open, bar.close), max(bar.open, bar.close)
    if bar.low <= lowest + slack and highest - slack <= bar.high:
        return None
    seen = f"low {plain(bar.low)}, open {plain(bar.open)}, close {plain(bar.close)}, high {plain(bar.high)}"
    return Doubt(bar, Reason.RANGE, seen)


def _flat(bar: Bar, _by: Yardstick) -> Doubt | None:
    if not (bar.has_range and bar.volume == 0 and bar.open == bar.high == bar.low == bar.close):
        return None
    return Doubt(bar, Reason.FLAT, f"volume 0 and {plain(bar.close)} all day")


def _repeated(bar: Bar, last: Bar | None) -> Doubt | None:
    if last is None or not bar.has_range or not bar.volume or replace(bar, day=last.day) != last:
        return None
    if bar.open == bar.high == bar.low:  # one trade a day at the same price does happen
        return None
    return Doubt(bar, Reason.REPEATED, f"the very figures of {last.day}, volume {bar.volume} included")


def _jump(bar: Bar, by: Yardstick, last: Bar | None, former: Bar | None) -> Doubt | None:
    """Far from the last good bar and from the very one before: a spike is one doubt, so is a new level."""
    if by.band is None:
        return None
    nearby = [one for one in (last, former) if one is not None and bar.day - one.day <= _COMPARABLE_DAYS]
    if not nearby or any(one.day < day <= bar.day for one in nearby for day in by.ex_days):
        return None
    moves = [bar.close / one.close - 1 for one in nearby]
    if min(map(abs, moves)) <= by.band + _BAND_SLACK:
        return None
    seen = (
        f"{_percent(moves[-1], '+')} from {plain(nearby[-1].close)} on {nearby[-1].day} to {plain(bar.close)}"
    )
    return Doubt(bar, Reason.JUMP, f"{seen}; the band is {_percent(by.band)}{_likely(bar, nearby[-1])}")


def _likely(bar: Bar, former: Bar) -> str:
    """What a jump looks like, where its ratio is a round one."""
    ratio = max(bar.close, former.close) / min(bar.close, former.close)
    whole = ratio.to_integral_value()
    if abs(ratio / whole - 1) > Decimal("0.03") or whole < 2:
        return ""
    if whole == 100:
        return ". It looks like hundredths of the currency"
    if bar.close < former.close:
        return f". It looks like a split or bonus of {whole} for 1 that no source told"
    return f". It looks like {whole} old units for 1 new"


def _in_units(bar: Bar) -> Bar:
    def units(price: Decimal | None) -> Decimal | None:
        return None if price is None else price.scaleb(-2)

    return replace(
        bar, close=bar.close.scaleb(-2), open=units(bar.open), high=units(bar.high), low=units(bar.low)
    )


def _percent(ratio: Decimal, sign: str = "") -> str:
    return f"{ratio * 100:{sign}.1f} %"


def seam(bars: Sequence[Bar], sound: TradingDay) -> Judged:
    """The bars from `sound` on, and a doubt of each before it: its source divides only since then."""
    doubts = [
        Doubt(bar, Reason.SEAM, f"the source divides its prices only from {sound}")
        for bar in bars
        if bar.day < sound
    ]
    return Judged(tuple(bar for bar in bars if bar.day >= sound), tuple(doubts))
