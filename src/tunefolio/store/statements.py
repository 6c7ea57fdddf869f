"""What brokers claimed, kept whole and never changed; positions are checked against the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, insert, select

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, StatementId
from tunefolio.core.money import Currency, Money, Price
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.statements import Holding, Statement
from tunefolio.market.instruments import InstrumentClaim
from tunefolio.store.accounts import account_of
from tunefolio.store.columns import kept_price
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.said import WHOSE, said
from tunefolio.store.tables import holdings, instruments, statements
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class KeptHolding:
    """One line of a kept statement; its instrument has an id. Meanings as in ledger.statements.Holding."""

    instrument: InstrumentId
    settled: Decimal
    unsettled: Decimal
    average_price: Price | None
    last_price: Price | None
    close_price: Price | None
    pnl: Money | None

    @property
    def quantity(self) -> Decimal:
        return self.settled + self.unsettled


@dataclass(frozen=True, slots=True)
class KeptStatement:
    """What one broker claimed at `at`; lines in the order of their instruments' ids."""

    id: StatementId
    account: AccountId
    broker: str
    at: Instant
    cash: Money | None
    lines: tuple[KeptHolding, ...]


_ADD = insert(statements).returning(statements.c.id)
_ADD_LINES = insert(holdings)
_LATEST = (
    select(statements)
    .where(owned(statements, WHOSE), statements.c.account_id == bindparam("account"))
    .order_by(statements.c.at.desc(), statements.c.id.desc())
    .limit(1)
)
_LINES = (
    select(
        holdings.c.instrument_id,
        holdings.c.settled,
        holdings.c.unsettled,
        holdings.c.average_price,
        holdings.c.last_price,
        holdings.c.close_price,
        holdings.c.pnl,
        instruments.c.currency,
    )
    .join(instruments, instruments.c.id == holdings.c.instrument_id)
    .where(owned(holdings, WHOSE), holdings.c.statement_id == bindparam("statement"))
    .order_by(holdings.c.instrument_id)
)
"""In the order in which _holding() takes them."""


def keep(
    db: WriteDb,
    viewer: Viewer,
    account: AccountId,
    statement: Statement,
    ids: Mapping[InstrumentClaim, InstrumentId],
) -> StatementId:
    """Keep it with its lines. Claimed prices are rounded to 8 places, half away from zero.

    Raises NotFound for another's account, Misuse when two lines name one instrument.
    """
    home = account_of(db, viewer, account)
    rows = [_row(viewer, ids[line.instrument], line) for line in statement.holdings]
    if len({row["instrument_id"] for row in rows}) < len(rows):
        raise Misuse("statement", "two lines name one instrument")
    head = {
        "owner_id": viewer.person,
        "account_id": account,
        "broker": statement.broker,
        "at": statement.at,
        "cash": None if statement.cash is None else statement.cash.rounded(4).amount,
        "currency": home.currency if statement.cash is None else statement.cash.currency,
    }
    key = db.execute(_ADD, head).scalar_one()
    db.execute_many(_ADD_LINES, [row | {"statement_id": key} for row in rows])
    return StatementId(key)


def latest(db: ReadDb, viewer: Viewer, account: AccountId) -> KeptStatement | None:
    """The newest statement of the viewer's account; two queries, each on an index."""
    row = db.execute(_LATEST, said(viewer, account=account)).one_or_none()
    if row is None:
        return None
    cash = None if row.cash is None else Money(row.cash, Currency(row.currency))
    lines = _lines(db, viewer, StatementId(row.id))
    return KeptStatement(StatementId(row.id), AccountId(row.account_id), row.broker, row.at, cash, lines)


def _lines(db: ReadDb, viewer: Viewer, id: StatementId) -> tuple[KeptHolding, ...]:
    return tuple(_holding(*row) for row in db.execute(_LINES, said(viewer, statement=id)))


def _row(viewer: Viewer, instrument: InstrumentId, line: Holding) -> dict[str, Any]:
    return {
        "owner_id": viewer.person,
        "instrument_id": instrument,
        "settled": line.settled,
        "unsettled": line.unsettled,
        "average_price": kept_price(line.average_price),
        "last_price": kept_price(line.last_price),
        "close_price": kept_price(line.close_price),
        "pnl": None if line.pnl is None else line.pnl.rounded(4).amount,
    }


def _holding(
    instrument: InstrumentId,
    settled: Decimal,
    unsettled: Decimal,
    average: Decimal | None,
    last: Decimal | None,
    close: Decimal | None,
    pnl: Decimal | None,
    currency: Currency,
) -> KeptHolding:
    return KeptHolding(
        instrument,
        settled,
        unsettled,
        _price(average, currency),
        _price(last, currency),
        _price(close, currency),
        None if pnl is None else Money(pnl, currency),
    )


def _price(amount: Decimal | None, currency: Currency) -> Price | None:
    return None if amount is None else Price(amount, currency)
