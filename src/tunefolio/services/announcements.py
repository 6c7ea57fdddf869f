"""What companies announced, kept once for everyone under its reference; nobody's lots move by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tunefolio.core.identity import InstrumentId
from tunefolio.market.actions import Action, ActionClaim
from tunefolio.market.instruments import Instrument, InstrumentClaim, Listing
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.store import actions, instruments, spells
from tunefolio.store.db import ReadDb, WriteDb

_INDIAN = ("NSE", "BSE")
_ISSUER = 7
"""A face-value split changes the ISIN but not its first seven characters, which are the issuer's."""


@dataclass(frozen=True, slots=True)
class Kept:
    """fresh: new or corrected actions. unknown: claims about what nobody here ever recorded."""

    fresh: int
    unknown: int


def keep(db: WriteDb, house: House, claims: Iterable[ActionClaim]) -> Kept:
    """Keep what concerns known instruments, on every exchange that lists them. Told again it is the same row;
    a correction of its terms replaces them."""
    told = list(claims)
    if not told:
        return Kept(0, 0)
    placed = _placed(db, told)
    others = _others(db, house, [claim for claim, known in placed if known])
    named = spells.first_names(db, {one.id for _, known in placed for one in known})
    rows = [
        Action(
            instrument.id,
            claim.ex_day,
            claim.terms,
            claim.source,
            replace(claim, listing=named.get(instrument.id, instrument.listing)).reference,
            others.get(claim.other) if claim.other is not None else None,
        )
        for claim, known in placed
        for instrument in known
    ]
    unknown = sum(not known for _, known in placed)
    return Kept(actions.put(db, rows, house.clock.now()), unknown)


def kin(db: ReadDb, ids: Iterable[InstrumentId]) -> dict[InstrumentId, tuple[Instrument, ...]]:
    """For each instrument the rows of the same listing and issuer, oldest first, itself among them: a
    face-value split gives the same share a new ISIN and so a new row."""
    known = instruments.of_ids(db, sorted(set(ids)))
    return {
        id: tuple(
            row for row in instruments.of_symbol(db, one.exchange, one.symbol) if _same_issuer(row, one)
        )
        for id, one in known.items()
    }


def _placed(db: ReadDb, claims: Sequence[ActionClaim]) -> list[tuple[ActionClaim, list[Instrument]]]:
    """Each claim beside the instruments it concerns: one a listing, the oldest of several ISINs."""
    shelf: dict[Listing, list[Instrument]] = {}
    placed: list[tuple[ActionClaim, list[Instrument]]] = []
    for claim in claims:
        rows: list[Instrument] = []
        for place in _places(claim.listing):
            if place not in shelf:
                shelf[place] = instruments.of_symbol(db, place.exchange, place.symbol)
            rows += [row for row in shelf[place][:1] if _may_be(row, claim)]
        placed.append((claim, rows))
    return placed


def _places(listing: Listing) -> list[Listing]:
    """Where the company may be listed under that symbol: both Indian exchanges write it alike."""
    exchanges = _INDIAN if listing.exchange in _INDIAN else (listing.exchange,)
    return [Listing(exchange, listing.symbol) for exchange in exchanges]


def _may_be(row: Instrument, claim: ActionClaim) -> bool:
    return row.isin is None or claim.isin is None or row.isin[:_ISSUER] == claim.isin[:_ISSUER]


def _others(db: WriteDb, house: House, claims: Iterable[ActionClaim]) -> dict[Listing, InstrumentId]:
    """The second instruments, made when new: a demerged company is recorded before anyone holds it."""
    wanted = {claim.other: InstrumentClaim(claim.other) for claim in claims if claim.other is not None}
    ids = resolved(db, house, wanted.values())
    return {listing: ids[described] for listing, described in wanted.items()}


def _same_issuer(one: Instrument, two: Instrument) -> bool:
    return one.isin is None or two.isin is None or one.isin[:_ISSUER] == two.isin[:_ISSUER]
