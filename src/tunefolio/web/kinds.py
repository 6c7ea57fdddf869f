"""How the kinds of facts are offered to people: in groups, with a picture, and with a word for each field.

What a kind needs and may carry stands in ledger.kinds.RULES and nowhere else; here are only the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tunefolio.ledger.kinds import RULES, Kind, Rule


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds that belong together in the form."""

    title: str
    kinds: tuple[Kind, ...]


GROUPS = (
    Group("Trade", (Kind.BUY, Kind.SELL, Kind.SIP, Kind.SHORT, Kind.COVER, Kind.OPENING)),
    Group("Money", (Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.FEE, Kind.TAX, Kind.CONVERT)),
    Group(
        "Income",
        (Kind.DIVIDEND, Kind.REINVEST, Kind.INTEREST, Kind.IN_SPECIE, Kind.STAKING, Kind.AIRDROP),
    ),
    Group(
        "Corporate action",
        (
            Kind.SPLIT, Kind.BONUS, Kind.RIGHTS, Kind.SUBSCRIBE, Kind.BUYBACK, Kind.REPAYMENT, Kind.MERGER,
            Kind.DEMERGER, Kind.RENAME,
        ),
    ),
    Group("Derivative", (Kind.EXPIRY, Kind.EXERCISE, Kind.ASSIGNMENT)),
    Group("Transfer", (Kind.TRANSFER_OUT, Kind.TRANSFER_IN)),
    Group("Correction", (Kind.WRITE_OFF,)),
)  # fmt: skip
"""Every kind stands in exactly one group; a test holds this to Kind."""

ICONS: Mapping[Kind, str] = {
    Kind.OPENING: "package-open",
    Kind.BUY: "shopping-cart",
    Kind.SIP: "repeat",
    Kind.SELL: "hand-coins",
    Kind.SHORT: "trending-down",
    Kind.COVER: "trending-up",
    Kind.DEPOSIT: "banknote-arrow-down",
    Kind.WITHDRAWAL: "banknote-arrow-up",
    Kind.CONVERT: "arrow-left-right",
    Kind.TRANSFER_OUT: "log-out",
    Kind.TRANSFER_IN: "log-in",
    Kind.DIVIDEND: "coins",
    Kind.REINVEST: "refresh-cw",
    Kind.IN_SPECIE: "gift",
    Kind.INTEREST: "percent",
    Kind.STAKING: "pickaxe",
    Kind.AIRDROP: "cloud-download",
    Kind.FEE: "receipt-indian-rupee",
    Kind.TAX: "landmark",
    Kind.SPLIT: "split",
    Kind.BONUS: "badge-plus",
    Kind.RIGHTS: "ticket",
    Kind.SUBSCRIBE: "ticket-check",
    Kind.MERGER: "merge",
    Kind.DEMERGER: "git-branch",
    Kind.BUYBACK: "undo-2",
    Kind.REPAYMENT: "wallet",
    Kind.RENAME: "pencil-line",
    Kind.WRITE_OFF: "ban",
    Kind.EXPIRY: "timer",
    Kind.EXERCISE: "circle-check",
    Kind.ASSIGNMENT: "list-checks",
}

SHORT_TITLES: Mapping[Kind, str] = {
    Kind.OPENING: "Opening",
    Kind.BUY: "Buy",
    Kind.SIP: "SIP",
    Kind.SELL: "Sell",
    Kind.SHORT: "Short sale",
    Kind.CONVERT: "Convert",
    Kind.REINVEST: "Reinvested",
    Kind.IN_SPECIE: "In specie",
    Kind.STAKING: "Staking",
    Kind.RIGHTS: "Rights",
    Kind.SUBSCRIBE: "Subscribe",
    Kind.REPAYMENT: "Repayment",
    Kind.RENAME: "Renamed",
}
"""Where the full title of the rule is too long for a button or a cell."""


@dataclass(frozen=True, slots=True)
class Box:
    """One field of the form. labels: the word above it, by kind, where it differs from `label`."""

    name: str
    label: str
    help: str = ""
    placeholder: str = ""
    labels: Mapping[Kind, str] | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Those that have the field."""
        return tuple(kind for kind, rule in RULES.items() if rule.allows(_rule_name(self.name)))

    @property
    def needed(self) -> tuple[Kind, ...]:
        """Those that cannot do without it."""
        return tuple(kind for kind in self.kinds if is_needed(self.name, RULES[kind]))

    @property
    def is_number(self) -> bool:
        return self.name in _NUMBERS

    def label_of(self, kind: Kind | str) -> str:
        """The word above it for one kind."""
        return (self.labels or {}).get(Kind(kind), self.label)

    def labelled(self) -> list[tuple[str, list[Kind]]]:
        """Each word above it with the kinds it is for."""
        found: dict[str, list[Kind]] = {}
        for kind in self.kinds:
            found.setdefault(self.label_of(kind), []).append(kind)
        return list(found.items())


def is_needed(name: str, rule: Rule) -> bool:
    """Whether a kind cannot do without the field. Of price and amount one is enough where both may stand."""
    if name == "price":
        return False
    if name == "amount":
        return "amount" in rule.needs and not rule.allows("price")
    return _rule_name(name) in rule.needs


def _rule_name(name: str) -> str:
    return {"counter_amount": "counter", "counter_currency": "counter"}.get(name, name)


_NUMBERS = frozenset(
    {"quantity", "price", "amount", "cost_ratio", "counter_amount", "fees", "tax", "accrued"}
)
_ROUNDED = "New units, if the broker rounded"
_TOTAL = "Total instead of a price"
_INTO = "Into instrument"
BOXES = (
    Box("instrument", "Instrument", "Symbol or name: it searches as you type", "NSE:INFY"),
    Box("quantity", "Quantity", "", "10", {
        Kind.SPLIT: "Units afterwards, if the broker rounded",
        Kind.BONUS: "Units added, if the broker rounded", Kind.MERGER: _ROUNDED, Kind.DEMERGER: _ROUNDED,
    }),
    Box("price", "Price per unit", "", "1500.00"),
    Box("amount", "Amount", "", "0.00", {
        Kind.BUY: _TOTAL, Kind.SELL: _TOTAL, Kind.SIP: _TOTAL, Kind.SHORT: _TOTAL, Kind.COVER: _TOTAL,
        Kind.OPENING: "Total cost instead of a price", Kind.CONVERT: "Paid", Kind.REPAYMENT: "Repaid in all",
        Kind.MERGER: "Cash received", Kind.EXPIRY: "Settled for, 0 if worthless",
        Kind.TRANSFER_IN: "Money, or cost of the units", Kind.TRANSFER_OUT: "Money",
    }),
    Box("ratio", "Ratio, new : old", "Split 10:1 makes ten of one; bonus 1:2 adds one for two held", "1:1"),
    Box("other", "Other instrument", "", "NSE:HDFCBANK", {
        Kind.MERGER: _INTO, Kind.DEMERGER: _INTO, Kind.RENAME: "New name",
        Kind.SPLIT: "Its new listing, if any", Kind.RIGHTS: "Rights entitlement",
        Kind.SUBSCRIBE: "Entitlement used up", Kind.IN_SPECIE: "Units received of",
        Kind.EXERCISE: "Delivered", Kind.ASSIGNMENT: "Delivered",
    }),
    Box("cost_ratio", "Share of the cost that goes over, %", "Published, never guessed", "4.68"),
    Box("delivery", "Delivery", "Empty when it is settled in cash"),
    Box("counter_amount", "Received", "", "1000.00"),
    Box("counter_currency", "Received in", "", "USD"),
    Box("counterpart", "Other account", "Lots keep their purchase days and cost between your accounts"),
    Box("acquired", "Bought on, if known", "The true purchase day; tax and XIRR need it"),
    Box("fees", "Charges", "Brokerage, stamp duty and levies together", "0.00"),
    Box("tax", "Tax withheld", "TDS or tax at source", "0.00"),
    Box("accrued", "Accrued interest", "Of a bond: paid when bought, received when sold", "0.00"),
)  # fmt: skip
"""The fields in the order of the form; day, account, currency, note and tags are every kind's."""


PICKING = tuple(kind for kind, rule in RULES.items() if rule.allows("picks"))
"""Kinds that may say which lots they take."""


def title_of(kind: Kind) -> str:
    """The short word for a kind, as buttons and rows say it."""
    return SHORT_TITLES.get(kind, RULES[kind].title)
