"""book: a text book worked out in memory; what is refused names its lines; the documented example is true."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunefolio import cli
from tunefolio.cli import Exit

DOCS = Path(__file__).parents[2] / "docs" / "spec"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
WORDS = {"convention", "note", "missing", "cure"}
"""Sentences for people: the shape promises that they are there, not how they are worded."""

Answer = tuple[int, str, str]
Run = Callable[..., Answer]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """run("book text", "--json", prices="CSV text") → (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def call(book: str, *words: str, **files: str) -> Answer:
        Path("my.book").write_text(book, "utf-8")
        more: list[str] = []
        for name, text in files.items():
            Path(f"{name}.txt").write_text(text, "utf-8")
            more += [f"--{name}", f"{name}.txt"]
        code = cli.main(["book", "my.book", *more, *words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def value(answer: Answer) -> Any:
    assert (answer[0], answer[2]) == (Exit.OK, "")
    return json.loads(answer[1])


def wordless(tree: Any) -> Any:
    """The same without sentences."""
    if isinstance(tree, dict):
        return {name: bool(part) if name in WORDS else wordless(part) for name, part in tree.items()}
    return [wordless(part) for part in tree] if isinstance(tree, list) else tree


BOOK = """\
account Zerodha INR
2023-04-03 buy 10 NSE:INFY @ 1400 fee 10 #long ^T-1
2023-05-03 buy 10 NSE:INFY @ 1500 fee 10 #long ^T-2
2023-07-03 dividend 350 NSE:INFY tax 35
2024-02-01 sell 5 NSE:INFY @ 1700 fee 5
"""


def test_the_documented_example_is_what_the_command_prints(run: Run) -> None:
    blocks = BLOCK.findall((DOCS / "book.md").read_text("utf-8"))
    book = next(text for kind, text in blocks if kind == "text" and text.startswith("account"))
    shape = next(text for kind, text in blocks if kind == "json" and '"positions"' in text)
    assert wordless(value(run(book, "--json"))) == wordless(json.loads(shape))


def test_the_documented_refusal_is_what_the_command_prints(run: Run) -> None:
    blocks = BLOCK.findall((DOCS / "book.md").read_text("utf-8"))
    (shape,) = [text for kind, text in blocks if kind == "json" and '"BookRefused"' in text]
    code, out, err = run("2024-04-01 sell 1 NSE:INFY @ 1500\n", "--json")
    assert (code, err) == (Exit.FINDINGS, "")
    assert json.loads(out) == json.loads(shape)


def test_positions_show_the_chosen_method_beside_the_plain_average(run: Run) -> None:
    fifo = value(run(BOOK, "--json"))["positions"][0]
    assert (fifo["quantity"], fifo["cost"], fifo["realised"]) == ("15", "22015", "1490")
    assert (fifo["average_cost"], fifo["average_realised"]) == ("21765", "1240")
    assert value(run(BOOK, "--json", "--method", "hifo"))["positions"][0]["realised"] == "990"
    average = value(run(BOOK, "--json", "--method", "average"))
    assert average["positions"][0]["realised"] == "1240"
    assert average["accounts"][0]["method"] == "average"


def test_trade_prices_stand_where_there_are_no_closes_but_not_for_long(run: Run) -> None:
    seen = value(run(BOOK, "--json"))["positions"][0]
    assert seen["price"] == {"amount": "1700", "currency": "INR", "day": "2024-02-01", "source": "trade"}
    later = value(run(BOOK, "--json", "--as-of", "2024-03-01"))["positions"][0]
    assert "the last is of 2024-02-01" in later["value"]["missing"]
    carried = value(run(BOOK, "--json", "--as-of", "2024-03-01", "--carry-days", "29"))["positions"][0]
    assert carried["value"] == "25500"


@pytest.mark.parametrize(
    "prices",
    [
        "date,symbol,close\n2024-02-01,INFY,1710\n2024-02-01,UNKNOWN,5\n",
        "\ufeffClose;Instrument;Date\n1,710;NSE:INFY;2024/02/01\n1;NSE:OTHER;2024-02-01\n",
        "Date\tExchange\tSymbol\tClose\n2024-02-01 00:00\tNSE\tinfy\t1710\n2024-02-01\tBSE\tINFY\t9\n",
        "# closes\n2024-02-01 price NSE:INFY 1710\n2024-02-01 price NSE:OTHER 5\n",
    ],
)
def test_closes_come_from_files_of_either_format(run: Run, prices: str) -> None:
    found = value(run(BOOK, "--json", prices=prices))
    assert found["positions"][0]["value"] == "25650"
    assert found["positions"][0]["price"]["source"] == "close"
    assert found["unknown_rows"] == 1


@pytest.mark.parametrize(
    "rates",
    [
        "date,from,to,rate\n2024-01-01,USD,INR,83\n2024-01-10,USD,INR,84\n",
        "rate;pair;day\n83;USD/INR;2024-01-01\n84;USDINR;2024-01-10\n",
        "2024-01-01 rate USD 83\n2024-01-10 rate USD 84 INR\n",
    ],
)
def test_rates_come_from_files_of_either_format(run: Run, rates: str) -> None:
    book = "portfolio P INR\naccount IB USD\n2024-01-01 buy 2 NASDAQ:AAPL @ 100\n"
    book += "2024-01-10 price NASDAQ:AAPL 110\n"
    statement = value(run(book, "--json", fx=rates))["total"]["statement"]
    assert (statement["end"], statement["unrealised"], statement["exchange"]) == ("18480", "1680", "200")


def test_a_missing_rate_is_named_with_its_day_and_is_never_one(run: Run) -> None:
    book = "portfolio P INR\naccount IB USD\n2024-01-01 buy 2 NASDAQ:AAPL @ 100\n"
    end = value(run(book, "--json"))["total"]["statement"]["end"]
    assert end["missing"] == "rate USD/INR on 2024-01-01"
    assert end["cure"]
    _, out, _ = run(book)
    assert "not available: rate USD/INR on 2024-01-01" in out


def test_every_bad_row_of_a_market_file_is_named(run: Run) -> None:
    prices = "date,symbol,close\n2024-02-01,INFY,0\n01.02.2024,INFY,5\n2024-02-01,INFY,x\n2024-02-01\n"
    code, out, err = run(BOOK, prices=prices)
    assert (code, out) == (Exit.FINDINGS, "")
    assert [line.split(": ")[:2] for line in err.splitlines()] == [
        ["prices.txt:2", "price"],
        ["prices.txt:3", "day"],
        ["prices.txt:4", "price"],
        ["prices.txt:5", "row"],
    ]
    assert "header" in run(BOOK, prices="a,b\n1,2\n")[2]


def test_every_wrong_line_is_named_together(run: Run) -> None:
    code, out, err = run("hello\n2024-04-01 buy 1 INFY @ 1\n2024-04-01 split 10 NSE:INFY\n")
    assert (code, out) == (Exit.FINDINGS, "")
    assert [line.partition(": ")[0] for line in err.splitlines()] == ["my.book:1", "my.book:2", "my.book:3"]


def test_every_sale_beyond_what_is_held_is_named_by_its_line(run: Run) -> None:
    book = """\
2024-04-01 buy 10 NSE:INFY @ 1500
2024-04-05 sell 12 NSE:INFY @ 1500
2024-04-06 sell 10 NSE:INFY @ 1500
2024-04-06 buy 1 NSE:TCS @ 1500
2024-04-07 sell 2 NSE:TCS @ 1500
"""
    code, _, err = run(book)
    assert code == Exit.FINDINGS
    assert [line.split(";")[0] for line in err.splitlines()] == [
        "my.book:2: quantity: sells 12 on 2024-04-05 but only 10 are held",
        "my.book:5: quantity: sells 2 on 2024-04-07 but only 1 are held",
    ]


def test_a_refusal_calls_accounts_by_their_names(run: Run) -> None:
    book = "account Zerodha\n2024-04-01 buy 1 NSE:X @ 5\n2024-04-02 transfer_out 2 NSE:X to Kotak\n"
    book += "account Kotak\n"
    code, _, err = run(book)
    assert (code, err.partition(": ")[0]) == (Exit.FINDINGS, "my.book:3")
    assert "account Zerodha sends 2 on 2024-04-02 but only 1 are held" in err


def test_units_moved_between_accounts_keep_their_day_and_cost(run: Run) -> None:
    book = BOOK + '2024-02-01 transfer_out 5 NSE:INFY to "Kotak"\naccount "Kotak" INR\n'
    lots = value(run(book, "--json"))["lots"]
    (moved,) = [lot for lot in lots if lot["account"] == "Kotak"]
    assert (moved["day"], moved["quantity"], moved["cost"], moved["fees"]) == ("2023-04-03", "5", "7005", "5")
    assert moved["opened"] == {"line": None, "key": None}


def test_the_period_begins_where_asked_and_the_statement_adds_up(run: Run) -> None:
    prices = "2023-12-29 price NSE:INFY 1540\n2024-02-01 price NSE:INFY 1710\n"
    found = value(run(BOOK, "--json", "--from", "2024-01-01", prices=prices))["total"]["statement"]
    assert (found["from"], found["start"], found["end"]) == ("2024-01-01", "30800", "25650")
    assert (found["realised"], found["unrealised"], found["fees"]) == ("1500", "1850", "5")
    assert found["flows"] == "-8495"


def test_figures_stand_for_every_account_instrument_portfolio_and_tag(run: Run) -> None:
    found = value(run('portfolio "Family"\n' + BOOK, "--json"))
    assert list(found["by_portfolio"]) == ["Family"]
    assert list(found["by_account"]) == ["Zerodha"]
    assert list(found["by_instrument"]) == ["NSE:INFY"]
    assert list(found["by_tag"]) == ["long"]
    assert found["by_instrument"]["NSE:INFY"]["statement"] == found["total"]["statement"]
    assert {"twr", "xirr", "dietz", "simple", "total", "sharpe"} <= found["total"]["figures"].keys()


def test_every_figure_can_be_explained_down_to_its_lines(run: Run) -> None:
    found = value(run(BOOK, "--json", "--explain"))["explain"]
    assert found["total"]["end"]["value"] == "25500"
    assert '"label": "fact 2"' in json.dumps(found["total"]["end"])
    assert found["matches"][0]["value"] == "1490"
    code, out, _ = run(BOOK, "--explain")
    assert code == Exit.OK
    assert "units × price × rate" in out


def test_a_deposit_is_worth_its_principal_and_interest(run: Run) -> None:
    book = "instrument OWN:FD fixed rate 7.3%\n2023-04-01 buy 100000 OWN:FD @ 1\n"
    found = value(run(book, "--json", "--as-of", "2023-07-10"))
    assert (found["positions"][0]["value"], found["total"]["statement"]["end"]) == ("102000", "102000")


def test_a_future_is_worth_what_its_contract_has_won(run: Run) -> None:
    book = "2024-06-03 buy 75 NFO:NIFTY24JUNFUT @ 22000 fee 20\n2024-06-04 price NFO:NIFTY24JUNFUT 22100\n"
    found = value(run(book, "--json"))
    assert (found["positions"][0]["value"], found["positions"][0]["unrealised"]) == ("7500", "7480")
    assert found["total"]["statement"]["end"] == "7500"


def test_a_book_may_come_by_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"2024-04-01 deposit 5\n")))
    assert cli.main(["book", "-", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr()[0])["total"]["statement"]["end"] == "5"


def test_what_cannot_be_read_is_wrong_usage(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["book", "nowhere.book"]) == Exit.USAGE
    assert "nowhere.book" in capsys.readouterr()[1]
    assert run("; nothing\n")[0] == Exit.USAGE
    assert run(BOOK, "--as-of", "tomorrow")[0] == Exit.USAGE
    assert run(BOOK, "--from", "2030-01-01")[0] == Exit.USAGE
    Path("latin.book").write_bytes(b"; ok\n; caf\xe9\n")
    assert cli.main(["book", "latin.book"]) == Exit.USAGE
    assert "latin.book:2" in capsys.readouterr()[1]


def test_facts_after_the_last_day_are_left_out_and_counted(run: Run) -> None:
    code, out, _ = run(BOOK, "--as-of", "2023-06-01")
    assert code == Exit.OK
    assert "2 later facts left out" in out


def test_an_instrument_with_closes_is_what_to_compare_with(run: Run) -> None:
    index = "".join(
        f"2024-01-{day:02} price NSE:NIFTY {100 + day}\n2024-01-{day:02} price NSE:INFY {200 + 2 * day}\n"
        for day in range(1, 31)
    )
    book = "2024-01-01 buy 10 NSE:INFY @ 202\n" + index
    figures = value(run(book, "--json", "--benchmark", "NIFTY", "--risk-free", "6%"))["total"]["figures"]
    assert figures["beta"]["value"] == pytest.approx(1)
    assert figures["benchmark_twr"]["value"] == pytest.approx(29 / 101)
    plain = value(run(book, "--json"))["total"]["figures"]
    assert "beta" not in plain
    assert plain["sharpe"]["value"] > figures["sharpe"]["value"]
    assert run(book, "--benchmark", "NSE:SENSEX")[0] == Exit.USAGE
