"""The past of what is followed: what is wanted less what is held is asked for, once, and kept as it comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.acts import acts_of
from tests.services.desks import Desk, PriceBoard, ist
from tests.services.histories import HistoryBoard, day, told
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Price
from tunefolio.core.people import Caretaker, Role, Viewer
from tunefolio.core.time import TradingDay
from tunefolio.market.closes import Seen
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.provider import DayFile
from tunefolio.market.validation import Reason
from tunefolio.services import backfill, jobs, markets, track, tracking
from tunefolio.services.acts import Act
from tunefolio.services.instruments import resolved
from tunefolio.store import actions as kept_actions
from tunefolio.store import closes as kept
from tunefolio.store import instruments, quarantine, tables
from tunefolio.store import jobs as kept_jobs
from tunefolio.store import tracking as rows
from tunefolio.store.jobs import Job, JobState
from tunefolio.store.tracking import Tracking, TrackState

pytestmark = pytest.mark.one_is_enough

INFY = "2026-11-02 buy 10 NSE:INFY @ 1500"
USD = Currency("USD")
WEEK = {
    "2025-11-03": "1490", "2026-11-02": "1500", "2026-11-03": "1510.05", "2026-11-18": "1525",
    "2026-11-19": "1530.5", "2026-11-20": "1531",
}  # fmt: skip


def board_at(desk: Desk, **given: Any) -> HistoryBoard:
    board = HistoryBoard(closes={"INFY": WEEK, "NIFTY 50": WEEK}, **given)
    desk.use(board)
    return board


def work_off(desk: Desk, kind: str = "backfill") -> list[Job]:
    """Do every job of that kind that is due; they as they ended."""
    with desk.database.reading() as db:
        due = kept_jobs.due(db, Caretaker("test"), desk.clock.now(), 100)
        mine = [id for id in due if any_job(desk, id).kind == kind]
    for id in mine:
        jobs.run(desk.house, id)
    return [any_job(desk, id) for id in mine]


def any_job(desk: Desk, id: int) -> Job:
    with desk.database.reading() as db:
        every = kept_jobs.page_all(db, Viewer(desk.person.id, Role.ADMIN), None, 500)
    return next(job for job in every if job.id == id)


def do(desk: Desk, kind: str, *, mine: bool = False) -> Job:
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, kind, {}, owner=desk.person.id if mine else None)
    jobs.run(desk.house, job)
    return any_job(desk, job)


def row_of(desk: Desk, symbol: str = "INFY") -> Tracking:
    id = desk.instrument(symbol)
    with desk.database.reading() as db:
        return rows.of_ids(db, [id])[id]


def seen(desk: Desk, symbol: str, on: str) -> Seen | Missing:
    instrument = desk.instrument(symbol)
    with desk.database.reading() as db:
        return kept.book(db, [instrument]).on(instrument, day(on))


def asked(board: HistoryBoard, symbol: str = "INFY") -> list[tuple[str, str]]:
    return [(since, until) for what, since, until in board.asked if what == symbol]


@pytest.mark.on_both
def test_a_fact_is_followed_by_the_past_of_its_instrument(desk: Desk) -> None:
    """It is noon on a session: today's close is not final. The newest year is asked for first, the oldest
    from its first session on, so that bars tell nobody when the first purchase was."""
    board = board_at(desk)
    desk.write_down(INFY)
    assert (row_of(desk).state, row_of(desk).since) == (TrackState.WANTED, day("2026-11-02"))
    (infy,) = [job for job in work_off(desk) if job.args["instrument"] == desk.instrument("INFY")]
    assert (infy.state, infy.result) == (
        JobState.DONE,
        {"bars": 5, "doubted": 0, "parts": 2, "source": "board"},
    )
    assert asked(board) == [("2025-12-18", "2026-11-20"), ("2024-12-18", "2026-01-01")]
    price = seen(desk, "INFY", "2026-11-20")
    assert isinstance(price, Seen)
    assert (price.price, price.day, price.source) == (Price.of("1530.5"), day("2026-11-19"), "board")
    assert (row_of(desk).state, row_of(desk).source) == (TrackState.READY, "board")
    assert row_of(desk, "NIFTY 50").state is TrackState.READY


@pytest.mark.on_both
def test_many_facts_of_one_instrument_are_one_job(desk: Desk) -> None:
    board = board_at(desk)
    desk.write_down(INFY + "\n2026-11-03 buy 1 NSE:INFY @ 1500\n2026-10-05 buy 1 NSE:INFY @ 1480")
    assert row_of(desk).since == day("2026-10-05")
    assert len(work_off(desk)) == 2
    assert len(asked(board)) == 2
    desk.write_down("2026-11-19 buy 1 NSE:INFY @ 1500")
    assert work_off(desk) == []


def test_what_is_known_to_be_absent_is_asked_for_after_a_month(desk: Desk) -> None:
    """The newest week is another matter: sources are late."""
    board = board_at(desk)
    desk.write_down(INFY)
    work_off(desk)
    board.asked.clear()
    assert do(desk, "track").result == {"asked": 2}
    work_off(desk)
    assert asked(board) == [("2026-10-30", "2026-11-18")]
    board.asked.clear()
    desk.clock.advance(backfill.ASK_AGAIN_AFTER + timedelta(hours=1))
    do(desk, "track")
    work_off(desk)
    assert asked(board)[-1][0] == "2024-12-18"


def test_an_earlier_fact_makes_the_past_longer(desk: Desk) -> None:
    board = board_at(desk)
    desk.write_down(INFY)
    work_off(desk)
    board.asked.clear()
    desk.write_down("2024-05-02 opening 1 NSE:INFY @ 1400")
    work_off(desk)
    assert min(since for since, _ in asked(board)) == "2022-12-19"
    assert all(until <= "2025-11-04" for _, until in asked(board)[1:])


@pytest.mark.on_both
def test_a_source_that_goes_away_leaves_what_it_gave_and_the_rest_comes_later(desk: Desk) -> None:
    board = board_at(desk)
    board.problem, board.patience = Retry("board: 503"), 1
    desk.write_down(INFY)
    first = work_off(desk)[0]
    assert first.state is JobState.QUEUED
    held = "NIFTY 50" if first.args["instrument"] == desk.instrument("NIFTY 50") else "INFY"
    assert isinstance(seen(desk, held, "2026-11-19"), Seen)
    assert (row_of(desk, held).state, row_of(desk, held).reason) == (TrackState.WANTED, "board: 503")
    board.problem = None
    board.asked.clear()
    desk.clock.advance(timedelta(minutes=1))
    jobs.run(desk.house, first.id)
    assert row_of(desk, held).state is TrackState.READY
    assert ("2024-12-18", "2026-01-01") in asked(board, held)
    assert ("2025-12-18", "2026-11-20") not in asked(board, held)


def test_a_source_that_never_comes_back_is_said_to_have_failed(desk: Desk) -> None:
    board = board_at(desk)
    board.problem = Retry("board: 503")
    desk.write_down(INFY)
    for _ in range(12):
        work_off(desk)
        desk.clock.advance(timedelta(hours=1))
    assert (row_of(desk).state, row_of(desk).reason) == (TrackState.FAILED, "board: 503")
    board.problem = None
    do(desk, "track")
    work_off(desk)
    assert row_of(desk).state is TrackState.READY


def test_the_next_source_is_asked_where_the_first_is_away_or_knows_nothing(desk: Desk) -> None:
    away = HistoryBoard(problem=Retry("503"), name="away")
    empty = HistoryBoard(name="empty")
    desk.use(away, empty, HistoryBoard(closes={"INFY": WEEK}, name="third"))
    desk.write_down(INFY)
    work_off(desk)
    assert (row_of(desk).state, row_of(desk).source) == (TrackState.READY, "third")


def test_what_nobody_knows_is_said_with_its_cure(desk: Desk) -> None:
    desk.use(HistoryBoard())
    desk.write_down("2026-11-02 buy 10 NSE:NOSUCH @ 1")
    work_off(desk)
    row = row_of(desk, "NOSUCH")
    assert (row.state, row.reason) == (TrackState.UNKNOWN, "none of board knows NSE:NOSUCH")
    assert row.cure.startswith("Check exchange and symbol")
    assert do(desk, "track").result == {"asked": 0}


def test_without_a_source_of_the_past_that_is_what_is_said(desk: Desk) -> None:
    desk.use(PriceBoard())
    desk.write_down(INFY)
    work_off(desk)
    assert row_of(desk).reason == "no source is set up that could know NSE:INFY"
    with desk.database.writing() as db:
        assert track.ask_past(db, desk.house, desk.viewer) is None


def test_who_asks_for_what_lacks_sees_that_in_her_activity(desk: Desk) -> None:
    board_at(desk)
    before = acts_of(desk.house, desk.viewer).count(Act.PRICES_ASKED)
    with desk.database.writing() as db:
        assert track.ask_past(db, desk.house, desk.viewer) is not None
    assert acts_of(desk.house, desk.viewer).count(Act.PRICES_ASKED) == before + 1


def test_what_only_the_exchanges_daily_file_holds_is_said_to_come_day_by_day(desk: Desk) -> None:
    """As futures and options do: to say that no source knows them would send people looking for one."""

    class Publisher:
        """Daily files alone, none of them out yet."""

        name = "exchange"

        def serves(self, listing: Listing) -> bool:
            return listing.exchange == "NSE"

        def day_file(self, on: TradingDay) -> DayFile | None:
            return None

    desk.use(Publisher())
    desk.write_down(INFY)
    work_off(desk)
    row = row_of(desk)
    assert row.reason.startswith("the closes of NSE:INFY come day by day with exchange")
    assert "for earlier ones read a file of closes" in row.cure


def test_prices_in_another_currency_are_left_alone_and_hundredths_divided(desk: Desk) -> None:
    desk.use(HistoryBoard(closes={"INFY": WEEK}, currency=USD))
    desk.write_down(INFY)
    work_off(desk)
    assert isinstance(seen(desk, "INFY", "2026-11-19"), Missing)
    assert (row_of(desk).state, row_of(desk).reason) == (
        TrackState.UNKNOWN,
        "board tells NSE:INFY in USD, not in INR",
    )
    with desk.database.writing() as db:
        pounds = Currency("GBP")
        resolved(db, desk.house, [InstrumentClaim(Listing("LSE", "VOD"), currency=pounds)])
    desk.use(HistoryBoard(closes={"VOD": {"2026-11-18": "7250"}}, currency=Currency("GBp")))
    desk.write_down("2026-11-18 buy 1 LSE:VOD @ 72 GBP")
    work_off(desk)
    with desk.database.reading() as db:
        found = instruments.find(db, "LSE", "VOD")
        assert found is not None
        price = kept.book(db, [found.id]).on(found.id, day("2026-11-18"))
    assert isinstance(price, Seen)
    assert price.price == Price.of("72.5", pounds)


@pytest.mark.on_both
def test_doubted_bars_are_set_aside_with_their_reason(desk: Desk) -> None:
    board = board_at(desk)
    board.closes["INFY"] = {
        "2026-11-02": "1490 1510 1480 1500 1000",
        "2026-11-03": "0",
        "2026-11-04": "1500 1490 1480 1500 1000",
        "2026-11-07": "1500 1510 1480 1500 900",
        "2026-11-09": "2500",
        "2026-11-11": "1505",
    }
    desk.write_down(INFY)
    work_off(desk)
    id = desk.instrument("INFY")
    with desk.database.reading() as db:
        heaps = quarantine.heaps(db, [id], None, 10)
        assert {(heap.reason, heap.first.iso()) for heap in heaps} == {
            (Reason.NOT_POSITIVE, "2026-11-03"),
            (Reason.RANGE, "2026-11-04"),
            (Reason.NO_SESSION, "2026-11-07"),
            (Reason.JUMP, "2026-11-09"),
        }
        held = kept.book(db, [id]).of(id)
    assert held is not None
    assert len(held.daily) == 2


def test_what_a_source_forgot_to_divide_is_set_aside(desk: Desk) -> None:
    board = board_at(desk, announced=[told("INFY", "2026-06-01", "split", "5:1")])
    board.closes["INFY"] = {
        "2025-12-30": "7500",
        "2025-12-31": "7510",
        "2026-01-01": "1505",
        "2026-05-29": "1500",
        "2026-06-01": "300",
    }
    desk.write_down(INFY)
    work_off(desk)
    assert isinstance(seen(desk, "INFY", "2025-12-31"), Missing)
    assert isinstance(seen(desk, "INFY", "2026-06-02"), Seen)
    with desk.database.reading() as db:
        (heap,) = quarantine.heaps(db, [desk.instrument("INFY")], None, 10)
    assert (heap.reason, heap.count) == (Reason.SEAM, 2)


def test_a_refused_symbol_does_not_stop_the_others(desk: Desk) -> None:
    board = board_at(desk)
    board.problem = Rejected("no")
    desk.write_down(INFY)
    assert all(job.state is JobState.DONE for job in work_off(desk))


@pytest.mark.on_both
def test_actions_come_with_the_bars(desk: Desk) -> None:
    board_at(desk, announced=[told("INFY", "2026-11-18", "bonus", "1:1")])
    desk.write_down(INFY)
    work_off(desk)
    with desk.database.reading() as db:
        (action,) = kept_actions.of_instruments(db, [desk.instrument("INFY")])
    assert action.reference == "board:NSE:INFY:2026-11-18:bonus"


def test_a_person_may_fetch_what_her_instruments_lack(desk: Desk) -> None:
    desk.write_down(INFY)
    board_at(desk)
    job = do(desk, "track", mine=True)
    assert job.result == {"instruments": 1, "bars": 5, "doubted": 0}


@pytest.mark.on_both
def test_the_house_follows_what_was_recorded_before_it_could(desk: Desk) -> None:
    desk.write_down(INFY)
    board_at(desk)
    with desk.database.writing() as db:
        db.execute(tables.tracking.delete())
    assert do(desk, "track").result == {"asked": 0}
    assert {job.state for job in work_off(desk)} == {JobState.DONE}
    assert row_of(desk).state is TrackState.READY


@pytest.mark.on_both
def test_what_nobody_holds_any_more_is_let_go_and_its_past_stays(desk: Desk) -> None:
    board_at(desk)
    desk.write_down(INFY + "\n2026-11-02 buy 1 NSE:TCS @ 3000")
    work_off(desk)
    assert work_off(desk, "untrack") == []
    desk.write_down("2026-11-19 sell 10 NSE:INFY @ 1530")
    work_off(desk, "untrack")
    assert row_of(desk).state is TrackState.STOPPED
    assert row_of(desk, "NIFTY 50").state is TrackState.READY
    assert isinstance(seen(desk, "INFY", "2026-11-19"), Seen)
    desk.write_down("2026-11-19 buy 1 NSE:INFY @ 1530")
    assert row_of(desk).state is TrackState.WANTED


def test_the_benchmark_is_let_go_with_the_last(desk: Desk) -> None:
    board_at(desk)
    (buy,) = desk.write_down(INFY)
    work_off(desk)
    from tunefolio.services.record import take_back

    with desk.database.writing() as db:
        take_back(db, desk.house, desk.viewer, buy)
    work_off(desk, "untrack")
    assert do(desk, "untrack").result == {"stopped": 1}
    assert row_of(desk, "NIFTY 50").state is TrackState.STOPPED


def test_deposits_of_ones_own_have_no_market(desk: Desk) -> None:
    board_at(desk)
    with desk.database.writing() as db:
        tracking.wish(db, desk.house, [InstrumentId(999_999)])
        assert rows.followed(db) == {}


def test_today_is_final_once_the_session_is_over(desk: Desk) -> None:
    desk.write_down(INFY)
    with desk.database.writing() as db:
        claim = InstrumentClaim(Listing("NASDAQ", "AAPL"), None, "Apple", currency=USD)
        resolved(db, desk.house, [claim])
    ids = [desk.instrument("INFY"), desk.instrument("AAPL", "NASDAQ")]
    with desk.database.reading() as db:
        infy, apple = (instruments.of_ids(db, ids)[id] for id in ids)
    noon = desk.clock.now()
    assert markets.final_until(desk.house, infy, noon) == day("2026-11-20")
    assert markets.final_until(desk.house, infy, noon + timedelta(hours=6)) == day("2026-11-21")
    assert markets.final_until(desk.house, apple, noon) == day("2026-11-20")
    assert markets.final_until(desk.house, apple, ist("2026-11-21 03:00")) == day("2026-11-21")
