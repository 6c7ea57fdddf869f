"""Trading that is business: intraday without delivery, futures and options; and its turnover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.tax.assets import Asset, TaxClass
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.rulebook import ZERO, doubts_of, rule_at
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule, Rulebook
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Side

_SQUARED = frozenset(
    {
        TaxClass.LISTED_EQUITY, TaxClass.EQUITY_FUND, TaxClass.BUSINESS_TRUST, TaxClass.DEBT_FUND,
        TaxClass.HYBRID_FUND, TaxClass.OTHER_FUND, TaxClass.LISTED_SECURITY, TaxClass.SGB,
    }
)  # fmt: skip
"""What an Indian exchange settles by the day's net, where it is listed."""


@dataclass(frozen=True, slots=True)
class Trade:
    """One closed trade of a business. result: after all charges, securities transaction tax among them.

    turnover: its absolute result before charges. head: SPECULATIVE or BUSINESS.
    """

    disposal: Disposal
    asset: Asset
    head: Head
    rules: tuple[Rule, ...]

    @property
    def result(self) -> Decimal:
        one = self.disposal
        return one.consideration - one.cost - one.bought.total - one.sold.total

    @property
    def turnover(self) -> Decimal:
        return abs(self.disposal.consideration - self.disposal.cost)

    @property
    def day(self) -> TradingDay:
        return self.disposal.day

    @property
    def remarks(self) -> tuple[str, ...]:
        if self.head is Head.SPECULATIVE and not self.disposal.is_squared:
            return ("a short sale of shares that was not squared on its day was settled in auction",)
        return ()

    @property
    def doubts(self) -> tuple[str, ...]:
        return (*doubts_of(self.rules), *self.remarks)


def head_of(disposal: Disposal, asset: Asset) -> Head | None:
    """BUSINESS of derivatives, SPECULATIVE of what was squared without delivery; None of investments."""
    if asset.tax_class is TaxClass.DERIVATIVE:
        return Head.BUSINESS
    if asset.tax_class not in _SQUARED or not asset.is_listed:
        return None
    return Head.SPECULATIVE if disposal.is_squared or disposal.side is Side.SHORT else None


def trade_of(disposal: Disposal, asset: Asset, head: Head, book: Rulebook) -> Trade | Missing:
    name = "derivatives" if head is Head.BUSINESS else "intraday"
    rule = rule_at(book, name, disposal.day)
    if isinstance(rule, Missing):
        return rule
    return Trade(disposal, asset, head, (rule,))


def turnover(trades: Iterable[Trade], head: Head) -> Decimal:
    """For the limits of audit: the sum of absolute results, trade by trade (rule `turnover`)."""
    return sum((trade.turnover for trade in trades if trade.head is head), ZERO)
