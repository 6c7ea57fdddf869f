"""Crypto and other virtual digital assets: cost alone is deducted, and a loss counts for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from tunefolio.analysis.tax.assets import Asset
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.rulebook import ZERO, doubts_of, eras, rows_of
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
    at = _rated(book, eras(book).number(disposal.day))
    if at is None:
        return Missing(
            f"a rule for virtual digital assets on {disposal.day}",
            "Before 2022-04-01 the law did not name them: ask an adviser for that year",
        )
    return VdaGain(disposal, asset, *at)


@lru_cache(maxsize=256)
def _rated(book: Rulebook, era: int) -> tuple[Bucket, tuple[Rule, ...]] | None:
    """What all such gains of an era share; None where no rule holds."""
    rules = rows_of(book, era, ("rate.vda", "section.vda"))
    if len(rules) < 2:
        return None
    rate, label = rules
    return Bucket(Head.VDA, rate.number(), label.word("label")), rules
