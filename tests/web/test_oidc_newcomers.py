"""Whom a provider vouches for and no account knows: she is asked, and nothing is made before she answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from starlette.testclient import TestClient

from tests.issuers import ASHA, BROWSER, client_of, enter, open_provider, who
from tests.web.houses import PASSWORD, join, visitor
from tunefolio.core.time import FixedClock
from tunefolio.sandbox.oidc import Provider, Somebody
from tunefolio.services.acts import Act
from tunefolio.services.house import House, SignUp
from tunefolio.store import external_identities, persons

pytestmark = pytest.mark.one_is_enough
NEW, CONNECT, NOT_NOW = "/sign-in/oidc/new", "/sign-in/oidc/connect", "/sign-in/oidc/not-now"


@pytest.fixture
def provider(small_house: House) -> Iterator[Provider]:
    with open_provider(small_house.clock) as answering:
        answering.who = ASHA
        yield answering


@pytest.fixture
def house(small_house: House, provider: Provider) -> House:
    """Open to all, with that provider; its operator lives there already."""
    house = replace(small_house, provider=client_of(provider, small_house.clock))
    join(visitor(house), "operator@example.org", "Operator")
    return house


def ruled(house: House, **rules: Any) -> House:
    return replace(house, rules=replace(house.rules, **rules))


def asked(house: House, **form: str) -> TestClient:
    """A browser that came back from the provider and is asked."""
    client = visitor(house)
    assert enter(client, **form).headers["location"] == NEW
    return client


def page_of(client: TestClient, path: str = NEW) -> Any:
    return client.get(path, headers=BROWSER)


def press(client: TestClient, path: str, **form: str) -> Any:
    return client.post(path, data=form, headers=BROWSER)


def people_in(house: House) -> int:
    with house.database.reading() as db:
        return persons.count(db)


def owner_of(house: House, subject: str = "sub-asha") -> str:
    """Whose it is here, by her address; "" for nobody's."""
    assert house.provider
    with house.database.reading() as db:
        kept = external_identities.find(db, house.provider.issuer, subject)
        return "" if kept is None else persons.person_of(db, kept.owner).email


def acts(client: TestClient) -> set[str]:
    return {row["action"] for row in client.get("/api/v1/activity").json()["data"]}


def choice_in(client: TestClient) -> dict[str, str]:
    return {name: value for name, value in client.cookies.items() if "choice" in name}


def over(answer: Any) -> bool:
    """Whether it says that the choice is over, and made nothing."""
    said = "It took too long, or began in another browser." in answer.text
    return answer.status_code == 401 and said and "Nothing has changed." in answer.text


def test_she_is_told_who_she_is_said_to_be_and_nothing_is_made(house: House) -> None:
    client = asked(house)
    page = page_of(client)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    for words in ("You are not known here yet", "Rehearsal ID", "asha@example.org", "Make a new account"):
        assert words in page.text
    assert who(client) == ""
    assert (people_in(house), owner_of(house)) == (1, "")
    assert page_of(client).text == page.text, "looking uses nothing up"


def test_a_new_account_is_made_when_she_says_so(house: House) -> None:
    client = asked(house, next="/holdings")
    made = press(client, NEW)
    assert (made.status_code, made.headers["location"]) == (303, "/holdings")
    assert who(client) == "asha@example.org"
    assert {Act.JOINED.value, Act.IDENTITY_LINKED.value, Act.SIGNED_IN.value} <= acts(client)
    assert choice_in(client) == {}
    again = visitor(house)
    assert enter(again).headers["location"] == "/dashboard", "from now on she is known"
    assert who(again) == "asha@example.org"


def test_whoever_has_an_account_signs_in_proves_herself_and_connects_it(house: House) -> None:
    bela = join(visitor(house), "bela@example.org", "Bela")
    client = asked(house, next="/holdings")
    away = page_of(client, CONNECT)
    assert away.headers["location"] == "/sign-in?next=%2Fsign-in%2Foidc%2Fconnect"
    door = page_of(client, away.headers["location"])
    assert "connecting the two comes next" in door.text
    assert "Sign in with Rehearsal ID" not in door.text
    wish = {"email": "bela@example.org", "password": PASSWORD, "next": CONNECT}
    assert press(client, "/sign-in", **wish).headers["location"] == CONNECT
    both = page_of(client, CONNECT).text
    assert "asha@example.org" in both
    assert "bela@example.org" in both
    unproved = press(client, CONNECT)
    assert unproved.headers["location"].startswith("/prove"), "signing in is no proof"
    wrong = press(client, CONNECT, password="not hers at all")
    assert wrong.status_code == 422
    assert owner_of(house) == ""
    done = press(client, CONNECT, password=PASSWORD)
    assert (done.status_code, done.headers["location"]) == (303, "/holdings")
    assert (people_in(house), owner_of(house)) == (2, "bela@example.org")
    assert Act.IDENTITY_LINKED.value in acts(client)
    told = [row["title"] for row in bela.get("/api/v1/notices").json()["data"]]
    assert "An account elsewhere was linked to yours" in told
    again = visitor(house)
    enter(again)
    assert who(again) == "bela@example.org"


def test_her_second_factor_is_asked_on_the_way(house: House) -> None:
    bela = join(visitor(house), "bela@example.org", "Bela")
    bela.post("/api/v1/proof", json={"password": PASSWORD})
    app = pyotp.TOTP(bela.post("/api/v1/factors/authenticator").json()["secret"])
    seconds = int(house.clock.now().utc.timestamp())
    bela.post("/api/v1/factors/authenticator/confirm", json={"code": app.at(seconds)})
    client = asked(house)
    wish = {"email": "bela@example.org", "password": PASSWORD, "next": CONNECT}
    code = press(client, "/sign-in", **wish).headers["location"]
    assert code == "/sign-in/code?next=%2Fsign-in%2Foidc%2Fconnect"
    assert page_of(client, CONNECT).headers["location"].startswith("/sign-in"), (
        "the password alone is not she"
    )
    right = press(client, "/sign-in/code", code=app.at(seconds + 30), next=CONNECT)
    assert right.headers["location"] == CONNECT
    assert "/prove?next=/sign-in/oidc/connect" in page_of(client, CONNECT).text
    assert press(client, CONNECT, password=PASSWORD).status_code == 303
    assert owner_of(house) == "bela@example.org"


def test_without_a_password_she_proves_herself_in_her_way_first(house: House, provider: Provider) -> None:
    """Made by the provider, at which she has a second identity now."""
    client = asked(house)
    press(client, NEW)
    provider.who = Somebody("sub-bela", "bela@example.org", name="Bela")
    assert enter(client).headers["location"] == NEW
    page = page_of(client, CONNECT).text
    assert "Prove yourself first" in page
    assert "Your password here" not in page
    assert "Connect them" not in page
    provider.who = ASHA
    assert enter(client, "/prove/oidc", next=CONNECT).headers["location"] == CONNECT
    assert "Connect them" in page_of(client, CONNECT).text
    taken = press(client, CONNECT)
    assert taken.status_code == 422
    assert "linked already" in taken.text
    assert owner_of(house, "sub-bela") == "", "one account here has one there"
    assert page_of(client).status_code == 200, "the choice is still open"


def test_the_page_is_the_same_whether_or_not_her_address_has_an_account(house: House) -> None:
    """An identity is nobody's proof of an address; who has it here is no business of its bearer."""
    before = page_of(asked(house)).text
    join(visitor(house), "asha@example.org", "Asha")
    client = asked(house)
    assert page_of(client).text == before
    refused = press(client, NEW)
    assert refused.status_code == 422
    assert (people_in(house), owner_of(house)) == (2, "")
    press(client, "/sign-in", email="asha@example.org", password=PASSWORD)
    assert press(client, CONNECT, password=PASSWORD).status_code == 303, "the choice was left open"
    assert owner_of(house) == "asha@example.org"


def test_the_choice_is_good_once(house: House) -> None:
    client = asked(house)
    kept = choice_in(client)
    assert len(kept) == 1
    assert press(client, NEW).status_code == 303
    operator = visitor(house)
    press(operator, "/sign-in", email="operator@example.org", password=PASSWORD)
    operator.cookies.update(kept)
    assert over(press(operator, CONNECT, password=PASSWORD)), "replayed with its very cookie"
    assert over(page_of(operator, CONNECT))
    assert (people_in(house), owner_of(house)) == (2, "asha@example.org")


def test_another_browser_cannot_answer(house: House) -> None:
    kept = choice_in(asked(house))
    thief = visitor(house)
    for answer in (page_of(thief), press(thief, NEW), press(thief, NOT_NOW)):
        assert over(answer)
    thief.cookies.update(dict.fromkeys(kept, "a" * 43))
    assert over(press(thief, NEW)), "guessed"
    assert people_in(house) == 1


def test_a_visit_is_no_choice_and_a_choice_no_visit(house: House) -> None:
    """Their cookies differ, and neither opens what the other does."""
    operator = visitor(house)
    press(operator, "/sign-in", email="operator@example.org", password=PASSWORD)
    operator.post("/api/v1/proof", json={"password": PASSWORD})
    operator.post("/settings/identities", headers=BROWSER)
    visits = {name: value for name, value in operator.cookies.items() if "visit" in name}
    assert len(visits) == 1
    operator.cookies.update({name.replace("visit", "choice"): value for name, value in visits.items()})
    assert over(page_of(operator, CONNECT)), "a visit that is on its way vouches for nobody"
    client = asked(house)
    kept = choice_in(client)
    client.cookies.update({name.replace("choice", "visit"): value for name, value in kept.items()})
    assert client.get("/sign-in/oidc/callback?code=a&state=b", headers=BROWSER).status_code == 401
    assert page_of(client).status_code == 200, "and it is not used up by that"


def test_it_waits_ten_minutes(house: House) -> None:
    client = asked(house)
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(timedelta(minutes=9, seconds=59))
    assert page_of(client).status_code == 200
    house.clock.advance(timedelta(seconds=1))
    assert over(page_of(client))
    assert over(press(client, NEW))
    assert people_in(house) == 1


def test_whoever_chooses_neither_leaves_nothing_behind(house: House) -> None:
    client = asked(house)
    kept = choice_in(client)
    left = press(client, NOT_NOW)
    assert left.status_code == 200
    assert "Nothing was made" in left.text
    assert choice_in(client) == {}
    client.cookies.update(kept)
    assert over(press(client, NEW)), "chosen is chosen"
    assert (people_in(house), owner_of(house)) == (1, "")
    assert enter(client).headers["location"] == NEW, "she may come again"


def test_no_other_site_answers_for_her(house: House) -> None:
    client = asked(house)
    foreign = {**BROWSER, "sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    for path in (NEW, NOT_NOW, CONNECT):
        assert client.post(path, headers=foreign).status_code == 403
    assert people_in(house) == 1
    assert page_of(client).status_code == 200


def test_what_the_house_allows_stands_on_the_page(house: House, provider: Provider) -> None:
    inviting = ruled(house, sign_up=SignUp.INVITE)
    client = asked(inviting)
    assert 'name="invite"' in page_of(client).text
    uninvited = press(client, NEW, invite="made up")
    assert uninvited.status_code == 422
    assert "Ask an admin for a new one" in uninvited.text
    assert 'value="made up"' in uninvited.text
    operator = visitor(inviting)
    press(operator, "/sign-in", email="operator@example.org", password=PASSWORD)
    operator.post("/api/v1/admin/unlock", json={"password": PASSWORD})
    code = operator.post("/api/v1/admin/invites", json={"email": "", "role": "reader"}).json()["code"]
    assert press(client, NEW, invite=code).status_code == 303
    assert client.get("/api/v1/session").json()["person"]["role"] == "reader"
    provider.who = Somebody("sub-bela", "bela@example.org", name="Bela")
    shut = page_of(asked(ruled(house, provider_sign_up=SignUp.CLOSED))).text
    assert "takes no new accounts by Rehearsal ID. Ask its operator for one." in shut
    assert "Make a new account" not in shut
    assert CONNECT in shut
    provider.who = Somebody("sub-nameless")
    nameless = page_of(asked(house)).text
    assert "needs an e-mail address" in nameless
    assert "Make a new account" not in nameless
    assert CONNECT in nameless


def test_she_is_never_led_back_into_the_question(house: House) -> None:
    client = asked(house, next=CONNECT)
    assert press(client, NEW).headers["location"] == "/dashboard"


def test_a_house_without_a_provider_has_no_such_question(small_house: House) -> None:
    join(visitor(small_house), "operator@example.org", "Operator")
    client = visitor(small_house)
    assert [page_of(client).status_code, press(client, NEW).status_code] == [404, 404]
