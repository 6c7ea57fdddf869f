"""The arrays of a chart: adjusted or as paid, studies with their past, events and one's own trades."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from tests.services.desks import Desk
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import Action, ActionKind, Terms
from tunefolio.market.bars import Bar, Bars
from tunefolio.services.views.charts import ChartView, Prices, chart
from tunefolio.services.views.instrument import instrument_view
from tunefolio.services.views.market import market_view
from tunefolio.store import actions, bars

pytestmark = pytest.mark.one_is_enough

SPLIT = TradingDay.parse("2026-06-01")
LAST = TradingDay.parse("2026-11-19")


@pytest.fixture
def infy(desk: Desk) -> InstrumentId:
    """Three hundred days of a share that was split 2:1, once bought and still held."""
    desk.write_down("2026-03-02 buy 10 NSE:INFY @ 1000\n")
    id = desk.instrument("INFY")
    days = [LAST.plus_days(-back) for back in range(420, -1, -1) if LAST.plus_days(-back).date.weekday() < 5]
    rows = [_bar(day, place) for place, day in enumerate(days)]
    split = Action(id, SPLIT, Terms(ActionKind.SPLIT, Decimal(2), Decimal(1)), "register", "r:1")
    with desk.database.writing() as db:
        bars.put(db, id, INR, Bars.of(rows, "nse"), desk.house.clock.now())
        actions.put(db, [split], desk.house.clock.now())
    desk.price("INFY", "520", "500")
    return id


def _bar(day: TradingDay, place: int) -> Bar:
    level = Decimal(1_000 + place % 7) / (1 if day < SPLIT else 2)
    return Bar(day, level, level - 1, level + 5, level - 5, 1_000 + place)


def drawn(desk: Desk, id: InstrumentId, **asked: object) -> ChartView:
    with desk.database.reading() as db:
        return chart(db, desk.house, desk.viewer, id, **asked)  # type: ignore[arg-type]


@pytest.mark.on_both
def test_adjusted_prices_do_not_jump_at_a_split_and_raw_ones_do(desk: Desk, infy: InstrumentId) -> None:
    adjusted = drawn(desk, infy, span="1Y")
    raw = drawn(desk, infy, span="1Y", prices=Prices.RAW)
    steps = np.abs(np.diff(adjusted.close) / adjusted.close[:-1])
    assert steps.max() < 0.02
    assert np.abs(np.diff(raw.close) / raw.close[:-1]).max() > 0.4
    assert raw.close[-1] == adjusted.close[-1]
    before = raw.days < SPLIT.date.toordinal()
    np.testing.assert_allclose(raw.volume[before] * 2, adjusted.volume[before])


def test_a_study_stands_on_the_first_day_of_the_span(desk: Desk, infy: InstrumentId) -> None:
    view = drawn(desk, infy, span="1M", studies=("sma50", "rsi14", "macd", "bb20", "atr14"))
    assert set(view.studies) == {
        "sma50", "rsi14", "atr14", "macd", "macd_signal", "macd_histogram",
        "bb20_upper", "bb20_middle", "bb20_lower",
    }  # fmt: skip
    assert all(len(values) == len(view.days) for values in view.studies.values())
    assert not np.isnan(view.studies["sma50"]).any()
    whole = drawn(desk, infy, span="all", studies=("sma50",))
    np.testing.assert_allclose(view.studies["sma50"], whole.studies["sma50"][-len(view.days) :])


def test_events_and_own_trades_are_marked_within_the_span(desk: Desk, infy: InstrumentId) -> None:
    year = drawn(desk, infy, span="1Y")
    assert [(one.kind, one.title) for one in year.events] == [("split", "Split 2:1")]
    assert [(one.day.iso(), one.kind) for one in year.trades] == [("2026-03-02", "buy")]
    assert drawn(desk, infy, span="1M").events == ()
    assert drawn(desk, infy, span="1M").trades == ()


def test_a_neighbour_sees_the_prices_and_not_the_trades(desk: Desk, infy: InstrumentId) -> None:
    neighbour = desk.neighbour()
    with neighbour.database.reading() as db:
        view = chart(db, neighbour.house, neighbour.viewer, infy)
        page = instrument_view(db, neighbour.house, neighbour.viewer, infy)
    assert len(view.days) > 200
    assert view.trades == ()
    assert page.holders == ()


def test_wrong_words_are_named(desk: Desk, infy: InstrumentId) -> None:
    with pytest.raises(Misuse, match="span"):
        drawn(desk, infy, span="2Y")
    for wrong in ("sma", "sma0", "sma9999", "dance", "rsi1", "macd9"):
        with pytest.raises(Misuse, match="studies"):
            drawn(desk, infy, studies=(wrong,))
    with pytest.raises(NotFound):
        drawn(desk, InstrumentId(999_999))


def test_an_instrument_without_bars_has_an_empty_chart(desk: Desk) -> None:
    desk.write_down("2026-03-02 buy 10 NSE:TCS @ 1000\n")
    view = drawn(desk, desk.instrument("TCS"), studies=("sma20",))
    assert len(view.days) == len(view.close) == len(view.studies["sma20"]) == 0


def test_the_page_tells_the_year_and_who_holds(desk: Desk, infy: InstrumentId) -> None:
    with desk.database.reading() as db:
        view = instrument_view(db, desk.house, desk.viewer, infy)
    assert view.year is not None
    assert view.year.high.amount == Decimal("508"), "the highest high in the units of today"
    assert view.year.low.amount == Decimal("495"), "a low after the split"
    assert view.last is not None
    assert view.last.day == LAST
    assert len(view.holders) == 1
    assert view.holders[0].line.position.quantity == Decimal(10)


@pytest.mark.on_both
def test_the_market_page_shows_what_is_held(desk: Desk, infy: InstrumentId) -> None:
    with desk.database.reading() as db:
        view = market_view(db, desk.house, desk.viewer)
    assert [one.instrument.id for one in view.gainers] == [infy]
    assert view.gainers[0].ratio == Decimal("0.04")
    assert (view.breadth.rose, view.breadth.fell) == (1, 0)
    assert view.breadth.above[200] == (1, 1)
    assert [one.symbol for one in view.breadth.highs] == ["INFY"]
    phases = {one.exchange: one.standing.phase.value for one in view.places if one.standing}
    assert phases["NSE"] == "continuous"
    assert phases["CRYPTO"] == "continuous"
    assert phases["NYSE"] == "closed"
