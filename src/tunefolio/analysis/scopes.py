"""What a figure is about: which holdings and cash, and from when to when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import DayRow


@dataclass(frozen=True, slots=True)
class Period:
    """From the close before `since` to the close of `until`: the facts of both days belong to it.

    since None: from before the first fact, so that the start is nothing.
    """

    since: TradingDay | None
    until: TradingDay

    def __post_init__(self) -> None:
        if self.since is not None and self.since > self.until:
            raise Misuse("period", f"{self.since} lies after {self.until}")

    @property
    def eve(self) -> TradingDay | None:
        """The day whose close the period starts from."""
        return None if self.since is None else self.since.plus_days(-1)

    def __str__(self) -> str:
        return f"{self.since or 'the beginning'} to {self.until}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Holdings of these accounts. instruments: only these, or None for all of them.

    cash: the accounts whose cash belongs to the scope. Where cash does not, every payment is a flow of the
    scope: a purchase comes in, a sale or a dividend goes out.
    """

    accounts: frozenset[AccountId]
    instruments: frozenset[InstrumentId] | None = None
    cash: frozenset[AccountId] = frozenset()

    def __post_init__(self) -> None:
        if self.cash and self.instruments is not None:
            raise Misuse("scope", "cash belongs to whole accounts, not to single instruments")

    def holds(self, account: AccountId, instrument: InstrumentId | None) -> bool:
        if account not in self.accounts:
            return False
        if instrument is None:
            return account in self.cash
        return self.instruments is None or instrument in self.instruments


def keeps_cash(rows: Iterable[DayRow]) -> frozenset[AccountId]:
    """Accounts that told of money coming or going: deposits, withdrawals, transfers of money, conversions.

    Trades alone do not make an account keep cash: its deposits are unknown then.
    """
    return frozenset(row.account for row in rows if row.instrument is None and (row.outside or row.moved))


def whole(accounts: Iterable[AccountId], rows: Iterable[DayRow]) -> Scope:
    """All holdings of the accounts, and the cash of those that keep it."""
    chosen = frozenset(accounts)
    return Scope(chosen, None, keeps_cash(rows) & chosen)
