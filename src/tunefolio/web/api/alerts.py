"""Alerts: conditions judged with every price, and how often they would have spoken. Numbers are text."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.alerts import AlertId, AlertKind, Manner, Repeat
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Price, decimal_of
from tunefolio.services import alert_book, alert_preview, alert_views
from tunefolio.services.alert_book import Wish
from tunefolio.services.alert_levels import Quoted
from tunefolio.services.alert_views import AlertRow
from tunefolio.store import alerts
from tunefolio.store.alerts import Subject
from tunefolio.web.api.answers import Cursor, Limit, Text, after_id, amount, ist, nothing, plain, put, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading, RowId, Writing

v1 = APIRouter(prefix="/alerts", tags=["alerts"])
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
_MOST_SECONDS = 30 * 86_400


class AlertTerms(Body):
    """parameters by kind: price level direction · move ratio direction reference · average days direction ·
    year_range direction · pnl measure level direction · drawdown ratio. hysteresis is a ratio."""

    parameters: dict[str, Text] = Field(default_factory=dict, max_length=10)
    repeat: Repeat = Repeat.ONCE
    hysteresis: Text = "0"
    cooldown_seconds: int = Field(0, ge=0, le=_MOST_SECONDS)
    note: Text = ""


class NewAlert(AlertTerms):
    kind: AlertKind
    instrument_id: Id | None = None
    portfolio_id: Id | None = None
    account_id: Id | None = None


@v1.get("")
def listed(
    db: Reading, house: HouseDep, viewer: CurrentViewer, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    """Newest first, with where each stands now."""
    before = after_id(cursor)
    page = alert_views.page(db, house, viewer, None if before is None else AlertId(before), limit)
    body: dict[str, Any] = {"data": [_row(row) for row in page.rows]}
    return reply(body | ({} if page.next is None else {"next": str(page.next)}))


@v1.post("", status_code=201)
def create(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: NewAlert) -> Response:
    """A new alert. Beyond its level already, it waits until the number has come back first."""
    id = alert_book.create(db, house, viewer, _wish(wish))
    return reply(_row(alert_views.row_of(db, house, viewer, id)), 201)


@v1.post("/preview")
def preview(db: Reading, house: HouseDep, viewer: CurrentViewer, wish: NewAlert) -> Response:
    """On which days of the last year it would have spoken, by daily closes. Makes nothing."""
    asked = _wish(wish)
    terms = alert_book.fit(db, viewer, asked)
    if not isinstance(terms, Quoted) or asked.subject.instrument is None:
        raise Misuse("kind", "only alerts on a price have a past", cure="price, move, average or year_range")
    manner = Manner(asked.repeat, asked.band, asked.cooldown)
    shown = alert_preview.preview(db, house, asked.subject.instrument, terms, manner)
    if isinstance(shown, Missing):
        return reply({"times": None, "times_reason": str(shown), "days": []})
    days = [day.iso() for day in shown.days]
    return reply({"times": len(days), "sessions": shown.sessions, "days": days})


@v1.get("/{id}")
def one(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    return reply(_row(alert_views.row_of(db, house, viewer, AlertId(id))))


@v1.put("/{id}", status_code=204)
def change(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId, wish: AlertTerms) -> Response:
    """Other terms for the same kind and subject; it begins anew."""
    known = alerts.alert_of(db, viewer, AlertId(id))
    alert_book.change(db, house, viewer, known.id, _asked(wish, known.kind, known.subject))
    return nothing()


@v1.post("/{id}/pause", status_code=204)
def pause(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Silent until it is taken up again."""
    alert_book.pause(db, house, viewer, AlertId(id))
    return nothing()


@v1.post("/{id}/resume", status_code=204)
def resume(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Armed again, a done one too; what happened meanwhile is not told."""
    alert_book.resume(db, house, viewer, AlertId(id))
    return nothing()


@v1.delete("/{id}", status_code=204)
def delete(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Gone; what it told stays among the notices."""
    alert_book.forget(db, house, viewer, AlertId(id))
    return nothing()


def _wish(wish: NewAlert) -> Wish:
    subject = Subject(
        None if wish.instrument_id is None else InstrumentId(wish.instrument_id),
        None if wish.portfolio_id is None else PortfolioId(wish.portfolio_id),
        None if wish.account_id is None else AccountId(wish.account_id),
    )
    return _asked(wish, wish.kind, subject)


def _asked(wish: AlertTerms, kind: AlertKind, subject: Subject) -> Wish:
    return Wish(
        kind,
        subject,
        wish.parameters,
        wish.repeat,
        decimal_of(wish.hysteresis, "hysteresis"),
        timedelta(seconds=wish.cooldown_seconds),
        wish.note,
    )


def _row(row: AlertRow) -> dict[str, Any]:
    one = row.alert
    body: dict[str, Any] = {
        "id": one.id,
        "kind": one.kind,
        "title": row.title,
        "words": row.words,
        "instrument_id": one.subject.instrument,
        "portfolio_id": one.subject.portfolio,
        "account_id": one.subject.account,
        "parameters": dict(one.parameters),
        "repeat": one.manner.repeat,
        "hysteresis": plain(one.manner.band),
        "cooldown_seconds": int(one.manner.cooldown.total_seconds()),
        "note": one.note,
        "state": one.standing.state,
        "spoken": one.fired_times,
        "spoken_at": ist(one.standing.fired),
        "unit": row.unit,
        "created_at": ist(one.created),
    }
    reason = row.missing or "not measured yet"
    put(body, "value", _number(row.value), reason)
    put(body, "level", _number(row.level), reason)
    put(body, "distance_ratio", None if row.distance is None else f"{row.distance:.10f}", reason)
    return body


def _number(value: Any) -> str | None:
    if value is None:
        return None
    return amount(value) if isinstance(value, Price) else plain(value)
