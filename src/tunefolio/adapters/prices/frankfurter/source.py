"""The thin call to Frankfurter: one call for a pair and a range of days."""

from __future__ import annotations

from collections.abc import Mapping

from tunefolio.adapters.answers import ordered_rates
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.options import POLITE, Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.frankfurter import parsers
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.money import Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.provider import RateClaim

NAME = "frankfurter"


@SOURCES.register(NAME)
class Frankfurter:
    """Rates of any pair of the currencies that its banks publish. Raises Retry, Rejected. Thread-safe.

    Options: version (1: the ECB's rates, frozen; 2: those of `providers`, ECB unless said otherwise, because
    without it many banks are blended into a rate that nobody published); root_url and the polite ones.
    """

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        given = Options(NAME, options, {"root_url", "version", "providers", *POLITE})
        self._version = given.one_of("version", "1", ("1", "2"))
        self._providers = ",".join(given.listed("providers", "ECB"))
        if self._version == "2" and not self._providers:
            raise Misuse(f"{NAME}.providers", "names no bank", cure="Write ECB, or FBIL")
        self._gate = gates.gate(
            NAME,
            given.url("root_url", "https://api.frankfurter.dev"),
            given.manners(2, burst=2),
            judge=parsers.judged,
            timeout_seconds=given.above_zero("timeout_seconds", 15),
        )

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        """Those of working days; weekends and holidays are absent, as they were published."""
        if base == quote:
            return None
        if since >= until:
            return ()
        try:
            found = self._first(base, quote, since, until) if self._version == "1" else self._second(
                base, quote, since, until
            )  # fmt: skip
        except Rejected as refusal:
            if refusal.code == parsers.UNKNOWN_PAIR:
                return None
            raise
        return ordered_rates(found, since, until)

    def close(self) -> None:
        self._gate.close()

    def _first(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> list[RateClaim]:
        return self._gate.read(
            f"/v1/{since.iso()}..{until.plus_days(-1).iso()}",
            lambda answer: parsers.first_version(answer, base, quote),
            params=[("base", base), ("symbols", quote)],
        )

    def _second(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> list[RateClaim]:
        query = [
            ("base", base), ("quotes", quote), ("from", since.iso()), ("to", until.plus_days(-1).iso()),
            ("providers", self._providers),
        ]  # fmt: skip
        return self._gate.read(
            "/v2/rates", lambda answer: parsers.second_version(answer, base, quote), params=query
        )
