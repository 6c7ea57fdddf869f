"""How the market's data stands: which sources answer, what is followed and how far, what is doubted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bars
from tunefolio.market.calendar_checks import BarCount, Suspect, suspects
from tunefolio.market.gaps import Stretch
from tunefolio.market.instruments import Instrument
from tunefolio.services.backfill import gaps_of, wanted_of, wanted_since
from tunefolio.services.completion import last_sessions
from tunefolio.services.house import House
from tunefolio.services.lifetimes import first_days
from tunefolio.services.markets import sessions
from tunefolio.services.sources import SourceStanding
from tunefolio.services.stale import Old, old_of
from tunefolio.store import bars, instruments, quarantine, source_files, tracking, watchlists
from tunefolio.store.db import ReadDb
from tunefolio.store.quarantine import Heap
from tunefolio.store.quarantine import Suspect as Doubted
from tunefolio.store.source_files import SourceFile
from tunefolio.store.tracking import FOLLOWED, Fetching, Tracking, TrackState

_CHECKED_DAYS = 21
_LATEST = 20


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the sessions whose bars are wanted, how many are held; where the others lack. since, until: the days
    held, None for none."""

    wanted: int
    held: int
    holes: tuple[Stretch, ...]
    since: TradingDay | None
    until: TradingDay | None


@dataclass(frozen=True, slots=True)
class Followed:
    """One instrument's past as it stands. job: how far its job is, None where none is kept.

    since: the first day whose bar is wanted, a first of January: whose purchase that goes back to, and to
    which day, is hers; so `row.since` is shown to nobody.
    """

    instrument: Instrument
    row: Tracking
    since: TradingDay
    coverage: Coverage
    job: Fetching | None

    @property
    def is_busy(self) -> bool:
        """Whether more is to come by itself."""
        return self.row.state in (TrackState.WANTED, TrackState.FETCHING)

    @property
    def words(self) -> str:
        """What it is doing, for a person."""
        match self.row.state:
            case TrackState.WANTED | TrackState.FETCHING:
                return self._busy()
            case TrackState.READY:
                return "Complete" if not self.coverage.holes else "Complete but for days no source has"
            case TrackState.UNKNOWN | TrackState.FAILED:
                return self.row.reason
            case TrackState.STOPPED:
                return "Held and watched by nobody: what is known stays"

    def _busy(self) -> str:
        if self.job is None or self.job.state not in ("queued", "running"):
            return "Past prices are asked for every morning"
        if self.job.state == "running":
            return self.job.stage or "Fetching past prices"
        return self.job.problem or "Waits for its turn"


@dataclass(frozen=True, slots=True)
class Pile:
    """Doubted bars of one instrument, source and reason, with the newest of them as an example."""

    instrument: Instrument
    heap: Heap
    example: Doubted


@dataclass(frozen=True, slots=True)
class Settled:
    """A decision about a doubted bar, the house's own or a person's."""

    instrument: Instrument
    bar: Doubted


@dataclass(frozen=True, slots=True)
class DataHealth:
    """Everything of the page. is_everyones: of the whole house, else of what the viewer holds or watches."""

    now: Instant
    is_everyones: bool
    sources: tuple[SourceStanding, ...]
    counts: Mapping[TrackState, int]
    unknown: tuple[Followed, ...]
    old: tuple[Old, ...]
    piles: tuple[Pile, ...]
    settled: tuple[Settled, ...]
    files: tuple[SourceFile, ...]
    surprises: tuple[Suspect, ...]


def data_health(db: ReadDb, house: House, viewer: Viewer, *, limit: int = 50) -> DataHealth:
    """How the data stands that concerns the viewer; an admin sees all."""
    now, ids = house.clock.now(), _concerned(db, viewer)
    rows = tracking.followed(db, TrackState) if ids is None else tracking.of_ids(db, ids)
    known = instruments.of_ids(db, rows)
    counts: dict[TrackState, int] = {}
    for row in rows.values():
        counts[row.state] = counts.get(row.state, 0) + 1
    lost = [row for row in rows.values() if row.state in (TrackState.UNKNOWN, TrackState.FAILED)]
    live = [known[id] for id, row in rows.items() if row.state in FOLLOWED and id in known]
    return DataHealth(
        now,
        ids is None,
        tuple(house.sources.standings()),
        counts,
        tuple(followed_of(db, house, lost[:limit], known)),
        tuple(old_of(db, house, live, now)),
        tuple(piles(db, viewer, limit=limit)),
        tuple(_settled(db, ids)),
        _files(db, house, now),
        tuple(_surprises(db, house, live, now)),
    )


def tracked(
    db: ReadDb, house: House, viewer: Viewer, *, after: InstrumentId | None = None, limit: int = 50
) -> list[Followed]:
    """What is followed and concerns the viewer, by id from the one after `after`; with its coverage."""
    ids = _concerned(db, viewer)
    if ids is None:
        rows = tracking.page(db, TrackState, after, limit)
    else:
        mine = sorted(id for id in ids if after is None or id > after)
        rows = sorted(tracking.of_ids(db, mine).values(), key=lambda row: row.instrument)[:limit]
    return followed_of(db, house, rows, instruments.of_ids(db, [row.instrument for row in rows]))


def busy(db: ReadDb, house: House, viewer: Viewer) -> list[Followed]:
    """What of the viewer's is being fetched or waits to be."""
    rows = tracking.followed(db, [TrackState.WANTED, TrackState.FETCHING])
    mine = first_days(db, viewer) if rows else {}
    ours = [row for id, row in rows.items() if id in mine]
    return followed_of(db, house, ours[:_LATEST], instruments.of_ids(db, [row.instrument for row in ours]))


def tracking_of(db: ReadDb, house: House, viewer: Viewer, id: InstrumentId) -> Followed | None:
    """How far one instrument's past is; None for what she neither held nor watches, whether another does or
    not. Raises NotFound for what the viewer cannot see."""
    known = instruments.visible(db, viewer, [id])
    if id not in known:
        raise NotFound("instrument")
    rows = tracking.of_ids(db, [id]) if concerns(db, viewer, id) else {}
    found = followed_of(db, house, list(rows.values()), known)
    return found[0] if found else None


def concerns(db: ReadDb, viewer: Viewer, id: InstrumentId) -> bool:
    """Whether the viewer ever held it, or watches it; an admin is concerned by everything."""
    ids = _concerned(db, viewer)
    return ids is None or id in ids


def piles(db: ReadDb, viewer: Viewer, *, after: int | None = None, limit: int = 50) -> list[Pile]:
    """What waits for a decision and concerns the viewer, newest first."""
    heaps = quarantine.heaps(db, _concerned(db, viewer), after, limit)
    known = instruments.of_ids(db, [heap.instrument for heap in heaps])
    return [Pile(known[heap.instrument], heap, quarantine.of_id(db, heap.newest)) for heap in heaps]


def followed_of(
    db: ReadDb, house: House, rows: Iterable[Tracking], known: Mapping[InstrumentId, Instrument]
) -> list[Followed]:
    """These rows with their coverage and their jobs."""
    ours = [row for row in rows if row.instrument in known]
    held = bars.of(db, [row.instrument for row in ours])
    jobs = tracking.fetching(db, ours)
    return [
        Followed(
            known[row.instrument],
            row,
            wanted_since(house, row),
            _coverage(house, row, known[row.instrument], held.get(row.instrument)),
            jobs.get(row.instrument),
        )
        for row in ours
    ]


def _concerned(db: ReadDb, viewer: Viewer) -> set[InstrumentId] | None:
    """What the viewer ever held, or watches; None for everything, which is an admin's."""
    if viewer.role is Role.ADMIN:
        return None
    ids = set(first_days(db, viewer))
    for one in watchlists.listed(db, viewer):
        ids |= {item.instrument for item in watchlists.items(db, viewer, one.id)}
    return ids


def _coverage(house: House, row: Tracking, instrument: Instrument, held: Bars | None) -> Coverage:
    wanted = wanted_of(house, row, instrument)
    if wanted is None:
        return Coverage(0, 0, (), None, None)
    trading = sessions(house, instrument, wanted.first, wanted.end)
    days = set() if held is None else set(map(int, held.days))
    ends = (None, None) if held is None else (held.day(0), held.day(len(held) - 1))
    return Coverage(
        len(trading),
        sum(day in days for day in trading),
        gaps_of(house, row, instrument, held),
        *ends,
    )


def _settled(db: ReadDb, ids: set[InstrumentId] | None) -> list[Settled]:
    found = quarantine.settled(db, ids, _LATEST)
    known = instruments.of_ids(db, [one.instrument for one in found])
    return [Settled(known[one.instrument], one) for one in found]


def _files(db: ReadDb, house: House, now: Instant) -> tuple[SourceFile, ...]:
    """The daily files of the last sessions, the newest day first."""
    kept = source_files.of_days(db, last_sessions(house, now))
    return tuple(sorted(kept.values(), key=lambda file: (-file.day.date.toordinal(), file.source)))


def _surprises(db: ReadDb, house: House, live: list[Instrument], now: Instant) -> list[Suspect]:
    """Sessions without bars and bars without a session, of the last three weeks, by exchange."""
    by_exchange: dict[str, list[Instrument]] = {}
    for one in live:
        by_exchange.setdefault(one.exchange, []).append(one)
    found: list[Suspect] = []
    for exchange, ours in sorted(by_exchange.items()):
        calendar = house.calendars.of(exchange)
        today = calendar.today(now)
        days = [today.plus_days(-back) for back in range(_CHECKED_DAYS)]
        held = bars.of(db, [one.id for one in ours], days[-1])
        have = [set(map(int, some.days)) for some in held.values()]
        counts = {
            day: BarCount(sum(day.date.toordinal() in some for some in have), len(ours)) for day in days
        }
        found += suspects(calendar, counts, now)
    return found
