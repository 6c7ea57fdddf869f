"""The attack on amounts that are hidden: units are whole numbers and prices are public, so whoever knows the
weights well enough, or looks often enough while prices move, would reckon the units, and so everything."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from itertools import islice, product
from math import ceil, floor

import pytest
from starlette.testclient import TestClient

from tests.web.houses import join, visitor, work
from tunefolio.core.identity import InstrumentId, PersonId
from tunefolio.core.money import INR, Price
from tunefolio.core.people import Role, Viewer
from tunefolio.core.sharing import Amounts
from tunefolio.market.quotes import Quote
from tunefolio.services.house import House
from tunefolio.services.shared_books import shared_book
from tunefolio.services.shared_shapes import SharedBook
from tunefolio.services.shared_veils import UNITS_SPREAD, moved
from tunefolio.store import instruments, quotes
from tunefolio.store.db import ReadDb

pytestmark = pytest.mark.usefixtures("built_assets")
UNITS = {"RELIANCE": 215, "INFY": 137, "TCS": 40, "HDFCBANK": 63, "ITC": 88, "SBIN": 29}
PAID = {"RELIANCE": "1180.35", "INFY": "1402.10", "TCS": "3120.55", "HDFCBANK": "812.20", "ITC": "390.15",
        "SBIN": "702.45"}  # fmt: skip
PRICES = {"RELIANCE": "1401.25", "INFY": "1489.35", "TCS": "3044.80", "HDFCBANK": "958.70", "ITC": "402.55",
          "SBIN": "801.90"}  # fmt: skip
HALF = 0.005
"""Half of the step that weights are told in."""


@pytest.fixture
def owner(small_house: House, asha: TestClient) -> Viewer:
    """A member with six ordinary holdings, all of whose prices are known."""
    client = join(visitor(small_house), "dev@example.org", "Dev Rao")
    shelf = client.post("/api/v1/portfolios", json={"name": "Shelf"}).json()["id"]
    desk = client.post("/api/v1/accounts", json={"portfolio_id": shelf, "name": "Desk"}).json()["id"]
    lines = [f"2024-04-0{n + 1} buy {UNITS[s]} NSE:{s} @ {PAID[s]}" for n, s in enumerate(UNITS)]
    wish = {"account_id": desk, "text": "\n".join(lines)}
    assert client.post("/api/v1/transactions/bulk", json=wish).status_code == 201
    work(small_house)
    tell(small_house, {symbol: Decimal(price) for symbol, price in PRICES.items()})
    return Viewer(PersonId(int(client.get("/api/v1/session").json()["person"]["id"])), Role.READER)


def tell(house: House, prices: Mapping[str, Decimal]) -> None:
    """What everybody can read in the market."""
    now = house.clock.now()
    with house.database.writing() as db:
        news = [
            Quote(listed(db, symbol), Price(price, INR), Price(Decimal(PRICES[symbol]), INR), now, "test")
            for symbol, price in prices.items()
        ]
        quotes.put(db, news)


def listed(db: ReadDb, symbol: str) -> InstrumentId:
    found = instruments.find(db, "NSE", symbol)
    assert found is not None, symbol
    return found.id


def look(house: House, owner: Viewer, amounts: Amounts = Amounts.HIDDEN) -> SharedBook:
    with house.database.reading() as db:
        return shared_book(db, house, owner, None, amounts)


def weights(book: SharedBook) -> dict[str, float]:
    return {line.symbol: float(line.weight_ratio or 0) for line in book.lines}


def prices_of(told: Mapping[str, str]) -> dict[str, float]:
    return {symbol: float(price) for symbol, price in told.items()}


def fits(units: Mapping[str, float], prices: Mapping[str, float], told: Mapping[str, float]) -> bool:
    """Whether these units would be shown with these weights, were the weights only rounded."""
    value = sum(units[symbol] * prices[symbol] for symbol in units)
    return all(
        abs(units[symbol] * prices[symbol] / value - told[symbol]) <= HALF * 1.000001 for symbol in units
    )


def solutions(told: Mapping[str, float], prices: Mapping[str, float], most: float) -> list[dict[str, int]]:
    """Whole units that fit, cheapest first, of books worth up to `most`; some of each size, for there are
    too many: for a book of a value each weight leaves a few whole numbers."""
    found, value = [], 1_000.0
    while value < most:
        ranges = [
            range(
                ceil((told[s] - HALF) * value / prices[s]),
                floor((told[s] + HALF) * value / prices[s]) + 1,
            )
            for s in told
        ]
        for some in islice(product(*ranges), 200):
            units = dict(zip(told, some, strict=True))
            if fits(units, prices, told):
                found.append(units)
                break
        value *= 1.01
    return found


def test_whole_numbers_of_units_do_not_give_themselves_away(small_house: House, owner: Viewer) -> None:
    """With weights in hundredths of a per cent the smallest solution was the truth. Now a book of a tenth of
    the value fits as well, and on the way to the truth there are solutions of about every size, of which one
    a size is counted here: 100 and more; up to the true size there are some three hundred thousand in all."""
    prices = prices_of(PRICES)
    told = weights(look(small_house, owner))
    truth = sum(UNITS[symbol] * prices[symbol] for symbol in UNITS)
    found = solutions(told, prices, truth)
    values = [sum(units[symbol] * prices[symbol] for symbol in units) for units in found]
    assert len(found) > 100
    assert min(values) < truth / 8
    assert UNITS not in found[:100]


def test_the_attack_itself_works_on_fine_weights(small_house: House, owner: Viewer) -> None:
    """The search is worth something: what is shown with amounts, in hundredths of a per cent, it would solve:
    of all parts of the true book only the whole is in whole units."""
    told = {
        line.symbol: float(line.weight_ratio or 0) for line in look(small_house, owner, Amounts.SHOWN).lines
    }
    prices = prices_of(PRICES)
    fitting = []
    for some in range(1, UNITS["RELIANCE"] + 1):
        value = some * prices["RELIANCE"] / told["RELIANCE"]
        units = {symbol: round(told[symbol] * value / prices[symbol]) for symbol in told}
        whole = sum(units[symbol] * prices[symbol] for symbol in units)
        if all(abs(units[s] * prices[s] / whole - told[s]) <= 0.00005 for s in units):
            fitting.append(units)
    assert fitting == [UNITS]


def test_many_looks_while_prices_move_find_another_book(small_house: House, owner: Viewer) -> None:
    """Each look narrows the ratios of the units, and the moment at which a weight jumps tells one exactly.
    They close in on the book that is shown, in which the truth is not: it is refuted by some of the looks,
    and so is every multiple of it. What is left is what the spread leaves: a twentieth of each holding."""
    chance, refuted = random.Random(7), 0
    shown = nearly(small_house, owner)
    for _ in range(25):
        prices = {s: Decimal(p) * Decimal(f"{chance.uniform(0.6, 1.6):.2f}") for s, p in PRICES.items()}
        tell(small_house, prices)
        told = weights(look(small_house, owner))
        public = {symbol: float(price) for symbol, price in prices.items()}
        refuted += not fits(UNITS, public, told)
        assert fits(shown, public, told), "the book that is shown is the same at every look"
    assert refuted > 3
    shares = [shown[symbol] / UNITS[symbol] for symbol in UNITS]
    assert len({round(share, 3) for share in shares}) > 3
    assert all(abs(share - 1) <= float(UNITS_SPREAD) for share in shares)


def nearly(house: House, owner: Viewer) -> dict[str, float]:
    """The units of the book that is shown instead, by the rule itself, which only the house can reckon."""
    ring = house.vault.keys
    key = ring.key_of(ring.sealing)
    with house.database.reading() as db:
        return {
            symbol: units
            * float(moved(key, owner.person, f"units {listed(db, symbol)} {units}", UNITS_SPREAD))
            for symbol, units in UNITS.items()
        }


def test_a_holding_that_changes_is_moved_by_another_share(small_house: House, owner: Viewer) -> None:
    """Else one more unit would be told as exactly 216 to 215."""
    ring = small_house.vault.keys
    key = ring.key_of(ring.sealing)
    shares = {moved(key, owner.person, f"units 1 {units}", UNITS_SPREAD) for units in range(1, 200)}
    assert len(shares) == 199
    assert max(shares) - min(shares) > UNITS_SPREAD
    assert abs(sum(shares, Decimal(0)) / 199 - 1) < Decimal("0.01")
    assert moved(key, PersonId(1), "x", UNITS_SPREAD) != moved(key, PersonId(2), "x", UNITS_SPREAD)
    assert moved(b"another key", PersonId(1), "x", UNITS_SPREAD) != moved(key, PersonId(1), "x", UNITS_SPREAD)


def test_every_ratio_is_coarse(small_house: House, owner: Viewer) -> None:
    """Whole per cents; only what the market says of one instrument is finer, and the day of the whole."""
    tell(small_house, {symbol: Decimal(price) * Decimal("1.0137") for symbol, price in PRICES.items()})
    book = look(small_house, owner)
    told: list[object] = [
        ratio
        for part in book.lines + book.sectors + book.classes
        for ratio in (part.weight_ratio, part.pnl_ratio)
    ]
    told += [value for _, value in book.returns.twr] + [book.returns.pnl_ratio, book.returns.xirr]
    known = [ratio for ratio in told if isinstance(ratio, Decimal)]
    assert len(known) > 20
    assert all(ratio == ratio.quantize(Decimal("0.01")) for ratio in known)
    assert book.returns.day_ratio == Decimal("0.014")
    assert {line.day_ratio for line in book.lines} == {Decimal("0.0137")}


def test_the_order_is_that_of_what_is_shown(small_house: House, owner: Viewer) -> None:
    """Two of the same shown weight stand by name, whichever is a little larger."""
    levelled = {symbol: Decimal(100_000) / UNITS[symbol] for symbol in UNITS}
    for first in UNITS:
        tell(small_house, {s: round(p * (2 if s == first else 1), 2) for s, p in levelled.items()})
        lines = look(small_house, owner).lines
        ranks = [(-(line.weight_ratio or Decimal(0)), line.symbol) for line in lines]
        assert ranks == sorted(ranks)
        assert lines[0].symbol == first


def test_what_is_below_a_per_cent_is_told_as_nothing_more(small_house: House, owner: Viewer) -> None:
    prices = {symbol: Decimal(price) for symbol, price in PRICES.items()}
    tell(small_house, prices | {"SBIN": Decimal("40")})
    (line,) = (line for line in look(small_house, owner).lines if line.symbol == "SBIN")
    assert line.weight_ratio == 0
    assert line.pnl_ratio is not None


def test_returns_of_a_period_move_once_a_month(small_house: House, owner: Viewer) -> None:
    """They reach to the end of the last month: prices of today say nothing through them."""
    before = look(small_house, owner).returns
    tell(small_house, {symbol: Decimal(price) * 3 for symbol, price in PRICES.items()})
    after = look(small_house, owner).returns
    assert (after.twr, after.xirr) == (before.twr, before.xirr)
    assert str(after.until) == "2026-10-31"
    assert after.pnl_ratio != before.pnl_ratio
    assert look(small_house, owner, Amounts.SHOWN).returns.until is None
