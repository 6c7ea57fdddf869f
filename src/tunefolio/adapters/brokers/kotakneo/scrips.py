"""Kotak's numbers for instruments. Its books name a share by segment and token, without the ISIN.

The files of the day say which is which; a segment's is read when it is first needed, and kept for hours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunefolio.adapters.brokers.kotakneo.errors import TITLE, optional, text, told_of
from tunefolio.adapters.brokers.kotakneo.instruments import parse, parse_paths
from tunefolio.adapters.brokers.kotakneo.neo import Lane, Neo, Pass
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.money import INR
from tunefolio.market.instruments import InstrumentClaim, Listing, usual_class
from tunefolio.market.masters import class_of_series
from tunefolio.market.provider import MasterRow

PATHS = "/script-details/1.0/masterscrip/file-paths"
SEGMENTS = {
    "NSE": "nse_cm", "BSE": "bse_cm", "NFO": "nse_fo", "BFO": "bse_fo", "CDS": "cde_fo", "BCD": "bse_cd",
    "MCX": "mcx_fo", "NCO": "nse_com",
}  # fmt: skip
EXCHANGES = {segment: exchange for exchange, segment in SEGMENTS.items()}
INDICES = {
    Listing("NSE", "NIFTY 50"): "Nifty 50",
    Listing("NSE", "NIFTY BANK"): "Nifty Bank",
    Listing("BSE", "SENSEX"): "SENSEX",
}
"""Indices stand in no file; these are the names that Kotak documents."""
KEPT_SECONDS = 4 * 3600
_CASH = frozenset({"nse_cm", "bse_cm"})


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """What Kotak calls an instrument in its calls: `nse_cm|11536`, or an index by its name."""

    segment: str
    token: str

    def __str__(self) -> str:
        return f"{self.segment}|{self.token}"


@dataclass(frozen=True, slots=True)
class Book:
    """One segment's file. by_symbol: the tokens of each symbol, by series."""

    read: float
    by_token: Mapping[str, InstrumentClaim] = field(default_factory=dict)
    by_symbol: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Scrips:
    """Names of instruments, for all customers of this process. Raises what the call raises. Thread-safe."""

    def __init__(self, neo: Neo, now: Callable[[], float] = time.monotonic) -> None:
        self._neo = neo
        self._now = now
        self._reading = {segment: threading.Lock() for segment in EXCHANGES}
        self._books: dict[str, Book] = {}

    def claim(
        self, leave: Pass, row: Mapping[str, Any], where: str, *, token: str = "tok"
    ) -> InstrumentClaim:
        """The instrument that a row of a book names by segment and token, or by its trading symbol alone.

        A contract's trading symbol says all that its list does, which is large: that one is not read for it.
        """
        said = claim_of(row, where)
        segment = segment_of(row, where)
        if segment not in _CASH:
            return said
        book = self._book(leave, segment)
        known = book.by_token.get(optional(row, token))
        if known is None and (number := _token(book, said.listing)):
            known = book.by_token.get(number)
        return known or said

    def symbols(self, leave: Pass, listings: Iterable[Listing]) -> Mapping[Symbol, Sequence[Listing]]:
        """What to ask for each listing; those that Kotak does not know are absent."""
        found: dict[Symbol, list[Listing]] = {}
        for listing in dict.fromkeys(listings):
            symbol = self._symbol(leave, listing)
            if symbol is not None:
                found.setdefault(symbol, []).append(listing)
        return found

    def _symbol(self, leave: Pass, listing: Listing) -> Symbol | None:
        segment = SEGMENTS.get(listing.exchange)
        if segment is None:
            return None
        if (name := INDICES.get(listing._replace(symbol=listing.symbol.upper(), series=""))) is not None:
            return Symbol(segment, name)
        token = _token(self._book(leave, segment), listing)
        return Symbol(segment, token) if token else None

    def _book(self, leave: Pass, segment: str) -> Book:
        with self._reading[segment]:
            book = self._books.get(segment)
            if book is None or self._now() - book.read > KEPT_SECONDS:
                book = self._books[segment] = self._read(leave, segment)
            return book

    def _read(self, leave: Pass, segment: str) -> Book:
        """A segment without a file today is a book without entries. Retry: its file breaks off."""
        answer = self._neo.ask(leave, PATHS, Lane.MASTER)
        told_of(answer, "list of files")
        files = dict(parse_paths(answer.content))
        if segment not in files:
            return Book(self._now())
        content = self._neo.download(leave, files[segment])
        try:
            return _book(self._now(), parse(content, segment))
        except Rejected as broken:
            raise Retry(broken.reason) from None


def _book(now: float, rows: Iterable[MasterRow]) -> Book:
    by_token: dict[str, InstrumentClaim] = {}
    by_symbol: dict[str, dict[str, str]] = {}
    for row in rows:
        listing = row.claim.listing
        by_token[row.token] = row.claim
        by_symbol.setdefault(listing.symbol, {})[listing.series] = row.token
    return Book(now, by_token, by_symbol)


def _token(book: Book, listing: Listing) -> str | None:
    """Of that very series; without one, the ordinary series, or the only one there is."""
    series = book.by_symbol.get(listing.symbol.upper(), {})
    if listing.series:
        return series.get(listing.series)
    return series.get("") or series.get("EQ") or (next(iter(series.values())) if len(series) == 1 else None)


def segment_of(row: Mapping[str, Any], where: str) -> str:
    """The segment a row names; Rejected for one that we do not know."""
    segment = text(row, "exchangeSegment" if "exchangeSegment" in row else "exSeg", where).lower()
    if segment not in EXCHANGES:
        raise Rejected(f"{TITLE}: {where} is of the segment {segment[:20]!r}", code="unknown_exchange")
    return segment


def claim_of(row: Mapping[str, Any], where: str) -> InstrumentClaim:
    """The instrument by what the row itself says; the series is split from a share's symbol (IDEA-EQ)."""
    exchange = EXCHANGES[segment_of(row, where)]
    symbol = (optional(row, "trdSym", "displaySymbol", "symbol") or text(row, "sym", where)).upper()
    series = optional(row, "series").upper() if exchange == "NSE" else ""
    if exchange == "NSE":
        bare, _, ending = symbol.rpartition("-")
        if bare and (ending == series or (not series and len(ending) == 2)):
            symbol, series = bare, ending
        return InstrumentClaim(Listing(exchange, symbol, series), None, "", class_of_series(series), INR)
    return InstrumentClaim(Listing(exchange, symbol), None, "", usual_class(exchange, symbol), INR)
