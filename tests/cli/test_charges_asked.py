"""charges --ask: the broker's own count of a day beside ours, from the shell, over a browser's session."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.cli.test_commands import Call, call
from tests.services.test_connect_over_http import APP, Rehearsal
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import build
from tunefolio.cli import Exit
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.services import connect, record
from tunefolio.services.house import House
from tunefolio.settings import Settings
from tunefolio.store import persons, sessions

__all__ = ["call"]  # the fixture

pytestmark = pytest.mark.one_is_enough
DAY = "2026-11-19"
ASHA = "asha@example.com"


@pytest.fixture
def asked(call: Call, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """A house whose only person has a Zerodha account, connected at the rehearsal, with one order."""
    assert call("user", "add", ASHA)[0] == Exit.OK
    with Sandbox(SandboxConfig(APP, "http://localhost:8000/auth/zerodha/callback")) as sandbox:
        monkeypatch.setenv("TUNEFOLIO_ZERODHA_ROOT_URL", sandbox.kite_url)
        monkeypatch.setenv("TUNEFOLIO_ZERODHA_LOGIN_URL", f"{sandbox.kite_url}/connect/login")
        monkeypatch.setenv("TUNEFOLIO_ZERODHA_API_KEY", APP.api_key)
        monkeypatch.setenv("TUNEFOLIO_ZERODHA_API_SECRET", APP.api_secret.reveal())
        runtime = build(Settings.from_env(dict(os.environ), families=adapters.families()))
        try:
            log_in(runtime.house, sandbox)
        finally:
            runtime.close()
        yield call


def log_in(house: House, sandbox: Sandbox) -> None:
    """As she does in her browser; then the day's order is written down."""
    now = house.clock.now()
    with house.database.writing() as db:
        found = persons.find_by_email(db, ASHA)
        assert found is not None
        viewer = found[0].viewer
        session = sessions.add(db, viewer, "token", "test", "127.0.0.1", now, now + timedelta(days=1))
        url = connect.begin(db, house, viewer, session, "zerodha")
    answer = Rehearsal(None, sandbox).come_back(url)  # type: ignore[arg-type]
    account = connect.complete(house, viewer, session, "zerodha", answer)
    with house.database.writing() as db:
        record.record_line(db, house, viewer, account.id, f"{DAY} buy 10 NSE:INFY @ 1500 order 7001")


def test_a_script_learns_every_line(asked: Call) -> None:
    code, out, _ = asked("charges", "--ask", "Zerodha TF0001", "--date", DAY, "--json")
    body = json.loads(out)
    assert (code, body["broker"], body["orders"][0]["order"]) == (Exit.OK, "Zerodha", "7001")
    taxes = [row for row in body["lines"] if row["title"] == "Securities transaction tax"]
    assert (taxes[0]["computed"], taxes[0]["stated"], taxes[0]["difference"]) == ("15.00", "15.00", "0.00")


def test_a_person_reads_ours_beside_theirs(asked: Call) -> None:
    code, out, _ = asked("charges", "--ask", "Zerodha TF0001", "--date", DAY)
    assert code == Exit.OK
    assert "buy 10 INFY at 1500, delivery, order 7001" in out
    assert "All of them" in out
    assert "· Each order is counted alone" in out


def test_an_unknown_account_and_a_day_without_orders_are_refused(asked: Call) -> None:
    assert asked("charges", "--ask", "Nobody", "--date", DAY)[0] == Exit.USAGE
    code, _, err = asked("charges", "--ask", "Zerodha TF0001", "--date", "2026-11-18")
    assert code == Exit.USAGE
    assert "no trade on 2026-11-18" in err
