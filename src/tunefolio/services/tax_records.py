"""From folded accounts to what the tax engine judges. Pure: the same for a person and for a text book.

1 Deeds and receipts are read off the folds in rupees. 2 Each instrument gets the class that was told, else
what it is known to be. 3 Where no contract note says how much of a fact's charges is securities transaction
tax, it is worked out by the rules of the day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from tunefolio.analysis.tax import rulebook
from tunefolio.analysis.tax.assets import Asset, TaxClass, asset_of
from tunefolio.analysis.tax.blockers import Blocker, of_holes
from tunefolio.analysis.tax.books import lawful_books
from tunefolio.analysis.tax.computation import Record, TaxYear, tax_years
from tunefolio.analysis.tax.disposals import Books, Way, deeds_of
from tunefolio.analysis.tax.gains import Law
from tunefolio.analysis.tax.incomes import incomes
from tunefolio.analysis.tax.taxpayer import EarlierLoss, Taxpayer
from tunefolio.analysis.tax.values2018 import CUTOFF, Values2018
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.time import TradingDay
from tunefolio.ledger.holdings import Holdings
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.market.funds import FundCategory
from tunefolio.market.fx import NO_RATES, RateBook
from tunefolio.market.instruments import Instrument
from tunefolio.services.funds import NO_FUNDS, KnownFunds
from tunefolio.services.tax_levied import stt_of
from tunefolio.services.terms import nature_of

FIRST_YEAR = FinancialYear(2018)
"""The rules begin with it: gains on listed equity were exempt before."""
_CORPORATE = frozenset({Kind.SPLIT, Kind.RENAME, Kind.MERGER, Kind.DEMERGER})


@dataclass(frozen=True, slots=True)
class Told:
    """What a person says beside the books. classes, values, unlisted: by instrument; the rest by fact.

    unlisted: shares that no exchange listed on 2018-01-31.
    """

    classes: Mapping[InstrumentId, TaxClass] = field(default_factory=dict)
    values: Mapping[InstrumentId, Decimal] = field(default_factory=dict)
    stt: Mapping[TransactionId, Decimal] = field(default_factory=dict)
    ways: Mapping[TransactionId, Way] = field(default_factory=dict)
    subscribed: Mapping[TransactionId, bool] = field(default_factory=dict)
    unlisted: frozenset[InstrumentId] = frozenset()


@dataclass(frozen=True, slots=True)
class Material:
    """One person's books as far as tax needs them. holdings: folded as the law reads them (`lawful`); facts:
    in force, by id; isins: all an instrument ever had; funds: what is known of those that are funds.
    today: of books in foreign currency, until when rates can be known; None: every year counts as over."""

    holdings: Mapping[AccountId, Holdings]
    facts: Mapping[TransactionId, Transaction]
    instruments: Mapping[InstrumentId, Instrument]
    isins: Mapping[InstrumentId, Sequence[str]]
    rates: RateBook = NO_RATES
    told: Told = field(default_factory=Told)
    funds: KnownFunds = NO_FUNDS
    today: TradingDay | None = None

    @property
    def categories(self) -> Mapping[InstrumentId, FundCategory]:
        """Of those that are funds, and on whose word."""
        return self.funds.categories


def lawful(
    histories: Mapping[AccountId, Sequence[Transaction]],
    instruments: Mapping[InstrumentId, Instrument],
    accounts: Collection[AccountId],
) -> dict[AccountId, Holdings]:
    """These accounts folded first in, first out, whatever method is shown.

    histories: of every account that units may have come from. Raises what a fold raises.
    """
    natures = {id: nature_of(one) for id, one in instruments.items()}
    folded = lawful_books(histories, natures).holdings
    return {account: folded[account] for account in accounts if account in folded}


def assets_of(material: Material) -> dict[InstrumentId, Asset]:
    """Every instrument as tax sees it."""
    told, categories = material.told.classes, material.categories
    return {
        id: asset_of(one, told=told.get(id), category=said.words if (said := categories.get(id)) else "")
        for id, one in material.instruments.items()
    }


def record_of(material: Material) -> tuple[Record, Law]:
    """All years at once: charges of a purchase are handed out in the order in which its units leave."""
    assets = assets_of(material)
    told = material.told
    levied = stt_of(material.facts.values(), assets)
    facts = {id: one.fact for id, one in material.facts.items()}
    books = Books(
        material.holdings, facts, {**levied, **told.stt}, told.ways, told.subscribed, material.rates,
        material.today,
    )  # fmt: skip
    deeds = deeds_of(books)
    receipts, more = incomes(books, assets)
    corporate = [fact for fact in facts.values() if fact.kind in _CORPORATE]
    funds = material.funds
    values = Values2018(
        material.isins,
        told.values,
        corporate=corporate,
        unlisted=told.unlisted,
        navs=funds.values,
        navs_by=funds.source,
        listed=frozenset(id for id, one in assets.items() if one.is_listed),
        entered={id: one.day for id, one in facts.items() if _came_late(one)},
    )
    return Record(deeds.disposals, receipts, assets, (*deeds.holes, *more), deeds.unsold), Law(
        rulebook.tax_rules(), values
    )


def _came_late(fact: Fact) -> bool:
    """Bought elsewhere by the day of the value of 2018, and in these books only after it."""
    return fact.acquired is not None and fact.acquired <= CUTOFF < fact.day


def years_of(record: Record, entered: Iterable[FinancialYear], last: FinancialYear) -> list[FinancialYear]:
    """From the first year with a deed, a receipt or an entered loss until the last, without a gap."""
    days = [one.day for one in record.disposals] + [one.day for one in record.incomes]
    starts = [FinancialYear.of(min(days))] if days else []
    first = min([*starts, *entered, last])
    return [FinancialYear(year) for year in range(max(first, FIRST_YEAR).start, last.start + 1)]


def reckoned(
    record: Record,
    law: Law,
    taxpayers: Mapping[FinancialYear, Taxpayer],
    entered: Mapping[FinancialYear, Sequence[EarlierLoss]],
    year: FinancialYear,
    *,
    blockers: Sequence[Blocker] = (),
) -> TaxYear:
    """The year, with the losses that the years before it bring. Deeds of those that cannot be judged stand in
    its way as its own do: what they leave to carry on is not known.

    taxpayers: what was told of a year; a year of which nothing was told is a resident's in the new regime.
    Raises Misuse for a year without rules.
    """
    span = years_of(record, entered, year)
    who = {one: replace(taxpayers.get(one, Taxpayer()), earlier=tuple(entered.get(one, ()))) for one in span}
    done = tax_years(record, who, law)
    before = [one for former in span[:-1] for one in of_holes(done[former].found.holes)]
    last = done[year]
    return replace(last, blockers=(*blockers, *before, *last.blockers), unjudged=len(before))


def until(record: Record, day: TradingDay) -> Record:
    """The record as of the end of a day."""
    return Record(
        [one for one in record.disposals if one.day <= day],
        [one for one in record.incomes if one.day <= day],
        record.assets,
        [one for one in record.holes if one.day <= day],
    )
