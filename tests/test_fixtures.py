"""The ground the other tests stand on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

ROOT = Path(__file__).parents[1]


def test_a_database_is_empty_and_one_s_own(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE held (units INTEGER)"))
        assert db.execute(text("SELECT count(*) FROM held")).scalar_one() == 0
    engine.dispose()


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_copy_of_a_template_starts_from_it_and_changes_only_itself(
    attempt: int, fresh_postgres: Callable[[str | None], str]
) -> None:
    template = fresh_postgres(None)
    original = create_engine(template)
    with original.begin() as db:
        db.execute(text("CREATE TABLE held AS SELECT 1 AS units"))
    original.dispose()
    copy = create_engine(fresh_postgres(str(original.url.database)))
    with copy.begin() as db:
        db.execute(text("INSERT INTO held VALUES (:attempt)"), {"attempt": attempt})
        assert db.execute(text("SELECT count(*) FROM held")).scalar_one() == 2
    copy.dispose()


CONFTEST = """
from tests.failures import ToldAtOnce


def pytest_configure(config):
    config.pluginmanager.register(ToldAtOnce(config))
"""
TWO = """
def test_wrong():
    assert [1, 2] == [1, 3], "lots"


def test_right():
    print("the next one runs")
"""


def test_a_failure_is_told_before_the_next_test_runs(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_two.py").write_text(TWO)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "--tb=no", "-p", "no:cacheprovider", str(tmp_path)]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told, _, after = done.stdout.partition("the next one runs")
    assert "✗ test_two.py::test_wrong" in told
    assert "test_two.py:3: AssertionError: lots" in told
    assert "✗" not in after
