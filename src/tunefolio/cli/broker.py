"""broker new, list, pages: starting files of a further broker, and what the installed ones can do."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from tunefolio.cli import Exit
from tunefolio.cli.brokerfacts import CAPABILITIES, brokers
from tunefolio.cli.brokerfiles import Login, apart, checkout, in_tree, planned, write
from tunefolio.cli.brokerpages import written
from tunefolio.cli.house import show, table
from tunefolio.core.errors import Misuse

_NEXT = """\
Next:
  1. tunefolio broker list                                        it is there
  2. python -m pytest -q tests/adapters -k {name}       its tests pass
  3. api.py, errors.py: put the broker's real hosts and answers in the place of the assumed ones
The whole way, with an example: docs/guides/add-a-broker.md"""


def new(args: argparse.Namespace) -> int:
    """broker new: a folder that works from the first minute, its tests and its page. Raises Misuse."""
    root = checkout()
    if args.to is None and root is None:
        raise Misuse(
            "broker new",
            "this TuneFolio is installed, it is no checkout of the sources",
            cure="Make a package of its own, found by its entry point: add --to FOLDER",
        )
    plan = planned(args.name, args.title, Login(args.login), in_tree=args.to is None)
    if args.to is not None:
        made = apart(Path(args.to), plan)
    else:
        assert root is not None
        made = in_tree(root, plan)
    write(made)
    paths = [str(path) for path in made]
    if args.to is None and root is not None:
        importlib.invalidate_caches()
        paths.append(str(written(root)))
    after = _NEXT.format(name=plan.name) if args.to is None else f"Next: see {made_readme(paths)}"
    show(args, {"broker": plan.name, "files": paths}, "\n".join(paths) + "\n\n" + after)
    return Exit.OK


def made_readme(paths: list[str]) -> str:
    """The page of a package of its own."""
    return next(path for path in paths if path.endswith("README.md"))


def listed(args: argparse.Namespace) -> int:
    """broker list: the installed brokers and their capabilities; exit code 1 when one does not load."""
    found = brokers()
    rows = [
        {
            "name": one.name,
            "title": one.title,
            "login": "–" if one.problem else "form" if one.form is not None else "redirect",
            "capabilities": list(one.capabilities),
            "options": {option.name: option.default for option in one.options},
            "package": one.package,
            "problem": one.problem,
        }
        for one in found
    ]
    shown = [row | {"capabilities": " ".join(one.capabilities)} for row, one in zip(rows, found, strict=True)]
    text = table(shown, ("name", "title", "login", "capabilities", "problem"))
    words = "\n".join(f"  {file:<12} {meaning}" for file, meaning in CAPABILITIES.items())
    show(args, rows, f"{text}\n\n{words}")
    return Exit.FINDINGS if any(one.problem for one in found) else Exit.OK


def pages(args: argparse.Namespace) -> int:
    """broker pages: make docs/brokers/README.md anew from the code. Raises Misuse outside a checkout."""
    root = checkout()
    if root is None:
        raise Misuse("broker pages", "there is no checkout here", cure="Run it in a checkout of the sources")
    page = written(root)
    show(args, {"written": str(page)}, str(page))
    return Exit.OK
