"""The repository itself: nothing in it that does not belong, and walls that really stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "tunefolio"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS: list[dict[str, Any]] = PROJECT["tool"]["importlinter"]["contracts"]
LINES_OF_A_FILE = 400

# ── what must not be in it ────────────────────────────────────────────────────────────────────────

# Written so that this file does not find itself.
UNWELCOME = {
    "a registry's address": re.compile(
        r"registry\.(?:npmjs|yarnpkg)\.|(?:test\.)?pypi\.org/(?:simple|packages)|files\.python[h]osted\.|deb\.debian[.]org"
    ),
    "a path of somebody's machine": re.compile(
        r"(?<![\w.$}/-])/(?:root|work|home/[a-z]\w*|Users/[A-Za-z]\w*|opt/(?:pypi|wheels))/(?=[\w.])"
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY[-]----"),
    "a service's token": re.compile(
        r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|sk-[A-Za-z0-9_-]{32,}|xox[abp]-[0-9A-Za-z-]{20,}|npm_[A-Za-z0-9]{36})\b"
    ),
    "a signed token": re.compile(r"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\."),
}
LITERAL_SECRET = re.compile(
    r"""(?i)\b\w*(?:secret|password|passwd|api_?key|access_token)["']?\s*[:=]\s*["'][A-Za-z0-9+/=_-]{20,}["']"""
)


def tracked() -> list[Path]:
    """Every file that git knows and that is still there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


def texts() -> dict[str, str]:
    """Name → text, of the tracked files that are text."""
    found = {}
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8_192]:
            found[path.relative_to(ROOT).as_posix()] = content.decode()
    return found


def test_no_file_carries_an_address_a_machine_or_a_secret() -> None:
    faults = [
        f"{name}: {what}: {match.group(0)!r}"
        for name, text in texts().items()
        for what, pattern in UNWELCOME.items()
        for match in pattern.finditer(text)
    ]
    assert faults == []


def test_no_secret_is_written_into_code() -> None:
    faults = [
        f"{name}: {match.group(0)}"
        for name, text in texts().items()
        if name.endswith((".py", ".js", ".toml", ".yml", ".sh")) and not name.startswith("tests/")
        for match in LITERAL_SECRET.finditer(text)
    ]
    assert faults == []


@pytest.mark.parametrize(
    "planted",
    [
        "https://registry" + ".npmjs.org/echarts",
        "https://files.python" + "hosted.org/packages/x.whl",
        "see /ro" + "ot/project",
        "see /ho" + "me/someone/project",
        "-----BEGIN PRIVATE KEY" + "-----",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.signature",
    ],
)
def test_the_search_finds_what_is_planted(planted: str) -> None:
    assert [what for what, pattern in UNWELCOME.items() if pattern.search(planted)]


def test_nothing_built_and_no_third_party_code_is_tracked() -> None:
    built = re.compile(r"node_modules/|/static/dist/|\.min\.(?:js|css)$|\.whl$|\.pyc$|\.(?:db|sqlite3?)$")
    assert [path for path in tracked() if built.search(path.as_posix())] == []


# ── dependencies ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "requirements").glob("*.txt")))
def test_requirements_are_exact_versions_and_hashes_and_nothing_else(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    exact = re.compile(
        r"[a-z0-9][a-z0-9-]*(?:\[[a-z0-9,-]+\])?==[0-9][\w.+!]* *(?:;[^\\#@]+?)?"
        r"(?:\s+--hash=sha256:[0-9a-f]{64})+\s*"
    )
    assert lines
    assert [line[:80] for line in lines if not exact.fullmatch(line)] == []
    assert "://" not in text


def test_every_dependency_is_locked() -> None:
    locked = set(
        re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE)
    )
    wanted = {re.split(r"[\[<>=; ]", line)[0].lower() for line in PROJECT["project"]["dependencies"]}
    assert wanted <= locked


def test_front_end_libraries_are_locked_by_hash_without_addresses() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    libraries = {name: entry for name, entry in lock["packages"].items() if name}
    assert libraries
    assert [name for name, entry in libraries.items() if "integrity" not in entry] == []
    assert [name for name, entry in libraries.items() if "resolved" in entry] == []
    wanted = json.loads((ROOT / "frontend" / "package.json").read_text())["devDependencies"]
    assert [
        f"{name} {version}" for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)
    ] == []


# ── the walls ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Planted:
    """A bad import: `contract` must catch `code` in `module`."""

    contract: str
    module: str
    code: str


BAD = [
    Planted("layers", "market.planted", "import tunefolio.services"),
    Planted("layers", "ledger.planted", "import tunefolio.signals"),
    Planted("layers", "attic", "'''A room that no layer names.'''"),
    Planted("wings", "analysis.planted", "import tunefolio.signals"),
    Planted("pure", "core.planted", "import socket"),
    Planted("pure", "market.planted", "import sqlalchemy"),
    Planted("pure", "ledger.planted", "import logging"),
    Planted("pure", "analysis.planted", "import asyncio"),
    Planted("pure", "signals.planted", "import threading"),
    Planted("pure", "trading.planted", "import httpx2"),
    Planted("exact", "ledger.planted", "import numpy"),
    Planted("exact", "core.planted", "import pandas"),
    Planted("outside", "services.planted", "import tunefolio.adapters"),
    Planted("rehearsal", "web.planted", "import tunefolio.sandbox"),
    Planted("settings", "store.planted", "import tunefolio.settings"),
    Planted("strangers", "adapters.brokers.alpha.planted", "import tunefolio.adapters.brokers.beta"),
    Planted("cycles", "core.planted", "import tunefolio.core.other"),
]


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """The house with every module empty, and the contracts of pyproject.toml."""
    names = {path.relative_to(SOURCE) for path in SOURCE.rglob("*.py")}
    names |= {Path(f"adapters/brokers/{broker}/__init__.py") for broker in ("alpha", "beta")}
    names |= {Path("adapters/brokers/__init__.py"), Path("__init__.py")}
    rooms = re.findall(r"\w+", " ".join(CONTRACTS[0]["layers"]))
    present = {name.parts[0].removesuffix(".py") for name in names}
    names |= {Path(f"{room}.py") for room in rooms if room not in present}
    for name in names:
        module = tmp_path / "tunefolio" / name
        module.parent.mkdir(parents=True, exist_ok=True)
        module.touch()
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    return tmp_path


def lint(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """import-linter on that house, in a process of its own."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    surroundings = os.environ | {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [*command, "--no-cache", "--no-logo", *options],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
    )


def test_an_empty_house_breaks_no_contract(skeleton: Path) -> None:
    result = lint(skeleton)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in result.stdout


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.contract}-{bad.module}")
def test_a_planted_import_is_caught(bad: Planted, skeleton: Path) -> None:
    if bad.contract == "cycles":
        (skeleton / "tunefolio/core/other.py").write_text("import tunefolio.core.planted\n")
    module = skeleton.joinpath("tunefolio", *bad.module.split(".")).with_suffix(".py")
    module.write_text(bad.code + "\n")
    result = lint(skeleton, "--contract", bad.contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "0 kept, 1 broken" in result.stdout
    assert bad.module.rpartition(".")[2] in result.stdout


def test_every_contract_has_a_plant() -> None:
    assert {contract["id"] for contract in CONTRACTS} == {bad.contract for bad in BAD}


# ── size, and words that must keep ────────────────────────────────────────────────────────────────


def test_files_stay_short_enough_to_read() -> None:
    """Migrations are exempt: each is the frozen record of one change."""
    files = [path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > LINES_OF_A_FILE} == {}


def targets() -> set[str]:
    """What `make help` lists."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_commands_of_the_readme_exist() -> None:
    blocks = re.findall(r"```.*?```|`[^`\n]+`", (ROOT / "README.md").read_text(), re.DOTALL)
    named = {word for block in blocks for word in re.findall(r"\bmake ([a-z-]+)", block)}
    assert {"run", "test"} <= named
    assert named - targets() == set()


def test_every_command_of_the_makefile_says_what_it_does() -> None:
    declared = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared is not None
    assert set(declared.group(1).split()) == targets()


def test_the_pipeline_is_the_same_everywhere() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "bash .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()
