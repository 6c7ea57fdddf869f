"""Pages as HTML: every one renders, holds to the strict CSP, and does what its forms say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import tunefolio.adapters.brokers.files.tradebook  # noqa: F401 — registers the format
from tests.web.houses import PASSWORD, connect_broker, visitor
from tunefolio.services.house import House
from tunefolio.web import render

HTML = {"accept": "text/html"}
PARTIAL = {**HTML, "hx-request": "true", "hx-request-type": "partial"}
PAGES = (
    "/dashboard",
    "/holdings",
    "/transactions",
    "/actions",
    "/breaks",
    "/imports",
    "/brokers",
    "/portfolios",
    "/snapshots",
    "/settings",
    "/settings/security",
    "/settings/sectors",
    "/settings/jobs",
    "/admin/users",
    "/settings/server",
)
TEMPLATES = sorted((Path(render.__file__).parent / "templates").rglob("*.html"))
TRADEBOOK = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,"
    "order_execution_time\n"
    "INFY,INE009A01021,2024-04-01,NSE,EQ,EQ,buy,false,10,1500,1,1,2024-04-01T10:00:00\n"
    "INFY,INE009A01021,2024-04-02,NSE,EQ,EQ,buy,false,-3,1500,2,2,2024-04-02T10:00:00\n"
)


pytestmark = pytest.mark.usefixtures("built_assets")


@pytest.fixture
def investor(small_house: House, asha: TestClient) -> TestClient:
    """Asha with what her broker reported."""
    connect_broker(small_house, asha)
    return asha


def text_of(client: TestClient, path: str, **headers: str) -> str:
    answer = client.get(path, headers={**HTML, **headers})
    assert answer.status_code == 200, answer.text
    return answer.text


def sent(client: TestClient, path: str, **fields: str | int) -> str:
    """What the browser shows after a form was sent and its redirect followed."""
    answer = client.post(path, data=fields, headers=HTML, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def account_with_a_purchase(client: TestClient) -> int:
    sent(client, "/portfolios", name="Long term")
    shelf = re.search(r'id="p-(\d+)"', text_of(client, "/portfolios"))
    assert shelf
    sent(client, "/accounts", name="Demat", portfolio=shelf[1])
    home = re.search(r'id="rename-a(\d+)"', text_of(client, "/portfolios"))
    assert home
    sent(
        client,
        "/transactions/line",
        account=home[1],
        text="2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #long",
    )
    return int(home[1])


@pytest.mark.parametrize("path", PAGES)
def test_every_page_renders_for_a_newcomer(asha: TestClient, path: str) -> None:
    page = text_of(asha, path)
    assert "<h1" in page
    assert 'href="#main"' in page


@pytest.mark.parametrize("path", PAGES)
def test_every_page_renders_with_holdings(investor: TestClient, path: str) -> None:
    page = text_of(investor, path)
    assert "<h1" in page
    assert_fits_the_policy(page)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_more_than_the_policy_allows(template: Path) -> None:
    assert_fits_the_policy(template.read_text())


def assert_fits_the_policy(page: str) -> None:
    """No inline style, handler or script: the browser would refuse them."""
    assert not re.search(r"\sstyle\s*=", page)
    assert not re.search(r"\s(on[a-z]+|hx-on[:-][\w:-]+)=\"(?!only)[^\"]*[(;]", page)
    assert "<style" not in page
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))


def test_a_newcomer_is_shown_the_three_ways_to_begin(asha: TestClient) -> None:
    page = text_of(asha, "/dashboard")
    assert "Connect Zerodha" in page
    assert 'href="/auth/zerodha/login"' in page
    assert 'href="/imports"' in page
    assert 'href="/transactions#add"' in page


def test_the_board_is_a_block_of_the_overview(investor: TestClient) -> None:
    block = text_of(investor, "/dashboard", **PARTIAL, **{"hx-target": "div#board"})
    assert block.lstrip().startswith('<div id="board"')
    assert "<html" not in block
    assert 'id="kpis"' in block
    assert 'id="holdings"' in block
    assert 'id="legend"' in block


def test_a_holding_without_a_price_is_said_to_have_none(investor: TestClient) -> None:
    page = text_of(investor, "/dashboard")
    assert "1 without price" in page
    assert "no price yet" in page


def test_a_cancelled_login_is_told_and_changes_nothing(asha: TestClient) -> None:
    page = text_of(asha, "/brokers?login=cancelled")
    assert "The login was cancelled" in page
    assert '<a href="/auth/zerodha/login">Try again</a>' in page
    assert "cancelled" not in text_of(asha, "/brokers")


def test_lots_of_an_opening_have_no_invented_day(investor: TestClient) -> None:
    row = re.search(r'hx-get="(/holdings/\d+/\d+/lots)"', text_of(investor, "/dashboard"))
    assert row
    assert "unknown (opening position)" in text_of(investor, row[1])


def test_sync_now_answers_htmx_with_its_progress(investor: TestClient) -> None:
    answer = investor.post("/sync", headers={**PARTIAL, "hx-target": "div#work"}, follow_redirects=True)
    assert answer.status_code == 200
    assert "<progress" in answer.text


def test_a_fact_is_recorded_tagged_corrected_and_taken_back(asha: TestClient) -> None:
    account = account_with_a_purchase(asha)
    page = text_of(asha, "/transactions")
    assert "₹15,000.00" in page
    assert "#long" in page
    fact = re.search(r'id="t-(\d+)"', page)
    assert fact
    assert "core" in sent(asha, f"/transactions/{fact[1]}/tag", tag="#core")
    assert "#core" not in sent(asha, f"/transactions/{fact[1]}/untag", tag="core")
    wish = {"kind": "buy", "day": "2024-04-01", "instrument": "NSE:INFY", "quantity": "12", "price": "1,500"}
    assert "₹18,000.00" in sent(asha, f"/transactions/{fact[1]}", **wish)
    last = re.search(r'id="t-(\d+)"', text_of(asha, f"/transactions?account={account}"))
    assert last
    assert "Your ledger is empty" in sent(asha, f"/transactions/{last[1]}/reverse")
    assert "struck" in text_of(asha, "/transactions?reversed=1")


def test_what_is_taken_back_is_struck_wherever_its_reversal_is(asha: TestClient) -> None:
    """The reversal of the last fact of a day comes a page before it when the day is long."""
    account = account_with_a_purchase(asha)
    sent(asha, "/transactions/line", account=account, text="2024-04-01 deposit 1")
    fact = re.search(r'id="t-(\d+)"', text_of(asha, f"/transactions?account={account}&kind=deposit"))
    assert fact
    for amount in range(2, 102):
        asha.post("/transactions/line", data={"account": account, "text": f"2024-04-01 deposit {amount}"})
    sent(asha, f"/transactions/{fact[1]}/reverse")
    first = text_of(asha, "/transactions?reversed=1")
    assert f'id="t-{fact[1]}"' not in first
    assert 'class="line reversal"' in first
    assert "struck" not in first
    more = re.search(r'hx-get="(/transactions\?[^"]*cursor=[^"]*)"', first)
    assert more
    second = text_of(asha, more[1].replace("&amp;", "&"))
    assert re.search(rf'<tr class="line struck"[^>]*id="t-{fact[1]}"', second)
    assert second.count("struck") == 1


def test_what_takes_something_back_asks_first(asha: TestClient) -> None:
    account_with_a_purchase(asha)
    assert 'data-confirm="Take back “2024-04-01 buy 10 NSE:INFY' in text_of(asha, "/transactions")
    assert '<dialog id="keys"' in text_of(asha, "/dashboard")


def test_the_form_records_every_kind(asha: TestClient) -> None:
    account = account_with_a_purchase(asha)
    trade = {"instrument": "NSE:INFY", "quantity": "2", "price": "1600", "fees": "5"}
    wishes = {
        "opening": {"instrument": "NSE:ITC", "quantity": "5", "price": "200"},
        "sell": trade,
        "dividend": {"instrument": "NSE:INFY", "amount": "280"},
        "deposit": {"amount": "50,000"},
        "withdrawal": {"amount": "100"},
        "fee": {"amount": "354"},
    }
    for kind, wish in wishes.items():
        sent(asha, "/transactions", account=account, kind=kind, day="2024-06-20", **wish)
    page = text_of(asha, "/transactions")
    assert "₹50,000.00" in page
    assert "₹3,200.00" in page


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "sell", "instrument": "NSE:INFY", "quantity": "11", "price": "1"}, "quantity"),
        ({"kind": "buy", "instrument": "MOON:INFY", "quantity": "1", "price": "1"}, "exchange"),
        ({"kind": "buy", "instrument": "NSE:INFY", "quantity": "ten", "price": "1"}, "quantity"),
        ({"kind": "deposit", "amount": ""}, "amount"),
    ],
)
def test_a_wrong_field_is_named_in_a_fragment(asha: TestClient, fields: dict[str, str], field: str) -> None:
    account = account_with_a_purchase(asha)
    body = {"account": str(account), "day": "2024-06-20", **fields}
    answer = asha.post("/transactions", data=body, headers={**PARTIAL, "hx-target": "main#main"})
    assert answer.status_code == 422
    assert f'data-field="{field}"' in answer.text
    assert "<html" not in answer.text


def test_a_file_is_checked_recorded_and_undone(asha: TestClient) -> None:
    account = account_with_a_purchase(asha)
    files = {"file": ("tradebook-AB1234-EQ.csv", TRADEBOOK.encode(), "text/csv")}
    answer = asha.post("/imports/preview", data={"account": account}, files=files, headers=HTML)
    assert answer.status_code == 200, answer.text
    assert "Record 1 transaction" in answer.text
    assert "Rows left out" in answer.text
    digest = re.search(r'name="sha256" value="([0-9a-f]{64})"', answer.text)
    assert digest
    page = sent(asha, "/imports", account=account, sha256=digest[1])
    made = re.search(r'id="i-(\d+)"', page)
    assert made
    assert "undone" in sent(asha, f"/imports/{made[1]}/undo")


def test_a_portfolio_is_renamed_archived_exported_and_deleted(asha: TestClient) -> None:
    account_with_a_purchase(asha)
    shelf = re.search(r'id="p-(\d+)"', text_of(asha, "/portfolios"))
    assert shelf
    path = f"/portfolios/{shelf[1]}"
    assert "Forever" in sent(asha, f"{path}/rename", name="Forever")
    assert "archived" in sent(asha, f"{path}/archive")
    sent(asha, f"{path}/restore")
    assert asha.get(f"{path}/export").content.startswith(b"PK")
    refused = asha.post(f"{path}/delete", data={"confirm_name": "Never"}, headers=HTML)
    assert refused.status_code == 422
    page = sent(asha, f"{path}/delete", confirm_name="Forever")
    kept = re.search(r'href="(/portfolios/farewell/[0-9a-f]{64})"', page)
    assert kept
    assert asha.get(kept[1]).content.startswith(b"PK")


def test_the_list_of_portfolios_is_asked_for_again_when_another_tab_changes_it(asha: TestClient) -> None:
    """Its line hears what each deed with a portfolio or an account tells; the part brings it along."""
    account_with_a_purchase(asha)
    page = text_of(asha, "/portfolios")
    line = re.search(r'<div id="shelves-again" hx-get="([^"]+)" hx-trigger="([^"]+)" hx-target="#main"', page)
    assert line
    assert "live-transactions from:body" in line[2]
    shelf = re.search(r'id="p-(\d+)"', page)
    assert shelf
    sent(asha, f"/portfolios/{shelf[1]}/rename", name="Forever")
    part = asha.get(line[1], headers={**PARTIAL, "hx-target": "main#main"}).text
    assert "Forever" in part
    assert line[0] in part
    assert "<html" not in part


def test_a_snapshot_is_taken_and_opened(investor: TestClient) -> None:
    page = sent(investor, "/snapshots")
    link = re.search(r'href="(/snapshots/[\d-]+/\d+)"', page)
    assert link
    assert "TATAPOWER" in text_of(investor, link[1])
    assert investor.get("/snapshots/2024-01-01/1", headers=HTML).status_code == 404


def test_a_theme_is_kept_with_the_person(asha: TestClient) -> None:
    assert 'data-theme="dark"' in sent(asha, "/settings/appearance", theme="dark")
    assert asha.post("/settings/appearance", data={"theme": "neon"}, headers=HTML).status_code == 422


def test_a_wrong_present_password_names_its_field(asha: TestClient) -> None:
    wish = {"old_password": "not the one at all", "new_password": "another long password"}
    answer = asha.post("/settings/password", data=wish, headers=PARTIAL)
    assert answer.status_code == 422
    assert 'data-field="old_password"' in answer.text
    sent(asha, "/settings/password", old_password=PASSWORD, new_password="another long password")


def test_an_own_sector_goes_before_all_others(investor: TestClient) -> None:
    chosen = re.search(r'<option value="(\d+)"', text_of(investor, "/settings/sectors"))
    assert chosen
    assert "Moonshots" in sent(investor, "/settings/sectors", instrument=chosen[1], sector="Moonshots")
    assert "Moonshots" in text_of(investor, "/dashboard")
    assert "Moonshots" not in sent(investor, f"/settings/sectors/{chosen[1]}/clear")


def test_an_invite_is_shown_once_and_lets_someone_in(small_house: House, asha: TestClient) -> None:
    answer = asha.post("/admin/invites", data={"role": "member"}, headers=HTML)
    link = re.search(r"/sign-up\?invite=([\w-]+)", answer.text)
    assert link
    assert link[1] not in text_of(asha, "/admin/users")
    guest = visitor(small_house)
    assert link[1] in text_of(guest, f"/sign-up?invite={link[1]}")
    wish = {
        "name": "Ravi",
        "email": "ravi@example.org",
        "password": "a few words in a row",
        "invite": link[1],
    }
    answer = guest.post("/sign-up", data=wish, headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    assert guest.get("/admin/users", headers=HTML).status_code == 403
    assert guest.get("/settings/people", headers=HTML).status_code == 403


def test_the_old_address_of_people_leads_to_the_users(asha: TestClient) -> None:
    moved = asha.get("/settings/people", headers=HTML)
    assert (moved.status_code, moved.headers["location"]) == (308, "/admin/users")
    assert "/settings/people" not in text_of(asha, "/settings")


def test_a_wrong_password_is_told_on_the_form(small_house: House, asha: TestClient) -> None:
    guest = visitor(small_house)
    answer = guest.post("/sign-in", data={"email": "asha@example.org", "password": "wrong"}, headers=HTML)
    assert answer.status_code == 401
    assert "Wrong e-mail or password" in answer.text
    assert 'value="asha@example.org"' in answer.text
    assert "wrong" not in re.findall(r'value="([^"]*)"', answer.text)


def test_signing_in_leads_back_to_the_page_that_was_wanted(small_house: House, asha: TestClient) -> None:
    guest = visitor(small_house)
    asked = guest.get("/brokers", headers=HTML, follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fbrokers")
    body = {"email": "asha@example.org", "password": PASSWORD, "next": "/brokers"}
    answer = guest.post("/sign-in", data=body, headers=HTML, follow_redirects=False)
    assert answer.headers["location"] == "/brokers"
    left = guest.post("/sign-out", headers=HTML, follow_redirects=False)
    assert left.headers["location"] == "/sign-in"


def test_an_empty_house_asks_for_its_first_person(stranger: TestClient) -> None:
    answer = stranger.get("/sign-in", headers=HTML, follow_redirects=True)
    assert "Set up TuneFolio" in answer.text
    short = {"name": "Asha", "email": "asha@example.org", "password": "short"}
    assert stranger.post("/sign-up", data=short, headers=HTML).status_code == 422


def test_another_person_finds_nothing_of_it(small_house: House, investor: TestClient) -> None:
    link = re.search(
        r"/sign-up\?invite=([\w-]+)", investor.post("/admin/invites", data={"role": "member"}).text
    )
    assert link
    row = re.search(r'hx-get="(/holdings/\d+/\d+/lots)"', text_of(investor, "/dashboard"))
    ravi = visitor(small_house)
    wish = {
        "name": "Ravi",
        "email": "ravi@example.org",
        "password": "a few words in a row",
        "invite": link[1],
    }
    ravi.post("/sign-up", data=wish, headers=HTML)
    assert row
    assert ravi.get(row[1], headers=HTML).status_code == 404
    assert "TATAPOWER" not in "".join(text_of(ravi, path) for path in ("/dashboard", "/transactions"))
