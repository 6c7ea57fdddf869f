"""One rule of a tariff made ready to count with: a share of the value, a fee per order, a tax on services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from tunefolio.core.money import plain
from tunefolio.core.rules import Rule
from tunefolio.trading.charges.deals import EXACTLY
from tunefolio.trading.orders import OrderSide


class LineName(StrEnum):
    """The lines of a contract note, in its order; the last three stand in the account's ledger instead."""

    __hash__ = str.__hash__  # as the text it equals; the inherited one is no C

    BROKERAGE = "brokerage"
    EXCHANGE = "exchange"
    CLEARING = "clearing"
    IPFT = "ipft"
    SEBI = "sebi"
    GST = "gst"
    STT = "stt"
    CTT = "ctt"
    STAMP = "stamp"
    DP = "dp"
    CALL_AND_TRADE = "call_and_trade"
    AUTO_SQUARE_OFF = "auto_square_off"


TITLES = {
    LineName.BROKERAGE: "Brokerage",
    LineName.EXCHANGE: "Exchange transaction charge",
    LineName.CLEARING: "Clearing charge",
    LineName.IPFT: "Investor protection fund",
    LineName.SEBI: "SEBI turnover fee",
    LineName.GST: "GST",
    LineName.STT: "Securities transaction tax",
    LineName.CTT: "Commodities transaction tax",
    LineName.STAMP: "Stamp duty",
    LineName.DP: "Depository charge, with GST",
    LineName.CALL_AND_TRADE: "Call and trade, with GST",
    LineName.AUTO_SQUARE_OFF: "Auto square-off, with GST",
}
OUTSIDE_THE_NOTE = frozenset({LineName.DP, LineName.CALL_AND_TRADE, LineName.AUTO_SQUARE_OFF})
"""What brokers book to the account's ledger, not to the contract note."""

_ZERO, _ONE = Decimal(0), Decimal(1)


def percent_text(rate: Decimal) -> str:
    """0.0000297 reads 0.00297%."""
    return f"{plain(rate * 100)}%"


@dataclass(frozen=True, slots=True)
class Levy:
    """A share of the traded value.

    side: whom it is taken from; None: both. words: the two, for people. rules: all that an amount stands on,
    its own first.
    """

    line: LineName
    rule: Rule
    rate: Decimal
    side: OrderSide | None
    words: str
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, line: LineName, rule: Rule, *beside: Rule) -> Levy:
        said = rule.word("side", "both")
        side, rate = None if said == "both" else OrderSide(said), rule.number()
        whom = {None: "", OrderSide.BUY: ", buyer", OrderSide.SELL: ", seller"}[side]
        words = f"{percent_text(rate)}{whom}" if rate else "nil"
        return cls(line, rule, rate, side, words, (rule, *beside))

    def base(self, bought: Decimal, sold: Decimal) -> Decimal:
        """What it is taken on."""
        if self.side is None:
            return bought + sold
        return bought if self.side is OrderSide.BUY else sold


@dataclass(frozen=True, slots=True)
class Fee:
    """What a broker takes of an order, or of a scrip that leaves the depository.

    With a rate: that share of the value, at most `cap`, at least `floor`. Without: `flat`; of a value below
    `small_below` only `small`.
    """

    line: LineName
    rule: Rule
    rate: Decimal | None
    flat: Decimal
    cap: Decimal | None
    floor: Decimal | None
    small_below: Decimal | None
    small: Decimal
    words: str
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, line: LineName, rule: Rule) -> Fee:
        def number(field: str) -> Decimal | None:
            return rule.number(field) if field in rule.values else None

        flat = number("flat" if "flat" in rule.values else "amount")
        rate, floor = number("rate"), number("floor")
        if rate is not None and floor is None:
            floor = flat
        cap, below, small = number("cap"), number("small_below"), number("small_amount") or _ZERO
        flat = flat or _ZERO
        words = _flat_words(flat, below, small) if rate is None else _rate_words(rate, cap, floor)
        return cls(line, rule, rate, flat, cap, floor, below, small, words, (rule,))

    def on(self, value: Decimal) -> Decimal:
        """Unrounded, never less for a larger value."""
        if self.rate is None:
            is_small = self.small_below is not None and value < self.small_below
            return self.small if is_small else self.flat
        amount = value * self.rate
        if self.cap is not None:
            amount = min(amount, self.cap)
        return amount if self.floor is None else max(amount, self.floor)


def _flat_words(flat: Decimal, small_below: Decimal | None, small: Decimal) -> str:
    less = f", ₹{plain(small)} below ₹{plain(small_below)}" if small_below else ""
    return f"₹{plain(flat)}{less}" if flat else "nil"


def _rate_words(rate: Decimal, cap: Decimal | None, floor: Decimal | None) -> str:
    least = f", at least ₹{plain(floor)}" if floor else ""
    most = f", at most ₹{plain(cap)}" if cap else ""
    return f"{percent_text(rate)}{least}{most}"


@dataclass(frozen=True, slots=True)
class Gst:
    """Tax on services. base: the lines it is taken on; never on a tax or duty."""

    rule: Rule
    rate: Decimal
    base: tuple[LineName, ...]
    words: str

    @classmethod
    def of(cls, rule: Rule) -> Gst:
        base, rate = tuple(LineName(name) for name in rule.word("base").split()), rule.number()
        names = ", ".join(_SHORT.get(name, TITLES[name]) for name in base)
        return cls(rule, rate, base, f"{percent_text(rate)} of {names}")


_SHORT = {
    LineName.BROKERAGE: "brokerage",
    LineName.EXCHANGE: "exchange charge",
    LineName.CLEARING: "clearing",
    LineName.IPFT: "protection fund",
    LineName.SEBI: "SEBI fee",
}
"""What the base of GST may hold, in words for a narrow column."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """To which step a line is rounded, half up, once. rules, steps: by line.

    price: how the day's average price is, that the tax on shares is taken on; price_step: its step.
    """

    rules: Mapping[LineName, Rule]
    steps: Mapping[LineName, Decimal]
    price: Rule
    price_step: Decimal

    @classmethod
    def of(cls, rules: Mapping[LineName, Rule], other: Rule, price: Rule) -> Rounding:
        """`other` for every line that has no rule of its own."""
        every = {line: rules.get(line, other) for line in LineName}
        steps = {line: rule.number("step") for line, rule in every.items()}
        return cls(every, steps, price, price.number("step"))

    def rounded(self, line: LineName, exact: Decimal) -> Decimal:
        return _to_step(exact, self.steps[line])

    def average(self, value: Decimal, units: Decimal) -> Decimal:
        """The price of a unit on average, as the law rounds it."""
        return _to_step(EXACTLY.divide(value, units), self.price_step)


def _to_step(exact: Decimal, step: Decimal) -> Decimal:
    steps = EXACTLY.divide(exact, step).quantize(_ONE, ROUND_HALF_UP, EXACTLY)
    return EXACTLY.multiply(steps, step)
