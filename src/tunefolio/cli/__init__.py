"""The command line. This file only knows words; a command's module is imported when it is called."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from tunefolio import __version__
from tunefolio.cli import words
from tunefolio.cli.words.grammar import EPILOG, Parser, Usage
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry, TunefolioError


class Exit(IntEnum):
    """What the shell is told."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    NEEDS_LOGIN = 3
    TRY_AGAIN = 4


Run = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every known error becomes one line and an exit code."""
    said = sys.argv[1:] if argv is None else argv
    try:
        args = parser().parse_args(said)
    except Usage as wrong:
        return _misused(wrong, said)
    try:
        return _run(args)
    except TunefolioError as problem:
        return _told(problem, args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of a pipe has left; nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except _outside() as refusal:
        return _told(_named(refusal), args)


def _run(args: argparse.Namespace) -> int:
    """What it does in somebody's name stands in the activity as the operator's deed."""
    run = run_of(args.run)
    from tunefolio.services import audit

    with audit.done_from(audit.AT_CONSOLE):
        return run(args)


def _misused(wrong: Usage, said: Sequence[str]) -> int:
    if "--json" in said:
        _print_json({"error": wrong.message, "kind": "Usage", "exit": int(Exit.USAGE)})
    else:
        print(f"{wrong.usage}tunefolio: {wrong.message}", file=sys.stderr)
    return Exit.USAGE


def _outside() -> tuple[type[Exception], ...]:
    """What the machine and the database refuse with; looked up once something has been refused."""
    from sqlalchemy.exc import DBAPIError

    return OSError, DBAPIError


def _named(refusal: Exception) -> TunefolioError:
    """A refusal of the machine or the database in one line with its cure."""
    if isinstance(refusal, OSError):
        what = f"{refusal.filename}: " if refusal.filename else ""
        cure = "Make it yours to write, or set TUNEFOLIO_HOME to another folder; `tunefolio doctor` says more"
        return Misuse("files", f"{what}{refusal.strerror or refusal}", cure=cure)
    from sqlalchemy.exc import OperationalError

    reason = str(getattr(refusal, "orig", refusal)).strip().splitlines()[0]
    said = f"the database refused: {reason}. Run `tunefolio doctor`"
    return Retry(said) if isinstance(refusal, OperationalError) else Rejected(said, code="database")


def run_of(place: str) -> Run:
    """The function at "module:name" below tunefolio.cli."""
    module, _, name = place.partition(":")
    found: Run = getattr(importlib.import_module(f"tunefolio.cli.{module}"), name)
    return found


def _told(problem: TunefolioError, args: argparse.Namespace) -> int:
    code = exit_code(problem)
    if getattr(args, "json", False):
        _print_json({"error": str(problem), "kind": type(problem).__name__, "exit": int(code)})
    else:
        print(f"tunefolio: {problem}", file=sys.stderr)
    return code


def _print_json(told: dict[str, Any]) -> None:
    import json

    print(json.dumps(told, ensure_ascii=False))


def exit_code(problem: TunefolioError) -> Exit:
    """The code of an error by what the caller must do."""
    match problem:
        case Misuse():
            return Exit.USAGE
        case Reauth():
            return Exit.NEEDS_LOGIN
        case Retry():
            return Exit.TRY_AGAIN
        case _:
            return Exit.FINDINGS


def parser() -> argparse.ArgumentParser:
    """Every command with its words."""
    top = Parser(
        prog="tunefolio",
        description="Keeps an exact record of what you own across brokers, and says what it is worth.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tunefolio {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for room in words.ROOMS:
        room.add(commands)
    return top
