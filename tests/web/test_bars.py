"""GET /api/v1/instruments/{id}/bars: exact text, pages by day, nobody's private instrument."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.store.books import NOW
from tests.store.test_bars import FIRST, bar, told
from tests.store.test_panels import split
from tests.web.houses import join, opened, visitor
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.core.people import Role
from tunefolio.market.accruals import AccrualTerms, RateRow
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.store import actions, bars, instruments, own_instruments, persons
from tunefolio.store.db import open_database


@pytest.fixture
def world(
    migrated_sqlite: Path, tmp_path: Path
) -> Iterator[tuple[TestClient, InstrumentId, InstrumentId, str]]:
    """A signed-in person, an instrument with bars, an instrument that is another's alone, the database."""
    url = f"sqlite:///{tmp_path / 'house.db'}"
    shutil.copy(migrated_sqlite, tmp_path / "house.db")
    with opened(url) as house:
        client = join(visitor(house), "asha@example.org", "Asha")
        database = open_database(url)
        with database.writing() as db:
            claim = InstrumentClaim(Listing("NSE", "INFY"))
            one = instruments.resolve(db, [claim], NOW)[claim]
            days = [bar(0, "1500", "1510.5", "1490", "1505.05", volume=700), bar(1, "150.5"), bar(9, "151")]
            bars.put(db, one, INR, told(*days), NOW)
            actions.put(db, [split(one, FIRST.plus_days(1))], NOW)
            other = persons.add(db, "bela@example.org", "Bela", "hash", Role.MEMBER, NOW).viewer
            terms = AccrualTerms((RateRow(bar(0, "0.07").close),))
            hers = own_instruments.add(db, other, "FD", "Deposit", AssetClass.FIXED, INR, NOW, terms)
        database.close()
        yield client, one, hers, url


def test_raw_prices_are_text_and_exact(world: tuple[TestClient, InstrumentId, InstrumentId, str]) -> None:
    client, one, _, _ = world
    body = client.get(f"/api/v1/instruments/{one}/bars").json()
    assert body["days"] == [str(FIRST), str(FIRST.plus_days(1)), str(FIRST.plus_days(9))]
    assert body["close"] == ["1505.05", "150.50", "151.00"]
    assert body["open"] == ["1500.00", None, None]
    assert body["volume"] == [700, None, None]
    assert (body["symbol"], body["currency"], body["sources"]) == ("INFY", "INR", ["nse"])
    assert "next" not in body


def test_adjusted_ones_are_numbers_with_their_factor(
    world: tuple[TestClient, InstrumentId, InstrumentId, str],
) -> None:
    client, one, _, _ = world
    body = client.get(f"/api/v1/instruments/{one}/bars?adjusted=1&fields=close,volume").json()
    assert body["factor"] == [0.1, 1.0, 1.0]
    assert [round(price, 6) for price in body["close"]] == [150.505, 150.5, 151.0]
    assert body["volume"] == [7000.0, None, None]
    assert "open" not in body


def test_pages_follow_each_other_without_hole_or_double(
    world: tuple[TestClient, InstrumentId, InstrumentId, str],
) -> None:
    client, one, _, _ = world
    days, since = [], ""
    for _ in range(5):
        page = client.get(f"/api/v1/instruments/{one}/bars?limit=1&from={since}").json()
        days += page["days"]
        since = page.get("next")
        if since is None:
            break
    assert days == client.get(f"/api/v1/instruments/{one}/bars").json()["days"]
    part = client.get(f"/api/v1/instruments/{one}/bars?from={FIRST.plus_days(1)}&to={FIRST.plus_days(9)}")
    assert part.json()["days"] == [str(FIRST.plus_days(1))]


def test_no_bars_say_why(world: tuple[TestClient, InstrumentId, InstrumentId, str]) -> None:
    client, one, _, _ = world
    body = client.get(f"/api/v1/instruments/{one}/bars?from=2031-01-01").json()
    assert body["days"] == body["close"] == []
    assert body["problem"]
    assert body["cure"]


def test_anothers_instrument_is_not_there(world: tuple[TestClient, InstrumentId, InstrumentId, str]) -> None:
    client, one, hers, _ = world
    assert client.get(f"/api/v1/instruments/{hers}/bars").status_code == 404
    assert client.get(f"/api/v1/instruments/{one + 10_000}/bars").status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=soon", "from"), ("to=2024-13-01", "to"), ("fields=close,vwap", "fields"), ("limit=0", "limit")],
)
def test_wrong_words_name_their_field(
    world: tuple[TestClient, InstrumentId, InstrumentId, str], query: str, field: str
) -> None:
    client, one, _, _ = world
    answer = client.get(f"/api/v1/instruments/{one}/bars?{query}")
    assert answer.status_code == 422
    assert field in answer.text
