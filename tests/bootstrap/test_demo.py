"""The demo: its own folder, this machine only, a password of this install, a broker that answers."""

from __future__ import annotations

import socket
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from tunefolio.bootstrap import adapters, demo
from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency
from tunefolio.core.people import Role
from tunefolio.core.time import TradingDay
from tunefolio.ledger.brokers import RedirectLogin
from tunefolio.ledger.positions import fold
from tunefolio.services import identity
from tunefolio.services.proposals import State, found
from tunefolio.settings import Profile, Settings
from tunefolio.store import accounts, closes, instruments, jobs, persons, rates, transactions


def settings(home: Path, **given: str) -> Settings:
    environ = {"TUNEFOLIO_HOME": str(home)} | {f"TUNEFOLIO_{name}": value for name, value in given.items()}
    return Settings.from_env(environ, profile=Profile.DEMO, families=adapters.families())


def test_the_demo_opens_with_a_person_a_history_and_a_broker_and_opens_again_the_same(tmp_path: Path) -> None:
    passwords = []
    for _ in range(2):
        with demo.opened(settings(tmp_path / "folio")) as there:
            house = there.runtime.house
            passwords.append(there.password.reveal())
            person = identity.log_in(house, there.email, there.password, "Firefox", "127.0.0.1").person
            assert person.role is Role.ADMIN
            with house.database.reading() as db:
                assert persons.count(db) == 1
                homes = {account.name: account for account in accounts.listed(db, person.viewer)}
                facts = transactions.of_account(db, person.viewer, homes["Family demat"].id)
                holdings = fold(facts)
                asked = {job.kind for job in jobs.page_all(db, person.viewer, None, 200)}
            assert set(homes) == {"Family demat", "US shares", "Mutual fund", "Savings"}
            assert homes["US shares"].currency == "USD"
            assert len(holdings.open()) == 10
            assert all(position.cost.amount > 0 for position in holdings.open())
            assert sum((money.amount for money in holdings.cash.values()), Decimal(0)) >= 0
            assert {"refresh_quotes", "backfill", "rates"} <= asked
            assert house.rules.rehearsal
            app = house.rules.operator_apps["zerodha"]
            zerodha = house.brokers["zerodha"]
            assert isinstance(zerodha, RedirectLogin)
            url = zerodha.login_url(app.api_key, "state")
            assert url.startswith(f"{there.sandbox.kite_url}/connect/login?")
    assert passwords[0] == passwords[1]
    assert (tmp_path / "folio-demo" / "password").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "folio-demo").stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "folio").exists()


def test_the_sandbox_takes_the_next_free_ports(tmp_path: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        found = demo.free_ports(taken, 2, but=taken + 1)
    assert len(set(found)) == 2
    assert min(found) > taken + 1


def test_every_install_has_its_own_password(tmp_path: Path) -> None:
    first, second = (demo.kept_password(tmp_path / name) for name in ("a", "b"))
    assert first != second
    assert demo.kept_password(tmp_path / "a") == first


def test_real_settings_are_refused_and_other_machines(tmp_path: Path) -> None:
    real = Settings.from_env({"TUNEFOLIO_HOME": str(tmp_path / "folio")})
    with pytest.raises(Misuse, match="real books"), demo.opened(real):
        pytest.fail("the demo opened on real books")
    with pytest.raises(Misuse, match="real books"):
        demo.forget(real)
    with pytest.raises(Misuse, match="other machines"):
        settings(tmp_path, HOST="0.0.0.0")


def test_forgetting_removes_the_demos_files_and_nothing_else(tmp_path: Path) -> None:
    mine = settings(tmp_path / "folio")
    mine.home.mkdir()
    real = tmp_path / "folio"
    real.mkdir()
    for folder in (mine.home, real):
        (folder / "tunefolio.db").write_text("")
        (folder / "notes.txt").write_text("")
    demo.forget(mine)
    assert [path.name for path in mine.home.iterdir()] == ["notes.txt"]
    assert (real / "tunefolio.db").exists()


def test_the_past_is_fetched_after_the_start_and_what_companies_did_is_proposed(tmp_path: Path) -> None:
    """A bonus that the price source calls a split, July's dividends, a demerger nobody can work out."""
    with demo.opened(settings(tmp_path / "folio")) as there:
        house = there.runtime.house
        person = identity.log_in(house, there.email, there.password, "Firefox", "127.0.0.1").person
        with house.database.reading() as db:
            every = jobs.page_all(db, person.viewer, None, 200)
            waiting = [job for job in every if job.kind in {"backfill", "rates"}]
            nestle = instruments.find(db, "NSE", "NESTLEIND")
            apple = instruments.find(db, "NASDAQ", "AAPL")
        assert nestle is not None
        assert apple is not None
        for job in waiting:
            there.runtime.run(job.id)
        with house.database.reading() as db:
            prices = closes.book(db, [nestle.id, apple.id])
            dollars = rates.book(db).on(Currency("USD"), INR, TradingDay.parse("2024-01-16"))
            proposals = found(db, person.viewer)
        before, after = (prices.on(nestle.id, TradingDay.parse(day)) for day in ("2026-06-19", "2026-06-22"))
        assert not isinstance(before, Missing)
        assert not isinstance(after, Missing)
        assert abs(before.price.amount / after.price.amount - 2) < Decimal("0.2")
        assert not isinstance(prices.on(apple.id, TradingDay.parse("2024-01-16")), Missing)
        assert not isinstance(dollars, Missing)
        undecided = {
            (one.instrument.symbol, one.action.kind.value): one for one in proposals if one.recorded is None
        }
        assert undecided["NESTLEIND", "bonus"].state is State.PROPOSED
        assert undecided["HINDUNILVR", "demerger"].state is State.WAITING
        assert undecided["COALINDIA", "dividend"].state is State.PROPOSED
        assert ("POWERGRID", "split") not in undecided
