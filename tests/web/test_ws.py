"""The live feed: figures that move, over a WebSocket and as server-sent events, for their owner alone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession

from tests.web.houses import CONFIG, PASSWORD, connect_broker, join, opened, sign_in, visitor
from tunefolio.core.identity import InstrumentId, PersonId
from tunefolio.core.money import INR, Price
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import Instant
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.quotes import Quote
from tunefolio.services import identity, leaving
from tunefolio.services.house import House
from tunefolio.store import events, instruments, own_instruments, quotes
from tunefolio.store.events import Event
from tunefolio.web import feed, live, wanted

LIVE = "wss://testserver/ws/live"
AT = Instant.parse("2026-11-20T10:29:00+05:30")


def listed(house: House, *symbols: str) -> list[int]:
    """Instruments of these symbols, priced at 100 since a minute."""
    claims = [InstrumentClaim(Listing("NSE", symbol)) for symbol in symbols]
    with house.database.writing() as db:
        known = instruments.resolve(db, claims, AT)
        ids = [known[claim] for claim in claims]
        quotes.put(db, [Quote(id, Price.of("100"), Price.of("98"), AT, "yahoo") for id in ids])
    return [int(id) for id in ids]


def publish(house: House, prices: dict[int, str], at: Instant = AT, source: str = "yahoo") -> None:
    """What services.quotes sends after it has kept prices."""
    rows = [[id, price, "98", at.iso(), source, "last"] for id, price in prices.items()]
    house.fanout.publish("quotes", orjson.dumps(rows))


def heard(line: WebSocketTestSession, kind: str) -> dict[str, Any]:
    """The next frame of that type; heartbeats go by."""
    while True:
        frame: dict[str, Any] = orjson.loads(line.receive_text())
        if frame["type"] == kind:
            return frame
        assert frame["type"] == "beat", frame


def said(line: WebSocketTestSession, **message: Any) -> None:
    line.send_text(orjson.dumps(message).decode())


@contextlib.contextmanager
def talking(client: TestClient) -> Iterator[WebSocketTestSession]:
    """A live line after its hello."""
    with client.websocket_connect(LIVE) as line:
        hello = heard(line, "hello")
        assert set(hello) == {"type", "at", "beat_seconds", "limits"}
        yield line


def test_a_snapshot_then_what_moves(small_house: House, asha: TestClient) -> None:
    one, two = listed(small_house, "INFY", "TCS")
    with asha, talking(asha) as line:
        said(line, subscribe={"instruments": [one, two]})
        first = heard(line, "snapshot")
        assert {quote["id"]: quote["price"] for quote in first["quotes"]} == {one: "100", two: "100"}
        quote = first["quotes"][0]
        assert (quote["source"], quote["kind"], quote["live"], quote["stale"]) == (
            "yahoo",
            "last",
            False,
            False,
        )
        assert quote["as_of"] == "2026-11-20T10:29:00+05:30"
        assert quote["text"] == ["₹100.00", "+₹2.00", "+2.04%", "₹98.00"]
        publish(small_house, {two: "101.5"}, source="zerodha")
        moved = heard(line, "delta")
        assert [(quote["id"], quote["price"]) for quote in moved["quotes"]] == [(two, "101.5")]
        assert moved["at"] != first["at"]
        said(line, unsubscribe={"instruments": [two]})
        time.sleep(0.3)  # long enough for an answer of its own, if there were one
        said(line, subscribe={"topics": ["jobs"]})
        heard(line, "snapshot")
        publish(small_house, {two: "102", one: "103"})
        assert [quote["id"] for quote in heard(line, "delta")["quotes"]] == [one]


def test_what_the_database_learns_reaches_the_page_as_well(small_house: House, asha: TestClient) -> None:
    """A process that does not share the fan-out keeps prices and says so on the bus."""
    (one,) = listed(small_house, "INFY")
    with asha, talking(asha) as line:
        said(line, subscribe={"instruments": [one]})
        heard(line, "snapshot")
        with small_house.database.writing() as db:
            quotes.put(db, [Quote(InstrumentId(one), Price.of("111"), None, AT, "nse")])
            events.emit(db, small_house.bus, Event("quotes", None, (one,)))
        assert heard(line, "delta")["quotes"][0]["price"] == "111"


def test_an_older_price_moves_nothing(small_house: House, asha: TestClient) -> None:
    one, two = listed(small_house, "INFY", "TCS")
    with asha, talking(asha) as line:
        said(line, subscribe={"instruments": [one, two]})
        heard(line, "snapshot")
        publish(small_house, {one: "90"}, at=Instant.parse("2026-11-20T10:00:00+05:30"))
        small_house.fanout.publish("quotes", b"not of this house")
        publish(small_house, {one: "100", two: "104"})
        assert [quote["id"] for quote in heard(line, "delta")["quotes"]] == [two]


def test_a_return_brings_exactly_what_changed(small_house: House, asha: TestClient) -> None:
    one, two, three = listed(small_house, "INFY", "TCS", "WIPRO")
    wants = {"instruments": [one, two, three], "topics": ["jobs"]}
    with asha:
        with talking(asha) as line:
            said(line, subscribe=wants)
            place = heard(line, "snapshot")["at"]
            publish(small_house, {one: "101"})
            place = heard(line, "delta")["at"]
        with small_house.database.writing() as db:
            events.emit(db, small_house.bus, Event("jobs", None, (7,)))
        publish(small_house, {two: "102"})
        publish(small_house, {two: "103"})
        time.sleep(0.2)
        with talking(asha) as line:
            said(line, resume=place, subscribe=wants)
            back = heard(line, "delta")
            assert [(quote["id"], quote["price"]) for quote in back["quotes"]] == [(two, "103")]
            assert back["events"] == [{"topic": "jobs", "ids": [7]}]
        for unknown in ("elsewhere-3", place.split("-")[0] + "-99999", "?"):
            with talking(asha) as line:
                said(line, resume=unknown, subscribe=wants)
                whole = heard(line, "snapshot")
                assert len(whole["quotes"]) == 3
                assert whole["refetch"] is True


def test_what_happened_while_a_page_was_on_its_way_is_told(small_house: House, asha: TestClient) -> None:
    made = small_house.clock.now()
    wants = {"instruments": listed(small_house, "INFY"), "topics": ["jobs"]}
    with asha:
        with small_house.database.writing() as db:
            events.emit(db, small_house.bus, Event("jobs", None, (7,)))
        time.sleep(0.2)
        with talking(asha) as line:
            said(line, since=made.iso(), subscribe=wants)
            whole = heard(line, "snapshot")
            told = whole.get("events") or heard(line, "delta")["events"]
            assert told == [{"topic": "jobs", "ids": [7]}]
        with talking(asha) as line:
            said(line, since=(made + timedelta(seconds=5)).iso(), subscribe=wants)
            assert not heard(line, "snapshot").get("events"), "the page was made after it"
        with talking(asha) as line:
            said(line, since=(made - timedelta(hours=1)).iso(), subscribe=wants)
            assert heard(line, "snapshot")["refetch"] is True, "nobody heard what was so long ago"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", "message"),
        ("[]", "message"),
        ('{"subscribe": []}', "subscribe"),
        ('{"subscribe": {"instruments": 1}}', "subscribe.instruments"),
        ('{"subscribe": {"instruments": ["1"]}}', "subscribe.instruments"),
        ('{"subscribe": {"instruments": [true]}}', "subscribe.instruments"),
        ('{"subscribe": {"instruments": [0]}}', "subscribe.instruments"),
        ('{"subscribe": {"instruments": [99999999999999999999]}}', "subscribe.instruments"),
        ('{"subscribe": {"portfolios": ["mine"]}}', "subscribe.portfolios"),
        ('{"unsubscribe": {"topics": ["weather"]}}', "unsubscribe.topics"),
        ('{"subscribe": {"prices": []}}', "subscribe.prices"),
        ('{"order": {}}', "order"),
        ('{"resume": 7}', "resume"),
        ('{"since": "yesterday"}', "since"),
        ('{"resume": "' + "x" * 70 + '"}', "resume"),
        ('"' + "x" * wanted.MESSAGE_BYTES + '"', "message"),
        (
            '{"subscribe": {"instruments": [' + ",".join(map(str, range(1, 3_002))) + "]}}",
            "subscribe.instruments",
        ),
    ],
)
def test_a_wrong_message_is_named_and_the_line_stays(
    small_house: House, asha: TestClient, text: str, field: str
) -> None:
    (one,) = listed(small_house, "INFY")
    with asha, talking(asha) as line:
        line.send_text(text)
        told = heard(line, "error")
        assert told["field"] == field
        assert told["problem"]
        said(line, subscribe={"instruments": [one]})
        assert len(heard(line, "snapshot")["quotes"]) == 1


def test_too_many_messages_are_refused(small_house: House, asha: TestClient) -> None:
    with asha, talking(asha) as line:
        for _ in range(60):
            said(line)
        assert "a second" in heard_error(line)["cure"]


def heard_error(line: WebSocketTestSession) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = orjson.loads(line.receive_text())
        if frame["type"] == "error":
            return frame


def test_a_stranger_is_refused_at_the_door(small_house: House, asha: TestClient) -> None:
    with visitor(small_house) as stranger:
        assert refused(stranger) == 401
    with asha:
        assert refused(asha, {"origin": "https://evil.example"}) == 403
        assert refused(asha, {"sec-fetch-site": "cross-site"}) == 403
        assert refused(asha, {"host": "evil.example"}) == 421
        with asha.websocket_connect(LIVE, headers={"origin": "https://testserver"}) as line:
            assert heard(line, "hello")


def refused(client: TestClient, headers: dict[str, str] | None = None) -> int:
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect(LIVE, headers=headers or {}),
    ):
        pass
    told: dict[str, Any] = denied.value.json()
    assert told["detail"]
    assert told["status"] == denied.value.status_code
    return int(denied.value.status_code)


def test_one_person_holds_only_so_many_lines(small_house: House, asha: TestClient) -> None:
    with asha, contextlib.ExitStack() as lines:
        for _ in range(CONFIG.streams_per_person):
            lines.enter_context(talking(asha))
        assert refused(asha) == 503
        assert asha.get("/live/stream").status_code == 503


def test_what_is_anothers_reads_as_what_is_not_there(small_house: House, asha: TestClient) -> None:
    """Ravi asks for Asha's portfolio, her private holding and an id that nobody has."""
    connect_broker(small_house, asha)
    hers = asha.get("/api/v1/portfolios").json()["data"][0]["id"]
    with small_house.database.writing() as db:
        her = Viewer(PersonId(1), Role.ADMIN)
        private = own_instruments.add(db, her, "FD", "Deposit", AssetClass.FIXED, INR, AT)
    ravi = join(visitor(small_house), "ravi@example.org", "Ravi")
    with ravi, talking(ravi) as line:
        said(line, subscribe={"instruments": [int(private), 987_654], "portfolios": [hers, 987_654]})
        whole = heard(line, "snapshot")
        assert whole["unknown"] == {"instruments": [int(private), 987_654], "portfolios": [hers, 987_654]}
        assert "portfolios" not in whole
        assert "quotes" not in whole
    with asha, talking(asha) as line:
        said(line, subscribe={"instruments": [int(private)], "portfolios": [hers, "all"]})
        whole = heard(line, "snapshot")
        assert "unknown" not in whole
        assert {shelf["id"] for shelf in whole["portfolios"]} == {hers, "all"}


def test_a_portfolio_moves_with_its_prices(small_house: House, asha: TestClient) -> None:
    connect_broker(small_house, asha)
    rows = asha.get("/api/portfolio/holdings").json()["data"]
    row = next(row for row in rows if row["symbol"] == "TATAPOWER")
    with small_house.database.reading() as db:
        found = instruments.find(db, "NSE", "TATAPOWER")
    assert found is not None
    with asha, talking(asha) as line:
        said(line, subscribe={"portfolios": ["all"]})
        before = heard(line, "snapshot")["portfolios"][0]
        (key,) = [name for name in before["holdings"] if name.endswith(f"-{found.id}")]
        assert Decimal(before["holdings"][key]["value"][1]) == Decimal(str(row["current_value"]))
        publish(small_house, {int(found.id): "300.10"}, at=small_house.clock.now())
        moved = heard(line, "delta")["portfolios"][0]
        assert moved["holdings"][key]["price"] == ["₹300.10", "300.1"]
        assert moved["holdings"][key]["value"] == ["₹15,005", "15005.00"]
        assert set(moved["whole"]) == set(before["whole"])
        assert moved["whole"]["value"] != before["whole"]["value"]


def signs_out(_house: House, bela: TestClient, _admin: TestClient) -> None:
    assert bela.delete("/api/v1/session").status_code == 204


def is_shut_out(house: House, bela: TestClient, admin: TestClient) -> None:
    id = bela.get("/api/v1/session").json()["person"]["id"]
    with house.database.writing() as db:
        identity.disable(db, house, Viewer(PersonId(1), Role.ADMIN), PersonId(id))


def deletes_her_account(house: House, bela: TestClient, admin: TestClient) -> None:
    """The session in which she does it stays open, and shows nothing else."""
    here = bela.get("/api/v1/sessions").json()["data"][0]["id"]
    viewer = Viewer(PersonId(bela.get("/api/v1/session").json()["person"]["id"]))
    with house.database.writing() as db:
        leaving.leave(db, house, viewer, typed="bela@example.org", but=here)


def sets_a_new_password_elsewhere(house: House, bela: TestClient, admin: TestClient) -> None:
    other = sign_in(visitor(house), "bela@example.org")
    wish = {"old": PASSWORD, "new": "quite another phrase"}
    assert other.put("/api/v1/session/password", json=wish).status_code in (200, 204)


@pytest.mark.parametrize("end", [signs_out, is_shut_out, deletes_her_account, sets_a_new_password_elsewhere])
def test_what_ends_the_sign_in_ends_the_line(
    small_house: House,
    asha: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[House, TestClient, TestClient], None],
) -> None:
    bela = join(visitor(small_house), "bela@example.org", "Bela")
    monkeypatch.setattr(feed, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(feed, "PROOF_SECONDS", 0.05)
    with bela, bela.websocket_connect(LIVE) as line:
        heard(line, "hello")
        assert orjson.loads(line.receive_text())["type"] == "beat"
        end(small_house, bela, asha)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            told = line.receive()
            if told["type"] == "websocket.close":
                assert (told["code"], told["reason"]) == (4401, "signed-out")
                return
    pytest.fail("the line stayed open")


def test_lines_are_proved_every_few_seconds() -> None:
    assert max(feed.PROOF_SECONDS, live.PROOF_SECONDS) <= 5


def test_two_processes_hear_each_other(fresh_postgres: Any, migrated_postgres: str) -> None:
    """Two houses on one PostgreSQL, no fan-out between them: what one keeps, the other's page shows."""
    url = fresh_postgres(migrated_postgres)
    with opened(url) as here, opened(url) as there:
        (one,) = listed(here, "INFY")
        asha = join(visitor(here), "asha@example.org", "Asha")
        here.bus.listen(here.database)
        assert here.bus.listener is not None
        assert here.bus.listener.is_heard.wait(60)
        with asha, talking(asha) as line:
            said(line, subscribe={"instruments": [one]})
            heard(line, "snapshot")
            with there.database.writing() as db:
                quotes.put(db, [Quote(InstrumentId(one), Price.of("123.45"), None, AT, "nse")])
                events.emit(db, there.bus, Event("quotes", None, (one,)))
            assert heard(line, "delta")["quotes"][0]["price"] == "123.45"
