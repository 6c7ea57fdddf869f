"""What was earned without a sale: dividends, interest, rewards, and the tax withheld from all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.analysis.tax.assets import Asset, TaxClass
from tunefolio.analysis.tax.disposals import Books, Disposal, Hole
from tunefolio.analysis.tax.foreign import (
    FX,
    FX_OF_YEAR,
    FX_WITHHELD,
    Converted,
    converted,
    converted_at_year_end,
)
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.rulebook import ZERO, doubts_of, rule_at
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Money
from tunefolio.core.rules import Rule, Rulebook
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.kinds import Kind


class IncomeKind(StrEnum):
    """BUYBACK: its whole amount, in the years in which that was a dividend. REPAID: beyond cost. WITHHELD:
    tax alone, which belongs to no income of the books."""

    DIVIDEND = "dividend"
    INTEREST = "interest"
    DEPOSIT = "deposit"
    REWARD = "reward"
    BUYBACK = "buyback"
    REPAID = "repaid"
    WITHHELD = "withheld"


_KINDS: Mapping[Kind, IncomeKind] = {
    Kind.DIVIDEND: IncomeKind.DIVIDEND,
    Kind.REINVEST: IncomeKind.DIVIDEND,
    Kind.IN_SPECIE: IncomeKind.DIVIDEND,
    Kind.INTEREST: IncomeKind.INTEREST,
    Kind.BUY: IncomeKind.INTEREST,
    Kind.SELL: IncomeKind.INTEREST,
    Kind.STAKING: IncomeKind.REWARD,
    Kind.AIRDROP: IncomeKind.REWARD,
    Kind.REPAYMENT: IncomeKind.REPAID,
}
_LENT = frozenset({TaxClass.DEPOSIT, TaxClass.PROVIDENT_FUND})
"""Money lent that is no security."""


@dataclass(frozen=True, slots=True)
class Income:
    """One receipt. amount: rupees before tax withheld; accrued interest paid with a bond counts below zero.

    withheld: tax deducted at source. is_abroad: by another country, where it is no credit against the year's
    tax but a matter of relief. instrument: None of cash. paid: the amount as it was paid, of what came in a
    foreign currency; fx: the rule that named its rate.
    """

    kind: IncomeKind
    day: TradingDay
    amount: Decimal
    withheld: Decimal
    account: AccountId
    fact: TransactionId
    instrument: InstrumentId | None = None
    is_abroad: bool = False
    paid: Converted | None = None
    fx: str = ""

    @property
    def credit(self) -> Decimal:
        """What counts as paid of the year's tax."""
        return ZERO if self.is_abroad else self.withheld


@dataclass(frozen=True, slots=True)
class Earned:
    """An income with what the law does with it. bucket: None where it is exempt. remarks: what is doubtful
    beyond its rules."""

    income: Income
    bucket: Bucket | None
    rules: tuple[Rule, ...]
    remarks: tuple[str, ...] = ()

    @property
    def taxable(self) -> Decimal:
        return self.income.amount if self.bucket is not None else ZERO

    @property
    def day(self) -> TradingDay:
        return self.income.day

    @property
    def doubts(self) -> tuple[str, ...]:
        return (*doubts_of(self.rules), *self.remarks)


def incomes(
    books: Books, assets: Mapping[InstrumentId, Asset] | None = None
) -> tuple[tuple[Income, ...], tuple[Hole, ...]]:
    """Every receipt of every account, oldest first, and those that cannot be put into rupees.

    assets: what paid them; it decides which day's rate a sum in foreign currency takes.
    """
    found: list[Income] = []
    holes: list[Hole] = []
    for holdings in books.holdings.values():
        for movement in holdings.movements:
            one = _income(books, movement, assets or {})
            if isinstance(one, Income):
                found.append(one)
            elif one is not None:
                name = movement.instrument or InstrumentId(0)
                holes.append(Hole(movement.account, name, movement.transaction, movement.day, one))
    found.sort(key=lambda one: (one.day.date.toordinal(), one.fact))
    return tuple(found), tuple(holes)


def earned_of(
    income: Income, book: Rulebook, tax_class: TaxClass | Missing | None = None
) -> Earned | Missing:
    """To which head it goes by the rule of its day. tax_class: of what paid it; None of cash."""
    if income.kind is IncomeKind.WITHHELD:
        return Earned(income, None, ())
    rule = rule_at(book, _rule_name(income, tax_class), income.day)
    if isinstance(rule, Missing):
        return rule
    bucket = Bucket(Head.OTHER_SOURCES, None, "at slab") if rule.word("treatment") == "slab" else None
    names = (income.fx, FX_WITHHELD if income.is_abroad and income.withheld else "")
    abroad = tuple(found for name in names if name and (found := book.at(name, income.day)) is not None)
    return Earned(income, bucket, (rule, *abroad), _remarks(income, tax_class))


def _remarks(income: Income, tax_class: TaxClass | Missing | None) -> tuple[str, ...]:
    found = []
    if tax_class is TaxClass.BUSINESS_TRUST and income.kind is IncomeKind.DIVIDEND:
        found.append(_OF_TRUST)
    if income.paid is not None and income.paid.remark:
        found.append(income.paid.remark)
    return tuple(found)


_OF_TRUST = (
    "a business trust's distribution is dividend, interest and repayment in parts that its statement tells; "
    "it was taken whole as income"
)


def _rule_name(income: Income, tax_class: TaxClass | Missing | None) -> str:
    if tax_class is TaxClass.PROVIDENT_FUND:
        return "provident_fund"
    if income.kind is IncomeKind.DIVIDEND and tax_class is TaxClass.FOREIGN_SHARE:
        return "foreign_dividend"
    return "dividend" if income.kind is IncomeKind.BUYBACK else income.kind.value


def buyback_dividend(disposal: Disposal) -> Income:
    """The whole amount of a buyback as the dividend it counted for."""
    return Income(
        IncomeKind.BUYBACK, disposal.day, disposal.consideration, ZERO, disposal.account, disposal.closed,
        disposal.instrument,
    )  # fmt: skip


def deposit_interest(disposal: Disposal) -> Income:
    """What a deposit that ended paid beyond its principal; below zero where it was broken at a loss."""
    return Income(
        IncomeKind.DEPOSIT, disposal.day, disposal.consideration - disposal.cost, ZERO, disposal.account,
        disposal.closed, disposal.instrument,
    )  # fmt: skip


def _income(
    books: Books, movement: Movement, assets: Mapping[InstrumentId, Asset]
) -> Income | Missing | None:
    """None where nothing was earned and nothing withheld."""
    fact = books.facts.get(movement.transaction)
    kind = _KINDS.get(fact.kind) if fact is not None else None
    amount = movement.income
    if kind is IncomeKind.REPAID:
        amount = movement.realised + movement.lot_fees
    if not amount and not movement.taxes:
        return None
    if not amount or kind is None:
        kind = IncomeKind.WITHHELD if not amount else IncomeKind.INTEREST
    if movement.currency != INR:
        return _from_abroad(books, movement, kind, amount, _fx(kind, movement, assets))
    return Income(
        kind, movement.day, amount, movement.taxes, movement.account, movement.transaction,
        movement.instrument,
    )  # fmt: skip


def _from_abroad(
    books: Books, movement: Movement, kind: IncomeKind, amount: Decimal, fx: str
) -> Income | Missing:
    """Tax withheld takes the rate of the month before, whatever its income takes (rule 128)."""
    whole, day = Money(amount, movement.currency), movement.day
    paid = (
        converted_at_year_end(whole, day, books.rates, today=books.today)
        if fx == FX_OF_YEAR
        else converted(whole, day, books.rates)
    )
    if isinstance(paid, Missing):
        return paid
    withheld = (
        converted(Money(movement.taxes, movement.currency), day, books.rates) if movement.taxes else None
    )
    if isinstance(withheld, Missing):
        return withheld
    return Income(
        kind, day, paid.rupees, ZERO if withheld is None else withheld.rupees, movement.account,
        movement.transaction, movement.instrument, True, paid, fx,
    )  # fmt: skip


def _fx(kind: IncomeKind, movement: Movement, assets: Mapping[InstrumentId, Asset]) -> str:
    """Which rule names the rate: dividends and what securities pay take the month before; interest of money
    and deposits, and what counts as income beyond cost, that of the year."""
    if kind is IncomeKind.REPAID:
        return FX_OF_YEAR
    if kind is not IncomeKind.INTEREST:
        return FX
    payer = assets.get(movement.instrument) if movement.instrument is not None else None
    is_security = movement.instrument is not None and (payer is None or payer.tax_class not in _LENT)
    return FX if is_security else FX_OF_YEAR
