"""charges: what an order costs, said to people and to scripts; no books are needed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tunefolio.cli import Exit, main

SALE = ("--broker", "zerodha", "--segment", "delivery", "--side", "sell", "--qty", "10", "--price", "1500")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """The exit code and the JSON value."""
    code = main(["charges", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_every_line_is_told_with_its_rules(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = told(capsys, *SALE, "--date", "2026-11-20")
    assert code == Exit.OK
    assert found["total"] == "30.91"
    lines = {line["name"]: line for line in found["lines"]}
    assert lines["stt"]["amount"] == "15.00"
    assert lines["exchange"] | {"rules": []} == {
        "name": "exchange",
        "title": "Exchange transaction charge",
        "base": "15000.00",
        "rate": "0.0030699%",
        "exact": "0.460485",
        "amount": "0.46",
        "rules": [],
        "is_doubtful": False,
    }
    (rule,) = lines["exchange"]["rules"]
    assert (rule["name"], rule["from"], rule["to"], rule["values"]["rate"]) == (
        "exchange.nse.cash",
        "2026-03-01",
        None,
        "0.000030699",
    )
    assert rule["sources"][0]["title"]


def test_the_text_marks_doubts_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["charges", *SALE, "--date", "2022-08-01"]) == Exit.OK
    text = capsys.readouterr().out
    assert "Securities transaction tax" in text
    assert "doubtful" in text
    assert "dp.zerodha since 2020-07-01, medium confidence: ₹15.93" in text


def test_a_part_is_never_sold_as_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = told(capsys, *SALE[2:], "--broker", "groww", "--date", "2021-05-03")
    assert code == Exit.FINDINGS
    assert found["total"] is None
    assert "depository" in found["total_reason"]
    assert found["known"] == found["on_the_note"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--date", "2020-06-30"), "date"),
        (("--date", "yesterday"), "date"),
        (("--plan", "gold"), "plan"),
        (("--broker", "acme"), "broker"),
        (("--exchange", "BSE"), "group"),
        (("--exchange", "BSE", "--group", "QQ"), "group"),
        (("--segment", "swaps"), "segment"),
        (("--qty", "0"), "quantity"),
        (("--price", "many"), "price"),
    ],
)
def test_wrong_words_are_refused_with_field_and_cure(
    words: tuple[str, ...], field: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = told(capsys, *SALE, *words)
    assert code == Exit.USAGE
    assert found["error"].startswith(field)


def test_what_is_not_said_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = told(capsys, "--segment", "delivery")
    assert code == Exit.USAGE
    assert found["error"].startswith("--side is missing")


def test_the_rules_of_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = told(capsys, "--rules", "--date", "2024-09-30")
    rates = {rule["name"]: rule["values"].get("rate") for rule in found["rules"]}
    assert code == Exit.OK
    assert (rates["exchange.nse.cash"], rates["stt.futures"]) == ("0.0000322", "0.000125")
    assert main(["charges", "--rules", "--date", "2024-09-30"]) == Exit.OK
    assert "stt.futures" in capsys.readouterr().out
