"""Ports to market data, one for each kind of knowledge. A source has those it can answer, and no others.

All raise Retry (away, or asked too often) and Rejected (its answer makes no sense); what a source does not
know is None or absent. Money and prices are raw: adjusted for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from tunefolio.core.identity import Isin
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.actions import ActionClaim
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing

UNSAID = Currency("")
"""The currency of a claim whose source names none."""


@dataclass(frozen=True, slots=True)
class QuoteClaim:
    """A price as a source states it, in the listing's own currency; currency: "" where it names none."""

    listing: Listing
    last: Decimal
    previous_close: Decimal | None
    as_of: Instant
    currency: Currency = UNSAID


@dataclass(frozen=True, slots=True)
class SectorClaim:
    """A source's classification, in its own taxonomy's words."""

    sector: str
    industry: str
    taxonomy: str


@dataclass(frozen=True, slots=True)
class RateClaim:
    """1 base = rate quote at the close of that day."""

    base: Currency
    quote: Currency
    day: TradingDay
    rate: Decimal


@dataclass(frozen=True, slots=True)
class BarsClaim:
    """Daily bars of one listing as they were paid, and what its company did meanwhile.

    bars: raw, ascending, holes unfilled. currency: "" where the source names none. actions: those with an
    ex-date since the first day asked for, later than the last bar as well.
    """

    bars: tuple[Bar, ...]
    currency: Currency
    actions: tuple[ActionClaim, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """What tells a future or an option from every other: brokers and exchanges spell its symbol each their
    own way. right: CE or PE; "" and no strike for a future."""

    underlying: str
    expiry: TradingDay
    right: str = ""
    strike: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DayBar:
    """One line of an exchange's daily file. previous_close: as the file says it, adjusted for nothing.

    contract: of futures and options, where the file tells its terms.
    """

    listing: Listing
    isin: Isin | None
    bar: Bar
    previous_close: Decimal | None = None
    name: str = ""
    asset_class: AssetClass = AssetClass.EQUITY
    contract: Contract | None = None


@dataclass(frozen=True, slots=True)
class DayFile:
    """Every bar that one publisher tells of one day.

    day: the date inside the file, which its parser has compared with the one asked for. digest: of what the
    file says without its date, so that yesterday's file served again is known.
    """

    source: str
    day: TradingDay
    currency: Currency
    bars: tuple[DayBar, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class MasterRow:
    """One line of an instrument master. token: what the source calls it in its own calls; lot ≥ 1.

    expiry, strike: of derivatives. tick: the smallest step of its price.
    """

    claim: InstrumentClaim
    token: str = ""
    tick: Decimal | None = None
    lot: Decimal | None = None
    expiry: TradingDay | None = None
    strike: Decimal | None = None
    listed: TradingDay | None = None


@dataclass(frozen=True, slots=True)
class Candle:
    """Trading in [start, start + interval), raw. volume: units; open_interest: of derivatives."""

    start: Instant
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    open_interest: int | None = None


class Interval(StrEnum):
    """The lengths that every broker's candles come in."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    FIFTEEN_MINUTES = "15m"
    THIRTY_MINUTES = "30m"
    HOUR = "1h"
    DAY = "1d"


@dataclass(frozen=True, slots=True)
class Renamed:
    """One listing took another symbol, from that day on."""

    old: Listing
    new: Listing
    day: TradingDay
    name: str = ""


@runtime_checkable
class BarSource(Protocol):
    """The past of one listing at a time."""

    name: str

    def serves(self, listing: Listing) -> bool:
        """Whether it could know such a listing at all; costs nothing."""
        ...

    def bars(self, listing: Listing, since: TradingDay, until: TradingDay) -> BarsClaim | None:
        """The bars of [since, until); None for a listing it does not know."""
        ...


@runtime_checkable
class DayFileSource(Protocol):
    """The whole market of one day at a time: a bhavcopy, the net asset values of all funds."""

    name: str

    def serves(self, listing: Listing) -> bool:
        """Whether such a listing stands in its files."""
        ...

    def day_file(self, day: TradingDay) -> DayFile | None:
        """The file of that day; None when it is not published (a holiday, or too early)."""
        ...


@runtime_checkable
class ContractsSource(Protocol):
    """A publisher whose futures and options stand in a daily file of their own, beside that of its shares."""

    @property
    def contracts(self) -> DayFileSource:
        """That file as a source by itself: it is out at another hour, and is fetched, awaited and given up
        without the other."""
        ...


@runtime_checkable
class InstrumentSource(Protocol):
    """Everything that one publisher lists."""

    name: str

    def instruments(self) -> Iterator[MasterRow]:
        """Every line of the newest master; streams."""
        ...


@runtime_checkable
class RenameSource(Protocol):
    """Which symbols became which."""

    name: str

    def renames(self) -> Sequence[Renamed]:
        """All that are known, oldest first."""
        ...


@runtime_checkable
class ActionSource(Protocol):
    """What companies announced."""

    name: str

    def actions(self, since: TradingDay, until: TradingDay) -> Sequence[ActionClaim]:
        """Every action with an ex-date in [since, until), of every company, ascending."""
        ...


@runtime_checkable
class RateSource(Protocol):
    """Past exchange rates of one pair at a time."""

    name: str

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        """The daily rates of [since, until), ascending; None for a pair it does not know."""
        ...


@runtime_checkable
class MarketQuoteSource(Protocol):
    """Last prices by listing, from a source that everyone may ask; a broker's own needs a session."""

    name: str

    def serves(self, listing: Listing) -> bool: ...

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]: ...


class QuoteSource(Protocol):
    """Last prices for many listings at once."""

    name: str

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]: ...


@runtime_checkable
class SectorSource(Protocol):
    """Sector and industry of one listing; None when the source does not know it."""

    name: str

    def sector(self, listing: Listing) -> SectorClaim | None: ...
