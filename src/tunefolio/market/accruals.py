"""The terms of fixed-return holdings: deposits, provident funds. What they are worth: analysis/accrual.py.

rate 7.1% quarterly matures 2027-04-01
rate 7.9% since 2019-07-01 rate 7.1% since 2020-04-01 ppf
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.money import decimal_of, plain
from tunefolio.core.time import TradingDay


class Crediting(StrEnum):
    """When interest joins the principal. ppf, epf: by the rules of those schemes."""

    SIMPLE = "simple"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half-yearly"
    YEARLY = "yearly"
    AT_MATURITY = "at-maturity"
    PPF = "ppf"
    EPF = "epf"


MONTHS = {
    Crediting.MONTHLY: 1,
    Crediting.QUARTERLY: 3,
    Crediting.HALF_YEARLY: 6,
    Crediting.YEARLY: 12,
}
"""Months between two credits, of the kinds that compound by the calendar from the day of the deposit."""


@dataclass(frozen=True, slots=True)
class RateRow:
    """Interest a year as a ratio (0.071), in force from `since` until the next row; None: always."""

    rate: Decimal
    since: TradingDay | None = None


@dataclass(frozen=True, slots=True)
class AccrualTerms:
    """rates: at least one, ascending by day. matures: the last day that earns is the one before it."""

    rates: tuple[RateRow, ...]
    crediting: Crediting = Crediting.SIMPLE
    matures: TradingDay | None = None

    def __post_init__(self) -> None:
        later = [row.since for row in self.rates[1:]]
        dated = [row.since for row in self.rates if row.since is not None]
        if not self.rates or None in later or dated != sorted(set(dated)):
            raise Misuse(
                "rate", "rates follow each other by day", cure="Write rate 7.9% since DAY rate 7.1% since DAY"
            )
        if self.crediting is Crediting.AT_MATURITY and self.matures is None:
            raise Misuse("matures", "interest at maturity needs its day", cure="Write matures DAY")

    def rate_on(self, day: TradingDay) -> Decimal:
        """The rate in force; zero before the first row."""
        return next(
            (row.rate for row in reversed(self.rates) if row.since is None or row.since <= day), Decimal(0)
        )


TERM_WORDS = frozenset({"rate", "matures", *(crediting.value for crediting in Crediting)})
"""The words that begin a part of the terms."""


def terms_of(words: Sequence[str]) -> AccrualTerms:
    """The terms from their words in any order; raises Misuse naming the wrong one."""
    rates: list[RateRow] = []
    crediting, matures = Crediting.SIMPLE, None
    left = iter(words)
    for word in left:
        if word == "rate":
            rates.append(RateRow(_ratio(next(left, ""))))
        elif word == "since" and rates and rates[-1].since is None:
            rates[-1] = RateRow(rates[-1].rate, TradingDay.parse(next(left, "")))
        elif word == "matures":
            matures = TradingDay.parse(next(left, ""))
        elif word in set(Crediting):
            crediting = Crediting(word)
        else:
            cure = "Write rate 7.1% [since DAY] [quarterly] [matures DAY]"
            raise Misuse("terms", f"{word!r} is not understood", cure=cure)
    return AccrualTerms(tuple(rates), crediting, matures)


def words_of(terms: AccrualTerms) -> Iterator[str]:
    """The terms as words; terms_of gives them back."""
    for row in terms.rates:
        yield from ("rate", f"{plain(row.rate * 100)}%")
        if row.since is not None:
            yield from ("since", row.since.iso())
    if terms.crediting is not Crediting.SIMPLE:
        yield terms.crediting.value
    if terms.matures is not None:
        yield from ("matures", terms.matures.iso())


def _ratio(text: str) -> Decimal:
    if not text.endswith("%"):
        raise Misuse("rate", f"{text!r} is no rate", cure="Write per cent a year, as rate 7.1%")
    ratio = decimal_of(text[:-1], "rate").scaleb(-2)
    if not 0 <= ratio < 1:
        raise Misuse("rate", f"{text} must lie between 0% and 100%")
    return ratio
