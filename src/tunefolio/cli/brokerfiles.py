"""The starting files of a new broker: checked name, templates filled in, all written or none.

A template's line that begins with %form, %redirect, %tree or %apart (or several) stands only there.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from string import Template

from tunefolio.bootstrap import adapters
from tunefolio.core.errors import Misuse
from tunefolio.settings import PREFIX, VARIABLES

_NAME = re.compile(r"[a-z][a-z0-9]{1,19}")
_TITLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 &.-]{0,29}")
_CONDITION = re.compile(r"(?P<words>(?:%[a-z]+)+)(?: (?P<line>.*))?")
_MODULES = ("__init__", "api", "broker", "errors", "login", "quotes", "statements")


class Login(StrEnum):
    """How people log in: on the broker's own page, or by a form here where the broker's rules allow it."""

    FORM = "form"
    REDIRECT = "redirect"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is made. package: that of all imports; in_tree: beside ours, else a distribution of its own."""

    name: str
    title: str
    login: Login
    in_tree: bool

    @property
    def package(self) -> str:
        return f"tunefolio.adapters.brokers.{self.name}" if self.in_tree else f"tunefolio_{self.name}"

    @property
    def words(self) -> Mapping[str, str]:
        """What the templates' $words stand for."""
        letters = "".join(part[:1].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", self.title))
        if not letters[:1].isalpha():
            letters = self.name.capitalize()
        return {
            "name": self.name,
            "upper_name": self.name.upper(),
            "title": self.title,
            "package": self.package,
            "class_name": f"{letters}Broker",
        }

    @property
    def conditions(self) -> frozenset[str]:
        return frozenset({self.login.value, "tree" if self.in_tree else "apart"})


def planned(name: str, title: str, login: Login, *, in_tree: bool) -> Plan:
    """Raises Misuse for a name or title that cannot be one, with the cure."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        cure = "2 to 20 small letters and digits, such as fivepaisa; a letter first, no word of Python"
        raise Misuse("name", f"{name!r} cannot be a broker's name", cure=cure)
    if name in adapters.families():
        raise Misuse("name", f"{name!r} is taken", cure="Choose another, or take that folder away first")
    if any(
        one.name.startswith(f"{PREFIX}{name.upper()}_") or one.name == f"{PREFIX}{name.upper()}"
        for one in VARIABLES
    ):
        raise Misuse("name", f"settings begin with {PREFIX}{name.upper()}", cure="Choose another name")
    text = " ".join((title or name.capitalize()).split())
    if not _TITLE.fullmatch(text):
        raise Misuse(
            "--title", f"{text!r} cannot be a title", cure="At most 30 letters, digits, blanks, & . -"
        )
    return Plan(name, text, login, in_tree)


def checkout() -> Path | None:
    """The folder of the sources this process runs from; None for an installed wheel."""
    root = Path(str(files("tunefolio"))).parents[1]
    marks = ("pyproject.toml", "docs", "tests/adapters/broker_samples")
    return root if all((root / mark).exists() for mark in marks) else None


def in_tree(root: Path, plan: Plan) -> dict[Path, str]:
    """Where everything of a broker of ours goes: its folder, its sample, its test, its page."""
    folder = root / "src/tunefolio/adapters/brokers" / plan.name
    made = {folder / f"{module}.py": text for module, text in _modules(plan)}
    made[root / f"tests/adapters/broker_samples/{plan.name}.py"] = filled("sample.py", plan)
    made[root / f"tests/adapters/test_{plan.name}.py"] = filled("test.py", plan)
    made[root / f"docs/brokers/{plan.name}.md"] = filled("page.md", plan)
    return made


def apart(folder: Path, plan: Plan) -> dict[Path, str]:
    """The same as a distribution of its own, found by its entry point."""
    root = folder / f"tunefolio-{plan.name}"
    made = {root / "src" / plan.package / f"{module}.py": text for module, text in _modules(plan)}
    made[root / "src" / plan.package / "py.typed"] = ""
    made[root / "pyproject.toml"] = filled("pyproject.toml", plan)
    made[root / "README.md"] = filled("readme.md", plan)
    made[root / f"tests/test_{plan.name}.py"] = filled("test.py", plan)
    return made


def write(made: Mapping[Path, str]) -> None:
    """Write all; raises Misuse before the first when one is there already."""
    taken = [path for path in made if path.exists()] + [
        path.parent for path in made if path.name == "__init__.py" and path.parent.exists()
    ]
    if taken:
        raise Misuse(
            "name", f"{taken[0]} is there already", cure="Choose another name, or take that away first"
        )
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def filled(template: str, plan: Plan) -> str:
    """One template with its conditions decided and its words filled in."""
    text = (files("tunefolio.cli") / "templates" / "broker" / f"{template}.tmpl").read_text("utf-8")
    whole = Template("\n".join(_lines(text, plan.conditions))).substitute(plan.words) + "\n"
    return whole if plan.in_tree or not template.endswith(".py") else _own_imports_last(whole, plan.package)


def _modules(plan: Plan) -> Iterator[tuple[str, str]]:
    for module in _MODULES:
        yield module, filled(f"{module}.py", plan)


def _lines(text: str, conditions: frozenset[str]) -> Iterator[str]:
    for line in text.splitlines():
        found = _CONDITION.fullmatch(line)
        if found is None:
            yield line
        elif set(found["words"][1:].split("%")) <= conditions:
            yield found["line"] or ""


def _own_imports_last(text: str, package: str) -> str:
    """A distribution's own modules are imported in a block of their own, after those of TuneFolio."""
    lines = text.splitlines()
    own = [line for line in lines if line.startswith(f"from {package}")]
    if not own or not any(line.startswith("from tunefolio.") for line in lines):
        return text
    rest = [line for at, line in enumerate(lines) if line not in own and not _parts_strangers(lines, at)]
    last = max(at for at, line in enumerate(rest) if line.startswith("from tunefolio."))
    return "\n".join([*rest[: last + 1], "", *own, *rest[last + 1 :]]) + "\n"


def _parts_strangers(lines: list[str], at: int) -> bool:
    """The blank line between pytest and TuneFolio, which are both others' packages there."""
    return lines[at] == "" and lines[at - 1 : at] == ["import pytest"]
