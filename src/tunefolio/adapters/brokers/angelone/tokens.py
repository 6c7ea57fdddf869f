"""Angel One's calls and streams know an instrument by a token; its public list tells which. Kept for hours.

Some 200,000 listings as objects would take 45 MB of each process; as lines of text they take five.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from tunefolio.adapters.brokers.angelone.errors import BROKER
from tunefolio.adapters.brokers.angelone.instruments import AngelMaster
from tunefolio.core.errors import Rejected, Retry
from tunefolio.market.instruments import Listing

_log = logging.getLogger(__name__)

FRESH_SECONDS = 6 * 3600
"""The list is new every morning; a token is given anew only then."""
RETRY_SECONDS = 300
FEW = 40
"""So many are searched one by one in less time than an index takes."""

EXCHANGE_TYPES = {"NSE": 1, "NFO": 2, "BSE": 3, "BFO": 4, "MCX": 5, "CDS": 13}
"""Exchanges whose tokens we ask for, with their numbers in the tick stream."""

_UNSAID = ("", "EQ", "BE", "BZ", "SM", "ST")
"""What a listing without a series may be, in this order: an index or contract, then the series of shares."""


class Tokens:
    """Listing → token. Raises Retry while the list was never read; an older one serves when a new one fails.

    monotonic: seconds that only grow. Thread-safe.
    """

    def __init__(self, master: AngelMaster, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._master = master
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._lines: dict[str, bytes] = {}
        self._due = 0.0

    def of(self, listings: Iterable[Listing]) -> dict[Listing, str]:
        """The tokens of those that Angel One lists."""
        wanted: dict[str, list[Listing]] = {}
        for listing in listings:
            if listing.exchange in EXCHANGE_TYPES:
                wanted.setdefault(listing.exchange, []).append(listing)
        lines = self._read() if wanted else {}
        found: dict[Listing, str] = {}
        for exchange, those in wanted.items():
            token_of = _reader(lines.get(exchange, b""), len(those))
            found |= {listing: token for listing in those if (token := _token(token_of, listing))}
        return found

    def _read(self) -> dict[str, bytes]:
        with self._lock:
            if not self._lines or self._monotonic() >= self._due:
                try:
                    self._lines = _lines(self._master.tokens())
                    self._due = self._monotonic() + FRESH_SECONDS
                except (Retry, Rejected) as problem:
                    if not self._lines:
                        raise Retry(
                            f"Angel One: its list of instruments is not to be had ({problem})"
                        ) from None
                    self._due = self._monotonic() + RETRY_SECONDS
                    _log.warning("tokens.old", extra={"broker": BROKER, "reason": str(problem)})
            return self._lines


def _lines(rows: Iterable[tuple[Listing, str]]) -> dict[str, bytes]:
    """By exchange, one line for each: symbol, series, token."""
    pieces: dict[str, bytearray] = {}
    for listing, token in rows:
        if listing.exchange in EXCHANGE_TYPES:
            line = f"{listing.symbol}\t{listing.series}\t{token}\n".encode()
            pieces.setdefault(listing.exchange, bytearray(b"\n")).extend(line)
    return {exchange: bytes(lines) for exchange, lines in pieces.items()}


def _reader(lines: bytes, count: int) -> Callable[[bytes], bytes]:
    """Symbol and series → token, b"" for none: by search for a few, by an index made once for many."""
    if count > FEW:
        cut = (line.rpartition(b"\t") for line in lines.split(b"\n"))
        index = {key: token for key, _, token in cut}
        return lambda key: index.get(key, b"")

    def search(key: bytes) -> bytes:
        place = lines.find(b"\n" + key + b"\t")
        start = place + len(key) + 2
        return lines[start : lines.index(b"\n", start)] if place >= 0 else b""

    return search


def _token(token_of: Callable[[bytes], bytes], listing: Listing) -> str:
    """ "" for none. Only NSE's symbols have a series at Angel One."""
    for series in _series(listing):
        if token := token_of(f"{listing.symbol.upper()}\t{series}".encode()):
            return token.decode()
    return ""


def _series(listing: Listing) -> Iterator[str]:
    if listing.exchange != "NSE":
        yield ""
    elif listing.series:
        yield listing.series
    else:
        yield from _UNSAID
