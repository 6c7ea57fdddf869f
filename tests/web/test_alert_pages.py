"""Watchlists, alerts, notices and channels as a person sees and a program asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from tests.web.houses import Letterbox, connect_broker, join, opened, visitor, work
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Price
from tunefolio.core.notice import ChannelKind
from tunefolio.core.time import FixedClock, TradingDay
from tunefolio.market.closes import Close
from tunefolio.market.quotes import Quote
from tunefolio.services import alerts
from tunefolio.services.house import House
from tunefolio.store import closes, instruments, quotes

pytestmark = pytest.mark.one_is_enough

HTML = {"accept": "text/html"}


@pytest.fixture
def house(migrated_url: str) -> Iterator[House]:
    with opened(migrated_url) as made:
        yield made


@pytest.fixture
def asha(house: House) -> TestClient:
    client = join(visitor(house), "asha@example.org", "Asha")
    connect_broker(house, client)
    return client


def infy_of(house: House) -> InstrumentId:
    with house.database.reading() as db:
        found = instruments.find(db, "NSE", "INFY")
    assert found is not None
    return found.id


def price(house: House, text: str) -> None:
    """INFY at that price, a second later; yesterday it closed at 1,400."""
    clock = house.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(seconds=1))
    with house.database.writing() as db:
        quote = Quote(infy_of(house), Price.of(text), Price.of("1400"), clock.now(), "test")
        quotes.put(db, [quote])
        alerts.judge(db, house, [infy_of(house)])


def past(house: House) -> None:
    """A year of closes that go from 1,300 to 1,449 and back each 150 days."""
    today = TradingDay(house.clock.now().utc.date())
    run = [Close(today.plus_days(-d), Decimal(1300 + d % 150)) for d in range(1, 360)]
    with house.database.writing() as db:
        closes.put(db, infy_of(house), INR, run, "test", house.clock.now())


@pytest.mark.on_both
def test_a_person_keeps_lists(house: House, asha: TestClient) -> None:
    assert "Make the first list" in asha.get("/watchlists", headers=HTML).text
    made = asha.post("/watchlists", data={"name": "Large caps"})
    here = made.headers["location"]
    for name in ("NSE:TCS", "NSE:INFY"):
        assert asha.post(f"{here}/items", data={"instrument": name}).status_code == 303
    price(house, "1450")
    past(house)
    page = asha.get(here, headers=HTML).text
    infy = infy_of(house)
    assert f'data-live="i{infy}.price"' in page
    assert "₹1,450.00" in page
    assert "+3.57%" in page
    assert page.index("TCS</b>") < page.index("INFY</b>")
    assert '<polyline points="3.0,' in page
    asha.post(f"{here}/items/{infy}/lift", data={"by": "1"})
    asha.post(f"{here}/items/{infy}/note", data={"note": "Buy <low>"})
    page = asha.get(here, headers=HTML).text
    assert page.index("INFY</b>") < page.index("TCS</b>")
    assert "Buy &lt;low&gt;" in page
    other = asha.post("/watchlists", data={"name": "Ideas"}).headers["location"]
    moved = asha.post(f"{here}/items/{infy}/move", data={"to": other.rpartition("/")[2]})
    assert moved.status_code == 303
    assert "INFY</b>" in asha.get(other, headers=HTML).text
    assert "INFY</b>" not in asha.get(here, headers=HTML).text
    assert asha.post(f"{here}/delete").headers["location"] == "/watchlists"
    assert asha.get(here, headers=HTML).status_code == 404


def test_an_instrument_is_watched_from_its_own_page(house: House, asha: TestClient) -> None:
    id = str(infy_of(house))
    assert "/watchlists/watch" in asha.get(f"/instruments/{id}", headers=HTML).text
    first = asha.post("/watchlists/watch", data={"instrument": id}).headers["location"]
    page = asha.get(first, headers=HTML).text
    assert f"w-{id}" in page
    shown = asha.get(f"/instruments/{id}", headers=HTML).text
    assert f'href="{first}"' in shown, "it says where it stands already"
    other = asha.post("/watchlists", data={"name": "Ideas"}).headers["location"]
    chosen = {"instrument": id, "watchlist": other.rpartition("/")[2]}
    assert asha.post("/watchlists/watch", data=chosen).headers["location"] == other
    stranger = join(visitor(house), "vikram@example.org", "Vikram")
    assert stranger.post("/watchlists/watch", data=chosen).status_code == 404
    assert stranger.post("/watchlists/watch", data={"instrument": "999999"}).status_code == 404


def test_a_name_is_taken_once_and_a_wrong_instrument_is_named(asha: TestClient) -> None:
    one = asha.post("/api/v1/watchlists", json={"name": "One"}).json()["id"]
    again = asha.post("/api/v1/watchlists", json={"name": "One"})
    assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "name")
    wrong = asha.post(f"/api/v1/watchlists/{one}/items", json={"instrument": "INFY"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "instrument")
    assert asha.post(f"/api/v1/watchlists/{one}/items", json={"instrument": "999999"}).status_code == 404
    order = asha.put("/api/v1/watchlists/order", json={"ids": [one, one]})
    assert order.status_code == 422


@pytest.mark.on_both
def test_an_alert_is_made_shown_told_and_seen(house: House, asha: TestClient) -> None:
    price(house, "1450")
    form = {"kind": "price", "instrument": "NSE:INFY", "level": "1,500", "direction": "up", "repeat": "every"}
    assert asha.post("/alerts", data=form | {"band": "1", "note": "Sell"}).status_code == 303
    page = asha.get("/alerts", headers=HTML).text
    assert "at or above 1,500 INR · Sell" in page
    assert "+3.45%" in page
    assert asha.get("/notices/bell", headers=HTML).text.strip() == ""
    price(house, "1500")
    assert "1 new" in asha.get("/notices/bell", headers=HTML).text
    page = asha.get("/alerts", headers=HTML).text
    assert "INFY: at or above 1,500 INR" in page
    told = asha.get("/api/v1/notices").json()
    assert told["unread"] == 1
    led = asha.post(f"/notices/{told['data'][0]['id']}/read")
    assert led.headers["location"].startswith("/alerts#a-")
    assert asha.get("/api/v1/notices").json()["unread"] == 0
    (shown,) = asha.get("/api/v1/alerts").json()["data"]
    assert (shown["state"], shown["spoken"], shown["hysteresis"]) == ("fired", 1, "0.01")
    assert asha.post(f"/alerts/{shown['id']}/pause").status_code == 303
    assert asha.get(f"/api/v1/alerts/{shown['id']}").json()["state"] == "paused"
    assert asha.post(f"/api/v1/alerts/{shown['id']}/resume").status_code == 204
    assert asha.post(f"/alerts/{shown['id']}/delete").status_code == 303
    assert asha.get("/api/v1/alerts").json()["data"] == []
    assert len(asha.get("/api/v1/notices").json()["data"]) == 1


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"kind": "price", "instrument": "NSE:INFY", "level": "dear"}, "level"),
        ({"kind": "price", "level": "1"}, "instrument"),
        ({"kind": "weather"}, "kind"),
        ({"kind": "move", "instrument": "NSE:INFY", "percent": "x"}, "percent"),
        ({"kind": "average", "instrument": "NSE:INFY", "days": "0"}, "days"),
        ({"kind": "price", "instrument": "NSE:INFY", "level": "1", "band": "900"}, "hysteresis"),
        ({"kind": "price", "instrument": "NSE:INFY", "level": "1", "cooldown": "99999"}, "cooldown"),
        ({"kind": "drawdown", "percent": "5", "home": "house:1"}, "home"),
    ],
)
def test_a_wrong_field_is_named_with_its_cure(asha: TestClient, form: dict[str, str], field: str) -> None:
    answer = asha.post("/alerts", data=form, headers={"accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_the_preview_says_how_often(house: House, asha: TestClient) -> None:
    past(house)
    asked = {"kind": "price", "instrument": "NSE:INFY", "level": "1448", "direction": "up"}
    assert "2 times" in asha.get("/alerts/preview", params=asked, headers=HTML).text
    assert "Choose what to watch" in asha.get("/alerts/preview", headers=HTML).text
    wrong = asha.get("/alerts/preview", params=asked | {"level": "dear"}, headers=HTML)
    assert (wrong.status_code, "is not a number" in wrong.text) == (200, True)
    wish = {"kind": "price", "instrument_id": infy_of(house), "parameters": {"level": "1448"}}
    assert asha.post("/api/v1/alerts/preview", json=wish).json()["times"] == 2
    assert asha.get("/api/v1/alerts").json()["data"] == []


@pytest.mark.on_both
def test_a_channel_is_added_proven_and_never_shown_whole(house: House, asha: TestClient) -> None:
    box = house.notifiers[ChannelKind.EMAIL]
    assert isinstance(box, Letterbox)
    assert (
        asha.post("/alerts/channels", data={"kind": "email", "target": "asha@example.org"}).status_code == 303
    )
    work(house)
    letter, target = box.letters.pop()
    assert target == "asha@example.org"
    (shown,) = asha.get("/api/v1/channels").json()["data"]
    here = f"/alerts/channels/{shown['id']}"
    assert (
        asha.post(f"{here}/confirm", data={"code": "x"}).headers["location"].endswith(f"wrong={shown['id']}")
    )
    assert "That was not the code" in asha.get(f"/alerts/channels?wrong={shown['id']}", headers=HTML).text
    assert (
        asha.post(f"{here}/confirm", data={"code": letter.title[:6]}).headers["location"]
        == "/alerts/channels"
    )
    page = asha.get("/alerts/channels", headers=HTML).text
    assert "proven" in page
    assert asha.post(f"{here}/mute", data={"carries": ["price"]}).status_code == 303
    muted = asha.get("/api/v1/channels").json()["data"][0]["muted"]
    assert ("price" in muted, "drawdown" in muted) == (False, True)
    assert asha.post(f"{here}/test").status_code == 303
    work(house)
    assert box.letters[0][0].title.startswith("Test message")
    told = asha.get("/api/v1/notices").json()["data"][0]
    assert told["deliveries"][0]["state"] == "sent"
    assert "asha@example.org" not in asha.get("/api/v1/channels").text
    assert asha.post(f"{here}/delete").status_code == 303
    assert asha.get("/api/v1/channels").json()["data"] == []


def test_notices_come_in_pages(house: House, asha: TestClient) -> None:
    price(house, "1450")
    wish = {
        "kind": "price",
        "instrument_id": infy_of(house),
        "parameters": {"level": "1500"},
        "repeat": "every",
    }
    assert asha.post("/api/v1/alerts", json=wish).status_code == 201
    for _ in range(3):
        price(house, "1500")
        price(house, "1499")
    first = asha.get("/api/v1/notices?limit=2").json()
    rest = asha.get(f"/api/v1/notices?limit=2&cursor={first['next']}").json()
    assert [len(page["data"]) for page in (first, rest)] == [2, 1]
    assert "next" not in rest
    assert asha.post("/api/v1/notices/read").json() == {"marked": 3}
    assert asha.post("/notices/read").headers["location"] == "/notices"
