"""What a sale today would change: tax saved, the exemption's wash, and offers that would save nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.analysis.taxes import ACCOUNT, ASSETS, day, law, number, sold, taxed
from tests.books import told
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.harvest import Offer, gains, losses, sale, what_if
from tunefolio.analysis.tax.taxpayer import Taxpayer
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TransactionId
from tunefolio.core.money import Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Lot

EQ, GOLD = TaxClass.LISTED_EQUITY, TaxClass.GOLD
TODAY = day("2025-11-21")


def lot(bought: str | None, units: int, cost: str | int, fees: str = "0") -> Lot:
    """cost: of all units, charges included."""
    known = None if bought is None else day(bought)
    seen = known or day("2025-01-01")
    return Lot(TransactionId(1), known, seen, Decimal(units), Money.of(cost), Money.of(fees))


def offer(*lots: Lot, price: str | int, what: TaxClass = EQ, costs: str = "0") -> Offer:
    return Offer(ACCOUNT, number(what), lots, Decimal(price), Decimal(costs))


def year(*deeds: Disposal, who: Taxpayer | None = None) -> TaxYear:
    return taxed("2025-26", deeds, who=who)


def with_gain(amount: int, *, short: bool = False) -> TaxYear:
    bought = "2025-04-01" if short else "2020-01-01"
    return year(sold(EQ, bought, "2025-06-02", cost=0, brought=amount))


def test_a_loss_saves_the_tax_on_the_gain_it_meets() -> None:
    """1,000 short-term at 20 % and cess; a loss of 400 saves 83.20."""
    (one,) = losses(
        with_gain(1000, short=True), [offer(lot("2025-05-02", 10, 1000), price=60)], ASSETS, TODAY
    )
    assert told(one.units, one.gain, one.saved) == (10, -400, Decimal("83.20"))
    assert told(one.effect.carried, one.effect.exemption_used, one.effect.lacks) == (0, 0, ())


def test_first_in_first_out_stops_before_a_lot_that_brings_a_gain() -> None:
    lots = (lot("2025-05-02", 10, 1000), lot("2025-06-02", 10, 100))
    (one,) = losses(with_gain(1000, short=True), [offer(*lots, price=60)], ASSETS, TODAY)
    assert one.units == 10


def test_a_loss_that_only_washes_the_exemption_out_is_not_offered() -> None:
    """1,00,000 of long-term gain is exempt as it is: set-off comes before the exemption."""
    base, loss = with_gain(100_000), offer(lot("2020-05-04", 10, 1000), price=60)
    assert losses(base, [loss], ASSETS, TODAY) == ()
    effect = what_if(base, sale(loss, Decimal(10), TODAY), ASSETS)
    assert told(effect.tax, effect.exemption_used) == (0, -400)


def test_what_saves_most_comes_first() -> None:
    base = year(
        sold(EQ, "2025-04-01", "2025-06-02", cost=0, brought=500),
        sold(GOLD, "2020-04-01", "2025-06-02", cost=0, brought=500),
    )
    small, large = (
        offer(lot("2025-05-02", 1, 100), price=60),
        offer(lot("2020-05-02", 10, 1000), price=60, what=GOLD),
    )
    assert [told(one.instrument, one.saved) for one in losses(base, [small, large], ASSETS, TODAY)] == [
        (number(GOLD), Decimal("52.000")), (number(EQ), Decimal("8.32"))
    ]  # fmt: skip


def test_gains_are_taken_as_far_as_the_exemption_reaches() -> None:
    """1,25,000 − 1,00,000 used leaves 25,000: at 100 a unit 250 of 400 units."""
    (one,) = gains(with_gain(100_000), [offer(lot("2020-05-04", 400, 40_000), price=200)], ASSETS, TODAY)
    assert told(one.units, one.gain, one.saved) == (250, 25_000, 0)
    assert one.effect.exemption_used == 25_000


def test_whole_lots_and_a_part_of_the_next() -> None:
    lots = (lot("2020-05-04", 100, 10_000), lot("2020-06-04", 400, 0))
    (one,) = gains(with_gain(100_000), [offer(*lots, price=200)], ASSETS, TODAY)
    assert told(one.units, one.gain) == (175, 25_000)


@pytest.mark.parametrize(
    "wrong",
    [
        offer(lot("2025-05-02", 10, 100), price=200),
        offer(lot("2020-05-02", 10, 100), price=200, what=GOLD),
        offer(lot("2020-05-02", 10, 4000), price=200),
        offer(lot(None, 10, 100), price=200),
    ],
)
def test_short_term_gold_losing_or_undated_lots_are_no_gains_to_take(wrong: Offer) -> None:
    assert gains(with_gain(0), [wrong], ASSETS, TODAY) == ()


def test_gains_stop_before_a_lot_that_is_short_term() -> None:
    lots = (lot("2020-01-01", 10, 1400), lot("2025-06-02", 10, 1500))
    (one,) = gains(year(), [offer(*lots, price=160)], ASSETS, TODAY)
    assert told(one.units, one.gain, one.effect.tax) == (10, 200, 0)


def test_nothing_is_left_of_a_used_exemption() -> None:
    assert gains(with_gain(125_000), [offer(lot("2020-05-04", 1, 1), price=2)], ASSETS, TODAY) == ()


def test_expected_charges_lower_the_gain() -> None:
    (one,) = sale(offer(lot("2020-05-04", 10, 1010, "10"), price=200, costs="0.001"), Decimal(5), TODAY)
    assert told(one.units, one.consideration, one.cost) == (5, 1000, 500)
    assert told(one.bought.total, one.sold.total) == (5, 1)


def test_more_than_is_held_and_another_year_are_refused() -> None:
    held = offer(lot("2020-05-04", 10, 1000), price=200)
    with pytest.raises(Misuse, match="10 held"):
        sale(held, Decimal(11), TODAY)
    with pytest.raises(Misuse, match="is not in 2025-26"):
        what_if(year(), sale(held, Decimal(1), day("2026-04-01")), ASSETS)


def test_an_effect_that_is_not_known_in_full_says_why() -> None:
    effect = what_if(
        year(), sale(offer(lot("2025-05-04", 1, 1), price=2, what=GOLD), Decimal(1), TODAY), ASSETS
    )
    assert [hole.cure for hole in effect.lacks] == ["Enter the rate of the highest slab reached"]
    undated = what_if(year(), sale(offer(lot(None, 1, 1), price=2), Decimal(1), TODAY), ASSETS)
    assert "day of purchase" in undated.lacks[0].reason


@given(
    some.lists(some.tuples(some.integers(0, 2000), some.integers(1, 50), some.integers(0, 9000)), max_size=6),
    some.integers(1, 300),
    some.integers(-200_000, 200_000),
)
def test_an_offer_does_what_it_says(parts: list[tuple[int, int, int]], price: int, gain: int) -> None:
    """Taking a candidate into the year changes the tax by what it promised; gains never add any."""
    sales = sold(EQ, "2020-01-01", "2025-06-02", cost=max(-gain, 0), brought=max(gain, 0))
    base = taxed("2025-26", [sales], by=law(listed_equity="100"))
    days = sorted((TODAY.plus_days(-1 - back), units, cost) for back, units, cost in parts)
    held = offer(*(lot(_iso(on), units, cost) for on, units, cost in days), price=price)
    for one in (*losses(base, [held], ASSETS, TODAY), *gains(base, [held], ASSETS, TODAY)):
        done = taxed("2025-26", [sales, *sale(held, one.units, TODAY)], by=law(listed_equity="100"))
        assert base.levy.total - done.levy.total == one.saved
        assert one.saved >= 0
        assert done.levy.exemption.used - base.levy.exemption.used == one.effect.exemption_used


def _iso(on: TradingDay) -> str:
    return on.iso()
