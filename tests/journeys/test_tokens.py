"""A person gives a program a token, in a real browser; it reaches as far as she said, and no further."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PASSWORD, Served

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]
BOOKS = "/api/v1/portfolios"


def servers_of(served: Served) -> tuple[str, ...]:
    """Each web server by itself."""
    return served.servers or (served.url,)


def test_a_token_that_reads_is_refused_a_write_until_it_is_revoked(
    served: Served, person: Callable[[str], Page]
) -> None:
    page = person("asha")
    page.goto("/settings/tokens")
    page.get_by_label("Name", exact=True).fill("spreadsheet")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Make it").click()
    token = page.locator("#fresh-token").inner_text()
    assert re.fullmatch(r"tf_pat_[0-9A-Za-z]{42}", token)
    bearing = {"authorization": f"Bearer {token}"}
    with httpx2.Client(headers=bearing) as program:
        counted = []
        for server in servers_of(served) * 2:
            answer = program.get(server + BOOKS)
            assert answer.status_code == 200
            counted.append(int(answer.headers["ratelimit-remaining"]))
        assert counted == sorted(counted, reverse=True)
        assert len(set(counted)) == len(counted), "two web servers count apart"
        refused = program.post(served.url + BOOKS, json={"name": "by a program"})
        assert refused.status_code == 403
        assert "scope import" in refused.json()["detail"]
        page.reload()
        expect(page.get_by_text(token)).to_have_count(0)
        expect(page.get_by_text("Last used")).to_be_visible()
        page.get_by_role("button", name="Revoke").click()
        page.locator("dialog.ask").get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("No tokens yet")).to_be_visible()
        assert program.get(served.url + BOOKS).status_code == 401


def test_a_program_signs_in_renews_and_is_seen_among_the_devices(
    served: Served, person: Callable[[str], Page]
) -> None:
    page = person("asha")
    wish = {"email": "asha@example.org", "password": PASSWORD}
    with httpx2.Client(headers={"user-agent": "tracker/1.0"}) as program:
        login = program.post(f"{served.url}/auth/login", json=wish)
        assert login.status_code == 200, login.text
        cookie = login.headers["set-cookie"].partition(";")[0]
        again = program.post(f"{servers_of(served)[-1]}/auth/refresh", headers={"cookie": cookie})
        assert again.status_code == 200, again.text
        bearing = {"authorization": f"Bearer {again.json()['access_token']}"}
        assert program.get(servers_of(served)[0] + BOOKS, headers=bearing).status_code == 200
        page.goto("/settings/security")
        expect(page.get_by_text("tracker/1.0").first).to_be_visible()
        page.get_by_role("button", name="End all others").click()
        page.locator("dialog.ask").get_by_role("button", name="End").click()
        expect(page.get_by_text("tracker/1.0")).to_have_count(0)
        assert program.get(servers_of(served)[0] + BOOKS, headers=bearing).status_code == 401
