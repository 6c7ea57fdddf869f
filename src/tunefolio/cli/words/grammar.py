"""How a command is worded: what every one takes, and what every help ends with."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn, TypeAlias

EPILOG = """\
exit codes:
  0  done, nothing found
  1  findings: a law broken, an installation ill, a row or a request refused
  2  wrong usage: an unknown word, a wrong setting, nothing of that name
  3  a broker needs a new login
  4  something outside is busy or away; try again

Settings are read from TUNEFOLIO_… environment variables: `tunefolio settings` lists them."""

Commands: TypeAlias = "argparse._SubParsersAction[Any]"  # argparse gives its return type no public name


class Usage(Exception):
    """Words that are no command: how they should be, and what is wrong with them."""

    def __init__(self, usage: str, message: str) -> None:
        super().__init__(usage, message)
        self.usage = usage
        self.message = message


class Parser(argparse.ArgumentParser):
    """Raises Usage instead of ending the program. Options are written whole."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **said})

    def error(self, message: str) -> NoReturn:
        raise Usage(self.format_usage(), message)


def command(commands: Commands, name: str, run: str, help: str) -> argparse.ArgumentParser:
    """One more command. run: "module:function" below tunefolio.cli, imported when it is called."""
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help,
        description=help,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--json", action="store_true", help="print one JSON value")
    made.set_defaults(run=run)
    return made


def acting(command: argparse.ArgumentParser) -> None:
    """It works on one person's books."""
    command.add_argument("--user", metavar="EMAIL", help="whose books; not needed when there is one person")
    where(command)


def where(command: argparse.ArgumentParser) -> None:
    """It works on a house."""
    command.add_argument("--demo", action="store_true", help="the demo's books instead of the real ones")
