"""What brokers report as traded: a Fill, its key, and the one function that makes a transaction of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Price
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.kinds import Kind
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
    """

    trade_id: str
    order_id: str
    instrument: InstrumentClaim
    kind: Kind
    quantity: Decimal
    price: Price
    at: Instant
    product: str

    @property
    def day(self) -> TradingDay:
        """The day in India on which it traded."""
        return TradingDay(calendar_date(self.at))

    @property
    def source_key(self) -> str:
        """As in a tradebook: the same trade by file and by API is one."""
        return source_key(self.instrument.listing.exchange, self.trade_id, self.day)


def source_key(exchange: str, trade_id: str, day: TradingDay) -> str:
    """What tells a trade from all others of its account, whoever reports it: exchange:segment:trade:day."""
    return f"{exchange}:{_SEGMENTS.get(exchange, exchange)}:{trade_id}:{day}"


def post(fill: Fill, instrument: InstrumentId) -> Fact:
    """The transaction that a fill is; raises Misuse for one whose figures cannot be kept. Its charges are not
    on it: the broker tells them later, or never."""
    must_fit("quantity", fill.quantity)
    must_fit("price", fill.price.amount)
    return trade(fill.kind, fill.day, instrument, fill.quantity, fill.price, at=fill.at)


@runtime_checkable
class FillSource(Protocol):
    """A broker that tells what was traded today."""

    def fills(self, api_key: str, session: BrokerSession) -> Sequence[Fill]:
        """Every fill of the running day, oldest first; empty before the first.

        Raises Reauth, Retry, Rejected.
        """
        ...
