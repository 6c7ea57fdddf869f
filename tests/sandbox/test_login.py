"""A person logs in at the simulated broker, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.sandbox.conftest import KEY, REDIRECT, SECRET, access_token, request_token
from tunefolio.core.time import FixedClock
from tunefolio.sandbox.serve import Sandbox


class Form(HTMLParser):
    """The one form of a page: where it goes, its fields, and what stands around it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.labels: set[str] = set()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        if tag == "form":
            self.action = given["action"]
        elif tag == "input":
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "label":
            self.labels.add(given["for"])
        elif tag == "a":
            self.links.append(given["href"])


def login_url(**more: str) -> str:
    return "/connect/login?" + urlencode({"v": "3", "api_key": KEY, **more})


@pytest.fixture
def browser(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=sandbox.kite_url) as client:
        yield client


def exchange(sandbox: Sandbox, token: str, secret: str = SECRET, key: str = KEY) -> httpx2.Response:
    checksum = sha256((key + token + secret).encode()).hexdigest()
    form = {"api_key": key, "request_token": token, "checksum": checksum}
    return httpx2.post(f"{sandbox.kite_url}/session/token", data=form)


def test_a_person_logs_in_by_two_forms_and_returns_with_a_token(browser: httpx2.Client) -> None:
    page = browser.get(login_url(redirect_params="state=s%2F1&note=a b"))
    assert page.status_code == 200
    first = Form(page.text)
    assert "REHEARSAL" in page.text
    assert "script" not in first.tags
    assert {"user_id", "password"} <= first.labels
    second_page = browser.post(
        first.action, data={**first.fields, "user_id": "tf0001", "password": "rehearsal-1"}
    )
    second = Form(second_page.text)
    back = browser.post(second.action, data={**second.fields, "pin": "246810"})
    assert back.status_code == 303
    location = urlsplit(back.headers["location"])
    assert location._replace(query="").geturl() == REDIRECT
    answer = parse_qs(location.query)
    assert answer.pop("request_token")[0].isalnum()
    assert answer == {
        "action": ["login"], "type": ["login"], "status": ["success"], "state": ["s/1"], "note": ["a b"],
    }  # fmt: skip


def test_the_pages_forbid_scripts_and_let_forms_go_only_here_and_to_the_app(browser: httpx2.Client) -> None:
    policy = browser.get(login_url()).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'self' http://localhost:9" in policy
    assert browser.get("/connect/login.css").headers["content-type"].startswith("text/css")


def test_a_wrong_password_and_a_wrong_pin_are_answered_on_the_page(browser: httpx2.Client) -> None:
    form = Form(browser.get(login_url()).text)
    wrong = browser.post(form.action, data={**form.fields, "user_id": "TF0001", "password": "guess"})
    assert wrong.status_code == 403
    assert "Invalid user ID or password." in wrong.text
    again = Form(wrong.text)
    assert again.fields["user_id"] == "TF0001"
    second = Form(browser.post(again.action, data={**again.fields, "password": "rehearsal-1"}).text)
    wrong_pin = browser.post(second.action, data={**second.fields, "pin": "000000"})
    assert "Invalid PIN or TOTP." in wrong_pin.text
    third = Form(wrong_pin.text)
    assert browser.post(third.action, data={**third.fields, "pin": "246810"}).status_code == 303
    stale = browser.post(third.action, data={**third.fields, "pin": "246810"})
    assert "start again" in stale.text


def test_cancelling_returns_without_a_token(browser: httpx2.Client) -> None:
    form = Form(browser.get(login_url(redirect_params="state=xyz")).text)
    back = browser.get(form.links[0])
    answer = parse_qs(urlsplit(back.headers["location"]).query)
    assert answer == {"action": ["login"], "status": ["cancelled"], "state": ["xyz"]}


def test_what_a_stranger_puts_in_the_address_stays_text(browser: httpx2.Client) -> None:
    page = browser.get(login_url(redirect_params='"><script>alert(1)</script>'))
    assert "<script>" not in page.text
    back = browser.get(
        "/connect/cancel?" + urlencode({"v": "3", "api_key": KEY, "redirect_params": "status=success"})
    )
    assert parse_qs(urlsplit(back.headers["location"]).query)["status"] == ["cancelled"]


@pytest.mark.parametrize("query", ["v=3&api_key=wrong", "v=2&api_key=" + KEY, ""])
def test_an_unknown_app_gets_no_page(browser: httpx2.Client, query: str) -> None:
    answer = browser.get(f"/connect/login?{query}")
    assert answer.status_code == 400
    assert answer.json()["error_type"] == "InputException"


def test_a_request_token_works_once_and_for_minutes(sandbox: Sandbox, clock: FixedClock) -> None:
    token = request_token(sandbox)
    assert exchange(sandbox, token).json()["data"]["user_id"] == "TF0001"
    used = exchange(sandbox, token)
    assert (used.status_code, used.json()["error_type"]) == (403, "TokenException")
    late = request_token(sandbox)
    clock.advance(timedelta(minutes=5))
    assert exchange(sandbox, late).status_code == 403


def test_a_forged_checksum_is_refused_and_spends_nothing(sandbox: Sandbox) -> None:
    token = request_token(sandbox)
    assert exchange(sandbox, token, secret="forged").json()["error_type"] == "TokenException"
    assert exchange(sandbox, token, key="other").status_code == 403
    assert exchange(sandbox, token).status_code == 200
    empty = httpx2.post(f"{sandbox.kite_url}/session/token", data={"api_key": KEY})
    assert (empty.status_code, empty.json()["error_type"]) == (400, "InputException")


def alive(sandbox: Sandbox, token: str) -> bool:
    headers = {"X-Kite-Version": "3", "Authorization": f"token {KEY}:{token}"}
    answer = httpx2.get(f"{sandbox.kite_url}/user/profile", headers=headers)
    assert answer.status_code in (200, 403)
    return answer.status_code == 200


def test_a_session_ends_at_six_in_the_morning(sandbox: Sandbox, clock: FixedClock) -> None:
    token = access_token(sandbox)
    clock.advance(timedelta(hours=18, minutes=52, seconds=36))
    assert alive(sandbox, token)
    clock.advance(timedelta(seconds=1))
    assert not alive(sandbox, token)


def test_a_session_ends_with_the_next_login_and_with_logout(sandbox: Sandbox) -> None:
    first, other = access_token(sandbox), access_token(sandbox, "TF0002")
    second = access_token(sandbox)
    assert not alive(sandbox, first)
    assert alive(sandbox, second)
    query = {"api_key": KEY, "access_token": second}
    out = httpx2.delete(f"{sandbox.kite_url}/session/token", params=query)
    assert out.json() == {"status": "success", "data": True}
    assert not alive(sandbox, second)
    assert alive(sandbox, other)
    assert httpx2.delete(f"{sandbox.kite_url}/session/token", params=query).status_code == 403


def test_refresh_tokens_are_for_others(sandbox: Sandbox) -> None:
    answer = httpx2.post(f"{sandbox.kite_url}/session/refresh_token", data={"api_key": KEY})
    assert (answer.status_code, answer.json()["error_type"]) == (400, "InputException")
