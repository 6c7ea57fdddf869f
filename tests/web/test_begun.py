"""Where the books are in another process, it is asked at the door who is here: the same answers follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.web.houses import ADDRESS, PASSWORD, join, visitor
from tunefolio.services.house import House
from tunefolio.services.throttle import Throttle

BOOKS = "/api/v1/portfolios"
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def server(house: House) -> House:
    """The one web server of a house, which counts requests in its own memory: where limits are counted
    elsewhere a thread asks who is here as well."""
    return replace(house, throttle=Throttle())


def test_whoever_was_let_in_is_nobody_at_the_next_request(server: House) -> None:
    """By each means, and each asked often enough to be asked for ahead."""
    asha = join(visitor(server), "asha@example.org", "Asha")
    wish = {"name": "script", "scopes": ["read"], "password": PASSWORD}
    made = asha.post("/api/v1/tokens", json=wish).json()
    program = visitor(server)
    entry = {"email": "asha@example.org", "password": PASSWORD}
    access = program.post("/api/v1/auth/login", json=entry).json()["access_token"]
    cookie = "; ".join(f"{name}={value}" for name, value in asha.cookies.items())
    shown = [
        {"authorization": f"Bearer {made['token']}"},
        {"authorization": f"Bearer {access}"},
        {"cookie": cookie},
    ]
    anybody = visitor(server)
    for headers in shown * 3:
        assert anybody.get(BOOKS, headers=headers).status_code == 200
        assert anybody.head(BOOKS, headers=headers).status_code == 200
    assert asha.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert program.post("/api/v1/auth/logout").status_code == 204
    assert asha.delete("/api/v1/session", headers={"origin": ADDRESS}).status_code == 204
    assert [anybody.get(BOOKS, headers=headers).status_code for headers in shown] == [401, 401, 401]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/favicon.ico", 200),
        ("/manifest.webmanifest", 200),
        ("/nowhere", 404),
        ("/api/v1/nowhere", 404),
        ("/api/v1/portfolios/0/", 307),
        ("/api/v1/transactions?limit=x", 422),
        ("/static/nowhere.js", 404),
        ("/api/v1/admin/jobs", 403),
    ],
)
def test_what_is_asked_in_vain_holds_no_line(server: House, path: str, status: int) -> None:
    """More often than there are lines, and not one of them is missing after that."""
    join(visitor(server), "asha@example.org", "Asha")
    bela = join(visitor(server), "bela@example.org", "Bela")
    for _ in range(9):
        assert bela.get(path, follow_redirects=False).status_code == status
        assert bela.get(BOOKS).status_code == 200
