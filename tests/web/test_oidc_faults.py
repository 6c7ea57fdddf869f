"""Answers of a provider of identities that do not hold, and providers that are broken or away, over HTTP."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.issuers import ASHA, BROWSER, SECRET, away, back, client_of, enter, open_provider, who
from tests.web.houses import visitor
from tunefolio.core.time import FixedClock
from tunefolio.sandbox.oidc import Fault, Provider, Somebody
from tunefolio.services.house import House
from tunefolio.store import persons
from tunefolio.telemetry import JsonLines, PlainLines

REFUSED = (
    Fault.WRONG_NONCE, Fault.NO_NONCE, Fault.WRONG_AUDIENCE, Fault.TWO_AUDIENCES, Fault.WRONG_ISSUER,
    Fault.EXPIRED, Fault.STALE, Fault.FROM_THE_FUTURE, Fault.UNSIGNED, Fault.SHARED_SECRET, Fault.OTHER_KEY,
    Fault.CHANGED, Fault.WRONG_HASH, Fault.MIX_UP, Fault.DENIED,
)  # fmt: skip


@pytest.fixture
def provider(small_house: House) -> Iterator[Provider]:
    with open_provider(small_house.clock) as answering:
        answering.who = ASHA
        yield answering


@pytest.fixture
def house(small_house: House, provider: Provider) -> House:
    """Open to all, with that provider."""
    return replace(small_house, provider=client_of(provider, small_house.clock))


def test_an_answer_that_does_not_hold_leads_to_nothing(house: House, provider: Provider) -> None:
    client = visitor(house)
    for fault in REFUSED:
        provider.fault = fault
        answer = enter(client)
        assert answer.status_code == 401, (fault, answer.text)
        assert "Nothing has changed." in answer.text
        assert who(client) == "", fault
    with house.database.reading() as db:
        assert persons.count(db) == 0
    provider.fault = Fault.NONE
    assert enter(client).status_code == 303, "the fault was the only thing wrong"


def test_a_provider_that_is_broken_says_so_on_a_page(small_house: House, provider: Provider) -> None:
    for fault, status in ((Fault.BROKEN, 503), (Fault.NONSENSE, 401), (Fault.HUGE, 401)):
        house = replace(small_house, provider=client_of(provider, small_house.clock))
        provider.fault = fault
        client = visitor(house)
        begun = client.post("/sign-in/oidc", headers=BROWSER)
        assert begun.status_code == status, begun.text
        assert "Back to the sign-in" in begun.text
        provider.fault = Fault.NONE
        path = back(away(client))
        provider.fault = fault
        assert client.get(path, headers=BROWSER).status_code == status
        assert who(client) == ""


def test_a_provider_that_is_away_is_not_waited_for_twice(small_house: House) -> None:
    with open_provider(small_house.clock) as gone:
        house = replace(small_house, provider=client_of(gone, small_house.clock))
    answer = visitor(house).post("/sign-in/oidc", headers=BROWSER)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


def test_an_answer_counts_once_in_the_browser_that_asked_and_with_its_state(
    house: House, provider: Provider
) -> None:
    client, thief = visitor(house), visitor(house)
    path = back(away(client))
    assert thief.get(path, headers=BROWSER).status_code == 401, "no cookie of this visit"
    bent = re.sub(r"state=[^&]+", "state=" + "a" * 43, path)
    cookie = dict(client.cookies)
    assert client.get(bent, headers=BROWSER).status_code == 401
    client.cookies.update(cookie)
    assert client.get(path, headers=BROWSER).status_code == 303, "a wrong state does not end the visit"
    again = visitor(house)
    again.cookies.update({name: value for name, value in cookie.items() if "visit" in name})
    assert again.get(path, headers=BROWSER).status_code == 401, "replayed with its very cookie"
    assert who(again) == ""


def test_a_visit_ends_after_ten_minutes(house: House) -> None:
    client = visitor(house)
    path = back(away(client))
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(timedelta(minutes=11))
    assert client.get(path, headers=BROWSER).status_code == 401


def test_new_keys_are_fetched_and_old_ones_sign_no_more(house: House, provider: Provider) -> None:
    assert enter(visitor(house)).status_code == 303
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(timedelta(minutes=1))
    provider.rotate()
    assert enter(visitor(house)).status_code == 303
    fetched = provider.asked.count("jwks")
    provider.rotate()
    assert enter(visitor(house)).status_code == 401, "unknown keys are asked for every ten seconds at most"
    assert provider.asked.count("jwks") == fetched
    assert provider.asked.count("discovery") == 1


def test_what_the_token_leaves_out_is_asked_of_the_same_person(house: House, provider: Provider) -> None:
    provider.tells_in_token = False
    client = visitor(house)
    assert enter(client).status_code == 303
    assert who(client) == "asha@example.org"
    provider.fault, provider.who = Fault.OTHERS_USERINFO, Somebody("sub-bela", "bela@example.org")
    assert enter(visitor(house)).status_code == 401


def test_a_wrong_client_secret_opens_nothing(small_house: House, provider: Provider) -> None:
    house = replace(small_house, provider=client_of(provider, small_house.clock, "another"))
    assert enter(visitor(house)).status_code == 401


def test_what_is_asked_is_bound_to_the_browser_and_proved_by_pkce(house: House, provider: Provider) -> None:
    client = visitor(house)
    asked = parse_qs(urlsplit(away(client)).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["https://testserver/sign-in/oidc/callback"]
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == len(asked["code_challenge"][0]) == 43
    other = parse_qs(urlsplit(away(visitor(house))).query)
    assert {asked[name][0] for name in ("state", "nonce", "code_challenge")}.isdisjoint(
        other[name][0] for name in ("state", "nonce", "code_challenge")
    )


def test_clocks_may_differ_by_a_minute_and_no_more(house: House, provider: Provider) -> None:
    right = house.clock.now()
    for seconds, status in ((-300 - 55, 303), (-300 - 65, 401), (55, 303), (65, 401)):
        provider.clock = FixedClock(right + timedelta(seconds=seconds))
        assert enter(visitor(house)).status_code == status, seconds


def test_what_the_provider_gave_stands_in_no_log(
    house: House, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    client = visitor(house)
    with caplog.at_level(logging.DEBUG):
        address = away(client)
        path = back(address)
        cookie = next(value for name, value in client.cookies.items() if "visit" in name)
        assert client.get(path, headers=BROWSER).status_code == 303
    asked, answered = parse_qs(urlsplit(address).query), parse_qs(urlsplit(path).query)
    secrets = [cookie, asked["nonce"][0], asked["state"][0], answered["code"][0], SECRET]
    kept = [one for one in caplog.records if not one.name.startswith("uvicorn")]  # the provider's own server
    ours = [form.format(one) for one in kept for form in (PlainLines(), JsonLines())]
    assert any("/sign-in/oidc" in line for line in ours)
    assert not [line for line in ours for secret in secrets if secret in line]
