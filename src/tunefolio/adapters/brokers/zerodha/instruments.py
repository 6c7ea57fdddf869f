"""How Kite names instruments, and its instruments file.

Kite writes the series into the symbol (`CENTRALBK-BE`) where it is not EQ; we keep the two apart.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from tunefolio.adapters.brokers.zerodha.errors import text
from tunefolio.adapters.brokers.zerodha.kite import KiteConfig
from tunefolio.adapters.gates import Gates, Manners
from tunefolio.adapters.prices import SOURCES
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.identity import Isin, find_isin
from tunefolio.core.money import INR
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing, exchange_of
from tunefolio.market.masters import class_of_series
from tunefolio.market.provider import MasterRow

KITE_EXCHANGES = frozenset({"NSE", "BSE", "NFO", "BFO", "MCX", "CDS", "BCD", "NCO"})
"""Exchanges whose instruments Kite quotes."""

NAMED = ("exchange", "tradingsymbol")
"""The fields by which a row of a book names its instrument."""

DAY_PRODUCTS = frozenset({"MIS", "CO", "BO"})
"""Products that Kite squares off the same day: nothing is delivered."""

_SERIES = re.compile(
    r"(?P<symbol>.+)-"
    r"(?P<series>BE|BZ|BL|BO|BT|IL|SM|ST|SZ|GB|GS|SG|TB|IV|ID|RR|RT|MF|ME|IT|T0|"
    r"[EX][0-9]|[NYZPW][0-9A-Z])"
)
"""NSE's legend of series but EQ; `-RE` (rights entitlement) belongs to the symbol."""

_COLUMNS = (
    "instrument_token",
    "tradingsymbol",
    "name",
    "tick_size",
    "lot_size",
    "instrument_type",
    "exchange",
)


def listing_of(exchange: str, tradingsymbol: str) -> Listing:
    """Kite's exchange and symbol as a listing; series "" where it writes none. Rejected: unknown exchange."""
    try:
        code = exchange_of(exchange)
    except Misuse as unknown:
        raise Rejected(f"Zerodha: {unknown}", code="unknown_exchange") from None
    match = _SERIES.fullmatch(tradingsymbol) if code == "NSE" else None
    if match is None:
        return Listing(code, tradingsymbol)
    return Listing(code, match["symbol"], match["series"])


def claim_of(row: Mapping[str, Any], where: str) -> InstrumentClaim:
    """The instrument a row of a book names by exchange and tradingsymbol, and by ISIN where it has one."""
    listing = listing_of(text(row, "exchange", where), text(row, "tradingsymbol", where))
    isin = find_isin(row.get("isin"))
    return InstrumentClaim(listing, isin, "", asset_class_of(listing, isin), INR)


def tradingsymbol_of(listing: Listing) -> str:
    """The listing's symbol as Kite writes it; the way back of listing_of."""
    whole = f"{listing.symbol}-{listing.series}"
    return whole if listing.exchange == "NSE" and _SERIES.fullmatch(whole) else listing.symbol


def key_of(listing: Listing) -> str:
    """`NSE:INFY`: what Kite's quote calls take and answer."""
    return f"{listing.exchange}:{tradingsymbol_of(listing)}"


def asset_class_of(listing: Listing, isin: Isin | None) -> AssetClass:
    """By exchange and symbol for derivatives, else by the ISIN: INF fund, IN0 government, 07/08 debenture."""
    if listing.exchange in {"NFO", "BFO", "MCX", "CDS", "BCD", "NCO"}:
        return AssetClass.OPTION if listing.symbol.endswith(("CE", "PE")) else AssetClass.FUTURE
    if listing.exchange == "MF":
        return AssetClass.FUND
    if isin is None:
        return AssetClass.EQUITY
    if isin.startswith("INF"):
        return AssetClass.ETF
    if isin.startswith("IN0"):
        return AssetClass.GOLD if listing.symbol.startswith("SGB") else AssetClass.BOND
    return AssetClass.BOND if isin.startswith("INE") and isin[7:9] in {"07", "08"} else AssetClass.EQUITY


@dataclass(frozen=True, slots=True)
class KiteInstrument:
    """One row of the instruments file. token: valid for the day only; the listing is the stable key."""

    token: int
    listing: Listing
    name: str
    instrument_type: str
    tick_size: Decimal
    lot_size: int


def parse(content: bytes) -> Iterator[KiteInstrument]:
    """The instruments file, plain or gzipped; streams. Rejected: a column is missing or a row is broken."""
    text = io.TextIOWrapper(
        io.BytesIO(_unpacked(content)), encoding="utf-8-sig", errors="replace", newline=""
    )
    table = csv.DictReader(text)
    lacking = [column for column in _COLUMNS if column not in (table.fieldnames or ())]
    if lacking:
        raise Rejected(f"Zerodha: instruments lack the column {', '.join(lacking)}", code="missing_field")
    for number, row in enumerate(table, start=2):
        try:
            yield KiteInstrument(
                token=int(row["instrument_token"]),
                listing=listing_of(row["exchange"], row["tradingsymbol"]),
                name=row["name"],
                instrument_type=row["instrument_type"],
                tick_size=Decimal(row["tick_size"]),
                lot_size=int(row["lot_size"]),
            )
        except (ValueError, TypeError, AttributeError, InvalidOperation):
            raise Rejected(f"Zerodha: row {number} of the instruments is broken", code="wrong_type") from None


_MASTER_COLUMNS = (*_COLUMNS, "expiry", "strike", "segment")


def parse_master(content: bytes) -> Iterator[MasterRow]:
    """Kite's list as a master: everything it quotes, contracts among it; streams.

    Rejected: a column is missing or a row is broken. Rows of exchanges we do not know are left out.
    """
    text = io.TextIOWrapper(
        io.BytesIO(_unpacked(content)), encoding="utf-8-sig", errors="replace", newline=""
    )
    table = csv.reader(text)
    places = {name: place for place, name in enumerate(next(table, []))}
    lacking = [column for column in _MASTER_COLUMNS if column not in places]
    if lacking:
        raise Rejected(f"Zerodha: instruments lack the column {', '.join(lacking)}", code="missing_field")
    wanted = [places[name] for name in _MASTER_COLUMNS]
    for number, row in enumerate(table, start=2):
        try:
            token, symbol, name, tick, lot, kind, exchange, expiry, strike, segment = (row[i] for i in wanted)
            if exchange in KITE_EXCHANGES or exchange == "MF":
                listing = listing_of(exchange, symbol)
                claim = InstrumentClaim(listing, None, name, _class_of(listing, kind, segment))
                yield MasterRow(
                    claim,
                    token,
                    _above_zero(tick),
                    _above_zero(lot),
                    TradingDay.parse(expiry) if expiry else None,
                    _above_zero(strike),
                )
        except (IndexError, ValueError, InvalidOperation, Misuse):
            raise Rejected(f"Zerodha: row {number} of the instruments is broken", code="wrong_type") from None


def _class_of(listing: Listing, kind: str, segment: str) -> AssetClass:
    if segment == "INDICES":
        return AssetClass.INDEX
    if kind in {"CE", "PE"}:
        return AssetClass.OPTION
    if kind == "FUT":
        return AssetClass.FUTURE
    known = asset_class_of(listing, None)
    return class_of_series(listing.series) if known is AssetClass.EQUITY else known


def _above_zero(text: str) -> Decimal | None:
    number = Decimal(text or 0)
    return number if number > 0 else None


class ZerodhaMaster:
    """Kite's list of instruments, which it gives to everyone: no application and no session is needed."""

    name = "zerodha"

    def __init__(self, config: KiteConfig, gates: Gates) -> None:
        self._gate = gates.gate(
            "zerodha",
            config.root_url,
            Manners(per_second=config.requests_per_second),
            headers={"X-Kite-Version": "3"},
            timeout_seconds=config.timeout_seconds,
            cap_bytes=_LARGEST,
        )

    def instruments(self) -> Iterator[MasterRow]:
        return parse_master(self._gate.get("/instruments").content)

    def close(self) -> None:
        self._gate.close()


_LARGEST = 128 * 1024 * 1024


@SOURCES.register("zerodha")
def _make(options: Mapping[str, str], gates: Gates) -> ZerodhaMaster:
    """With the broker's own options."""
    return ZerodhaMaster(KiteConfig.of(options), gates)


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        raise Retry("Zerodha: the instruments file breaks off") from None
