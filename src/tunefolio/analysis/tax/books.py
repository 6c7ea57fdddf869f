"""A person's books as the law reads them: first in, first out by demat account, whatever method is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from tunefolio.analysis.tax.disposals import Books, Way
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR
from tunefolio.ledger.holdings import Nature, Terms
from tunefolio.ledger.positions import fold_all, in_force
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.fx import NO_RATES, RateBook


def lawful_books(
    histories: Mapping[AccountId, Sequence[Transaction]],
    natures: Mapping[InstrumentId, Nature],
    *,
    stt: Mapping[TransactionId, Decimal] | None = None,
    ways: Mapping[TransactionId, Way] | None = None,
    subscribed: Mapping[TransactionId, bool] | None = None,
    rates: RateBook = NO_RATES,
) -> Books:
    """All accounts of one person, folded for tax (rule `fifo`).

    An account's own method and chosen lots do not count, but for what is kept abroad: the circular speaks of
    demat accounts. The other arguments are those of Books. Raises what the fold raises (Oversold, …).
    """
    known = {account: [_unpicked(one) for one in history] for account, history in histories.items()}
    facts = {one.id: one.fact for history in known.values() for one in in_force(history)}
    folded = fold_all(known, Terms(natures=natures))
    return Books(folded, facts, stt or {}, ways or {}, subscribed or {}, rates)


def _unpicked(transaction: Transaction) -> Transaction:
    fact = transaction.fact
    if not fact.picks or fact.amount.currency != INR:
        return transaction
    return replace(transaction, fact=replace(fact, picks=()))
