"""The words of `charges`."""

from __future__ import annotations

from tunefolio.cli.words.grammar import Commands, command


def add(commands: Commands) -> None:
    help = "what an order costs in charges and taxes, line by line, with the rules of its day"
    charges = command(commands, "charges", "charges:charges", help)
    say = charges.add_argument
    say(
        "--broker",
        metavar="NAME",
        default="none",
        help="zerodha, angelone, groww, upstox, kotak (none)",
    )
    say("--plan", metavar="NAME", default="", help="of the broker, as trade_free_pro; else its usual one")
    say("--segment", metavar="NAME", help="delivery, intraday, futures, options, currency_futures, …")
    say("--side", metavar="SIDE", help="buy or sell")
    say("--qty", metavar="UNITS", help="units, not lots")
    say("--price", metavar="RUPEES", help="of one unit; of an option its premium")
    say("--date", metavar="DATE", default="", help="the day of the trade, from 2020-07-01 on; else today")
    say("--exchange", metavar="CODE", default="", help="NSE, BSE or MCX; else the segment's usual one")
    say(
        "--group",
        metavar="GROUP",
        default="",
        help="scrip group at BSE: A, B, X, …; of options index, stock",
    )
    say("--units", metavar="KIND", default="", help="share, equity_fund, other_fund or agri (share)")
    say("--product", metavar="KIND", default="", help="of a derivative: carry or intraday (carry)")
    say("--ending", metavar="KIND", default="", help="exercised, or physical: settled in shares")
    say("--services", metavar="LIST", default="", help="call_and_trade, auto_square_off")
    say("--ask", metavar="ACCOUNT", help="what its broker says that the orders of --date cost, beside ours")
    say("--user", metavar="EMAIL", help="with --ask: whose account; not needed when there is one person")
    say("--rules", action="store_true", help="every rule in force on the day instead, with its sources")
