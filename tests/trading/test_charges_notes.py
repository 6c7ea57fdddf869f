"""A day's contract note: netting within the day, tax per scrip, orders, depository charges."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.trading.deals import amount, deal, exact
from tunefolio.core.errors import Misuse
from tunefolio.trading.charges.deals import Deal, Service
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.lines import Line
from tunefolio.trading.charges.notes import Note, iter_notes, note
from tunefolio.trading.charges.tariffs import tariffs


def noted(*sentences: str) -> Note:
    return note([deal(f"2023-07-13 {one} by zerodha") for one in sentences], tariffs())


def parts(found: Note, name: LineName) -> list[Decimal]:
    line = found.charges.line(name)
    assert isinstance(line, Line)
    return [part.rounded for part in line.parts if part.rounded is not None]


MIXED = ("buy 500 X @ 100 delivery", "sell 500 X @ 105 delivery", "buy 200 X @ 110 delivery")


def test_mixed_trades_are_taxed_at_the_days_average_price() -> None:
    """Zerodha's own example: average 103.75, intraday 12.97 → 13, delivery 20.75 → 21."""
    found = noted(*MIXED)
    line = found.charges.line(LineName.STT)
    assert isinstance(line, Line)
    assert [part.exact for part in line.parts] == [Decimal("12.96875"), Decimal("20.75")]
    assert [part.base for part in line.parts] == [500 * Decimal("103.75"), 200 * Decimal("103.75")]
    assert parts(found, LineName.STT) == [13, 21]
    assert amount(found.charges, LineName.STT) == 34
    assert found.intraday == (("X", Decimal(500)),)


def test_a_day_all_intraday_is_taxed_at_its_average_too() -> None:
    """The same page: 500 bought at 100 and sold at 105 → 102.50 → 12.81 → 13."""
    found = noted("buy 500 X @ 100 intraday", "sell 500 X @ 105 intraday")
    assert exact(found.charges, LineName.STT) == Decimal("12.8125")
    assert amount(found.charges, LineName.STT) == 13


def test_the_other_lines_take_what_was_really_paid() -> None:
    found = noted(*MIXED).charges
    assert found.value == 124_500
    assert exact(found, LineName.EXCHANGE) == Decimal("4.04625"), "no digit is lost by the split"
    assert amount(found, LineName.EXCHANGE) == Decimal("4.05")
    assert found.line(LineName.DP) is None, "more was bought than sold"


def test_what_was_bought_and_sold_within_the_day_is_intraday_whatever_the_order_said() -> None:
    as_delivery = noted("buy 10 X @ 100 delivery", "sell 10 X @ 101 delivery")
    as_intraday = noted("buy 10 X @ 100 intraday", "sell 10 X @ 101 intraday")
    assert as_delivery.charges.lines == as_intraday.charges.lines


def test_two_exchanges_do_not_net() -> None:
    day = "2023-07-13"
    found = note(
        [
            deal(f"{day} buy 10 X @ 1000 delivery by zerodha"),
            deal(f"{day} sell 10 X @ 1000 delivery by zerodha at BSE A"),
        ],
        tariffs(),
    )
    assert amount(found.charges, LineName.STT) == 20
    assert found.intraday == ()


def test_tax_is_rounded_for_each_scrip_and_not_for_each_trade() -> None:
    """0.40 + 0.40 of one scrip are 1; of two scrips nothing."""
    assert amount(noted(*["buy 4 X @ 100 delivery"] * 2).charges, LineName.STT) == 1
    two = noted("buy 4 X @ 100 delivery", "buy 4 Y @ 100 delivery")
    assert amount(two.charges, LineName.STT) == 0
    assert exact(two.charges, LineName.STT) == Decimal("0.8")


def test_the_average_price_is_rounded_to_the_paisa_as_the_law_has_it() -> None:
    """Securities Transaction Tax Rules 2004, rule 3: 700040 for 7000 units are 100.00571, taken as 100.01."""
    found = noted("buy 3000 X @ 100 delivery", "buy 4000 X @ 100.01 delivery")
    assert exact(found.charges, LineName.STT) == 7000 * Decimal("100.01") * Decimal("0.001")
    line = found.charges.line(LineName.STT)
    assert isinstance(line, Line)
    assert [rule.name for rule in line.rules] == ["stt.delivery", "rounding.stt", "rounding.average_price"]
    assert exact(found.charges, LineName.SEBI) == Decimal("700040") * Decimal("0.000001"), "what was paid"


@pytest.mark.parametrize(("value", "tax"), [("499", "0"), ("500", "1"), ("1499", "1"), ("1500", "2")])
def test_half_a_rupee_is_rounded_up(value: str, tax: str) -> None:
    assert amount(noted(f"buy 1 X @ {value} delivery").charges, LineName.STT) == Decimal(tax)


def test_the_fills_of_one_order_bear_one_brokerage() -> None:
    day, rest = "2023-07-13", "X @ 1000 intraday by zerodha"
    fills = [deal(f"{day} buy 100 {rest}", order="1"), deal(f"{day} buy 50 {rest}", order="1")]
    assert exact(note(fills, tariffs()).charges, LineName.BROKERAGE) == 0, "all of it stays: delivery is free"
    square = [*fills, deal(f"{day} sell 150 {rest}", order="2")]
    assert exact(note(square, tariffs()).charges, LineName.BROKERAGE) == 40
    unknown = [deal(f"{day} {side} {rest}") for side in ("buy 100", "buy 50", "sell 150")]
    assert exact(note(unknown, tariffs()).charges, LineName.BROKERAGE) == 55, "30 → 20, 15, 45 → 20"


def test_a_service_is_paid_for_once_though_the_order_is_split() -> None:
    day = "2023-07-13"
    called = frozenset({Service.CALL_AND_TRADE})
    found = note(
        [
            deal(f"{day} buy 100 X @ 100 delivery by zerodha", order="1", services=called),
            deal(f"{day} buy 100 X @ 100 delivery by zerodha", order="1", services=called),
            deal(f"{day} sell 50 X @ 100 delivery by zerodha", order="2"),
        ],
        tariffs(),
    )
    assert amount(found.charges, LineName.CALL_AND_TRADE) == 59


def test_the_depository_is_paid_once_for_each_scrip_sold() -> None:
    day = "2023-07-13"
    sales = [
        deal(f"{day} sell 5 X @ 1000 delivery by zerodha", order="1"),
        deal(f"{day} sell 5 X @ 1001 delivery by zerodha", order="2"),
        deal(f"{day} sell 5 X @ 1001 delivery by zerodha at BSE A", order="3"),
        deal(f"{day} sell 5 Y @ 1001 delivery by zerodha", order="4"),
    ]
    assert amount(note(sales, tariffs()).charges, LineName.DP) == 2 * Decimal("15.93")


@pytest.mark.parametrize(("bought", "paid"), [(10, None), (11, None), (9, Decimal("15.93"))])
def test_what_was_bought_at_another_exchange_leaves_no_depository(bought: int, paid: Decimal | None) -> None:
    """One clearing settles both exchanges; each of them sees a delivery all the same, and taxes it."""
    day = "2023-07-13"
    both = [
        deal(f"{day} buy {bought} X @ 1000 delivery by zerodha", order="1"),
        deal(f"{day} sell 10 X @ 1001 delivery by zerodha at BSE A", order="2"),
    ]
    found = note(both, tariffs())
    assert amount(found.charges, LineName.STT) == 10 + bought
    if paid is None:
        assert LineName.DP not in {line.name for line in found.charges.lines}
    else:
        assert amount(found.charges, LineName.DP) == paid


def test_options_are_taxed_by_contract_on_what_was_sold() -> None:
    found = noted("buy 75 C @ 100 options", "sell 75 C @ 120 options", "sell 75 P @ 10 options")
    assert parts(found, LineName.STT) == [6, 0], "9000 × 0.0625% = 5.625; 750 × 0.0625% = 0.47"
    assert found.intraday == (), "only shares are matched"


def test_gst_is_counted_on_unrounded_lines_and_rounded_once() -> None:
    found = noted(*(f"buy 1 S{place} @ 560 delivery" for place in range(9))).charges
    assert exact(found, LineName.GST) == 9 * Decimal("0.0033768")
    assert amount(found, LineName.GST) == Decimal("0.03")


def test_a_note_is_of_one_day_and_broker() -> None:
    one: Deal = deal("2023-07-13 buy 1 X @ 560 delivery by zerodha")
    for other in ("2023-07-14 buy 1 X @ 560 delivery by zerodha", "2023-07-13 buy 1 X @ 5 delivery by groww"):
        with pytest.raises(Misuse):
            note([one, deal(other)], tariffs())
    with pytest.raises(Misuse, match="none"):
        note([], tariffs())
    assert [found.day.iso() for found in iter_notes([deal("2023-07-14 buy 1 X @ 5 delivery by zerodha"), one],
                                               tariffs())] == ["2023-07-13", "2023-07-14"]  # fmt: skip
