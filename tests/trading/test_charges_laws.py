"""Laws of charges: more value never costs less, scrips and days add up, the past stays as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from importlib import resources

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.trading.deals import exact
from tunefolio.core.missing import Missing
from tunefolio.core.time import TradingDay
from tunefolio.trading.charges.charges import charges
from tunefolio.trading.charges.deals import Deal, Ending, Segment, Units
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.lines import Line
from tunefolio.trading.charges.notes import iter_notes, note, tax_of
from tunefolio.trading.charges.tariffs import Tariffs, read_tariffs, tariffs
from tunefolio.trading.orders import OrderSide

FIRST, LAST = TradingDay.parse("2020-07-01"), TradingDay.parse("2026-12-31")
ZERO = Decimal(0)
days = st.integers(0, LAST - FIRST).map(FIRST.plus_days)
prices = st.decimals("0.05", "90000", places=2)
units = st.integers(1, 5_000).map(Decimal)
COMMODITIES = (Segment.COMMODITY_FUTURES, Segment.COMMODITY_OPTIONS)
BROKERS = ("zerodha", "angelone", "groww", "upstox", "kotak", "none")


@st.composite
def one_deals(draw: st.DrawFn) -> Deal:
    """A deal at any broker, in any segment that it and the exchange have."""
    broker = draw(st.sampled_from(BROKERS))
    segment = draw(st.sampled_from(tariffs().segments(broker)))
    places = {Segment.MUTUAL_FUND: ("MF",)} | dict.fromkeys(COMMODITIES, ("MCX",))
    exchange = draw(st.sampled_from(places.get(segment, ("NSE", "BSE"))))
    group = draw(st.sampled_from(tariffs().groups(exchange, segment) or ("",)))
    sort = Units.EQUITY_FUND if segment is Segment.MUTUAL_FUND else Units.SHARE
    ending = draw(st.sampled_from(Ending)) if segment is Segment.OPTIONS and draw(st.booleans()) else None
    side = draw(st.sampled_from(OrderSide))
    return Deal(draw(days), broker, exchange, segment, side, draw(units), draw(prices), "X", group=group,
                units=sort, ending=ending)  # fmt: skip


@st.composite
def day_deals(draw: st.DrawFn, scrips: str = "ABC") -> list[Deal]:
    """Deals in shares of one day at one broker."""
    day, broker = draw(days), draw(st.sampled_from(("zerodha", "angelone", "none")))
    one = st.builds(
        lambda side, quantity, price, scrip, order: Deal(
            day, broker, "NSE", Segment.DELIVERY, side, quantity, price, scrip, order=f"{scrip}{order}"
        ),
        st.sampled_from(OrderSide), units, prices, st.sampled_from(scrips), st.integers(1, 3),
    )  # fmt: skip
    return draw(st.lists(one, min_size=1, max_size=12))


@given(one_deals(), prices)
def test_no_line_falls_when_the_value_rises(deal: Deal, higher: Decimal) -> None:
    assume(higher >= deal.price)
    less, more = charges(deal, tariffs()), charges(replace(deal, price=higher), tariffs())
    assert [line.name for line in less.lines] == [line.name for line in more.lines]
    for low, high in zip(less.lines, more.lines, strict=True):
        if isinstance(low, Line) and isinstance(high, Line):
            assert low.exact <= high.exact, low.name
            assert low.amount <= high.amount, low.name
    assert less.known <= more.known


@given(one_deals())
def test_no_line_is_negative_and_each_is_rounded_once(deal: Deal) -> None:
    for line in charges(deal, tariffs()).found:
        step = 1 if line.name in (LineName.STT, LineName.CTT) else Decimal("0.01")
        assert line.amount.amount >= 0
        assert line.amount.amount % step == 0
        assert abs(line.amount.amount - line.exact) <= Decimal(step) / 2, "half a step at most"


@given(one_deals())
def test_a_total_is_known_or_missing_with_a_cure(deal: Deal) -> None:
    found = charges(deal, tariffs())
    if isinstance(found.total, Missing):
        assert found.total.reason
        assert found.total.cure
    else:
        assert found.total == found.known


@given(day_deals("AB"), day_deals("CD"))
def test_scrips_add_up(some: list[Deal], others: list[Deal]) -> None:
    """Two sets of scrips on one day: every line to the last digit, the tax in rupees, the rest to a paisa."""
    day, broker = some[0].day, some[0].broker
    others = [replace(deal, day=day, broker=broker) for deal in others]
    apart = [note(deals, tariffs()).charges for deals in (some, others)]
    together = note([*some, *others], tariffs()).charges
    for line in together.found:
        halves = [found.line(line.name) for found in apart]
        assert all(half is None or isinstance(half, Line) for half in halves)
        known = [half for half in halves if isinstance(half, Line)]
        assert sum((half.exact for half in known), ZERO) == line.exact, line.name
        rounded = sum((half.amount.amount for half in known), ZERO)
        slack = ZERO if line.name in (LineName.STT, LineName.DP) else Decimal("0.01")
        assert abs(rounded - line.amount.amount) <= slack, line.name


@given(st.lists(day_deals(), min_size=1, max_size=4))
def test_days_add_up(some: list[list[Deal]]) -> None:
    """Notes of many days, read from one heap of deals, are the notes of each day and broker by itself."""
    heaps: dict[tuple[TradingDay, str], list[Deal]] = {}
    for deal in (deal for deals in some for deal in deals):
        heaps.setdefault((deal.day, deal.broker), []).append(deal)
    apart = {key: note(deals, tariffs()).charges for key, deals in heaps.items()}
    found = list(iter_notes((deal for deals in some for deal in deals), tariffs()))
    assert [(one.day, one.broker) for one in found] == sorted(heaps)
    assert all(one.charges == apart[one.day, one.broker] for one in found)
    assert sum((one.charges.value for one in found), ZERO) == sum(
        (deal.value for deals in some for deal in deals), ZERO
    )


@given(day_deals())
def test_the_tax_alone_is_that_of_the_note(deals: list[Deal]) -> None:
    line = note(deals, tariffs()).charges.line(LineName.STT)
    assert isinstance(line, Line)
    assert tuple(tax_of(deals, tariffs())) == line.parts


@given(day_deals())
def test_the_order_in_which_fills_come_changes_nothing(deals: list[Deal]) -> None:
    forth, back = note(deals, tariffs()).charges, note(deals[::-1], tariffs()).charges
    assert {line.name: line.amount for line in forth.found} == {line.name: line.amount for line in back.found}


@given(day_deals("A"))
def test_what_is_split_into_intraday_and_delivery_adds_up_to_the_day(deals: list[Deal]) -> None:
    found = note(deals, tariffs()).charges
    line = found.line(LineName.EXCHANGE)
    assert isinstance(line, Line)
    assert line.base == found.value == sum((deal.value for deal in deals), ZERO)
    tax = found.line(LineName.STT)
    assert isinstance(tax, Line)
    rounded_off = sum((deal.quantity for deal in deals), ZERO) * Decimal("0.005")
    assert tax.base <= found.value + rounded_off, "the average price is rounded to the paisa"


@given(st.lists(st.tuples(units, prices), min_size=1, max_size=8))
def test_fills_of_one_order_cost_what_the_order_at_its_average_costs(
    fills: list[tuple[Decimal, Decimal]],
) -> None:
    day = TradingDay.parse("2026-11-20")
    deals = [
        Deal(day, "zerodha", "NSE", Segment.FUTURES, OrderSide.SELL, quantity, price, "F", order="1")
        for quantity, price in fills
    ]
    value = sum((deal.value for deal in deals), ZERO)
    whole = Deal(day, "zerodha", "NSE", Segment.FUTURES, OrderSide.SELL, Decimal(1), value, "F")
    one, many = charges(whole, tariffs()), note(deals, tariffs()).charges
    assert [line.amount for line in one.found] == [line.amount for line in many.found]


# The past stays as it was -------------------------------------------------------------------------

_TEXT = resources.files("tunefolio.trading.data").joinpath("charges_india.json").read_text("utf-8")
_NAMES = sorted({row["name"] for row in json.loads(_TEXT)["rules"] if "rate" in row and "groups" not in row})


def ending_on(name: str, day: TradingDay) -> Tariffs:
    """The shipped rules with another rate of `name` from the day after, as if a row had been added."""
    told = json.loads(_TEXT)
    kept = []
    for row in told["rules"]:
        if row["name"] == name and row["from"] > day.iso():
            continue
        if row["name"] == name and row.get("to", "9999-12-31") > day.iso():
            row.pop("to", None)
        kept.append(row)
    last = next(row for row in reversed(kept) if row["name"] == name)
    kept.append(last | {"from": day.plus_days(1).iso(), "rate": "0.5"})
    return read_tariffs(json.dumps(told | {"rules": kept}), place="changed")


@given(st.sampled_from(_NAMES), st.integers(1, 2_000), one_deals())
def test_a_new_end_of_a_rule_changes_no_figure_before_it(name: str, after: int, deal: Deal) -> None:
    starts = tariffs().book.history(name)[0].since
    changed = ending_on(name, starts.plus_days(after))
    assume(deal.day <= starts.plus_days(after))
    assert _figures(deal, changed) == _figures(deal, tariffs())


def _figures(deal: Deal, by: Tariffs) -> list[tuple[str, str]]:
    return [
        (line.name, str(line.exact) if isinstance(line, Line) else "missing")
        for line in charges(deal, by).lines
    ]


def test_a_new_end_changes_the_figures_after_it() -> None:
    day = TradingDay.parse("2026-11-20")
    deal = Deal(day, "zerodha", "NSE", Segment.DELIVERY, OrderSide.BUY, Decimal(1), Decimal(100), "X")
    changed = ending_on("stt.delivery", day.plus_days(-1))
    assert exact(charges(deal, changed), LineName.STT) == 50
    assert exact(charges(deal, tariffs()), LineName.STT) == Decimal("0.1")
