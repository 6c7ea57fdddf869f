"""What a statement says of each instrument: its lines as one, and as claims beside the books as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Price, quantized
from tunefolio.ledger.contracts import at_first_sight, is_contract
from tunefolio.ledger.positions import in_force
from tunefolio.ledger.reconcile import Claim, known_by_openings_only
from tunefolio.ledger.statements import Holding, Statement, average_price
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import InstrumentClaim

Openings = Mapping[InstrumentId, Sequence[Transaction]]
"""Statement openings of instruments of which nothing else is known."""


def opened_alone(
    told: Iterable[InstrumentClaim],
    ids: Mapping[InstrumentClaim, InstrumentId],
    history: Sequence[Transaction],
) -> dict[InstrumentId, list[Transaction]]:
    """The statement openings of those contracts among `told` of which nothing else is known."""
    contracts = {ids[claim] for claim in told if is_contract(claim.listing)}
    if not contracts:
        return {}
    return {id: facts for id, facts in known_by_openings_only(in_force(history)).items() if id in contracts}


def joined(statement: Statement, ids: Mapping[InstrumentClaim, InstrumentId], alone: Openings) -> Statement:
    """The statement with one line per instrument: a broker may list one twice, under two products.
    A line that repeats another in everything is that one told twice, and counts once.

    Costs are added: the average is weighted, and unknown when one line's is. alone: of contracts; their
    average is that of the first day while the units stay.
    """
    by_id: dict[InstrumentId, Holding] = {}
    for said in dict.fromkeys(statement.holdings):
        earlier = by_id.get(ids[said.instrument])
        by_id[ids[said.instrument]] = said if earlier is None else _together(earlier, said)
    for one in by_id.keys() & alone.keys():
        line = by_id[one]
        average = at_first_sight(line.quantity, line.average_price, alone[one])
        by_id[one] = replace(line, average_price=average)
    return replace(statement, holdings=tuple(by_id.values()))


def _together(one: Holding, other: Holding) -> Holding:
    return replace(
        one,
        settled=one.settled + other.settled,
        unsettled=one.unsettled + other.unsettled,
        average_price=average_price((line.quantity, line.average_price) for line in (one, other)),
        pnl=None if one.pnl is None or other.pnl is None else one.pnl + other.pnl,
    )


def claims(
    statement: Statement,
    ids: Mapping[InstrumentClaim, InstrumentId],
    *,
    coming: Mapping[InstrumentId, Decimal],
    costs: Mapping[InstrumentId, Price | None],
    alone: Openings,
) -> list[Claim]:
    """What the broker says is owned, without the units that fills not yet in the books are about to move
    (`coming`): so that it can be laid beside the books as they are.

    costs: its averages before the day's fills, of what is all sold today as well. alone: as in joined().
    """
    told = {
        ids[line.instrument]: Claim(ids[line.instrument], line.quantity, kept_price(line.average_price))
        for line in statement.holdings
    }
    for one, units in coming.items():
        claim = told.get(one, Claim(one, Decimal(0), kept_price(costs.get(one))))
        left = claim.quantity - units
        average = at_first_sight(left, claim.average_price, alone.get(one, ()))
        told[one] = Claim(one, left, average)
    return list(told.values())


def kept_price(price: Price | None) -> Price | None:
    """As a column keeps it, to 8 places: so that the same statement says the same tomorrow."""
    return None if price is None else Price(quantized(price.amount, 8), price.currency)
