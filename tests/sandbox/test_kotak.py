"""The rehearsal's Kotak as its clients see it: two steps in, dialects of refusal, limits, and both feeds."""

from __future__ import annotations

import asyncio
import csv
import json
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import websockets

from tests.sandbox.conftest import TRADING, at
from tests.sandbox.kotak_running import Running, running
from tunefolio.core.time import Instant
from tunefolio.sandbox.events import Trade
from tunefolio.sandbox.kotak.desk import Hello, KotakRates
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.people import KOTAK_ASHA

WHO = ("kotakneo", "TFK01")


@pytest.fixture(scope="module")
def calm() -> Iterator[Running]:
    """One face for all that only look."""
    with running() as face:
        yield face


def application(face: Running) -> dict[str, str]:
    return {"Authorization": face.desk.consumer_key}


def step(face: Running, which: str, body: Any, **headers: str) -> httpx2.Response:
    sent = {**application(face), "neo-fin-key": "neotradeapi", **headers}
    return httpx2.post(f"{face.url}/login/1.0/{which}", json=body, headers=sent)


def first_step(face: Running, **others: str) -> httpx2.Response:
    body = {"mobileNumber": KOTAK_ASHA.mobile, "ucc": "TFK01", "totp": face.totp()}
    return step(face, "tradeApiLogin", {**body, **others})


def session(face: Running) -> dict[str, Any]:
    """`data` of a whole login."""
    view = first_step(face).json()["data"]
    answer = step(face, "tradeApiValidate", {"mpin": KOTAK_ASHA.pin}, sid=view["sid"], Auth=view["token"])
    data: dict[str, Any] = answer.json()["data"]
    return data


def client_of(face: Running) -> httpx2.Client:
    data = session(face)
    return httpx2.Client(base_url=face.url, headers={"Sid": data["sid"], "Auth": data["token"]})


class TestLogin:
    def test_a_view_token_opens_nothing_and_a_trade_token_all(self, calm: Running) -> None:
        view = first_step(calm).json()["data"]
        assert view["kType"] == "View"
        assert "baseUrl" not in view
        headers = {"Sid": view["sid"], "Auth": view["token"]}
        assert httpx2.get(f"{calm.url}/portfolio/v1/holdings", headers=headers).status_code == 403
        trade = session(calm)
        assert (trade["kType"], trade["baseUrl"], trade["dataCenter"]) == ("Trade", calm.url, "E43")

    @pytest.mark.parametrize(
        ("field", "title"), [("mobileNumber", "MobileNumber"), ("ucc", "Ucc"), ("totp", "Totp")]
    )
    def test_a_missing_field_is_named(self, calm: Running, field: str, title: str) -> None:
        answer = first_step(calm, **{field: ""})
        assert answer.status_code == 400
        assert answer.json() == {"error": [{"code": "400", "message": f"Missing required field '{title}'"}]}

    @pytest.mark.parametrize(
        ("others", "message"),
        [
            ({"totp": "000000"}, "Invalid TOTP"),
            ({"ucc": "NOBODY"}, "Invalid mobile number or UCC"),
            ({"mobileNumber": "+910000000000"}, "Invalid mobile number or UCC"),
        ],
    )
    def test_wrong_ones_are_refused(self, others: dict[str, str], message: str) -> None:
        with running() as face:
            answer = first_step(face, **others)
            assert answer.status_code == 401
            assert answer.json() == {"stCode": 401, "errMsg": message, "status": "failure"}

    def test_only_the_application_may_ask(self, calm: Running) -> None:
        for path in ("/login/1.0/tradeApiLogin",):
            answer = httpx2.post(f"{calm.url}{path}", json={}, headers={"neo-fin-key": "neotradeapi"})
            assert answer.status_code == 401
        paths = "/script-details/1.0/masterscrip/file-paths"
        assert httpx2.get(f"{calm.url}{paths}").status_code == 401
        assert step(calm, "tradeApiLogin", {}, **{"neo-fin-key": "x"}).status_code == 400
        assert step(calm, "tradeApiLogin", []).status_code == 400

    def test_the_first_step_is_good_for_minutes_and_once(self) -> None:
        with running() as face:
            view = first_step(face).json()["data"]
            pair = {"sid": view["sid"], "Auth": view["token"]}
            assert step(face, "tradeApiValidate", {}, **pair).status_code == 400
            wrong = step(face, "tradeApiValidate", {"mpin": "000000"}, **pair)
            assert wrong.json()["errMsg"] == "Invalid MPIN"
            face.clock.advance(timedelta(minutes=5, seconds=1))
            late = step(face, "tradeApiValidate", {"mpin": KOTAK_ASHA.pin}, **pair)
            assert late.status_code == 401

    def test_a_second_session_ends_the_first(self) -> None:
        with running() as face, client_of(face) as first, client_of(face) as second:
            refused = first.get("/portfolio/v1/holdings")
            assert refused.status_code == 403
            assert refused.json()["stat"] == "Not_Ok"
            assert second.get("/portfolio/v1/holdings").status_code == 200

    def test_the_customer_learns_where_the_broker_sees_him(self, calm: Running) -> None:
        data = session(calm)
        headers = {**application(calm), "Sid": data["sid"], "Auth": data["token"]}
        told = httpx2.get(f"{calm.url}/login/1.0/get-client-ip", headers=headers).json()
        assert told["data"][0] == {"ip": "127.0.0.1", "time": "2026-11-20 11:07:23.000"}
        (source,) = httpx2.get(f"{calm.url}/5config/config").json()["data"]["configs"].items() - {
            ("E43_sf_broadcast_endpoint", f"{calm.url}/apifeed"),
            ("E43_sf_interactive_endpoint", f"{calm.url}/realtime"),
        }
        assert source == ("E43_broadcast_source", "sf")

    def test_one_customers_sessions_can_be_ended_alone(self) -> None:
        with running() as face, client_of(face) as client:
            face.desk.grants.end_of("TFK02")
            assert client.get("/portfolio/v1/holdings").status_code == 200
            face.desk.grants.end_of("TFK01")
            assert client.get("/portfolio/v1/holdings").status_code == 403


class TestBooks:
    def test_holdings_have_no_isin_and_numbers_for_text(self, calm: Running) -> None:
        with client_of(calm) as client:
            told = client.get("/portfolio/v1/holdings").json()
        assert told.keys() == {"data"}
        steel = told["data"][-1]
        assert (steel["exchangeIdentifier"], steel["quantity"], steel["sellableQuantity"]) == (
            "500470", 100, 90,
        )  # fmt: skip
        assert not any("isin" in name.lower() for name in steel)

    def test_positions_are_amounts_and_the_former_page_has_no_price(self, calm: Running) -> None:
        with client_of(calm) as client:
            (new,) = client.get("/portfolio/v2/positions").json()["data"]
            (former,) = client.get("/quick/user/positions").json()["data"]
        assert new.keys() - former.keys() == {"ltp"}
        assert (former["flSellQty"], former["buyAmt"], former["cfBuyQty"]) == ("40", "0.00", "0")

    def test_an_empty_book_says_no_data(self) -> None:
        with running(at("2026-11-20T09:16:00")) as face, client_of(face) as client:
            for path in ("/quick/user/orders", "/quick/user/trades", "/portfolio/v2/positions"):
                assert client.get(path).json()["stCode"] == 5203

    def test_a_question_travels_in_a_forms_only_field(self, calm: Running) -> None:
        with client_of(calm) as client:
            path = "/quick/user/limits"
            good = client.post(path, data={"jData": '{"seg":"ALL","exch":"ALL","prod":"ALL"}'})
            assert good.json()["stat"] == "Ok"
            for body in ({}, {"jData": "nonsense"}, {"jData": '{"seg":"ALL"}'}):
                assert client.post(path, data=body).json()["stCode"] == 1001
            number = client.get("/quick/user/orders").json()["data"][0]["nOrdNo"]
            history = client.post("/quick/order/history", data={"jData": json.dumps({"nOrdNo": number})})
            assert history.json()["data"][0]["ordSt"] == "complete"
            assert client.get(f"/quick/user/orders/{number}").json()["data"][0]["nOrdNo"] == number
            assert client.get("/quick/user/orders/7").json()["stCode"] == 5203

    def test_new_orders_are_refused(self, calm: Running) -> None:
        with client_of(calm) as client:
            for path in ("/quick/order/rule/ms/place", "/quick/order/vr/modify", "/quick/order/cancel"):
                assert client.post(path, data={"jData": "{}"}).json()["stat"] == "Not_Ok"

    def test_the_limits_of_the_real_one(self) -> None:
        rates = KotakRates(trade=Rate(2, 60), quote=Rate(1, 60))
        with running(rates=rates) as face, client_of(face) as client:
            answers = [client.get("/portfolio/v1/holdings") for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 429]
            assert answers[-1].headers["retry-after"] == "1"

    def test_what_is_not_there_is_said_in_json(self, calm: Running) -> None:
        assert httpx2.get(f"{calm.url}/nowhere").json()["code"] == "404"
        assert httpx2.get(f"{calm.url}/quick/order/cancel").status_code == 405


class TestPrices:
    def quotes(self, face: Running, names: str, kind: str = "all") -> httpx2.Response:
        path = f"/script-details/1.0/quotes/neosymbol/{names}/{kind}"
        return httpx2.get(face.url + path, headers=application(face))

    def test_numbers_are_text_and_strangers_absent(self, calm: Running) -> None:
        share, index = self.quotes(calm, "nse_cm|1594,nse_cm|Nifty 50,nse_cm|77,x").json()
        sight = calm.market.sight(calm.market.universe.of("NSE:INFY"), TRADING)
        assert share["ltp"] == f"{sight.last / 100:.4f}"
        assert share["ohlc"]["close"] == f"{sight.previous_close / 100:.4f}"
        assert len(share["depth"]["buy"]) == 5
        assert "depth" not in index

    def test_a_part_may_be_asked_for(self, calm: Running) -> None:
        (row,) = self.quotes(calm, "nse_cm|1594", "ohlc").json()
        assert row.keys() == {"exchange_token", "display_symbol", "exchange", "ohlc"}
        assert self.quotes(calm, "nse_cm|1594", "everything").status_code == 400

    def test_fifty_at_once(self, calm: Running) -> None:
        names = ",".join(f"nse_cm|{token}" for token in range(51))
        assert self.quotes(calm, names).status_code == 400

    @pytest.mark.parametrize(
        ("interval", "first", "last", "message"),
        [
            ("7min", "2026-11-20", "2026-11-20", "Invalid interval value"),
            ("1min", "2026-10-01", "2026-11-20", "exceeds 30 days"),
            ("D", "2026-01-01", "2026-11-20", "exceeds 180 days"),
            ("D", "2026-11-20", "2026-11-19", "exceeds 180 days"),
            ("D", "yesterday", "2026-11-19", "Invalid fromdate"),
        ],
    )
    def test_candles_have_limits(
        self, calm: Running, interval: str, first: str, last: str, message: str
    ) -> None:
        told = self.candles(calm, interval, first, last)
        assert told["status"] == "ERROR"
        assert message in told["fault"]["message"]

    def candles(self, face: Running, interval: str, first: str, last: str, token: str = "1594") -> Any:
        query = {"neosymbol": f"nse_cm|{token}", "interval": interval, "fromdate": first, "todate": last}
        path = "/market-data/1.0/historical/details"
        return httpx2.get(face.url + path, params=query, headers=application(face)).json()

    def test_candles_of_all_lengths(self, calm: Running) -> None:
        day = ("2026-11-19", "2026-11-19")
        lengths = {
            word: len(self.candles(calm, word, *day)["data"]["candles"])
            for word in ("1min", "3min", "5min", "10min", "15min", "30min", "60min", "D")
        }
        assert lengths == {
            "1min": 360, "3min": 120, "5min": 72, "10min": 36, "15min": 24, "30min": 12, "60min": 6, "D": 1,
        }  # fmt: skip
        weeks = self.candles(calm, "W", "2026-11-09", "2026-11-20")["data"]["candles"]
        days = self.candles(calm, "D", "2026-11-09", "2026-11-20")["data"]["candles"]
        assert len(weeks) == 2
        assert sum(row[5] for row in weeks) == sum(row[5] for row in days)
        assert "fault" in self.candles(calm, "D", *day, token="7")

    def test_the_list_of_files_stands_in_data(self, calm: Running) -> None:
        paths = "/script-details/1.0/masterscrip/file-paths"
        told = httpx2.get(calm.url + paths, headers=application(calm)).json()["data"]
        address = next(one for one in told["filesPaths"] if "nse_cm" in one)
        rows = list(csv.DictReader(httpx2.get(address).text.splitlines()))
        assert "dStrikePrice;" in rows[0]
        assert {"INFY-EQ"} <= {row["pTrdSymbol"] for row in rows}


@asynccontextmanager
async def feed(face: Running, **others: str) -> AsyncIterator[Any]:
    """A line to the market feed after its greeting."""
    data = session(face)
    told = {"user": "TFK01", "auth": data["sid"], "format": "native_batch", **others}
    async with websockets.connect(f"ws{face.url[4:]}/apifeed", proxy=None) as line:
        await line.send(json.dumps(told))
        yield line


async def heard(line: Any, count: int) -> list[Any]:
    async with asyncio.timeout(60):
        return [await line.recv() for _ in range(count)]


def packets(frame: bytes) -> list[bytes]:
    found = []
    while frame:
        (length,) = struct.unpack_from("<H", frame)
        found.append(frame[:length])
        frame = frame[length:]
    return found


def codes(frame: bytes) -> list[tuple[int, int]]:
    """(code, level) of each packet."""
    return [(struct.unpack_from("<H", one, 2)[0], one[5]) for one in packets(frame)]


def run(what: Callable[[], Any]) -> Any:
    return asyncio.run(what())


class TestFeed:
    def test_a_welcome_names_every_divider(self, calm: Running) -> None:
        async def listen() -> Any:
            async with feed(calm) as line:
                return json.loads((await heard(line, 1))[0])

        told = run(listen)
        assert (told["message_code"], told["format"]) == (1119, "native_batch")
        assert told["exchanges"]["nse_cm"] == {"value": 1, "divider": 100}
        assert told["exchanges"]["cde_fo"]["divider"] == 10_000_000

    @pytest.mark.parametrize("others", [{"auth": "nobody"}, {"user": "TFK02"}])
    def test_a_stranger_is_hung_up_on_without_a_word(self, calm: Running, others: dict[str, str]) -> None:
        async def listen() -> None:
            async with feed(calm, **others) as line:
                await heard(line, 1)

        with pytest.raises(websockets.ConnectionClosed) as closed:
            run(listen)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008

    @pytest.mark.parametrize(
        ("event", "names", "expected"),
        [
            ("subscribeScripsLite", "nse_cm|1594,bse_cm|500470", [(7208, 1), (7208, 1)]),
            ("subscribeScrips", "nse_cm|1594", [(7208, 4)]),
            ("subscribeDepth", "nse_cm|1594", [(7208, 8)]),
            ("subscribeFullDepth", "nse_cm|1594", [(7208, 16)]),
            ("subscribeIndices", "nse_cm|Nifty 50", [(7207, 0)]),
            ("subscribeScrips", "nse_cm|Nifty 50", [(7207, 0)]),
            ("snapshotScripsLite", "nse_cm|1594,nse_cm|7", [(7208, 1)]),
        ],
    )
    def test_what_is_asked_for_comes_at_once_after_its_names(
        self, calm: Running, event: str, names: str, expected: list[tuple[int, int]]
    ) -> None:
        async def listen() -> list[Any]:
            async with feed(calm) as line:
                await line.send(json.dumps({"event": event, "inputtoken": names, "ack_symbol": True}))
                return await heard(line, 3)

        _, ack, frame = run(listen)
        told = json.loads(ack)
        assert told["message_code"] == 1109
        assert set(told["trading_symbols"]) == set(names.split(",")) - {"nse_cm|7"}
        assert codes(frame) == expected

    def test_prices_follow_the_clock_until_nobody_wants_them(self) -> None:
        with running() as face:

            async def listen() -> tuple[list[int], bool]:
                async with feed(face) as line:
                    wanted = {"event": "subscribeScripsLite", "inputtoken": "nse_cm|1594"}
                    await line.send(json.dumps(wanted))
                    await heard(line, 2)
                    prices = []
                    for _ in range(3):
                        face.clock.advance(timedelta(seconds=9))
                        (frame,) = await heard(line, 1)
                        prices.append(struct.unpack_from("<I", frame, 9 + 12)[0])
                    await line.send(json.dumps({**wanted, "event": "unsubscribeScripsLite"}))
                    await asyncio.sleep(0.2)
                    face.clock.advance(timedelta(seconds=60))
                    try:
                        async with asyncio.timeout(0.3):
                            await line.recv()
                    except TimeoutError:
                        return prices, True
                    return prices, False

            prices, is_silent = run(listen)
            listed = face.market.universe.of("NSE:INFY")
            assert prices == [
                face.market.price(listed, TRADING + timedelta(seconds=9 * step)) for step in (1, 2, 3)
            ]
            assert is_silent

    def test_no_more_than_so_many_instruments(self) -> None:
        rates = replace(KotakRates(), tokens=1, trade=Rate(99), quote=Rate(99))
        with running(rates=rates) as face:

            async def listen() -> list[Any]:
                async with feed(face) as line:
                    wanted = "nse_cm|1594,bse_cm|500470"
                    await line.send(json.dumps({"event": "subscribeScrips", "inputtoken": wanted}))
                    return await heard(line, 2)

            assert codes(run(listen)[1]) == [(7208, 4)]

    @pytest.mark.parametrize(
        ("moment", "status"), [(TRADING, 1), (at("2026-11-20T15:20:00"), 10), (at("2026-11-20T16:30:00"), 2)]
    )
    def test_the_market_says_what_it_does(self, moment: Instant, status: int) -> None:
        with running(moment) as face:

            async def listen() -> list[Any]:
                async with feed(face) as line:
                    await line.send('{"event": "subscribeExchange"}')
                    return await heard(line, 2)

            told = packets(run(listen)[1])
            assert [struct.unpack_from("<HHbBBBBH", one)[-1] for one in told] == [status, status]

    def test_the_closing_auction_tells_its_imbalance_to_those_who_see_the_book(self) -> None:
        with running(at("2026-11-20T15:20:00")) as face:

            async def listen(event: str) -> list[tuple[int, int]]:
                async with feed(face) as line:
                    await line.send(json.dumps({"event": event, "inputtoken": "nse_cm|1594"}))
                    return codes((await heard(line, 2))[1])

            assert asyncio.run(listen("subscribeScrips")) == [(7208, 4), (104, 0)]
            assert asyncio.run(listen("subscribeScripsLite")) == [(7208, 1)]

    def test_nonsense_changes_nothing(self, calm: Running) -> None:
        async def listen() -> list[Any]:
            async with feed(calm) as line:
                for text in ("nonsense", "[]", '{"event": "dance"}', '{"event": "snapshotDance"}'):
                    await line.send(text)
                await line.send('{"event": "subscribeScrips", "inputtoken": "nse_cm|1594"}')
                return await heard(line, 2)

        assert codes(run(listen)[1]) == [(7208, 4)]


class TestOrderFeed:
    async def greeted(self, face: Running, text: str) -> list[Any]:
        async with websockets.connect(f"ws{face.url[4:]}/realtime", proxy=None) as line:
            await line.send(text)
            return await heard(line, 2)

    def greetings(self, face: Running) -> dict[Hello, str]:
        data = session(face)
        token, sid = data["token"], data["sid"]
        return {
            Hello.RAW: f"{{type:cn,Authorization:{token},Sid:{sid},src:WEB}}",
            Hello.JSON: json.dumps({"type": "cn", "Authorization": token, "Sid": sid, "src": "WEB"}),
        }

    @pytest.mark.parametrize("hello", list(Hello))
    def test_both_greetings_are_taken_and_the_day_so_far_follows(self, calm: Running, hello: Hello) -> None:
        ack, first = asyncio.run(self.greeted(calm, self.greetings(calm)[hello]))
        assert json.loads(ack) == {"ak": "ok", "type": "cn", "task": "cn", "msg": "connected"}
        assert json.loads(first)["data"]["trdSym"] == "ITC-EQ"

    def test_any_other_greeting_is_hung_up_on(self, calm: Running) -> None:
        for text in ("hello", "{}", self.greetings(calm)[Hello.RAW].replace("Sid:", "Sid:x")):
            with pytest.raises(websockets.ConnectionClosed):
                asyncio.run(self.greeted(calm, text))

    def test_a_face_that_takes_one_greeting_only(self) -> None:
        with running(hellos=frozenset({Hello.RAW})) as face:
            assert asyncio.run(self.greeted(face, self.greetings(face)[Hello.RAW]))
            with pytest.raises(websockets.ConnectionClosed):
                asyncio.run(self.greeted(face, self.greetings(face)[Hello.JSON]))

    def test_a_trade_is_told_step_by_step_and_moves_a_position(self) -> None:
        with running() as face:
            text = self.greetings(face)[Hello.JSON]

            async def listen() -> list[dict[str, Any]]:
                async with websockets.connect(f"ws{face.url[4:]}/realtime", proxy=None) as line:
                    await line.send(text)
                    await heard(line, 2)
                    face.depot.happen(Trade(*WHO, "BSE:SBIN", "BUY", 2))
                    return [json.loads(one) for one in await heard(line, 6)]

            *steps, moved = asyncio.run(listen())
            assert [one["data"]["ordSt"] for one in steps][-1] == "complete"
            assert (moved["type"], moved["data"]["flBuyQty"]) == ("position", "2")

    def test_the_line_ends_with_its_session(self) -> None:
        with running() as face:
            text = self.greetings(face)[Hello.JSON]

            async def listen() -> None:
                async with websockets.connect(f"ws{face.url[4:]}/realtime", proxy=None) as line:
                    await line.send(text)
                    await heard(line, 2)
                    face.desk.grants.end_all()
                    await heard(line, 1)

            with pytest.raises(websockets.ConnectionClosed):
                asyncio.run(listen())
