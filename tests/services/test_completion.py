"""The exchanges' own files at the end of the day: fetched once, taken from by the line, compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.services.desks import Desk, ist
from tests.services.histories import HistoryBoard, bar_of, day
from tests.services.test_backfill import any_job, seen, work_off
from tunefolio.core.errors import Retry
from tunefolio.core.identity import Isin
from tunefolio.core.money import INR, Price
from tunefolio.core.time import TradingDay
from tunefolio.market.closes import Seen
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.provider import DayBar, DayFile
from tunefolio.market.quotes import QuoteKind
from tunefolio.market.validation import Reason
from tunefolio.services import completion, jobs
from tunefolio.services.instruments import resolved
from tunefolio.store import quarantine, quotes, source_files
from tunefolio.store.jobs import Job, JobState
from tunefolio.store.quarantine import Verdict
from tunefolio.store.source_files import FileState

pytestmark = pytest.mark.one_is_enough

INFY = "2026-11-02 buy 10 NSE:INFY @ 1500"
ISIN = Isin("INE009A01021")
EVENING = ist("2026-11-20 18:30")


def line(on: str, symbol: str, said: str, series: str = "EQ", isin: Isin | None = None) -> DayBar:
    return DayBar(Listing("NSE", symbol, series), isin, bar_of(on, said), Decimal("1530"))


@dataclass
class Bhavcopy:
    """A publisher of day files in memory: by day, the lines of its file."""

    files: dict[str, list[DayBar]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    problem: Exception | None = None
    asked: list[str] = field(default_factory=list)
    name: str = "nse"

    def serves(self, listing: Listing) -> bool:
        return listing.exchange == "NSE"

    def day_file(self, day: TradingDay) -> DayFile | None:
        self.asked.append(day.iso())
        if self.problem is not None:
            raise self.problem
        lines = self.files.get(day.iso())
        if lines is None:
            return None
        return DayFile(self.name, day, INR, tuple(lines), self.digests.get(day.iso(), day.iso()))


def published(desk: Desk, *days: str, **lines: str) -> Bhavcopy:
    """A house that holds Infosys, in the evening of a Friday; the files of these days say these lines."""
    desk.write_down(INFY)
    desk.clock.set(EVENING)
    said = lines or {"INFY": "1525 1545 1520 1540 10000"}
    source = Bhavcopy({on: [line(on, symbol, text) for symbol, text in said.items()] for on in days})
    desk.use(source)
    return source


def complete(desk: Desk) -> Job:
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, "complete_day", {}, owner=None, dedupe_key="duty:complete_day")
    jobs.run(desk.house, job)
    return any_job(desk, job)


def files(desk: Desk) -> dict[str, FileState]:
    with desk.database.reading() as db:
        kept = source_files.of_days(db, completion.last_sessions(desk.house, desk.clock.now()))
    return {on.iso(): file.state for (_, on), file in kept.items()}


WEEKS = [
    "2026-11-20", "2026-11-19", "2026-11-18", "2026-11-17", "2026-11-16", "2026-11-13", "2026-11-12",
    "2026-11-11", "2026-11-09", "2026-11-08",
]  # fmt: skip


@pytest.mark.on_both
def test_the_last_ten_sessions_are_completed_once(desk: Desk) -> None:
    """The evening of Diwali's Sunday is one of them, the holiday after it is not."""
    with desk.database.reading():
        desk.clock.set(EVENING)
        assert [on.iso() for on in completion.last_sessions(desk.house, EVENING)] == WEEKS
    source = published(desk, *WEEKS, INFY="1525 1545 1520 1540 10000", OTHER="9 9 9 9 9")
    for place, on in enumerate(WEEKS):
        source.files[on] = [line(on, "INFY", f"1525 1545 1520 1540 {10_000 + place}"), line(on, "OTHER", "9")]
    job = complete(desk)
    assert job.result == {"files": 10, "bars": 10, "doubted": 0, "missing": []}
    price = seen(desk, "INFY", "2026-11-20")
    assert isinstance(price, Seen)
    assert (price.price, price.source) == (Price.of("1540"), "nse")
    complete(desk)
    assert len(source.asked) == 10


def test_the_close_of_the_day_is_its_price(desk: Desk) -> None:
    published(desk, *WEEKS[:1])
    complete(desk)
    with desk.database.reading() as db:
        (quote,) = quotes.latest(db, [desk.instrument("INFY")]).values()
    assert (quote.price, quote.previous_close, quote.kind) == (
        Price.of("1540"), Price.of("1530"), QuoteKind.CLOSE,
    )  # fmt: skip
    assert quote.as_of == desk.house.calendar.eod(day("2026-11-20"))


def test_what_is_not_published_is_awaited_and_given_up_visibly(desk: Desk) -> None:
    source = published(desk, *WEEKS[1:])
    for place, on in enumerate(WEEKS[1:]):
        source.files[on] = [line(on, "INFY", f"1525 1545 1520 1540 {place + 1}")]
    job = complete(desk)
    assert (job.state, job.problem) == (JobState.QUEUED, "not published yet: nse 2026-11-20")
    assert job.due >= EVENING + timedelta(minutes=30)
    assert files(desk)["2026-11-20"] is FileState.AWAITED
    desk.clock.advance(timedelta(hours=20))
    jobs.run(desk.house, job.id)
    done = any_job(desk, job.id)
    assert done.result == {"files": 0, "bars": 0, "doubted": 0, "missing": ["nse 2026-11-20"]}
    assert files(desk)["2026-11-20"] is FileState.MISSING
    source.files["2026-11-20"] = [line("2026-11-20", "INFY", "1525 1545 1520 1540 77")]
    complete(desk)
    assert files(desk)["2026-11-20"] is FileState.KEPT


def test_a_publisher_that_is_away_is_asked_again(desk: Desk) -> None:
    source = published(desk)
    source.problem = Retry("nse: 503")
    assert complete(desk).state is JobState.QUEUED
    with desk.database.reading() as db:
        file = source_files.of_days(db, [day("2026-11-20")])["nse", day("2026-11-20")]
    assert (file.state, file.note, file.tries) == (FileState.AWAITED, "nse: 503", 1)


def test_the_file_of_the_day_before_under_a_new_date_is_known(desk: Desk) -> None:
    source = published(desk, *WEEKS[:2])
    source.digests = dict.fromkeys(WEEKS[:2], "the same")
    complete(desk)
    assert files(desk)["2026-11-19"] is FileState.KEPT
    assert files(desk)["2026-11-20"] is FileState.REPEATED
    price = seen(desk, "INFY", "2026-11-20")
    assert isinstance(price, Seen)
    assert price.day == day("2026-11-19")


def test_a_share_is_found_by_its_isin_whatever_its_series(desk: Desk) -> None:
    """It moved from EQ to BE overnight; the bond of the same name is not the share."""
    with desk.database.writing() as db:
        resolved(db, desk.house, [InstrumentClaim(Listing("NSE", "INFY", "EQ"), ISIN)])
    source = published(desk, *WEEKS[:1])
    source.files[WEEKS[0]] = [
        line(WEEKS[0], "INFY", "99", "N1", Isin("INE009A07AB1")),
        line(WEEKS[0], "INFY", "1540", "BE", ISIN),
    ]
    complete(desk)
    price = seen(desk, "INFY", "2026-11-21")
    assert isinstance(price, Seen)
    assert price.price == Price.of("1540")


@pytest.mark.on_both
def test_the_exchange_stands_and_what_another_had_told_is_noted(desk: Desk) -> None:
    desk.write_down(INFY)
    desk.clock.set(EVENING)
    desk.use(HistoryBoard(closes={"INFY": {"2026-11-19": "1530", "2026-11-20": "1700"}}))
    work_off(desk)
    desk.use(Bhavcopy({"2026-11-20": [line("2026-11-20", "INFY", "1525 1545 1520 1540 10000")]}))
    complete(desk)
    id = desk.instrument("INFY")
    with desk.database.reading() as db:
        assert quarantine.heaps(db, [id], None, 10) == []
        (note,) = quarantine.settled(db, [id], 10)
    assert (note.reason, note.verdict, note.source) == (Reason.DISAGREES, Verdict.REPLACED, "board")
    assert note.detail == "1700 against 1540, 10.4 % apart of nse"
    price = seen(desk, "INFY", "2026-11-21")
    assert isinstance(price, Seen)
    assert (price.price, price.source) == (Price.of("1540"), "board,nse")


@pytest.mark.on_both
def test_a_doubted_line_is_set_aside(desk: Desk) -> None:
    source = published(desk, *WEEKS[:2])
    source.files["2026-11-20"] = [line("2026-11-20", "INFY", "15400")]
    complete(desk)
    with desk.database.reading() as db:
        (heap,) = quarantine.heaps(db, [desk.instrument("INFY")], None, 10)
    assert heap.reason is Reason.JUMP
