"""How many requests are let in, what is said of it, and who counts with whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from limits.storage import RedisStorage
from starlette.testclient import TestClient

from tests.web.houses import ADDRESS, CONFIG, PASSWORD, app_of, join, visitor
from tunefolio.core.people import Scope, Viewer
from tunefolio.services import tokens
from tunefolio.services.house import House
from tunefolio.services.throttle import Throttle
from tunefolio.web.security import Limits

FEW = replace(CONFIG, limits=Limits(programs=5, pages=8, strangers=3))
BOOKS = "/api/v1/portfolios"


@pytest.fixture
def asha(small_house: House) -> TestClient:
    return join(visitor(small_house, config=FEW), "asha@example.org", "Asha")


def programs_of(house: House, owner: TestClient, count: int) -> list[TestClient]:
    """So many programs of one person, each with a token of its own."""
    viewer = Viewer(owner.get("/api/v1/session").json()["person"]["id"])
    made = []
    for number in range(count):
        with house.database.writing() as db:
            fresh = tokens.make(db, house, viewer, f"t{number}", [Scope.READ], days=1)
        client = visitor(house, config=FEW)
        client.headers["authorization"] = f"Bearer {fresh.secret.reveal()}"
        made.append(client)
    return made


def told(answer: Any) -> tuple[str, str, int]:
    """(limit, remaining, reset) as the headers say."""
    names = ("limit", "remaining", "reset")
    limit, remaining, reset = (answer.headers[f"ratelimit-{name}"] for name in names)
    return limit, remaining, int(reset)


def test_all_tokens_of_a_person_count_together(small_house: House, asha: TestClient) -> None:
    one, two = programs_of(small_house, asha, 2)
    left = [client.get(BOOKS).headers["ratelimit-remaining"] for client in (one, two, one, two, one)]
    assert left == ["4", "3", "2", "1", "0"]
    refused = two.get(BOOKS)
    assert refused.status_code == 429
    assert refused.json()["type"].endswith("#too-many")
    limit, remaining, reset = told(refused)
    assert (limit, remaining) == ("5", "0")
    assert 1 <= reset <= 60
    assert abs(int(refused.headers["retry-after"]) - reset) <= 1
    assert one.get(BOOKS).status_code == 429


def test_an_access_token_counts_with_them(small_house: House, asha: TestClient) -> None:
    (program,) = programs_of(small_house, asha, 1)
    wish = {"email": "asha@example.org", "password": PASSWORD}
    login = visitor(small_house, config=FEW).post("/auth/login", json=wish).json()["access_token"]
    assert program.get(BOOKS).headers["ratelimit-remaining"] == "4"
    bearing = {"authorization": f"Bearer {login}"}
    assert asha.get(BOOKS, headers=bearing).headers["ratelimit-remaining"] == "3"


def test_pages_count_apart_and_say_nothing_of_it(small_house: House, asha: TestClient) -> None:
    (program,) = programs_of(small_house, asha, 1)  # which asked once as a page does
    for _ in range(7):
        assert asha.get("/settings").status_code == 200
    refused = asha.get("/settings", headers={"accept": "text/html"})
    assert refused.status_code == 429
    assert "ratelimit-limit" not in refused.headers
    assert "retry-after" in refused.headers
    assert program.get(BOOKS).status_code == 200


def test_a_stranger_counts_by_address(small_house: House, asha: TestClient) -> None:
    stranger = visitor(small_house, config=FEW)
    seen = [stranger.get(BOOKS).status_code for _ in range(4)]
    assert seen == [401, 401, 401, 429]
    guess = {"authorization": "Bearer tf_pat_guess"}
    assert stranger.get(BOOKS, headers=guess).status_code == 429
    assert asha.get(BOOKS).status_code == 200


def test_monitors_are_never_counted(small_house: House) -> None:
    stranger = visitor(small_house, config=FEW)
    for path in ("/healthz", "/readyz", "/") * 5:
        answer = stranger.get(path)
        assert answer.status_code == 200
        assert "ratelimit-limit" not in answer.headers


def test_brokers_calls_are_not_counted_here(small_house: House) -> None:
    stranger = visitor(small_house, config=FEW)
    assert {stranger.post("/hooks/zerodha", json={}).status_code for _ in range(6)} == {404}


def test_nought_is_without_limit(small_house: House) -> None:
    client = visitor(small_house, config=replace(CONFIG, limits=Limits(0, 0, 0)))
    answers = [client.get(BOOKS) for _ in range(120)]
    assert {answer.status_code for answer in answers} == {401}
    assert "ratelimit-limit" not in answers[0].headers


def test_the_house_lets_a_hundred_in_unless_it_is_set() -> None:
    assert Limits().programs == 100


@pytest.fixture
def servers(redis_url: str, small_house: House) -> Iterator[list[House]]:
    """Two web servers of one house, which count in one Redis."""
    stores = [
        RedisStorage(redis_url, wrap_exceptions=True, key_prefix="tunefolio:test-limits") for _ in range(2)
    ]
    stores[0].reset()
    yield [replace(small_house, throttle=Throttle(store)) for store in stores]
    stores[0].reset()


def test_web_servers_count_together(servers: list[House], asha: TestClient) -> None:
    first, second = servers
    (program,) = programs_of(first, asha, 1)
    bearing = {"authorization": program.headers["authorization"]}
    other = visitor(second, config=FEW)
    in_turn = (program, other, program, other, program)
    left = [client.get(BOOKS, headers=bearing).headers["ratelimit-remaining"] for client in in_turn]
    assert left == ["4", "3", "2", "1", "0"]
    assert other.get(BOOKS, headers=bearing).status_code == 429


def test_without_the_shared_store_each_counts_for_itself(small_house: House, asha: TestClient) -> None:
    gone = Throttle(RedisStorage("redis://127.0.0.1:1/0", wrap_exceptions=True))
    house = replace(small_house, throttle=gone)
    (program,) = programs_of(house, asha, 1)
    assert [program.get(BOOKS).status_code for _ in range(6)] == [200] * 5 + [429]


def test_what_cannot_be_read_or_is_nowhere_counts_as_well(small_house: House) -> None:
    """Else whoever sends rubbish would never be stopped."""
    ways: list[tuple[str, str, dict[str, Any], int]] = [
        (
            "POST",
            "/auth/login",
            {"content": b"{broken", "headers": {"content-type": "application/json"}},
            422,
        ),
        ("GET", "/api/v1/nowhere", {}, 404),
        ("PUT", "/api/v1/portfolios", {}, 405),
    ]
    for method, path, sent, status in ways:
        whence = (f"192.0.2.{status % 200}", 1)
        stranger = TestClient(app_of(small_house, FEW), base_url=ADDRESS, client=whence)
        answers = [stranger.request(method, path, **sent) for _ in range(4)]
        assert [one.status_code for one in answers] == [status, status, status, 429], (path, answers[0].text)
        assert answers[2].headers["ratelimit-remaining"] == "0"


def test_a_refused_method_names_those_that_are_there(small_house: House) -> None:
    stranger = visitor(small_house)
    assert stranger.put("/api/v1/portfolios").headers["allow"] == "GET, HEAD, POST"
    assert stranger.put("/api/v1/portfolios/3").headers["allow"].split(", ").count("PATCH") == 1
