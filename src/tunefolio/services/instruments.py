"""Instruments by what outside sources say of them, with what the exchange's own list adds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from tunefolio.core.identity import InstrumentId
from tunefolio.market.instruments import AssetClass, InstrumentClaim
from tunefolio.market.masters import same_issuer
from tunefolio.market.sectors import is_exchange_traded_fund
from tunefolio.services.house import House
from tunefolio.store import instruments, masters
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.instruments import NO_DAYS, Days
from tunefolio.store.masters import plain_series

_EXCHANGES = frozenset({"NSE", "BSE"})


def resolved(
    db: WriteDb, house: House, claims: Iterable[InstrumentClaim], *, days: Days = NO_DAYS
) -> dict[InstrumentClaim, InstrumentId]:
    """The instrument of each claim, made when new. Brokers send no names: the exchange's list has them.

    days: of facts about a claim, where known: a symbol then means the company that had it on that day.
    """
    described = {claim: _described(house, claim) for claim in claims}
    known = instruments.standing(db, list(described.values()))
    if known is not None:
        return {claim: known[full] for claim, full in described.items()}
    described = _listed(db, described)
    dated = {full: days[claim] for claim, full in described.items() if claim in days}
    ids = instruments.resolve(db, list(described.values()), house.clock.now(), days=dated)
    return {claim: ids[full] for claim, full in described.items()}


def as_held(
    db: ReadDb, ids: Mapping[InstrumentClaim, InstrumentId], held: Collection[InstrumentId]
) -> dict[InstrumentClaim, InstrumentId]:
    """What each claim means in an account: bought on one exchange, or in one series, a share may be sold on
    another, for it lies there by its ISIN.

    Of the listings of one ISIN the account's own stands for all. Where it has none of them yet, NSE's does,
    else the first; where it has several, each stays what it is. held: all that the account ever had.
    """
    listings = {
        id: one
        for id, one in instruments.of_ids(db, {*ids.values(), *held}).items()
        if one.isin is not None and one.exchange in _EXCHANGES
    }
    known: dict[str, set[InstrumentId]] = {}
    for id in held:
        if id in listings:
            known.setdefault(listings[id].economic_key, set()).add(id)
    named = [id for id in ids.values() if id in listings]
    first: dict[str, InstrumentId] = {}
    for id in sorted(named, key=lambda id: listings[id].exchange != "NSE"):
        first.setdefault(listings[id].economic_key, id)

    def meant(id: InstrumentId) -> InstrumentId:
        if id not in listings:
            return id
        isin = listings[id].economic_key
        own = known.get(isin, {first[isin]})
        return next(iter(own)) if len(own) == 1 else id

    return {claim: meant(id) for claim, id in ids.items()}


def _listed(
    db: WriteDb, described: dict[InstrumentClaim, InstrumentClaim]
) -> dict[InstrumentClaim, InstrumentClaim]:
    """What nobody here has met yet, with what the lists of instruments say of it."""
    places = {(full.listing.exchange, full.listing.symbol) for full in described.values()}
    lists = masters.of_symbols(db, places - instruments.places(db, places))
    return {
        claim: _filled(full, lists.get((full.listing.exchange, full.listing.symbol), ()))
        for claim, full in described.items()
    }


def _filled(claim: InstrumentClaim, rows: Sequence[masters.Listed]) -> InstrumentClaim:
    """The claim with ISIN, name and class of the rows that may be it: of its series, of no other issuer."""
    ours = plain_series(claim.listing.series)
    for row in rows:
        said = row.row.claim
        theirs = plain_series(said.listing.series)
        if (ours and theirs and ours != theirs) or not same_issuer(said.isin, claim.isin):
            continue
        is_plain = claim.asset_class is AssetClass.EQUITY
        claim = replace(
            claim,
            isin=claim.isin or said.isin,
            name=claim.name or said.name,
            asset_class=said.asset_class if is_plain else claim.asset_class,
        )
    return claim


def _described(house: House, claim: InstrumentClaim) -> InstrumentClaim:
    if claim.listing.exchange not in _EXCHANGES:
        return claim
    if is_exchange_traded_fund(claim.listing.exchange, claim.isin):
        claim = replace(claim, asset_class=AssetClass.ETF)
    row = house.sectors.described_by(claim)
    if row is None:
        return claim
    return replace(claim, isin=claim.isin or row.isin, name=claim.name or row.name)
