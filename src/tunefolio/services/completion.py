"""The end of the day: the exchanges' own files complete what is followed, the days missed while away too.

A file is fetched once, and nothing but what somebody follows is taken from it. What another source had told
of that day is compared: the exchange's own word stands.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.money import Price
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar, Bars
from tunefolio.market.instruments import Instrument
from tunefolio.market.masters import CONTRACTS
from tunefolio.market.provider import UNSAID, Contract, DayBar, DayFile, DayFileSource
from tunefolio.market.quotes import Quote, QuoteKind
from tunefolio.market.validation import Doubt, Reason, disagreement, judged
from tunefolio.services import quotes, sifting
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.services.masters import terms_of
from tunefolio.store import bars, events, instruments, quarantine, source_files, tracking
from tunefolio.store.bars import BarsOf
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.quarantine import Verdict
from tunefolio.store.source_files import FileState, SourceFile

_log = logging.getLogger(__name__)

SESSIONS = 10
"""How many sessions back a missed file is still fetched."""

ASK_AGAIN_AFTER = timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(hours=20)
"""After the end of a session: by then its file is published, or something is wrong with it."""

_SERIES = ("", "EQ", "BE", "BZ")
"""Series of one share, in the order of preference; a share under surveillance moves from EQ to BE."""

_AROUND_DAYS = 14
_MANY = 500
_ISSUER = 7
"""A face-value split changes the ISIN but not its first seven characters, which are the issuer's."""


@dataclass(slots=True)
class Completed:
    """What a run did. awaited, missing: files by source and day."""

    files: int = 0
    bars: int = 0
    doubted: int = 0
    awaited: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@deed("complete_day", max_attempts=60)
def complete_day(house: House, work: Work) -> Mapping[str, Any]:
    """Fetch the day files of the last sessions that are not kept yet. Raises Retry while one is awaited;
    after a night it is noted as missing, and looked for again with the next ones."""
    sources, now = house.sources.day_files(), house.clock.now()
    days = last_sessions(house, now)
    with house.database.reading() as db:
        known = source_files.of_days(db, days)
        followed = _followed(db)
    todo = [
        (source, day)
        for day in reversed(days)  # the oldest first: of two files that say the same the later is the copy
        for source in sources
        if not _is_done(known.get((source.name, day))) and any(source.serves(one.listing) for one in followed)
    ]
    done = Completed()
    for place, (source, day) in enumerate(todo):
        work.check()
        work.progress(place, len(todo), f"{source.name}: file of {day}")
        _complete(house, source, day, known.get((source.name, day)), followed, done)
    work.progress(len(todo), len(todo), "Done")
    if done.awaited:
        raise Retry(f"not published yet: {', '.join(done.awaited)}", after=ASK_AGAIN_AFTER)
    return {"files": done.files, "bars": done.bars, "doubted": done.doubted, "missing": done.missing}


def last_sessions(house: House, now: Instant) -> list[TradingDay]:
    """The newest sessions of the exchange that are over, the newest first."""
    calendar = house.calendar
    today = calendar.today(now)
    found: list[TradingDay] = []
    day = today
    while len(found) < SESSIONS and calendar.knows(day):
        if calendar.is_session(day) and calendar.eod(day) <= now:
            found.append(day)
        day = day.plus_days(-1)
    return found


def _is_done(file: SourceFile | None) -> bool:
    return file is not None and file.state is FileState.KEPT


def _followed(db: ReadDb) -> list[Instrument]:
    known = instruments.of_ids(db, tracking.followed(db))
    return [known[id] for id in sorted(known)]


def _complete(
    house: House,
    source: DayFileSource,
    day: TradingDay,
    before: SourceFile | None,
    followed: Sequence[Instrument],
    done: Completed,
) -> None:
    """One file, in a transaction of its own; why there is none is noted."""
    note = ""
    try:
        file = source.day_file(day)
    except (Retry, Rejected) as problem:
        file, note = None, str(problem)
    now = house.clock.now()
    with house.database.writing() as db:
        if file is None:
            kept = _absent(house, source.name, day, note or "not published", before, now)
        else:
            kept = _kept(db, house, file, followed, done)
        tries = 1 if before is None else before.tries + 1
        source_files.put(db, replace(kept, tries=tries))
        events.emit(db, house.bus, events.Event("health"))
    if kept.state is FileState.AWAITED:
        done.awaited.append(f"{source.name} {day}")
    elif kept.state is not FileState.KEPT:
        done.missing.append(f"{source.name} {day}")
        _log.warning("day file", extra={"source": source.name, "day": day.iso(), "problem": kept.note})


def _absent(
    house: House, source: str, day: TradingDay, note: str, before: SourceFile | None, now: Instant
) -> SourceFile:
    is_late = now - house.calendar.eod(day) > GIVE_UP_AFTER
    was_missing = before is not None and before.state is not FileState.AWAITED
    state = FileState.MISSING if is_late or was_missing else FileState.AWAITED
    return SourceFile(source, day, state, now, note=note)


def _kept(
    db: WriteDb, house: House, file: DayFile, followed: Sequence[Instrument], done: Completed
) -> SourceFile:
    """Take what is followed, hold it against the rules, keep it and say the closes as prices."""
    now = house.clock.now()
    twin = source_files.same_digest(db, file.source, file.digest)
    if twin is not None and twin != file.day:
        note = f"says the very same as the file of {twin}"
        return SourceFile(
            file.source, file.day, FileState.REPEATED, now, file.digest, len(file.bars), note=note
        )
    ours = [one for one in followed if file.currency in (UNSAID, one.currency)]
    matched = _matched(db, file, ours)
    batch, closes = _judge(db, house, file, [one for one in ours if one.id in matched], matched, done)
    _put(db, batch, now)
    quotes.keep(db, house, closes)
    ids = tuple(one.instrument for one in batch)
    if ids:
        events.emit(db, house.bus, events.Event("bars", None, ids))
    done.files, done.bars = done.files + 1, done.bars + len(batch)
    return SourceFile(file.source, file.day, FileState.KEPT, now, file.digest, len(file.bars), len(batch))


def _put(db: WriteDb, batch: Sequence[BarsOf], now: Instant) -> None:
    """One by one as long as that is quick: the bulk way begins with compiling."""
    if len(batch) > _MANY:
        bars.put_many(db, batch, now)
        return
    for one in batch:
        bars.put(db, one.instrument, one.currency, one.bars, now)


def _matched(db: ReadDb, file: DayFile, ours: Sequence[Instrument]) -> dict[InstrumentId, DayBar]:
    """Each followed instrument's line: contracts by their terms where a list knows them, all else by name."""
    if not any(line.contract for line in file.bars):
        return match(file.bars, ours)
    terms = terms_of(db, [one for one in ours if one.asset_class in CONTRACTS])
    named = match(file.bars, [one for one in ours if one.id not in terms])
    return named | match_contracts(file.bars, {one: terms[one.id] for one in ours if one.id in terms})


def match_contracts(
    lines: Iterable[DayBar], followed: Mapping[Instrument, Contract]
) -> dict[InstrumentId, DayBar]:
    """Each followed contract's line on its exchange, however either side spells it."""
    told = {(line.listing.exchange, line.contract): line for line in lines if line.contract is not None}
    places = {one.id: (one.exchange, contract) for one, contract in followed.items()}
    return {id: told[place] for id, place in places.items() if place in told}


def match(lines: Iterable[DayBar], followed: Iterable[Instrument]) -> dict[InstrumentId, DayBar]:
    """Each followed instrument's line: by ISIN on its exchange, whatever the series, else by symbol where the
    ISINs do not contradict; of several series its own, then EQ before BE and BZ."""
    by_isin: dict[tuple[str, Isin], list[DayBar]] = defaultdict(list)
    by_symbol: dict[tuple[str, str], list[DayBar]] = defaultdict(list)
    for line in lines:
        if line.isin is not None:
            by_isin[line.listing.exchange, line.isin].append(line)
        by_symbol[line.listing.exchange, line.listing.symbol].append(line)
    found: dict[InstrumentId, DayBar] = {}
    for one in followed:
        there = by_isin.get((one.exchange, one.isin), []) if one.isin is not None else []
        named = [
            line
            for line in by_symbol.get((one.exchange, one.symbol), [])
            if one.isin is None or line.isin is None or one.isin[:_ISSUER] == line.isin[:_ISSUER]
        ]
        best = _preferred(there or named, one)
        if best is not None:
            found[one.id] = best
    return found


def _preferred(lines: Sequence[DayBar], one: Instrument) -> DayBar | None:
    """A series that is no share's (a bond, a block deal) is never taken for one."""
    own = [line for line in lines if line.listing.series == one.listing.series]
    if own:
        return own[0]
    shares = [line for line in lines if line.listing.series in _SERIES]
    return min(shares, key=lambda line: _SERIES.index(line.listing.series), default=None)


def _judge(
    db: WriteDb,
    house: House,
    file: DayFile,
    ours: Sequence[Instrument],
    matched: Mapping[InstrumentId, DayBar],
    done: Completed,
) -> tuple[list[BarsOf], list[Quote]]:
    """The bars to keep and their closes as prices; the doubted and the contradicted are set aside."""
    now, until = house.clock.now(), file.day.plus_days(1)
    held = bars.of(db, matched, file.day.plus_days(-_AROUND_DAYS), until)
    batch: list[BarsOf] = []
    closes: list[Quote] = []
    for one in ours:
        line = matched[one.id]
        around = list(held[one.id]) if one.id in held else []
        by = sifting.yardstick(db, house, one, source=file.source)
        found = judged([line.bar], by, _before(around, file.day))
        quarantine.put(db, one.id, file.source, found.doubts, now=now)
        done.doubted += len(found.doubts)
        if found.good:
            _compare(db, house, one, line.bar, held.get(one.id), source=file.source)
            batch.append(BarsOf(one.id, one.currency, Bars.of(found.good, file.source)))
            closes.append(_close(house, one, line, file))
    return batch, closes


def _before(around: Sequence[Bar], day: TradingDay) -> Bar | None:
    return next((bar for bar in reversed(around) if bar.day < day), None)


def _compare(
    db: WriteDb, house: House, one: Instrument, told: Bar, held: Bars | None, *, source: str
) -> None:
    """What another source had told of the day gives way; where they are too far apart that is noted."""
    if held is None:
        return
    for place in range(len(held)):
        other, whose = held.at(place), held.source(place)
        words = disagreement(told, other, sifting.TOLERANCE) if other.day == told.day else None
        if words is not None and whose != source:
            doubt = Doubt(other, Reason.DISAGREES, f"{words} of {source}")
            quarantine.put(db, one.id, whose, [doubt], now=house.clock.now(), verdict=Verdict.REPLACED)


def _close(house: House, one: Instrument, line: DayBar, file: DayFile) -> Quote:
    close = Price(line.bar.close, one.currency)
    former = line.previous_close
    before = Price(former, one.currency) if former is not None and former > 0 else None
    as_of = min(house.calendar.eod(file.day), house.clock.now())
    return Quote(one.id, close, before, as_of, file.source, QuoteKind.CLOSE)
