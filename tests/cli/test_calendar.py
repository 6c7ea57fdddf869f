"""calendar: lists, answers, and says, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunefolio.cli import Exit, main

pytestmark = pytest.mark.one_is_enough

Say = Callable[..., Any]


@pytest.fixture
def say(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Say:
    """say("now", "--exchange", "NYSE") → (exit code, the JSON value)."""
    monkeypatch.setenv("TUNEFOLIO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("TUNEFOLIO_HOME", str(tmp_path / "folio"))

    def run(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main(["calendar", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_a_month_and_a_range_are_listed(say: Say) -> None:
    code, month = say("--month", "2026-11")
    assert (code, month["sessions"], len(month["days"])) == (Exit.OK, 20, 30)
    _, span = say("--exchange", "mcx", "--from", "2026-11-24", "--to", "2026-11-26")
    assert [(one["session"], one["opens_at"][11:16]) for one in span["days"]] == [
        ("short", "17:00"),
        ("regular", "09:00"),
    ]


def test_the_text_shows_sessions_and_marks(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    say("--month", "2026-11")
    assert main(["calendar", "--month", "2026-11"]) == Exit.OK
    text = capsys.readouterr().out
    assert "2026-11-08  Sun      muhurat  18:15–19:15" in text
    assert "2026-11-24  Tue      closed" in text
    assert "provisional" in text


def test_now_answers_for_each_order_type(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = say("now", "--exchange", "CRYPTO")
    assert (code, rows[0]["phase"], rows[0]["may_enter"]) == (Exit.OK, "continuous", True)
    assert len(rows) == 6
    main(["calendar", "now", "--exchange", "CRYPTO"])
    assert "MARKET   yes" in capsys.readouterr().out


@pytest.mark.on_both
def test_a_day_is_closed_opened_extended_and_undone(say: Say) -> None:
    assert say("close", "2026-12-04", "--note", "Cyclone")[1]["kind"] == "closed"
    _, opened = say("open", "2026-12-05", "--windows", "18:15-19:15", "--kind", "muhurat")
    assert (opened["kind"], opened["session"], opened["windows"]) == ("short", "muhurat", ["18:15-19:15"])
    _, span = say("--from", "2026-12-04", "--to", "2026-12-06")
    assert [one["is_session"] for one in span["days"]] == [False, True]
    assert say("undo", "2026-12-04")[1]["undone"] == "closed"
    assert say("extend", "2027-12-31", "--note", "circular")[0] == Exit.OK
    assert say("--month", "2027-03")[1]["known_until"] == "2027-12-31"
    words = [(one["kind"], one["ended_at"] is None) for one in say("said")[1]]
    assert words == [("known", True), ("short", True), ("closed", False)]


@pytest.mark.parametrize(
    "words",
    [
        ("close",),
        ("close", "2026-12-04"),
        ("undo", "2026-12-04"),
        ("open", "2027-03-01"),
        ("--month", "November"),
        ("--month", "2026-11", "--from", "2026-11-01"),
        ("now", "--segment", "bonds"),
    ],
)
def test_wrong_words_are_told(say: Say, words: tuple[str, ...]) -> None:
    code, told = say(*words)
    assert code == Exit.USAGE
    assert told["error"]
