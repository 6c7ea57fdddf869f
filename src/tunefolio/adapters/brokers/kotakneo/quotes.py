"""Kotak's quotes, fifty at a time; an instrument that Kotak does not know is absent from the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tunefolio.adapters.brokers.kotakneo.errors import (
    BROKER,
    PRICE_DIGITS,
    TITLE,
    body_of,
    epoch,
    find_number,
    mapping,
    optional,
    problem_of,
    rows,
)
from tunefolio.adapters.brokers.kotakneo.neo import Lane, Neo, Pass
from tunefolio.adapters.brokers.kotakneo.scrips import Scrips, Symbol
from tunefolio.core.errors import Rejected
from tunefolio.core.money import quantized
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

BATCH = 50
"""Kotak's limit of one call."""

Asked = Mapping[Symbol, Sequence[Listing]]


class KotakQuotes:
    """Last prices, one call for up to fifty listings. Raises Reauth, Retry, Rejected."""

    name = BROKER

    def __init__(self, neo: Neo, scrips: Scrips, leave: Pass) -> None:
        self._neo = neo
        self._scrips = scrips
        self._leave = leave

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        asked = self._scrips.symbols(self._leave, listings)
        symbols = list(asked)
        found: dict[Listing, QuoteClaim] = {}
        for start in range(0, len(symbols), BATCH):
            batch = {symbol: asked[symbol] for symbol in symbols[start : start + BATCH]}
            answer = self._neo.ask(self._leave, path_of(list(batch)), Lane.QUOTE)
            found |= quotes(body_of(answer), batch)
        return found


def path_of(symbols: Sequence[Symbol]) -> str:
    """Names and commas stand in the path itself."""
    names = quote(",".join(str(symbol) for symbol in symbols), safe="|,")
    return f"/script-details/1.0/quotes/neosymbol/{names}/all"


def quotes(told: Any, asked: Asked) -> dict[Listing, QuoteClaim]:
    """The plain array of a good answer. One never traded has no price or no time: absent, like a stranger."""
    if isinstance(told, dict):
        if (problem := problem_of(told)) is not None:
            raise problem
        raise Rejected(f"{TITLE}: the quotes are not a list", code="wrong_type")
    found: dict[Listing, QuoteClaim] = {}
    for at, row in enumerate(rows(told, "quotes")):
        where = f"quotes[{at}]"
        symbol = Symbol(optional(row, "exchange"), optional(row, "exchange_token"))
        for listing in asked.get(symbol, ()):
            if (claim := _claim(listing, row, where)) is not None:
                found[listing] = claim
    return found


def _claim(listing: Listing, row: Mapping[str, Any], where: str) -> QuoteClaim | None:
    last = find_number(row, "ltp", where)
    at = epoch(find_number(row, "lstup_time", where), "lstup_time", where)
    if last is None or last <= 0 or at is None:
        return None
    before = find_number(mapping(row.get("ohlc") or {}, f"{where}.ohlc"), "close", f"{where}.ohlc")
    close = quantized(before, PRICE_DIGITS) if before is not None and before > 0 else None
    return QuoteClaim(listing, quantized(last, PRICE_DIGITS), close, at)
