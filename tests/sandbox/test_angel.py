"""The Angel One face over plain HTTP, read by nothing but json: its dialects, its oddities, its limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.sandbox.conftest import TRADING
from tunefolio.core.time import FixedClock
from tunefolio.sandbox import totp
from tunefolio.sandbox.angel.app import AngelRates
from tunefolio.sandbox.angel.desk import API_KEY
from tunefolio.sandbox.events import PartialFill, Rejection, Trade, Transfer
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.people import ANGEL_ASHA, ANGEL_VIKRAM, Standing, Trader
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

AUTH, SECURE = "/rest/auth/angelbroking", "/rest/secure/angelbroking"
CALLER = {
    "X-UserType": "USER", "X-SourceID": "WEB", "X-ClientLocalIP": "127.0.0.1",
    "X-ClientPublicIP": "127.0.0.1", "X-MACAddress": "00:00:00:00:00:00", "X-PrivateKey": API_KEY,
}  # fmt: skip


@pytest.fixture
def free(config: SandboxConfig) -> Iterator[Sandbox]:
    rates = AngelRates(*(Rate(100_000),) * 7)
    with Sandbox(replace(config, angel_rates=rates)) as running:
        yield running


@pytest.fixture
def stranger(free: Sandbox) -> Iterator[httpx2.Client]:
    """A client that has said who it is, and is not logged in."""
    with httpx2.Client(base_url=free.angel_url, headers=CALLER) as client:
        yield client


@pytest.fixture
def client(stranger: httpx2.Client) -> httpx2.Client:
    """Logged in as the first user."""
    stranger.headers["Authorization"] = f"Bearer {tokens(stranger)['jwtToken']}"
    return stranger


def credentials(trader: Trader = ANGEL_ASHA, **changes: str) -> dict[str, str]:
    code = totp.code(trader.totp_secret, TRADING)
    return {"clientcode": trader.user_id, "password": trader.pin, "totp": code, **changes}


def log_in(client: httpx2.Client, body: dict[str, str]) -> dict[str, Any]:
    answer = client.post(f"{AUTH}/user/v1/loginByPassword", json=body)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def tokens(client: httpx2.Client, trader: Trader = ANGEL_ASHA) -> dict[str, str]:
    told: dict[str, str] = log_in(client, credentials(trader))["data"]
    return told


def data(client: httpx2.Client, path: str, body: object = None) -> Any:
    """What a successful call tells."""
    answer = client.get(SECURE + path) if body is None else client.post(SECURE + path, json=body)
    told = answer.json()
    assert (told["status"], told["message"], told["errorcode"]) == (True, "SUCCESS", "")
    return told["data"]


def test_a_login_gives_three_tokens_and_no_state(stranger: httpx2.Client) -> None:
    told = log_in(stranger, credentials())
    assert told["status"] is True
    assert set(told["data"]) == {"jwtToken", "refreshToken", "feedToken", "state"}
    assert told["data"]["state"] is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"totp": "000000"}, "AB1050"), ({"password": "0000"}, "AB1000"), ({"clientcode": "TFA404"}, "AB1000")],
)
def test_a_refused_login_comes_under_status_200(
    stranger: httpx2.Client, changes: dict[str, str], code: str
) -> None:
    told = log_in(stranger, credentials(ANGEL_ASHA, **changes))
    assert (told["status"], told["errorcode"], told["data"]) == (False, code, None)
    assert "success" not in told


def test_the_codes_before_and_after_are_taken_too(stranger: httpx2.Client) -> None:
    for seconds, is_taken in {-60: False, -30: True, 30: True, 60: False}.items():
        code = totp.code(ANGEL_ASHA.totp_secret, TRADING + timedelta(seconds=seconds))
        assert log_in(stranger, credentials(totp=code))["status"] is is_taken


def test_the_gateway_has_a_dialect_of_its_own(stranger: httpx2.Client, clock: FixedClock) -> None:
    def said() -> tuple[object, ...]:
        told = stranger.get(f"{SECURE}/user/v1/getProfile").json()
        assert "status" not in told
        assert told["success"] is False
        return told["errorCode"], told["message"], told["data"]

    assert said() == ("AG8003", "Token missing", "")
    stranger.headers["Authorization"] = "Bearer wrong"
    assert said() == ("AG8001", "Invalid Token", "")
    stranger.headers["Authorization"] = f"Bearer {tokens(stranger)['jwtToken']}"
    clock.advance(timedelta(hours=18))
    assert said() == ("AG8002", "Token Expired", "")
    stranger.headers["X-PrivateKey"] = "somebody"
    assert said()[0] == "AG8004"


def test_whoever_does_not_say_who_he_is_gets_nothing(stranger: httpx2.Client) -> None:
    del stranger.headers["X-MACAddress"]
    answer = stranger.post(f"{AUTH}/user/v1/loginByPassword", json=credentials())
    assert (answer.status_code, answer.content) == (400, b"")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"clientcode": {}}', b'{"clientcode": true}'])
def test_what_cannot_be_read_is_an_empty_400(stranger: httpx2.Client, content: bytes) -> None:
    answer = stranger.post(f"{AUTH}/user/v1/loginByPassword", content=content)
    assert (answer.status_code, answer.content) == (400, b"")


def test_another_login_steals_the_session(client: httpx2.Client) -> None:
    assert data(client, "/user/v1/getProfile")["clientcode"] == "TFA001"
    tokens(client)
    assert client.get(f"{SECURE}/user/v1/getProfile").json()["errorCode"] == "AG8001"
    tokens(client, ANGEL_VIKRAM)


def test_tokens_are_renewed_and_the_older_ones_go_on(stranger: httpx2.Client) -> None:
    first = tokens(stranger)
    stranger.headers["Authorization"] = f"Bearer {first['jwtToken']}"
    body = {"refreshToken": first["refreshToken"]}
    newer = stranger.post(f"{AUTH}/jwt/v1/generateTokens", json=body).json()["data"]
    assert newer.keys() == {"jwtToken", "refreshToken", "feedToken"}
    assert data(stranger, "/user/v1/getProfile")
    assert stranger.post(f"{AUTH}/jwt/v1/generateTokens", json=body).json()["errorcode"] == "AB8050"
    stranger.headers["Authorization"] = f"Bearer {newer['jwtToken']}"
    assert data(stranger, "/user/v1/logout", {"clientcode": "TFA001"}) == "Logout Successfully"
    for one in (first, newer):
        stranger.headers["Authorization"] = f"Bearer {one['jwtToken']}"
        assert stranger.get(f"{SECURE}/user/v1/getRMS").json()["errorCode"] == "AG8001"


def test_funds_are_texts_and_nulls(client: httpx2.Client, free: Sandbox) -> None:
    told = data(client, "/user/v1/getRMS")
    books = free.depot.books("angelone", "TFA001")
    assert told["net"] == told["availablecash"] == f"{books.cash / 100:.4f}"
    assert told["utiliseddebits"] == f"{(books.opening_cash - books.cash) / 100:.4f}"
    assert told["utilisedspan"] is None
    assert len(told) == 14


def test_holdings_are_numbers(client: httpx2.Client, free: Sandbox) -> None:
    rows = data(client, "/portfolio/v1/getHolding")
    lines = free.depot.lines("angelone", "TFA001")
    for row, line in zip(rows, lines, strict=True):
        assert row["t1quantity"] == line.unsettled
        assert row["quantity"] == row["realisedquantity"] + row["t1quantity"]
        assert (row["isin"], row["ltp"]) == (
            line.listed.company.isin, free.market.price(line.listed, TRADING) / 100,
        )  # fmt: skip
    assert [row["tradingsymbol"] for row in rows][-2:] == ["NIFTYBEES-EQ", "SBIN"]
    whole = data(client, "/portfolio/v1/getAllHolding")
    assert whole["holdings"] == rows
    value = sum(row["ltp"] * row["quantity"] for row in rows)
    assert whole["totalholding"]["totalholdingvalue"] == pytest.approx(value, abs=0.01)


def test_a_transfer_shows_up(client: httpx2.Client, free: Sandbox) -> None:
    free.depot.happen(Transfer("angelone", "TFA002", "angelone", "TFA001", "NSE:CIPLA", 5, average=0.0))
    (row,) = [one for one in data(client, "/portfolio/v1/getHolding") if one["tradingsymbol"] == "CIPLA-EQ"]
    assert (row["quantity"], row["averageprice"], row["pnlpercentage"]) == (5, 0, 0)


def test_positions_are_texts_with_a_space_behind_the_sign(client: httpx2.Client, free: Sandbox) -> None:
    (row,) = data(client, "/order/v1/getPosition")
    (one,) = free.depot.executions("angelone", "TFA001")
    assert all(isinstance(value, str) for value in row.values())
    assert (row["netqty"], row["multiplier"], row["producttype"]) == ("20", "-1", "DELIVERY")
    assert row["netvalue"] == f"- {20 * one.price / 100:.2f}"
    assert row["totalbuyavgprice"] == f"{one.price / 100:.2f}"
    for side in ("BUY", "SELL"):
        free.depot.happen(Trade("angelone", "TFA001", "NSE:TCS", side, 3, product="MIS"))
    closed = data(client, "/order/v1/getPosition")[1]
    assert (closed["netqty"], closed["producttype"], closed["netprice"]) == ("0", "INTRADAY", "0.00")


def test_an_empty_book_is_null(stranger: httpx2.Client) -> None:
    stranger.headers["Authorization"] = f"Bearer {tokens(stranger, ANGEL_VIKRAM)['jwtToken']}"
    for path in ("getOrderBook", "getTradeBook", "getPosition"):
        assert data(stranger, f"/order/v1/{path}") is None


def test_the_books(client: httpx2.Client, free: Sandbox) -> None:
    number = free.depot.happen(PartialFill("angelone", "TFA001", "BSE:SBIN", "BUY", 9, 4, tag="ours"))
    free.depot.happen(Rejection("angelone", "TFA001", "NSE:TCS", "BUY", 1, "no margin"))
    done, withdrawn, partly, refused = data(client, "/order/v1/getOrderBook")
    assert [row["orderstatus"] for row in (done, withdrawn, partly, refused)] == [
        "complete", "cancelled", "open", "rejected",
    ]  # fmt: skip
    assert {type(row["orderid"]) for row in (done, withdrawn, partly, refused)} == {int, str}
    assert int(partly["orderid"]) == number
    assert (partly["filledshares"], partly["unfilledshares"], partly["ordertag"]) == ("4", "5", "ours")
    assert (withdrawn["cancelsize"], withdrawn["averageprice"]) == ("60", "0")
    assert refused["text"] == "no margin"
    assert done["updatetime"].startswith("20-Nov-2026 09:36:1")
    bought, part = data(client, "/order/v1/getTradeBook")
    assert (bought["filltime"], part["filltime"]) == ("09:36:17", "11:07:23")
    assert (part["fillsize"], part["orderid"], part["tradingsymbol"]) == ("4", str(number), "SBIN")
    assert data(client, f"/order/v1/details/{partly['uniqueorderid']}") == partly
    unknown = client.get(f"{SECURE}/order/v1/details/none").json()
    assert (unknown["status"], unknown["errorcode"]) == (False, "AB1013")


def test_orders_are_not_taken(client: httpx2.Client) -> None:
    for path in ("/order/v1/placeOrder", "/order/v1/cancelOrder"):
        told = client.post(SECURE + path, json={"variety": "NORMAL"}).json()
        assert (told["status"], told["data"]) == (False, None)
        assert "does not take them" in told["message"]
    assert client.post(f"/gtt-service{SECURE}/gtt/v1/createRule", json={}).json()["status"] is False


def test_rules_page_by_page(config: SandboxConfig) -> None:
    """A stop and a target are two rules of one order each."""
    patient = replace(ANGEL_ASHA, standing=(Standing("NSE:INFY", "SELL", 5, (90, 120)),))
    rates = AngelRates(*(Rate(100_000),) * 7)
    chosen = replace(config, people=(patient,), angel_rates=rates)
    with Sandbox(chosen) as one, httpx2.Client(base_url=one.angel_url, headers=CALLER) as client:
        client.headers["Authorization"] = f"Bearer {tokens(client)['jwtToken']}"
        ask: dict[str, Any] = {"status": ["FORALL"], "page": 1, "count": 1}
        (stop,) = data(client, "/gtt/v1/ruleList", ask)
        (target,) = data(client, "/gtt/v1/ruleList", {**ask, "page": 2})
        assert data(client, "/gtt/v1/ruleList", {**ask, "page": 3}) is None
        assert data(client, "/gtt/v1/ruleDetails", {"id": target["id"]}) == target
    assert (stop["tradingsymbol"], stop["qty"], stop["status"]) == ("INFY-EQ", "5", "NEW")
    assert stop["createddate"] == "2026-11-19T04:35:42Z"
    assert float(target["triggerprice"]) / float(stop["triggerprice"]) == pytest.approx(120 / 90, rel=1e-3)


def test_who_keeps_no_rules_has_none(client: httpx2.Client) -> None:
    assert data(client, "/gtt/v1/ruleList", {"status": ["FORALL"], "page": 2, "count": 10}) is None
    assert client.post(f"{SECURE}/gtt/v1/ruleList", json={"status": "FORALL"}).status_code == 400
    assert client.post(f"{SECURE}/gtt/v1/ruleDetails", json={"id": "1"}).json()["errorcode"] == "AB9000"


def test_quotes_in_three_modes(client: httpx2.Client, free: Sandbox) -> None:
    sight = free.market.sight(free.market.universe.of("NSE:INFY"), TRADING)
    wanted = {"NSE": ["1594", "99000001"], "MOON": ["1"]}
    ltp, ohlc, full = (
        data(client, "/market/v1/quote/", {"mode": mode, "exchangeTokens": wanted})
        for mode in ("LTP", "OHLC", "FULL")
    )
    assert ltp["fetched"] == [
        {"exchange": "NSE", "tradingSymbol": "INFY-EQ", "symbolToken": "1594", "ltp": sight.last / 100}
    ]
    assert {row["symbolToken"] for row in ltp["unfetched"]} == {"99000001", "1"}
    assert ohlc["fetched"][0]["close"] == sight.previous_close / 100
    row = full["fetched"][0]
    assert row["exchFeedTime"] == "20-Nov-2026 11:07:23"
    assert row["tradeVolume"] == sight.volume
    bids, asks = free.market.depth(sight)
    assert [step["price"] for step in row["depth"]["buy"]] == [level.price / 100 for level in bids]
    assert [step["quantity"] for step in row["depth"]["sell"]] == [level.quantity for level in asks]
    assert row["referenceLimitPrice"]
    one = data(
        client, "/order/v1/getLtpData", {"exchange": "NSE", "tradingsymbol": "x", "symboltoken": "1594"}
    )
    assert (one["tradingsymbol"], one["ltp"]) == ("INFY-EQ", sight.last / 100)


def test_a_wrong_word_is_an_empty_400_and_too_many_tokens_a_refusal(client: httpx2.Client) -> None:
    for body in ({"mode": "DEPTH", "exchangeTokens": {}}, {"mode": "LTP", "exchangeTokens": []}, {}):
        answer = client.post(f"{SECURE}/market/v1/quote/", json=body)
        assert (answer.status_code, answer.content) == (400, b"")
    many = {"mode": "LTP", "exchangeTokens": {"NSE": [str(number) for number in range(51)]}}
    assert client.post(f"{SECURE}/market/v1/quote", json=many).json()["status"] is False


def test_the_tokens_are_those_of_the_public_list(client: httpx2.Client, free: Sandbox) -> None:
    path = "/angel_master/OpenAPI_File/files/OpenAPIScripMaster.json"
    listed = {
        (row["exch_seg"], row["token"]): row["symbol"] for row in httpx2.get(free.world_url + path).json()
    }
    keys = [key for key in listed if key[0] in ("NSE", "BSE")]
    fetched: list[dict[str, Any]] = []
    for start in range(0, len(keys), 50):
        wanted: dict[str, list[str]] = {}
        for exchange, token in keys[start : start + 50]:
            wanted.setdefault(exchange, []).append(token)
        fetched += data(client, "/market/v1/quote/", {"mode": "LTP", "exchangeTokens": wanted})["fetched"]
    assert len(fetched) == len(free.market.universe.listings)
    assert all(listed[row["exchange"], row["symbolToken"]] == row["tradingSymbol"] for row in fetched)


def test_the_search(client: httpx2.Client) -> None:
    found = data(client, "/order/v1/searchScrip", {"exchange": "NSE", "searchscrip": "infy"})
    assert found == [{"exchange": "NSE", "tradingsymbol": "INFY-EQ", "symboltoken": "1594"}]


def candles(client: httpx2.Client, interval: str, start: str, end: str) -> httpx2.Response:
    body = {"exchange": "NSE", "symboltoken": "1594", "interval": interval, "fromdate": start, "todate": end}
    return client.post(f"{SECURE}/historical/v1/getCandleData", json=body)


def test_both_ends_of_a_span_count(client: httpx2.Client, free: Sandbox) -> None:
    rows = candles(client, "FIVE_MINUTE", "2026-11-20 09:20", "2026-11-20 09:30").json()["data"]
    assert [row[0] for row in rows] == [f"2026-11-20T09:{minute}:00+05:30" for minute in (20, 25, 30)]
    days = candles(client, "ONE_DAY", "2026-11-16 00:00", "2026-11-20 23:59").json()["data"]
    assert [row[0][:16] for row in days] == [f"2026-11-{day}T00:00" for day in (16, 17, 18, 19, 20)]
    infosys = free.market.universe.of("NSE:INFY")
    assert [round(row[4] * 100) for row in days[-2:]] == [
        free.market.close(infosys, free.market.sessions.before(free.market.sessions.current(TRADING))),
        free.market.price(infosys, TRADING),
    ]
    assert candles(client, "ONE_MINUTE", "2026-11-15 00:00", "2026-11-15 12:00").json()["data"] is None


@pytest.mark.parametrize(
    ("interval", "start", "end"),
    [
        ("ONE_MINUTE", "2026-10-01 09:15", "2026-11-20 09:15"),
        ("TWO_MINUTE", "2026-11-19 09:15", "2026-11-20 09:15"),
        ("ONE_DAY", "2026-11-20 09:15", "2026-11-19 09:15"),
        ("ONE_DAY", "2026-11-20", "2026-11-21"),
    ],
)
def test_a_span_that_is_none_or_too_long(client: httpx2.Client, interval: str, start: str, end: str) -> None:
    answer = candles(client, interval, start, end)
    assert (answer.status_code, answer.content) == (400, b"")


def test_too_often_is_403_in_plain_words(config: SandboxConfig) -> None:
    with Sandbox(config) as strict, httpx2.Client(base_url=strict.angel_url, headers=CALLER) as client:
        client.headers["Authorization"] = f"Bearer {tokens(client)['jwtToken']}"
        assert client.get(f"{SECURE}/order/v1/getOrderBook").status_code == 200
        refused = client.get(f"{SECURE}/order/v1/getOrderBook")
        assert (refused.status_code, refused.text) == (403, "Access denied because of exceeding access rate")
        assert client.get(f"{SECURE}/order/v1/getTradeBook").status_code == 200
        again = client.post(f"{AUTH}/user/v1/loginByPassword", json=credentials())
        assert again.status_code == 403


def test_faults_happen_as_planned_and_in_the_faces_words(client: httpx2.Client, free: Sandbox) -> None:
    faults = free.angel.faults
    faults.plan("403", path=f"{SECURE}/user")
    assert client.get(f"{SECURE}/user/v1/getRMS").text == "Access denied because of exceeding access rate"
    faults.plan("dead_token")
    assert client.get(f"{SECURE}/user/v1/getRMS").json()["errorCode"] == "AG8001"
    planned = client.post("/__rehearsal__/faults", json={"kind": "503"})
    assert planned.status_code == 201
    assert client.get(f"{SECURE}/user/v1/getRMS").status_code == 503
