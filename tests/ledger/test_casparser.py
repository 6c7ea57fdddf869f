"""Mutual funds beside casparser's gains engine, an independent FIFO: the same units of the same purchases.

Known differences: it rounds each part of a purchase and of its stamp duty by itself, so that a purchase sold
in parts may be paise away from what was paid; our parts always add up. It forgets less than 0.01 units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from casparser.analysis.gains import FIFOUnits, Fund
from casparser.enums import TransactionType
from casparser.types import TransactionData
from hypothesis import given
from hypothesis import strategies as st

from tests.books import book
from tunefolio.core.identity import InstrumentId
from tunefolio.ledger.positions import Nature, Terms, fold

_FUND = Terms(natures={InstrumentId(1): Nature(squares=False)})
_PAISA_A_PART = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class Deal:
    """units: below zero for a redemption. stamp: paid on top of a purchase."""

    day: date
    units: Decimal
    nav: Decimal
    stamp: Decimal = Decimal(0)

    @property
    def amount(self) -> Decimal:
        return (abs(self.units) * self.nav).quantize(Decimal("0.01"))


@st.composite
def lives(draw: st.DrawFn) -> list[Deal]:
    """Instalments and redemptions of one scheme, one a day, never beyond what is held."""
    day, held, deals = date(2019, 1, 7), Decimal(0), list[Deal]()
    for _ in range(draw(st.integers(2, 14))):
        day += timedelta(days=draw(st.integers(1, 90)))
        nav = draw(st.decimals("10", "900", places=4))
        if held > 1 and draw(st.booleans()):
            units = draw(st.decimals("0.5", held, places=3))
            deals.append(Deal(day, -units, nav))
            held -= units
        else:
            units = draw(st.decimals("1", "500", places=3))
            stamp = draw(st.sampled_from([Decimal(0), Decimal("0.25"), Decimal("1.25")]))
            deals.append(Deal(day, units, nav, stamp))
            held += units
    return deals


@given(lives())
def test_the_same_units_of_the_same_purchases_are_sold(deals: list[Deal]) -> None:
    theirs = FIFOUnits(Fund("A scheme", "1/1", "INF000A01010", "EQUITY"), list(_cas(deals))).gains
    (position,) = fold(book("\n".join(_lines(deals))), _FUND).positions.values()
    ours = [match for match in position.matches if match.lot.quantity >= Decimal("0.01")]
    theirs = [entry for entry in theirs if entry.units >= Decimal("0.01")]
    assert [(m.lot.day.date, m.day.date, m.lot.quantity) for m in ours if m.lot.day is not None] == [
        (entry.purchase_date, entry.sale_date, entry.units) for entry in theirs
    ]
    for match, entry in zip(ours, theirs, strict=True):
        assert abs(match.lot.price_cost.amount - entry.purchase_value) <= _PAISA_A_PART * len(deals)
        assert abs(match.proceeds.amount - entry.sale_value) <= _PAISA_A_PART
        assert abs(match.lot.fees.amount - entry.stamp_duty) <= _PAISA_A_PART


def test_stamp_duty_of_a_lot_sold_in_three_parts_is_given_out_once() -> None:
    """1.25 goes out as 0.42 + 0.42 + 0.41, as casparser's own example has it."""
    start = date(2023, 4, 3)
    sales = [Deal(start + timedelta(days=400 + n), Decimal(-100), Decimal(60)) for n in range(3)]
    deals = [Deal(start, Decimal(300), Decimal(50), Decimal("1.25")), *sales]
    (position,) = fold(book("\n".join(_lines(deals))), _FUND).positions.values()
    shares = sorted(match.lot.fees.amount for match in position.matches)
    assert shares == [Decimal("0.41"), Decimal("0.42"), Decimal("0.42")]
    theirs = FIFOUnits(Fund("A scheme", "1/1", "INF000A01010", "EQUITY"), list(_cas(deals))).gains
    assert sorted(entry.stamp_duty for entry in theirs) == shares


def _lines(deals: list[Deal]) -> Iterator[str]:
    for deal in deals:
        if deal.units > 0:
            yield f"{deal.day} sip {deal.units} NSE:INFY @ {deal.nav} = {deal.amount} fee {deal.stamp}"
        else:
            yield f"{deal.day} sell {-deal.units} NSE:INFY @ {deal.nav} = {deal.amount}"


def _cas(deals: list[Deal]) -> Iterator[TransactionData]:
    """The same as lines of a consolidated account statement; money and units of a redemption below zero."""
    for deal in deals:
        sort = TransactionType.PURCHASE_SIP if deal.units > 0 else TransactionType.REDEMPTION
        amount = deal.amount if deal.units > 0 else -deal.amount
        yield _told(deal.day, sort, amount, units=deal.units, nav=deal.nav)
        if deal.stamp:
            yield _told(deal.day, TransactionType.STAMP_DUTY_TAX, deal.stamp)


def _told(
    day: date,
    sort: TransactionType,
    amount: Decimal,
    *,
    units: Decimal | None = None,
    nav: Decimal | None = None,
) -> TransactionData:
    return TransactionData(date=day, description=sort.value, amount=amount, units=units, nav=nav, type=sort)
