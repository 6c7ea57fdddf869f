"""A broker's statement in the books: openings where it alone knows, breaks where we differ, never half."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.services.desks import Desk, SectorBoard, held, ist
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry
from tunefolio.core.identity import AccountId, JobId
from tunefolio.core.money import Money
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.reconcile import Cause
from tunefolio.ledger.statements import Holding, Statement
from tunefolio.market.calendars import packaged
from tunefolio.services import audit, connect, jobs, portfolios, sync
from tunefolio.services.acts import Act
from tunefolio.services.brokers import needs_login
from tunefolio.services.sync import Synced
from tunefolio.store import connections, instruments, quotes, statements, transactions
from tunefolio.store import jobs as kept_jobs
from tunefolio.store.audit import AuditFilter
from tunefolio.store.connections import ConnectionState
from tunefolio.store.vault import KeyRing, Vault, new_key


def say(desk: Desk, home: Account, *lines: Holding) -> Synced:
    statement = Statement(desk.broker.name, home.broker_user, desk.clock.now(), lines)
    with desk.database.writing() as db:
        return sync.record_statement(db, desk.house, desk.viewer, home, statement)


def run(desk: Desk, account: AccountId) -> kept_jobs.Job:
    """Ask for a sync and do it."""
    with desk.database.writing() as db:
        job = sync.ask_sync(db, desk.house, desk.viewer, account)
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        return kept_jobs.job_of(db, desk.viewer, job)


def facts(desk: Desk, account: AccountId) -> list[str]:
    with desk.database.reading() as db:
        history = transactions.of_account(db, desk.viewer, account)
        return [
            f"{'-' if f.reverses else ''}{f.fact.kind} {f.fact.quantity:g} {f.fact.amount}" for f in history
        ]


def test_what_only_the_broker_knows_becomes_an_opening(desk: Desk) -> None:
    home = desk.broker_account()
    done = say(desk, home, held("INFY", "10", "1500.3333", "1600.50", "1590"))
    assert (done.opened, done.taken_back, done.breaks) == (1, 0, ())
    (row,) = desk.look().rows
    assert row.has_opening
    assert row.valued.invested == Money.of("15003.33")
    assert row.valued.value == Money.of("16005.00")
    assert row.valued.day_change == Money.of("105.00")
    (lot,) = row.valued.position.lots
    assert lot.day is None
    assert lot.seen.iso() == "2026-11-20"
    with desk.database.reading() as db:
        (fact,) = transactions.of_account(db, desk.viewer, home.id)
    assert (fact.source, fact.fact.kind) == ("statement", Kind.OPENING)
    assert fact.source_key == f"opening:{row.instrument.id}:{done.statement}"
    assert "unknown day" in fact.fact.note


def test_the_same_statement_twice_changes_nothing_in_the_ledger(desk: Desk) -> None:
    home = desk.broker_account()
    lines = (held("INFY", "10", "1500.123456789123"), held("TCS", "3", "3333.333333333333"))
    say(desk, home, *lines)
    before = facts(desk, home.id)
    desk.clock.advance(timedelta(hours=1))
    again = say(desk, home, *lines)
    assert (again.opened, again.taken_back) == (0, 0)
    assert facts(desk, home.id) == before


def test_a_changed_holding_is_restated_and_a_sold_one_is_gone(desk: Desk) -> None:
    home = desk.broker_account()
    say(desk, home, held("INFY", "10", "1500"), held("TCS", "3", "3000"))
    done = say(desk, home, held("INFY", "12", "1510"))
    assert (done.opened, done.taken_back) == (1, 2)
    assert [desk.quantity("INFY"), desk.quantity("TCS")] == [12, 0]
    assert desk.look().valuation.invested == Money.of("18120.00")


def test_a_holding_that_comes_back_to_a_former_state_is_recorded_again(desk: Desk) -> None:
    home = desk.broker_account()
    for quantity in ("10", "12", "10"):
        say(desk, home, held("INFY", quantity, "1500"))
    assert desk.quantity("INFY") == 10


def test_two_lines_of_one_share_are_one_holding(desk: Desk) -> None:
    home = desk.broker_account()
    say(desk, home, held("INFY", "10", "1500"), held("INFY", "5", "1800"))
    (row,) = desk.look().rows
    assert (row.valued.quantity, row.valued.invested) == (Decimal(15), Money.of("24000.00"))


def test_a_line_told_twice_counts_once(desk: Desk) -> None:
    """Equal in everything: that is one line, and no second holding."""
    home = desk.broker_account()
    say(desk, home, *[held("INFY", "10", "1500"), held("TCS", "3", "3000")] * 2)
    assert (desk.quantity("INFY"), desk.quantity("TCS")) == (Decimal(10), Decimal(3))


def test_real_history_is_never_changed_by_a_statement(desk: Desk) -> None:
    home = desk.broker_account()
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500", home.id)
    done = say(desk, home, held("INFY", "8", "1500"))
    assert (done.opened, done.taken_back) == (0, 0)
    (found,) = desk.look().breaks
    assert [found.found.ours, found.found.theirs] == [10, 8]
    assert found.found.cause is Cause.FEWER_AT_BROKER
    desk.write_down("2024-05-01 sell 2 NSE:INFY @ 1600", home.id)
    assert desk.look().breaks == ()


def test_a_holding_without_cost_is_a_break_not_a_free_gift(desk: Desk) -> None:
    home = desk.broker_account()
    say(desk, home, held("INFY", "8", None, "1600"))
    view = desk.look()
    assert view.rows == ()
    assert [found.found.cause for found in view.breaks] == [Cause.NO_COST]


def test_a_zero_price_is_no_price(desk: Desk) -> None:
    home = desk.broker_account()
    say(desk, home, held("INFY", "8", "1500", "0"))
    (row,) = desk.look().rows
    assert (row.valued.value, row.valued.missing) == (None, "no price yet")


def test_prices_carry_the_moment_they_can_have_been_made() -> None:
    calendar = packaged()
    for seen, made in (
        ("2026-11-20 12:00", "2026-11-20 12:00"),
        ("2026-11-20 08:00", "2026-11-19 16:00"),
        ("2026-11-21 12:00", "2026-11-20 16:00"),
        ("2025-11-20 20:00", "2025-11-20 16:00"),
    ):
        assert sync.priced_at(calendar, ist(seen)) == ist(made), seen


def test_a_statement_of_another_user_is_refused(desk: Desk) -> None:
    home = desk.broker_account()
    statement = Statement(desk.broker.name, "ZZ9999", desk.clock.now(), ())
    with desk.database.writing() as db, pytest.raises(Rejected, match="ZZ9999"):
        sync.record_statement(db, desk.house, desk.viewer, home, statement)


def test_the_job_syncs_and_asks_once_for_sectors(desk: Desk) -> None:
    desk.use(SectorBoard())
    home = desk.broker_account()
    desk.broker.lines = (held("INFY", "10", "1500", "1600"), held("NOWHERE", "1", "5", "6"))
    job = run(desk, home.id)
    assert (job.state, job.problem) == (kept_jobs.JobState.DONE, "")
    assert job.result == {
        "holdings": 2,
        "trades": 0,
        "open_today": 0,
        "unread": 0,
        "opened": 2,
        "taken_back": 0,
        "breaks": 0,
    }
    with desk.database.reading() as db:
        newest = kept_jobs.page(db, desk.viewer, None, 10)
        connection = connections.of_account(db, desk.viewer, home.id)
    assert sorted(job.kind for job in newest) == ["enrich", "recompute", "sync"]
    assert connection is not None
    assert connection.synced == desk.clock.now()


def test_a_sync_leaves_an_entry_where_the_books_changed_and_none_where_not(desk: Desk) -> None:
    home = desk.broker_account()

    def left() -> list[tuple[str, dict[str, object], str]]:
        with desk.database.reading() as db:
            chosen = AuditFilter(Act.SYNCED)
            found = audit.mine(db, desk.viewer, None, 10, chosen)
        return [(one.subject, dict(one.details), one.place.device) for one in found]

    def entry(opened: int, taken_back: int) -> tuple[str, dict[str, object], str]:
        told = {"name": home.name, "trades": 0, "opened": opened, "taken_back": taken_back}
        return f"account:{home.id}", told, audit.AT_WORK.device

    desk.broker.lines = (held("INFY", "10", "1500", "1600"), held("TCS", "2", "3000", "3100"))
    run(desk, home.id)
    assert left() == [entry(2, 0)]
    run(desk, home.id)
    assert left() == [entry(2, 0)], "what is known already is no news"
    desk.broker.lines = (held("INFY", "12", "1500", "1700"),)
    run(desk, home.id)
    assert left() == [entry(1, 2), entry(2, 0)]
    desk.broker.problem = Rejected("not today")
    run(desk, home.id)
    assert left() == [entry(1, 2), entry(2, 0)], "what failed has changed nothing"


def test_one_sync_at_a_time(desk: Desk) -> None:
    home = desk.broker_account()
    with desk.database.writing() as db:
        first = sync.ask_sync(db, desk.house, desk.viewer, home.id)
        assert sync.ask_sync(db, desk.house, desk.viewer, home.id) == first
    with desk.database.reading() as db:
        (line,) = connect.status(db, desk.house, desk.viewer)
    assert line.sync_job == JobId(first)


def test_a_dead_session_is_a_login_to_do_with_its_cure(desk: Desk) -> None:
    home = desk.broker_account()
    desk.broker.problem = Reauth("Invalid token", broker="deskbroker")
    job = run(desk, home.id)
    assert job.state is kept_jobs.JobState.FAILED
    with desk.database.reading() as db:
        (line,) = connect.status(db, desk.house, desk.viewer)
        assert connections.sealed_token(db, desk.viewer, home.id) is None
    assert line.state is ConnectionState.NEEDS_LOGIN
    assert (line.problem, line.cure, line.cure_link) == (
        "Invalid token",
        "Log in to Desk Broker",
        "/auth/deskbroker/login",
    )


def test_a_session_is_over_when_its_broker_says_so_and_not_by_our_clock(desk: Desk) -> None:
    home = desk.broker_account()
    desk.broker.lines = (held("INFY", "10", "1500"),)
    desk.clock.advance(timedelta(hours=19))
    with desk.database.reading() as db:
        (line,) = connect.status(db, desk.house, desk.viewer)
    assert line.state is ConnectionState.CONNECTED
    assert run(desk, home.id).state is kept_jobs.JobState.DONE
    desk.broker.problem = Reauth("The session is over")
    assert run(desk, home.id).state is kept_jobs.JobState.FAILED
    with desk.database.reading() as db:
        (line,) = connect.status(db, desk.house, desk.viewer)
    assert (line.state, line.problem) == (ConnectionState.NEEDS_LOGIN, "The session is over")


def test_a_login_made_during_a_sync_outlives_the_session_it_replaced(desk: Desk) -> None:
    home = desk.broker_account()
    with desk.database.reading() as db:
        old = connections.of_account(db, desk.viewer, home.id)
    assert old is not None
    desk.clock.advance(timedelta(minutes=1))
    with desk.database.writing() as db:
        expires = desk.clock.now() + timedelta(hours=18)
        connections.put(
            db,
            desk.viewer,
            home.id,
            desk.broker.name,
            "key",
            lambda _: b"new",
            expires=expires,
            now=desk.clock.now(),
        )
    needs_login(desk.house, desk.viewer, home.id, "the old token is dead", since=old.connected)
    with desk.database.reading() as db:
        now = connections.of_account(db, desk.viewer, home.id)
    assert now is not None
    assert (now.state, now.problem) == (ConnectionState.CONNECTED, "")
    needs_login(desk.house, desk.viewer, home.id, "the new token is dead", since=now.connected)
    with desk.database.reading() as db:
        now = connections.of_account(db, desk.viewer, home.id)
    assert now is not None
    assert now.state is ConnectionState.NEEDS_LOGIN


def test_a_token_of_another_key_asks_for_a_login(desk: Desk) -> None:
    home = desk.broker_account()
    desk.house = replace(desk.house, vault=Vault(KeyRing([new_key()])))
    job = run(desk, home.id)
    assert (job.state, "does not open" in job.problem) == (kept_jobs.JobState.FAILED, True)
    with desk.database.reading() as db:
        (told,) = connect.status(db, desk.house, desk.viewer)
    assert told.state is ConnectionState.NEEDS_LOGIN


def test_a_busy_broker_is_asked_again_and_nothing_is_written(desk: Desk) -> None:
    home = desk.broker_account()
    desk.broker.problem = Retry("502 Bad Gateway")
    job = run(desk, home.id)
    assert job.state is kept_jobs.JobState.QUEUED
    assert facts(desk, home.id) == []
    with desk.database.reading() as db:
        assert statements.latest(db, desk.viewer, home.id) is None


def test_archived_and_hand_kept_accounts_are_not_synced(desk: Desk) -> None:
    home = desk.broker_account()
    with desk.database.writing() as db:
        job = sync.ask_sync(db, desk.house, desk.viewer, home.id)
        portfolios.archive_account(db, desk.house, desk.viewer, home.id)
        for account, words in ((desk.account.id, "kept by hand"), (home.id, "archived")):
            with pytest.raises(Misuse, match=words):
                sync.ask_sync(db, desk.house, desk.viewer, account)
    desk.broker.lines = (held("INFY", "10", "1500"),)
    jobs.run(desk.house, job)
    assert facts(desk, home.id) == []


def test_a_newer_quote_is_not_replaced_by_an_older_statement(desk: Desk) -> None:
    home = desk.broker_account()
    say(desk, home, held("INFY", "10", "1500", "1600"))
    desk.price("INFY", "1650", at=desk.clock.now() + timedelta(seconds=5))
    say(desk, home, held("INFY", "10", "1500", "1601"))
    with desk.database.reading() as db:
        found = instruments.find(db, "NSE", "INFY")
        assert found is not None
        assert quotes.latest(db, [found.id])[found.id].price.amount == 1650
