"""The words of `tax`."""

from __future__ import annotations

from tunefolio.cli.words.grammar import Commands, acting, command


def add(commands: Commands) -> None:
    help = "a year's capital gains, set-off and tax, out of the books or a text book"
    tax = command(commands, "tax", "tax:tax", help)
    tax.add_argument(
        "file", nargs="?", metavar="FILE", help="a text book instead of the books; - reads stdin"
    )
    tax.add_argument(
        "--year", metavar="YEAR", default="", help="a financial year, 2024-25; else the running one"
    )
    tax.add_argument("--taxpayer", metavar="NAME", help="whose income; else the first one's")
    tax.add_argument(
        "--112a", metavar="OUT", dest="schedule_112a", help="write Schedule 112A as CSV; - prints it"
    )
    tax.add_argument(
        "--statement", metavar="OUT", help="write the capital-gains statement as CSV; - prints it"
    )
    tax.add_argument(
        "--pdf", metavar="OUT", help="write the statement with all schedules as PDF; - prints it"
    )
    tax.add_argument(
        "--foreign",
        action="store_true",
        help="Schedule FA of the calendar year as well: foreign shares lot by lot, money abroad",
    )
    tax.add_argument("--schedule-fa", metavar="OUT", help="write table A3 of Schedule FA as CSV; - prints it")
    tax.add_argument(
        "--told",
        metavar="FILE",
        help="what a person tells beside a text book: classes, slab, losses of earlier years; - reads stdin",
    )
    tax.add_argument("--rules", metavar="DATE", help="every rule of tax in force on a day instead")
    acting(tax)
