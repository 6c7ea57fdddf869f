"""Losses that the law may disregard: bought shortly before a dividend or bonus, sold soon after (section 94).

Said with its amount, not computed: no book has the record date, nor says which bonus units stayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.tax.assets import UNITS, TaxClass
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.holding import anniversary
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.core.money import quantized
from tunefolio.core.rules import Rule, Rulebook
from tunefolio.core.time import TradingDay

_FUNDS = UNITS | {TaxClass.EQUITY_FUND}


@dataclass(frozen=True, slots=True)
class Stripped:
    """What a section may take away of one row's loss. amount: rupees at most, > 0."""

    section: str
    amount: Decimal
    words: str


def stripped(disposal: Disposal, tax_class: TaxClass, book: Rulebook, gain: Decimal) -> tuple[Stripped, ...]:
    """Of a loss; nothing of a gain. gain: rupees, a loss below zero.

    A bonus or dividend counts as of the day on which it is recorded, where the law means its record date.
    """
    if gain >= 0 or disposal.acquired is None:
        return ()
    return (
        *_after_bonus(disposal, tax_class, book, -gain),
        *_after_dividends(disposal, tax_class, book, -gain),
    )


def stripped_together(found: Iterable[Stripped]) -> tuple[str, ...]:
    """A sentence a section for the year as a whole."""
    sums: dict[str, list[Decimal]] = {}
    for one in found:
        sums.setdefault(one.section, []).append(one.amount)
    return tuple(
        f"losses of {len(amounts)} rows, together at most ₹{sum(amounts, ZERO)}, may count for nothing "
        f"(section {section}): each row says why"
        for section, amounts in sums.items()
    )


def _after_bonus(
    disposal: Disposal, tax_class: TaxClass, book: Rulebook, loss: Decimal
) -> Iterator[Stripped]:
    """The whole loss counts for nothing, and is the cost of the bonus units that are still held."""
    rule = book.at("bonus_stripping", disposal.day)
    if rule is None or disposal.bonus is None or (tax_class not in _FUNDS and rule.word("of") == "units"):
        return
    if _is_between(disposal, disposal.bonus, rule, "after"):
        most, section = quantized(loss, 2), rule.word("section")
        told = f"bought shortly before the bonus of {disposal.bonus} and sold at a loss soon after it"
        fate = "may count for nothing and be the cost of the bonus units still held then"
        yield Stripped(section, most, f"{told}: the loss of ₹{most} {fate} (section {section})")


def _after_dividends(
    disposal: Disposal, tax_class: TaxClass, book: Rulebook, loss: Decimal
) -> Iterator[Stripped]:
    """The loss counts for nothing as far as exempt dividends of these units made up for it."""
    received, last = ZERO, None
    for one in disposal.dividends:
        rule = book.at("dividend_stripping", one.day)
        after = "after_units" if tax_class in _FUNDS else "after"
        if rule is not None and _is_between(disposal, one.day, rule, after):
            received, last = received + one.each * disposal.units, rule
    most = quantized(min(received, loss), 2)
    if last is not None and most:
        section = last.word("section")
        told = "bought shortly before an exempt dividend and sold at a loss soon after it"
        yield Stripped(
            section, most, f"{told}: up to ₹{most} of the loss may count for nothing (section {section})"
        )


def _is_between(disposal: Disposal, event: TradingDay, rule: Rule, after: str) -> bool:
    """Bought within so many months before the event, and sold within so many after it."""
    since = disposal.acquired
    if since is None or not since < event <= disposal.day:
        return False
    is_near = event <= anniversary(since, int(rule.number("before")))
    return is_near and disposal.day <= anniversary(event, int(rule.number(after)))
