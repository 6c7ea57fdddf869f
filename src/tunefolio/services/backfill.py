"""The past of what is followed: what is wanted less what is held is asked for, newest year first.

Each year is kept in a transaction of its own, bars, doubts, actions and how far it is together: a job that is
killed goes on with what is lacking, and nothing is kept twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from tunefolio.core.errors import Retry
from tunefolio.core.identity import InstrumentId
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bars
from tunefolio.market.gaps import Stretch, by_year, holes, without
from tunefolio.market.instruments import Instrument
from tunefolio.market.provider import BarsClaim, BarSource
from tunefolio.market.validation import in_currency
from tunefolio.services import quotes as asking
from tunefolio.services import sifting
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.services.markets import final_until, sessions
from tunefolio.services.sources import first_answer
from tunefolio.store import bars, events, instruments, quotes, tracking
from tunefolio.store.tracking import Tracking, TrackState

_log = logging.getLogger(__name__)

BACKFILL = "backfill"
"""What the jobs are called that fetch one instrument's past."""

ASK_AGAIN_AFTER = timedelta(days=30)
"""What no source knew is asked for again so rarely."""

SETTLING_DAYS = 7
"""Days this young are never taken as known to be absent: sources are late."""

_LEAD_DAYS = 14
"""Bars of so many days before a stretch are asked for with it, to hold its first one against."""

_NO_SOURCE = "no source is set up that could know {name}"
_NO_SOURCE_CURE = "Add one to TUNEFOLIO_SOURCES, or read a file of closes"
_UNKNOWN = "none of {sources} knows {name}"
_UNKNOWN_CURE = "Check exchange and symbol, or read a file of closes"
_DAILY = "the closes of {name} come day by day with {files}; no source that is set up tells the days before"
_DAILY_CURE = "Nothing is to be done for the days to come; for earlier ones read a file of closes"
_CURRENCY = "{source} tells {name} in {theirs}, not in {ours}"
_CURRENCY_CURE = "Record it under the exchange that quotes it in {theirs}, or use another source"


@dataclass(slots=True)
class Filled:
    """What one run brought. problem, cure: why there was nothing."""

    bars: int = 0
    doubted: int = 0
    parts: int = 0
    source: str = ""
    problem: str = ""
    cure: str = ""
    is_known: bool = False
    tried: list[Stretch] = field(default_factory=list)


@deed(BACKFILL, max_attempts=12)
def backfill(house: House, work: Work) -> Mapping[str, Any]:
    """One instrument's past. Raises Retry when every source that could know it is away; what came before is
    kept, and its row says since when and until when it waits."""
    id = InstrumentId(work.args["instrument"])
    is_last = work.job.attempts >= work.job.max_attempts
    _first_price(house, id)
    try:
        done = fill(house, work, id)
    except Retry as away:
        _settle(house, id, TrackState.FAILED if is_last else TrackState.WANTED, str(away), _AWAY_CURE)
        raise
    if done is None:
        return {"skipped": "not followed"}
    return {"bars": done.bars, "doubted": done.doubted, "parts": done.parts, "source": done.source}


_AWAY_CURE = "It is tried again by itself; Data health shows when each source may be asked"


def _first_price(house: House, id: InstrumentId) -> None:
    """What has no price yet is asked for at once, not with the next refresh."""
    with house.database.reading() as db:
        known = instruments.of_ids(db, [id]) if tracking.of_ids(db, [id]) else {}
        is_priced = id in quotes.latest(db, [id])
    if known and not is_priced:
        asking.keep_all(house, asking.asked_of_market(house, [known[id]]).values())


def fill(house: House, work: Work, id: InstrumentId) -> Filled | None:
    """Fetch everything that lacks of one instrument; None for what nobody wished for. Raises Retry."""
    begun = _begin(house, work, id)
    if begun is None:
        return None
    instrument, done = begun, Filled()
    while parts := by_year(without(_gaps(house, id, instrument), done.tried)):
        for place, part in enumerate(parts):
            work.check()
            work.progress(done.parts, done.parts + len(parts) - place, _words(instrument, part))
            done.tried.append(part)
            if not _fetch(house, instrument, part, done):
                return _unknown(house, instrument, done)
            done.parts += 1
    work.progress(done.parts, done.parts, "Done")
    _settle(house, id, TrackState.READY)
    return done


def gaps_of(house: House, row: Tracking, instrument: Instrument, held: Bars | None) -> tuple[Stretch, ...]:
    """Where its past lacks: sessions, from the year of `backfill_days` before somebody needs it until the
    last final one, that are neither held nor known to be absent."""
    wanted = wanted_of(house, row, instrument)
    if wanted is None:
        return ()
    days = set() if held is None else set(map(int, held.days))
    trading = sessions(house, instrument, wanted.first, wanted.end)
    return holes(wanted, trading, days, _covered(row, house.clock.now(), wanted))


def wanted_of(house: House, row: Tracking, instrument: Instrument) -> Stretch | None:
    """The days whose bars are wanted; None for none yet."""
    wanted = Stretch.of(wanted_since(house, row), final_until(house, instrument, house.clock.now()))
    return wanted if wanted.since < wanted.until else None


def wanted_since(house: House, row: Tracking) -> TradingDay:
    """The first day whose bar is wanted: a first of January. Prices are everybody's; did they begin so many
    days before a first purchase, they would tell everybody its day."""
    return TradingDay(date(row.since.plus_days(-house.rules.backfill_days).date.year, 1, 1))


def _covered(row: Tracking, now: Instant, wanted: Stretch) -> tuple[Stretch, ...]:
    """What was asked for in vain counts for a month, and never for the newest days."""
    if row.asked is None or now - row.asked > ASK_AGAIN_AFTER:
        return ()
    settled = wanted.until - SETTLING_DAYS
    cut = (Stretch(one.since, min(one.until, settled)) for one in row.covered)
    return tuple(one for one in cut if one.since < one.until)


def _begin(house: House, work: Work, id: InstrumentId) -> Instrument | None:
    """The row is at work; what it was told is absent long ago is forgotten."""
    now = house.clock.now()
    with house.database.writing() as db:
        row, found = tracking.for_change(db, id), instruments.of_ids(db, [id])
        if row is None or id not in found:
            return None
        is_old = row.asked is None or now - row.asked > ASK_AGAIN_AFTER
        fresh = {"covered": [], "asked_at": now} if is_old else {}
        tracking.settle(db, id, TrackState.FETCHING, job_id=work.job.id, **fresh)
        events.emit(db, house.bus, events.Event("tracking"))
    return found[id]


def _gaps(house: House, id: InstrumentId, instrument: Instrument) -> tuple[Stretch, ...]:
    """What lacks by now; a wish made meanwhile counts."""
    with house.database.reading() as db:
        row = tracking.of_ids(db, [id]).get(id)
        held = bars.of(db, [id]).get(id)
    return () if row is None else gaps_of(house, row, instrument, held)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a source said of a stretch. is_final False: another one, away now, may know more."""

    source: BarSource
    claim: BarsClaim
    is_final: bool = True


def _fetch(house: House, instrument: Instrument, part: Stretch, done: Filled) -> bool:
    """Ask the sources in their order and keep what the first says; False when none knows it. Raises Retry."""
    choices = house.sources.bars(instrument.listing)
    answer = _asked(choices, instrument, part, done)
    if answer is None:
        _say_unknown(house, instrument, choices, done)
        return done.is_known
    done.is_known, done.source = True, answer.source.name
    _keep(house, instrument, part, answer, done)
    return True


def _asked(choices: list[BarSource], instrument: Instrument, part: Stretch, done: Filled) -> _Answer | None:
    """The first answer with bars, else one without. Raises Retry when nobody answered and one is away."""
    empty: list[_Answer] = []

    def ask(source: BarSource) -> BarsClaim | None:
        claim = source.bars(instrument.listing, part.first.plus_days(-_LEAD_DAYS), part.end)
        fitting = None if claim is None else in_currency(claim, instrument.currency)
        if claim is not None and fitting is None:
            _say_currency(done, source, instrument, claim)
        if fitting is None or _has_bars(fitting, part):
            return fitting
        empty.append(_Answer(source, fitting))
        return None

    try:
        found = first_answer(choices, ask)
    except Retry:
        if not empty:
            raise
        return replace(empty[0], is_final=False)
    if found is not None:
        return _Answer(*found)
    return empty[0] if empty else None


def _has_bars(claim: BarsClaim, part: Stretch) -> bool:
    return any(part.first <= bar.day < part.end for bar in claim.bars)


def _keep(house: House, instrument: Instrument, part: Stretch, answer: _Answer, done: Filled) -> None:
    now, source = house.clock.now(), answer.source.name
    with house.database.writing() as db:
        sifted = sifting.sift(db, house, instrument, part, answer.claim, source=source)
        done.bars += sifting.keep(db, house, instrument, sifted, source=source)
        done.doubted += len(sifted.doubts)
        if answer.is_final:
            tracking.cover(db, instrument.id, part, source=source, now=now)
        events.emit(db, house.bus, events.Event("bars", None, (instrument.id,)))


def _unknown(house: House, instrument: Instrument, done: Filled) -> Filled:
    _log.warning("no bars", extra={"symbol": instrument.symbol, "problem": done.problem})
    _settle(house, instrument.id, TrackState.UNKNOWN, done.problem, done.cure)
    return done


def _say_currency(done: Filled, source: BarSource, instrument: Instrument, claim: BarsClaim) -> None:
    words = {
        "source": source.name,
        "name": _name(instrument),
        "theirs": claim.currency,
        "ours": instrument.currency,
    }
    done.problem, done.cure = _CURRENCY.format(**words), _CURRENCY_CURE.format(**words)


def _say_unknown(house: House, instrument: Instrument, choices: list[BarSource], done: Filled) -> None:
    """Of derivatives nobody tells the past, but the exchange's daily file holds them from now on."""
    if done.problem:
        return
    name, files = _name(instrument), house.sources.day_files(instrument.listing)
    if choices:
        asked = ", ".join(one.name for one in choices)
        done.problem, done.cure = _UNKNOWN.format(sources=asked, name=name), _UNKNOWN_CURE
    elif files:
        told = ", ".join(dict.fromkeys(one.name for one in files))
        done.problem, done.cure = _DAILY.format(name=name, files=told), _DAILY_CURE
    else:
        done.problem, done.cure = _NO_SOURCE.format(name=name), _NO_SOURCE_CURE


def _settle(house: House, id: InstrumentId, state: TrackState, reason: str = "", cure: str = "") -> None:
    values: dict[str, Any] = {"reason": reason, "cure": cure}
    if state is TrackState.UNKNOWN:
        values["asked_at"] = house.clock.now()
    with house.database.writing() as db:
        tracking.settle(db, id, state, **values)
        events.emit(db, house.bus, events.Event("tracking"))


def _name(instrument: Instrument) -> str:
    return f"{instrument.exchange}:{instrument.symbol}"


def _words(instrument: Instrument, part: Stretch) -> str:
    return f"{instrument.symbol}: prices of {part.first.date.year}"
