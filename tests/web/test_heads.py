"""HEAD answers what GET would, without its body: for link checkers, caches and programs that only look."""

from __future__ import annotations

import logging

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.web.houses import app_of, visitor
from tests.web.test_live import served
from tunefolio.services.house import House

pytestmark = pytest.mark.one_is_enough
NOT_ALIKE = {"x-request-id", "date"}


def headers_of(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in NOT_ALIKE}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/sign-in",
        "/healthz",
        "/readyz",
        "/favicon.ico",
        "/static/favicon.svg",
        "/api/openapi.json",
        "/shared/nothing-of-this-name",
        "/nowhere",
        "/dashboard",
        "/api/v1/session",
    ],
)
def test_head_is_get_without_the_body_for_strangers(stranger: TestClient, path: str) -> None:
    asked, looked = stranger.get(path), stranger.head(path)
    assert looked.status_code == asked.status_code
    assert headers_of(looked) == headers_of(asked)
    assert looked.content == b""


@pytest.mark.parametrize("path", ["/dashboard", "/holdings", "/api/v1/portfolios", "/api/v1/session"])
def test_head_is_get_without_the_body_for_who_is_signed_in(
    built_assets: None, asha: TestClient, path: str
) -> None:
    asked, looked = asha.get(path), asha.head(path)
    assert (looked.status_code, asked.status_code) == (200, 200)
    assert looked.headers["content-type"] == asked.headers["content-type"]
    assert looked.content == b""


def test_head_does_nothing_where_only_a_change_is_asked(asha: TestClient) -> None:
    for path in ("/sign-out", "/api/v1/leaving/exports"):
        assert asha.head(path).status_code == 405
    assert asha.get("/api/v1/session").status_code == 200


def test_no_way_of_the_document_is_a_head(small_house: House) -> None:
    document = app_of(small_house).openapi()
    assert [path for path, ways in document["paths"].items() if "head" in ways] == []


def test_over_a_real_socket_the_connection_goes_on(
    asha: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream too ends at once, though GET would never; nobody is left who holds it."""
    cookie = {"cookie": f"__Host-tunefolio={asha.cookies['__Host-tunefolio']}"}
    with served(asha) as address, httpx2.Client(base_url=address, headers=cookie, timeout=60) as browser:
        for path in ("/live", "/live/stream?topics=jobs", "/api/openapi.json", "/sign-in"):
            for _again in range(10):
                answer = browser.head(path)
                assert answer.status_code in (200, 303), path
                assert answer.content == b""
        asked = browser.get("/api/openapi.json", headers={"accept-encoding": "identity"})
        looked = browser.head("/api/openapi.json", headers={"accept-encoding": "identity"})
        assert int(looked.headers["content-length"]) == len(asked.content)
    assert [one.message for one in caplog.records if one.levelno >= logging.ERROR] == []


def test_a_public_link_is_looked_at_without_its_page(stranger: TestClient, small_house: House) -> None:
    other = visitor(small_house)
    assert other.head("/shared/x").headers["x-robots-tag"] == "noindex, nofollow"
    assert stranger.post("/shared/x").status_code == 405
