"""The rules of tax for reading: by topic, each with a title and what it says in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Money
from tunefolio.core.rules import Rule
from tunefolio.core.time import TradingDay
from tunefolio.services.charges import figures_of
from tunefolio.web import filters

_LEAP = 2024


class Topic(StrEnum):
    """Where a reader looks for a rule; the order of the page."""

    RATES = "rates"
    HELD = "held"
    COST = "cost"
    FREE = "free"
    LOSSES = "losses"
    RECEIPTS = "receipts"
    BUSINESS = "business"
    PAID_BACK = "paid_back"
    CRYPTO = "crypto"
    ADVANCE = "advance"
    FUNDS = "funds"


TITLES: Mapping[Topic, str] = {
    Topic.RATES: "Rates and sections",
    Topic.HELD: "Short-term or long-term",
    Topic.COST: "Cost and exchange rates",
    Topic.FREE: "Exemptions and rebates",
    Topic.LOSSES: "Losses",
    Topic.RECEIPTS: "Dividends and interest",
    Topic.BUSINESS: "Trading as business",
    Topic.PAID_BACK: "Buybacks and gold bonds paid back",
    Topic.CRYPTO: "Crypto",
    Topic.ADVANCE: "Advance tax",
    Topic.FUNDS: "What funds are",
}


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as people read it. says: a sentence without its full stop."""

    rule: Rule
    topic: Topic
    title: str
    says: str


def rule_rows(found: Iterable[Rule], topic: str = "") -> list[RuleRow]:
    """These rules, or those of one topic, in the order of the topics. Raises Misuse for an unknown one."""
    wanted = _topic(topic)
    rows = [row_of(rule) for rule in found]
    order = list(Topic)
    kept = [row for row in rows if wanted is None or row.topic is wanted]
    return sorted(kept, key=lambda row: order.index(row.topic))


def row_of(rule: Rule) -> RuleRow:
    """By the first word of its name; one that no word knows stands under what its figures say."""
    first, _, rest = rule.name.partition(".")
    known = _OF.get(rule.name) or _OF.get(first) or _Words(Topic.RATES, _plain(first).capitalize(), _figures)
    title = (
        known.title if rule.name in _OF or not rest else f"{known.title}: {_RESTS.get(rest, _plain(rest))}"
    )
    return RuleRow(rule, known.topic, title, known.says(rule))


@dataclass(frozen=True, slots=True)
class _Words:
    topic: Topic
    title: str
    says: Callable[[Rule], str]


_RESTS: Mapping[str, str] = {
    "ltcg_equity": "long-term gains on equity",
    "ltcg_other": "other long-term gains",
    "stcg_equity": "short-term gains on equity",
    "slab": "income at slab rates",
    "setoff": "losses set off",
    "sgb": "gold bonds",
    "sgb.long": "gold bonds, long",
    "units.long": "units of funds, long",
    "other.short": "all else, short",
    "redemption": "paid back",
    "new": "new regime",
    "old": "old regime",
}


def _topic(text: str) -> Topic | None:
    if not text:
        return None
    try:
        return Topic(text)
    except ValueError:
        cure = f"One of {', '.join(Topic)}"
        raise Misuse("topic", f"{text[:40]!r} is unknown", cure=cure) from None


def _figures(rule: Rule) -> str:
    return figures_of(rule).replace("_", " ") or "In words alone"


def _plain(text: str) -> str:
    return text.replace("_", " ").replace(".", ", ")


def _rupees(text: str) -> str:
    return filters.money(Money(Decimal(text), INR), 0)


def _percent(text: str) -> str:
    return filters.percent(Decimal(text), 1).replace(".0%", "%")


def _day(text: str) -> str:
    return filters.day(TradingDay.parse(text))


def _rate(rule: Rule) -> str:
    if rule.word("rate") == "slab":
        return "At your slab"
    words = [_percent(rule.word("rate"))]
    if rule.word("indexed"):
        words.append("with the cost raised by the index")
    if rule.word("plain_rate"):
        words.append(f"or {_percent(rule.word('plain_rate'))} without it, whichever is less")
    if rule.word("exemption"):
        words.append("above the yearly exemption")
    if rule.word("grandfathered"):
        words.append("of what was gained since 31 January 2018")
    return ", ".join(words)


def _section(rule: Rule) -> str:
    label = rule.word("label")
    where = "At the slab" if label == "at slab" else f"Section {label}"
    return f"{where} of the {rule.word('act')}"


def _deemed(rule: Rule) -> str:
    since = rule.word("acquired_from")
    return "However long it was held" + (f", where bought since {_day(since)}" if since else "")


def _treated(rule: Rule) -> str:
    said = _TREATED[rule.word("treatment")]
    limit = rule.word("limit")
    return f"{said} up to {_rupees(limit)} a year (section {rule.word('section')})" if limit else said


_TREATED = {
    "slab": "Income at your slab",
    "exempt": "Exempt",
    "gain": "A capital gain like any other sale",
    "dividend": "The whole amount is a dividend, the cost a capital loss",
    "loss": "A loss",
}


def _stripped(rule: Rule) -> str:
    what = f" of {rule.word('of')}" if rule.word("of") else ""
    after = f"{rule.word('after')} months after"
    if rule.word("after_units"):
        after += f" ({rule.word('after_units')} for units of funds)"
    said = f"A loss{what}: bought within {rule.word('before')} months before, sold within {after}"
    return f"{said} (section {rule.word('section')})"


def _setoff(rule: Rule) -> str:
    against = [_HEADS.get(word, word) for word in rule.word("against").split()]
    if not against:
        untold = _percent(rule.word("slab_rate"))
        return f"What is taxed highest goes first; a slab that nobody told counts as {untold}"
    return f"Against {_listed(against)}"


_HEADS = {
    "business": "business",
    "speculative": "speculative income",
    "house_property": "house property",
    "other_sources": "dividends and interest",
    "short_term": "short-term gains",
    "long_term": "long-term gains",
}


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _due(rule: Rule) -> str:
    parts = [part.split(":") for part in rule.word("due").split()]
    told = _listed([f"{_percent(share)} by {_month_day(end)}" for end, share in parts])
    return f"{told} (section {rule.word('section')})"


def _month_day(text: str) -> str:
    month, day = (int(part) for part in text.split("-"))
    return f"{day} {date(_LEAP, month, day):%B}"


def _fund(rule: Rule) -> str:
    if rule.word("class"):
        return f"Counts as {_plain(rule.word('class'))}"
    return rule.word("hint") or "Asked"


_OF: Mapping[str, _Words] = {
    "rate": _Words(Topic.RATES, "Rate", _rate),
    "rate.vda": _Words(Topic.CRYPTO, "Rate on crypto", _rate),
    "section": _Words(Topic.RATES, "Section", _section),
    "section.vda": _Words(Topic.CRYPTO, "Section on crypto", _section),
    "cess": _Words(Topic.RATES, "Cess", lambda rule: f"{_percent(rule.word('rate'))} of the tax"),
    "rounding": _Words(Topic.RATES, "Rounding", lambda rule: f"To the nearest ₹{rule.word('unit')}"),
    "surcharge": _Words(Topic.RATES, "Surcharge", lambda rule: f"Above {_rupees(rule.word('above'))}"),
    "holding": _Words(
        Topic.HELD, "Held", lambda rule: f"Long-term after more than {rule.word('months')} months"
    ),
    "deemed_short": _Words(Topic.HELD, "Always short-term", _deemed),
    "fifo": _Words(Topic.HELD, "Order of lots", lambda _: "First in, first out"),
    "cii": _Words(Topic.COST, "Cost inflation index", lambda rule: rule.word("index")),
    "grandfathering": _Words(
        Topic.COST, "Value of 2018", lambda rule: f"Of what was bought by {_day(rule.word('cutoff'))}"
    ),
    "stt": _Words(
        Topic.COST, "Securities transaction tax", lambda _: "Never deducted from a gain; business deducts it"
    ),
    "bonus": _Words(Topic.COST, "Bonus shares", lambda _: "Cost nothing; held since they were allotted"),
    "demerger": _Words(Topic.COST, "Demerger", lambda rule: f"Cost goes by {rule.word('cost')}"),
    "fx": _Words(
        Topic.COST, "Exchange rate",
        lambda rule: "Of the year’s last day"
        if rule.word("rate_day") == "year end" else "Of the last day of the month before",
    ),
    "exemption": _Words(
        Topic.FREE, "Yearly exemption", lambda rule: f"{_rupees(rule.word('amount'))} for each person"
    ),
    "exemption.order": _Words(
        Topic.FREE, "Yearly exemption: order", lambda rule: rule.word("order").capitalize()
    ),
    "basic_exemption": _Words(Topic.FREE, "Basic exemption", lambda rule: _rupees(rule.word("amount"))),
    "unused_basic_exemption": _Words(
        Topic.FREE, "Unused basic exemption", lambda _: "Lowers the gains of residents"
    ),
    "rebate": _Words(
        Topic.FREE, "Rebate",
        lambda rule: f"Up to an income of {_rupees(rule.word('up_to'))} (section {rule.word('section')})",
    ),
    "setoff": _Words(Topic.LOSSES, "Loss set off", _setoff),
    "carry_forward": _Words(Topic.LOSSES, "Loss carried", lambda rule: f"{rule.word('years')} years"),
    "dividend_stripping": _Words(Topic.LOSSES, "Bought before a dividend", _stripped),
    "bonus_stripping": _Words(Topic.LOSSES, "Bought before a bonus", _stripped),
    "write_off": _Words(Topic.LOSSES, "Written off", _treated),
    "dividend": _Words(Topic.RECEIPTS, "Dividends", _treated),
    "foreign_dividend": _Words(Topic.RECEIPTS, "Dividends from abroad", _treated),
    "interest": _Words(Topic.RECEIPTS, "Interest", _treated),
    "deposit": _Words(Topic.RECEIPTS, "Deposits at their end", _treated),
    "provident_fund": _Words(Topic.RECEIPTS, "Provident funds", _treated),
    "repaid": _Words(Topic.RECEIPTS, "Repaid beyond cost", _treated),
    "reward": _Words(Topic.CRYPTO, "Staking rewards and airdrops", _treated),
    "vda.tds": _Words(
        Topic.CRYPTO, "Tax deducted by the buyer",
        lambda rule: f"{_percent(rule.word('rate'))} above {_rupees(rule.word('threshold'))} a year, above "
        f"{_rupees(rule.word('threshold_specified'))} where a specified person pays",
    ),
    "intraday": _Words(Topic.BUSINESS, "Within the day", lambda _: "Speculative business"),
    "derivatives": _Words(Topic.BUSINESS, "Futures and options", lambda _: "Business, not speculative"),
    "turnover": _Words(Topic.BUSINESS, "Turnover", lambda _: "Absolute results, trade by trade"),
    "buyback": _Words(Topic.PAID_BACK, "Buyback", _treated),
    "sgb": _Words(
        Topic.PAID_BACK, "Gold bonds",
        lambda rule: "Exempt for every holder"
        if rule.word("exempt_for") == "holder" else "Exempt for who subscribed to them",
    ),
    "advance_tax": _Words(
        Topic.ADVANCE, "Periods of Schedule CG",
        lambda rule: f"Until {_listed([_month_day(end) for end in rule.word('ends').split()])}",
    ),
    "advance_tax.instalments": _Words(Topic.ADVANCE, "Instalments", _due),
    "advance_tax.threshold": _Words(
        Topic.ADVANCE, "From which tax on", lambda rule: f"{_rupees(rule.word('amount'))} a year"
    ),
    "advance_tax.senior": _Words(
        Topic.ADVANCE, "People of 60 years", lambda _: "Nothing in advance without a business"
    ),
    "fund": _Words(Topic.FUNDS, "Fund", _fund),
}  # fmt: skip
"""By the whole name of a rule, else by its first word."""
