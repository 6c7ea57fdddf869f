"""The command line's words: help, exit codes, what --help imports."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import pytest

from tunefolio import cli
from tunefolio.cli import Exit
from tunefolio.core.errors import (
    BrokenLaw,
    Forbidden,
    Misuse,
    NotFound,
    Reauth,
    Rejected,
    Retry,
    TunefolioError,
)

HEAVY = (
    "sqlalchemy",
    "fastapi",
    "starlette",
    "uvicorn",
    "httpx2",
    "alembic",
    "cryptography",
    "pwdlib",
    "openpyxl",
)


def commands(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> dict[tuple[str, ...], argparse.ArgumentParser]:
    """Every command that does something, by its words."""
    found: dict[tuple[str, ...], argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                below = commands(child, (*path, name))
                found |= below or {(*path, name): child}
    return found


COMMANDS = commands(cli.parser())


def test_the_commands_are_those_of_the_book() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "up",
        "demo",
        "sandbox",
        "worker",
        "beat",
        "flower",
        "calendar",
        "charges",
        "tax",
        "prices export",
        "prices show",
        "import",
        "export",
        "book",
        "actions",
        "closes",
        "rates",
        "instruments search",
        "instruments refresh",
        "instruments changes",
        "sync",
        "snapshot",
        "check",
        "doctor",
        "broker new",
        "broker list",
        "broker pages",
        "jobs",
        "key rotate",
        "settings",
        "version",
        "user add",
        "user list",
        "user password",
        "user role",
        "user disable",
        "user enable",
        "user invite",
        "user export",
        "user delete",
        "user keep",
        "user promote",
        "user demote",
        "user lock",
        "user unlock",
        "user reset",
        "user remove-factors",
        "user links",
        "token make",
        "token list",
        "token revoke",
        "token change-key",
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_exists_and_speaks_json_and_tells_its_exit_codes(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert "--json" in command.format_help()
    assert "exit codes:" in command.format_help()
    run = cli.run_of(command.get_default("run"))
    assert run.__doc__


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom tunefolio.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "tunefolio" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert "tunefolio.settings" not in done.stderr.split()


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (Misuse("x", "is wrong"), Exit.USAGE),
        (NotFound("account"), Exit.USAGE),
        (Forbidden("change"), Exit.USAGE),
        (Reauth(), Exit.NEEDS_LOGIN),
        (Retry("busy"), Exit.TRY_AGAIN),
        (Rejected("no"), Exit.FINDINGS),
        (BrokenLaw("law", "detail"), Exit.FINDINGS),
        (TunefolioError("?"), Exit.FINDINGS),
    ],
)
def test_exit_codes_say_what_to_do(problem: TunefolioError, code: Exit) -> None:
    assert cli.exit_code(problem) is code


def test_an_unknown_word_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["frobnicate"]) == Exit.USAGE
    assert "frobnicate" in capsys.readouterr().err


def test_a_wrong_word_is_one_document_under_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--frobnicate", "--json"]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": "unrecognized arguments: --frobnicate", "kind": "Usage", "exit": 2}
    assert err == ""


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tunefolio", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("tunefolio ")
