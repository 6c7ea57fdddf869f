"""actions, closes, rates: market facts from files, and what a person makes of them, on both databases."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tunefolio.bootstrap.runtime import build
from tunefolio.cli import Exit, market
from tunefolio.core.errors import Misuse
from tunefolio.core.people import Role
from tunefolio.core.secret import Secret
from tunefolio.services import identity, portfolios, record
from tunefolio.services.house import House
from tunefolio.settings import Settings

Say = Callable[..., Any]
ACTIONS = (
    "symbol,ex_date,kind,ratio,other,cost_ratio\nWIPRO,2024-12-03,bonus,1:1,,\nITC,2025-01-06,demerger,,,\n"
)
BONUS = "file:NSE:WIPRO:2024-12-03:bonus"


@pytest.fixture
def house(migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """One person with a hundred shares of each of two companies."""
    environ = {"TUNEFOLIO_DATABASE_URL": migrated_url, "TUNEFOLIO_HOME": str(tmp_path / "folio")}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    runtime = build(Settings.from_env(environ))
    with runtime.house.database.writing() as db:
        person = identity.add_person(
            db, runtime.house, "a@example.com", "Asha", Secret("long enough words"), Role.ADMIN
        )
        shelf = portfolios.create_portfolio(db, runtime.house, person.viewer, "Main")
        home = portfolios.create_account(db, runtime.house, person.viewer, shelf.id, "Demat")
        for symbol in ("WIPRO", "ITC"):
            line = f"2024-04-01 buy 100 NSE:{symbol} @ 480"
            record.record_line(db, runtime.house, person.viewer, home.id, line)
    yield runtime.house
    runtime.close()


@pytest.fixture
def say(house: House, capsys: pytest.CaptureFixture[str]) -> Say:
    """say("actions", apply=…) → (exit code, what was printed)."""

    def run(command: str, **given: Any) -> tuple[int, Any]:
        words = {"user": None, "demo": False, "json": True, "file": None, "look": False, "all": False}
        words |= {"account": None, "apply": None, "decline": None, "undo": None} | given
        capsys.readouterr()
        code = getattr(market, command)(argparse.Namespace(**words))
        out = capsys.readouterr().out
        return code, json.loads(out) if words["json"] else out

    return run


@pytest.fixture
def actions_file(tmp_path: Path) -> str:
    path = tmp_path / "actions.csv"
    path.write_text(ACTIONS)
    return str(path)


def test_a_file_of_actions_is_read_listed_applied_and_undone(say: Say, actions_file: str) -> None:
    assert say("actions", file=actions_file) == (
        Exit.OK,
        {"read": 2, "fresh": 2, "unknown": 0, "problems": []},
    )
    _, rows = say("actions")
    assert [(row["symbol"], row["state"], row["after"]) for row in rows] == [
        ("ITC", "waiting", "not available: ratio"),
        ("WIPRO", "proposed", "200 at 240 = 48000.0000 INR"),
    ]
    assert say("actions", apply=BONUS)[0] is Exit.OK
    assert [row["state"] for row in say("actions", all=True)[1]] == ["waiting", "applied"]
    say("actions", undo=BONUS)
    assert say("actions", apply="all")[1] == {"apply": [BONUS], "account": "Demat"}
    say("actions", undo=BONUS)
    say("actions", decline=BONUS, account="demat")
    assert [row["symbol"] for row in say("actions")[1]] == ["ITC"]


def test_words_for_people(say: Say, actions_file: str) -> None:
    assert "Nothing waits" in say("actions", json=False)[1]
    say("actions", file=actions_file)
    assert BONUS in say("actions", json=False)[1]


def test_rows_that_are_refused_are_findings(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("symbol,ex_date,subject\nWIPRO,2024-12-03,Scheme Of Something\n")
    code, told = say("actions", file=str(path))
    assert code is Exit.FINDINGS
    assert told["problems"][0]["row"] == 2


def test_closes_and_rates_from_files(say: Say, tmp_path: Path) -> None:
    closes, rates = tmp_path / "closes.csv", tmp_path / "rates.csv"
    closes.write_text("day,symbol,close\n2024-12-02,WIPRO,580.5\n2024-12-01,WIPRO,580\n")
    rates.write_text("day,base,quote,rate\n2024-12-02,USD,INR,84.7\n")
    assert say("closes", file=str(closes)) == (Exit.OK, {"kept": 1, "dropped": 1, "problems": []})
    assert say("rates", file=str(rates)) == (Exit.OK, {"kept": 1, "problems": []})


def test_a_file_that_is_not_there(say: Say, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="No such file"):
        say("closes", file=str(tmp_path / "none.csv"))
