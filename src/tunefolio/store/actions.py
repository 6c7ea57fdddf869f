"""What companies did, shared by everyone, and what each person decided about it for an account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import Row, delete, select

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import Currency
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.market.actions import Action, ActionId, ActionKind, Terms
from tunefolio.store import accounts as homes
from tunefolio.store import revisions
from tunefolio.store.batches import among, batches
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import action_decisions, actions
from tunefolio.store.viewers import owned

Decision = Literal["applied", "declined"]


def put(db: WriteDb, found: Iterable[Action], now: Instant) -> int:
    """Keep these actions by reference; one known already keeps its id and takes what its source corrected.

    How many are new or changed.
    """
    wanted = {action.reference: action for action in found}
    known = {action.reference: action for action in _of_references(db, wanted)}
    fresh = [one for reference, one in wanted.items() if not _is_same(known.get(reference), one)]
    if not fresh:
        return 0
    rows = [_row(action, now) for action in sorted(fresh, key=lambda action: action.reference)]
    statement = db.upsert(actions)
    fill = {name: statement.excluded[name] for name in rows[0] if name not in {"reference", "found_at"}}
    db.execute_many(statement.on_conflict_do_update(index_elements=["reference"], set_=fill), rows)
    revisions.move(db)
    return len(rows)


def _of_references(db: ReadDb, references: Iterable[str]) -> list[Action]:
    found: list[Action] = []
    for batch in batches(references):
        found += [_action(row) for row in db.execute(select(actions).where(actions.c.reference.in_(batch)))]
    return found


def _is_same(known: Action | None, one: Action) -> bool:
    if known is None:
        return False
    said = (known.instrument, known.other, known.ex_day, known.terms, known.source)
    return said == (one.instrument, one.other, one.ex_day, one.terms, one.source)


def _row(action: Action, now: Instant) -> dict[str, Any]:
    terms = action.terms
    return {
        "kind": terms.kind,
        "instrument_id": action.instrument,
        "other_id": action.other,
        "ex_day": action.ex_day,
        "ratio_new": terms.new,
        "ratio_old": terms.old,
        "cost_ratio": terms.cost_ratio,
        "amount": terms.amount,
        "currency": terms.currency,
        "source": action.source,
        "reference": action.reference,
        "note": terms.note,
        "found_at": now,
    }


def _action(row: Row[Any]) -> Action:
    terms = Terms(
        ActionKind(row.kind),
        row.ratio_new,
        row.ratio_old,
        row.cost_ratio,
        row.amount,
        Currency(row.currency),
        row.note,
    )
    other = None if row.other_id is None else InstrumentId(row.other_id)
    id, instrument = ActionId(row.id), InstrumentId(row.instrument_id)
    return Action(instrument, row.ex_day, terms, row.source, row.reference, other, id)


def of_instruments(db: ReadDb, ids: Iterable[InstrumentId]) -> list[Action]:
    """Everything known of these instruments, by ex-day; on ix_actions_instrument."""
    query = select(actions).where(among(db, actions.c.instrument_id, ids))
    return [_action(row) for row in db.execute(query.order_by(actions.c.ex_day, actions.c.id))]


def action_of(db: ReadDb, id: ActionId) -> Action:
    """Raises NotFound."""
    row = db.execute(select(actions).where(actions.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("action")
    return _action(row)


def of_reference(db: ReadDb, reference: str) -> Action | None:
    """The action of that name; on uq_actions_reference."""
    found = _of_references(db, [reference])
    return found[0] if found else None


def decide(
    db: WriteDb, viewer: Viewer, action: ActionId, account: AccountId, decision: Decision, now: Instant
) -> None:
    """What became of an action in an account of the viewer's; the newest stands. Raises NotFound."""
    homes.account_of(db, viewer, account)
    action_of(db, action)
    undecide(db, viewer, action, account)
    row = {
        "owner_id": viewer.person,
        "action_id": action,
        "account_id": account,
        "decision": decision,
        "decided_at": now,
    }
    db.execute(action_decisions.insert().values(row))


def undecide(db: WriteDb, viewer: Viewer, action: ActionId, account: AccountId) -> None:
    """The question is open again; nothing where it was."""
    db.execute(
        delete(action_decisions).where(
            owned(action_decisions, viewer),
            action_decisions.c.action_id == action,
            action_decisions.c.account_id == account,
        )
    )


def decisions(
    db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId]
) -> dict[tuple[ActionId, AccountId], Decision]:
    """What was decided for these accounts; on ix_action_decisions_account."""
    columns = action_decisions.c
    query = select(columns.action_id, columns.account_id, columns.decision).where(
        owned(action_decisions, viewer), columns.account_id.in_(accounts)
    )
    return {(ActionId(action), AccountId(account)): word for action, account, word in db.execute(query)}
