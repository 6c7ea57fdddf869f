"""Remembered books: whatever was edited in whatever order, they are what a fresh fold gives."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.services.desks import Desk
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, TransactionId
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.cashflows import by_day
from tunefolio.ledger.lots import Method
from tunefolio.services import portfolios, record, upkeep
from tunefolio.services.books import Folded, folded, linked_folds
from tunefolio.services.jobs import DEEDS, ask, run
from tunefolio.services.recompute import ask_recompute, recompute_now, stale_accounts
from tunefolio.store import accounts, days, jobs
from tunefolio.store.jobs import JobState

NAMES = ("INFY", "TCS", "ITC")


def homes(desk: Desk) -> list[Account]:
    with desk.database.reading() as db:
        return accounts.listed(db, desk.viewer)


def remembered(desk: Desk) -> dict[AccountId, Folded]:
    with desk.database.reading() as db:
        return folded(db, desk.viewer, homes(desk))


def fresh(desk: Desk) -> dict[AccountId, Folded]:
    """A writer finds nothing remembered."""
    with desk.database.writing() as db:
        return folded(db, desk.viewer, accounts.listed(db, desk.viewer))


def any_line(chance: random.Random) -> str:
    day = f"202{chance.randint(2, 5)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}"
    name, units = chance.choice(NAMES), chance.randint(1, 20)
    return chance.choice(
        (
            f"{day} buy {units} NSE:{name} @ {chance.randint(90, 300)} fee 3.30",
            f"{day} buy {units} NSE:{name} @ {chance.randint(90, 300)}",
            f"{day} sell {units} NSE:{name} @ {chance.randint(90, 300)} fee 1.10 tax 0.5",
            f"{day} transfer_out {units} NSE:{name} to Kotak",
            f"{day} dividend {units}.55 NSE:{name} tax 1",
            f"{day} deposit {units}000",
            f"{day} split 2:1 NSE:{name}",
        )
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_remembered_books_are_fresh_books_after_any_edits(desk: Desk, seed: int) -> None:
    chance, kept = random.Random(seed), list[TransactionId]()
    with desk.database.writing() as db:
        portfolios.create_account(db, desk.house, desk.viewer, desk.portfolio.id, "Kotak")
    for _ in range(40):
        desk.clock.advance(timedelta(seconds=1))
        try:
            if kept and chance.random() < 0.2:
                gone = chance.choice(kept)
                with desk.database.writing() as db:
                    record.take_back(db, desk.house, desk.viewer, gone)
                kept.remove(gone)
            else:
                kept += desk.write_down(any_line(chance))
        except Misuse:
            pass
        if chance.random() < 0.5:
            assert remembered(desk) == fresh(desk)
    assert kept
    assert remembered(desk) == fresh(desk)
    recompute_now(desk.house, desk.viewer, homes(desk))
    with desk.database.reading() as db:
        for id, fold in remembered(desk).items():
            rows = sorted(days.of_accounts(db, desk.viewer, [id]), key=repr)
            assert rows == sorted(by_day(fold.holdings.movements), key=repr)


def test_an_account_that_contradicts_itself_stops_only_those_it_is_linked_with(desk: Desk) -> None:
    with desk.database.writing() as db:
        kotak = portfolios.create_account(db, desk.house, desk.viewer, desk.portfolio.id, "Kotak")
        apart = portfolios.create_account(db, desk.house, desk.viewer, desk.portfolio.id, "Apart")
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500\n2024-05-02 transfer_out 4 NSE:INFY to Kotak")
    desk.write_down("2024-04-01 buy 1 NSE:TCS @ 3000", apart.id)
    with desk.database.reading() as db:
        assert linked_folds(db, desk.viewer, kotak.id).keys() == {desk.account.id, kotak.id}
        assert linked_folds(db, desk.viewer, apart.id).keys() == {apart.id}


def test_a_change_during_a_recomputation_asks_for_another(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    with desk.database.writing() as db:
        first = ask_recompute(db, desk.house, desk.viewer, desk.account.id)
        now = desk.clock.now()
        assert jobs.lease(db, first, "somebody", now, now + timedelta(minutes=1)) is not None
        second = ask_recompute(db, desk.house, desk.viewer, desk.account.id)
        assert ask_recompute(db, desk.house, desk.viewer, desk.account.id) == second
    assert second != first
    run(desk.house, second)
    with desk.database.reading() as db:
        assert jobs.job_of(db, desk.viewer, second).state is JobState.DONE
        assert stale_accounts(db, desk.viewer, [desk.account]) == []


def test_stale_days_are_asked_for_by_the_house_itself(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    assert house_looks(desk) == 0  # the change has asked already; the same job serves
    (waiting,) = recomputations(desk)
    assert DEEDS.of("recompute_stale").run is upkeep.recompute_stale
    run(desk.house, waiting.id)
    assert house_looks(desk) == 0
    with desk.database.writing() as db:
        days.put_state(db, desk.viewer, days.DayState(desk.account.id, 0, 0, desk.clock.now(), ""))
    assert house_looks(desk) == 1
    with desk.database.reading() as db:
        assert stale_accounts(db, desk.viewer, [desk.account]) == [desk.account]
    assert len(recomputations(desk)) == 2


def house_looks(desk: Desk) -> int:
    """Run the house's own look for stale days; how many jobs there are more."""
    before = len(recomputations(desk))
    with desk.database.writing() as db:
        job = ask(db, desk.house, "recompute_stale", {}, owner=None)
    run(desk.house, job)
    return len(recomputations(desk)) - before


def recomputations(desk: Desk) -> list[jobs.Job]:
    with desk.database.reading() as db:
        return [job for job in jobs.page(db, desk.viewer, None, 20) if job.kind == "recompute"]


def test_the_methods_differ_only_in_which_lots_go(desk: Desk) -> None:
    desk.write_down("""2024-04-01 buy 10 NSE:INFY @ 100
        2024-05-01 buy 10 NSE:INFY @ 300
        2024-06-03 buy 10 NSE:INFY @ 200
        2024-07-01 sell 5 NSE:INFY @ 250""")
    gains: dict[Method, Decimal] = {}
    for method in Method:
        with desk.database.writing() as db:
            portfolios.set_lot_method(db, desk.house, desk.viewer, desk.account.id, method)
        gains[method] = desk.look().realised.amount
    assert gains == {
        Method.FIFO: Decimal(750),
        Method.LIFO: Decimal(250),
        Method.HIFO: Decimal(-250),
        Method.AVERAGE: Decimal(250),
    }
