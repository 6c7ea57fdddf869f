"""A hundred real instruments, 2014–2025: raw prices and our actions give the adjusted history back.

A position bought on the first day and held through every split and bonus keeps its cost to the paisa, and is
worth what the adjusted history says. Reads TUNEFOLIO_DATA; without it a visible skip.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Money, Price
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import Position, fold
from tunefolio.ledger.transactions import Fact, Ratio, Transaction, trade
from tunefolio.market.actions import (
    ActionKind,
    Adjustment,
    Terms,
    adjustment,
    price_ratio,
    raw_prices,
    sound_from,
)
from tunefolio.market.wordings import Understood, understood

HOW_MANY = 100
UNITS = Decimal(100)
EXACT = 1e-9
FLOAT32 = 1.2e-7
"""The file keeps adjusted prices as 32-bit floats: it knows them no better."""
ME, IT = AccountId(1), InstrumentId(1)
RECORDED = Instant(datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Stock:
    """One instrument as the file has it. adjusted, factor: float32[T]; raw: paise int64[T], exact where the
    exchange itself is the source; told: bool[T], where it is."""

    symbol: str
    days: list[TradingDay]
    adjusted: NDArray[np.float32]
    factor: NDArray[np.float32]
    told: NDArray[np.bool_]
    events: tuple[tuple[TradingDay, Terms], ...]
    ratios: tuple[tuple[date, float], ...]

    @property
    def raw(self) -> NDArray[np.int64]:
        paise = self.adjusted.astype(np.float64) / self.factor.astype(np.float64) * 100
        return np.rint(paise).astype(np.int64)

    @property
    def seen_events(self) -> list[tuple[TradingDay, Terms]]:
        """Those that happened while there were prices; on one day the split before the bonus."""
        seen = [(day, terms) for day, terms in self.events if day <= self.days[-1]]
        return sorted(seen, key=lambda one: (one[0], one[1].kind is ActionKind.BONUS))

    @property
    def ours(self) -> Adjustment:
        return adjustment(self.events)


def data_folder(name: str) -> Path:
    """Where the real data lies; a visible skip without that file."""
    folder = Path(os.environ.get("TUNEFOLIO_DATA") or "/nowhere")
    if not (folder / name).is_file():
        pytest.skip("the real prices are not here (TUNEFOLIO_DATA)")
    return folder


@pytest.fixture(scope="module")
def stocks() -> list[Stock]:
    return list(read(data_folder("nse_daily.parquet")))


def read(folder: Path) -> Iterator[Stock]:
    """The instruments with most splits and bonuses, by symbol among equals.

    Events after a price series ended count as well: its prices are in units of the register's last day.
    """
    import polars as pl

    register = pl.read_parquet(folder / "nse_corporate_actions.parquet").filter(
        pl.col("kind").is_in(["split", "bonus", "consolidation", "split_or_bonus"])
    )
    prices = pl.read_parquet(
        folder / "nse_daily.parquet", columns=["symbol", "date", "close", "adj_factor", "src"]
    )
    first = prices.group_by("symbol").agg(pl.col("date").min().alias("first"))
    within = register.join(first, left_on="entity", right_on="symbol").filter(
        pl.col("ex_date") > pl.col("first")
    )
    counted = within.group_by("entity").len().sort(["len", "entity"], descending=[True, False])
    for symbol in counted["entity"].head(HOW_MANY):
        rows = prices.filter(pl.col("symbol") == symbol).sort("date")
        events = within.filter(pl.col("entity") == symbol).sort("ex_date")
        yield Stock(
            symbol,
            [TradingDay(day) for day in rows["date"]],
            rows["close"].to_numpy(),
            rows["adj_factor"].to_numpy(),
            rows["src"].to_numpy() != "yahoo",
            tuple((TradingDay(row["ex_date"]), terms_of(row)) for row in events.iter_rows(named=True)),
            tuple((row["ex_date"], row["price_factor"]) for row in events.iter_rows(named=True)),
        )


def terms_of(row: dict[str, Any]) -> Terms:
    """What our reader makes of the register's words; events before 2019 have none, only a ratio."""
    if row["subject"]:
        said = understood(row["subject"])
        assert isinstance(said, Understood), row
        (terms,) = said.terms
        return terms
    ratio = 1 / Fraction(row["price_factor"]).limit_denominator(1000)
    return Terms(ActionKind.SPLIT, Decimal(ratio.numerator), Decimal(ratio.denominator))


def test_there_are_a_hundred_with_their_actions(stocks: list[Stock]) -> None:
    assert len(stocks) == HOW_MANY
    assert sum(len(stock.events) for stock in stocks) >= 130
    kinds = {terms.kind for stock in stocks for _, terms in stock.events}
    assert kinds == {ActionKind.SPLIT, ActionKind.BONUS}


def test_the_registers_words_say_what_prices_did(stocks: list[Stock]) -> None:
    for stock in stocks:
        for (_, terms), (_, known) in zip(stock.events, stock.ratios, strict=True):
            ours = price_ratio(terms)
            assert ours is not None
            assert abs(float(ours) / known - 1) < EXACT, (stock.symbol, terms)


def test_our_factors_are_the_files_on_every_day(stocks: list[Stock]) -> None:
    for stock in stocks:
        ours = stock.ours
        wanted = np.array([float(ours.factor(day)) for day in stock.days]).astype(np.float32)
        assert np.allclose(wanted, stock.factor, rtol=FLOAT32, atol=0), stock.symbol


def test_what_was_paid_comes_back_to_the_paisa(stocks: list[Stock]) -> None:
    """From the adjusted prices, by our actions, as a provider's history is read."""
    for stock in stocks:
        given = [
            (day, Decimal(str(price)))
            for day, price in zip(stock.days, stock.adjusted.astype(np.float64), strict=True)
        ]
        got = np.array([int(price * 100) for _, price in raw_prices(given, stock.ours, digits=2)])
        assert (got == stock.raw)[stock.told].all(), stock.symbol


def test_raw_prices_and_our_actions_give_the_adjusted_history(stocks: list[Stock]) -> None:
    """Against the register's own ratios in double precision to 1e-9, and against the file's 32-bit prices to
    what they hold."""
    for stock in stocks:
        ours, raw = stock.ours, stock.raw
        adjusted = np.array(
            [
                float(ours.adjusted(Decimal(int(paise)) / 100, day))
                for paise, day in zip(raw, stock.days, strict=True)
            ]
        )
        assert np.allclose(adjusted, raw / 100 * later_ratios(stock), rtol=EXACT, atol=0), stock.symbol
        assert np.allclose(adjusted[stock.told], stock.adjusted[stock.told], rtol=FLOAT32, atol=0), (
            stock.symbol
        )


def test_buy_and_hold_keeps_its_cost_and_is_worth_what_history_says(stocks: list[Stock]) -> None:
    for stock in stocks:
        history = held_from_the_first_day(stock)
        cost = history[0].fact.amount
        units = np.zeros(len(stock.days))
        for place, until in enumerate([*(one.fact.day for one in history[1:]), stock.days[-1].plus_days(1)]):
            position = position_of(history[: place + 1])
            assert position.cost == cost, stock.symbol
            since = history[place].fact.day
            now = np.array([since <= day < until for day in stock.days])
            units[now] = float(position.quantity)
        value = units * stock.raw / 100
        wanted = float(cost.amount) * grown(stock)
        assert np.allclose(value, wanted, rtol=EXACT, atol=0), stock.symbol


def test_new_units_of_a_bonus_cost_nothing_and_are_new(stocks: list[Stock]) -> None:
    seen = 0
    for stock in stocks:
        if not stock.seen_events or stock.seen_events[-1][1].kind is not ActionKind.BONUS:
            continue
        last_day, _ = stock.seen_events[-1]
        seen += 1
        lots = position_of(held_from_the_first_day(stock)).lots
        assert lots[-1].day == last_day
        assert lots[-1].cost == Money.zero()
        assert lots[0].day == stock.days[0]
    assert seen > 20


def test_what_yahoo_divided_only_from_the_first_of_january_is_found_and_nothing_else() -> None:
    """Twelve of its real histories; two are known to be broken so, their raw prices checked by hand."""
    import polars as pl

    folder = data_folder("yahoo_sample_daily.parquet")
    prices = pl.read_parquet(folder / "yahoo_sample_daily.parquet", columns=["symbol", "date", "close"])
    register = pl.read_parquet(folder / "nse_corporate_actions.parquet").filter(
        pl.col("kind").is_in(["split", "bonus", "split_or_bonus"])
    )
    found = {}
    for symbol in sorted(set(prices["symbol"])):
        known = register.filter(pl.col("entity") == symbol)
        events = [(TradingDay(row["ex_date"]), terms_of(row)) for row in known.iter_rows(named=True)]
        rows = prices.filter((pl.col("symbol") == symbol) & pl.col("close").is_not_null()).sort("date")
        given = [
            (TradingDay(day), Decimal(str(close)))
            for day, close in zip(rows["date"], rows["close"], strict=True)
        ]
        found[symbol] = sound_from(raw_prices(given, adjustment(events), digits=2), events)
    assert len(found) == 12
    turn = TradingDay.parse("2024-01-01")
    assert {symbol: day for symbol, day in found.items() if day} == {"GPIL": turn, "MOTILALOFS": turn}


def later_ratios(stock: Stock) -> NDArray[np.float64]:
    """float64[T]: the product of the register's ratios of all later ex-dates, by plain multiplication."""
    return np.array(
        [np.prod([ratio for ex_day, ratio in stock.ratios if ex_day > day.date]) for day in stock.days]
    )


def grown(stock: Stock) -> NDArray[np.float64]:
    """float64[T]: the adjusted price of each day over that of the first."""
    adjusted: NDArray[np.float64] = stock.raw * later_ratios(stock)
    performance: NDArray[np.float64] = adjusted / adjusted[0]
    return performance


def held_from_the_first_day(stock: Stock) -> list[Transaction]:
    """A hundred units at the first close, and every split and bonus since, whole and broken units alike."""
    price = Price.of(Decimal(int(stock.raw[0])) / 100)
    facts = [trade(Kind.BUY, stock.days[0], IT, UNITS, price)]
    for day, terms in stock.seen_events:
        assert terms.new is not None
        assert terms.old is not None
        ratio = Ratio(terms.new, terms.old)
        facts.append(Fact(Kind(terms.kind.value), day, Money.zero(), IT, ratio=ratio))
    return [
        Transaction(TransactionId(number), ME, Book.LIVE, fact, "test", f"test:{number}", RECORDED, "")
        for number, fact in enumerate(facts, start=1)
    ]


def position_of(history: list[Transaction]) -> Position:
    return fold(history).positions[IT]
