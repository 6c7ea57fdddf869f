"""Funds of a text book are known by their ISIN, without a house and without a word about them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from casparser.analysis.utils import nav_search

from tunefolio import cli
from tunefolio.cli import Exit

ARBITRAGE, INDEX = "INF179K01319", "INF044D01914"
BOOK = f"""
account "Demat" INR fifo
2016-05-04 buy 100 MF:{ARBITRAGE} @ 10
2024-08-05 sell 100 MF:{ARBITRAGE} @ 400
"""


def taxed(book: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    path = tmp_path / "my.book"
    path.write_text(book, "utf-8")
    code = cli.main(["tax", str(path), "--year", "2024-25", "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_fund_of_2016_takes_its_category_and_its_value_of_2018(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """casparser's nav_search is the witness for the value."""
    code, found = taxed(BOOK, tmp_path, capsys)
    value = nav_search(ARBITRAGE)
    assert code == Exit.OK
    assert value is not None
    (deed,) = found["deeds"]
    assert (deed["section"], deed["rate"]) == ("112A", "0.125")
    assert Decimal(deed["value_2018"]) == (value * 100).quantize(Decimal("0.01"))
    assert any("fund.arbitrage" in doubt for doubt in deed["doubts"])


def test_what_its_category_leaves_open_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = taxed(BOOK.replace(ARBITRAGE, INDEX), tmp_path, capsys)
    assert code == Exit.FINDINGS
    (blocker,) = found["blockers"]
    assert "Other Scheme - Index Funds" in blocker["what"]
    assert "its index" in blocker["cure"]
