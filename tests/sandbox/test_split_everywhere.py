"""A split announced while the exchange runs: all sources tell the same of it, and of days long past."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date

import httpx2
import pytest

from tests.sandbox.conftest import at
from tunefolio.core.time import FixedClock
from tunefolio.sandbox.events import Bonus, Split
from tunefolio.sandbox.serve import Sandbox

EX_DAY = date(2026, 11, 23)


def paper(sandbox: Sandbox, day: str) -> dict[str, str]:
    """The company's row in NSE's file of that day."""
    name = f"BhavCopy_NSE_CM_0_0_0_{day}_F_0000.csv"
    answer = httpx2.get(f"{sandbox.world_url}/nse/content/cm/{name}.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        rows = csv.DictReader(io.StringIO(archive.read(name).decode()))
        return next(row for row in rows if row["TckrSymb"] == "RELIANCE")


def chart(sandbox: Sandbox) -> dict[str, float | str]:
    """Yahoo's close of 19 November, and what it says of splits."""
    url = f"{sandbox.yahoo_url}/v8/finance/chart/RELIANCE.NS"
    query = {"range": "1mo", "interval": "1d", "events": "div,splits"}
    result = httpx2.get(url, params=query).json()["chart"]["result"][0]
    wanted = int(at("2026-11-19T09:15:00").utc.timestamp())
    close = result["indicators"]["quote"][0]["close"][result["timestamp"].index(wanted)]
    splits = result.get("events", {}).get("splits", {})
    return {"close": close, "splits": ", ".join(row["splitRatio"] for row in splits.values())}


@pytest.mark.parametrize(
    ("event", "ratio", "told", "words"),
    [
        (Split("RELIANCE", EX_DAY, 5, 1), 5, "5:1", "Face Value Split (Sub-Division) - From Rs 5/-"),
        (Bonus("RELIANCE", EX_DAY, 1, 1), 2, "2:1", "Bonus 1:1"),
    ],
)  # fmt: skip
def test_every_source_tells_of_the_same_split(
    sandbox: Sandbox, clock: FixedClock, event: Split | Bonus, ratio: int, told: str, words: str
) -> None:
    clock.set(at("2026-11-20T20:00:00"))
    before, past = paper(sandbox, "20261119"), chart(sandbox)
    sandbox.depot.happen(event)
    assert chart(sandbox) == past, "nothing is split before its day"
    clock.set(at("2026-11-23T20:00:00"))
    assert paper(sandbox, "20261119") == before, "what was printed stays printed"
    split, last = paper(sandbox, "20261123"), paper(sandbox, "20261120")
    assert split["PrvsClsgPric"] == last["ClsPric"]
    assert 0.8 < float(split["ClsPric"]) * ratio / float(last["ClsPric"]) < 1.25
    assert float(split["LwPric"]) <= float(split["ClsPric"]) <= float(split["HghPric"])
    adjusted = chart(sandbox)
    assert float(adjusted["close"]) * ratio == pytest.approx(float(past["close"]), abs=0.05 * ratio)
    assert adjusted["splits"] == told
    with httpx2.Client(base_url=f"{sandbox.world_url}/nse") as browser:
        browser.get("/")
        query = {"index": "equities", "from_date": "20-11-2026", "to_date": "30-11-2026"}
        rows = browser.get("/api/corporates-corporateActions", params=query).json()
    (row,) = [row for row in rows if row["symbol"] == "RELIANCE"]
    assert row["exDate"] == "23-Nov-2026"
    assert row["subject"].startswith(words)
