"""What exists and what it cost: actions, closes, rates, prices, instruments, calendar."""

from __future__ import annotations

from tunefolio.cli.words.grammar import Commands, acting, command, where


def add(commands: Commands) -> None:
    _past(commands)
    _prices(commands)
    _instruments(commands)
    _calendar(commands)


def _past(commands: Commands) -> None:
    actions = command(
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
    closes = command(commands, "closes", "market:closes", "past prices: fetch what lacks, or read a file")
    closes.add_argument("--file", metavar="FILE", help="a CSV of day, symbol, close, currency")
    rates = command(commands, "rates", "market:rates", "exchange rates: fetch what lacks, or read a file")
    rates.add_argument("--file", metavar="FILE", help="a CSV of day, base, quote, rate")
    for one in (actions, closes, rates):
        acting(one)


def _prices(commands: Commands) -> None:
    prices = commands.add_parser("prices", help="past prices: export to a file, show what is known")
    verbs = prices.add_subparsers(metavar="VERB", required=True)
    export = command(verbs, "export", "prices:export", "write daily bars as Parquet or CSV")
    export.add_argument("--symbols", metavar="LIST", default="", help="NSE:INFY,NSE:TCS; or --all")
    export.add_argument("--all", action="store_true", help="of everything that has prices")
    export.add_argument("--from", metavar="DATE", dest="since", help="the first day; else the first known")
    export.add_argument("--to", metavar="DATE", dest="until", help="the day after the last")
    export.add_argument("--adjusted", action="store_true", help="in today's units, by splits and bonuses")
    export.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="(parquet)")
    export.add_argument("--out", metavar="FILE", required=True, help="replaced when all is written")
    tell = command(verbs, "show", "prices:tell", "what is known of one listing, and its newest bars")
    tell.add_argument("symbol", metavar="SYMBOL", help="EXCHANGE:SYMBOL; NSE when left out")
    for one in (export, tell):
        where(one)


def _instruments(commands: Commands) -> None:
    instruments = commands.add_parser("instruments", help="what can be held: search, refresh, changes")
    verbs = instruments.add_subparsers(metavar="VERB", required=True)
    search = command(verbs, "search", "instruments:search", "find by symbol, words of the name or ISIN")
    search.add_argument("text", metavar="TEXT", help="NSE: before it narrows to an exchange")
    search.add_argument("--class", dest="classes", metavar="CLASS", action="append", default=[],
                        help="equity, etf, fund, index, option …; may be given again")  # fmt: skip
    search.add_argument("--limit", type=int, default=20, help="how many (20, at most 100)")
    refresh = command(verbs, "refresh", "instruments:refresh", "read the lists of all sources now")
    changes = command(verbs, "changes", "instruments:changes", "what the lists said otherwise, newest first")
    changes.add_argument("--kind", help="new, renamed, isin, series, name, gone, back")
    changes.add_argument("--limit", type=int, default=50, help="how many (50)")
    changes.add_argument("--before", type=int, metavar="NUMBER", help="the page after the one ending there")
    for one in (search, refresh, changes):
        acting(one)


def _calendar(commands: Commands) -> None:
    calendar = command(
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
    where(calendar)
