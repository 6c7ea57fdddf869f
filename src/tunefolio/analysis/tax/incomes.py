"""What was earned without a sale: dividends, interest, rewards, and the tax withheld from all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.disposals import Books, Disposal, Hole
from tunefolio.analysis.tax.foreign import in_rupees
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


@dataclass(frozen=True, slots=True)
class Income:
    """One receipt. amount: rupees before tax withheld; accrued interest paid with a bond counts below zero.

    withheld: tax deducted at source. is_abroad: by another country, where it is no credit against the year's
    tax but a matter of relief. instrument: None of cash.
    """

    kind: IncomeKind
    day: TradingDay
    amount: Decimal
    withheld: Decimal
    account: AccountId
    fact: TransactionId
    instrument: InstrumentId | None = None
    is_abroad: bool = False

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


def incomes(books: Books) -> tuple[tuple[Income, ...], tuple[Hole, ...]]:
    """Every receipt of every account, oldest first, and those that cannot be put into rupees."""
    found: list[Income] = []
    holes: list[Hole] = []
    for holdings in books.holdings.values():
        for movement in holdings.movements:
            one = _income(books, movement)
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
    is_trust = tax_class is TaxClass.BUSINESS_TRUST and income.kind is IncomeKind.DIVIDEND
    return Earned(income, bucket, (rule,), (_OF_TRUST,) if is_trust else ())


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


def _income(books: Books, movement: Movement) -> Income | Missing | None:
    """None where nothing was earned and nothing withheld."""
    fact = books.facts.get(movement.transaction)
    kind = _KINDS.get(fact.kind) if fact is not None else None
    amount = movement.income
    if kind is IncomeKind.REPAID:
        amount = movement.realised + movement.lot_fees
    if not amount and not movement.taxes:
        return None
    first = in_rupees(Money(amount, movement.currency), movement.day, books.rates)
    second = in_rupees(Money(movement.taxes, movement.currency), movement.day, books.rates)
    if isinstance(first, Missing):
        return first
    if isinstance(second, Missing):
        return second
    if not amount or kind is None:
        kind = IncomeKind.WITHHELD if not amount else IncomeKind.INTEREST
    return Income(
        kind, movement.day, first.amount, second.amount, movement.account, movement.transaction,
        movement.instrument, movement.currency != INR,
    )  # fmt: skip
