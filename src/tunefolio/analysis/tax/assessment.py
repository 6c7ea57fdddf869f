"""Every deed and receipt of a year under its head: gain, trade, income, exempt, or not to be taxed yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

from tunefolio.analysis.tax.assets import Asset, TaxClass
from tunefolio.analysis.tax.business import Trade, head_of, trade_of
from tunefolio.analysis.tax.disposals import Disposal, Hole, Way
from tunefolio.analysis.tax.gains import Gain, Law, gain_of
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.incomes import Earned, Income, buyback_dividend, deposit_interest, earned_of
from tunefolio.analysis.tax.rulebook import ZERO, doubts_of, rule_at
from tunefolio.analysis.tax.stripping import stripped_together
from tunefolio.analysis.tax.taxpayer import Residency
from tunefolio.analysis.tax.vda import VdaGain, vda_gain
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.rules import Rule
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Side

_Row = TypeVar("_Row")
_Key = TypeVar("_Key")
_SHARES = frozenset({TaxClass.LISTED_EQUITY, TaxClass.UNLISTED_SHARE})
"""What a company in India buys back under the rule of its era."""
_RESIDENT = Residency.RESIDENT
_BUSINESS = {head: Bucket(head, None, "at slab") for head in (Head.BUSINESS, Head.SPECULATIVE)}


@dataclass(frozen=True, slots=True)
class Exempt:
    """A disposal that the law leaves out, gain and loss alike."""

    disposal: Disposal
    asset: Asset
    rules: tuple[Rule, ...]

    @property
    def day(self) -> TradingDay:
        return self.disposal.day

    @property
    def doubts(self) -> tuple[str, ...]:
        return doubts_of(self.rules)


@dataclass(slots=True)
class Assessed:
    """What one set of deeds and receipts came to, by head; in the order they were given."""

    gains: list[Gain] = field(default_factory=list)
    vda: list[VdaGain] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    earned: list[Earned] = field(default_factory=list)
    exempt: list[Exempt] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)

    def sums(self) -> dict[Bucket, Decimal]:
        """Net income of each bucket, below zero for a loss."""
        found: dict[Bucket, Decimal] = {}
        for bucket, amount in summed((bucket, amount) for bucket, amount, _day in self.amounts()):
            found[bucket] = found.get(bucket, ZERO) + amount
        return found

    def amounts(self) -> Iterable[tuple[Bucket, Decimal, TradingDay]]:
        """What went into each bucket on which day."""
        for gain in self.gains:
            yield gain.bucket, gain.taxable, gain.day
        for one in self.vda:
            yield one.bucket, one.taxable, one.day
        for trade in self.trades:
            yield _BUSINESS[trade.head], trade.result, trade.day
        for each in self.earned:
            if each.bucket is not None:
                yield each.bucket, each.taxable, each.day

    def rules(self) -> Iterable[Rule]:
        rows: Sequence[Gain | VdaGain | Trade | Earned | Exempt] = [
            *self.gains, *self.vda, *self.trades, *self.earned, *self.exempt
        ]  # fmt: skip
        for row in rows:
            yield from row.rules

    def remarks(self) -> tuple[str, ...]:
        """What is doubtful about rows beyond their rules, each once; losses that may count for nothing added
        up."""
        found = dict.fromkeys(text for gain in self.gains for text in gain.remarks)
        found |= dict.fromkeys(text for trade in self.trades for text in trade.remarks)
        found |= dict.fromkeys(text for one in self.earned for text in one.remarks)
        return (*found, *stripped_together(one for gain in self.gains for one in gain.stripped))


def summed(parts: Iterable[tuple[_Key, Decimal]]) -> Iterator[tuple[_Key, Decimal]]:
    """Runs of the same key as one sum each: most deeds share a few buckets, and comparing them costs more
    than adding up."""
    sums: dict[int, Decimal] = {}
    keys: dict[int, _Key] = {}
    for key, amount in parts:
        place = id(key)
        keys[place] = key  # kept, so that no other key gets its place
        sums[place] = sums.get(place, ZERO) + amount
    return ((keys[place], amount) for place, amount in sums.items())


def assessed(
    disposals: Iterable[Disposal],
    incomes: Iterable[Income],
    assets: Mapping[InstrumentId, Asset],
    law: Law,
) -> Assessed:
    """Each disposal and income under its head. One that cannot be judged becomes a hole, never nothing."""
    found = Assessed()
    for disposal in disposals:
        hole = _assess(disposal, assets, law, found)
        if hole is not None:
            found.holes.append(
                Hole(disposal.account, disposal.instrument, disposal.closed, disposal.day, hole)
            )
    for income in incomes:
        payer = assets.get(income.instrument) if income.instrument is not None else None
        one = earned_of(income, law.book, payer.tax_class if payer is not None else None)
        if isinstance(one, Missing):
            name = income.instrument or InstrumentId(0)
            found.holes.append(Hole(income.account, name, income.fact, income.day, one))
        else:
            found.earned.append(one)
    found.earned = _with_excess(found.earned, law, assets)
    return found


def _with_excess(earned: list[Earned], law: Law, assets: Mapping[InstrumentId, Asset]) -> list[Earned]:
    """Exempt dividends of shares above the limit of their rule bear a tax that is not computed: the one that
    passes the limit says so. Dividends of a single year are expected."""
    run = ZERO
    told: list[Earned] = []
    for one in earned:
        limit = one.rules[0].word("limit") if one.rules else ""
        payer = assets.get(one.income.instrument) if one.income.instrument is not None else None
        if not limit or payer is None or payer.tax_class not in _SHARES or law.residency is not _RESIDENT:
            told.append(one)
            continue
        was, run = run, run + one.income.amount
        if was <= Decimal(limit) < run:
            section = one.rules[0].word("section")
            remark = f"of dividends above {limit} a year: the tax under section {section} is not computed"
            one = replace(one, remarks=(*one.remarks, remark))
        told.append(one)
    return told


def _assess(
    disposal: Disposal, assets: Mapping[InstrumentId, Asset], law: Law, found: Assessed
) -> Missing | None:
    """Puts one disposal where it belongs; the reason where that is not known."""
    asset = assets.get(disposal.instrument)
    if asset is None:
        return Missing(f"what instrument {disposal.instrument} is", "Say on its page what it is for tax")
    if isinstance(asset.tax_class, Missing):
        return asset.tax_class
    head = head_of(disposal, asset)
    if head is not None:
        return _kept(trade_of(disposal, asset, head, law.book), found.trades)
    if disposal.side is Side.SHORT:
        return Missing(
            f"how a short sale of {asset.name} is taxed", "Ask an adviser; it is not computed here"
        )
    if asset.tax_class is TaxClass.VDA:
        return _kept(vda_gain(disposal, asset, law.book), found.vda)
    if asset.tax_class in {TaxClass.DEPOSIT, TaxClass.PROVIDENT_FUND}:
        interest = deposit_interest(disposal)
        return _kept(earned_of(interest, law.book, asset.tax_class), found.earned)
    if disposal.way is Way.BUYBACK and asset.tax_class in _SHARES:
        return _buyback(disposal, asset, law, found)
    if disposal.way is Way.REDEMPTION and asset.tax_class is TaxClass.SGB:
        return _redemption(disposal, asset, law, found)
    return _gain(disposal, asset, law, found)


def _gain(disposal: Disposal, asset: Asset, law: Law, found: Assessed) -> Missing | None:
    return _kept(gain_of(disposal, asset, law, consideration=disposal.consideration), found.gains)


def _kept(one: _Row | Missing, rows: list[_Row]) -> Missing | None:
    if isinstance(one, Missing):
        return one
    rows.append(one)
    return None


def _buyback(disposal: Disposal, asset: Asset, law: Law, found: Assessed) -> Missing | None:
    """By era: exempt; a dividend of the whole amount with the cost as capital loss; a gain as any other."""
    unlisted = asset.tax_class is TaxClass.UNLISTED_SHARE
    own = law.book.at("buyback.unlisted", disposal.day) if unlisted else None
    era = own if own is not None else rule_at(law.book, "buyback", disposal.day)
    if isinstance(era, Missing):
        return era
    if era.word("treatment") == "exempt":
        found.exempt.append(Exempt(disposal, asset, (era,)))
        return None
    as_dividend = era.word("treatment") == "dividend"
    gain = gain_of(disposal, asset, law, consideration=ZERO if as_dividend else disposal.consideration)
    if isinstance(gain, Missing):
        return gain
    if as_dividend:
        income = earned_of(buyback_dividend(disposal), law.book)
        if isinstance(income, Missing):
            return income
        found.earned.append(replace(income, rules=(*income.rules, era)))
    found.gains.append(replace(gain, rules=(*gain.rules, era)))
    return None


def _redemption(disposal: Disposal, asset: Asset, law: Law, found: Assessed) -> Missing | None:
    """A gold bond paid back by its issuer."""
    rule = rule_at(law.book, "sgb.redemption", disposal.day)
    if isinstance(rule, Missing):
        return rule
    if rule.word("exempt_for") == "subscriber" and disposal.subscribed is None:
        reason = f"whether {asset.name} was bought from the issuer"
        return Missing(reason, "Say of the purchase whether it was a subscription or from the exchange")
    if rule.word("exempt_for") == "subscriber" and not disposal.subscribed:
        return _gain(disposal, asset, law, found)
    found.exempt.append(Exempt(disposal, asset, (rule,)))
    return None
