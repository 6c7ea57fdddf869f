"""Past closes of everything a person ever held, fetched in jobs: what is wanted and not kept is asked for.

A run that is killed or refused in the middle has kept what it got; the next one asks for the rest. What
companies did comes in the same answers and is kept with them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

from tunefolio.core.errors import Misuse, Rejected
from tunefolio.core.identity import InstrumentId, JobId
from tunefolio.core.money import INR, Currency
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.market.actions import sound_from
from tunefolio.market.calendars import Calendar
from tunefolio.market.closes import Close
from tunefolio.market.instruments import AssetClass, Instrument, InstrumentClaim, Listing
from tunefolio.market.provider import HistoryClaim, HistorySource
from tunefolio.services import announcements
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.lifetimes import first_days
from tunefolio.store import accounts, closes, events, instruments
from tunefolio.store.db import ReadDb, WriteDb

_log = logging.getLogger(__name__)

BENCHMARK = InstrumentClaim(Listing("NSE", "NIFTY 50"), None, "Nifty 50", AssetClass.INDEX, INR)
"""What returns are set beside when nobody chooses another."""

BEFORE_FIRST = timedelta(days=365)
"""Closes begin this long before the first fact, so that a chart and a beta have a past."""

ASK_AGAIN_AFTER = timedelta(days=30)
"""Closes older than the oldest kept one are asked for again so rarely: mostly the company is younger."""

_INDIAN = frozenset({"NSE", "BSE"})
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Closes of one instrument that are wanted and not kept: [since, until)."""

    instrument: Instrument
    since: TradingDay
    until: TradingDay


@dataclass(frozen=True, slots=True)
class Sifted:
    """closes: fit to be kept. dropped: how many were not: on days without a session, or not above zero."""

    closes: tuple[Close, ...]
    dropped: int


def source_of(house: House) -> HistorySource | None:
    """The market source, where it knows the past as well."""
    source: object = house.market_quotes
    return source if isinstance(source, HistorySource) else None


def ask_closes(db: WriteDb, house: House, viewer: Viewer) -> JobId | None:
    """Ask for the viewer's missing closes; None where no source has any. Asked twice it is one job."""
    if source_of(house) is None:
        return None
    return ask(db, house, "closes", {}, owner=viewer.person, dedupe_key=f"closes:{viewer.person}")


@deed("closes", max_attempts=8)
def fetch_closes(house: House, work: Work) -> Mapping[str, Any]:
    """Fetch what its owner's instruments and the benchmark lack; without an owner, ask for that for each.

    Raises Retry when the source is away; what was fetched before is kept.
    """
    if work.viewer is None:
        return {"asked": _ask_for_all(house)}
    source = source_of(house)
    if source is None:
        return {"skipped": "no source of past prices"}
    wanted = _gaps(house, work.viewer)
    kept = dropped = 0
    unknown: list[str] = []
    for done, gap in enumerate(wanted):
        work.check()
        work.progress(done, len(wanted), f"Past prices of {gap.instrument.symbol}")
        fetched = _fetch(house, source, gap)
        if fetched is None:
            unknown.append(gap.instrument.symbol)
            continue
        kept, dropped = kept + len(fetched.closes), dropped + fetched.dropped
    work.progress(len(wanted), len(wanted), "Done")
    _tell(house, work.viewer, [gap.instrument.id for gap in wanted])
    return {"instruments": len(wanted), "closes": kept, "dropped": dropped, "unknown": unknown[:20]}


def keep(
    db: WriteDb,
    house: House,
    rows: Iterable[tuple[InstrumentClaim, TradingDay, Decimal]],
    *,
    source: str,
) -> tuple[int, int]:
    """Keep raw closes from a file, whose listings become instruments; (kept, dropped). A day given again
    replaces what stood there."""
    groups: dict[InstrumentClaim, list[tuple[TradingDay, Decimal]]] = {}
    for claim, day, price in rows:
        groups.setdefault(claim, []).append((day, price))
    ids = resolved(db, house, groups)
    known = instruments.of_ids(db, sorted(set(ids.values())))
    kept = dropped = 0
    for claim, points in groups.items():
        instrument = known[ids[claim]]
        if instrument.currency != claim.currency:
            raise Misuse("currency", f"{claim.listing.symbol} is kept in {instrument.currency}")
        good = sifted(points, instrument, house.calendar)
        closes.put(db, instrument.id, instrument.currency, good.closes, source, house.clock.now())
        kept, dropped = kept + len(good.closes), dropped + good.dropped
    return kept, dropped


def sifted(
    points: Sequence[tuple[TradingDay, Decimal]], instrument: Instrument, calendar: Calendar
) -> Sifted:
    """What is fit to be kept: above zero and, in India, on a day with a session where the calendar knows."""
    good = tuple(
        Close(day, price) for day, price in points if price > 0 and _could_trade(day, instrument, calendar)
    )
    return Sifted(good, len(points) - len(good))


def final_until(instrument: Instrument, calendar: Calendar, now: Instant) -> TradingDay:
    """The first day whose close is not final yet: in India by the calendar's end of day; elsewhere today in
    UTC, by when every exchange has closed the day before."""
    if instrument.exchange not in _INDIAN:
        return TradingDay(calendar_date(now, UTC))
    today = TradingDay(calendar_date(now))
    try:
        is_over = calendar.is_session(today) and calendar.eod(today) <= now
    except Misuse:  # beyond the known calendar
        return today
    return today.plus_days(1) if is_over else today


def _could_trade(day: TradingDay, instrument: Instrument, calendar: Calendar) -> bool:
    if instrument.exchange not in _INDIAN or not calendar.known_from <= day <= calendar.known_until:
        return True
    return calendar.is_session(day)


def _gaps(house: House, viewer: Viewer) -> list[Gap]:
    """The benchmark first, then by instrument. It writes: the benchmark becomes an instrument."""
    now = house.clock.now()
    with house.database.writing() as db:
        benchmark = resolved(db, house, [BENCHMARK])[BENCHMARK]
    with house.database.reading() as db:
        first = first_days(db, viewer)
        if first:
            first[benchmark] = min(first.values())
        known = instruments.of_ids(db, sorted(first))
        kept = closes.spans(db, sorted(first))
    gaps = (_gap(known[id], day, kept.get(id), house.calendar, now) for id, day in first.items())
    return sorted(
        (gap for gap in gaps if gap is not None),
        key=lambda gap: (gap.instrument.id != benchmark, gap.instrument.id),
    )


def _gap(
    instrument: Instrument, first: TradingDay, kept: closes.Span | None, calendar: Calendar, now: Instant
) -> Gap | None:
    """One range holds what lacks at both ends: a source is asked once."""
    since, until = first.plus_days(-BEFORE_FIRST.days), final_until(instrument, calendar, now)
    if instrument.exchange == "OWN":
        return None
    if kept is None:
        return Gap(instrument, since, until) if since < until else None
    lacks_past = kept.first > since.plus_days(7) and now - kept.asked > ASK_AGAIN_AFTER
    start = since if lacks_past else kept.last.plus_days(1)
    if not lacks_past and not _any_session(start, until, instrument, calendar):
        return None
    return Gap(instrument, start, until)


def _any_session(start: TradingDay, until: TradingDay, instrument: Instrument, calendar: Calendar) -> bool:
    days = (start.plus_days(ahead) for ahead in range(max(0, until - start)))
    return any(_could_trade(day, instrument, calendar) and day.date.weekday() < 5 for day in days)


def _fetch(house: House, source: HistorySource, gap: Gap) -> Sifted | None:
    """Ask, sift and keep; None for what the source does not know. Raises Retry."""
    try:
        claim = source.history(gap.instrument.listing, gap.since, gap.until)
    except Rejected as problem:
        _log.warning("no closes", extra={"symbol": gap.instrument.symbol, "problem": str(problem)})
        return None
    if claim is None or not _fits(claim.currency, gap.instrument):
        return None
    return _keep(house, source.name, gap.instrument, claim)


def _fits(currency: Currency, instrument: Instrument) -> bool:
    if currency in ("", instrument.currency):
        return True
    extra = {"symbol": instrument.symbol, "theirs": currency, "ours": instrument.currency}
    _log.warning("closes in another currency are left alone", extra=extra)
    return False


def _keep(house: House, source: str, instrument: Instrument, claim: HistoryClaim) -> Sifted:
    splits = [(action.ex_day, action.terms) for action in claim.actions]
    start = sound_from(claim.closes, splits)
    if start is not None:
        extra = {"symbol": instrument.symbol, "before": start.iso()}
        _log.warning("closes not divided by a later split are left out", extra=extra)
    sound = [one for one in claim.closes if start is None or one[0] >= start]
    good = sifted(sound, instrument, house.calendar)
    good = Sifted(good.closes, good.dropped + len(claim.closes) - len(sound))
    now = house.clock.now()
    with house.database.writing() as db:
        closes.put(db, instrument.id, instrument.currency, good.closes, source, now)
        announcements.keep(db, house, claim.actions)
    return good


def _tell(house: House, viewer: Viewer, ids: Sequence[InstrumentId]) -> None:
    if ids:
        with house.database.writing() as db:
            events.emit(db, house.bus, events.Event("quotes", viewer.person, tuple(ids)))


def _ask_for_all(house: House) -> int:
    with house.database.writing() as db:
        owners = owners_of(db, "closes")
        for owner in owners:
            ask_closes(db, house, owner)
    return len(owners)


def owners_of(db: ReadDb, purpose: str) -> list[Viewer]:
    """Everyone with an active account, for the house's own upkeep."""
    owners = {account.owner for account in accounts.all_active(db, Caretaker(purpose))}
    return [Viewer(owner) for owner in sorted(owners)]
