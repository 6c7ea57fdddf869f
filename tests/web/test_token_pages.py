"""Settings, API tokens: the page that makes a token, shows it once, and revokes it."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.web.houses import PASSWORD, join, visitor
from tunefolio.services.house import House

pytestmark = pytest.mark.usefixtures("built_assets")
PAGE = "/settings/tokens"
WISH = {"name": "night job", "scopes": ["read", "sync"], "life": "30", "password": PASSWORD}


@pytest.fixture
def bela(small_house: House, asha: TestClient) -> TestClient:
    """A member who has proved nothing lately."""
    return join(visitor(small_house), "bela@example.org", "Bela")


def secret_in(text: str) -> str:
    found = re.search(r"tf_pat_[0-9A-Za-z]{42}", text)
    assert found is not None, text
    return found[0]


def test_a_token_is_shown_in_one_answer_only(small_house: House, bela: TestClient) -> None:
    answer = bela.post(PAGE, data=WISH)
    assert answer.status_code == 200
    token = secret_in(answer.text)
    again = bela.get(PAGE)
    assert token not in again.text
    assert f"…{token[-4:]}" in again.text
    assert "read, sync" in again.text
    assert "ends in 30 days" in again.text
    program = visitor(small_house)
    assert program.get("/api/v1/portfolios", headers={"authorization": f"Bearer {token}"}).status_code == 200
    assert "Last used" in bela.get(PAGE).text


def test_the_password_is_asked_for_where_no_proof_holds(bela: TestClient, asha: TestClient) -> None:
    assert 'name="password"' in bela.get(PAGE).text
    assert 'name="password"' not in asha.get(PAGE).text
    bare = {name: value for name, value in WISH.items() if name != "password"}
    assert bela.post(PAGE, data=bare).status_code == 403
    assert bela.post(PAGE, data=WISH | {"password": "not hers at all"}).status_code == 422
    assert "No tokens yet" in bela.get(PAGE).text
    assert bela.post(PAGE, data=WISH).status_code == 200
    assert 'name="password"' not in bela.get(PAGE).text


def test_only_an_admin_is_offered_the_scope_that_administers(bela: TestClient, asha: TestClient) -> None:
    assert 'value="admin"' not in bela.get(PAGE).text
    assert 'value="admin"' in asha.get(PAGE).text
    assert bela.post(PAGE, data=WISH | {"scopes": ["admin"]}).status_code == 403


@pytest.mark.parametrize("wrong", [{"life": "0"}, {"scopes": []}, {"scopes": ["write"]}, {"name": " "}])
def test_a_wrong_form_makes_nothing(bela: TestClient, wrong: dict[str, object]) -> None:
    assert bela.post(PAGE, data=WISH | wrong).status_code == 422
    assert "No tokens yet" in bela.get(PAGE).text


def test_a_token_without_end_says_so_in_the_list(bela: TestClient) -> None:
    bela.post(PAGE, data=WISH | {"life": "never"})
    assert "never ends" in bela.get(PAGE).text


def test_a_revoked_token_is_gone_from_the_list(bela: TestClient) -> None:
    bela.post(PAGE, data=WISH)
    (kept,) = bela.get("/api/v1/tokens").json()["data"]
    answer = bela.post(f"{PAGE}/{kept['id']}/revoke")
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert "No tokens yet" in bela.get(PAGE).text
