"""The index in front of the routes: what asking them all in turn finds, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Match
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from tests.web.houses import app_of
from tunefolio.services.house import House
from tunefolio.web.ways import Index

WORDS = ("7", "new")


def in_turn(contexts: list[RouteContext], method: str, path: str) -> tuple[Any, dict[str, Any]] | None:
    """The endpoint and its names as the routes themselves find them, one after the other."""
    for one in contexts:
        if method not in (one.methods or ()):
            continue
        fits = one.path_regex.match(path)
        if fits is not None:
            told = fits.groupdict()
            return one.endpoint, {name: one.param_convertors[name].convert(told[name]) for name in told}
    return None


def paths_of(contexts: list[RouteContext]) -> Iterator[str]:
    """Of each route, with several words where it has names; and such as nobody answers."""
    for one in contexts:
        template = str(one.path_format)
        for word in WORDS:
            yield template.format(**dict.fromkeys(one.param_convertors, word))
        yield f"{template}/"
        yield f"{template}/more"
    yield from ("", "/", "//", "nothing", "/nothing", "/api", "/api/v1/")


def test_every_route_is_found_as_if_all_were_asked_in_turn(small_house: House) -> None:
    app = app_of(small_house)
    (index,) = [one for one in app.router.routes if isinstance(one, Index)]
    assert app.router.routes[0] is index
    contexts = [
        one
        for one in iter_route_contexts(app.routes)
        if isinstance(one.original_route, APIRoute) and one.path
    ]
    assert len(contexts) > 300
    answered = nowhere = 0
    for path in sorted(set(paths_of(contexts))):
        match, found = Match.NONE, None
        for method in ("GET", "POST", "PUT", "DELETE"):
            match, told = index.matches({"type": "http", "method": method, "path": path})
            found = (told["endpoint"], told["path_params"]) if "endpoint" in told else None
            assert found == in_turn(contexts, method, path), (method, path)
            answered += found is not None
        if match is Match.FULL and found is None:
            nowhere += 1
            assert not any(
                one.matches({"type": "http", "method": "GET", "path": end, "root_path": "", "headers": []})[0]
                is not Match.NONE
                for one in app.router.routes[1:]
                for end in (path, f"{path}/", path.rstrip("/"))
            ), path
    assert answered > len(contexts)
    assert nowhere > len(contexts) / 2


@pytest.fixture
def mixed() -> TestClient:
    """Ways that could be taken for one another, in routers within routers."""
    inner, outer, app = APIRouter(), APIRouter(prefix="/a"), FastAPI()

    def way(name: str) -> Any:
        def answer(id: str = "", rest: str = "") -> list[str]:
            return [name, id, rest]

        return answer

    inner.add_api_route("/new", way("new, before the name"), methods=["GET"])
    inner.add_api_route("/{id}", way("named"), methods=["GET", "PUT"])
    inner.add_api_route("/old", way("old, behind the name"), methods=["GET"])
    inner.add_api_route("/{id}/files/{rest:path}", way("deep"), methods=["GET"])
    inner.add_api_route("/x/files/last", way("behind the deep one"), methods=["GET"])
    outer.include_router(inner)
    app.include_router(outer)
    app.add_api_route("/{id}/b", way("begins with a name"), methods=["GET"])
    app.add_api_route("/a/b", way("never reached"), methods=["GET"])
    app.router.routes.insert(0, Index(app.router.routes))
    return TestClient(app)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/a/new", ["new, before the name", "", ""]),
        ("/a/old", ["named", "old", ""]),
        ("/a/7", ["named", "7", ""]),
        ("/a/7/files/one/two", ["deep", "7", "one/two"]),
        ("/a/x/files/last", ["deep", "x", "last"]),
        ("/z/b", ["begins with a name", "z", ""]),
        ("/a/b", ["named", "b", ""]),
    ],
)
def test_the_earlier_of_two_that_fit_answers(mixed: TestClient, path: str, answer: list[str]) -> None:
    assert mixed.get(path).json() == answer
    for route in [one for one in mixed.app.router.routes if isinstance(one, Index)]:  # type: ignore[attr-defined]
        mixed.app.router.routes.remove(route)  # type: ignore[attr-defined]
    assert mixed.get(path).json() == answer  # and so it is without


ODD = (
    ("DELETE", "/a/new"), ("GET", "/a/new/"), ("GET", "/a/new//"), ("GET", "/nothing"), ("GET", "/nothing/"),
    ("POST", "/nothing"), ("HEAD", "/a/new"), ("HEAD", "/nothing"), ("OPTIONS", "/a/7"), ("GET", "/a"),
    ("GET", "/files/one"), ("GET", "/files/no"), ("GET", "/files"), ("GET", "/files/"),
    ("GET", "/"), ("GET", "//"), ("GET", "/talk"), ("PUT", "/talk/"),
)  # fmt: skip


def test_what_it_does_not_know_is_answered_as_the_routes_do(mixed: TestClient, tmp_path: Path) -> None:
    """Another method with what it allows, a slash too many, files, a socket asked by http, and nowhere."""
    (tmp_path / "one").write_text("1")
    app = mixed.app
    assert isinstance(app, FastAPI)
    app.mount("/files", StaticFiles(directory=tmp_path))
    app.add_api_websocket_route("/talk", lambda socket: socket.close())

    def answers() -> list[tuple[int, str | None, str | None, bytes]]:
        asked = [mixed.request(method, path, follow_redirects=False) for method, path in ODD]
        return [
            (one.status_code, one.headers.get("allow"), one.headers.get("location"), one.content)
            for one in asked
        ]

    found = answers()
    app.router.routes[:] = [one for one in app.router.routes if not isinstance(one, Index)]
    assert found == answers()
    assert {status for status, *_ in found} == {200, 307, 404, 405}


def test_a_way_that_might_be_anywhere_is_asked(mixed: TestClient) -> None:
    """A route without a pattern of its own may answer any path."""
    app = mixed.app
    assert isinstance(app, FastAPI)

    async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("elsewhere")(scope, receive, send)

    assert mixed.get("/nothing").status_code == 404
    app.router.routes[:] = [one for one in app.router.routes if not isinstance(one, Index)]
    app.router.routes.append(Host("testserver", elsewhere))
    app.router.routes.insert(0, Index(app.router.routes))
    assert mixed.get("/nothing").text == "elsewhere"
