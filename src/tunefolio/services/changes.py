"""What follows from other facts in an account: told, recomputed, and their prices followed or let go."""

from __future__ import annotations

from collections.abc import Sequence

from tunefolio.core.identity import AccountId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.transactions import Fact
from tunefolio.services.house import House
from tunefolio.services.recompute import ask_recompute
from tunefolio.services.tracking import wish_for
from tunefolio.services.untrack import ask_untrack
from tunefolio.store import events
from tunefolio.store.db import WriteDb


def changed(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    since: TradingDay | None = None,
    *,
    fresh: Sequence[Fact] = (),
    gone: Sequence[Fact] = (),
) -> None:
    """Tell the faces, once the change is kept, that an account has other facts; have its days recomputed, the
    prices fetched that the fresh ones need, and those let go that nobody needs any more.

    since: the first day that changed, None for any.
    """
    events.emit(db, house.bus, events.Event("transactions", viewer.person, (account,)))
    ask_recompute(db, house, viewer, account, since)
    wish_for(db, house, fresh)
    ask_untrack(db, house, fresh, gone)
