"""A body may come slowly, but not for ever: a dripping sender is answered 408, and its connection ends."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from tests.web.houses import CONFIG, app_of, opened, visitor
from tests.web.test_live import served
from tunefolio.services.house import House
from tunefolio.web import bodies
from tunefolio.web.bodies import Pace
from tunefolio.web.doors import Door

pytestmark = pytest.mark.one_is_enough
SHORT = replace(CONFIG, body_pace=Pace(0.4, 1_000))
ENOUGH_SECONDS = 60
"""For a busy machine; an answer that never comes fails there."""

FORM = "multipart/form-data; boundary=x"
BEGUN = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


def test_each_byte_earns_time_and_silence_ends_it() -> None:
    pace = Pace(20, 4_096)
    assert pace.patience_left(0, 0) == 20
    assert pace.patience_left(0, 15) == 5
    assert pace.patience_left(4_096, 15) == 6
    assert pace.patience_left(10 * 1024 * 1024, 600) == 20, (
        "a statement over a slow line; no silence is longer"
    )
    assert (pace.patience_left(4_096, 22) or 0) < 0
    assert Pace(20, 0).patience_left(0, 1e9) is None


def sender(*pieces: bytes, whole: bool = True) -> Receive:
    """A connection that has all these pieces at once, and afterwards nothing for a while, then its end."""
    left = [
        {"type": "http.request", "body": piece, "more_body": not whole or number < len(pieces)}
        for number, piece in enumerate(pieces, 1)
    ]

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.sleep(0.3)
        return {"type": "http.disconnect"}

    return receive


def test_what_the_house_does_meanwhile_does_not_count() -> None:
    async def story() -> list[bytes]:
        take = bodies.taken(sender(b"a", b"b", b"c"), 100, Pace(0.05, 10))
        found = []
        for _piece in range(3):
            found.append((await take())["body"])
            await asyncio.sleep(0.1)
        return found

    assert asyncio.run(story()) == [b"a", b"b", b"c"]


def test_whoever_has_sent_everything_may_be_silent() -> None:
    async def story() -> str:
        take = bodies.taken(sender(b"all of it"), 100, Pace(0.01, 1_000_000))
        await take()
        return str((await take())["type"])

    assert asyncio.run(story()) == "http.disconnect"


def test_whoever_owes_something_may_not() -> None:
    async def story(pace: Pace) -> str:
        take = bodies.taken(sender(b"some of it", whole=False), 100, pace)
        await take()
        return str((await take())["type"])

    with pytest.raises(HTTPException) as refused:
        asyncio.run(story(Pace(0.01, 1_000_000)))
    assert refused.value.status_code == 408
    assert asyncio.run(story(Pace(0.01, 0))) == "http.disconnect", "nobody is hurried where the pace is 0"


def test_a_request_without_a_body_costs_nothing(small_house: House) -> None:
    """It is handed on as it came: streams wait on it for as long as they live."""
    handed: list[Receive] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        handed.append(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def story() -> None:
        door = Door(app, small_house, SHORT)
        for method, headers in (("GET", {}), ("HEAD", {}), ("POST", {"content-length": "1"})):
            fields = {"host": "testserver", "sec-fetch-site": "same-origin", **headers}
            raw = [(name.encode(), value.encode()) for name, value in fields.items()]
            scope: Scope = {
                "type": "http",
                "method": method,
                "path": "/",
                "headers": raw,
                "query_string": b"",
                "scheme": "https",
                "server": ("testserver", 443),
                "app": app_of(small_house),
            }
            await door(scope, coming, ignore)

    coming = sender(b"")

    async def ignore(message: Message) -> None:
        pass

    asyncio.run(story())
    assert [receive is coming for receive in handed] == [True, True, False]


@pytest.fixture(scope="module")
def address(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """An impatient house behind a real socket."""
    path = tmp_path_factory.mktemp("bodies") / "house.db"
    shutil.copy(migrated_sqlite, path)
    with opened(f"sqlite:///{path}") as house, served(visitor(house, config=SHORT)) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


def begin(address: tuple[str, int], path: str, *headers: str) -> socket.socket:
    """A connection on which a request's headers were sent."""
    line = socket.create_connection(address, timeout=ENOUGH_SECONDS)
    fields = (f"POST {path} HTTP/1.1", "host: localhost", "sec-fetch-site: same-origin", *headers, "", "")
    line.sendall("\r\n".join(fields).encode())
    return line


def all_of(line: socket.socket) -> bytes:
    """Whatever is answered until the other side hangs up."""
    found = b""
    while piece := line.recv(65_536):
        found += piece
    return found


def drip(line: socket.socket, drop: bytes) -> bytes:
    """Send one after the other until there is an answer; all of it."""
    line.settimeout(0.02)
    ends = time.monotonic() + ENOUGH_SECONDS
    while time.monotonic() < ends:
        line.sendall(drop)
        try:
            first = line.recv(65_536)
        except TimeoutError:
            continue
        line.settimeout(ENOUGH_SECONDS)
        return first + all_of(line)
    return b""


@pytest.mark.parametrize(
    ("path", "headers", "begun", "drop"),
    [
        ("/api/v1/session", ("content-type: application/json", "content-length: 100000"), b"{", b" "),
        (
            "/api/v1/session",
            ("content-type: application/json", "transfer-encoding: chunked"),
            b"",
            b"1\r\n \r\n",
        ),
        ("/sign-in", (f"content-type: {FORM}", "content-length: 9000000"), BEGUN, b"1"),
        ("/sign-in", ("content-type: application/x-www-form-urlencoded", "content-length: 5000"), b"", b"a"),
        ("/hooks/zerodha", ("content-type: application/json", "content-length: 30000"), b"{", b" "),
    ],
    ids=["json", "chunks", "upload", "form", "postback"],
)
def test_a_body_that_drips_is_refused(
    address: tuple[str, int], path: str, headers: tuple[str, ...], begun: bytes, drop: bytes
) -> None:
    with closing(begin(address, path, *headers)) as line:
        line.sendall(begun)
        answer = drip(line, drop)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    assert b"application/problem+json" in head
    assert b'"status":408' in body
    assert b"too-slow" in body


def test_a_body_that_never_goes_on_is_refused_and_the_connection_ends(address: tuple[str, int]) -> None:
    with closing(begin(address, "/api/v1/session", "content-length: 10")) as line:
        answer = all_of(line)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_page_says_it_in_words(address: tuple[str, int]) -> None:
    form = "content-type: application/x-www-form-urlencoded"
    with closing(begin(address, "/sign-in", "accept: text/html", form, "content-length: 9")) as line:
        answer = all_of(line).decode()
    assert answer.startswith("HTTP/1.1 408 ")
    assert "It came too slowly" in answer


def test_a_body_in_many_pieces_is_taken(small_house: House) -> None:
    """Slower than any line within reach of a test, and faster than the pace that is asked for."""
    patient = visitor(small_house, config=replace(CONFIG, body_pace=Pace(ENOUGH_SECONDS, 4_096)))
    words = b'{"email":"nobody@example.org","password":"' + b"x" * 400 + b'"}'
    with served(patient) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        length = f"content-length: {len(words)}"
        kind = "content-type: application/json"
        with closing(begin((host, int(port)), "/api/v1/session", kind, length, "connection: close")) as line:
            for start in range(0, len(words), 16):
                line.sendall(words[start : start + 16])
                time.sleep(0.005)
            answer = all_of(line)
    assert b" 408 " not in answer.partition(b"\r\n")[0]
    assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 422 "))
