"""Snapshots: the newest of every account, and one now; in /api/v1 their history, lines and value curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tunefolio.core.identity import AccountId, SnapshotId
from tunefolio.ledger.accounts import Account
from tunefolio.services import snapshot as deeds
from tunefolio.services.views.history import curve, latest_snapshots
from tunefolio.store import accounts, instruments, snapshots
from tunefolio.store.snapshots import Snapshot, SnapshotFilter
from tunefolio.web import render
from tunefolio.web.api.answers import (
    NO_SNAPSHOT,
    Cursor,
    Limit,
    QueryText,
    after_day,
    amount,
    day_of,
    ist,
    number,
    plain,
    put,
    reply,
)
from tunefolio.web.api.shapes import SnapshotMeta, SnapshotResult
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, PortfolioChoice, Reading, RowId, Writing

router = APIRouter(prefix="/api/snapshots", tags=["snapshots"])
v1 = APIRouter(tags=["snapshots"])
Names = Mapping[AccountId, Account]


@router.get("/latest", response_model=SnapshotMeta)
def latest(db: Reading, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice) -> Response:
    """The newest snapshot of every active account."""
    view = latest_snapshots(db, house, viewer, portfolio=portfolio)
    named = {account.id: account for account in view.accounts}
    newest = max((one.taken for one in view.latest), default=None)
    body: dict[str, Any] = {}
    put(body, "latest_at", ist(newest), NO_SNAPSHOT)
    return reply(body | {"count": len(view.latest), "data": [entry(one, named) for one in view.latest]})


@router.post("/trigger", response_model=SnapshotResult)
def trigger(
    request: Request, db: Writing, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice
) -> Response:
    """A MANUAL snapshot of every active account, now. HTMX gets 204 and the event `snapshot-taken`."""
    taken = deeds.trigger(db, house, viewer, portfolio=portfolio)
    if render.wants_fragment(request):
        return Response(status_code=204, headers={"hx-trigger": "snapshot-taken"})
    named = {account.id: account for account in accounts.listed(db, viewer)}
    return reply({"count": len(taken), "data": [entry(one, named) for one in taken]})


def entry(one: Snapshot, named: Names) -> dict[str, Any]:
    """One snapshot as numbers; a missed one says why it has none."""
    reason = "missed: the house was not running" if one.state == "missed" else "no holding had a price"
    body: dict[str, Any] = {
        "id": one.id,
        "account_id": one.account,
        "account": named[one.account].name if one.account in named else "",
        "snapshot_type": one.type,
        "trading_day": one.day.iso(),
        "state": one.state,
        "snapshot_at": ist(one.taken),
    }
    put(body, "invested_value", None if one.invested is None else number(one.invested.amount), reason)
    put(body, "current_value", None if one.value is None else number(one.value.amount), reason)
    return body | {"unpriced_count": one.unpriced}


@v1.get("/snapshots")
def listed(
    db: Reading,
    viewer: CurrentViewer,
    account: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    """All snapshots, missed and replaced ones too, newest first."""
    after = after_day(cursor)
    before = None if after is None else (after[0], SnapshotId(after[1]))
    chosen = SnapshotFilter(account=None if account is None else AccountId(account))
    found = snapshots.page(db, viewer, filter=chosen, before=before, limit=limit + 1)
    body: dict[str, Any] = {"data": [record(one) for one in found[:limit]]}
    if len(found) > limit:
        body["next"] = f"{found[limit - 1].day}_{found[limit - 1].id}"
    return reply(body)


@v1.get("/snapshots/{id}")
def one(db: Reading, viewer: CurrentViewer, id: RowId) -> Response:
    """One snapshot, also a missed or a replaced one."""
    return reply(record(snapshots.snapshot_of(db, viewer, SnapshotId(id))))


@v1.get("/snapshots/{id}/lines")
def lines_of(db: Reading, viewer: CurrentViewer, id: RowId) -> Response:
    """What one snapshot froze, instrument by instrument; nothing for a missed one or an empty account."""
    lines = snapshots.lines(db, viewer, snapshots.snapshot_of(db, viewer, SnapshotId(id)).id)
    named = instruments.of_ids(db, [line.instrument for line in lines])
    rows = [
        {
            "instrument_id": line.instrument,
            "symbol": named[line.instrument].symbol,
            "exchange": named[line.instrument].exchange,
            "quantity": plain(line.quantity),
            "invested": amount(line.invested),
            "price": amount(line.price),
            "value": amount(line.value),
            "priced_at": ist(line.priced_at),
        }
        for line in lines
    ]
    return reply({"data": rows})


@v1.get("/value-curve")
def value_curve(
    db: Reading, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice, since: QueryText = ""
) -> Response:
    """One point for each day with snapshots, oldest first; five years unless `since` says otherwise."""
    points = curve(db, house, viewer, portfolio, since=day_of(since, "since") if since else None)
    rows = [
        {
            "day": point.day.iso(),
            "value": amount(point.value),
            "invested": amount(point.invested),
            "unpriced": point.unpriced,
        }
        for point in points
    ]
    return reply({"currency": points[0].value.currency if points else None, "data": rows})


def record(one: Snapshot) -> dict[str, Any]:
    return {
        "id": one.id,
        "account_id": one.account,
        "type": one.type,
        "day": one.day.iso(),
        "state": one.state,
        "taken_at": ist(one.taken),
        "replaced_at": ist(one.replaced),
        "invested": amount(one.invested),
        "value": amount(one.value),
        "currency": one.currency,
        "unpriced": one.unpriced,
    }
