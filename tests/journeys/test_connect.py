"""Connect Zerodha: press, log in at the broker, come back, and every figure is what the broker reports."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import APP, Served
from tunefolio.sandbox.people import ASHA
from tunefolio.sandbox.serve import Sandbox

pytestmark = pytest.mark.journey
PAISA = Decimal("0.01")


def connect(page: Page) -> None:
    """What a person does from the dashboard to the holdings."""
    page.get_by_role("link", name="Connect Zerodha").first.click()
    expect(page.get_by_text("REHEARSAL", exact=True)).to_be_visible()
    page.get_by_label("User ID").fill(ASHA.user_id)
    page.get_by_label("Password").fill(ASHA.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("PIN or TOTP").fill(ASHA.pin)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/dashboard*")
    expect(page.locator("table tbody tr", has_text="RELIANCE").first).to_be_visible()


def reported(sandbox: Sandbox) -> list[dict[str, Any]]:
    """What is owned by the broker's own books, with what was bought today, over its own protocol, by a login
    that owes nothing to our adapter.

    It ends the session of the house: one user has one at a time.
    """
    request_token = sandbox.grants.ask(ASHA.user_id, APP.api_key)
    checksum = sha256(f"{APP.api_key}{request_token}{APP.api_secret.reveal()}".encode()).hexdigest()
    form = {"api_key": APP.api_key, "request_token": request_token, "checksum": checksum}
    version = {"X-Kite-Version": "3"}
    with httpx2.Client(base_url=sandbox.kite_url, headers=version) as client:
        session = orjson.loads(client.post("/session/token", data=form).content)["data"]
        key = {"Authorization": f"token {APP.api_key}:{session['access_token']}"}
        held = orjson.loads(client.get("/portfolio/holdings", headers=key).content)["data"]
        day = orjson.loads(client.get("/portfolio/positions", headers=key).content)["data"]["net"]
    bought = [{**line, "t1_quantity": 0} for line in day if line["product"] == "CNC" and line["quantity"] > 0]
    lines: list[dict[str, Any]] = held + bought
    return lines


def paise(number: Decimal) -> Decimal:
    return number.quantize(PAISA, ROUND_HALF_UP)


def worth(lines: list[dict[str, Any]], field: str) -> Decimal:
    """Units × a price of each line, rounded to the paisa, summed."""
    return sum((paise(units(line) * Decimal(str(line[field]))) for line in lines), Decimal(0))


def units(line: dict[str, Any]) -> Decimal:
    """In the demat, on their way there, and bought on margin: at the rehearsal all at one average."""
    on_margin = line.get("mtf", {}).get("quantity", 0)
    return Decimal(line["quantity"]) + Decimal(line["t1_quantity"]) + Decimal(on_margin)


def number(page: Page, path: str) -> dict[str, Any]:
    """The API's answer to the person's own browser session; numbers as Decimal-safe text."""
    answer = page.request.get(path)
    assert answer.ok, answer.text()
    parsed: dict[str, Any] = json.loads(answer.text(), parse_float=Decimal, parse_int=Decimal)
    return parsed


def test_holdings_agree_with_the_broker_to_the_paisa(
    person: Callable[[str], Page], sandbox: Sandbox, served: Served
) -> None:
    page = person("asha")
    connect(page)
    overview = number(page, "/api/portfolio/overview")
    holdings = number(page, "/api/portfolio/holdings")
    sectors = number(page, "/api/sectors/allocation")
    shown = page.locator("#k-value").inner_text()
    _drills_down(page, sectors)
    lines = [line for line in reported(sandbox) if units(line)]

    cost, value = worth(lines, "average_price"), worth(lines, "last_price")
    assert overview["total_invested"] == cost
    assert overview["current_value"] == value
    assert overview["total_pnl"] == value - cost
    assert holdings["count"] == len(lines)
    ours = {(row["exchange"], row["symbol"]): row for row in holdings["data"]}
    for line in lines:
        row = ours[(line["exchange"], re.sub(r"-B[EZ]$", "", line["tradingsymbol"]))]
        assert row["quantity"] == units(line)
        assert row["current_price"] == Decimal(str(line["last_price"]))
        assert row["invested_value"] == paise(units(line) * Decimal(str(line["average_price"])))
        assert row["current_value"] == paise(units(line) * Decimal(str(line["last_price"])))
    assert (
        sum(row["current_value"] for row in sectors["sectors"]) == value == sectors["total_portfolio_value"]
    )
    assert sum(row["invested_value"] for row in sectors["sectors"]) == cost
    assert re.sub(r"[^0-9]", "", shown) == rupees(value)
    isins = {line.get("isin", line["tradingsymbol"]) for line in lines}
    assert overview["total_stocks"] == len(isins) < len(lines), "a stock on two exchanges counts once"


def rupees(amount: Decimal) -> str:
    """Whole rupees, as the KPI strip rounds them."""
    return str(amount.quantize(Decimal(1), ROUND_HALF_UP))


def _drills_down(page: Page, sectors: dict[str, Any]) -> None:
    """By sector to its holdings, and by holding to its lots; both say what the API says."""
    biggest = sectors["sectors"][0]
    page.get_by_role("button", name=re.compile(re.escape(biggest["sector"]))).first.click()
    details = page.locator("#drill")
    expect(details).to_contain_text(biggest["sector"])
    expect(details.locator("tbody tr")).to_have_count(
        len(number(page, f"/api/sectors/{quote(biggest['sector'])}/holdings")["holdings"])
    )
    page.keyboard.press("Escape")


def test_a_dead_session_is_shown_with_its_cure_and_mended_by_one_click(
    person: Callable[[str], Page], sandbox: Sandbox
) -> None:
    page = person("asha")
    connect(page)
    sandbox.grants.end_all()
    page.get_by_role("button", name="Sync now").first.click()
    cure = page.get_by_role("link", name="Log in to Zerodha").first
    expect(cure).to_be_visible()
    before = number(page, "/api/portfolio/overview")
    assert before["total_stocks"] > 0, "what is known stays while the broker waits for its login"
    cure.click()
    page.get_by_label("User ID").fill(ASHA.user_id)
    page.get_by_label("Password").fill(ASHA.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("PIN or TOTP").fill(ASHA.pin)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/dashboard*")
    expect(page.get_by_role("link", name="Log in to Zerodha")).to_have_count(0)
    assert number(page, "/api/portfolio/overview")["total_invested"] == before["total_invested"]


@pytest.mark.one_is_enough
def test_a_cancelled_or_forged_return_changes_nothing_and_says_why(
    person: Callable[[str], Page], sandbox: Sandbox, served: Served
) -> None:
    page = person("asha")
    page.get_by_role("link", name="Connect Zerodha").first.click()
    page.get_by_role("link", name=re.compile("Cancel")).click()
    expect(page.get_by_text(re.compile("cancel", re.IGNORECASE)).first).to_be_visible()
    forged = page.request.get(
        f"{served.url}/auth/zerodha/callback?status=success&action=login&request_token=x&state=forged"
    )
    assert forged.status in {400, 403, 409, 422}
    assert "state" in forged.text().lower() or "again" in forged.text().lower()
    assert number(page, "/api/portfolio/overview")["total_stocks"] == 0
