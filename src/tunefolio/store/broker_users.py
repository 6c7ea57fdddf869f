"""Whose accounts a broker means when it calls by itself and names a user of its own."""

from __future__ import annotations

from sqlalchemy import select

from tunefolio.ledger.accounts import Account
from tunefolio.store.accounts import account
from tunefolio.store.db import ReadDb
from tunefolio.store.tables import accounts, portfolios


def find(db: ReadDb, broker: str, broker_user: str) -> list[Account]:
    """The accounts of one user at one broker that count: neither archived nor in an archived portfolio; of
    several people when each has linked that user. On ix_accounts_called.

    Nobody is known here yet: whoever asks must prove the call before anything is done for an owner.
    """
    query = (
        select(accounts)
        .join(portfolios, portfolios.c.id == accounts.c.portfolio_id)
        .where(accounts.c.broker == broker, accounts.c.broker_user == broker_user, accounts.c.broker != "")
        .where(accounts.c.archived_at.is_(None), portfolios.c.archived_at.is_(None))
        .order_by(accounts.c.id)
    )
    return [account(row) for row in db.execute(query)]
