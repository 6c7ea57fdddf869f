"""prices export and show: exact files, whole or not at all, safe in a spreadsheet; on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.store.books import NOW
from tests.store.test_bars import FIRST, bar, told
from tests.store.test_panels import split
from tunefolio.bootstrap.runtime import build
from tunefolio.cli import Exit, main
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services.house import House
from tunefolio.settings import Settings
from tunefolio.store import actions, bars, instruments

Say = Callable[..., tuple[int, str]]
INFY = [bar(0, "1500", "1510.5", "1490", "1505.05", volume=700), bar(1, "150.5"), bar(9, "151", volume=0)]


@pytest.fixture
def house(migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Three listings with prices, one of them with a name that a spreadsheet would compute, one without."""
    environ = {"TUNEFOLIO_DATABASE_URL": migrated_url, "TUNEFOLIO_HOME": str(tmp_path / "folio")}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    runtime = build(Settings.from_env(environ))
    with runtime.house.database.writing() as db:
        claims = [InstrumentClaim(Listing("NSE", symbol)) for symbol in ("INFY", "TCS", "=1+1", "NONE")]
        ids = instruments.resolve(db, claims, NOW)
        infy, tcs, formula, _ = (ids[claim] for claim in claims)
        bars.put(db, infy, INR, told(*INFY), NOW)
        bars.put(db, tcs, INR, told(bar(0, "3000.123456"), by="file"), NOW)
        bars.put(db, formula, INR, told(bar(0, "1")), NOW)
        actions.put(db, [split(infy, FIRST.plus_days(1))], NOW)
    yield runtime.house
    runtime.close()


@pytest.fixture
def say(house: House, capsys: pytest.CaptureFixture[str]) -> Say:
    """say("prices", "show", …) → (exit code, what was printed)."""

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(words)
        told_ = capsys.readouterr()
        return code, told_.out + told_.err

    return run


def test_parquet_holds_exact_decimals_of_everything(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    code, out = say("prices", "export", "--all", "--out", str(path), "--json")
    assert code == Exit.OK
    assert json.loads(out) == {"instruments": 3, "bars": 5, "file": str(path)}
    rows = pl.read_parquet(path).sort("symbol", "day").rows(named=True)
    assert [row["symbol"] for row in rows] == ["'=1+1", "INFY", "INFY", "INFY", "TCS"]
    first = rows[1]
    assert (first["open"], first["close"], first["volume"]) == (Decimal(1500), Decimal("1505.05"), 700)
    assert (first["day"], first["source"], first["currency"]) == (FIRST.date, "nse", "INR")
    assert (rows[2]["open"], rows[2]["volume"], rows[3]["volume"]) == (None, None, 0)
    assert rows[4]["close"] == Decimal("3000.123456")


def test_csv_is_the_same_as_text_and_safe(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    assert say("prices", "export", "--all", "--format", "csv", "--out", str(path))[0] == Exit.OK
    lines = path.read_text().splitlines()
    assert lines[0] == "exchange,symbol,isin,currency,day,open,high,low,close,volume,source"
    assert f"NSE,INFY,,INR,{FIRST},1500.00,1510.50,1490.00,1505.05,700,nse" in lines
    assert f"NSE,'=1+1,,INR,{FIRST},,,,1,,nse" in lines
    assert not any(line.startswith("=") or ",=" in line for line in lines)
    assert len(lines) == 6


def test_adjusted_with_its_factor_and_a_range_of_days(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "infy.parquet"
    words = ["prices", "export", "--symbols", "INFY", "--adjusted", "--out", str(path)]
    assert say(*words)[0] == Exit.OK
    assert pl.read_parquet(path)["close"].round(6).to_list() == [150.505, 150.5, 151.0]
    assert pl.read_parquet(path)["factor"].to_list() == [0.1, 1.0, 1.0]
    assert pl.read_parquet(path)["volume"].to_list() == [7000.0, None, 0.0]
    assert say(*words, "--from", str(FIRST.plus_days(1)), "--to", str(FIRST.plus_days(9)))[0] == Exit.OK
    assert pl.read_parquet(path)["day"].to_list() == [FIRST.plus_days(1).date]
    assert say(*words, "--from", "2031-01-01")[0] == Exit.OK
    assert pl.read_parquet(path).height == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say which, or --all"),
        (("--all", "--symbols", "INFY"), "say which, or --all"),
        (("--symbols", "NSE:NOBODY"), "NSE:NOBODY"),
        (("--all", "--from", "yesterday"), "--from"),
    ],
)
def test_wrong_words_are_told_and_no_file_is_made(
    say: Say, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    code, out = say("prices", "export", *words, "--out", str(tmp_path / "x.csv"), "--format", "csv")
    assert code == Exit.USAGE
    assert said in out
    assert list(tmp_path.glob("*x.csv*")) == []


def test_a_folder_that_is_not_there(say: Say, tmp_path: Path) -> None:
    code, out = say("prices", "export", "--all", "--out", str(tmp_path / "none" / "x.csv"))
    assert code == Exit.USAGE
    assert "there is no folder" in out


def test_what_stood_there_stays_when_writing_fails(say: Say, house: House, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("before")
    with house.database.writing() as db:
        db.connection.exec_driver_sql("UPDATE bar_chunks SET count = count + 1")
    code, out = say("prices", "export", "--all", "--format", "csv", "--out", str(path))
    assert code == Exit.FINDINGS
    assert "bars" in out
    assert path.read_text() == "before"
    assert list(tmp_path.glob("*.part")) == list(tmp_path.glob(".*.part")) == []


def test_show_tells_span_sources_and_the_newest(say: Say, house: House) -> None:
    with house.database.writing() as db:
        found = instruments.find(db, "NSE", "INFY")
        assert found is not None
        more = [bar(20 + after, "160") for after in range(12)]
        bars.put(db, InstrumentId(found.id), INR, told(*more, by="yahoo"), NOW)
    code, out = say("prices", "show", "NSE:INFY")
    assert code == Exit.OK
    assert f"NSE:INFY: 15 bars, {FIRST} to {FIRST.plus_days(31)}, told by nse, yahoo" in out
    assert out.count("yahoo") == 11
    code, out = say("prices", "show", "infy", "--json")
    assert json.loads(out)["newest"][-1]["close"] == "160.00"
    assert date.fromisoformat(json.loads(out)["last"]) == FIRST.plus_days(31).date
    for nobody in ("NSE:NONE", "NSE:NOBODY"):
        assert say("prices", "show", nobody)[0] == Exit.USAGE
