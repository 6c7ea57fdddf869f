"""Ports to market data. Raises Retry, Rejected; a symbol the source does not know is absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable

from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.actions import ActionClaim
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


@dataclass(frozen=True, slots=True)
class HistoryClaim:
    """Daily closes of one listing as they were paid, and what its company did.

    closes: raw (adjusted for nothing), ascending, holes unfilled. currency: "" where the source names none.
    actions: those with an ex-date since the first day asked for, later than the last close as well.
    """

    closes: tuple[tuple[TradingDay, Decimal], ...]
    currency: Currency
    actions: tuple[ActionClaim, ...] = ()


@dataclass(frozen=True, slots=True)
class RateClaim:
    """1 base = rate quote at the close of that day."""

    base: Currency
    quote: Currency
    day: TradingDay
    rate: Decimal


@runtime_checkable
class HistorySource(Protocol):
    """Past closes of one listing or index, and past exchange rates; None when the source does not know it."""

    name: str

    def history(self, listing: Listing, since: TradingDay, until: TradingDay) -> HistoryClaim | None:
        """The closes of [since, until)."""
        ...

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        """The daily rates of [since, until), ascending."""
        ...


class QuoteSource(Protocol):
    """Last prices for many listings at once."""

    name: str

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]: ...


class SectorSource(Protocol):
    """Sector and industry of one listing; None when the source does not know it."""

    name: str

    def sector(self, listing: Listing) -> SectorClaim | None: ...
