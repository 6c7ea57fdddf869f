"""Signing up where mail goes out: one answer for every address, a page behind the link, the same by API."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from tests.web.houses import PASSWORD, Letterbox, visitor, work
from tunefolio.core.notice import ChannelKind
from tunefolio.services.house import House, HouseRules, SignUp
from tunefolio.services.sign_ups import BY_EMAIL

BROWSER = {"accept": "text/html"}
ASHA, BELA = "asha@example.org", "bela@example.org"
NEW = "a different sentence"


def letters(house: House, email: str) -> list[str]:
    box = house.notifiers[ChannelKind.EMAIL]
    assert isinstance(box, Letterbox)
    return [notice.title for notice, to in box.letters if to == email]


def token(house: House) -> str:
    """Of the newest mailed link to a new account."""
    box = house.notifiers[ChannelKind.EMAIL]
    assert isinstance(box, Letterbox)
    links = [notice.link for notice, _ in box.letters if "/sign-up/confirm" in notice.link]
    return links[-1].partition("token=")[2]


def test_the_form_asks_for_no_password_and_answers_everybody_alike(
    small_house: House, asha: TestClient
) -> None:
    form = visitor(small_house).get("/sign-up", headers=BROWSER).text
    assert "Send me the link" in form
    assert 'type="password"' not in form
    pages = []
    for email in (ASHA, BELA, BELA):
        wish = {"name": "Bela", "email": email}
        answer = visitor(small_house).post("/sign-up", data=wish, headers=BROWSER)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        pages.append((answer.text.replace(email, "somebody"), sorted(answer.headers)))
    assert pages[0] == pages[1] == pages[2]
    assert "Look into your mailbox" in pages[0][0]
    work(small_house)
    assert letters(small_house, ASHA) == ["You have an account already"]
    assert letters(small_house, BELA) == ["Set up your account"], "the second wish came too soon for another"


def test_the_link_opens_a_page_that_makes_the_account_and_signs_in(
    small_house: House, asha: TestClient
) -> None:
    guest = visitor(small_house)
    guest.post("/sign-up", data={"name": "Bela <b>", "email": BELA}, headers=BROWSER)
    work(small_house)
    at = f"/sign-up/confirm?token={token(small_house)}"
    for _ in range(2):
        page = guest.get(at, headers=BROWSER)
        assert page.status_code == 200
        assert BELA in page.text
        assert "Bela &lt;b&gt;" in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
    sent = {"token": token(small_house), "name": "Bela", "password": "password1234"}
    weak = guest.post("/sign-up/confirm", data=sent, headers=BROWSER)
    assert weak.status_code == 422
    assert "guessed first" in weak.text
    assert BELA in weak.text
    entered = guest.post("/sign-up/confirm", data=sent | {"password": NEW}, headers=BROWSER)
    assert (entered.status_code, entered.headers["location"]) == (303, "/dashboard")
    told = guest.get("/api/v1/me").json()
    assert (told["name"], told["email"], told["role"]) == ("Bela", BELA, "member")
    assert told["email_confirmed_at"] is not None
    again = visitor(small_house).post("/sign-up/confirm", data=sent | {"password": NEW}, headers=BROWSER)
    assert again.status_code == 422
    assert "opens nothing" in again.text
    assert "opens nothing" in visitor(small_house).get(at, headers=BROWSER).text


def test_what_is_typed_wrongly_is_told_on_the_form(small_house: House, asha: TestClient) -> None:
    for email in (ASHA, BELA):
        wish = {"name": " ", "email": email}
        answer = visitor(small_house).post("/sign-up", data=wish, headers=BROWSER)
        assert answer.status_code == 422
        assert "Look into your mailbox" not in answer.text
    wish = {"name": "Bela", "email": "no address"}
    wrong = visitor(small_house).post("/sign-up", data=wish, headers=BROWSER)
    assert wrong.status_code == 422
    assert 'value="no address"' in wrong.text
    work(small_house)
    assert letters(small_house, ASHA) == []


def test_a_house_that_closed_meanwhile_says_so_behind_the_link(small_house: House, asha: TestClient) -> None:
    visitor(small_house).post("/sign-up", data={"name": "Bela", "email": BELA}, headers=BROWSER)
    work(small_house)
    sent = {"token": token(small_house), "name": "Bela", "password": NEW}
    closed = replace(small_house, rules=HouseRules(sign_up=SignUp.CLOSED, public_url="https://testserver"))
    answer = visitor(closed).post("/sign-up/confirm", data=sent, headers=BROWSER)
    assert answer.status_code == 403
    assert BELA in answer.text
    assert "operator" in answer.text


def test_an_invite_still_asks_for_the_password_at_once(small_house: House, asha: TestClient) -> None:
    code = asha.post("/api/v1/admin/invites", json={}).json()["code"]
    guest = visitor(small_house)
    form = guest.get(f"/sign-up?invite={code}", headers=BROWSER).text
    assert 'type="password"' in form
    assert "Send me the link" not in form
    sent = {"name": "Bela", "email": BELA, "password": NEW, "invite": code}
    assert guest.post("/sign-up", data=sent, headers=BROWSER).status_code == 303
    assert guest.get("/api/v1/me").json()["email"] == BELA


def test_a_house_without_mail_asks_for_the_password_at_once(small_house: House, asha: TestClient) -> None:
    silent = replace(small_house, notifiers={})
    guest = visitor(silent)
    assert 'type="password"' in guest.get("/sign-up", headers=BROWSER).text
    assert guest.post("/sign-up", data={"name": "B", "email": BELA}, headers=BROWSER).status_code == 422
    sent = {"name": "Bela", "email": BELA, "password": NEW}
    assert guest.post("/sign-up", data=sent, headers=BROWSER).status_code == 303


@pytest.mark.parametrize("password", ["", NEW])
def test_a_program_joins_by_the_link_as_well(small_house: House, asha: TestClient, password: str) -> None:
    nobody = visitor(small_house)
    answers = [
        nobody.post("/api/v1/persons", json={"name": "Bela", "email": email, "password": password})
        for email in (ASHA, BELA)
    ]
    assert {(one.status_code, one.text) for one in answers} == {(202, '{"link_comes_by":"mail"}')}
    work(small_house)
    sent = {"token": token(small_house), "password": "aaaaaaaaaaaa"}
    assert nobody.post("/api/v1/persons/confirm", json=sent).status_code == 422
    sent["password"] = PASSWORD
    joined = nobody.post("/api/v1/persons/confirm", json=sent | {"name": "Bela Rao"})
    assert joined.status_code == 201
    assert joined.json() == {"id": 2, "name": "Bela Rao", "email": BELA, "role": "member"}
    assert nobody.post("/api/v1/persons/confirm", json=sent).status_code == 422, "good once"
    entry = {"email": BELA, "password": PASSWORD}
    assert nobody.post("/api/v1/session", json=entry).status_code == 201
    small_house.throttle.forget(BY_EMAIL[0], BELA)
    nobody.post("/api/v1/persons", json={"name": "Bela", "email": BELA})
    work(small_house)
    assert letters(small_house, BELA) == ["Set up your account", "You have an account already"]


def test_who_asks_on_and_on_from_one_place_is_told_to_wait(small_house: House, asha: TestClient) -> None:
    guest, number = visitor(small_house), 0
    wish = {"name": "Bela", "email": "bela-0@example.org"}
    while (answer := guest.post("/sign-up", data=wish, headers=BROWSER)).status_code != 429 and number < 30:
        number += 1
        wish["email"] = f"bela-{number}@example.org"
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert "Try again in" in answer.text
    assert f'value="bela-{number}@example.org"' in answer.text
