"""Whether what has just been written makes an alert speak; judged in the transaction that wrote it.

Levels are kept with each alert at the 8 places of a price, so that one indexed comparison finds the alerts a
quote may change and leaves all others unread. Rules: docs/spec/alerts.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from tunefolio.core.alerts import (
    HAPPENING,
    HELD,
    AlertKind,
    AlertState,
    Levels,
    Manner,
    Repeat,
    Standing,
    Wake,
    next_date,
    step,
    wake,
)
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PersonId
from tunefolio.core.missing import Missing
from tunefolio.core.money import plain
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.people import Caretaker, Role, Viewer
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.market.actions import Action, adjustment, told_once
from tunefolio.market.closes import Closes
from tunefolio.market.instruments import Instrument
from tunefolio.services.alert_levels import Past, Quoted, band, levels, session
from tunefolio.services.alert_terms import AverageTerms, MoveTerms, RangeTerms, Terms, terms_of, words
from tunefolio.services.deliver import tell
from tunefolio.services.house import House
from tunefolio.services.jobs import ask
from tunefolio.store import actions, alerts, closes, events, instruments
from tunefolio.store.alerts import Alert, Judged, Seen, Woken
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.notices import Draft

_CARE = Caretaker("alerts")
_PAST = frozenset({AlertKind.AVERAGE, AlertKind.YEAR_RANGE})
_AGAIN_AFTER = timedelta(minutes=30)
_PORTFOLIOS_AFTER = timedelta(seconds=20)
JUDGE_PORTFOLIOS = "judge_portfolios"
"""The job that looks at what is held; asked for at most once in its waiting time for each owner."""


def judge(db: WriteDb, house: House, ids: Iterable[InstrumentId]) -> None:
    """Judge the active alerts of these instruments by their newest quotes, in the caller's transaction.

    Steps: 1 read, locked, only the alerts that a quote may change; 2 where their levels lie today; 3 one step
    of each; 4 keep it, and tell. P&L and drawdown follow in a job, since they need whole books.
    """
    wanted = frozenset(ids)
    if not wanted:
        return
    today = session(house.clock.now())
    split = alerts.recently_split(db, wanted, today.plus_days(-10), today)
    woken = alerts.woken(db, _CARE, wanted, split)
    if woken:
        market = _market(db, woken)
        looks = [look(one, market) for one in woken]
        alerts.advance_all(db, _CARE, [judged for judged, _ in looks])
        tell(db, house, [draft for _, draft in looks if draft is not None])
        for owner in sorted({one.alert.owner for one in woken}):
            events.emit(db, house.bus, events.Event("alerts", owner))
    for owner in sorted(alerts.owners_of(db, _CARE, HELD, wanted)):
        ask_portfolios(db, house, owner)


def ask_portfolios(db: WriteDb, house: House, owner: PersonId) -> None:
    """Soon, once for all quotes until then."""
    due = house.clock.now() + _PORTFOLIOS_AFTER
    ask(db, house, JUDGE_PORTFOLIOS, {}, owner=owner, dedupe_key=f"{JUDGE_PORTFOLIOS}:{owner}", due=due)


def happened(
    db: WriteDb,
    house: House,
    kind: AlertKind,
    owner: PersonId,
    key: str,
    *,
    title: str,
    text: str,
    link: str = "",
    account: AccountId | None = None,
    instrument: InstrumentId | None = None,
) -> None:
    """Something went wrong that a person may have asked to hear of; in the caller's transaction.

    key: names the event: told once, however often it is found. Alerts of one account or instrument hear of
    theirs alone; a cooldown and `daily` hold here as elsewhere. Raises Misuse for a kind that has levels.
    """
    if kind not in HAPPENING:
        raise Misuse("kind", f"{kind} does not just happen")
    now, viewer = house.clock.now(), Viewer(owner, Role.MEMBER)
    ready = [
        (alert, after)
        for alert in alerts.of_kinds(db, viewer, {kind})
        if alert.subject.account in (None, account) and alert.subject.instrument in (None, instrument)
        if (after := _heard(alert, now)) is not None
    ]
    if not ready:
        return
    notice = Notice(owner, Urgency.WARNING, title, text, now, link, f"{kind}:{key}")
    if tell(db, house, [Draft(notice, kind, ready[0][0].id)]):
        for alert, after in ready:
            alerts.advance(
                db, viewer, Judged(alert, after, Seen(Decimal(1), now), Wake(), None, session(now))
            )
        events.emit(db, house.bus, events.Event("alerts", owner))


def _heard(alert: Alert, now: Instant) -> Standing | None:
    """The standing after it speaks now; None while its cooldown or the same date keeps it silent."""
    before = alert.standing
    if alert.manner.repeat is Repeat.DAILY and before.fired is not None and now < next_date(before.fired):
        return None
    armed = replace(before, state=AlertState.ARMED)
    after, side = step(Levels(upper=Decimal(1)), alert.manner, armed, Decimal(1), now)
    return None if side is None else after


@dataclass(frozen=True, slots=True)
class Market:
    """What is known of the instruments of the alerts to look at."""

    instruments: Mapping[InstrumentId, Instrument]
    closes: Mapping[InstrumentId, Closes]
    actions: Mapping[InstrumentId, list[Action]]

    def past(self, id: InstrumentId, day: TradingDay) -> Past:
        """Known before the day; actions to come count for nothing yet."""
        known = [(one.ex_day, one.terms) for one in self.actions.get(id, ()) if one.ex_day <= day]
        return Past(self.closes.get(id), adjustment(known))


def market_of(db: ReadDb, ids: Collection[InstrumentId], past: Collection[InstrumentId]) -> Market:
    """past: of which the closes are needed, too."""
    known: dict[InstrumentId, list[Action]] = {}
    for one in told_once(actions.of_instruments(db, ids)):
        known.setdefault(one.instrument, []).append(one)
    book = closes.book(db, past).by_instrument if past else {}
    return Market(instruments.of_ids(db, ids), book, known)


def _market(db: ReadDb, woken: Iterable[Woken]) -> Market:
    ids, past = set(), set()
    for one in woken:
        id = one.alert.subject.instrument
        if id is not None:
            ids.add(id)
            if one.alert.kind in _PAST:
                past.add(id)
    return market_of(db, ids, past)


def look(one: Woken, market: Market) -> tuple[Judged, Draft | None]:
    """What a quote makes of an alert: its new standing, and what to tell, if it speaks."""
    alert, day = one.alert, session(one.as_of)
    id = alert.subject.instrument
    terms = terms_of(alert.kind, alert.parameters)
    if id is None or not isinstance(terms, Quoted):
        raise Misuse("kind", f"{alert.kind} is not judged by quotes")
    base = one.previous_close or Decimal(0) if _is_daily_move(terms) else None
    found = levels(terms, alert.basis, day, one.previous_close, market.past(id, day))
    seen = Seen(one.price, one.as_of)
    if isinstance(found, Missing):
        again = Wake(until=one.as_of + _AGAIN_AFTER)
        return Judged(alert, alert.standing, seen, again, base, day, str(found)), None
    manner = replace(alert.manner, band=band(alert.manner.band, found))
    after, side = step(found, manner, alert.standing, one.price, one.as_of)
    judged = Judged(alert, after, seen, waking(found, manner, after, terms, one.as_of), base, day)
    if side is None:
        return judged, None
    return judged, _draft(alert, market.instruments[id], terms, one)


def _is_daily_move(terms: Quoted) -> bool:
    return isinstance(terms, MoveTerms) and terms.reference is None


def waking(found: Levels, manner: Manner, after: Standing, terms: Terms, at: Instant) -> Wake:
    """When to look again; levels that follow the closes hold until the next session."""
    due = wake(found, manner, after)
    if not isinstance(terms, AverageTerms | RangeTerms):
        return due
    until = next_date(at)
    return replace(due, until=until if due.until is None else min(due.until, until, key=lambda at: at.utc))


def _draft(alert: Alert, listed: Instrument, terms: Quoted, one: Woken) -> Draft:
    at = one.as_of.in_zone(IST)
    price = f"{plain(one.price)} {listed.currency}"
    notice = Notice(
        alert.owner,
        Urgency.INFO,
        f"{listed.symbol}: {words(terms, listed.currency)}",
        f"{listed.name or listed.symbol} ({listed.exchange}) stood at {price} on {at:%-d %b %Y, %H:%M} IST."
        + (f" {alert.note}" if alert.note else ""),
        one.as_of,
        f"/alerts#a-{alert.id}",
        f"alert:{alert.id}:{one.as_of.iso()}:{plain(one.price)}",
    )
    return Draft(notice, alert.kind, alert.id)
