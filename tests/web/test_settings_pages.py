"""Settings: the profile with the address and its state, and which news goes which way, with a real effect."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from tests.web.houses import PASSWORD, Letterbox, join, visitor, work
from tunefolio.core.notice import ChannelKind
from tunefolio.services.acts import Act
from tunefolio.services.house import House

BROWSER = {"accept": "text/html"}
HERE = "/settings/notifications"


@pytest.fixture
def bela(small_house: House, asha: TestClient) -> TestClient:
    """A member, who has proved nothing lately."""
    return join(visitor(small_house), "bela@example.org", "Bela")


def channel(house: House, client: TestClient, target: str) -> int:
    """A proven web hook of hers."""
    wish = {"kind": "webhook", "target": target, "secret": "a secret that signs well"}
    made = client.post("/api/v1/channels", json=wish)
    assert made.status_code == 201, made.text
    work(house)
    return int(made.json()["id"])


def ticked(page: str) -> set[str]:
    return {
        value
        for value, rest in re.findall(r'name="carries" value="([^"]+)"([^>]*)>', page)
        if " checked" in rest
    }


def letters(house: House) -> list[str]:
    box = house.notifiers[ChannelKind.WEBHOOK]
    assert isinstance(box, Letterbox)
    return [notice.title for notice, _ in box.letters]


def test_the_profile_says_who_she_is_and_how_her_address_stands(small_house: House, bela: TestClient) -> None:
    page = bela.get("/settings/profile", headers=BROWSER).text
    assert "bela@example.org" in page
    assert "not confirmed" in page
    assert "Send me a link" in page
    assert "Prove yourself to change it" in page
    assert 'name="email"' not in page
    assert bela.post("/settings/name", data={"name": "Bela B"}, headers=BROWSER).headers["location"] == (
        "/settings/profile"
    )
    assert "Bela B" in bela.get("/settings/profile", headers=BROWSER).text
    unproved = bela.post("/settings/email", data={"email": "b@example.org"}, headers=BROWSER)
    assert unproved.headers["location"].startswith("/prove?")
    bela.post("/api/v1/proof", json={"password": PASSWORD})
    asked = bela.post("/settings/email", data={"email": "b@example.org"}, headers=BROWSER)
    assert asked.status_code == 303
    waiting = bela.get("/settings/profile", headers=BROWSER).text
    assert "b@example.org" in waiting
    assert "waits to be confirmed" in waiting
    assert "bela@example.org" in waiting


def test_a_house_without_mail_says_who_hands_links_out(small_house: House) -> None:
    silent = replace(small_house, notifiers={})
    client = join(visitor(silent), "asha@example.org", "Asha")
    page = client.get("/settings/profile", headers=BROWSER).text
    assert "This house sends no mail" in page
    assert "tunefolio user links" in page
    assert "Ask for a link" in page
    assert "its operator will hand you the link" in visitor(silent).get("/forgot", headers=BROWSER).text
    assert "This house sends no mail" in client.get(HERE, headers=BROWSER).text


def test_what_is_not_ticked_goes_nowhere_but_into_the_list(small_house: House, bela: TestClient) -> None:
    id = channel(small_house, bela, "https://bela.example.org/hook")
    before = ticked(bela.get(HERE, headers=BROWSER).text)
    assert {f"{id}:sign_in", f"{id}:grant", f"{id}:price"} <= before
    assert f"{id}:job_failed" not in before, "that is told to admins"
    form = {"carries": sorted(before - {f"{id}:sign_in"})}
    assert bela.post(HERE, data=form, headers=BROWSER).status_code == 303
    assert ticked(bela.get(HERE, headers=BROWSER).text) == before - {f"{id}:sign_in"}
    assert bela.get("/api/v1/activity").json()["data"][0]["action"] == "channel.muted"
    sign_in = {"email": "bela@example.org", "password": PASSWORD}
    other = visitor(small_house)
    other.headers["user-agent"] = "Mozilla/5.0 one"
    assert other.post("/api/v1/session", json=sign_in).status_code == 201
    another = visitor(small_house)
    another.headers["user-agent"] = "Mozilla/5.0 another"
    assert another.post("/api/v1/session", json=sign_in).status_code == 201
    work(small_house)
    told = [row["title"] for row in bela.get("/api/v1/notices").json()["data"]]
    assert "A new device signed in to your account" in told
    assert "A new device signed in to your account" not in letters(small_house)
    assert bela.post(HERE, data={"carries": sorted(before)}, headers=BROWSER).status_code == 303
    third = visitor(small_house)
    third.headers["user-agent"] = "Mozilla/5.0 a third"
    third.post("/api/v1/session", json=sign_in)
    work(small_house)
    assert "A new device signed in to your account" in letters(small_house)


def test_mail_about_the_sign_in_goes_out_whatever_is_ticked(small_house: House, bela: TestClient) -> None:
    """Whoever has taken over an account would first turn off what tells its owner."""
    bela.post("/settings/email/verify", headers=BROWSER)
    work(small_house)
    box = small_house.notifiers[ChannelKind.EMAIL]
    assert isinstance(box, Letterbox)
    link = next(notice.link for notice, _ in box.letters if "/confirm" in notice.link)
    assert bela.post("/confirm", data={"token": link.partition("token=")[2]}).status_code == 200
    bela.post(HERE, data={}, headers=BROWSER)
    box.letters.clear()
    wish = {"old": PASSWORD, "new": "a different sentence"}
    assert bela.put("/api/v1/session/password", json=wish).status_code == 204
    work(small_house)
    assert [(notice.title, to) for notice, to in box.letters] == [
        ("Your password was changed", "bela@example.org")
    ]


def test_guessing_the_present_password_stands_in_the_activity(bela: TestClient) -> None:
    """Whoever found an open browser guesses there; its owner must be able to see that."""
    wish = {"old": "not her password", "new": "a different sentence"}
    assert bela.put("/api/v1/session/password", json=wish).status_code == 401
    (last, *_) = bela.get("/api/v1/activity").json()["data"]
    assert (last["action"], last["details"]) == (Act.PROOF_REFUSED.value, {"to": "a new password"})


def test_another_persons_channel_is_not_found(small_house: House, asha: TestClient, bela: TestClient) -> None:
    id = channel(small_house, asha, "https://asha.example.org/hook")
    for text in (f"{id}:price", "nonsense", "0:price", f"{2**70}:price"):
        assert bela.post(HERE, data={"carries": [text]}, headers=BROWSER).status_code == 404, text
    assert f"{id}:price" in ticked(asha.get(HERE, headers=BROWSER).text)


def test_the_alerts_own_page_leaves_other_news_alone(small_house: House, bela: TestClient) -> None:
    id = channel(small_house, bela, "https://bela.example.org/hook")
    before = ticked(bela.get(HERE, headers=BROWSER).text)
    bela.post(HERE, data={"carries": sorted(before - {f"{id}:grant"})}, headers=BROWSER)
    bela.post(f"/alerts/channels/{id}/mute", data={"carries": ["price"]}, headers=BROWSER)
    now = ticked(bela.get(HERE, headers=BROWSER).text)
    assert f"{id}:price" in now
    assert f"{id}:sign_in" in now
    assert f"{id}:grant" not in now
    assert f"{id}:pnl" not in now


def token_in(house: House, path: str) -> str:
    """Of the newest mailed link of that kind."""
    box = house.notifiers[ChannelKind.EMAIL]
    assert isinstance(box, Letterbox)
    links = [notice.link for notice, _ in box.letters if path in notice.link]
    return links[-1].partition("token=")[2]


def test_a_program_reads_and_renames_its_person(small_house: House, bela: TestClient) -> None:
    told = bela.get("/api/v1/me").json()
    assert told["email"] == "bela@example.org"
    assert told["email_confirmed_at"] is None
    assert told["signs_in_by"] == {"password": True, "authenticator": False, "passkeys": 0, "provider": None}
    assert bela.patch("/api/v1/me", json={"name": "Bela B"}).json()["name"] == "Bela B"
    assert bela.get("/api/v1/me").json()["name"] == "Bela B"
    assert visitor(small_house).get("/api/v1/me").status_code == 401


def test_a_program_confirms_and_changes_the_address(small_house: House, bela: TestClient) -> None:
    asked = bela.post("/api/v1/email/verify")
    assert (asked.status_code, asked.json()) == (202, {"link_comes_by": "mail"})
    work(small_house)
    nobody = visitor(small_house)
    confirmed = nobody.post("/api/v1/email/confirm", json={"token": token_in(small_house, "/confirm")})
    assert confirmed.json() == {"email": "bela@example.org"}
    assert bela.post("/api/v1/email/verify").status_code == 422
    wish = {"email": "b@example.org"}
    assert bela.post("/api/v1/email/change", json=wish).json()["type"].endswith("#proof-needed")
    bela.post("/api/v1/proof", json={"password": PASSWORD})
    assert bela.post("/api/v1/email/change", json=wish).status_code == 202
    assert bela.get("/api/v1/me").json()["email_wanted"] == "b@example.org"
    work(small_house)
    token = token_in(small_house, "/confirm")
    assert nobody.post("/api/v1/email/confirm", json={"token": token}).json() == wish
    assert bela.get("/api/v1/me").json()["email"] == "b@example.org"
    assert nobody.post("/api/v1/email/confirm", json={"token": token}).status_code == 422, "good once"
    assert bela.post("/api/v1/password", json={"password": "a different sentence"}).status_code == 422


def test_a_forgotten_password_by_program_tells_nobody_anything(small_house: House, bela: TestClient) -> None:
    bela.post("/api/v1/email/verify")
    work(small_house)
    nobody = visitor(small_house)
    nobody.post("/api/v1/email/confirm", json={"token": token_in(small_house, "/confirm")})
    answers = [
        nobody.post("/api/v1/password/forgot", json={"email": address})
        for address in ("bela@example.org", "nobody@example.org", "no address")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, '{"link_comes_by":"mail"}')}
    work(small_house)
    wish = {"token": token_in(small_house, "/reset"), "password": "a different sentence"}
    weak = nobody.post("/api/v1/password/reset", json=wish | {"password": "aaaaaaaaaaaa"})
    assert weak.status_code == 422
    assert nobody.post("/api/v1/password/reset", json=wish).status_code == 204
    assert nobody.post("/api/v1/password/reset", json=wish).status_code == 422, "good once"
    assert bela.get("/api/v1/me").status_code == 401, "every session has ended"
    sign_in = {"email": "bela@example.org", "password": "a different sentence"}
    assert nobody.post("/api/v1/session", json=sign_in).status_code == 201
