"""What was done to facts, into the activity: one as its line of the notation, several by their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.ledger.meanings import Spellings
from tunefolio.ledger.notation import line
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.store import accounts, instruments
from tunefolio.store.db import ReadDb, WriteDb


def recorded(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    facts: Sequence[Fact],
    ids: Sequence[TransactionId],
) -> None:
    """ids: of the facts, in their order."""
    home = accounts.account_of(db, viewer, account)
    if len(facts) == 1:
        told = {"name": words(db, viewer, facts[0]), "account": home.name}
        audit.note(db, house, viewer, Act.FACT_RECORDED, f"transaction:{ids[0]}", told)
    elif facts:
        audit.note(
            db,
            house,
            viewer,
            Act.FACTS_RECORDED,
            f"account:{account}",
            {"account": home.name, **_span(facts)},
        )


def corrected(
    db: WriteDb, house: House, viewer: Viewer, former: Transaction, fact: Fact, new: TransactionId
) -> None:
    told = {
        "account": accounts.account_of(db, viewer, former.account).name,
        "before": words(db, viewer, former.fact),
        "after": words(db, viewer, fact),
    }
    audit.note(db, house, viewer, Act.FACT_CORRECTED, f"transaction:{new}", told)


def taken_back(db: WriteDb, house: House, viewer: Viewer, gone: Sequence[Transaction]) -> None:
    """gone: other halves of transfers among them."""
    homes = {fact.account: accounts.account_of(db, viewer, fact.account).name for fact in gone}
    if len(gone) == 1:
        told = {"name": words(db, viewer, gone[0].fact), "account": homes[gone[0].account]}
        audit.note(db, house, viewer, Act.FACT_TAKEN_BACK, f"transaction:{gone[0].id}", told)
    elif gone:
        many = {"accounts": list(homes.values()), **_span([one.fact for one in gone])}
        audit.note(db, house, viewer, Act.FACTS_TAKEN_BACK, _of(gone), many)


def tagged(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    facts: Sequence[Transaction],
    *,
    add: Sequence[str],
    remove: Sequence[str],
) -> None:
    told = {"transactions": len(facts), "added": list(add), "removed": list(remove)}
    if facts:
        audit.note(db, house, viewer, Act.FACTS_TAGGED, _of(facts), told)


def words(db: ReadDb, viewer: Viewer, fact: Fact) -> str:
    """The fact as a line of the notation: 2024-04-01 buy 10 NSE:INFY @ 1500."""
    ids = [id for id in (fact.instrument, fact.other) if id is not None]
    homes = {one.id: one.name for one in accounts.listed(db, viewer)}
    names = Spellings(
        _names(db, ids).__getitem__, lambda id: homes.get(id, "an account"), lambda id: f"#{id}"
    )
    return line(fact, names, currency=fact.amount.currency)


def listed(db: ReadDb, instrument: InstrumentId) -> str:
    """NSE:INFY."""
    return _names(db, [instrument])[instrument]


def _names(db: ReadDb, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, str]:
    return {id: f"{one.exchange}:{one.symbol}" for id, one in instruments.of_ids(db, ids).items()}


def _span(facts: Sequence[Fact]) -> dict[str, object]:
    days = [fact.day for fact in facts]
    return {"transactions": len(facts), "from": min(days), "until": max(days)}


def _of(facts: Sequence[Transaction]) -> str:
    """The fact, where it is one; else its account, where they are of one."""
    if len(facts) == 1:
        return f"transaction:{facts[0].id}"
    homes = {fact.account for fact in facts}
    return f"account:{homes.pop()}" if len(homes) == 1 else ""
