"""The thin call to FBIL: every currency of at most a year of days in one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from tunefolio.adapters.answers import ordered_rates, quotient
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.options import POLITE, Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.fbil import parsers
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.provider import RateClaim

NAME = "fbil"
_FIRST = TradingDay(date(2018, 7, 10))
_PUBLISHED = frozenset({"USD", "EUR", "GBP", "JPY"})
_WINDOW_DAYS = 366


@SOURCES.register(NAME)
class Fbil:
    """The rupee against dollar, euro, pound and yen, either way round; nothing between those.

    For Indian income tax another rate is meant (rule 115: the State Bank's buying rate), which is not here.
    Raises Retry, Rejected. Thread-safe.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        given = Options(NAME, options, {"root_url", *POLITE})
        self._gate = gates.gate(
            NAME,
            given.url("root_url", "https://www.fbil.org.in"),
            given.manners(0.5),
            timeout_seconds=given.above_zero("timeout_seconds", 30),
        )

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        """Those of working days, None before the first; an inverse is rounded to ten decimals."""
        foreign = base if quote == INR else quote
        if INR not in (base, quote) or foreign not in _PUBLISHED or since < until <= _FIRST:
            return None
        found: list[RateClaim] = []
        for first, last in _windows(max(since, _FIRST), until):
            query = [("fromDate", first.iso()), ("toDate", last.iso()), ("authenticated", "false")]
            told = self._gate.read("/wasdm/refrates/fetchfiltered", parsers.rupees, params=query)
            for day, rupees in told.get(foreign, {}).items():
                rate = rupees if quote == INR else quotient(Decimal(1), rupees)
                found.append(RateClaim(base, quote, day, rate))
        return ordered_rates(found, since, until)

    def close(self) -> None:
        self._gate.close()


def _windows(since: TradingDay, until: TradingDay) -> Iterator[tuple[TradingDay, TradingDay]]:
    """First and last day of each call."""
    while since < until:
        last = min(since.plus_days(_WINDOW_DAYS - 1), until.plus_days(-1))
        yield since, last
        since = last.plus_days(1)
