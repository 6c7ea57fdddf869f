"""Shapes of the allocation page: how money is spread, and how far that is from where it should be."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money
from tunefolio.ledger.accounts import Portfolio


class Dimension(StrEnum):
    """By what holdings are grouped. SECTOR has industries inside."""

    SECTOR = "sector"
    ASSET_CLASS = "asset_class"
    ACCOUNT = "account"
    CURRENCY = "currency"
    CAP_CLASS = "cap_class"


@dataclass(frozen=True, slots=True)
class AllocationSlice:
    """One group. key: the scope of its explanations (figures slice.value, slice.weight, slice.drift …).

    weight: value ÷ value of the whole. target: the weight wished for, None when none is set. drift: weight −
    target. to_target: money to buy (or sell, below zero) to come to the target while the whole stays as it
    is.
    instruments: distinct companies. unpriced: holdings without a price, left out of value. parts: the next
    level.
    """

    name: str
    key: str
    instruments: int
    invested: Money
    value: Money | Missing
    pnl: Money | Missing
    weight: Decimal | Missing
    target: Decimal | None
    drift: Decimal | Missing | None
    to_target: Money | Missing | None
    unpriced: int
    parts: tuple[AllocationSlice, ...] = ()


@dataclass(frozen=True, slots=True)
class AllocationView:
    """All holdings of a view by one dimension, largest first; values add up to `value` exactly.

    targets_sum: of all set targets, None without any; targets need not add up to 1, `rest` is what they
    leave.
    missing: sentences on holdings that no rate or price could value.
    """

    portfolio: Portfolio | None
    key: str
    dimension: Dimension
    currency: Currency
    value: Money
    unpriced: int
    slices: tuple[AllocationSlice, ...]
    targets_sum: Decimal | None
    missing: tuple[str, ...] = ()
