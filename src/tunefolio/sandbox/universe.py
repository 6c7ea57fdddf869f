"""What is listed in the rehearsal: real companies by name, symbol and ISIN, at levels of our own.

The levels are round numbers where the simulated prices pass on ANCHOR; they are nobody's quotations.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib.resources import files

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import Isin

NSE_SEGMENT = 1
BSE_SEGMENT = 4
INDEX_SEGMENT = 9

SectorOf = Callable[[str], str]
"""NSE symbol → sector word of the NSE taxonomy, "" when there is none."""


class Kind(StrEnum):
    SHARE = "share"
    ETF = "etf"
    INDEX = "index"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Company:
    """An issuer or index. level: rupees on the anchor day; has_derivatives: it closes by auction."""

    symbol: str
    series: str
    isin: Isin | None
    name: str
    sector: str
    level: float
    kind: Kind
    has_derivatives: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A company on one exchange, under its token. symbol: as Kite writes it, with the series when not EQ."""

    company: Company
    exchange: str
    exchange_token: int

    @property
    def segment(self) -> int:
        if self.company.kind is Kind.INDEX:
            return INDEX_SEGMENT
        return NSE_SEGMENT if self.exchange == "NSE" else BSE_SEGMENT

    @property
    def token(self) -> int:
        """Kite's instrument_token."""
        return self.exchange_token * 256 + self.segment

    @property
    def symbol(self) -> str:
        company = self.company
        plain = self.exchange == "BSE" or company.series in ("", "EQ")
        return company.symbol if plain else f"{company.symbol}-{company.series}"

    @property
    def key(self) -> str:
        return f"{self.exchange}:{self.symbol}"

    @property
    def tick(self) -> int:
        """The smallest price step in hundredths of its currency."""
        return 5 if self.company.kind in (Kind.SHARE, Kind.INDEX) else 1


@dataclass(frozen=True)
class Universe:
    """Everything listed, and the ways to find it."""

    listings: tuple[Listed, ...]

    @cached_property
    def _by_key(self) -> dict[str, Listed]:
        return {listed.key: listed for listed in self.listings}

    @cached_property
    def _by_token(self) -> dict[int, Listed]:
        return {listed.token: listed for listed in self.listings}

    def find(self, key: str) -> Listed | None:
        """By "NSE:INFY"."""
        return self._by_key.get(key)

    def find_token(self, token: int) -> Listed | None:
        return self._by_token.get(token)

    def of(self, key: str) -> Listed:
        """By "NSE:INFY"; raises NotFound."""
        listed = self.find(key)
        if listed is None:
            raise NotFound(key)
        return listed

    def __iter__(self) -> Iterator[Listed]:
        return iter(self.listings)


def packaged(sector_of: SectorOf) -> Universe:
    """The universe that ships with the sandbox; sectors come from `sector_of`."""
    text = (files("tunefolio.sandbox") / "data" / "universe.csv").read_text("utf-8")
    return Universe(
        tuple(listed for row in csv.DictReader(text.splitlines()) for listed in _listings(row, sector_of))
    )


def _listings(row: dict[str, str], sector_of: SectorOf) -> Iterator[Listed]:
    kind = Kind(row["kind"])
    company = Company(
        symbol=row["symbol"],
        series=row["series"],
        isin=Isin(row["isin"]) if row["isin"] else None,
        name=row["name"],
        sector=sector_of(row["symbol"]) if kind is Kind.SHARE else "",
        level=float(row["level"]),
        kind=kind,
        has_derivatives=row["derivatives"] == "1",
    )
    if row["nse_token"]:
        yield Listed(company, "NSE", int(row["nse_token"]))
    if row["bse_code"]:
        yield Listed(company, "BSE", int(row["bse_code"]))
