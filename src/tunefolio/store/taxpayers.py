"""Who is taxed: the people whose income a person's accounts are. Mostly one, herself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from tunefolio.analysis.tax.taxpayer import Residency
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, TaxpayerId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.accounts import account_of
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import persons, taxpayer_accounts, taxpayers
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class KeptTaxpayer:
    """One who is taxed. name: as the owner calls her; sealed: her permanent account number, if told."""

    id: TaxpayerId
    name: str
    residency: Residency
    sealed: bytes | None = field(default=None, repr=False)


def add(db: WriteDb, viewer: Viewer, name: str, residency: Residency, now: Instant) -> KeptTaxpayer:
    """Raises Misuse where the viewer has one of that name."""
    row = {"owner_id": viewer.person, "name": name, "residency": residency.value, "created_at": now}
    with db.unique("name", f"{name} stands there already", cure="Choose another name"):
        made = db.execute(insert(taxpayers).values(row).returning(*taxpayers.c)).one()
    return _kept(made)


def change(db: WriteDb, viewer: Viewer, id: TaxpayerId, name: str, residency: Residency) -> None:
    """Raises NotFound, and Misuse where another has that name."""
    which = (owned(taxpayers, viewer), taxpayers.c.id == id)
    values = {"name": name, "residency": residency.value}
    with db.unique("name", f"{name} stands there already", cure="Choose another name"):
        if not db.execute(update(taxpayers).where(*which).values(values)).rowcount:
            raise NotFound("taxpayer")


def held(db: WriteDb, viewer: Viewer) -> list[KeptTaxpayer]:
    """The viewer's, as listed(), until the end of the transaction for this one alone: two who write at once
    cannot both find a number free."""
    db.execute(select(persons.c.id).where(persons.c.id == viewer.person).with_for_update())
    return listed(db, viewer)


def put_pan(db: WriteDb, viewer: Viewer, id: TaxpayerId, sealed: bytes | None) -> None:
    """Her permanent account number, sealed for her row; None: forgotten. Raises NotFound."""
    which = (owned(taxpayers, viewer), taxpayers.c.id == id)
    if not db.execute(update(taxpayers).where(*which).values(pan=sealed)).rowcount:
        raise NotFound("taxpayer")


def drop(db: WriteDb, viewer: Viewer, id: TaxpayerId) -> bool:
    """With all she told; her accounts are the first taxpayer's then. False where there is none."""
    return db.execute(delete(taxpayers).where(owned(taxpayers, viewer), taxpayers.c.id == id)).rowcount > 0


def listed(db: ReadDb, viewer: Viewer) -> list[KeptTaxpayer]:
    """The viewer's, the first one first; they are few."""
    query = select(taxpayers).where(owned(taxpayers, viewer)).order_by(taxpayers.c.id)
    return [_kept(row) for row in db.execute(query)]


def taxpayer_of(db: ReadDb, viewer: Viewer, id: TaxpayerId) -> KeptTaxpayer:
    """Raises NotFound."""
    query = select(taxpayers).where(owned(taxpayers, viewer), taxpayers.c.id == id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("taxpayer")
    return _kept(row)


def give(db: WriteDb, viewer: Viewer, id: TaxpayerId, accounts: Iterable[AccountId]) -> None:
    """These accounts' income is hers from now on. Raises NotFound for what is not the viewer's."""
    taxpayer_of(db, viewer, id)
    rows = []
    for account in sorted(set(accounts)):
        account_of(db, viewer, account)
        rows.append({"account_id": account, "owner_id": viewer.person, "taxpayer_id": id})
    statement = db.upsert(taxpayer_accounts)
    fresh = {"taxpayer_id": statement.excluded.taxpayer_id}
    db.execute_many(statement.on_conflict_do_update(index_elements=["account_id"], set_=fresh), rows)


def given(db: ReadDb, viewer: Viewer) -> dict[AccountId, TaxpayerId]:
    """Whose each account is; those of the first taxpayer may be absent."""
    query = select(taxpayer_accounts).where(owned(taxpayer_accounts, viewer))
    return {AccountId(row.account_id): TaxpayerId(row.taxpayer_id) for row in db.execute(query)}


def _kept(row: Row[Any]) -> KeptTaxpayer:
    return KeptTaxpayer(TaxpayerId(row.id), row.name, Residency(row.residency), row.pan)
