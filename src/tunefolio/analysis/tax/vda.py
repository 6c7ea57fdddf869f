"""Crypto and other virtual digital assets: cost alone is deducted, and a loss counts for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.tax.assets import Asset
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.rulebook import ZERO, doubts_of, rule_at
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule, Rulebook
from tunefolio.core.time import TradingDay


@dataclass(frozen=True, slots=True)
class VdaGain:
    """One disposal of a virtual digital asset. taxable: its gain, never below zero; lost: the loss that the
    law disregards. Charges of either side are not deducted."""

    disposal: Disposal
    asset: Asset
    bucket: Bucket
    rules: tuple[Rule, ...]

    @property
    def taxable(self) -> Decimal:
        return max(self.disposal.consideration - self.disposal.cost, ZERO)

    @property
    def lost(self) -> Decimal:
        return max(self.disposal.cost - self.disposal.consideration, ZERO)

    @property
    def day(self) -> TradingDay:
        return self.disposal.day

    @property
    def doubts(self) -> tuple[str, ...]:
        return doubts_of(self.rules)


def vda_gain(disposal: Disposal, asset: Asset, book: Rulebook) -> VdaGain | Missing:
    rate = rule_at(book, "rate.vda", disposal.day)
    label = rule_at(book, "section.vda", disposal.day)
    if isinstance(rate, Missing) or isinstance(label, Missing):
        return Missing(
            f"a rule for virtual digital assets on {disposal.day}",
            "Before 2022-04-01 the law did not name them: ask an adviser for that year",
        )
    bucket = Bucket(Head.VDA, rate.number(), label.word("label"))
    return VdaGain(disposal, asset, bucket, (rate, label))
