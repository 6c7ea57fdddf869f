"""The thin calls to the operator's own sources. Only the configured host is asked; redirects are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import time as time_of_day
from functools import partial
from typing import TypeVar
from urllib.parse import quote as quoted

from tunefolio.adapters.answers import ordered, ordered_rates
from tunefolio.adapters.gates import Gate, Gates
from tunefolio.adapters.http import Answer, by_refusal
from tunefolio.adapters.options import Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.generic import parsers
from tunefolio.adapters.prices.generic.layouts import NAME, OPTIONS, Layout, layouts
from tunefolio.core.errors import Misuse, Rejected, Retry, TunefolioError
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import BarsClaim, QuoteClaim, RateClaim

_UNKNOWN = "unknown_symbol"
_MIDNIGHT = time_of_day(0)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Part:
    layout: Layout
    gate: Gate


class Generic:
    """What the operator's own sources know; the first that serves something answers for it.

    Raises Retry, Rejected. Thread-safe. Options: docs/spec/sources.md.
    """

    name = NAME

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = tuple(parts)

    def serves(self, listing: Listing) -> bool:
        return any(part.layout.knows(listing) for part in self._parts)

    def bars(self, listing: Listing, since: TradingDay, until: TradingDay) -> BarsClaim | None:
        part = self._of("bars", listing)
        if part is None:
            return None
        layout = part.layout
        if since >= until:
            return BarsClaim((), layout.currency)
        path = _filled(layout, since, until, listing=listing)
        found = _asked(part, path, lambda answer: list(parsers.bars(answer, layout)))
        return None if found is None else BarsClaim(ordered(found, since, until), layout.currency)

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        """One call for each. Refused in the middle it answers what it has."""
        found: dict[Listing, QuoteClaim] = {}
        for listing in dict.fromkeys(listings):
            part = self._of("quotes", listing)
            if part is None:
                continue
            layout, path = part.layout, _filled(part.layout, None, None, listing=listing)
            try:
                claim = _asked(part, path, partial(parsers.quote, layout=layout, listing=listing))
            except Retry:
                if found:
                    return found
                raise
            if claim is not None:
                found[listing] = claim
        return found

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        part = next((one for one in self._parts if one.layout.knows_pair(base, quote)), None)
        if part is None:
            return None
        if since >= until:
            return ()
        layout = part.layout
        path = _filled(layout, since, until, pair=(base, quote))
        found = _asked(part, path, lambda answer: parsers.rates(answer, layout, base, quote))
        return None if found is None else ordered_rates(found, since, until)

    def close(self) -> None:
        for part in self._parts:
            part.gate.close()

    def _of(self, kind: str, listing: Listing) -> _Part | None:
        known = (part for part in self._parts if part.layout.kind == kind and part.layout.knows(listing))
        return next(known, None)


@SOURCES.register(NAME)
def generic(options: Mapping[str, str], gates: Gates) -> Generic | None:
    """None where neither a url nor a file describes a source. Raises Misuse naming the option."""
    given = Options(NAME, options, OPTIONS)
    manners = given.manners(1)
    timeout_seconds = given.above_zero("timeout_seconds", 15)
    parts: dict[str, _Part] = {}
    for layout in layouts(options):
        if layout.name in parts:
            raise Misuse(f"{NAME}.name", f"two sources are called {layout.name!r}")
        gate = gates.gate(
            NAME if layout.name == NAME else f"{NAME}:{layout.name}",
            layout.root,
            manners,
            judge=_judged,
            headers=layout.headers,
            timeout_seconds=timeout_seconds,
        )
        parts[layout.name] = _Part(layout, gate)
    return Generic(tuple(parts.values())) if parts else None


def _asked(part: _Part, path: str, parse: Callable[[Answer], T]) -> T | None:
    """None for a symbol that it does not know."""
    try:
        return part.gate.read(path, parse)
    except Rejected as refusal:
        if refusal.code == _UNKNOWN:
            return None
        raise


def _judged(answer: Answer) -> TunefolioError | None:
    """404 → it does not know the symbol; a redirect → Rejected: nobody is followed to another host."""
    if answer.status == 404:
        return Rejected("no such symbol", code=_UNKNOWN)
    if 300 <= answer.status < 400:
        return Rejected(
            "the address answers with a redirect, which is not followed", code=f"http_{answer.status}"
        )
    return by_refusal(answer)


def _filled(
    layout: Layout,
    since: TradingDay | None,
    until: TradingDay | None,
    *,
    listing: Listing | None = None,
    pair: tuple[Currency, Currency] | None = None,
) -> str:
    """The path with its placeholders filled, each escaped whole. {to} is the last day wanted, included."""
    words = {
        "symbol": listing.symbol if listing else "",
        "exchange": listing.exchange if listing else "",
        "series": listing.series if listing else "",
        "base": pair[0] if pair else "",
        "quote": pair[1] if pair else "",
        "from": _written(layout, since),
        "to": _written(layout, until.plus_days(-1) if until else None),
    }
    return layout.path.format(**{name: quoted(word, safe="") for name, word in words.items()})


def _written(layout: Layout, day: TradingDay | None) -> str:
    if day is None:
        return ""
    start = Instant.at(day, _MIDNIGHT, UTC).utc
    match layout.url_date_format:
        case "seconds":
            return str(int(start.timestamp()))
        case "milliseconds":
            return str(int(start.timestamp()) * 1000)
        case "iso":
            return day.iso()
        case pattern:
            return day.date.strftime(pattern)
