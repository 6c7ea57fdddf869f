"""What remains: the fold of facts into positions, cash, matches and movements.

Steps of the fold (docs/spec/ledger.md): 1 drop reversed facts and their reversals; 2 order by day, then
by the kind's rank, then as recorded; 3 apply each fact once, group by group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId
from tunefolio.ledger.folding import Folding, folding, folding_alone
from tunefolio.ledger.holdings import PLAIN, Averaged, Holdings, Nature, Position, Terms
from tunefolio.ledger.lots import apportioned
from tunefolio.ledger.ordering import fold_order, in_force, units_of
from tunefolio.ledger.transactions import Transaction

__all__ = [
    "PLAIN", "Averaged", "Folding", "Holdings", "Nature", "Position", "Terms", "apportioned", "fold",
    "fold_all", "fold_order", "folding", "folding_alone", "in_force", "units_of",
]  # fmt: skip


def fold(history: Iterable[Transaction], terms: Terms = PLAIN) -> Holdings:
    """All facts of one account in one book → what remains. Any order in; linear but for the sort by day.

    Raises Oversold when a sale finds too few units, Overcovered when too few are owed, CurrencyMismatch when
    one instrument is traded in two, Misuse for units from another account (fold_all) and for a corporate
    action on nothing held.
    """
    alone = folding_alone(history, terms)
    if not alone.accounts:
        return Holdings({}, {}, {})
    if len(alone.accounts) > 1:
        raise Misuse("account", "facts of several accounts", cure="Fold them together")
    return alone.holdings(alone.accounts[0])


def fold_all(
    histories: Mapping[AccountId, Sequence[Transaction]], terms: Terms = PLAIN
) -> dict[AccountId, Holdings]:
    """All accounts of one person in one book: units transferred between them arrive with days and cost."""
    return folding(histories, terms).all()
