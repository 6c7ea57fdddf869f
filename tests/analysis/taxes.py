"""Deeds and years as sentences: sold("INFY", "2017-01-01", "2018-04-01", cost=100, brought=250)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tunefolio.analysis.tax.assets import Asset, TaxClass
from tunefolio.analysis.tax.computation import Record, TaxYear, tax_year
from tunefolio.analysis.tax.disposals import Charges, Disposal, Way
from tunefolio.analysis.tax.gains import Law
from tunefolio.analysis.tax.incomes import Income, IncomeKind
from tunefolio.analysis.tax.rulebook import tax_rules
from tunefolio.analysis.tax.taxpayer import Taxpayer
from tunefolio.analysis.tax.values2018 import Unlisted2018, Value2018
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Side

CLASSES = tuple(TaxClass)
ACCOUNT = AccountId(1)


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def number(tax_class: TaxClass) -> InstrumentId:
    """One instrument of each class, numbered by its place."""
    return InstrumentId(CLASSES.index(tax_class) + 1)


_LISTED = frozenset(
    {
        TaxClass.LISTED_EQUITY, TaxClass.BUSINESS_TRUST, TaxClass.LISTED_SECURITY, TaxClass.SGB,
        TaxClass.DERIVATIVE,
    }
)  # fmt: skip
ASSETS: Mapping[InstrumentId, Asset] = {
    number(one): Asset(number(one), one.value, f"INE00000{place:02d}01", one, one in _LISTED)
    for place, one in enumerate(CLASSES)
}


@dataclass(frozen=True)
class Told:
    """Values of 2018 by instrument, per unit as sold."""

    each: Mapping[InstrumentId, str] = field(default_factory=dict)

    def of(self, disposal: Disposal) -> Value2018 | Unlisted2018 | Missing:
        value = self.each.get(disposal.instrument)
        if value is None:
            return Missing("the value of 2018-01-31", "Enter it")
        return Value2018(Decimal(value), "told")


def law(**values: str) -> Law:
    """law(listed_equity="200"): the rules of the house, with values of 2018 by class."""
    return Law(tax_rules(), Told({number(TaxClass(name)): value for name, value in values.items()}))


def sold(
    what: TaxClass,
    acquired: str | None,
    on: str,
    *,
    cost: str | int | Decimal,
    brought: str | int | Decimal,
    units: str | int = 1,
    charges: tuple[str, str] = ("0", "0"),
    stt: tuple[str, str] | None = ("0", "0"),
    way: Way = Way.SALE,
    side: Side = Side.LONG,
    subscribed: bool | None = None,
    fact: int = 2,
) -> Disposal:
    """charges, stt: of buying, of selling."""
    shares = (None, None) if stt is None else (Decimal(stt[0]), Decimal(stt[1]))
    bought_on = None if acquired is None else day(acquired)
    return Disposal(
        ACCOUNT, number(what), TransactionId(1), TransactionId(fact), bought_on, day(on),
        Decimal(units), Decimal(brought), Decimal(cost), Charges(Decimal(charges[0]), shares[0]),
        Charges(Decimal(charges[1]), shares[1]), way, side, subscribed,
    )  # fmt: skip


def received(
    kind: IncomeKind, on: str, amount: str | int, withheld: str | int = 0, *, of: TaxClass | None = None
) -> Income:
    payer = None if of is None else number(of)
    is_abroad = of is TaxClass.FOREIGN_SHARE
    fact = TransactionId(9)
    return Income(kind, day(on), Decimal(amount), Decimal(withheld), ACCOUNT, fact, payer, is_abroad)


def taxed(
    year: str,
    deeds: Iterable[Disposal],
    incomes: Iterable[Income] = (),
    *,
    who: Taxpayer | None = None,
    by: Law | None = None,
    assets: Mapping[InstrumentId, Asset] = ASSETS,
) -> TaxYear:
    record = Record(tuple(deeds), tuple(incomes), assets)
    return tax_year(record, who or Taxpayer(), FinancialYear.parse(year), by or law())
