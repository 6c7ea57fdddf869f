"""charges: an order's charges line by line, every rule in force on a day, a broker's own count of a day."""

from __future__ import annotations

import argparse
from decimal import Decimal
from typing import Any

from tunefolio.cli import Exit
from tunefolio.cli.books import account_named
from tunefolio.cli.house import open_house, person_of, show, table
from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.money import plain, quantized
from tunefolio.core.rules import Rule
from tunefolio.core.time import IST, SystemClock, TradingDay, calendar_date
from tunefolio.services import charged, charged_json
from tunefolio.services import charges as deeds
from tunefolio.services import charges_json as told
from tunefolio.services.charged import BrokersWord
from tunefolio.services.charges import Wish
from tunefolio.services.contract_notes import Terms
from tunefolio.trading.charges.compare import Comparison
from tunefolio.trading.charges.deals import Deal
from tunefolio.trading.charges.lines import Charges, Line, MissingLine

_NEEDED = (("segment", "--segment"), ("side", "--side"), ("qty", "--qty"), ("price", "--price"))


def charges(args: argparse.Namespace) -> int:
    """charges --segment … --side … --qty … --price … [--broker … --date …] | --rules [--date …]
    | --ask ACCOUNT [--date …] [--user …]

    Needs no books but with --ask. FINDINGS where a line is missing, so that a script never takes a part for
    the whole.
    """
    today = TradingDay(calendar_date(SystemClock().now(), IST))
    if args.rules:
        return _rules(args, today)
    if args.ask:
        return _asked(args, today)
    for name, word in _NEEDED:
        if not getattr(args, name):
            raise Misuse(word, "is missing", cure="--segment delivery --side buy --qty 10 --price 1500")
    wish = Wish(
        args.broker, args.segment, args.side, args.qty, args.price, args.date, args.exchange, args.plan,
        args.group, args.units, args.product, args.ending, args.services,
    )  # fmt: skip
    deal, found = deeds.calculated(wish, today)
    show(args, {"deal": told.deal(deal), **told.charges(found)}, _text(deal, found))
    return Exit.FINDINGS if found.missing else Exit.OK


def _text(deal: Deal, found: Charges) -> str:
    head = (
        f"{deal.side} {plain(deal.quantity)} at {plain(deal.price)}, {deal.segment.value.replace('_', ' ')}"
    )
    head += f", {deal.exchange}, {deal.broker}, {deal.day}"
    rows = [_row(line) for line in found.lines]
    total: dict[str, Any] = {"charge": "Total", "amount": _sum(found)}
    total |= {"mark": "doubtful"} if found.doubts else {}
    shown = table([*rows, total], ("charge", "base", "rate", "amount", "mark"))
    holes = [f"· {line.title}: {line.why.sentence}" for line in found.lines if isinstance(line, MissingLine)]
    doubts = [_doubt(rule) for rule in found.doubts]
    notes = [*holes, *doubts]
    return "\n".join([head, "", shown, *([""] if notes else []), *notes])


def _row(line: Line | MissingLine) -> dict[str, Any]:
    if isinstance(line, MissingLine):
        return {"charge": line.title, "amount": "not available"}
    mark = "doubtful" if line.doubts else ""
    return {
        "charge": line.title,
        "base": told.paise(line.base),
        "rate": line.rate,
        "amount": told.paise(line.amount.amount),
        "mark": mark,
    }


def _sum(found: Charges) -> str:
    if isinstance(found.total, Missing):
        return f"not available (known: {told.paise(found.known.amount)})"
    return told.paise(found.total.amount)


def _doubt(rule: Rule) -> str:
    said = f": {rule.note}" if rule.note else ""
    return f"· {rule.name} since {rule.since}, {rule.confidence} confidence{said}"


def _asked(args: argparse.Namespace, today: TradingDay) -> int:
    """The account's broker is asked over its session. FINDINGS where it could not be asked about an order."""
    day = TradingDay.parse(args.date) if args.date else today
    broker = "" if args.broker == "none" else args.broker
    with open_house(args) as runtime:
        with runtime.house.database.reading() as db:
            viewer = person_of(db, args.user).viewer
            home = account_named(db, viewer, args.ask)
        word = charged.ask(runtime.house, viewer, home.id, day, Terms(broker, args.plan, args.group))
    show(args, charged_json.word(word), _asked_text(word))
    return Exit.FINDINGS if word.unknown else Exit.OK


def _asked_text(word: BrokersWord) -> str:
    parts = [f"{word.title} about {len(word.orders)} orders of {word.account.name} on {word.day}", ""]
    for one in word.orders:
        if one.comparison is not None:
            deal = one.deal
            head = f"{deal.side} {plain(deal.quantity)} {one.symbol} at {plain(deal.price)}, {deal.segment}"
            parts += [head + (f", order {one.number}" if one.number else ""), _beside(one.comparison), ""]
    parts += ["All of them", _beside(word.whole), ""]
    parts += [f"· not asked about: {', '.join(word.unknown)}"] if word.unknown else []
    return "\n".join([*parts, *(f"· {remark}" for remark in word.remarks)])


def _beside(comparison: Comparison) -> str:
    rows = [
        {
            "charge": row.title,
            "computed": _figure(row.computed),
            "stated": _figure(row.stated),
            "difference": _figure(row.difference),
        }
        for row in (*comparison.rows, comparison.total)
    ]
    return table(rows, ("charge", "computed", "stated", "difference"))


def _figure(value: Decimal | Missing | None) -> str:
    if value is None:
        return ""
    return "not available" if isinstance(value, Missing) else told.paise(quantized(value, 6))


def _rules(args: argparse.Namespace, today: TradingDay) -> int:
    day = TradingDay.parse(args.date) if args.date else today
    found = deeds.rules_on(day)
    rows = [
        {
            "rule": rule.name,
            "from": rule.since,
            "to": rule.until,
            "says": deeds.figures_of(rule),
            "confidence": rule.confidence.value,
            "sources": ", ".join(source.key for source in rule.sources),
        }
        for rule in found
    ]
    columns = ("rule", "from", "to", "says", "confidence", "sources")
    value = {"date": day.iso(), "rules": [told.rule(rule) for rule in found]}
    show(args, value, f"{len(found)} rules in force on {day}\n\n{table(rows, columns)}")
    return Exit.OK
