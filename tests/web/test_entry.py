"""The form of a fact: every kind, looked ahead at, with lots chosen, many at once; wrong fields named."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.web.test_pages import HTML, PARTIAL, account_with_a_purchase, sent, text_of

pytestmark = pytest.mark.usefixtures("built_assets")

HOLDING = "2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50"


@pytest.fixture
def account(asha: TestClient) -> str:
    """An account that holds 10 INFY bought on 2024-04-01."""
    return str(account_with_a_purchase(asha))


def ahead(client: TestClient, **fields: str) -> str:
    answer = client.post("/transactions/preview", data=fields, headers=PARTIAL)
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


def write(client: TestClient, account: str, *lines: str) -> None:
    sent(client, "/transactions/line", account=account, text="\n".join(lines))


def lines_of(client: TestClient, query: str = "") -> list[str]:
    rows = client.get(f"/api/v1/transactions?{query}").json()["data"]
    return [row["line"] for row in rows]


EVERY_KIND = [
    ({"kind": "sip", "instrument": "MF:PPFAS", "quantity": "12.345", "amount": "4,999.75", "fees": "0.25"},
     "sip 12.345 MF:PPFAS = 4999.75 fee 0.25"),
    ({"kind": "opening", "instrument": "NSE:ITC", "quantity": "5", "price": "200", "acquired": "2019-01-04"},
     "opening 5 NSE:ITC @ 200 acquired 2019-01-04"),
    ({"kind": "sell", "instrument": "NSE:INFY", "quantity": "4", "price": "1600", "fees": "15", "tax": "2"},
     "sell 4 NSE:INFY @ 1600 fee 15 tax 2"),
    ({"kind": "short", "instrument": "NFO:NIFTY24JUNFUT", "quantity": "75", "price": "22000"},
     "short 75 NFO:NIFTY24JUNFUT @ 22000"),
    ({"kind": "deposit", "amount": "₹50,000"}, "deposit 50000"),
    ({"kind": "withdrawal", "amount": "100"}, "withdrawal 100"),
    ({"kind": "fee", "amount": "99"}, "fee 99"),
    ({"kind": "tax", "amount": "120", "instrument": "NSE:INFY"}, "tax 120 NSE:INFY"),
    ({"kind": "convert", "amount": "83500", "counter_amount": "1000", "counter_currency": "usd"},
     "convert 83500 INR for 1000 USD"),
    ({"kind": "dividend", "instrument": "NSE:INFY", "amount": "280", "tax": "28"},
     "dividend 280 NSE:INFY tax 28"),
    ({"kind": "interest", "amount": "350"}, "interest 350"),
    ({"kind": "airdrop", "instrument": "NSE:INFY", "quantity": "1", "amount": "0"}, "airdrop 1 NSE:INFY = 0"),
    ({"kind": "split", "instrument": "NSE:INFY", "ratio": "2:1"}, "split 2:1 NSE:INFY"),
    ({"kind": "bonus", "instrument": "NSE:INFY", "ratio": "1 : 2"}, "bonus 1:2 NSE:INFY"),
    ({"kind": "rights", "instrument": "NSE:INFY", "other": "NSE:INFY-RE", "quantity": "2"},
     "rights 2 NSE:INFY into NSE:INFY-RE"),
    ({"kind": "merger", "instrument": "NSE:INFY", "other": "NSE:TCS", "ratio": "42:25"},
     "merger 42:25 NSE:INFY into NSE:TCS"),
    ({"kind": "demerger", "instrument": "NSE:INFY", "other": "NSE:JIOFIN", "ratio": "1:1",
      "cost_ratio": "4.68 %"},
     "demerger 1:1 NSE:INFY into NSE:JIOFIN cost 4.68%"),
    ({"kind": "rename", "instrument": "NSE:INFY", "other": "NSE:INFOSYS"},
     "rename NSE:INFY into NSE:INFOSYS"),
    ({"kind": "repayment", "instrument": "NSE:INFY", "amount": "50"}, "repayment 50 NSE:INFY"),
    ({"kind": "buyback", "instrument": "NSE:INFY", "quantity": "4", "price": "4150"},
     "buyback 4 NSE:INFY @ 4150"),
    ({"kind": "write_off", "instrument": "NSE:INFY", "quantity": "10"}, "write_off 10 NSE:INFY"),
    ({"kind": "transfer_out", "instrument": "NSE:INFY", "quantity": "3"}, "transfer_out 3 NSE:INFY"),
    ({"kind": "transfer_in", "instrument": "NSE:ITC", "quantity": "3", "amount": "600",
      "acquired": "2020-02-03"},
     "transfer_in 3 NSE:ITC = 600 acquired 2020-02-03"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "line"), EVERY_KIND, ids=[fields["kind"] for fields, _ in EVERY_KIND])
def test_the_form_writes_the_line_and_the_preview_says_the_same(
    asha: TestClient, account: str, fields: dict[str, str], line: str
) -> None:
    """What the preview promised is what stands in the ledger afterwards."""
    whole = {"account": account, "day": "2024-06-20", **fields}
    assert f"<code>2024-06-20 {line}</code>" in ahead(asha, **whole)
    assert not [told for told in lines_of(asha) if told.startswith("2024-06-20")], (
        "a look ahead writes nothing"
    )
    sent(asha, "/transactions", **whole)
    assert f"2024-06-20 {line}" in lines_of(asha)


def test_the_form_teaches_every_kind(asha: TestClient, account: str) -> None:
    page = text_of(asha, "/transactions")
    for word in ("Corporate action", "Demerger", "−(A+X+F)", "2023-07-20 demerger 1:1 NSE:RELIANCE into"):
        assert word in page


def test_a_sale_is_shown_before_it_is_made(asha: TestClient, account: str) -> None:
    page = ahead(asha, account=account, kind="sell", day="2024-06-20", instrument="NSE:INFY", quantity="4",
                 price="1600", fees="15")  # fmt: skip
    assert re.search(
        r'<span class="quiet">10</span> <span aria-label="becomes">→</span> <b>6</b> units', page
    )
    assert "+₹6,385.00" in page, "cash in, less charges"
    assert "+₹380.00" in page, "gain after the charges on both sides"
    assert "₹15,012.50 <span" in page
    assert "₹9,007.50" in page


def test_what_is_still_missing_is_told_and_not_refused(asha: TestClient, account: str) -> None:
    page = ahead(asha, account=account, kind="buy", day="2024-06-20", instrument="NSE:INFY", quantity="4")
    assert 'data-hint="price"' in page
    assert "needs a price or a total" in page
    page = ahead(
        asha, account=account, kind="sell", day="2024-06-20", instrument="NSE:INFY", quantity="40", price="1"
    )
    assert 'data-hint="quantity"' in page
    assert "only 10 are held" in page
    assert 'data-hint="account"' in ahead(asha, kind="buy", day="2024-06-20")


def test_an_instrument_nobody_knows_yet_can_be_looked_ahead_at(asha: TestClient, account: str) -> None:
    page = ahead(
        asha, account=account, kind="buy", day="2024-06-20", instrument="NASDAQ:AAPL", quantity="1", price="1"
    )
    assert "NASDAQ:AAPL" in page
    assert "<b>1</b> units" in page


def test_a_correction_is_looked_ahead_at_without_the_old_fact(asha: TestClient, account: str) -> None:
    fact = re.search(r'id="t-(\d+)"', text_of(asha, "/transactions"))
    assert fact
    page = ahead(
        asha,
        replaces=fact[1],
        kind="buy",
        day="2024-04-01",
        instrument="NSE:INFY",
        quantity="12",
        price="1500",
    )
    assert re.search(r">10</span> <span[^>]*>→</span> <b>12</b> units", page)
    form = text_of(asha, f"/transactions/{fact[1]}")
    assert 'name="quantity" value="10"' in form
    assert 'name="price" value="1500"' in form
    assert 'name="fees" value="12.5"' in form
    assert re.search(r'name="kind" value="buy" checked', form)


def test_lots_are_offered_and_a_chosen_one_is_taken(asha: TestClient, account: str) -> None:
    """The dearer, younger lot is sold first although the account works first in, first out."""
    write(asha, account, "2024-05-02 buy 5 NSE:INFY @ 1700")
    offered = text_of(asha, f"/transactions/lots?account={account}&instrument=NSE:INFY&kind=sell", **PARTIAL)
    lots = re.findall(r'name="lot" value="(\d+)"', offered)
    assert len(lots) == 2
    assert "1 Apr 2024" in offered
    assert "FIFO" in offered
    sale = {"account": account, "kind": "sell", "day": "2024-06-20", "instrument": "NSE:INFY",
            "quantity": "5", "price": "1600", "lot": lots, "units": ["", "5"]}  # fmt: skip
    assert asha.post("/transactions", data=sale, headers=HTML).status_code == 303
    offered = text_of(asha, f"/transactions/lots?account={account}&instrument=NSE:INFY&kind=sell", **PARTIAL)
    (left,) = re.findall(r'name="lot" value="(\d+)"', offered)
    assert left == lots[0]
    wrong = {**sale, "units": ["1", "1"]}
    answer = asha.post("/transactions", data=wrong, headers=PARTIAL)
    assert answer.status_code == 422
    assert 'data-field="picks"' in answer.text


def test_nothing_held_offers_no_lots(asha: TestClient, account: str) -> None:
    for what in ("NSE:TCS", "infy", ""):
        page = text_of(asha, f"/transactions/lots?account={account}&instrument={what}&kind=sell", **PARTIAL)
        assert "Choose an instrument this account holds" in page


def test_names_are_found_as_one_types(asha: TestClient, account: str) -> None:
    assert 'value="NSE:INFY"' in text_of(asha, "/transactions/instruments?instrument=infos", **PARTIAL)
    assert 'value="NSE:TATAPOWER"' in text_of(asha, "/transactions/instruments?other=tata%20power", **PARTIAL)
    own = text_of(asha, "/transactions/instruments", **PARTIAL)
    assert re.findall(r'value="([^"]+)"', own) == ["NSE:INFY"]
    assert text_of(asha, "/transactions/instruments?instrument=zzzzzz", **PARTIAL).strip() == ""


def test_units_travel_between_accounts_with_their_cost(asha: TestClient, account: str) -> None:
    shelf = re.search(r'id="p-(\d+)"', text_of(asha, "/portfolios"))
    assert shelf
    sent(asha, "/accounts", name="Kotak", portfolio=shelf[1])
    other = max(re.findall(r'id="rename-a(\d+)"', text_of(asha, "/portfolios")), key=int)
    move = {"account": account, "kind": "transfer_out", "day": "2024-05-01", "instrument": "NSE:INFY",
            "quantity": "4", "counterpart": other}  # fmt: skip
    page = ahead(asha, **move)
    assert "to &#34;Kotak&#34;" in page
    assert re.search(
        r"Kotak</small></dt> <dd><span class=\"quiet\">0</span> <span[^>]*>→</span> <b>4</b>", page
    )
    sent(asha, "/transactions", **move)
    assert len(lines_of(asha, "kind=transfer_in")) == 1
    lots = text_of(asha, f"/transactions/lots?account={other}&instrument=NSE:INFY&kind=sell", **PARTIAL)
    assert "1 Apr 2024" in lots


def test_many_lines_are_recorded_or_none(asha: TestClient, account: str) -> None:
    write(asha, account, "; two facts", "2024-05-01 deposit 500", "", "2024-05-02 buy 1 NSE:TCS @ 3800 #it")
    assert len(lines_of(asha)) == 3
    wrong = "2024-05-03 deposit 5\n2024-05-03 sell 50 NSE:TCS @ 1\n2024-05-03 gift 5"
    answer = asha.post("/transactions/line", data={"account": account, "text": wrong}, headers=PARTIAL)
    assert answer.status_code == 422
    assert "line 3" in answer.text
    oversold = asha.post(
        "/transactions/line", data={"account": account, "text": wrong[: wrong.rindex("\n")]}, headers=PARTIAL
    )
    assert oversold.status_code == 422
    assert len(lines_of(asha)) == 3


def test_many_facts_are_tagged_and_taken_back_together(asha: TestClient, account: str) -> None:
    write(asha, account, "2024-05-01 deposit 500", "2024-05-02 deposit 600")
    ids = re.findall(r'name="id" value="(\d+)"', text_of(asha, "/transactions?kind=deposit"))
    assert len(ids) == 2
    many = {"id": ids, "deed": "tag", "tag": "#salary core"}
    assert asha.post("/transactions/many", data=many, headers=HTML).status_code == 303
    assert len(lines_of(asha, "tag=salary")) == len(lines_of(asha, "tag=core")) == 2
    asha.post("/transactions/many", data={**many, "deed": "untag", "tag": "core"}, headers=HTML)
    assert lines_of(asha, "tag=core") == []
    assert asha.post("/transactions/many", data={**many, "tag": ""}, headers=PARTIAL).status_code == 422
    asha.post("/transactions/many", data={"id": ids, "deed": "reverse"}, headers=HTML)
    assert len(lines_of(asha)) == 1
    assert (
        asha.post("/transactions/many", data={"id": ids, "deed": "reverse"}, headers=PARTIAL).status_code
        == 422
    )


def test_the_ledger_is_narrowed_by_every_filter(asha: TestClient, account: str) -> None:
    write(
        asha,
        account,
        "2024-05-01 deposit 500",
        "2024-05-02 sell 4 NSE:INFY @ 1600",
        "2024-05-03 fee 99 #demat",
    )
    expected = {
        "kind=deposit&kind=fee": 2,
        "kind=sell": 1,
        "since=2024-05-02": 2,
        "since=2024-05-01&until=2024-05-02": 2,
        "least=500&most=6400": 2,
        "most=99.5": 1,
        "class=equity": 2,
        "tag=demat": 1,
        f"account={account}&text=infy": 2,
    }
    found = {query: text_of(asha, f"/transactions?{query}").count(' id="t-') for query in expected}
    assert found == expected
    for query in ("kind=gift", "class=moon", "least=some", "since=01-05-2024"):
        assert asha.get(f"/transactions?{query}", headers=HTML).status_code == 422
