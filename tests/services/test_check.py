"""All laws on real books: silent when all is well, loud when a row was touched behind our back."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.services.desks import Desk, held
from tunefolio.ledger.statements import Statement
from tunefolio.services import portfolios, snapshot, sync
from tunefolio.services.check import Finding, check
from tunefolio.services.recompute import recompute_now
from tunefolio.store import accounts

pytestmark = pytest.mark.one_is_enough


def filled(desk: Desk) -> None:
    desk.write_down("""2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5
        2024-05-01 sell 4 NSE:INFY @ 1600
        2024-05-02 deposit 5000""")
    home = desk.broker_account()
    with desk.database.writing() as db:
        statement = Statement(
            desk.broker.name, "AB1234", desk.clock.now(), (held("TCS", "2", "3000", "3100"),)
        )
        sync.record_statement(db, desk.house, desk.viewer, home, statement)
        snapshot.trigger(db, desk.house, desk.viewer)


@pytest.mark.on_both
def test_sound_books_have_no_findings_and_progress_is_told(desk: Desk) -> None:
    filled(desk)
    steps: list[tuple[int, int]] = []
    assert check(desk.house, lambda done, total: steps.append((done, total))) == []
    assert steps == [(1, 2), (2, 2)]


def tampered(desk: Desk, statement: str) -> list[Finding]:
    """Change a row as only somebody with the file in hands can, past the triggers."""
    with desk.database.writing() as db:
        if db.dialect == "sqlite":
            for name in (
                db.execute(text("select name from sqlite_master where type = 'trigger'")).scalars().all()
            ):
                db.execute(text(f'drop trigger "{name}"'))
        else:
            db.execute(text("set local session_replication_role = replica"))
        db.execute(text(statement))
    return check(desk.house)


@pytest.mark.on_both
def test_a_changed_fact_no_longer_has_its_fingerprint(desk: Desk) -> None:
    filled(desk)
    found = tampered(desk, "update transactions set note = 'x' where kind = 'deposit'")
    assert [finding.law for finding in found] == ["fingerprints hold"]
    assert found[0].account.id == desk.account.id


def test_a_book_that_cannot_be_folded_is_a_finding_and_stops_only_its_account(desk: Desk) -> None:
    filled(desk)
    found = tampered(desk, "delete from transactions where kind = 'buy'")
    assert [finding.law for finding in found] == ["the book folds"]
    view = desk.look()
    assert [(stopped.account.id, "sells 4" in stopped.problem) for stopped in view.stopped] == [
        (desk.account.id, True)
    ]
    assert [row.instrument.symbol for row in view.rows] == ["TCS"]


def test_an_opening_that_is_not_what_the_statement_says(desk: Desk) -> None:
    filled(desk)
    laws = {finding.law for finding in tampered(desk, "update holdings set settled = settled * 2")}
    assert laws == {"openings agree with the newest statement"}


def test_a_snapshot_that_is_not_its_lines(desk: Desk) -> None:
    filled(desk)
    found = tampered(desk, "update snapshots set value = value + value where value > 0")
    assert [finding.law for finding in found] == ["a snapshot is the sum of its lines"]


@pytest.mark.on_both
def test_kept_days_that_are_no_fresh_fold(desk: Desk) -> None:
    filled(desk)
    with desk.database.reading() as db:
        homes = accounts.listed(db, desk.viewer)
    recompute_now(desk.house, desk.viewer, homes)
    assert check(desk.house) == []
    found = tampered(desk, "delete from day_rows where instrument_id > 0")
    assert {finding.law for finding in found} == {"kept days are what a fresh fold gives"}
    assert {finding.account.id for finding in found} == {home.id for home in homes}


def test_accounts_that_exchange_units_are_held_against_the_laws_together(desk: Desk) -> None:
    filled(desk)
    with desk.database.writing() as db:
        portfolios.create_account(db, desk.house, desk.viewer, desk.portfolio.id, "Kotak")
    desk.write_down("2024-06-03 transfer_out 2 NSE:INFY to Kotak")
    assert check(desk.house) == []
    found = tampered(desk, "delete from transactions where kind = 'transfer_in'")
    assert {finding.law for finding in found} == {"the book folds"}
