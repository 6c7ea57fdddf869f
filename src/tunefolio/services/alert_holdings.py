"""Alerts on what is held: P&L of a position, drawdown of a portfolio; judged by a job, as they need books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tunefolio.core.alerts import HELD, Levels, Wake, step
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, plain, quantized
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.people import Viewer
from tunefolio.core.time import IST, Instant
from tunefolio.services import views
from tunefolio.services.alert_levels import session
from tunefolio.services.alert_terms import DrawdownTerms, PnlTerms, Terms, terms_of, words
from tunefolio.services.alerts import JUDGE_PORTFOLIOS
from tunefolio.services.deliver import tell
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.store import accounts, alerts, events, instruments, portfolios
from tunefolio.store.alerts import Alert, Judged, Seen
from tunefolio.store.db import ReadDb
from tunefolio.store.notices import Draft

_CURE = "Record its purchase, or wait for its price"


@dataclass(frozen=True, slots=True)
class Measured:
    """The number an alert on holdings is judged by, in its own unit. currency: "" for a ratio."""

    number: Decimal
    currency: Currency | None = None


@deed(JUDGE_PORTFOLIOS, max_attempts=3)
def judge_portfolios(house: House, work: Work) -> Mapping[str, Any]:
    """Measure every active alert on the owner's holdings once, and take one step of each.

    A step is kept only where the alert is still as it was read, together with its notice.
    """
    viewer = work.owner
    now = house.clock.now()
    with house.database.reading() as db:
        found = alerts.of_kinds(db, viewer, HELD)
        measured = [(one, measure(db, house, viewer, one)) for one in found]
        names = {one.id: name_of(db, viewer, one) for one in found}
    told = 0
    with house.database.writing() as db:
        for one, number in measured:
            judged, has_spoken = _judged(one, number, now)
            if alerts.advance(db, viewer, judged) and has_spoken and isinstance(number, Measured):
                told += len(tell(db, house, [_draft(one, number, names[one.id], now)]))
        if found:
            events.emit(db, house.bus, events.Event("alerts", viewer.person))
    return {"judged": len(found), "told": told}


def measure(db: ReadDb, house: House, viewer: Viewer, alert: Alert) -> Measured | Missing:
    """What the alert watches, as it stands now."""
    terms = terms_of(alert.kind, alert.parameters)
    try:
        match terms:
            case PnlTerms(is_ratio):
                return _pnl(db, house, viewer, alert, is_ratio=is_ratio)
            case DrawdownTerms():
                return _drawdown(db, house, viewer, alert)
            case _:
                raise Misuse("kind", f"{alert.kind} is not judged by holdings")
    except NotFound as gone:
        return Missing(f"{gone.what}: not found", _CURE)


def levels_of(terms: Terms) -> Levels:
    """Where the measured number makes it speak."""
    match terms:
        case PnlTerms(_, level, direction):
            return Levels(upper=level) if direction == "up" else Levels(lower=level)
        case DrawdownTerms(ratio):
            return Levels(upper=ratio)
        case _:
            raise Misuse("kind", "has no level of holdings")


def name_of(db: ReadDb, viewer: Viewer, alert: Alert) -> str:
    """What it watches, in words: "INFY in Zerodha AB1234", "All portfolios"."""
    subject = alert.subject
    parts = []
    if subject.instrument is not None:
        known = instruments.visible(db, viewer, [subject.instrument]).get(subject.instrument)
        parts.append("an instrument" if known is None else known.symbol)
    if subject.account is not None:
        parts.append(accounts.account_of(db, viewer, subject.account).name)
    elif subject.portfolio is not None:
        parts.append(portfolios.portfolio_of(db, viewer, subject.portfolio).name)
    elif not parts:
        parts.append("All portfolios")
    return " in ".join(parts)


def _judged(alert: Alert, number: Measured | Missing, now: Instant) -> tuple[Judged, bool]:
    day = session(now)
    if isinstance(number, Missing):
        return Judged(alert, alert.standing, alert.seen, Wake(), None, day, str(number)), False
    terms = terms_of(alert.kind, alert.parameters)
    found = levels_of(terms)
    level = found.upper if found.upper is not None else found.lower
    is_money = isinstance(terms, PnlTerms) and not terms.is_ratio
    width = quantized(abs(level or Decimal(0)) * alert.manner.band, 8) if is_money else alert.manner.band
    after, side = step(found, replace(alert.manner, band=width), alert.standing, number.number, now)
    judged = Judged(alert, after, Seen(quantized(number.number, 8), now), Wake(), None, day)
    return judged, side is not None


def _pnl(db: ReadDb, house: House, viewer: Viewer, alert: Alert, *, is_ratio: bool) -> Measured | Missing:
    """Unrealised, of all the viewer's accounts in question together."""
    subject = alert.subject
    view = views.portfolio(db, house, viewer, portfolio=subject.portfolio)
    rows = [
        row
        for row in view.rows
        if row.instrument.id == subject.instrument and subject.account in (None, row.account.id)
    ]
    if not rows:
        return Missing("nothing of it is held", _CURE)
    gains = [row.valued.pnl for row in rows]
    known = [gain for gain in gains if gain is not None]
    if len(known) < len(gains):
        return Missing(rows[0].valued.missing or "it has no price", _CURE)
    gain, cost = known[0], rows[0].valued.invested
    for row, more in zip(rows[1:], known[1:], strict=True):
        gain, cost = gain + more, cost + row.valued.invested
    if not is_ratio:
        return Measured(gain.amount, gain.currency)
    return Missing("nothing was paid for it", "") if cost.amount <= 0 else Measured(gain / cost)


def _drawdown(db: ReadDb, house: House, viewer: Viewer, alert: Alert) -> Measured | Missing:
    """How far growth stands below its highest day, today with the newest prices among the days; ≥ 0."""
    home = alert.subject.portfolio
    scope = "all" if home is None else f"portfolio:{home}"
    curve: Sequence[Any] = views.performance(db, house, viewer, scope=scope, period="all").curve
    if not curve or curve[-1].drawdown is None:
        return Missing("no day is valued yet", "Wait for the prices of the first days")
    return Measured(abs(curve[-1].drawdown))


def _draft(alert: Alert, number: Measured, name: str, now: Instant) -> Draft:
    terms = terms_of(alert.kind, alert.parameters)
    at = now.in_zone(IST)
    value = (
        f"{plain(quantized(number.number * 100, 2))} %"
        if number.currency is None
        else f"{number.number:,.2f} {number.currency}"
    )
    notice = Notice(
        alert.owner,
        Urgency.WARNING if isinstance(terms, DrawdownTerms) else Urgency.INFO,
        f"{name}: {words(terms, number.currency or '')}",
        f"It stood at {value} on {at:%-d %b %Y, %H:%M} IST." + (f" {alert.note}" if alert.note else ""),
        now,
        f"/alerts#a-{alert.id}",
        f"alert:{alert.id}:{alert.revision}",
    )
    return Draft(notice, alert.kind, alert.id)
