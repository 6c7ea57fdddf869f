"""What must be mended before a return may be made from the books: until then no export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tunefolio.analysis.tax.disposals import Hole
from tunefolio.core.errors import Rejected
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.holdings import Holdings
from tunefolio.ledger.reconcile import Break


class BlockerKind(StrEnum):
    """BREAK: the broker counts other units than the books. UNDATED: units whose day of purchase nobody knows
    are still held or were sold. UNTAXED: a deed of the year that cannot be judged."""

    BREAK = "break"
    UNDATED = "undated"
    UNTAXED = "untaxed"


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing to mend. what, cure: for people. fact: what to open; None of a break."""

    kind: BlockerKind
    what: str
    cure: str
    account: AccountId
    instrument: InstrumentId
    fact: TransactionId | None = None
    day: TradingDay | None = None


class NotReady(Rejected):
    """The books do not bear a return yet."""

    def __init__(self, blockers: Iterable[Blocker]) -> None:
        self.blockers = tuple(blockers)
        first = self.blockers[0].what if self.blockers else ""
        more = f" and {len(self.blockers) - 1} more" if len(self.blockers) > 1 else ""
        super().__init__(f"nothing is exported before this is mended: {first}{more}")


def of_holes(holes: Iterable[Hole]) -> tuple[Blocker, ...]:
    """Every deed that cannot be taxed, with its cure."""
    return tuple(
        Blocker(
            BlockerKind.UNDATED if "day of purchase" in hole.missing.reason else BlockerKind.UNTAXED,
            f"not available: {hole.missing.reason}",
            hole.missing.cure,
            hole.account,
            hole.instrument,
            hole.fact,
            hole.day,
        )
        for hole in holes
    )


def undated(holdings: Mapping[AccountId, Holdings]) -> tuple[Blocker, ...]:
    """Every lot still held whose day of purchase nobody knows: its sale could not be taxed."""
    return tuple(
        Blocker(
            BlockerKind.UNDATED,
            f"{plain(lot.quantity)} units first seen on {lot.seen} have no day of purchase",
            "Record the opening position with its `acquired` day",
            account,
            instrument,
            lot.origin or lot.opened,
            lot.seen,
        )
        for account, held in holdings.items()
        for instrument, position in held.positions.items()
        for lot in (*position.lots, *position.shorts)
        if lot.day is None
    )


def of_breaks(account: AccountId, breaks: Iterable[Break]) -> tuple[Blocker, ...]:
    """Every difference between the broker's count and the books."""
    return tuple(
        Blocker(
            BlockerKind.BREAK,
            f"the broker counts {plain(one.theirs)}, the books {plain(one.ours)}",
            "Resolve the difference on the account's page",
            account,
            one.instrument,
        )
        for one in breaks
    )
