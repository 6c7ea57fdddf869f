"""Kotak Neo's lists of instruments: the addresses of the day's files, then one CSV for each segment.

The day of an expiry is given in seconds since 1980, the correction to 1970 stands beside it; prices
are whole numbers of 10^-precision. One header really reads `dStrikePrice;`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

import orjson

from tunefolio.adapters.brokers.kotakneo.neo import OPTIONS
from tunefolio.adapters.gates import Gate, Gates, Manners
from tunefolio.adapters.options import Options
from tunefolio.adapters.prices import SOURCES
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import find_isin
from tunefolio.core.time import IST, TradingDay
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.masters import class_of_series
from tunefolio.market.provider import MasterRow

NAME = "kotakneo"
_HOST = "https://mis.kotaksecurities.com"
_OWN = ".kotaksecurities.com"
_PATHS = "/script-details/1.0/masterscrip/file-paths"
_LARGEST = 256 * 1024 * 1024
_EXCHANGE = {
    "nse_cm": "NSE", "bse_cm": "BSE", "nse_fo": "NFO", "bse_fo": "BFO", "cde_fo": "CDS", "mcx_fo": "MCX",
    "nse_com": "NCO",
}  # fmt: skip
_NEEDED = ("pSymbol", "pTrdSymbol", "pSymbolName", "lLotSize", "dTickSize", "lExpiryDate", "dStrikePrice")
_FURTHER = ("pISIN", "pDesc", "pGroup", "pInstType", "pOptionType", "lPrecision", "pCurrectionTime")
_FILE = re.compile(r"(?P<segment>[a-z]+_[a-z]+)(?:-v[0-9]+)?\.csv")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_paths(content: bytes) -> list[tuple[str, str]]:
    """(segment, address) of each file that we can read. Rejected: the answer is no list of addresses."""
    try:
        body = orjson.loads(content)
        body = body.get("data", body)
        paths = [str(path) for path in body["filesPaths"]]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise Rejected("Kotak Neo: no addresses of files", code="missing_field") from None
    found = [(match["segment"], path) for path in paths if (match := _FILE.search(path.rpartition("/")[2]))]
    return [(segment, path) for segment, path in found if segment in _EXCHANGE]


def parse(content: bytes, segment: str) -> Iterator[MasterRow]:
    """One segment's file; streams. Rejected: a column is missing or a row is broken."""
    exchange = _EXCHANGE[segment]
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", errors="replace", newline="")
    table = csv.reader(text)
    header = [name.strip().rstrip(";").strip() for name in next(table, [])]
    places = {name: place for place, name in enumerate(header)}
    lacking = [name for name in _NEEDED if name not in places]
    if lacking:
        raise Rejected(f"Kotak Neo: {segment} lacks the column {', '.join(lacking)}", code="missing_field")
    names = [name for name in (*_NEEDED, *_FURTHER) if name in places]
    for number, row in enumerate(table, start=2):
        if not row:
            continue
        try:
            yield _row(exchange, {name: row[places[name]].strip().rstrip(";") for name in names})
        except (IndexError, ValueError, OverflowError, InvalidOperation):
            raise Rejected(f"Kotak Neo: row {number} of {segment} is broken", code="wrong_type") from None


def _row(exchange: str, row: Mapping[str, str]) -> MasterRow:
    is_contract = exchange not in {"NSE", "BSE"}
    listing = _listing(exchange, row)
    name = row.get("pDesc", "") or row["pSymbolName"]
    kind = _class_of(listing, row, is_contract=is_contract)
    isin = find_isin(row.get("pISIN", ""))
    unit = Decimal(1).scaleb(-int(row.get("lPrecision") or 2))
    strike = _above_zero(row["dStrikePrice"]) if kind is AssetClass.OPTION else None
    tick = _above_zero(row["dTickSize"])
    return MasterRow(
        InstrumentClaim(listing, isin, row["pSymbolName"] if is_contract else name, kind),
        row["pSymbol"],
        None if tick is None else tick * unit,
        _above_zero(row["lLotSize"]),
        _expiry(row) if is_contract else None,
        None if strike is None else strike * unit,
    )


def _listing(exchange: str, row: Mapping[str, str]) -> Listing:
    """The trading symbol carries the group (`YESBANK-EQ`) for cash; BSE's groups are no part of it."""
    symbol, group = row["pTrdSymbol"].upper(), row.get("pGroup", "").upper()
    if exchange not in {"NSE", "BSE"}:
        return Listing(exchange, symbol)
    bare = symbol.removesuffix(f"-{group}") if group else symbol
    return Listing(exchange, bare, group if exchange == "NSE" else "")


def _class_of(listing: Listing, row: Mapping[str, str], *, is_contract: bool) -> AssetClass:
    if not is_contract:
        return class_of_series(listing.series)
    is_option = row.get("pOptionType", "") in {"CE", "PE"} or row.get("pInstType", "").startswith("OPT")
    return AssetClass.OPTION if is_option else AssetClass.FUTURE


def _expiry(row: Mapping[str, str]) -> TradingDay | None:
    seconds = Decimal(row["lExpiryDate"] or -1)
    if seconds <= 0:
        return None
    moment = _EPOCH + timedelta(seconds=int(seconds + Decimal(row.get("pCurrectionTime") or 0)))
    return TradingDay(moment.astimezone(IST).date())


def _above_zero(text: str) -> Decimal | None:
    number = Decimal(text or 0)
    return number if number > 0 else None


class KotakMaster:
    """The files of the day. consumer_key: of an application; without a session."""

    name = NAME

    def __init__(self, options: Options, key: str, gates: Gates) -> None:
        self._gates = gates
        self._root = options.url("root_url", _HOST)
        self._manners = Manners(per_second=options.above_zero("requests_per_second", 1))
        self._seconds = options.above_zero("timeout_seconds", 30)
        self._key = key
        self._opened: dict[str, Gate] = {}

    def instruments(self) -> Iterator[MasterRow]:
        answer = self._gate(self._root).get(_PATHS, headers={"Authorization": self._key})
        files = parse_paths(answer.content)
        if not files:
            raise Retry("Kotak Neo: no files are named today")
        return self._rows(files)

    def close(self) -> None:
        for gate in self._opened.values():
            gate.close()

    def _rows(self, files: Sequence[tuple[str, str]]) -> Iterator[MasterRow]:
        for segment, address in files:
            host, path = self._parted(address)
            yield from parse(self._gate(host).get(path).content, segment)

    def _parted(self, address: str) -> tuple[str, str]:
        """(host, path) of a file; Rejected for one that is neither Kotak's nor where we asked."""
        parts = urlsplit(address)
        host = f"{parts.scheme}://{parts.netloc}"
        is_ours = parts.scheme == "https" and (parts.hostname or "").endswith(_OWN)
        if not is_ours and not address.startswith(f"{self._root}/"):
            raise Rejected("Kotak Neo: a file lies at a stranger's address", code="address")
        return host, parts.path

    def _gate(self, host: str) -> Gate:
        if host not in self._opened:
            self._opened[host] = self._gates.gate(
                NAME, host, self._manners, timeout_seconds=self._seconds, cap_bytes=_LARGEST
            )
        return self._opened[host]


@SOURCES.register(NAME)
def _make(options: Mapping[str, str], gates: Gates) -> KotakMaster | None:
    """None without a consumer key: Kotak names its files only to applications."""
    given = Options(NAME, options, OPTIONS)
    key = options.get("consumer_key", "").strip()
    return KotakMaster(given, key, gates) if key else None
