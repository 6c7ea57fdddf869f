"""Repairs of breaks: proposed facts that a person accepts with one deed. Nothing is repaired silently."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.services import actions, audit
from tunefolio.services.acts import Act
from tunefolio.services.diagnoses import Found, diagnosis_of
from tunefolio.services.house import House
from tunefolio.services.record import record, take_back_many, writable
from tunefolio.store.db import WriteDb

SOURCE = "repair"
_NOTHING: Mapping[str, str] = MappingProxyType({})


def accept(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    key: str,
    answers: Mapping[str, str] = _NOTHING,
) -> list[TransactionId]:
    """Record one proposed repair, whole or not at all, in place of what it replaces; the ids of its facts.

    key: of the repair as shown. answers: what it wants of the person (`price`, `day`). Raises Misuse when the
    difference is another by now, an answer is missing, or the facts would break a law.
    """
    home = writable(db, viewer, account)
    with audit.as_one():
        made = _accepted(db, house, viewer, account, key, answers)
    told = {"name": home.name, "repair": key.rpartition(":")[2].replace("_", " "), "transactions": len(made)}
    audit.note(db, house, viewer, Act.BREAK_REPAIRED, f"account:{account}", told)
    return made


def _accepted(
    db: WriteDb, house: House, viewer: Viewer, account: AccountId, key: str, answers: Mapping[str, str]
) -> list[TransactionId]:
    break_key, _, name = key.rpartition(":")
    found = _found(db, house, viewer, account, break_key)
    for repair in found.told.repairs:
        if repair.name == name:
            if repair.reference:
                return [actions.apply(db, house, viewer, account, repair.reference)]
            note = f"Mends a difference with the statement of {found.statement.at.in_zone():%d %b %Y}"
            made = [
                record(db, house, viewer, draft.account, draft.fact(answers, note), source=SOURCE)
                for draft in repair.drafts
            ]
            if repair.takes_back:  # last: what is recorded holds the units that it gives up
                take_back_many(db, house, viewer, repair.takes_back)
            return made
    raise NotFound("repair")


def _found(db: WriteDb, house: House, viewer: Viewer, account: AccountId, key: str) -> Found:
    try:
        return diagnosis_of(db, house, viewer, account, key)
    except NotFound:
        raise Misuse(
            "repair", "the difference is not what it was when this was proposed", cure="Look at it again"
        ) from None
