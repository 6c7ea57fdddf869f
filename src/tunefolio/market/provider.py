"""Ports to market data. Raises Retry, Rejected; a symbol the source does not know is absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from tunefolio.core.time import Instant
from tunefolio.market.instruments import Listing


@dataclass(frozen=True, slots=True)
class QuoteClaim:
    """A price as a source states it, in the listing's own currency."""

    listing: Listing
    last: Decimal
    previous_close: Decimal | None
    as_of: Instant


@dataclass(frozen=True, slots=True)
class SectorClaim:
    """A source's classification, in its own taxonomy's words."""

    sector: str
    industry: str
    taxonomy: str


class QuoteSource(Protocol):
    """Last prices for many listings at once."""

    name: str

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]: ...


class SectorSource(Protocol):
    """Sector and industry of one listing; None when the source does not know it."""

    name: str

    def sector(self, listing: Listing) -> SectorClaim | None: ...
