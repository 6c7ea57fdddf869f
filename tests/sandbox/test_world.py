"""The world's faces, and answers that go wrong while they still look right."""

from __future__ import annotations

import gzip
import io
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise

import httpx2
import pytest

from tests.sandbox.conftest import TRADING
from tunefolio.core.errors import Misuse
from tunefolio.core.time import FixedClock
from tunefolio.sandbox import coins
from tunefolio.sandbox.coins import COINS
from tunefolio.sandbox.faults import Faults
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.serve import Sandbox
from tunefolio.sandbox.spoilt import DECADE, doubled, redated, skewed
from tunefolio.sandbox.world.app import faces

RATES = "/frankfurter/v2/rates?base=USD&quotes=INR&from=2026-11-12&to=2026-11-13"


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=sandbox.world_url) as client:
        yield client


def test_every_face_has_its_name(world: httpx2.Client) -> None:
    wanted = {"binance", "coingecko", "ecb", "fbil", "frankfurter", "generic", "gold", "nse", "amfi"}
    assert wanted <= set(faces())
    assert world.get("/nobody/at/home").status_code == 404
    assert world.get(RATES).json()[0]["date"] == "2026-11-12"


def test_every_answer_bears_the_rehearsals_date(
    world: httpx2.Client, sandbox: Sandbox, clock: FixedClock
) -> None:
    for answer in (world.get(RATES), httpx2.get(f"{sandbox.kite_url}/user/profile")):
        assert parsedate_to_datetime(answer.headers["date"]) == clock.now().utc.replace(microsecond=0)


def test_refusals_are_in_the_faces_own_words(world: httpx2.Client, sandbox: Sandbox) -> None:
    for kind, words in (("429", "-1003"), ("403", "403 Forbidden"), ("500", "Internal")):
        sandbox.world_faults.plan(kind, path="/binance", retry_after=7)
        answer = world.get("/binance/api/v3/time")
        assert (answer.status_code, answer.headers["retry-after"]) == (int(kind), "7")
        assert words in answer.text
    assert world.get("/binance/api/v3/time").status_code == 200


def test_a_wait_may_be_told_as_a_date_of_a_clock_that_goes_wrong(
    world: httpx2.Client, sandbox: Sandbox
) -> None:
    sandbox.world_faults.plan("429_by_date", retry_after=30, seconds=3600)
    answer = world.get(RATES)
    told, until = (parsedate_to_datetime(answer.headers[name]) for name in ("date", "retry-after"))
    assert (answer.status_code, until - told) == (429, timedelta(seconds=30))
    assert told == (TRADING + timedelta(hours=1)).utc


def test_data_goes_wrong_under_status_200(world: httpx2.Client, sandbox: Sandbox) -> None:
    whole = world.get(RATES)
    sandbox.world_faults.plan("html")
    assert world.get(RATES).headers["content-type"].startswith("text/html")
    sandbox.world_faults.plan("wrong_date")
    assert world.get(RATES).json()[0]["date"] == "2016-11-10"
    sandbox.world_faults.plan("duplicate_rows")
    assert world.get(RATES).json() == whole.json() * 2
    sandbox.world_faults.plan("clock_skew", seconds=-60)
    late = world.get("/binance/api/v3/time")
    assert late.json()["serverTime"] == int((TRADING - timedelta(seconds=60)).utc.timestamp() * 1000)
    assert parsedate_to_datetime(late.headers["date"]) == (TRADING - timedelta(seconds=60)).utc


def test_an_answer_drips(world: httpx2.Client, sandbox: Sandbox) -> None:
    whole = world.get("/coingecko/ping")
    sandbox.world_faults.plan("slow_loris", seconds=0.005)
    began = time.monotonic()
    assert world.get("/coingecko/ping").content == whole.content
    assert time.monotonic() - began > 0.005 * len(whole.content)


@pytest.mark.parametrize(
    "wrong", [{"kind": "clock_skew", "seconds": 90_000.0}, {"kind": "429", "retry_after": -1}], ids=str
)
def test_a_senseless_fault_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Misuse):
        Faults().plan(**wrong)  # type: ignore[arg-type]


def test_dates_of_every_shape_are_moved_and_prices_are_not() -> None:
    text = b"2026-11-20,20-NOV-2026,20-Nov-2026,20-11-2026,20/11/2026,20261120,1795141800,1795141800000"
    moved = b"2016-11-18,18-NOV-2016,18-Nov-2016,18-11-2016,18/11/2016,20161118,1479436200,1479436200000"
    assert redated(text, -DECADE) == moved
    assert redated(b"1234.56,INE009A01021,1500", -DECADE) == b"1234.56,INE009A01021,1500"
    assert redated(b"2026-13-45 99-XYZ-2026", DECADE) == b"2026-13-45 99-XYZ-2026"


def test_packed_bodies_are_opened_and_packed_again() -> None:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as archive:
        archive.writestr("a.csv", "Day,Close\n2026-11-20,5\n")
    with zipfile.ZipFile(io.BytesIO(doubled(box.getvalue()))) as archive:
        assert archive.read("a.csv") == b"Day,Close\n2026-11-20,5\n2026-11-20,5\n"
    assert gzip.decompress(redated(gzip.compress(b"2026-11-20"), timedelta(days=1))) == b"2026-11-21"


def test_only_times_of_about_now_go_with_a_clock() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    told = f'[{int(now.timestamp())}, {int(now.timestamp()) - 86_400}, "2026-11-20"]'.encode()
    moved = skewed(told, timedelta(seconds=60), now)
    assert moved == told.replace(b"%d" % int(now.timestamp()), b"%d" % (int(now.timestamp()) + 60))


def test_columns_and_rows_are_doubled_but_no_candle_inside() -> None:
    assert doubled(b'{"t": [1, 2], "r": [[1, 2]]}') == b'{"t": [1, 2, 1, 2], "r": [[1, 2], [1, 2]]}'
    assert doubled(b"A\n1") == b"A\n1\n1"


def test_coins_trade_every_day_and_their_days_are_utcs(market: Market) -> None:
    now = TRADING
    rows = list(
        coins.candles(
            market, COINS["DOGE"], start=coins.EveryDay().current(now).plus_days(-6),
            end=coins.EveryDay().current(now).plus_days(5), now=now,
        )
    )  # fmt: skip
    assert len(rows) == 7
    assert {day.date.weekday() for day, _ in rows} == set(range(7))
    for (day, candle), (_, following) in pairwise(rows):
        assert candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high
        if following is not rows[-1][1]:
            assert COINS["DOGE"].dollars(candle.close) == coins.close(market, COINS["DOGE"], day)
    assert 0.001 < coins.close(market, COINS["DOGE"], rows[0][0]) < 10
