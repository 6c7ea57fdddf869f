"""The words of addresses: what a page is about (`portfolio:3`) and over which days (`1Y`, `FY2024`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tunefolio.analysis.scopes import Period
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.time import TradingDay
from tunefolio.services.views.shapes_figures import Span

_SCOPES = (
    "all, portfolio:3, account:2, holding:2:17, instrument:17, sector:Banks, industry:…, class:equity, "
    "cap:large, currency:USD, tag:long"
)
_PERIODS = "1M 3M 6M YTD 1Y 3Y 5Y all FY2024 2024-01-01..2024-06-30"
_MONTHS = {"1M": 1, "3M": 3, "6M": 6, "1Y": 12, "3Y": 36, "5Y": 60}
_TITLES = {
    "1M": "1 month",
    "3M": "3 months",
    "6M": "6 months",
    "1Y": "1 year",
    "3Y": "3 years",
    "5Y": "5 years",
    "YTD": "This year so far",
    "all": "Since the beginning",
}
_YEAR = re.compile(r"FY(\d{4})\Z")
_APRIL = 4
_YEARS_SHOWN = 4


class About(StrEnum):
    """What sort of thing a scope word names."""

    ALL = "all"
    PORTFOLIO = "portfolio"
    ACCOUNT = "account"
    HOLDING = "holding"
    INSTRUMENT = "instrument"
    SECTOR = "sector"
    INDUSTRY = "industry"
    ASSET_CLASS = "class"
    CAP_CLASS = "cap"
    CURRENCY = "currency"
    TAG = "tag"


_NAMED = {About.SECTOR, About.INDUSTRY, About.ASSET_CLASS, About.CAP_CLASS, About.CURRENCY, About.TAG}


@dataclass(frozen=True, slots=True)
class ScopeWord:
    """A scope as its address has it, parsed but not yet looked up."""

    about: About
    name: str = ""
    portfolio: PortfolioId | None = None
    account: AccountId | None = None
    instrument: InstrumentId | None = None

    def __str__(self) -> str:
        match self.about:
            case About.ALL:
                return "all"
            case About.PORTFOLIO:
                return f"portfolio:{self.portfolio}"
            case About.ACCOUNT:
                return f"account:{self.account}"
            case About.HOLDING:
                return f"holding:{self.account}:{self.instrument}"
            case About.INSTRUMENT:
                return f"instrument:{self.instrument}"
            case _:
                return f"{self.about}:{self.name}"


def scope_word(text: str) -> ScopeWord:
    """Read a scope word; raises Misuse naming the known sorts."""
    kind, _, rest = text.strip().partition(":")
    try:
        about = About(kind)
    except ValueError:
        raise Misuse("scope", f"{text[:60]!r} is no scope", cure=f"Known: {_SCOPES}") from None
    if about is About.ALL and not rest:
        return ScopeWord(about)
    if about in _NAMED and rest.strip():
        return ScopeWord(about, name=rest.strip())
    numbers = [int(part) if part.isdecimal() and len(part) < 19 else 0 for part in rest.split(":")]
    if 0 not in numbers and len(numbers) == (2 if about is About.HOLDING else 1):
        match about:
            case About.PORTFOLIO:
                return ScopeWord(about, portfolio=PortfolioId(numbers[0]))
            case About.ACCOUNT:
                return ScopeWord(about, account=AccountId(numbers[0]))
            case About.INSTRUMENT:
                return ScopeWord(about, instrument=InstrumentId(numbers[0]))
            case About.HOLDING:
                return ScopeWord(about, account=AccountId(numbers[0]), instrument=InstrumentId(numbers[1]))
            case _:
                pass
    raise Misuse("scope", f"{text[:60]!r} is no scope", cure=f"Known: {_SCOPES}")


def span(text: str, today: TradingDay, first: TradingDay) -> Span:
    """The days a period word means on `today`; both belong to it. first: of the oldest fact in scope.

    Months go back to the same day of the month (or its last). FY2024 is 1 April 2024 to 31 March 2025, at
    most until today. Raises Misuse.
    """
    word = text.strip()
    if word in _MONTHS:
        return Span(word, _TITLES[word], _months_back(today, _MONTHS[word]), today)
    if word == "YTD":
        return Span(word, _TITLES[word], TradingDay(date(today.date.year, 1, 1)), today)
    if word == "all":
        return Span(word, _TITLES[word], min(first, today), today)
    fiscal = _YEAR.match(word)
    if fiscal:
        return _fiscal_year(int(fiscal.group(1)), today)
    start, dots, end = word.partition("..")
    if not dots:
        raise Misuse("period", f"{text[:40]!r} is no period", cure=f"Known: {_PERIODS}")
    return _custom(word, TradingDay.parse(start), TradingDay.parse(end), today)


def spans(today: TradingDay, first: TradingDay) -> tuple[Span, ...]:
    """What a page offers to choose, the fiscal years with facts among them, newest first."""
    words = ["1M", "3M", "6M", "YTD", "1Y", "3Y", "5Y", "all"]
    newest = _fiscal(today)
    oldest = max(_fiscal(first), newest - _YEARS_SHOWN + 1)
    words += [f"FY{year}" for year in range(newest, oldest - 1, -1)]
    return tuple(span(word, today, first) for word in words)


def period_of(chosen: Span) -> Period:
    """As analysis has it; since the beginning: from nothing."""
    return Period(None if chosen.name == "all" else chosen.first, chosen.last)


def _fiscal(day: TradingDay) -> int:
    return day.date.year if day.date.month >= _APRIL else day.date.year - 1


def _fiscal_year(year: int, today: TradingDay) -> Span:
    if not 1950 <= year <= _fiscal(today):
        raise Misuse("period", f"FY{year} has not begun", cure=f"Known: {_PERIODS}")
    last = min(TradingDay(date(year + 1, 3, 31)), today)
    return Span(f"FY{year}", f"FY {year}–{(year + 1) % 100:02d}", TradingDay(date(year, _APRIL, 1)), last)


def _custom(word: str, start: TradingDay, end: TradingDay, today: TradingDay) -> Span:
    if start > end:
        raise Misuse("period", f"{start} lies after {end}", cure="Write the earlier day first")
    if start > today:
        raise Misuse("period", f"{start} has not come yet", cure=f"Today is {today}")
    end = min(end, today)
    return Span(word, f"{start} to {end}", start, end)


def _months_back(day: TradingDay, months: int) -> TradingDay:
    """The day after the same day of the month so many months ago: a period of just so many months."""
    count = day.date.year * 12 + day.date.month - 1 - months
    year, month = divmod(count, 12)
    for last in (day.date.day, 30, 29, 28):
        try:
            return TradingDay(date(year, month + 1, last)).plus_days(1)
        except ValueError:
            continue
    raise Misuse("period", f"no day {months} months before {day}")
