"""A person's alerts: made, changed, paused, taken up again, deleted; each judged at once by what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from tunefolio.core.alerts import (
    HELD,
    QUOTED,
    AlertId,
    AlertKind,
    Levels,
    Manner,
    Repeat,
    Standing,
    Wake,
    begun,
)
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.people import Viewer
from tunefolio.services import alert_terms, alert_views, audit
from tunefolio.services.acts import Act
from tunefolio.services.alert_levels import Quoted, band, levels, session
from tunefolio.services.alert_terms import AverageTerms, MoveTerms, RangeTerms
from tunefolio.services.alerts import ask_portfolios, market_of, waking
from tunefolio.services.house import House
from tunefolio.services.tracking import wish
from tunefolio.store import accounts, alerts, events, instruments, portfolios, quotes
from tunefolio.store.alerts import Alert, Judged, Seen, Subject
from tunefolio.store.db import ReadDb, WriteDb

MOST_ALERTS = 2_000
MOST_COOLDOWN = timedelta(days=30)
_PAST = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class Wish:
    """An alert as a person asks for it. parameters: texts, as alert_terms reads them; band: a share of the
    level, or points where the level is itself a ratio of what is held."""

    kind: AlertKind
    subject: Subject
    parameters: Mapping[str, str]
    repeat: Repeat = Repeat.ONCE
    band: Decimal = Decimal(0)
    cooldown: timedelta = timedelta(0)
    note: str = ""


def create(db: WriteDb, house: House, viewer: Viewer, asked: Wish) -> AlertId:
    """A new alert; beyond its level already, it waits for the way back. Raises Misuse or NotFound."""
    viewer.must_write()
    if alerts.count(db, viewer) >= MOST_ALERTS:
        raise Misuse("alert", f"you have {MOST_ALERTS} already", cure="Delete some that are done")
    terms = fit(db, viewer, asked)
    now = house.clock.now()
    id = alerts.add(
        db,
        viewer,
        asked.kind,
        asked.subject,
        alert_terms.parameters(terms),
        manner=Manner(asked.repeat, asked.band, asked.cooldown),
        note=asked.note.strip(),
        basis=session(now),
        now=now,
    )
    if asked.subject.instrument is not None:
        wish(db, house, [asked.subject.instrument], session(now - _PAST))
    audit.note(db, house, viewer, Act.ALERT_MADE, f"alert:{id}", _told(db, house, viewer, id))
    _begin(db, house, viewer, id)
    return id


def change(db: WriteDb, house: House, viewer: Viewer, id: AlertId, asked: Wish) -> None:
    """Other terms for the same kind and subject; it begins anew. Raises Misuse or NotFound."""
    viewer.must_write()
    known = alerts.alert_of(db, viewer, id)
    terms = fit(db, viewer, replace(asked, kind=known.kind, subject=known.subject))
    now = house.clock.now()
    manner = Manner(asked.repeat, asked.band, asked.cooldown)
    former = _told(db, house, viewer, id)
    alerts.replace(
        db,
        viewer,
        id,
        alert_terms.parameters(terms),
        manner=manner,
        note=asked.note.strip(),
        basis=session(now),
        now=now,
    )
    after = _told(db, house, viewer, id)
    pairs = {"name": after["name"], **audit.differing(former, after)}
    audit.note(db, house, viewer, Act.ALERT_CHANGED, f"alert:{id}", pairs)
    _begin(db, house, viewer, id)


def pause(db: WriteDb, house: House, viewer: Viewer, id: AlertId) -> None:
    """Silent until resume()."""
    viewer.must_write()
    alerts.pause(db, viewer, id)
    audit.note(db, house, viewer, Act.ALERT_PAUSED, f"alert:{id}", _told(db, house, viewer, id))
    _changed(db, house, viewer, id)


def resume(db: WriteDb, house: House, viewer: Viewer, id: AlertId) -> None:
    """Armed again, a done one too: what happened meanwhile is not told."""
    viewer.must_write()
    alerts.resume(db, viewer, id, house.clock.now())
    audit.note(db, house, viewer, Act.ALERT_RESUMED, f"alert:{id}", _told(db, house, viewer, id))
    _begin(db, house, viewer, id)


def forget(db: WriteDb, house: House, viewer: Viewer, id: AlertId) -> None:
    """Delete it; what it told stays among the notices."""
    viewer.must_write()
    audit.note(db, house, viewer, Act.ALERT_DELETED, f"alert:{id}", _told(db, house, viewer, id))
    alerts.forget(db, viewer, id)
    _changed(db, house, viewer, id)


def fit(db: ReadDb, viewer: Viewer, asked: Wish) -> alert_terms.Terms:
    """The terms of a wish that can be kept; raises Misuse or NotFound for the field that is wrong."""
    terms = alert_terms.terms_of(asked.kind, asked.parameters)
    subject = asked.subject
    if asked.kind in QUOTED or asked.kind is AlertKind.PNL:
        if subject.instrument is None:
            raise Misuse("instrument", "is missing", cure="Write it as NSE:INFY")
        if subject.instrument not in instruments.visible(db, viewer, [subject.instrument]):
            raise NotFound("instrument")
    if subject.account is not None:
        accounts.account_of(db, viewer, subject.account)
    if subject.portfolio is not None:
        portfolios.portfolio_of(db, viewer, subject.portfolio)
    if not 0 <= asked.band <= 1:
        raise Misuse("hysteresis", "is out of range", cure="Give 0 % to 100 %")
    if not timedelta(0) <= asked.cooldown <= MOST_COOLDOWN:
        raise Misuse("cooldown", "is out of range", cure=f"Give 0 to {MOST_COOLDOWN.days} days")
    if len(asked.note) > 200:
        raise Misuse("note", "is longer than 200 letters")
    return terms


def levels_now(db: ReadDb, house: House, alert: Alert) -> Levels | Missing:
    """Where a quoted alert speaks today, for pages."""
    id = alert.subject.instrument
    terms = alert_terms.terms_of(alert.kind, alert.parameters)
    if id is None or not isinstance(terms, Quoted):
        return Missing("it has no price level")
    needs_past = isinstance(terms, AverageTerms | RangeTerms)
    market = market_of(db, [id], [id] if needs_past else [])
    quote = quotes.latest(db, [id]).get(id)
    day = session(house.clock.now() if quote is None else quote.as_of)
    close = None if quote is None or quote.previous_close is None else quote.previous_close.amount
    return levels(terms, alert.basis, day, close, market.past(id, day))


def _told(db: ReadDb, house: House, viewer: Viewer, id: AlertId) -> dict[str, object]:
    """An alert as the activity tells it: what it watches, for what, and how it speaks."""
    row = alert_views.row_of(db, house, viewer, id)
    alert = row.alert
    return {
        "name": row.title,
        "when": row.words,
        "repeat": alert.manner.repeat.value,
        "hysteresis": alert.manner.band,
        "cooldown_minutes": int(alert.manner.cooldown.total_seconds()) // 60,
        "note": alert.note,
    }


def _begin(db: WriteDb, house: House, viewer: Viewer, id: AlertId) -> None:
    """Where it stands by what is known now, without a word; holdings are looked at by their job."""
    alert = alerts.alert_of(db, viewer, id)
    _changed(db, house, viewer, id)
    if alert.kind in HELD:
        ask_portfolios(db, house, viewer.person)
    if alert.kind in QUOTED and alert.subject.instrument is not None:
        _begin_quoted(db, house, viewer, alert, alert.subject.instrument)


def _begin_quoted(db: WriteDb, house: House, viewer: Viewer, alert: Alert, id: InstrumentId) -> None:
    quote = quotes.latest(db, [id]).get(id)
    if quote is None:
        return
    terms = alert_terms.terms_of(alert.kind, alert.parameters)
    found = levels_now(db, house, alert)
    seen = Seen(quote.price.amount, quote.as_of)
    day = session(quote.as_of)
    close = None if quote.previous_close is None else quote.previous_close.amount
    is_daily = isinstance(terms, MoveTerms) and terms.reference is None
    base = close or Decimal(0) if is_daily else None
    if isinstance(found, Missing):
        again = Wake(until=quote.as_of)
        alerts.advance(db, viewer, Judged(alert, Standing(), seen, again, base, day, str(found)))
        return
    manner = replace(alert.manner, band=band(alert.manner.band, found))
    after = begun(found, quote.price.amount)
    due = waking(found, manner, after, terms, quote.as_of)
    alerts.advance(db, viewer, Judged(alert, after, seen, due, base, day))


def _changed(db: WriteDb, house: House, viewer: Viewer, id: AlertId) -> None:
    events.emit(db, house.bus, events.Event("alerts", viewer.person, (id,)))
