"""The rules of charges for reading: by topic, each with a title, whom it is about, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Money
from tunefolio.core.rules import Rule
from tunefolio.services.charges import figures_of
from tunefolio.trading.charges.deals import NO_BROKER, Ending, Segment
from tunefolio.trading.charges.levies import TITLES as LINES
from tunefolio.trading.charges.levies import Gst, LineName, percent_text
from tunefolio.trading.charges.tariffs import tariffs
from tunefolio.web import filters


class Topic(StrEnum):
    """Where a reader looks for a rule; the order of the page, which is that of a contract note."""

    BROKERAGE = "brokerage"
    EXCHANGE = "exchange"
    TAXES = "taxes"
    STAMP = "stamp"
    GST = "gst"
    BESIDE = "beside"
    ROUNDING = "rounding"
    PLANS = "plans"


TITLES: Mapping[Topic, str] = {
    Topic.BROKERAGE: "Brokerage",
    Topic.EXCHANGE: "Exchange, clearing, SEBI",
    Topic.TAXES: "Transaction taxes",
    Topic.STAMP: "Stamp duty",
    Topic.GST: "GST",
    Topic.BESIDE: "Depository and services",
    Topic.ROUNDING: "Rounding and the rest",
    Topic.PLANS: "Brokers’ plans",
}


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as people read it. says: a sentence without its full stop.

    broker: "" for what holds whoever the broker is; segments: what it is about, none for everything.
    """

    rule: Rule
    topic: Topic
    title: str
    says: str
    broker: str = ""
    segments: frozenset[Segment] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; "" for all of it. A broker's rules are its own and those that hold for everybody;
    none is the broker of state and exchange alone."""

    topic: str = ""
    broker: str = ""
    segment: str = ""


def rule_rows(found: Iterable[Rule], wanted: Wanted) -> list[RuleRow]:
    """Those of these rules that are looked for, by topic. Raises Misuse for an unknown word."""
    topic = _one_of(Topic, wanted.topic, "topic")
    segment = _one_of(Segment, wanted.segment, "segment")
    _known_broker(wanted.broker)
    rows = [row_of(rule) for rule in found]
    own = {row.topic for row in rows if row.broker == wanted.broker and row.topic is Topic.GST}
    kept = [
        row
        for row in rows
        if topic in (None, row.topic)
        and (not wanted.broker or row.broker == wanted.broker or not (row.broker or row.topic in own))
        and (segment is None or not row.segments or segment in row.segments)
    ]
    order = list(Topic)
    return sorted(kept, key=lambda row: order.index(row.topic))


def brokers() -> list[tuple[str, str]]:
    """Whose rules may be looked for: name and title."""
    return [(one, _broker(one)) for one in tariffs().brokers]


def row_of(rule: Rule) -> RuleRow:
    """By the first word of its name; one that no word knows stands under what its figures say."""
    first, *rest = rule.name.split(".")
    read = _OF.get(first)
    if read is None:
        return RuleRow(rule, Topic.ROUNDING, _plain(rule.name).capitalize(), figures_of(rule))
    return read(rule, rest)


def _one_of(kind: type[Topic] | type[Segment], text: str, field: str) -> Topic | Segment | None:
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise Misuse(field, f"{text[:40]!r} is unknown", cure=f"One of {', '.join(kind)}") from None


def _known_broker(text: str) -> None:
    if text and text not in tariffs().brokers:
        known = ", ".join(tariffs().brokers)
        raise Misuse("broker", f"{text[:40]!r} is unknown", cure=f"One of {known}")


def _brokerage(rule: Rule, rest: Sequence[str]) -> RuleRow:
    broker, *words = rest
    plan = words.pop(0) if words and f"plan.{broker}.{words[0]}" in tariffs().book.names else ""
    whose = tariffs().plan(broker, plan).title if plan else _broker(broker)
    title = f"{whose}: {_said(words)}"
    return RuleRow(rule, Topic.BROKERAGE, title, _fee(rule, "an order"), broker, _segments(words))


def _ceiling(rule: Rule, _rest: Sequence[str]) -> RuleRow:
    says = f"No more than {percent_text(rule.number())} of a trade’s value"
    return RuleRow(rule, Topic.BROKERAGE, "The most that a broker may take", says, "", _CASH)


def _exchange(rule: Rule, rest: Sequence[str]) -> RuleRow:
    house, market, *_ = rest
    groups = _GROUPS.get(rule.word("groups")) or _in_groups(rule.word("groups").split())
    title = f"{house.upper()}: {_said([market])}{groups}"
    return RuleRow(rule, Topic.EXCHANGE, title, _share(rule), "", _segments([market]))


def _fund(rule: Rule, rest: Sequence[str]) -> RuleRow:
    house, market = rest
    title = f"{LINES[LineName.IPFT]} of {house.upper()}: {_said([market])}"
    return RuleRow(rule, Topic.EXCHANGE, title, _share(rule), "", _segments([market]))


def _clearing(rule: Rule, rest: Sequence[str]) -> RuleRow:
    title = f"{_broker(rest[0])}: clearing charge"
    return RuleRow(rule, Topic.EXCHANGE, title, _share(rule), rest[0])


def _sebi(rule: Rule, _rest: Sequence[str]) -> RuleRow:
    return RuleRow(rule, Topic.EXCHANGE, LINES[LineName.SEBI], _share(rule))


def _levy(topic: Topic, what: str) -> Callable[[Rule, Sequence[str]], RuleRow]:
    def read(rule: Rule, rest: Sequence[str]) -> RuleRow:
        return RuleRow(rule, topic, f"{what}{_said(rest)}", _share(rule, rest), "", _segments(rest))

    return read


def _gst(rule: Rule, rest: Sequence[str]) -> RuleRow:
    broker = rest[0] if rest else ""
    title = f"GST at {_broker(broker)}" if broker else "GST"
    return RuleRow(rule, Topic.GST, title, _listed_last(Gst.of(rule).words), broker)


def _depository(rule: Rule, rest: Sequence[str]) -> RuleRow:
    broker, *plan = rest
    whose = tariffs().plan(broker, plan[0]).title if plan else _broker(broker)
    says = f"{_fee(rule, 'for each scrip sold')}, and GST"
    return RuleRow(rule, Topic.BESIDE, f"{whose}: depository charge", says, broker, _DELIVERY)


def _service(what: str) -> Callable[[Rule, Sequence[str]], RuleRow]:
    def read(rule: Rule, rest: Sequence[str]) -> RuleRow:
        says = f"{_fee(rule, 'an order')}, and GST"
        return RuleRow(rule, Topic.BESIDE, f"{_broker(rest[0])}: {what}", says, rest[0])

    return read


def _rounding(rule: Rule, rest: Sequence[str]) -> RuleRow:
    step = _STEPS.get(rule.number("step"), f"step of {_rupees(rule.word('step'))}")
    segments = _COMMODITIES if rest == ["ctt"] else frozenset[Segment]()
    return RuleRow(rule, Topic.ROUNDING, _ROUNDED[rest[0]], f"To the nearest {step}", "", segments)


def _plan(rule: Rule, rest: Sequence[str]) -> RuleRow:
    broker = rest[0]
    usual = rule.word("default") == "yes"
    says = f"The usual plan of {_broker(broker)}" if usual else f"Another plan of {_broker(broker)}"
    return RuleRow(rule, Topic.PLANS, rule.word("title"), says, broker)


def _share(rule: Rule, rest: Sequence[str] = ()) -> str:
    """Of a traded value, and of whose side of it."""
    if not rule.number():
        return "Nothing"
    ends = [word for word in rest if word in tuple(Ending)]
    whole = "what is settled" if ends else "what is bought and sold"
    of = {"buy": "what is bought", "sell": "what is sold"}.get(rule.word("side", "both"), whole)
    return f"{percent_text(rule.number())} of {of}"


def _fee(rule: Rule, of: str) -> str:
    """What is taken of each order, or of each scrip that leaves."""
    flat = rule.word("flat") or rule.word("amount")
    if rule.word("rate"):
        least, most = rule.word("floor") or flat, rule.word("cap")
        said = f"{percent_text(rule.number())} of the value"
        said += f", at least {_rupees(least)}" if least else ""
        said += f", at most {_rupees(most)}" if most else ""
        return f"{said} {of}" if least or most else said
    if not Decimal(flat):
        return "Nothing"
    below = rule.word("small_below")
    small = _rupees(rule.word("small_amount")) if below else ""
    less = f", {small} where it is worth less than {_rupees(below)}" if below else ""
    return f"{_rupees(flat)} {of}{less}"


def _said(words: Sequence[str]) -> str:
    return ", ".join(_WORDS.get(word, _plain(word)) for word in words)


def _segments(words: Sequence[str]) -> frozenset[Segment]:
    if not words:
        return frozenset()
    if words[0] in _ABOUT:
        return _ABOUT[words[0]]
    return frozenset({Segment(words[0])}) if words[0] in tuple(Segment) else frozenset()


def _in_groups(groups: Sequence[str]) -> str:
    if not groups:
        return ""
    last = f" and {groups[-1]}" if len(groups) > 1 else ""
    return f", {'groups' if last else 'group'} {', '.join(groups[:-1] or groups)}{last}"


def _listed_last(words: str) -> str:
    head, comma, last = words.rpartition(", ")
    return f"{head} and {last}" if comma else words


def _broker(name: str) -> str:
    return _CALLED.get(name) or tariffs().plan(name).title


def _plain(text: str) -> str:
    return text.replace("_", " ").replace(".", ", ")


def _rupees(text: str) -> str:
    amount = Decimal(text)
    return filters.money(Money(amount, INR), 0 if amount == amount.to_integral_value() else 2)


_CALLED = {NO_BROKER: "none, without a broker’s own", "kotak": "Kotak"}
"""Brokers whose usual plan has a name of its own."""
_CASH = frozenset({Segment.DELIVERY, Segment.INTRADAY})
_DELIVERY = frozenset({Segment.DELIVERY})
_COMMODITIES = frozenset({Segment.COMMODITY_FUTURES, Segment.COMMODITY_OPTIONS})
_ABOUT: Mapping[str, frozenset[Segment]] = {
    "cash": _CASH,
    "exercised": frozenset({Segment.OPTIONS}),
    "assigned": frozenset({Segment.OPTIONS}),
    "physical": frozenset({Segment.FUTURES, Segment.OPTIONS}),
}
_WORDS: Mapping[str, str] = {
    "cash": "shares and fund units",
    "mutual_fund": "funds, at the fund house",
    "equity_fund": "units of equity funds",
    "other_fund": "units of other funds",
    "agri": "agricultural",
    "exercised": "options exercised",
    "assigned": "options assigned",
    "physical": "settled by delivery of shares",
}
_GROUPS: Mapping[str, str] = {"INDEX": " on an index", "STOCK": " on shares"}
_STEPS: Mapping[Decimal, str] = {Decimal(1): "rupee", Decimal("0.01"): "paisa"}
_ROUNDED: Mapping[str, str] = {
    "average_price": "Average price of a day",
    "ctt": LINES[LineName.CTT],
    "stt": LINES[LineName.STT],
    "stamp": LINES[LineName.STAMP],
    "other": "Every other line of a note",
}
_OF: Mapping[str, Callable[[Rule, Sequence[str]], RuleRow]] = {
    "brokerage": _brokerage,
    "brokerage_ceiling": _ceiling,
    "exchange": _exchange,
    "ipft": _fund,
    "clearing": _clearing,
    "sebi": _sebi,
    "stt": _levy(Topic.TAXES, "STT: "),
    "ctt": _levy(Topic.TAXES, "CTT: "),
    "stamp": _levy(Topic.STAMP, "Stamp duty: "),
    "gst": _gst,
    "dp": _depository,
    "call_and_trade": _service("orders by telephone"),
    "auto_square_off": _service("positions closed by the broker"),
    "rounding": _rounding,
    "plan": _plan,
}
"""By the first word of a rule's name."""
