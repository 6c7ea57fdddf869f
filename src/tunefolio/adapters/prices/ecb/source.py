"""The thin call to the ECB: both currencies of a pair in one call, and what they imply for each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from tunefolio.adapters.answers import ordered_rates, quotient
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.http import Answer, by_refusal
from tunefolio.adapters.options import POLITE, Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.ecb import parsers
from tunefolio.adapters.prices.ecb.parsers import EUR
from tunefolio.core.errors import Rejected, TunefolioError
from tunefolio.core.money import Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.provider import RateClaim

NAME = "ecb"
_NO_DATA = "no_data"
_CODE = re.compile(r"[A-Z]{3}\Z")


@SOURCES.register(NAME)
class EuropeanCentralBank:
    """EUR against what the ECB publishes as it stands; every other pair as the quotient of two of its rates.

    Published about 16:00 in Frankfurt on its working days. Raises Retry, Rejected. Thread-safe.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        given = Options(NAME, options, {"root_url", *POLITE})
        self._gate = gates.gate(
            NAME,
            given.url("root_url", "https://data-api.ecb.europa.eu"),
            given.manners(1),
            judge=_judged,
            headers={"Accept": "text/csv"},
            timeout_seconds=given.above_zero("timeout_seconds", 30),
        )

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        """None where it publishes nothing of the pair in those days."""
        wanted = sorted({base, quote} - {EUR})
        if base == quote or not all(_CODE.match(code) for code in wanted):
            return None
        if since >= until:
            return ()
        query = [
            ("format", "csvdata"), ("startPeriod", since.iso()), ("endPeriod", until.plus_days(-1).iso()),
            ("detail", "dataonly"),
        ]  # fmt: skip
        path = f"/service/data/EXR/D.{'+'.join(wanted)}.EUR.SP00.A"
        try:
            told = self._gate.read(path, parsers.per_euro, params=query)
        except Rejected as refusal:
            if refusal.code == _NO_DATA:
                return None
            raise
        if not all(code in told for code in wanted):
            return None
        return ordered_rates(_crossed(told, base, quote), since, until)

    def close(self) -> None:
        self._gate.close()


def _crossed(told: parsers.PerEuro, base: Currency, quote: Currency) -> Iterator[RateClaim]:
    """Only of days that have both."""
    if base == EUR:
        yield from (RateClaim(base, quote, day, rate) for day, rate in told[quote].items())
        return
    for day, bases in told[base].items():
        quotes = Decimal(1) if quote == EUR else told[quote].get(day)
        if quotes is not None:
            yield RateClaim(base, quote, day, quotient(quotes, bases))


def _judged(answer: Answer) -> TunefolioError | None:
    """404: no observations; the ECB does not say whether the currency is unknown or the days are empty."""
    if answer.status == 404:
        return Rejected("ECB: no observations", code=_NO_DATA)
    return by_refusal(answer)
