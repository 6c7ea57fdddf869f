"""Instruments by what outside sources say of them, with what the exchange's own list adds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tunefolio.core.identity import InstrumentId
from tunefolio.market.instruments import AssetClass, InstrumentClaim
from tunefolio.market.sectors import is_exchange_traded_fund
from tunefolio.services.house import House
from tunefolio.store import instruments
from tunefolio.store.db import WriteDb

_EXCHANGES = frozenset({"NSE", "BSE"})


def resolved(
    db: WriteDb, house: House, claims: Iterable[InstrumentClaim]
) -> dict[InstrumentClaim, InstrumentId]:
    """The instrument of each claim, made when new. Brokers send no names: the exchange's list has them."""
    described = {claim: _described(house, claim) for claim in claims}
    ids = instruments.resolve(db, list(described.values()), house.clock.now())
    return {claim: ids[full] for claim, full in described.items()}


def _described(house: House, claim: InstrumentClaim) -> InstrumentClaim:
    if claim.listing.exchange not in _EXCHANGES:
        return claim
    if is_exchange_traded_fund(claim.listing.exchange, claim.isin):
        claim = replace(claim, asset_class=AssetClass.ETF)
    row = house.sectors.described_by(claim)
    if row is None:
        return claim
    return replace(claim, isin=claim.isin or row.isin, name=claim.name or row.name)
