"""Angel One's list of instruments: one public JSON file of some 200,000 flat objects, without ISINs.

Prices in it are in hundredths. Facts: `symbol` carries the series (`SBIN-EQ`); lot and strike may be -1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from tunefolio.adapters.brokers.angelone.smart import AngelConfig
from tunefolio.adapters.gates import Gates, Manners
from tunefolio.adapters.prices import SOURCES
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import EXCHANGES, AssetClass, InstrumentClaim, Listing
from tunefolio.market.masters import class_of_series
from tunefolio.market.provider import MasterRow

NAME = "angelone"
_PATH = "/OpenAPI_File/files/OpenAPIScripMaster.json"
_LARGEST = 256 * 1024 * 1024
_NEEDED = (
    "token",
    "symbol",
    "name",
    "expiry",
    "strike",
    "lotsize",
    "instrumenttype",
    "exch_seg",
    "tick_size",
)
_SERIES = re.compile(r"(?P<symbol>.+)-(?P<series>[A-Z0-9]{2})")


def parse(content: bytes) -> Iterator[MasterRow]:
    """The file; streams. Retry: it breaks off. Rejected: it is no list of such objects.

    Its test symbols and exchanges we do not know are left out.
    """
    for number, row in _rows(content, _NEEDED):
        try:
            yield _row(row)
        except (ValueError, InvalidOperation):
            raise Rejected(f"Angel One: instrument {number} is broken", code="wrong_type") from None


def parse_tokens(content: bytes) -> Iterator[tuple[Listing, str]]:
    """Of the file only what its own calls need: listing and token. Raises as parse does."""
    for _, row in _rows(content, ("token", "symbol", "instrumenttype", "exch_seg")):
        yield _listing(row), row["token"]


def listing_of(exchange: str, symbol: str) -> Listing:
    """Angel One writes every series of NSE's into the symbol, EQ as well: `SBIN-EQ`; BSE's groups never."""
    match = _SERIES.fullmatch(symbol.strip().upper()) if exchange == "NSE" else None
    if match is None:
        return Listing(exchange, symbol.strip().upper())
    return Listing(exchange, match["symbol"], match["series"])


def _rows(content: bytes, needed: Sequence[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects that we can read, each with its number."""
    if not content.lstrip()[:1] == b"[":
        raise Rejected("Angel One: the instruments are no list", code="wrong_type")
    if not content.rstrip().endswith(b"]"):
        raise Retry("Angel One: the instruments break off")
    for number, row in enumerate(_objects(content), start=1):
        lacking = [name for name in needed if not isinstance(row.get(name), str)]
        if lacking:
            raise Rejected(f"Angel One: instrument {number} lacks {', '.join(lacking)}", code="missing_field")
        if row["exch_seg"] in EXCHANGES and "NSETEST" not in row["symbol"]:
            yield number, row


def _objects(content: bytes) -> Iterator[Mapping[str, Any]]:
    """One flat object after the other, so that the whole is never held as objects."""
    start = content.find(b"{")
    while start >= 0:
        found, end = _object(content, start)
        yield found
        start = content.find(b"{", end)


def _object(content: bytes, start: int) -> tuple[Mapping[str, Any], int]:
    """The object that begins there, and where it ends."""
    end = start
    while (end := content.find(b"}", end) + 1) > 0:
        try:
            return orjson.loads(content[start:end]), end
        except orjson.JSONDecodeError:  # the brace stood in a name
            continue
    raise Rejected("Angel One: the instruments are no JSON", code="wrong_type")


def _row(row: Mapping[str, Any]) -> MasterRow:
    listing, kind = _listing(row), row["instrumenttype"]
    claim = InstrumentClaim(listing, None, _name(row), _class_of(listing, kind))
    strike = _above_zero(row["strike"])
    return MasterRow(
        claim,
        row["token"],
        _hundredth(_above_zero(row["tick_size"])),
        _above_zero(row["lotsize"]),
        _day(row["expiry"]),
        _hundredth(strike) if claim.asset_class is AssetClass.OPTION else None,
    )


def _listing(row: Mapping[str, Any]) -> Listing:
    """An index's name may end like a series and has none."""
    if row["instrumenttype"]:
        return Listing(row["exch_seg"], row["symbol"].strip().upper())
    return listing_of(row["exch_seg"], row["symbol"])


def _name(row: Mapping[str, Any]) -> str:
    """Angel One repeats the symbol where others have a company's name: that is no name."""
    name: str = row["name"].strip()
    return name if row["expiry"] or row["instrumenttype"] else ""


def _class_of(listing: Listing, kind: str) -> AssetClass:
    if kind.startswith("OPT"):
        return AssetClass.OPTION
    if kind.startswith("FUT"):
        return AssetClass.FUTURE
    if kind == "AMXIDX":
        return AssetClass.INDEX
    return class_of_series(listing.series)


def _day(text: str) -> TradingDay | None:
    return TradingDay(datetime.strptime(text, "%d%b%Y").date()) if text else None  # noqa: DTZ007


def _above_zero(text: str) -> Decimal | None:
    number = Decimal(text or 0)
    return number if number > 0 else None


def _hundredth(number: Decimal | None) -> Decimal | None:
    return None if number is None else number.scaleb(-2)


class AngelMaster:
    """The file itself, which everyone may fetch; with the broker's own options, of which it needs few."""

    name = NAME

    def __init__(self, options: Mapping[str, str], gates: Gates) -> None:
        config = AngelConfig.of(options)
        manners = Manners(per_second=config.requests_per_second)
        self._gate = gates.gate(
            NAME,
            config.master_url,
            manners,
            timeout_seconds=2 * config.timeout_seconds,
            cap_bytes=_LARGEST,
        )

    def instruments(self) -> Iterator[MasterRow]:
        return parse(self._gate.get(_PATH).content)

    def tokens(self) -> Iterator[tuple[Listing, str]]:
        """Every listing with the number that Angel One's own calls know it by."""
        return parse_tokens(self._gate.get(_PATH).content)

    def close(self) -> None:
        self._gate.close()


@SOURCES.register(NAME)
def _make(options: Mapping[str, str], gates: Gates) -> AngelMaster:
    return AngelMaster(options, gates)
