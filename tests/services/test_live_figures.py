"""Figures that move by differences: equal to the view, made anew, to the paisa and to the last digit."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.services.desks import Desk
from tunefolio.core.identity import PortfolioId
from tunefolio.core.money import Currency, Price
from tunefolio.core.time import TradingDay
from tunefolio.market.fx import Rate
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.quotes import Quote
from tunefolio.services.live_figures import LiveFigures, live_figures
from tunefolio.services.views import PortfolioView
from tunefolio.services.views.portfolios import portfolio
from tunefolio.store import instruments, quotes
from tunefolio.store.rates import put as put_rates


def must_agree(figures: LiveFigures, view: PortfolioView) -> None:
    """Every figure of the page."""
    whole, told = figures.whole, view.valuation
    assert (whole.value, whole.invested, whole.pnl) == (told.value, told.invested, told.pnl)
    assert whole.day_change == told.day_change
    assert whole.pnl_ratio == told.pnl_ratio()
    assert whole.day_change_ratio == view.day_change_ratio
    assert len(view.rows) == len(figures.lines)
    for row in view.rows:
        key = (row.account.id, row.instrument.id)
        line = figures.lines[key]
        assert line == row.valued
        assert (line.value, line.pnl, line.day_change) == (
            row.valued.value,
            row.valued.pnl,
            row.valued.day_change,
        )
        assert figures.weight_ratio(key) == row.weight_ratio
        assert figures.value(key) == (None if row.value_here is None else row.value_here.amount)
        assert figures.pnl(key) == (None if row.pnl_here is None else row.pnl_here.amount)
        assert figures.is_converted(key) == row.is_converted
    sectors = figures.sectors()
    for sector in view.sectors:
        mine = sectors[sector.sector]
        assert (mine.value if mine.has_price else None) == sector.value
        assert (mine.pnl if mine.has_price else None) == sector.pnl
        assert (mine.pnl_ratio if mine.has_price else None) == sector.pnl_ratio


def start(desk: Desk, portfolio: PortfolioId | None = None) -> LiveFigures:
    with desk.database.reading() as db:
        return live_figures(db, desk.house, desk.viewer, portfolio)


def keep(desk: Desk, some: list[Quote]) -> PortfolioView:
    with desk.database.writing() as db:
        quotes.put(db, some)
    with desk.database.reading() as db:
        return portfolio(db, desk.house, desk.viewer)


@pytest.mark.one_is_enough
@pytest.mark.parametrize("seed", range(5))
def test_random_moves_end_where_the_view_does(desk: Desk, seed: int) -> None:
    """Fractions of units, a short sale, something without a price, dollars with a rate, several accounts."""
    chance = random.Random(seed)
    symbols = [f"S{number}" for number in range(12)]
    for symbol in symbols:
        for _ in range(chance.randint(1, 3)):
            units = Decimal(chance.randint(1, 99_999)) / Decimal(10 ** chance.randint(0, 3))
            paid = Decimal(chance.randint(1, 9_999_999)) / 100
            desk.write_down(f"2026-0{chance.randint(1, 9)}-11 buy {units} NSE:{symbol} @ {paid} fee 1.17")
    desk.write_down("2026-10-05 short 7 NSE:LOAN @ 310.05")
    abroad(desk)
    known = {symbol: desk.instrument(symbol) for symbol in [*symbols, "LOAN"]} | {
        "AAPL": desk.instrument("AAPL", "NASDAQ")
    }
    figures = start(desk)
    at = desk.clock.now()
    for turn in range(25):
        some = []
        for symbol in chance.sample([*symbols, "LOAN", "AAPL"], chance.randint(1, 6)):
            currency = "USD" if symbol == "AAPL" else "INR"
            price = Price.of(Decimal(chance.randint(1, 10**8)) / 10 ** chance.randint(2, 4), currency)
            before = (
                Price.of(Decimal(chance.randint(1, 10**6)) / 100, currency) if chance.random() < 0.8 else None
            )
            some.append(Quote(known[symbol], price, before, at + timedelta(seconds=turn), "test"))
        moved = figures.move({quote.instrument: quote for quote in some})
        assert {key[1] for key in moved} <= {quote.instrument for quote in some}
        must_agree(figures, keep(desk, some))


def abroad(desk: Desk) -> None:
    """A share in dollars, and the rates of its days."""
    claim = InstrumentClaim(Listing("NASDAQ", "AAPL"), None, "Apple", currency=Currency("USD"))
    with desk.database.writing() as db:
        instruments.resolve(db, [claim], desk.clock.now())
        usd, inr = Currency("USD"), Currency("INR")
        first = TradingDay.parse("2026-01-01")
        put_rates(db, [Rate(usd, inr, first.plus_days(n), Decimal("83.1234"), "test") for n in range(330)])
    desk.write_down("2026-03-03 buy 3.25 NASDAQ:AAPL @ 210.37 USD")


def test_an_older_price_is_left_alone(desk: Desk) -> None:
    desk.write_down("2026-01-05 buy 10 NSE:INFY @ 1500")
    desk.price("INFY", "1600", "1590")
    figures = start(desk)
    (line,) = figures.lines.values()
    assert line.quote is not None
    older = replace(line.quote, price=Price.of("1"), as_of=line.quote.as_of - timedelta(minutes=1))
    assert figures.move({older.instrument: older}) == []
    assert figures.whole.value.amount == 16_000


def test_the_same_price_later_moves_the_age_and_not_the_sum(desk: Desk) -> None:
    desk.write_down("2026-01-05 buy 10 NSE:INFY @ 1500")
    desk.price("INFY", "1600", "1590")
    figures = start(desk)
    (line,) = figures.lines.values()
    assert line.quote is not None
    later = replace(line.quote, as_of=line.quote.as_of + timedelta(minutes=1))
    assert len(figures.move({later.instrument: later})) == 1
    assert figures.whole.value.amount == 16_000
    assert figures.newest == later
