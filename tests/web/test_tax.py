"""The pages of tax: every number opens how it was made, what stands in the way leads to its cure, plans."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from typing import Any

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from tests.web.houses import join, visitor
from tests.web.test_pages import HTML, assert_fits_the_policy, text_of
from tests.web.test_tax_api import account, write_down
from tunefolio.services.house import House

pytestmark = pytest.mark.usefixtures("built_assets")
YEAR = "year=2024-25"
FACTS = (
    "2017-06-05 buy 100 NSE:INFY @ 400",
    "2023-04-03 buy 10 NSE:INFY @ 1400 fee 50",
    "2023-05-02 buy 20 NSE:TCS @ 3000 fee 30",
    "2023-08-02 sell 5 NSE:TCS @ 2500 fee 20",
    "2024-05-03 dividend 1750 NSE:INFY tax 175",
    "2024-06-12 sell 100 NSE:INFY @ 1500",
    "2024-06-13 buy 5 NSE:TCS @ 3900",
    "2024-06-13 sell 5 NSE:TCS @ 3850 fee 12",
    "2024-08-20 buy 10 NSE:TCS @ 4400",
    "2024-11-05 sell 18 NSE:TCS @ 4100 fee 40",
    "2024-12-02 sell 4 NSE:INFY @ 1700 fee 8",
    "2025-01-06 buy 2 CRYPTO:BTC @ 80000",
    "2025-02-06 sell 1 CRYPTO:BTC @ 90000",
)
PAGES = ("", "/gains", "/receipts", "/schedule-112a", "/planning", "/told", "/rules", "/statement")
WHY = re.compile(r'<a class="why[^"]*" href="(/tax/(?:planning/)?explain\?[^"]+)"[^>]*>([^<]+)</a>')
OPS: Mapping[str, Callable[[list[Decimal]], Decimal]] = {
    "sum": lambda parts: sum(parts, Decimal(0)),
    "difference": lambda parts: parts[0] - sum(parts[1:], Decimal(0)),
    "product": lambda parts: parts[0] * parts[1],
    "quotient": lambda parts: parts[0] / parts[1],
    "product, 2 decimals": lambda parts: rounded(parts[0] * parts[1], 2),
    "product, 8 decimals": lambda parts: rounded(parts[0] * parts[1], 8),
    "negate": lambda parts: -parts[0],
    "larger": max,
    "smaller": min,
    "above zero": lambda parts: max(parts[0], Decimal(0)),
    "nearest": lambda parts: rounded(parts[0] / parts[1], 0) * parts[1],
    "quotient, 4 decimals": lambda parts: rounded(parts[0] / parts[1], 4),
    "product ÷ third, 2 decimals": lambda parts: rounded(parts[0] * parts[1] / parts[2], 2),
}


def rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def worked_out(tree: Mapping[str, Any]) -> Decimal:
    """A figure from its leaves alone, by this file's own arithmetic."""
    if tree["op"] == "leaf":
        return Decimal(tree["value"])
    return OPS[tree["op"]]([worked_out(part) for part in tree.get("inputs", ())])


def shown(text: str) -> tuple[Decimal, int]:
    """₹1,23,456.50 or 12.5 % as a number with its digits; a true minus sign before it."""
    plain = re.sub(r"[₹,+\s]", "", text.replace("−", "-"))
    number = plain.removesuffix("%")
    digits = len(number.partition(".")[2])
    if number != plain:
        return Decimal(number) / 100, digits + 2
    return Decimal(number), digits


@pytest.fixture
def home(asha: TestClient) -> int:
    """Units of before 2018 and later, a year with gains, losses, a day trade, crypto, a dividend."""
    found = account(asha)
    write_down(asha, found, *FACTS)
    return found


def explained(client: TestClient, page: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(address, what the page shows, the tree of the API) of every number of a page, each address once."""
    for href, text in sorted(set(WHY.findall(page))):
        path = unescape(href)
        answer = client.get("/api/v1" + path)
        assert answer.status_code == 200, (path, answer.text)
        yield path, text, answer.json()


@pytest.mark.parametrize("path", ["", "/gains", "/receipts", "/schedule-112a"])
def test_every_number_is_what_its_explanation_works_out(asha: TestClient, home: int, path: str) -> None:
    page = text_of(asha, f"/tax{path}?{YEAR}")
    counted = 0
    for address, text, tree in explained(asha, page):
        must_be(text, tree, address)
        counted += 1
    assert counted >= {"": 55, "/gains": 35, "/receipts": 9, "/schedule-112a": 20}[path]


def must_be(text: str, tree: Mapping[str, Any], address: str) -> None:
    """The number that the page shows is what its tree works out."""
    value, (told, digits) = worked_out(tree), shown(text)
    assert abs(value - Decimal(tree["value"])) < Decimal("1e-18"), address
    assert rounded(value, digits) == told, (address, text, value)


def test_advance_tax_stands_by_its_due_days_and_explains_itself(asha: TestClient, home: int) -> None:
    assert "Not available: the person's slab rate" in unescape(text_of(asha, f"/tax?{YEAR}"))
    year = {"slab_rate": "0.30", "salary": "2000000"}
    assert asha.put("/api/v1/tax/taxpayers/0/years/2024-25", json=year).status_code == 204
    page = text_of(asha, f"/tax?{YEAR}")
    listed = page.partition('id="advance"')[2].partition("</section>")[0]
    days = ("15 Jun 2024", "15 Sep 2024", "15 Dec 2024", "15 Mar 2025", "31 Mar 2025")
    assert [day for day in days if day in listed] == list(days)
    assert "234B and 234C" in listed
    told: dict[str, Decimal] = {}
    for address, text, tree in explained(asha, listed):
        must_be(text, tree, address)
        told[address.rpartition("instalment%3A")[2]] = worked_out(tree)
    assert len(told) == 4 * len(days)
    assert [told[f"{n}%3Ashare"] for n in range(5)] == [
        Decimal(x) for x in ("0.15", "0.45", "0.75", "1", "1")
    ]
    assert sum(told[f"{n}%3Ato_pay"] for n in range(5)) == told["4%3Acumulative"]
    due = Decimal(asha.get(f"/api/v1/tax?{YEAR}").json()["due"])
    assert abs(told["4%3Acumulative"] - due) <= 5


def test_the_drawer_shows_the_number_and_leads_to_the_facts(asha: TestClient, home: int) -> None:
    page = text_of(asha, f"/tax/gains?{YEAR}")
    href, text = next(found for found in WHY.findall(page) if unescape(found[0]).endswith("gain"))
    drawer = text_of(asha, unescape(href), **{"hx-request": "true", "hx-request-type": "partial"})
    assert drawer.lstrip().startswith('<div class="explained">')
    assert text in drawer
    assert re.search(r'href="/transactions/\d+"', drawer)


def test_a_figure_that_is_none_is_not_found(asha: TestClient, home: int) -> None:
    for figure in (
        "nonsense",
        "line:x:tax",
        "step:99",
        "step:-1",
        "deed:1-2-3:gain",
        "112a:0:nothing",
        "head:x",
    ):
        assert asha.get(f"/api/v1/tax/explain?{YEAR}&figure={figure}").status_code == 404, figure
    assert asha.get(f"/api/v1/tax/explain?{YEAR}&figure=").status_code == 422


def test_losses_are_set_off_and_carried_in_sight(asha: TestClient, home: int) -> None:
    page = text_of(asha, f"/tax?{YEAR}")
    assert "Short-term</th><td>2023-24" in page
    assert "set off against long term (section 112A)" in page
    assert "Speculative" in page
    assert "carried forward" in page


@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_the_policy_and_say_what_they_are_not(asha: TestClient, home: int, path: str) -> None:
    page = text_of(asha, f"/tax{path}?{YEAR}")
    assert_fits_the_policy(page)
    assert "not advice" in page
    assert "surcharge" in page


@pytest.mark.parametrize("path", PAGES[:-1])
def test_an_empty_house_has_pages_that_teach(asha: TestClient, path: str) -> None:
    page = text_of(asha, f"/tax{path}")
    assert 'role="alert"' not in page
    assert "2026-27" in page


def test_many_deeds_come_by_pages(asha: TestClient, home: int) -> None:
    write_down(asha, home, "2024-07-01 buy 110 NSE:ITC @ 400")
    text = "\n".join("2024-07-02 sell 1 NSE:ITC @ 420" for _ in range(105))
    bulk = {"account_id": home, "text": text}
    assert asha.post("/api/v1/transactions/bulk", json=bulk).status_code in (200, 201)
    first = text_of(asha, f"/tax/gains?{YEAR}")
    assert "1 to 50 of" in first
    assert len(first.encode()) < 300_000
    further = re.search(r'href="(/tax/gains\?[^"]*after=50[^"]*)"', first)
    assert further
    second = text_of(asha, unescape(further[1]))
    assert "51 to" in second
    assert ">Before</a>" in second
    assert asha.get(f"/tax/gains?{YEAR}&head=nonsense", headers=HTML).status_code == 422
    only = text_of(asha, f"/tax/gains?{YEAR}&head=vda")
    assert "BTC" in only
    assert "Infosys" not in only


# What stands in the way --------------------------------------------------------------------------


def test_what_stands_in_the_way_leads_to_its_cure_and_is_gone_then(asha: TestClient, home: int) -> None:
    write_down(asha, home, "2022-04-04 buy 10 NSE:ODDETF @ 100", "2024-05-02 sell 10 NSE:ODDETF @ 150")
    page = text_of(asha, f"/tax?{YEAR}")
    assert "What to mend first" in page
    for name in ("schedule-112a.csv", "statement.csv", "statement.xlsx"):
        refused = asha.get(f"/tax/export/{name}?{YEAR}", headers=HTML)
        assert refused.status_code == 409, name
        assert "No file was made." in refused.text
    assert asha.get(f"/tax/statement?{YEAR}", headers=HTML).status_code == 409
    assert asha.get(f"/api/v1/tax/export/statement.xlsx?{YEAR}").status_code == 409
    cure = re.search(r'href="(/tax/instruments/\d+)\?', page)
    assert cure
    form = text_of(asha, f"{cure[1]}?{YEAR}")
    assert "unknown" in form
    fields = {"tax_class": "equity_fund", "year": "2024-25"}
    after = asha.post(cure[1], data=fields, headers=HTML, follow_redirects=True)
    assert after.status_code == 200
    assert "What to mend first" not in after.text
    given = asha.get(f"/tax/export/statement.csv?{YEAR}", headers=HTML)
    assert given.status_code == 200
    assert given.headers["content-disposition"].startswith("attachment")
    assert "ODDETF" in given.text


def test_the_printed_statement_has_every_row_on_one_of_its_sheets(
    asha: TestClient, home: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sheets of three rows instead of 500: the schedules on the first, each deed and receipt once."""
    monkeypatch.setattr("tunefolio.web.pages.tax._PRINTED", 3)
    place: str | None = f"/tax/statement?{YEAR}"
    sheets = []
    while place is not None:
        sheets.append(text_of(asha, place))
        further = re.search(r'href="(/tax/statement[^"]+)">Further', sheets[-1])
        place = unescape(further[1]) if further else None
    deeds = asha.get(f"/api/v1/tax/deeds?{YEAR}").json()["total"]
    incomes = asha.get(f"/api/v1/tax/incomes?{YEAR}").json()["total"]
    rows = [page.count('<tr><th scope="row">') for page in sheets]
    assert [("Table F" in page or 'id="advance"' in page) for page in sheets] == [True] + [False] * (
        len(rows) - 1
    )
    assert sum(rows) == deeds + incomes
    assert len(rows) == -(-(deeds + incomes) // 3)


def test_an_opening_without_a_day_is_mended_where_the_link_leads(asha: TestClient, home: int) -> None:
    (opening,) = write_down(asha, home, "2024-04-03 opening 5 NSE:ITC @ 10")
    page = text_of(asha, f"/tax?{YEAR}")
    assert f'href="/transactions/{opening}"' in page
    text_of(asha, f"/transactions/{opening}")


def test_the_workbook_holds_the_sums_as_numbers_and_words_as_words(asha: TestClient, home: int) -> None:
    asha.post(
        "/tax/told/taxpayer",
        data={"taxpayer": "0", "name": "=1+1", "residency": "resident", "year": "2024-25"},
    )
    answer = asha.get(f"/tax/export/statement.xlsx?{YEAR}")
    assert answer.status_code == 200
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["Summary", "Statement", "Schedule 112A", "Table F", "Receipts", "Notes"]
    name = book["Summary"]["B1"]
    assert (name.value, name.data_type) == ("=1+1", "s")
    deeds = list(book["Statement"].iter_rows(min_row=2, values_only=True))
    heads = [cell.value for cell in next(book["Statement"].iter_rows(max_row=1))]
    gains = [row[heads.index("Gain")] for row in deeds]
    api = asha.get(f"/api/v1/tax/deeds?{YEAR}&limit=500").json()["data"]
    assert [rounded(Decimal(str(gain)), 2) for gain in gains] == [Decimal(row["gain"]) for row in api]
    words = [
        cell for row in book["Notes"].iter_rows(values_only=True) for cell in row if isinstance(cell, str)
    ]
    assert any("not advice" in word for word in words)
    assert any("rate.equity.long" in word for word in words)


# What a person tells -----------------------------------------------------------------------------


def test_what_is_told_in_the_forms_counts(asha: TestClient, home: int) -> None:
    fields = {
        "taxpayer": "0",
        "year": "2024-25",
        "regime": "old",
        "age": "senior",
        "slab_rate": "0.30",
        "salary": "20,00,000",
    }
    kept = asha.post("/tax/told/year", data=fields, headers=HTML)
    assert kept.status_code == 303
    page = text_of(asha, kept.headers["location"])
    assert re.search(r'<option value="old" selected', page)
    assert re.search(r'<option value="0.30" selected', page)
    assert 'value="2000000' in page
    assert asha.get(f"/api/v1/tax?{YEAR}").json()["levy"]["slab_tax"] is not None
    loss = {
        "taxpayer": "0",
        "year": "2024-25",
        "of": ["2021-22", "2020-21"],
        "kind": ["long_term", "short_term"],
    }
    kept = asha.post("/tax/told/losses", data=loss | {"amount": ["500", ""]}, headers=HTML)
    assert kept.status_code == 303, kept.text
    assert 'value="500' in text_of(asha, kept.headers["location"])
    steps = asha.get(f"/api/v1/tax?{YEAR}").json()["set_off"]["steps"]
    assert [step["amount"] for step in steps if step["of"] == "2021-22"] == ["500.00"]
    for field, wrong in (("slab_rate", "30"), ("salary", "much"), ("salary", "-5"), ("year", "2024-26")):
        assert asha.post("/tax/told/year", data=fields | {field: wrong}, headers=HTML).status_code == 422


def test_another_taxpayer_takes_an_account_and_gives_it_back(asha: TestClient, home: int) -> None:
    other = account(asha, "Mother's demat")
    fields = {"name": "Amma", "residency": "resident", "year": "2024-25", "account": [str(other)]}
    made = asha.post("/tax/told/taxpayer", data=fields, headers=HTML)
    assert made.status_code == 303
    page = text_of(asha, made.headers["location"])
    assert "Forget Amma" in page
    assert 'name="taxpayer"' in text_of(asha, f"/tax?{YEAR}")
    (amma,) = [one for one in asha.get("/api/v1/tax/taxpayers").json()["data"] if one["name"] == "Amma"]
    assert [one["id"] for one in amma["accounts"]] == [other]
    assert "Nothing was sold" in text_of(asha, f"/tax/gains?{YEAR}&taxpayer={amma['id']}")
    gone = asha.post(
        "/tax/told/taxpayer/forget", data={"taxpayer": amma["id"], "year": "2024-25"}, headers=HTML
    )
    assert gone.status_code == 303
    assert "Amma" not in text_of(asha, "/tax/told")


def test_how_units_left_is_told_of_a_fact(asha: TestClient, home: int) -> None:
    deed = asha.get(f"/api/v1/tax/deeds?{YEAR}").json()["data"][0]
    page = text_of(asha, f"/tax/instruments/{deed['instrument']}?{YEAR}")
    assert f'name="fact" value="{deed["sold_by"]}"' in page
    fields = {
        "fact": deed["sold_by"],
        "instrument": deed["instrument"],
        "way": "off_market",
        "year": "2024-25",
    }
    kept = asha.post("/tax/facts", data=fields, headers=HTML, follow_redirects=True)
    assert '<option value="off_market" selected' in kept.text
    assert asha.get(f"/api/v1/tax/deeds?{YEAR}").json()["data"][0]["section"] != "112A"
    assert asha.post("/tax/facts", data=fields | {"way": "thrown"}, headers=HTML).status_code == 422


def test_nothing_of_another_is_seen_or_told(small_house: House, asha: TestClient, home: int) -> None:
    bela = join(visitor(small_house), "bela@example.org", "Bela")
    mine = asha.post("/api/v1/tax/taxpayers", json={"name": "Amma"}).json()["id"]
    deed = asha.get(f"/api/v1/tax/deeds?{YEAR}").json()["data"][0]
    for path in PAGES:
        assert bela.get(f"/tax{path}?taxpayer={mine}", headers=HTML).status_code == 404, path
    facts = {"fact": deed["sold_by"], "instrument": deed["instrument"], "way": "off_market"}
    year = {"taxpayer": mine, "year": "2024-25", "regime": "new", "age": "senior"}
    for path, fields in (
        ("/tax/facts", facts),
        ("/tax/told/year", year),
        ("/tax/told/losses", {"taxpayer": mine, "year": "2024-25"}),
        ("/tax/told/taxpayer", {"taxpayer": mine, "name": "X", "residency": "resident", "year": "2024-25"}),
        ("/tax/told/taxpayer", {"name": "X", "residency": "resident", "year": "2024-25", "account": home}),
        ("/tax/told/taxpayer/forget", {"taxpayer": mine, "year": "2024-25"}),
    ):
        assert bela.post(path, data=fields, headers=HTML).status_code == 404, path
    sale = {"account_id": home, "instrument_id": deed["instrument"], "units": "1", "price": "10"}
    assert bela.post("/api/v1/tax/what-if", json=sale).status_code == 404
    held = f"of={home}:{deed['instrument']}"
    assert bela.get(f"/tax/planning?{held}&units=1&price=10", headers=HTML).status_code == 404
