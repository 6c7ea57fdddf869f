"""The live stream: one's own events only, in order, resumed after a break, ended with the sign-in."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient

from tests.web.houses import join, visitor
from tunefolio.core.errors import Retry
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Person, Role
from tunefolio.core.time import Instant
from tunefolio.services.house import House
from tunefolio.store import events
from tunefolio.store.events import Bus, Event
from tunefolio.web import live
from tunefolio.web.live import Hub

NOW = Instant.parse("2026-11-20T05:00:00+00:00")
ASHA = Person(PersonId(1), "asha@example.org", "Asha", Role.ADMIN, NOW)
RAVI = Person(PersonId(2), "ravi@example.org", "Ravi", Role.MEMBER, NOW)


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 60))


async def settled(hub: Hub, number: int) -> None:
    """Wait until the hub has heard so many events."""
    while hub.heard < number:
        await asyncio.sleep(0.001)


def test_each_hears_what_concerns_them() -> None:
    async def story() -> None:
        bus = Bus()
        hub = Hub(bus, 8)
        with hub.stream(ASHA, "") as admin, hub.stream(RAVI, "") as member:
            for event in (
                Event("transactions", ASHA.id, (7,)),
                Event("transactions", RAVI.id, (8,)),
                Event("quotes", None, (1, 2)),
                Event("jobs", None, (3,)),
            ):
                await asyncio.sleep(0)
                bus.publish(event)
            await settled(hub, 4)
            heard = [(one.event.topic, one.event.ids) for one in await admin.take(1)]
            assert heard == [("transactions", (7,)), ("quotes", (1, 2)), ("jobs", (3,))]
            heard = [(one.event.topic, one.event.ids) for one in await member.take(1)]
            assert heard == [("transactions", (8,)), ("quotes", (1, 2))]
        await hub.close()

    run(story())


def test_a_stream_that_comes_back_gets_what_it_missed() -> None:
    async def story() -> None:
        bus = Bus()
        hub = Hub(bus, 8)
        with hub.stream(ASHA, ""):
            for number in range(1, 4):
                bus.publish(Event("sync", ASHA.id, (number,)))
                await settled(hub, number)
        with hub.stream(ASHA, f"{hub.boot}-1") as back:
            assert [one.number for one in await back.take(1)] == [2, 3]
            assert not back.must_refetch
        for unknown in ("otherboot-1", f"{hub.boot}-x", "nonsense"):
            with hub.stream(ASHA, unknown) as lost:
                assert lost.must_refetch
        await hub.close()

    run(story())


def test_what_is_no_longer_remembered_is_fetched_again() -> None:
    async def story() -> None:
        hub = Hub(bus := Bus(), 8)
        with hub.stream(ASHA, ""):
            for number in range(1, live.REMEMBERED + 3):
                bus.publish(Event("sync", ASHA.id, (number,)))
                await settled(hub, number)
        with hub.stream(ASHA, f"{hub.boot}-1") as lost:
            assert lost.must_refetch
        with hub.stream(ASHA, f"{hub.boot}-2") as late:
            assert late.must_refetch, "more is missed than one stream may wait for"
        await hub.close()

    run(story())


def test_one_person_holds_only_so_many_streams() -> None:
    async def story() -> None:
        hub = Hub(Bus(), 2)
        with hub.stream(ASHA, ""), hub.stream(ASHA, ""), hub.stream(RAVI, ""):
            with pytest.raises(Retry), hub.stream(ASHA, ""):
                pass
            assert hub.count(ASHA.id) == 2
        assert hub.count(ASHA.id) == 0
        await hub.close()

    run(story())


def test_the_text_beats_and_ends_with_the_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(live, "PROOF_SECONDS", 0.5)

    async def story() -> None:
        hub = Hub(bus := Bus(), 8)
        lines = live.lines(hub, ASHA, "old-1", lambda: False)
        seen = [await anext(lines), await anext(lines)]
        assert seen[0].startswith("retry: 3000")
        assert "event: refetch" in seen[1]
        bus.publish(Event("quotes", None, (5,)))
        seen = [text async for text in lines]
        assert f'id: {hub.boot}-1\nevent: quotes\ndata: {{"ids":[5]}}\n\n' in seen
        assert seen.count(": still here\n\n") >= 2
        assert seen[-1].startswith("event: signed-out")
        assert hub.count(ASHA.id) == 0
        await hub.close()

    run(story())


@contextlib.contextmanager
def served(client: TestClient) -> Iterator[str]:
    """The app of a client behind a real socket."""
    taken = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        client.app, log_level="warning", lifespan="on", timeout_graceful_shutdown=1, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    try:
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        taken.close()
        assert not thread.is_alive()


def test_over_a_real_socket(house: House) -> None:
    house.bus.listen(house.database)
    asha = join(visitor(house), "asha@example.org", "Asha")
    cookie = {"cookie": f"__Host-tunefolio={asha.cookies['__Host-tunefolio']}"}
    with (
        served(asha) as address,
        httpx2.Client(base_url=address, headers=cookie, timeout=10) as browser,
        browser.stream("GET", "/live") as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        pieces = answer.iter_text()
        assert "retry: 3000" in next(pieces)
        with house.database.writing() as db:
            events.emit(db, house.bus, Event("transactions", PersonId(1), (42,)))
        heard = next(pieces)
        assert "event: transactions" in heard
        assert '"ids":[42]' in heard


def test_a_50_mb_upload_gets_its_answer_over_a_real_socket(small_house: House, asha: TestClient) -> None:
    cookie = {"cookie": f"__Host-tunefolio={asha.cookies['__Host-tunefolio']}"}
    files = {"file": ("trades.csv", b"x" * 50 * 1024 * 1024)}
    with served(asha) as address, httpx2.Client(base_url=address, headers=cookie, timeout=30) as browser:
        answer = browser.post("/api/v1/accounts/1/imports/preview", files=files)
        assert answer.status_code == 413
        assert answer.headers["connection"] == "close"
        assert browser.get("/api/v1/session").status_code == 200
