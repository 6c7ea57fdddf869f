"""What the product says of itself is true: settings, commands, links, rules."""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
from pathlib import Path

import pytest

from tunefolio.bootstrap.adapters import families
from tunefolio.cli import parser
from tunefolio.settings import OPTIONS, VARIABLES

ROOT = Path(__file__).parents[2]
SETTING = re.compile(r"TUNEFOLIO_[A-Z]+(?:_[A-Z]+)*\b(?!_)")
OF_THE_TESTS = ("TUNEFOLIO_TEST_", "TUNEFOLIO_DATA", "TUNEFOLIO_CHROMIUM", "TUNEFOLIO_TOYBROKER_")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_every_setting_that_is_named_exists() -> None:
    known = {variable.name for variable in VARIABLES}
    adapter = re.compile(f"TUNEFOLIO_({'|'.join(families()).upper()})_[A-Z_]+")
    unknown = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in tracked("src/*.py", "src/*.html", "docs/*.md", "README.md", "Makefile")
        for name in SETTING.findall(path.read_text("utf-8"))
        if name not in known and not adapter.fullmatch(name) and not name.startswith(OF_THE_TESTS)
    }
    assert unknown == set()


def test_every_setting_says_what_it_means() -> None:
    assert all(variable.sentence.endswith(".") and len(variable.sentence) > 15 for variable in VARIABLES)
    assert OPTIONS


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (commands,) = (
        action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    missing = [name for name in commands if f"`{name}`" not in readme and f"`{name} " not in readme]
    assert missing == []


@pytest.mark.parametrize(
    "page", [str(p.relative_to(ROOT)) for p in tracked("docs/*.md", "README.md", "CHANGELOG.md")]
)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    broken = [link for link in LINK.findall(path.read_text("utf-8")) if not (path.parent / link).exists()]
    assert broken == []


def test_every_specification_that_the_code_names_exists() -> None:
    named = {
        match
        for path in tracked("src/*.py")
        for match in re.findall(r"docs/[a-z/]+\.md", path.read_text("utf-8"))
    }
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked("src/*.py", "tests/*.py", "bench/*.py")
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []
