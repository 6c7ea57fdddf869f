"""The control panel: its API, its page, and what it refuses."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest

from tests.sandbox.conftest import KEY, access_token
from tunefolio.core.time import FixedClock
from tunefolio.sandbox import totp
from tunefolio.sandbox.people import ANGEL_ASHA
from tunefolio.sandbox.serve import Sandbox


class Forms(HTMLParser):
    """The forms of a page with their fields, and what else must hold of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if tag == "form":
            self.forms.append({})
        elif tag in ("input", "select"):
            self.forms[-1][given["name"]] = given.get("value", "")

    def of(self, deed: str) -> dict[str, str]:
        return next(form for form in self.forms if form.get("deed") == deed)


@pytest.fixture
def url(sandbox: Sandbox) -> str:
    return sandbox.control_url


def test_the_state_names_every_face_and_the_clock(url: str) -> None:
    state = httpx2.get(f"{url}/state").json()
    names = [face["name"] for face in state["faces"]]
    assert names == ["zerodha", "angelone", "kotakneo", "yahoo", "world"]
    assert state["clock"]["now"] == "2026-11-20T11:07:23+05:30"
    assert state["clock"]["is_open"] is True


def test_a_user_finds_every_credential_and_the_code_of_now(url: str, clock: FixedClock) -> None:
    rows = httpx2.get(f"{url}/accounts").json()
    assert [row["user"] for row in rows] == ["TF0001", "TF0002", "TFA001", "TFA002", "TFK01"]
    asha = next(row for row in rows if row["user"] == "TFA001")
    assert asha["pin"] == "2468"
    assert asha["totp_code"] == totp.code(ANGEL_ASHA.totp_secret, clock.now())
    assert asha["totp_code"] in httpx2.get(url).text


def test_an_event_reaches_the_brokers_books(url: str, sandbox: Sandbox, kite: httpx2.Client) -> None:
    before = len(kite.get("/trades").json()["data"])
    event = {
        "kind": "trade",
        "broker": "zerodha",
        "user": "TF0001",
        "key": "NSE:TCS",
        "side": "BUY",
        "quantity": 3,
    }
    told = httpx2.post(f"{url}/events", json=event)
    assert told.status_code == 201
    trades = kite.get("/trades").json()["data"]
    assert len(trades) == before + 1
    assert trades[-1]["order_id"] == told.json()["order_no"]
    (listed,) = httpx2.get(f"{url}/events").json()
    assert listed["event"]["kind"] == "trade"
    assert httpx2.get(f"{url}/log").json()[0]["deed"] == "event"
    shown = httpx2.get(f"{url}/accounts/zerodha/TF0001").json()
    assert shown["executions"][-1]["quantity"] == 3


def test_the_clock_goes_forward_for_every_face(url: str, sandbox: Sandbox, kite: httpx2.Client) -> None:
    told = httpx2.post(f"{url}/clock", json={"days": 3}).json()
    assert told["now"] == "2026-11-23T11:07:23+05:30"
    assert kite.get("/user/profile").status_code == 403, "every session died at six"
    meta = httpx2.get(f"{sandbox.yahoo_url}/v8/finance/chart/INFY.NS").json()["chart"]["result"][0]["meta"]
    assert meta["regularMarketTime"] == int(sandbox.clock.now().utc.timestamp())
    assert (
        httpx2.post(f"{url}/clock", json={"to": "2026-11-24T09:00:00"}).json()["now"][:16]
        == "2026-11-24T09:00"
    )


@pytest.mark.parametrize(
    ("path", "said", "field"),
    [
        ("/clock", {"days": -1}, "days"), ("/clock", {}, "days"), ("/clock", {"days": "many"}, "days"),
        ("/clock", {"to": "2026-11-19T09:00:00"}, "clock"), ("/clock", {"to": "tomorrow"}, "to"),
        ("/events", {"kind": "miracle"}, "kind"), ("/events", {}, "kind"),
        ("/events", {"kind": "trade", "broker": "zerodha"}, "user"),
        ("/events", {"kind": "deposit", "broker": "zerodha", "user": "TF0001", "amount": 1.5}, "amount"),
        ("/events", {"kind": "deposit", "broker": "zerodha", "user": "TF0001", "amount": 1, "x": 1}, "x"),
        ("/events", {"kind": "split", "symbol": "TCS", "ex_day": "soon", "new": 2}, "ex_day"),
        ("/events", [], "body"),
        ("/faults", {"face": "nse", "kind": "429"}, "face"),
        ("/faults", {"face": "yahoo", "kind": "x"}, "kind"),
        ("/faults", {"face": "yahoo", "kind": "slow", "seconds": 900}, "seconds"),
        ("/faults", {"face": "yahoo", "kind": "slow", "seconds": "NaN"}, "seconds"),
        ("/faults", {"face": "yahoo", "kind": "429", "times": 0}, "times"),
        ("/faults", {"face": "yahoo", "kind": "429", "path": "chart"}, "path"),
        ("/faults", {"face": "yahoo", "kind": "429", "colour": "red"}, "colour"),
        ("/faults", {"face": "yahoo"}, "kind"),
        ("/latency", {"face": "yahoo", "seconds": -1}, "seconds"),
    ],
)  # fmt: skip
def test_a_wrong_input_is_refused_with_its_field(url: str, path: str, said: Any, field: str) -> None:
    answer = httpx2.post(f"{url}{path}", json=said)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["field"] == field
    assert error["problem"]
    assert httpx2.get(f"{url}/log").json() == []


def test_what_is_no_json_is_refused(url: str) -> None:
    assert httpx2.post(f"{url}/events", content=b"{").json()["error"]["field"] == "body"
    assert httpx2.post(f"{url}/events", content=b" " * 70_000).json()["error"]["field"] == "body"


def test_foreign_pages_and_names_are_not_heard(url: str) -> None:
    foreign = httpx2.post(f"{url}/clock", json={"days": 1}, headers={"Origin": "https://evil.example"})
    rebound = httpx2.get(f"{url}/state", headers={"Host": "evil.example"})
    assert (foreign.status_code, rebound.status_code) == (403, 403)
    own = url.removesuffix("/control")
    assert httpx2.post(f"{url}/clock", json={"days": 1}, headers={"Origin": own}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"), [("429", 429), ("500", 500), ("503", 503), ("502", 502), ("403", 403)]
)
def test_a_planned_refusal_happens_at_its_face_only(
    url: str, kite: httpx2.Client, sandbox: Sandbox, kind: str, status: int
) -> None:
    said = {"face": "zerodha", "kind": kind, "path": "/portfolio", "retry_after": 7}
    assert httpx2.post(f"{url}/faults", json=said).status_code == 201
    assert kite.get("/user/profile").status_code == 200
    refused = kite.get("/portfolio/holdings")
    assert refused.status_code == status
    if status == 429:
        assert refused.headers["retry-after"] == "7"
    assert kite.get("/portfolio/holdings").status_code == 200


def test_html_and_torn_bodies_and_an_end_to_them(url: str, kite: httpx2.Client) -> None:
    for kind in ("html", "truncated"):
        httpx2.post(f"{url}/faults", json={"face": "zerodha", "kind": kind, "times": 1})
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
            kite.get("/portfolio/holdings").json()
    httpx2.post(f"{url}/faults", json={"face": "zerodha", "kind": "500", "times": 9})
    assert [face["faults"] for face in httpx2.get(f"{url}/faults", params={"face": "zerodha"}).json()] != [[]]
    assert httpx2.delete(f"{url}/faults", params={"face": "zerodha"}).status_code == 204
    assert kite.get("/user/profile").status_code == 200


def test_latency_stands_until_it_is_cleared(url: str, kite: httpx2.Client) -> None:
    httpx2.post(f"{url}/latency", json={"face": "zerodha", "seconds": 0.2})
    assert kite.get("/user/profile").elapsed.total_seconds() > 0.19
    httpx2.delete(f"{url}/faults")
    assert httpx2.get(f"{url}/faults").json()[0]["latency_seconds"] == 0


def test_one_users_session_is_stolen_elsewhere(url: str, sandbox: Sandbox) -> None:
    tokens = {user: access_token(sandbox, user) for user in ("TF0001", "TF0002")}
    query = {"face": "zerodha", "user": "TF0001"}
    assert httpx2.delete(f"{url}/sessions", params=query).status_code == 204
    stands = {}
    for user, token in tokens.items():
        headers = {"X-Kite-Version": "3", "Authorization": f"token {KEY}:{token}"}
        stands[user] = httpx2.get(f"{sandbox.kite_url}/user/profile", headers=headers).status_code
    assert stands == {"TF0001": 403, "TF0002": 200}
    for wrong in ({"face": "yahoo"}, {"face": "zerodha", "user": "NOBODY"}, {}):
        assert httpx2.delete(f"{url}/sessions", params=wrong).status_code == 400


def test_the_tradebook_of_a_missed_trade(url: str) -> None:
    event = {
        "kind": "missed_trade", "broker": "zerodha", "user": "TF0002", "key": "NSE:CIPLA", "side": "BUY",
        "quantity": 30, "day": "2026-11-12",
    }  # fmt: skip
    httpx2.post(f"{url}/events", json=event)
    span = {"from": "2026-11-01", "to": "2026-11-20"}
    answer = httpx2.get(f"{url}/accounts/zerodha/TF0002/tradebook.csv", params=span)
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert {name: row[name] for name in ("symbol", "trade_date", "exchange", "trade_type", "quantity")} == {
        "symbol": "CIPLA", "trade_date": "2026-11-12", "exchange": "NSE", "trade_type": "buy",
        "quantity": "30.000000",
    }  # fmt: skip
    whole = httpx2.get(f"{url}/accounts/zerodha/TF0002/tradebook.csv").text
    bought = sum(float(one["quantity"]) for one in csv.DictReader(io.StringIO(whole)))
    lines = httpx2.get(f"{url}/accounts/zerodha/TF0002").json()["lines"]
    assert bought == sum(line["settled"] + line["unsettled"] for line in lines)
    turned = {"from": "2026-11-20", "to": "2026-11-01"}
    assert httpx2.get(f"{url}/accounts/zerodha/TF0002/tradebook.csv", params=turned).status_code == 400
    assert httpx2.get(f"{url}/accounts/zerodha/NOBODY/tradebook.csv").status_code == 400


def test_the_page_does_what_the_api_does(url: str, sandbox: Sandbox) -> None:
    page = httpx2.get(url)
    forms = Forms(page.text)
    assert "REHEARSAL" in page.text
    assert "script" not in forms.tags
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert httpx2.get(f"{url}/style.css").headers["content-type"].startswith("text/css")
    deeds: list[dict[str, str]] = [
        {**forms.of("shift"), "days": "1"},
        {**forms.of("plan"), "face": "yahoo", "kind": "429", "times": "2"},
        {**forms.of("slow_down"), "face": "world", "seconds": "0.01"},
        {**forms.of("end_sessions"), "face": "zerodha"},
        {
            **forms.of("happen"), "kind": "deposit", "broker": "kotakneo", "user": "TFK01", "amount": "5000",
        },
    ]  # fmt: skip
    for fields in deeds:
        back = httpx2.post(url, data=fields)
        assert (back.status_code, back.headers["location"]) == (303, "/control"), back.text
    after = httpx2.get(url).text
    assert "2026-11-21" in after
    assert "kotakneo" in after
    assert [one["deed"] for one in httpx2.get(f"{url}/log").json()] == [
        "event", "sessions ended", "latency", "fault", "clock",
    ]  # fmt: skip
    assert [fault.times for fault in sandbox.yahoo_faults.standing()] == [2]
    assert httpx2.post(url, data={**forms.of("clear"), "face": "yahoo"}).status_code == 303
    assert sandbox.yahoo_faults.standing() == ()


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(url: str) -> None:
    answer = httpx2.post(url, data={"deed": "happen", "kind": "trade", "broker": "zerodha", "user": "TF0001"})
    assert answer.status_code == 400
    assert "needs it" in answer.text
    assert 'value="TF0001"' in answer.text
    strange = httpx2.post(
        url, data={"deed": "happen", "kind": "trade", "broker": "<script>alert(1)</script>"}
    )
    assert "<script>" not in strange.text
    assert httpx2.post(url, data={"deed": "launch"}).status_code == 400
