"""What brokers report as traded: a Fill, its key, and the one function that makes a transaction of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency, Price, plain
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.feeparts import order_number
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.statements import UnreadLine
from tunefolio.ledger.transactions import Fact, must_fit, trade
from tunefolio.market.instruments import InstrumentClaim

_SEGMENTS = {
    "NSE": "EQ",
    "BSE": "EQ",
    "NFO": "FO",
    "BFO": "FO",
    "CDS": "CDS",
    "BCD": "CDS",
    "MCX": "COM",
    "NCO": "COM",
    "MF": "MF",
}


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of an order at an exchange, as its broker reports it; a partial fill is one of several.

    trade_id:  the exchange's number, unique within exchange, segment and day, and never alone.
    kind:      BUY or SELL. quantity: units, above zero (of a derivative too: units, not lots).
    price:     per unit, above zero. at: when it traded.
    product:   the broker's own word for how it settles (CNC, MIS, NRML, …).
    is_intraday: by that product it is squared off the same day, and nothing is delivered; a word that nobody
               knows counts as delivery.
    """

    trade_id: str
    order_id: str
    instrument: InstrumentClaim
    kind: Kind
    quantity: Decimal
    price: Price
    at: Instant
    product: str
    is_intraday: bool = False

    @property
    def day(self) -> TradingDay:
        """The day in India on which it traded."""
        return TradingDay(calendar_date(self.at))

    @property
    def source_key(self) -> str:
        """As in a tradebook: the same trade by file and by API is one."""
        return source_key(self.instrument.listing.exchange, self.trade_id, self.day)

    def unread(self, symbol: str, reason: str) -> UnreadLine:
        """Put aside. symbol: as the broker wrote it; reason: why the books cannot take it."""
        trade = UnreadTrade(self.trade_id, self.kind, self.quantity, self.price, self.day)
        return UnreadLine(trade.place, symbol, reason)


def source_key(exchange: str, trade_id: str, day: TradingDay) -> str:
    """What tells a trade from all others of its account, whoever reports it: exchange:segment:trade:day."""
    return f"{exchange}:{_SEGMENTS.get(exchange, exchange)}:{trade_id}:{day}"


def post(fill: Fill, instrument: InstrumentId) -> Fact:
    """The transaction that a fill is; raises Misuse for one whose figures cannot be kept. Its charges are not
    on it: the broker tells them later, or never."""
    must_fit("quantity", fill.quantity)
    must_fit("price", fill.price.amount)
    order = order_number(fill.order_id)
    return trade(fill.kind, fill.day, instrument, fill.quantity, fill.price, at=fill.at, order=order)


def moved_by(fact: Fact) -> Decimal:
    """Units that an opening or a trade adds to what stands, held less owed; below zero what it takes."""
    units = fact.quantity or Decimal(0)
    return units if fact.kind in {Kind.OPENING, Kind.BUY, Kind.COVER} else -units


@dataclass(frozen=True, slots=True)
class UnreadTrade:
    """A trade that the books could not take: all that is known of it but its instrument.

    Its place among the unread lines is a text that find() reads again: so that units which turn up later are
    known by the trade that nobody could read. Meanings as in Fill.
    """

    trade_id: str
    kind: Kind
    quantity: Decimal
    price: Price
    day: TradingDay

    @property
    def units(self) -> Decimal:
        """Bought above zero, sold below."""
        return self.quantity if self.kind is Kind.BUY else -self.quantity

    @property
    def place(self) -> str:
        told = f"{self.kind} {plain(self.quantity)} at {plain(self.price.amount)} {self.price.currency}"
        return f"trade {self.trade_id}: {told} on {self.day}"

    @classmethod
    def find(cls, place: str) -> UnreadTrade | None:
        """The trade of an unread line's place; None for a line that is no trade."""
        match = _UNREAD.fullmatch(place)
        if match is None:
            return None
        price = Price.of(match["price"], Currency(match["currency"]))
        day = TradingDay.parse(match["day"])
        return cls(match["id"], Kind(match["kind"]), Decimal(match["units"]), price, day)


_UNREAD = re.compile(
    r"trade (?P<id>.+): (?P<kind>buy|sell) (?P<units>[0-9.]+) at (?P<price>[0-9.]+) "
    r"(?P<currency>[A-Z]{3}) on (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class DayFills:
    """The running day's trade book, oldest first; empty before the first trade.

    unread: trades put aside because nobody knows their exchange or symbol.
    """

    fills: tuple[Fill, ...] = ()
    unread: tuple[UnreadLine, ...] = ()


@runtime_checkable
class FillSource(Protocol):
    """A broker that tells what was traded today."""

    def fills(self, api_key: str, session: BrokerSession) -> DayFills:
        """Every fill of the running day. Raises Reauth, Retry, Rejected."""
        ...
