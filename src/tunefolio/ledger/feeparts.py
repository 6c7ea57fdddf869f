"""What a trade's charges are made of, where its broker says so, and the number of the order it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.money import Money, plain

_ORDER = re.compile(r"[^\s\"\x00-\x1f\x7f]{1,60}")
_NO_ORDER = re.compile(r"[0.-]+|\d+\.\d+|\d(\.\d+)?[eE]\+?\d+")
"""What stands in cells that name no order: a dash, a zero, a number that a spreadsheet has cut short."""


class FeeName(StrEnum):
    """The lines of a contract note as brokers' files name them; OTHER is what a broker does not explain."""

    BROKERAGE = "brokerage"
    EXCHANGE = "exchange"
    IPFT = "ipft"
    SEBI = "sebi"
    GST = "gst"
    STT = "stt"
    CTT = "ctt"
    STAMP = "stamp"
    DP = "dp"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FeePart:
    """One charge inside the fees of a trade, as stated: unrounded where the broker does not round, ≥ 0."""

    name: FeeName
    amount: Decimal

    def __str__(self) -> str:
        return f"{self.name}:{plain(self.amount)}"


FeeParts = tuple[FeePart, ...]


def parts_of(amounts: Mapping[FeeName, Decimal]) -> FeeParts:
    """In the order of FeeName; what is zero is left out, for a file's empty cell and its zero are one."""
    return tuple(FeePart(name, amounts[name]) for name in FeeName if amounts.get(name))


def must_add_up(parts: FeeParts, fees: Money) -> None:
    """Raises Misuse unless each charge stands once, is above zero, and all together are the fees, to the
    minor unit."""
    if len({part.name for part in parts}) < len(parts):
        raise Misuse("parts", "name a charge twice", cure="Add the two up")
    for part in parts:
        if not part.amount.is_finite() or part.amount <= 0:
            raise Misuse("parts", f"{part} must be above zero", cure="Leave out what was not charged")
    whole = Money(sum((part.amount for part in parts), Decimal(0)), fees.currency).rounded()
    if whole != fees.rounded():
        raise Misuse(
            "parts", f"add up to {plain(whole.amount)}, not to the fees", cure="fee is the sum of all parts"
        )


def fee_part(text: str) -> FeePart:
    """`stt:15`; raises Misuse for an unknown charge or no number."""
    name, colon, amount = text.partition(":")
    try:
        if not colon:
            raise ValueError
        return FeePart(FeeName(name.lower()), Decimal(amount.replace(",", "")))
    except (ValueError, ArithmeticError):
        known = ", ".join(FeeName)
        raise Misuse("parts", f"{text[:40]!r} is no charge", cure=f"stt:15; known: {known}") from None


def stated(parts: Iterable[FeePart], name: FeeName) -> Decimal:
    """What the broker says of one charge: zero where its parts are told and this is not among them."""
    return sum((part.amount for part in parts if part.name is name), Decimal(0))


def order_number(text: str) -> str:
    """An order's number as a source wrote it; "" where that tells no order from another."""
    word = text.strip()
    return word if _ORDER.fullmatch(word) and not _NO_ORDER.fullmatch(word) else ""
