"""The page docs/brokers/README.md, made from the code: what each broker can do, its form, its options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tunefolio.cli.brokerfacts import CAPABILITIES, BrokerFacts, FileFacts, brokers, files
from tunefolio.ledger.brokers import CredentialForm, Keeping
from tunefolio.settings import PREFIX

PAGE = Path("docs/brokers/README.md")
_DOUBTS = re.compile(r"^## What is doubtful\n+(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_HEAD = """\
# Brokers

What each broker's folder can do. A capability is a file: who has it can do it, and there are no flags.
This page is made from the code by `tunefolio broker pages`, and a test fails when it is not what the code
says. A further broker is one further folder: [add a broker](../guides/add-a-broker.md). When something is
wrong: [troubleshooting](../guides/troubleshooting.md).
"""
_KEPT = {
    Keeping.KEPT: "sealed",
    Keeping.CHOICE: "sealed only for automatic logins",
    Keeping.ONCE: "never: it works once",
}


def written(root: Path) -> Path:
    """Make the page of this checkout anew."""
    page = root / PAGE
    page.write_text(rendered(root), "utf-8")
    return page


def rendered(root: Path) -> str:
    """The whole page: matrix, files, a section for each broker, with the doubts that its own page names."""
    ours = [one for one in brokers() if one.is_ours]
    parts = [_HEAD, _matrix(ours), _files(files())]
    parts += [_section(one, doubts(root, one.name)) for one in ours]
    return "\n".join(parts)


def doubts(root: Path, name: str) -> str:
    """What a broker's page says under "What is doubtful"; "" for a page without it."""
    page = root / PAGE.parent / f"{name}.md"
    found = _DOUBTS.search(page.read_text("utf-8")) if page.is_file() else None
    return found["text"].strip() if found else ""


def _matrix(ours: Sequence[BrokerFacts]) -> str:
    heads = ["capability", "file", *(f"[{one.title}]({one.name}.md)" for one in ours)]
    rows = [
        [words, f"`{file}.py`", *("yes" if file in one.capabilities else "–" for one in ours)]
        for file, words in CAPABILITIES.items()
    ]
    login = ["how one logs in", "", *("a form here" if one.form else "on its own page" for one in ours)]
    alone = ["logs in by itself", "", *(_by_itself(one.form) for one in ours)]
    renews = ["prolongs its session", "", *("yes" if one.renews else "–" for one in ours)]
    return "## What each can do\n\n" + _table([heads, *rows, login, alone, renews])


def _by_itself(form: CredentialForm | None) -> str:
    return "if its owner wishes" if form is not None and form.automatic else "–"


def _files(read: Sequence[FileFacts]) -> str:
    rows = [["file", "from", "read"], *([one.title, f"`{one.family}`", one.how] for one in read)]
    return "## Files\n\nBrokers without an API, and statements: [files](files.md).\n\n" + _table(rows)


def _section(one: BrokerFacts, doubtful: str) -> str:
    return "\n".join(_lines(one, doubtful))


def _lines(one: BrokerFacts, doubtful: str) -> Iterator[str]:
    yield f"## {one.title}\n\n[How to connect, what is read]({one.name}.md).\n"
    if one.form is not None:
        yield "The login asks for:\n\n" + _form(one.form)
    if one.options:
        settings = [
            [f"`{PREFIX}{one.name.upper()}_{option.name.upper()}`", _shown(option.default)]
            for option in one.options
        ]
        yield "Options and their defaults:\n\n" + _table([["setting", "default"], *settings])
    limits = [option for option in one.options if option.name.endswith("_per_second")]
    if limits:
        told = ", ".join(f"{option.default} ({option.name.removesuffix('_per_second')})" for option in limits)
        yield f"Calls a second, of all processes together: {told}.\n"
    if doubtful:
        yield f"What is doubtful:\n\n{doubtful}\n"


def _form(form: CredentialForm) -> str:
    heads = ["field", "needed", "shown while typed", "kept", "where to find it"]
    rows = [
        [
            one.label,
            "yes" if one.is_needed else _alternative(form, one.name),
            "no" if one.is_secret else "yes",
            _KEPT[one.keeping],
            one.hint,
        ]
        for one in form.fields
    ]
    return _table([heads, *rows])


def _alternative(form: CredentialForm, name: str) -> str:
    others = [one for group in form.alternatives for one in group if name not in group]
    labels = {one.name: one.label for one in form.fields}
    is_one = any(name in group for group in form.alternatives)
    return f"or {', '.join(labels[one] for one in others)}" if is_one and others else "no"


def _shown(default: str) -> str:
    return f"`{default}`" if default else "as the login names it"


def _table(rows: Sequence[Sequence[str]]) -> str:
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"
