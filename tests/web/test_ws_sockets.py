"""The live feed behind a real socket: a client that does not read, and the stream's twin of the WebSocket."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import orjson
import uvicorn
from websockets.sync.client import ClientConnection, connect

from tests.web.houses import join, visitor
from tests.web.test_ws import listed, publish
from tunefolio.services.house import House


@contextlib.contextmanager
def served(house: House) -> Iterator[tuple[int, str, uvicorn.Server]]:
    """The app behind a real socket: its port, Asha's cookie, the server."""
    asha = join(visitor(house), "asha@example.org", "Asha")
    taken = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        asha.app, log_level="warning", lifespan="on", timeout_graceful_shutdown=1,
        ws="websockets-sansio", ws_per_message_deflate=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield taken.getsockname()[1], f"__Host-tunefolio={asha.cookies['__Host-tunefolio']}", server
    finally:
        server.should_exit = True
        thread.join(60)
        taken.close()
        assert not thread.is_alive()


def dial(port: int, cookie: str) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{port}/ws/live", additional_headers={"cookie": cookie}, proxy=None)


def test_a_slow_client_gets_the_newest_and_not_all(small_house: House) -> None:
    """It reads nothing while 400 rounds go by; then it finds what the sockets held, and the newest."""
    ids = listed(small_house, *(f"S{number}" for number in range(300)))
    with served(small_house) as (port, cookie, _), dial(port, cookie) as slow, dial(port, cookie) as quick:
        for line in (slow, quick):
            line.send(orjson.dumps({"subscribe": {"instruments": ids}}).decode())
            while orjson.loads(line.recv(10))["type"] != "snapshot":
                pass
        latest = {}
        rounds = 400
        reader = threading.Thread(target=lambda: latest.update(read_until(quick, ids, f"{1000 + rounds}")))
        reader.start()
        for number in range(1, rounds + 1):
            publish(small_house, dict.fromkeys(ids, f"{1000 + number}"))
            time.sleep(0.01)
        reader.join(120)
        assert not reader.is_alive(), "the quick one waited for the slow one"
        told = read_until(slow, ids, f"{1000 + rounds}")
        assert told["frames"] < rounds / 4
        assert latest["frames"] > 3


def read_until(line: ClientConnection, ids: list[int], price: str) -> dict[str, int]:
    """Read until all of them stand at that price; how many frames it took."""
    standing: dict[int, str] = {}
    frames = 0
    while len(standing) < len(ids) or set(standing.values()) != {price}:
        frame = orjson.loads(line.recv(90))
        frames += 1
        standing |= {quote["id"]: quote["price"] for quote in frame.get("quotes", ())}
    return {"frames": frames}


def test_the_same_as_server_sent_events(small_house: House) -> None:
    one, two = listed(small_house, "INFY", "TCS")
    with (
        served(small_house) as (port, cookie, _),
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers={"cookie": cookie}, timeout=10) as browser,
    ):
        with browser.stream(
            "GET", f"/live/stream?instruments={one},{two}&portfolios=all&topics=jobs"
        ) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            pieces = events_of(answer.iter_text())
            assert next(pieces)[0] == "hello"
            name, place, frame = next(pieces)
            assert (name, len(frame["quotes"]), frame["portfolios"][0]["id"]) == ("snapshot", 2, "all")
            assert place == frame["at"]
            publish(small_house, {one: "105"})
            name, place, frame = next(pieces)
            assert (name, frame["quotes"][0]["price"], place) == ("delta", "105", frame["at"])
        publish(small_house, {two: "106"})
        time.sleep(0.2)
        again = {"last-event-id": place}
        with browser.stream("GET", f"/live/stream?instruments={one},{two}", headers=again) as answer:
            pieces = events_of(answer.iter_text())
            next(pieces)
            name, _, frame = next(pieces)
            assert (name, [quote["id"] for quote in frame["quotes"]]) == ("delta", [two])
        wrong = browser.get("/live/stream?instruments=INFY")
        assert wrong.status_code == 422
        assert "subscribe.instruments" in wrong.text


def events_of(pieces: Iterator[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(event, id, data) of each server-sent event."""
    held = ""
    for piece in pieces:
        held += piece
        while "\n\n" in held:
            block, _, held = held.partition("\n\n")
            told = dict(line.partition(": ")[::2] for line in block.splitlines())
            if "data" in told:
                yield told["event"], told.get("id", ""), orjson.loads(told["data"])
