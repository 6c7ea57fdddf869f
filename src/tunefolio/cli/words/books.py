"""What people own: import, export, sync, snapshot, check, book."""

from __future__ import annotations

from tunefolio.cli.words.grammar import Commands, acting, command, where


def add(commands: Commands) -> None:
    _books(commands)
    _textbook(commands)


def _books(commands: Commands) -> None:
    imports = command(commands, "import", "books:import_file", "import a broker's file, or undo an import")
    imports.add_argument("file", nargs="?", metavar="FILE", help="tradebook, holdings workbook or text book")
    imports.add_argument("--account", help="name or number of the account; not needed when there is one")
    imports.add_argument("--new-account", metavar="NAME", help="make this account, and import there")
    imports.add_argument("--dry-run", action="store_true", help="say what would happen; change nothing")
    imports.add_argument("--undo", type=int, metavar="IMPORT", help="take an import back")
    imports.add_argument(
        "--password-file", metavar="PATH", help="whose first line opens a locked PDF; - reads standard input"
    )
    imports.add_argument("--text", action="store_true", help="a text book; else its first line says so")
    export = command(commands, "export", "booktexts:write", "a person's books as a zip, or as text")
    export.add_argument("--text", action="store_true", help="the text notation, which import reads back")
    export.add_argument("--portfolio", help="only this one, by name or number")
    export.add_argument("--history", action="store_true", help="with --text: also what was taken back")
    export.add_argument("--output", metavar="FILE", help="else text is printed, a zip gets a name")
    sync = command(commands, "sync", "books:sync", "fetch the statements of connected brokers")
    sync.add_argument("--account", help="only this one")
    snapshot = command(commands, "snapshot", "books:snapshot", "freeze today's valuation")
    snapshot.add_argument("--portfolio", help="only this one, by name or number")
    for one in (imports, export, sync, snapshot):
        acting(one)
    check = command(commands, "check", "books:check", "hold every account against the laws of the ledger")
    where(check)


def _textbook(commands: Commands) -> None:
    book = command(commands, "book", "textbook:book", "what a text book comes to, worked out in memory")
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
