"""A position as it stands now: at the newest quote, at what has accrued, or at what a future gained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tunefolio.analysis import accrual
from tunefolio.analysis.valuation import ValuedPosition, valued
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.positions import Position
from tunefolio.market.accruals import AccrualTerms
from tunefolio.market.fx import RateBook
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.market.quotes import Quote


@dataclass(frozen=True, slots=True)
class Board:
    """What positions are valued with on `day`: their instruments, newest quotes, rates, terms of deposits."""

    instruments: Mapping[InstrumentId, Instrument]
    prices: Mapping[InstrumentId, Quote]
    rates: RateBook
    terms: Mapping[InstrumentId, AccrualTerms]
    day: TradingDay

    def valued(self, account: AccountId, position: Position) -> ValuedPosition:
        id = position.instrument
        accrued: dict[InstrumentId, Money | Missing] = {}
        if id in self.terms:
            accrued[id] = accrual.valued(position, self.terms[id], self.day)
        is_future = self.instruments[id].asset_class is AssetClass.FUTURE
        return valued(
            account,
            position,
            self.prices,
            rates=self.rates,
            day=self.day,
            accrued=accrued,
            margined={id} if is_future else (),
        )
