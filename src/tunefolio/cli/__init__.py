"""The command line. This file only knows words; a command's module is imported when it is called."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, NoReturn, TypeAlias

from tunefolio import __version__
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry, TunefolioError


class Exit(IntEnum):
    """What the shell is told."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    NEEDS_LOGIN = 3
    TRY_AGAIN = 4


_EPILOG = """\
exit codes:
  0  done, nothing found
  1  findings: a law broken, an installation ill, a row or a request refused
  2  wrong usage: an unknown word, a wrong setting, nothing of that name
  3  a broker needs a new login
  4  something outside is busy or away; try again

Settings are read from TUNEFOLIO_… environment variables: `tunefolio settings` lists them."""

Run = Callable[[argparse.Namespace], int]


class _Usage(Exception):
    """Words that are no command: how they should be, and what is wrong with them."""

    def __init__(self, usage: str, message: str) -> None:
        super().__init__(usage, message)
        self.usage = usage
        self.message = message


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Usage(self.format_usage(), message)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every known error becomes one line and an exit code."""
    words = sys.argv[1:] if argv is None else argv
    try:
        args = parser().parse_args(words)
    except _Usage as wrong:
        return _misused(wrong, words)
    try:
        return run_of(args.run)(args)
    except TunefolioError as problem:
        return _told(problem, args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of a pipe has left; nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except _outside() as refusal:
        return _told(_named(refusal), args)


def _misused(wrong: _Usage, words: Sequence[str]) -> int:
    if "--json" in words:
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
    top = _Parser(
        prog="tunefolio",
        description="Keeps an exact record of what you own across brokers, and says what it is worth.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tunefolio {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _serving(commands)
    _people(commands)
    _books(commands)
    _market(commands)
    _prices(commands)
    _instruments(commands)
    _calendar(commands)
    _textbook(commands)
    _care(commands)
    return top


_Commands: TypeAlias = "argparse._SubParsersAction[Any]"  # argparse gives its return type no public name


def _command(commands: _Commands, name: str, run: str, help: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help,
        description=help,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--json", action="store_true", help="print one JSON value")
    command.set_defaults(run=run)
    return command


def _acting(command: argparse.ArgumentParser) -> None:
    command.add_argument("--user", metavar="EMAIL", help="whose books; not needed when there is one person")
    _where(command)


def _where(command: argparse.ArgumentParser) -> None:
    command.add_argument("--demo", action="store_true", help="the demo's books instead of the real ones")


def _serving(commands: _Commands) -> None:
    up = _command(commands, "up", "serving:up", "serve the house; the first person to sign up is its admin")
    up.add_argument("--host", help="address to listen on (TUNEFOLIO_HOST)")
    up.add_argument("--port", help="port to listen on (TUNEFOLIO_PORT)")
    worker = _command(commands, "worker", "serving:worker", "run jobs beside the web servers; needs Redis")
    worker.add_argument("--concurrency", type=int, metavar="N", help="jobs at a time (TUNEFOLIO_WORKERS)")
    _command(commands, "beat", "serving:beat", "ring the clock for the workers; one is enough; needs Redis")
    flower = _command(commands, "flower", "serving:flower", "watch the queue and its workers in a browser")
    flower.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    flower.add_argument("--port", type=int, default=5555, help="port to listen on (5555)")
    demo = _command(
        commands, "demo", "serving:demo", "serve a rehearsal with a simulated broker, on this machine only"
    )
    demo.add_argument("--port", help="port to listen on (TUNEFOLIO_PORT)")
    demo.add_argument("--fresh", action="store_true", help="forget the demo's books and begin anew")
    _sandbox(commands)
    _broker(commands)


def _broker(commands: _Commands) -> None:
    broker = commands.add_parser("broker", help="brokers: new, list, pages")
    verbs = broker.add_subparsers(metavar="VERB", required=True)
    new = _command(verbs, "new", "broker:new", "make a further broker: folder, tests, page")
    new.add_argument("name", metavar="NAME", help="small letters and digits, such as fivepaisa")
    new.add_argument("--title", default="", help="what people call it; else the name")
    new.add_argument("--login", choices=("form", "redirect"), default="form", help="how one logs in (form)")
    new.add_argument("--to", metavar="FOLDER", help="a package of its own there, not a folder of ours")
    _command(verbs, "list", "broker:listed", "the installed brokers and what they can do")
    _command(verbs, "pages", "broker:pages", "make docs/brokers/README.md anew from the code")


def _sandbox(commands: _Commands) -> None:
    help = "serve a simulated exchange with its brokers, to rehearse"
    sandbox = _command(commands, "sandbox", "sandbox:sandbox", help)
    sandbox.add_argument("--port", type=int, default=8200, help="the first of five; 0: any free (8200)")
    sandbox.add_argument("--seed", type=int, default=2026, help="what every price comes from (2026)")
    hours = "trade at any hour, or as NSE does (always)"
    sandbox.add_argument("--hours", choices=("always", "calendar"), default="always", help=hours)
    sandbox.add_argument("--redirect", metavar="URL", default="", help="where a login returns to")
    sandbox.add_argument("--postback", metavar="URL", default="", help="where Zerodha tells of orders")
    sandbox.add_argument("--journal", metavar="FILE", help="open as it was left there, and go on")
    sandbox.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="of each answer (0)")


def _people(commands: _Commands) -> None:
    user = commands.add_parser("user", help="people: add, list, password, role, disable, enable, invite")
    verbs = user.add_subparsers(metavar="VERB", required=True)
    add = _command(verbs, "add", "people:add", "add a person; prints a random password when none is given")
    add.add_argument("email")
    add.add_argument("--name", default="", help="shown name; else the e-mail's first part")
    add.add_argument(
        "--role", choices=("admin", "member", "reader"), help="else member; the first person is admin"
    )
    password = _command(
        verbs, "password", "people:password", "give a person a new password and end all sessions"
    )
    role = _command(verbs, "role", "people:role", "give a person another role")
    disable = _command(verbs, "disable", "people:disable", "shut a person out; nothing is lost")
    enable = _command(verbs, "enable", "people:enable", "let a disabled person in again")
    for command in (password, role, disable, enable):
        command.add_argument("email")
    role.add_argument("role", choices=("admin", "member", "reader"))
    for command in (add, password):
        command.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
    listed = _command(verbs, "list", "people:listed", "everybody")
    invite = _command(verbs, "invite", "people:invite", "make a one-time invite, good for a week")
    invite.add_argument("--email", default="", help="the only address that may use it")
    invite.add_argument("--role", choices=("admin", "member", "reader"), default="member")
    for command in (add, password, role, disable, enable, listed, invite):
        _where(command)


def _textbook(commands: _Commands) -> None:
    book = _command(commands, "book", "textbook:book", "what a text book comes to, worked out in memory")
    book.add_argument("file", metavar="FILE", help="the text notation; - reads standard input")
    book.add_argument(
        "--prices", metavar="FILE", action="append", default=[], help="closes: CSV or DAY price lines"
    )
    book.add_argument(
        "--fx", metavar="FILE", action="append", default=[], help="rates: CSV or DAY rate lines"
    )
    book.add_argument("--as-of", metavar="DATE", help="the last day; else the last one seen")
    book.add_argument("--from", metavar="DATE", dest="since", help="the first day; else the first fact's")
    book.add_argument(
        "--method", choices=("fifo", "lifo", "hifo", "average"), help="for all accounts; else each one's own"
    )
    book.add_argument("--currency", metavar="CCC", help="of the report; else the book's own")
    book.add_argument(
        "--carry-days", type=int, default=10, metavar="N", help="how long a close stands for later days (10)"
    )
    book.add_argument("--benchmark", metavar="NAME", help="an instrument whose closes to compare with")
    book.add_argument("--risk-free", metavar="RATE", default="0", help="a year, 6%% or 0.06 (0)")
    book.add_argument("--explain", action="store_true", help="how each figure was made, down to the lines")


def _books(commands: _Commands) -> None:
    imports = _command(commands, "import", "books:import_file", "import a broker's file, or undo an import")
    imports.add_argument("file", nargs="?", metavar="FILE", help="tradebook, holdings workbook or text book")
    imports.add_argument("--account", help="name or number of the account; not needed when there is one")
    imports.add_argument("--new-account", metavar="NAME", help="make this account, and import there")
    imports.add_argument("--dry-run", action="store_true", help="say what would happen; change nothing")
    imports.add_argument("--undo", type=int, metavar="IMPORT", help="take an import back")
    imports.add_argument("--text", action="store_true", help="a text book; else its first line says so")
    export = _command(commands, "export", "booktexts:write", "a person's books as a zip, or as text")
    export.add_argument("--text", action="store_true", help="the text notation, which import reads back")
    export.add_argument("--portfolio", help="only this one, by name or number")
    export.add_argument("--history", action="store_true", help="with --text: also what was taken back")
    export.add_argument("--output", metavar="FILE", help="else text is printed, a zip gets a name")
    sync = _command(commands, "sync", "books:sync", "fetch the statements of connected brokers")
    sync.add_argument("--account", help="only this one")
    snapshot = _command(commands, "snapshot", "books:snapshot", "freeze today's valuation")
    snapshot.add_argument("--portfolio", help="only this one, by name or number")
    for command in (imports, export, sync, snapshot):
        _acting(command)
    check = _command(commands, "check", "books:check", "hold every account against the laws of the ledger")
    _where(check)


def _market(commands: _Commands) -> None:
    actions = _command(
        commands, "actions", "market:actions", "corporate actions: list, read a file, apply, decline, undo"
    )
    actions.add_argument("--file", metavar="FILE", help="read actions from a CSV: docs/spec/actions.md")
    actions.add_argument(
        "--look", action="store_true", help="ask the price source for everything since the first fact"
    )
    actions.add_argument("--all", action="store_true", help="those decided as well")
    actions.add_argument("--account", help="name or number; not needed when there is one")
    deed = actions.add_mutually_exclusive_group()
    deed.add_argument("--apply", metavar="REFERENCE", help="apply one action; the word all: all proposed")
    deed.add_argument("--decline", metavar="REFERENCE", help="decline one action")
    deed.add_argument("--undo", metavar="REFERENCE", help="take back what one action recorded")
    closes = _command(commands, "closes", "market:closes", "past prices: fetch what lacks, or read a file")
    closes.add_argument("--file", metavar="FILE", help="a CSV of day, symbol, close, currency")
    rates = _command(commands, "rates", "market:rates", "exchange rates: fetch what lacks, or read a file")
    rates.add_argument("--file", metavar="FILE", help="a CSV of day, base, quote, rate")
    for command in (actions, closes, rates):
        _acting(command)


def _prices(commands: _Commands) -> None:
    prices = commands.add_parser("prices", help="past prices: export to a file, show what is known")
    verbs = prices.add_subparsers(metavar="VERB", required=True)
    export = _command(verbs, "export", "prices:export", "write daily bars as Parquet or CSV")
    export.add_argument("--symbols", metavar="LIST", default="", help="NSE:INFY,NSE:TCS; or --all")
    export.add_argument("--all", action="store_true", help="of everything that has prices")
    export.add_argument("--from", metavar="DATE", dest="since", help="the first day; else the first known")
    export.add_argument("--to", metavar="DATE", dest="until", help="the day after the last")
    export.add_argument("--adjusted", action="store_true", help="in today's units, by splits and bonuses")
    export.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="(parquet)")
    export.add_argument("--out", metavar="FILE", required=True, help="replaced when all is written")
    tell = _command(verbs, "show", "prices:tell", "what is known of one listing, and its newest bars")
    tell.add_argument("symbol", metavar="SYMBOL", help="EXCHANGE:SYMBOL; NSE when left out")
    for command in (export, tell):
        _where(command)


def _instruments(commands: _Commands) -> None:
    instruments = commands.add_parser("instruments", help="what can be held: search, refresh, changes")
    verbs = instruments.add_subparsers(metavar="VERB", required=True)
    search = _command(verbs, "search", "instruments:search", "find by symbol, words of the name or ISIN")
    search.add_argument("text", metavar="TEXT", help="NSE: before it narrows to an exchange")
    search.add_argument("--class", dest="classes", metavar="CLASS", action="append", default=[],
                        help="equity, etf, fund, index, option …; may be given again")  # fmt: skip
    search.add_argument("--limit", type=int, default=20, help="how many (20, at most 100)")
    refresh = _command(verbs, "refresh", "instruments:refresh", "read the lists of all sources now")
    changes = _command(verbs, "changes", "instruments:changes", "what the lists said otherwise, newest first")
    changes.add_argument("--kind", help="new, renamed, isin, series, name, gone, back")
    changes.add_argument("--limit", type=int, default=50, help="how many (50)")
    changes.add_argument("--before", type=int, metavar="NUMBER", help="the page after the one ending there")
    for command in (search, refresh, changes):
        _acting(command)


def _calendar(commands: _Commands) -> None:
    calendar = _command(
        commands,
        "calendar",
        "calendar:calendar",
        "sessions of an exchange; close, open or extend days by hand",
    )
    calendar.add_argument(
        "deed",
        nargs="?",
        choices=("now", "close", "open", "extend", "undo", "said"),
        help="now: what may be entered; close, open, extend, undo a day by hand; said: what was; else a list",
    )
    calendar.add_argument("day", nargs="?", metavar="DAY", help="YYYY-MM-DD, to close, open, extend or undo")
    calendar.add_argument("--exchange", default="NSE", metavar="CODE", help="NSE, MCX, NYSE, CRYPTO, … (NSE)")
    calendar.add_argument("--segment", help="with now: equity, equity_with_derivatives, derivatives, …")
    calendar.add_argument("--month", metavar="YYYY-MM", help="else this month")
    calendar.add_argument("--from", metavar="DATE", dest="since", help="the first day of a range")
    calendar.add_argument("--to", metavar="DATE", dest="until", help="the day after the last")
    calendar.add_argument("--windows", metavar="SPANS", help="with open: 18:15-19:15, several with commas")
    calendar.add_argument("--kind", help="with open: regular, muhurat, special or short")
    calendar.add_argument("--note", help="why: the holiday, the circular")
    _where(calendar)


def _care(commands: _Commands) -> None:
    doctor = _command(
        commands, "doctor", "care:doctor", "say what is wrong with this installation and how to mend it"
    )
    jobs = _command(commands, "jobs", "care:jobs", "newest jobs and the timetable")
    jobs.add_argument("--limit", type=int, default=20, help="how many (20)")
    for command in (doctor, jobs):
        _where(command)
    key = commands.add_parser("key", help="the key that seals broker secrets: rotate")
    verbs = key.add_subparsers(metavar="VERB", required=True)
    _where(
        _command(verbs, "rotate", "care:rotate", "seal every secret with a new key; stop the house before")
    )
    _command(commands, "settings", "care:settings", "every setting: name, default, meaning")
    _command(commands, "version", "care:version", "version of TuneFolio and of what it stands on")
