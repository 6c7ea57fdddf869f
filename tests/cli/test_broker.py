"""A further broker by command: in a copy of the tree it loads, passes gates and contract suite, and goes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunefolio import cli
from tunefolio.cli import Exit, brokerfiles
from tunefolio.cli.brokerfiles import Login, apart, filled, planned
from tunefolio.core.errors import Misuse

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("src/tunefolio", "tests/adapters", "docs/brokers")
NAMES = {"fivepaisa": ("form", "5paisa"), "dhan": ("redirect", "Dhan & Co.")}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of what the command needs."""
    root = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("static"))
    for file in ("pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/commons.py"):
        shutil.copy(ROOT / file, root / file)
    for helper in (ROOT / "tests").glob("*.py"):
        shutil.copy(helper, root / "tests")
    run(root, "tunefolio", "broker", "pages")
    return root


def run(root: Path, module: str, *words: str, code: int = 0) -> str:
    """`python -m module words…` in that checkout, on its own sources."""
    environ = os.environ | {"PYTHONPATH": f"{root / 'src'}:{root}", "TUNEFOLIO_HOME": str(root / "home")}
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=root, env=environ, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def digest(root: Path) -> dict[str, str]:
    """Every file of the checkout's parts by its content."""
    files = (path for part in PARTS for path in (root / part).rglob("*") if path.is_file())
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def grown(tree: Path) -> Iterator[dict[str, list[Path]]]:
    """Two further brokers in it, one of each login; in the end they are taken away and nothing is left."""
    before = digest(tree)
    made = {}
    for name, (login, title) in NAMES.items():
        told = run(tree, "tunefolio", "broker", "new", name, "--login", login, "--title", title, "--json")
        made[name] = [Path(path) for path in json.loads(told)["files"]]
    yield made
    for paths in made.values():
        for path in paths:
            if path.name != "README.md":
                path.unlink()
        shutil.rmtree(paths[0].parent)  # Python has put its own compiled files beside ours
    run(tree, "tunefolio", "broker", "pages")
    assert digest(tree) == before


def sources(grown: dict[str, list[Path]]) -> list[str]:
    return [str(path) for paths in grown.values() for path in paths if path.suffix == ".py"]


def test_new_brokers_are_listed_with_what_they_can_do(tree: Path, grown: dict[str, list[Path]]) -> None:
    listed = {one["name"]: one for one in json.loads(run(tree, "tunefolio", "broker", "list", "--json"))}
    for name, (login, title) in NAMES.items():
        assert (listed[name]["login"], listed[name]["title"]) == (login, title)
        assert listed[name]["capabilities"] == ["login", "statements", "quotes"]
        assert listed[name]["options"]["root_url"] == f"https://api.{name}.invalid"
    page = (tree / "docs/brokers/README.md").read_text("utf-8")
    assert "[Dhan & Co.](dhan.md)" in page
    assert "none has been seen from 5paisa itself" in page


def test_new_brokers_pass_the_contract_suite_and_their_own_tests(
    tree: Path, grown: dict[str, list[Path]]
) -> None:
    chosen = [
        "tests/adapters/test_broker_contracts.py",
        *(f"tests/adapters/test_{name}.py" for name in NAMES),
    ]
    told = run(tree, "pytest", "-q", "-p", "no:cacheprovider", "-k", " or ".join(NAMES), *chosen)
    passed = int(told.rpartition(" passed")[0].split()[-1])
    assert passed > 70
    assert "skipped" not in told


def test_new_brokers_are_typed_and_formatted(tree: Path, grown: dict[str, list[Path]]) -> None:
    run(tree, "ruff", "format", "--check", "--diff", *sources(grown))
    run(tree, "ruff", "check", *sources(grown))
    run(tree, "mypy", "--cache-dir", str(tree / "mypy"), *sources(grown))


def test_nothing_unfinished_is_written(grown: dict[str, list[Path]]) -> None:
    for path in (path for paths in grown.values() for path in paths if path.name != "README.md"):
        text = path.read_text("utf-8")
        assert not [word for word in ("TODO", "FIXME", "NotImplemented", "%form", "$") if word in text], path


def test_a_name_that_is_there_already_is_refused(tree: Path, grown: dict[str, list[Path]]) -> None:
    assert "is taken" in run(tree, "tunefolio", "broker", "new", "dhan", code=Exit.USAGE)
    alone = tree / "docs/brokers/groww.md"
    alone.write_text("somebody's own page")
    assert "is there already" in run(tree, "tunefolio", "broker", "new", "groww", code=Exit.USAGE)
    assert alone.read_text() == "somebody's own page"
    assert not (tree / "src/tunefolio/adapters/brokers/groww").exists(), "all or nothing"
    alone.unlink()


@pytest.mark.parametrize(
    "name", ["x", "5paisa", "Dhan", "five_paisa", "../up", "class", "a" * 21, "zerodha", "nse"]
)
def test_a_name_that_cannot_be_one_is_refused_with_its_cure(name: str) -> None:
    with pytest.raises(Misuse) as refused:
        planned(name, "", Login.FORM, in_tree=True)
    assert refused.value.field == "name"
    assert refused.value.cure


def test_a_name_whose_options_would_look_like_settings_is_refused() -> None:
    with pytest.raises(Misuse, match="settings begin with TUNEFOLIO_LOG"):
        planned("log", "", Login.FORM, in_tree=True)


@pytest.mark.parametrize("title", ['a"b', "a\nb$", "a" * 31, "{x}", "-"])
def test_a_title_that_would_break_a_text_is_refused(title: str) -> None:
    with pytest.raises(Misuse, match="--title"):
        planned("dhan", title, Login.FORM, in_tree=True)


def test_a_title_that_is_a_word_of_the_templates_does_not_meet_it() -> None:
    text = filled("broker.py", planned("quotes", "Quotes", Login.FORM, in_tree=True))
    assert "class QuotesBroker:" in text


def test_an_installed_house_makes_a_package_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there are no sources: refused with the cure, and the cure works."""
    monkeypatch.setattr("tunefolio.cli.broker.checkout", lambda: None)
    assert cli.main(["broker", "new", "dhan"]) == Exit.USAGE
    assert "--to FOLDER" in capsys.readouterr().err
    assert cli.main(["broker", "pages"]) == Exit.USAGE
    assert cli.main(["broker", "new", "dhan", "--to", str(tmp_path)]) == Exit.OK
    assert cli.main(["broker", "new", "dhan", "--to", str(tmp_path)]) == Exit.USAGE
    folder = tmp_path / "tunefolio-dhan"
    assert '[project.entry-points."tunefolio.adapters"]\ndhan = "tunefolio_dhan"' in (
        folder / "pyproject.toml"
    ).read_text("utf-8")


@pytest.mark.parametrize("login", Login)
def test_a_package_of_its_own_is_found_by_its_entry_point_and_passes_its_tests(
    tmp_path: Path, login: Login
) -> None:
    """Installed as pip leaves it: the module on the path, its metadata beside it."""
    brokerfiles.write(apart(tmp_path, planned("dhan", "", login, in_tree=False)))
    folder = tmp_path / "tunefolio-dhan"
    said = folder / "src/tunefolio_dhan-0.1.0.dist-info"
    said.mkdir()
    (said / "METADATA").write_text("Metadata-Version: 2.1\nName: tunefolio-dhan\nVersion: 0.1.0\n")
    (said / "entry_points.txt").write_text("[tunefolio.adapters]\ndhan = tunefolio_dhan\n")
    environ = os.environ | {"PYTHONPATH": f"{folder / 'src'}:{ROOT / 'src'}", "TUNEFOLIO_HOME": str(tmp_path)}
    commands = (
        ("tunefolio", "broker", "list", "--json"),
        ("pytest", "-q", "-p", "no:cacheprovider"),
        ("ruff", "check", "--no-cache", "--line-length", "110", "--extend-select", "I", "."),
    )
    for words in commands:
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=folder, env=environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        if words[0] == "tunefolio":
            [found] = [one for one in json.loads(done.stdout) if one["name"] == "dhan"]
            assert found["package"] == "tunefolio_dhan"
            assert found["capabilities"] == ["login", "statements", "quotes"]
