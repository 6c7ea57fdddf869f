"""Signing in by a provider of identities that speaks OpenID Connect over HTTP: right, wrong, and away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from starlette.testclient import TestClient

from tests.issuers import ASHA, BROWSER, away, back, client_of, enter, enter_new, open_provider, who
from tests.web.houses import PASSWORD, join, visitor
from tunefolio.sandbox.oidc import Fault, Provider, Somebody
from tunefolio.services.house import House, SignUp
from tunefolio.store import external_identities, persons
from tunefolio.store.erasure_person import destroy_secrets, erase_rows


@pytest.fixture
def provider(small_house: House) -> Iterator[Provider]:
    with open_provider(small_house.clock) as answering:
        answering.who = ASHA
        yield answering


@pytest.fixture
def house(small_house: House, provider: Provider) -> House:
    """Open to all, with that provider."""
    return replace(small_house, provider=client_of(provider, small_house.clock))


def ruled(house: House, **rules: Any) -> House:
    return replace(house, rules=replace(house.rules, **rules))


def links_in(house: House) -> list[str]:
    with house.database.reading() as db:
        found = []
        for subject in ("sub-asha", "sub-bela"):
            one = house.provider and external_identities.find(db, house.provider.issuer, subject)
            found += [subject] if one else []
    return found


def acts(client: TestClient) -> list[str]:
    return [row["action"] for row in client.get("/api/v1/activity").json()["data"]]


def test_the_first_person_joins_unasked_and_comes_back(house: House) -> None:
    first = visitor(house)
    page = first.get("/sign-up", headers=BROWSER)
    assert "Create one with Rehearsal ID" in page.text
    arrived = enter(first, next="/holdings")
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/holdings")
    assert who(first) == "asha@example.org"
    assert {"factor.identity_linked", "sign_in.done", "person.joined"} <= set(acts(first))
    again = visitor(house)
    again.headers["user-agent"] = "Mozilla/5.0 of another machine"
    assert "Sign in with Rehearsal ID" in again.get("/sign-in", headers=BROWSER).text
    assert enter(again).status_code == 303
    assert who(again) == "asha@example.org"
    told = [row["title"] for row in first.get("/api/v1/notices").json()["data"]]
    assert "A new device signed in to your account" in told


def test_an_address_alone_signs_nobody_in(house: House, provider: Provider) -> None:
    """Whoever can make the provider say an address would be whoever has that address here."""
    join(visitor(house), "asha@example.org", "Asha")
    client = visitor(house)
    answer = enter_new(client)
    assert answer.status_code == 422
    assert "sign in and connect the two" in answer.text
    assert who(client) == ""
    assert links_in(house) == []


def test_a_trusted_provider_finds_her_by_an_address_that_both_confirmed(
    house: House, provider: Provider
) -> None:
    trusting = ruled(house, provider_is_trusted=True)
    asha = join(visitor(trusting), "asha@example.org", "Asha")
    assert enter_new(visitor(trusting)).status_code == 422, (
        "here it was never confirmed: somebody may have typed it"
    )
    with trusting.database.writing() as db:
        found = persons.find_by_email(db, "asha@example.org")
        assert found
        persons.set_verified(db, found[0].viewer, trusting.clock.now())
    provider.who = replace(ASHA, is_email_verified=False)
    assert enter_new(visitor(trusting)).status_code == 422
    provider.who = ASHA
    client = visitor(trusting)
    assert enter(client).status_code == 303
    assert who(client) == "asha@example.org"
    assert links_in(trusting) == ["sub-asha"]
    titles = [row["title"] for row in asha.get("/api/v1/notices").json()["data"]]
    assert "An account elsewhere was linked to yours" in titles
    provider.who = Somebody("sub-bela", "bela@example.org", name="Bela")
    bela = visitor(trusting)
    assert enter_new(bela).status_code == 303
    assert bela.get("/api/v1/factors").json()["email_confirmed_at"] is not None


def test_she_links_it_herself_after_a_proof_and_unlinks_it(house: House, provider: Provider) -> None:
    join(visitor(house), "operator@example.org", "Operator")
    bela = join(visitor(house), "bela@example.org", "Bela")
    refused = bela.post("/settings/identities", headers=BROWSER)
    assert refused.headers["location"].startswith("/prove?next=")
    assert bela.post("/api/v1/proof", json={"password": PASSWORD}).status_code == 200
    assert enter(bela, "/settings/identities").headers["location"] == "/settings/security"
    assert "asha@example.org" in bela.get("/settings/security", headers=BROWSER).text
    client = visitor(house)
    assert enter(client).status_code == 303
    assert who(client) == "bela@example.org", "by the link, whatever it calls her"
    with house.database.reading() as db:
        assert house.provider
        id = external_identities.find(db, house.provider.issuer, "sub-asha")
    assert id is not None
    assert bela.post(f"/settings/identities/{id.id}/delete", headers=BROWSER).status_code == 303
    assert links_in(house) == []
    assert {"factor.identity_linked", "factor.identity_unlinked"} <= set(acts(bela))


def test_one_account_there_is_one_person_here(house: House, provider: Provider) -> None:
    asha = join(visitor(house), "asha@example.org", "Asha")
    bela = join(visitor(house), "bela@example.org", "Bela")
    assert enter(asha, "/settings/identities").status_code == 303
    bela.post("/api/v1/proof", json={"password": PASSWORD})
    taken = enter(bela, "/settings/identities")
    assert taken.status_code == 422
    assert "linked already" in taken.text
    provider.who = Somebody("sub-bela", "bela@example.org")
    assert enter(asha, "/settings/identities").status_code == 422, "and one here has one there"
    assert links_in(house) == ["sub-asha"]


def test_a_link_ends_in_the_session_that_began_it(house: House, provider: Provider) -> None:
    """Else whoever lures her browser to an answer of theirs would have theirs linked to her account."""
    asha = join(visitor(house), "asha@example.org", "Asha")
    bela = join(visitor(house), "bela@example.org", "Bela")
    path = back(away(asha, "/settings/identities"))
    bela.cookies.update({name: value for name, value in asha.cookies.items() if "visit" in name})
    assert bela.get(path, headers=BROWSER).status_code == 401
    assert links_in(house) == []


def test_without_a_password_she_proves_herself_there_and_sets_one(house: House, provider: Provider) -> None:
    asha = visitor(house)
    enter(asha)
    prove = asha.get("/prove", headers=BROWSER).text
    assert "By Rehearsal ID" in prove
    assert "Your password" not in prove
    assert asha.post("/sign-in", data={"email": "asha@example.org", "password": "x"}).status_code == 401
    address = away(asha, "/prove/oidc", next="/settings/security")
    assert parse_qs(urlsplit(address).query)["prompt"] == ["login"]
    assert parse_qs(urlsplit(address).query)["max_age"] == ["0"]
    for fault in (Fault.NO_AUTH_TIME, Fault.OLD_AUTH_TIME):
        provider.fault = fault
        assert enter(asha, "/prove/oidc").status_code == 401, fault
    provider.fault, provider.who = Fault.NONE, Somebody("sub-bela", "bela@example.org")
    assert enter(asha, "/prove/oidc").status_code == 401, "somebody else there"
    assert asha.get("/api/v1/proof").json()["proved_until"] is None
    provider.who = ASHA
    proved = enter(asha, "/prove/oidc", next="/settings/security")
    assert proved.headers["location"] == "/settings/security"
    assert asha.get("/api/v1/proof").json()["proved_until"] is not None
    with house.database.reading() as db:
        assert house.provider
        kept = external_identities.find(db, house.provider.issuer, "sub-asha")
    assert kept
    only = asha.post(f"/settings/identities/{kept.id}/delete", headers=BROWSER)
    assert only.status_code == 422
    assert "only way you sign in" in only.text
    form = {"new_password": PASSWORD}
    assert asha.post("/settings/password/first", data=form, headers=BROWSER).status_code == 303
    assert acts(asha)[0] == "person.password_changed"
    assert asha.post("/settings/password/first", data=form, headers=BROWSER).status_code == 422, (
        "no second time"
    )
    wish = {"email": "asha@example.org", "password": PASSWORD}
    assert visitor(house).post("/api/v1/session", json=wish).status_code == 201
    assert asha.post(f"/settings/identities/{kept.id}/delete", headers=BROWSER).status_code == 303


def test_an_admin_without_a_password_is_let_at_the_house_by_her_provider(
    house: House, provider: Provider
) -> None:
    """The first person is its admin, and came by the provider."""
    asha = visitor(house)
    enter(asha)
    page = asha.get("/admin/unlock?next=/admin/users", headers=BROWSER).text
    assert "By Rehearsal ID" in page
    assert 'name="next" value="/admin/users"' in page
    assert "Your password" not in page
    refused = asha.post("/admin/unlock", data={"password": PASSWORD}, headers=BROWSER)
    assert refused.status_code == 422
    assert "By Rehearsal ID" in refused.text
    wish = {"role": "member"}
    locked = asha.post("/admin/invites", data=wish, headers=BROWSER)
    assert locked.headers["location"].startswith("/admin/unlock")
    proved = enter(asha, "/prove/oidc", next="/admin/users")
    assert proved.headers["location"] == "/admin/users"
    assert asha.get("/api/v1/admin/unlock").json()["unlocked_until"] is not None
    assert asha.post("/admin/invites", data=wish, headers=BROWSER).status_code == 200


def test_the_houses_second_factor_is_asked_for_unless_the_providers_is_enough(
    house: House, provider: Provider
) -> None:
    asha = visitor(house)
    enter(asha)
    enter(asha, "/prove/oidc")
    made = asha.post("/api/v1/factors/authenticator").json()
    app = pyotp.TOTP(made["secret"])
    seconds = int(house.clock.now().utc.timestamp())
    confirmed = asha.post("/api/v1/factors/authenticator/confirm", json={"code": app.at(seconds)})
    assert confirmed.status_code == 200, confirmed.text
    client = visitor(house)
    asked = enter(client, next="/holdings")
    assert asked.headers["location"] == "/sign-in/code?next=%2Fholdings"
    assert who(client) == ""
    form = {"code": app.at(seconds + 30), "next": "/holdings"}
    assert client.post("/sign-in/code", data=form, headers=BROWSER).headers["location"] == "/holdings"
    assert who(client) == "asha@example.org"
    relaxed = ruled(house, provider_is_enough=True)
    other = visitor(relaxed)
    assert enter(other).headers["location"] == "/dashboard"
    assert who(other) == "asha@example.org"


def test_whoever_was_shut_out_stays_out(house: House, provider: Provider) -> None:
    operator = join(visitor(house), "operator@example.org", "Operator")
    enter_new(visitor(house))
    id = next(
        row["id"]
        for row in operator.get("/api/v1/persons").json()["data"]
        if row["email"] == "asha@example.org"
    )
    assert operator.post(f"/api/v1/admin/persons/{id}/disable").status_code == 204
    client = visitor(house)
    assert enter(client).status_code == 401
    assert who(client) == ""


def test_the_rule_of_signing_up_holds_for_the_provider_too(house: House, provider: Provider) -> None:
    inviting = ruled(house, sign_up=SignUp.INVITE)
    operator = join(visitor(inviting), "operator@example.org", "Operator")
    uninvited = enter_new(visitor(inviting))
    assert uninvited.status_code == 403
    assert "Ask an admin of this house for an invite" in uninvited.text
    code = operator.post("/api/v1/admin/invites", json={"email": "", "role": "reader"}).json()["code"]
    page = visitor(inviting).get(f"/sign-up?invite={code}", headers=BROWSER)
    assert 'id="f-provider-invite"' in page.text
    client = visitor(inviting)
    assert enter(client, invite=code).status_code == 303
    assert client.get("/api/v1/session").json()["person"]["role"] == "reader"
    provider.who = Somebody("sub-bela", "bela@example.org", name="Bela")
    assert enter(visitor(inviting), invite=code).status_code == 422, "it was used"
    closed = ruled(house, sign_up=SignUp.OPEN, provider_sign_up=SignUp.CLOSED)
    assert enter_new(visitor(closed)).status_code == 403
    assert "Create one with" not in visitor(closed).get("/sign-up", headers=BROWSER).text
    provider.who = Somebody("sub-nameless")
    assert enter_new(visitor(house)).status_code == 401, "an account here needs an address"


def test_a_house_without_a_provider_has_no_such_door(asha: TestClient, stranger: TestClient) -> None:
    assert "/sign-in/oidc" not in stranger.get("/sign-in", headers=BROWSER).text
    assert stranger.post("/sign-in/oidc", headers=BROWSER).status_code == 404
    assert stranger.get("/sign-in/oidc/callback?code=a&state=b", headers=BROWSER).status_code == 404
    assert 'id="identities"' not in asha.get("/settings/security", headers=BROWSER).text


def test_it_is_left_her_in_the_time_of_grace_and_then_leaves_with_her(
    house: House, provider: Provider
) -> None:
    asha = join(visitor(house), "asha@example.org", "Asha")
    assert enter(asha, "/settings/identities").status_code == 303
    asha.post("/api/v1/proof", json={"password": PASSWORD})
    assert links_in(house) == ["sub-asha"]
    with house.database.writing() as db:
        found = persons.find_by_email(db, "asha@example.org")
        assert found
        destroy_secrets(db, found[0].viewer)
    assert links_in(house) == ["sub-asha"]
    with house.database.writing() as db:
        erase_rows(db, found[0].viewer)
    assert links_in(house) == []
