"""What Angel One is sent: paths, bodies and headers, as a server on loopback receives them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.broker_samples.angelone import INFY, NOW, SESSION, instruments_url, refused, stopped, told
from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.brokers.angelone import AngelOne
from tunefolio.adapters.brokers.angelone.instruments import AngelMaster
from tunefolio.adapters.brokers.angelone.smart import AngelConfig, Leave
from tunefolio.adapters.brokers.angelone.tokens import FEW, FRESH_SECONDS, RETRY_SECONDS, Tokens
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry
from tunefolio.core.money import Price
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import BROKERS, BrokerSession, FormLogin, Renewal, TickSource
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Interval
from tunefolio.trading.orders import OrderFeed, OrderSide, TriggerSource

AUTH, SECURE = "/rest/auth/angelbroking", "/rest/secure/angelbroking"
LOGIN, PROFILE = f"{AUTH}/user/v1/loginByPassword", f"{SECURE}/user/v1/getProfile"
CANDLES, QUOTES = f"{SECURE}/historical/v1/getCandleData", f"{SECURE}/market/v1/quote/"
GIVEN = {"api_key": "hush-key", "client_code": " tfa001 ", "pin": "2468", "totp": "123456"}
PAIR = {"jwtToken": "hush-jwt", "refreshToken": "hush-refresh", "feedToken": "hush-feed", "state": None}


def made(outside: Outside, **options: str) -> AngelOne:
    quickly = dict.fromkeys(("requests_per_second", "quotes_per_second", "candles_per_second"), "1000")
    given = {"root_url": outside.url, "master_url": instruments_url(), "timeout_seconds": "2", **quickly}
    return AngelOne(given | options, MemoryShared())


@pytest.fixture
def broker(outside: Outside) -> Iterator[AngelOne]:
    one = made(outside)
    yield one
    one.close()


def given(**changes: str) -> dict[str, Secret]:
    return {name: Secret(value) for name, value in {**GIVEN, **changes}.items()}


def bodies(outside: Outside) -> list[Any]:
    return [json.loads(asked.body) for asked in outside.asked if asked.method == "POST"]


def test_it_fills_the_ports_it_has_a_file_for() -> None:
    broker = BROKERS.of("angelone")({}, MemoryShared())
    for port in (FormLogin, Renewal, TickSource, OrderFeed, TriggerSource):
        assert isinstance(broker, port)


def test_a_login_and_what_it_keeps(outside: Outside, broker: AngelOne) -> None:
    outside.on(LOGIN, told(PAIR))
    outside.on(PROFILE, told({"clientcode": "TFA001", "name": "ASHA RAO", "tomorrow": 1}))
    session = broker.login(given(), NOW)
    assert (session.broker_user, session.user_name) == ("TFA001", "ASHA RAO")
    assert bodies(outside) == [{"clientcode": "TFA001", "password": "2468", "totp": "123456"}]
    first, second = outside.asked
    assert "authorization" not in first.headers
    assert second.headers["authorization"] == "Bearer hush-jwt"
    for asked in outside.asked:
        told_of_us = {name: asked.headers[name] for name in asked.headers if name.startswith("x-")}
        assert told_of_us == {
            "x-usertype": "USER", "x-sourceid": "WEB", "x-clientlocalip": "127.0.0.1",
            "x-clientpublicip": "127.0.0.1", "x-macaddress": "00:00:00:00:00:00", "x-privatekey": "hush-key",
        }  # fmt: skip
        assert asked.headers["content-type"] == asked.headers["accept"] == "application/json"
    leave = Leave.of(session)
    assert [leave.jwt.reveal(), leave.refresh.reveal(), leave.feed.reveal()] == [
        "hush-jwt", "hush-refresh", "hush-feed",
    ]  # fmt: skip
    assert leave.line_headers["x-client-code"] == "TFA001"


def test_the_caller_is_who_the_options_say(outside: Outside) -> None:
    outside.on(f"{SECURE}/user/v1/getRMS", told({"net": "1"}))
    mine = {"local_ip": "192.0.2.7", "public_ip": "2001:db8::7", "mac_address": "02:00:00:00:00:01"}
    broker = made(outside, **mine)
    broker.funds("", SESSION)
    names = ("x-clientlocalip", "x-clientpublicip", "x-macaddress")
    assert [outside.asked[0].headers[name] for name in names] == list(mine.values())
    broker.close()


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (refused("AB1050", "Invalid totp"), Rejected, "did not accept the code"),
        (refused("AB1000"), Rejected, "client code or the PIN"),
        (refused("AB1006", "Client is blocked for trading"), Rejected, "blocked"),
        (stopped("AG8004"), Rejected, "API key"),
        (Reply(400, b""), Rejected, "400"),
        (refused("AB1004"), Retry, "moment"),
        (Reply(403, b"Access denied because of exceeding access rate", "text/plain"), Retry, "too often"),
    ],
)
def test_a_login_that_fails(
    outside: Outside, broker: AngelOne, answer: Reply, kind: type[Exception], said: str
) -> None:
    outside.on(LOGIN, answer)
    with pytest.raises(kind, match=said) as caught:
        broker.login(given(), NOW)
    assert getattr(caught.value, "code", "credentials") == "credentials"
    assert not any(secret in str(caught.value) for secret in ("2468", "123456", "hush"))


def test_a_login_without_tokens_in_it_names_what_is_missing(outside: Outside, broker: AngelOne) -> None:
    outside.on(LOGIN, told({"refreshToken": "x"}))
    with pytest.raises(Rejected, match="jwtToken"):
        broker.login(given(), NOW)


def test_a_renewal_keeps_what_it_is_not_told_anew(outside: Outside, broker: AngelOne) -> None:
    path = f"{AUTH}/jwt/v1/generateTokens"
    outside.on(path, told({"jwtToken": "Bearer newer", "refreshToken": "newer-refresh"}), refused("AB8051"))
    leave = Leave.of(newer := broker.renew(SESSION, NOW))
    assert (leave.jwt.reveal(), leave.feed.reveal()) == ("newer", "hush-feed")
    assert bodies(outside) == [{"refreshToken": "hush-refresh"}]
    with pytest.raises(Reauth):
        broker.renew(newer, NOW)


def test_a_logout_names_the_client_and_a_dead_session_is_fine(outside: Outside, broker: AngelOne) -> None:
    outside.on(f"{SECURE}/user/v1/logout", told(None), stopped("AG8001"), refused("AB2001"))
    broker.logout("", SESSION)
    broker.logout("", SESSION)
    assert bodies(outside)[0] == {"clientcode": "TFA001"}
    with pytest.raises(Retry):
        broker.logout("", SESSION)


@pytest.mark.parametrize("token", ["", "hush", "[]", '{"api_key": "k"}', "null"])
def test_a_token_of_another_making_is_a_session_that_has_ended(broker: AngelOne, token: str) -> None:
    foreign = BrokerSession("TFA001", "Asha", Secret(token), NOW)
    with pytest.raises(Reauth):
        broker.orders("", foreign)
    broker.logout("", foreign)


def test_never_half_a_statement(outside: Outside, broker: AngelOne) -> None:
    paths = {
        f"{SECURE}/portfolio/v1/getAllHolding": told({"holdings": [], "totalholding": None}),
        f"{SECURE}/order/v1/getPosition": told(None),
        f"{SECURE}/user/v1/getRMS": told({"net": "0.0000", "availablecash": None}),
    }
    for path, reply in paths.items():
        outside.on(path, reply)
    whole = broker.statements("", SESSION).fetch(NOW)
    assert (whole.holdings, whole.positions, whole.cash) == ((), (), None)
    for path, reply in paths.items():
        for wrong, kind in (
            (stopped("AG8002"), Reauth),
            (refused("AB1015"), Rejected),
            (Reply(200, b""), Retry),
        ):
            outside.on(path, wrong)
            with pytest.raises(kind):
                broker.statements("", SESSION).fetch(NOW)
        outside.on(path, reply)


def test_quotes_ask_by_token_and_exchange(outside: Outside, broker: AngelOne) -> None:
    outside.on(QUOTES, told({"fetched": [], "unfetched": []}))
    assert broker.quotes("", SESSION).quotes([INFY, Listing("NSE", "INFY", "EQ"), Listing("MF", "X")]) == {}
    assert bodies(outside) == [{"mode": "FULL", "exchangeTokens": {"NSE": ["1594"]}}]
    assert broker.quotes("", SESSION).quotes([Listing("NSE", "NOSUCH")]) == {}
    assert len(outside.asked) == 1


def test_candles_in_pieces_both_ends_included(outside: Outside, broker: AngelOne) -> None:
    outside.on(CANDLES, told(None))
    since = Instant.parse("2026-09-01T09:15:00+05:30")
    assert broker.candles("", SESSION, INFY, Interval.MINUTE, since=since, until=NOW) == ()
    assert [(body["fromdate"], body["todate"]) for body in bodies(outside)] == [
        ("2026-09-01 09:15", "2026-10-01 09:14"),
        ("2026-10-01 09:15", "2026-10-31 09:14"),
        ("2026-10-31 09:15", "2026-11-20 09:59"),
    ]
    assert bodies(outside)[0] | {"fromdate": "", "todate": ""} == {
        "exchange": "NSE", "symboltoken": "1594", "interval": "ONE_MINUTE", "fromdate": "", "todate": "",
    }  # fmt: skip


def test_one_order_has_a_page_of_its_own(outside: Outside, broker: AngelOne) -> None:
    row = {"orderid": 17, "tradingsymbol": "INFY-EQ", "exchange": "NSE", "quantity": "5", "status": "open"}
    outside.on(f"{SECURE}/order/v1/getOrderBook", told([row, {**row, "orderid": "18", "uniqueorderid": "u"}]))
    outside.on(f"{SECURE}/order/v1/details/u", told({**row, "orderid": "18", "orderstatus": "complete"}))
    assert broker.order_history("", SESSION, "17")[0].status == "open"
    assert broker.order_history("", SESSION, "18")[0].status == "complete"
    assert len(outside.asked) == 3


def test_rules_come_page_by_page(outside: Outside, broker: AngelOne) -> None:
    rule = {"exchange": "NSE", "tradingsymbol": "INFY-EQ", "transactiontype": "SELL", "qty": "5",
            "price": "1500", "triggerprice": "1499.5", "status": "ACTIVE",
            "createddate": "2026-11-16T14:19:51Z"}  # fmt: skip
    pages = [[{**rule, "id": number} for number in range(50)], [{**rule, "id": "50", "expirydate": ""}]]
    outside.on(f"{SECURE}/gtt/v1/ruleList", *map(told, pages))
    found = broker.triggers("", SESSION)
    assert [one.trigger_id for one in found] == [str(number) for number in range(51)]
    assert [body["page"] for body in bodies(outside)] == [1, 2]
    assert (found[0].triggers, found[0].orders) == (
        (Price.of("1499.5"),), ((OrderSide.SELL, Decimal(5), Price.of("1500")),),
    )  # fmt: skip
    assert (found[0].created, found[50].expires) == (Instant.parse("2026-11-16T14:19:51Z"), None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("transactiontype", "LEND"),
        ("price", "0"),
        ("triggerprice", None),
        ("createddate", "soon"),
    ],
)
def test_a_rule_that_makes_no_sense_is_rejected(
    outside: Outside, broker: AngelOne, field: str, value: object
) -> None:
    rule = {"id": "1", "exchange": "NSE", "tradingsymbol": "INFY-EQ", "transactiontype": "BUY", "qty": "5",
            "price": "1500", "triggerprice": "1499.5", "status": "NEW"}  # fmt: skip
    outside.on(f"{SECURE}/gtt/v1/ruleList", told(rule), told({**rule, field: value}))
    assert len(broker.triggers("", SESSION)) == 1
    with pytest.raises(Rejected, match=field):
        broker.triggers("", SESSION)


def test_each_lane_waits_for_itself(outside: Outside) -> None:
    outside.on(f"{SECURE}/order/v1/getOrderBook", told(None))
    outside.on(f"{SECURE}/order/v1/getTradeBook", told(None))
    slow = made(outside, requests_per_second="0.001")
    slow.orders("", SESSION)
    slow.fills("", SESSION)
    with pytest.raises(Retry, match="waiting"):
        slow.orders("", SESSION)
    assert len(outside.asked) == 2
    slow.close()


def test_the_list_of_instruments_is_read_once_and_an_old_one_serves(
    outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    path, now = "/OpenAPI_File/files/OpenAPIScripMaster.json", [0.0]
    row = {"token": "1594", "symbol": "INFY-EQ", "instrumenttype": "", "exch_seg": "NSE"}
    outside.on(path, Reply(body=json.dumps([row]).encode()), Reply(200, b"<html>", "text/html"))
    options = {"master_url": outside.url, "requests_per_second": "1000"}
    tokens = Tokens(AngelMaster(options, Gates(MemoryShared())), lambda: now[0])
    assert tokens.of([INFY]) == tokens.of([INFY]) == {INFY: "1594"}
    assert len(outside.asked) == 1
    now[0] += FRESH_SECONDS
    with caplog.at_level(logging.WARNING):
        assert tokens.of([INFY]) == {INFY: "1594"}
    assert [record.message for record in caplog.records] == ["tokens.old"]
    now[0] += RETRY_SECONDS - 1
    tokens.of([INFY])
    assert len(outside.asked) == 2


@pytest.mark.parametrize(
    ("listing", "token"),
    [
        (Listing("NSE", "AB", "EQ"), "1"),
        (Listing("NSE", "AB"), "1"),
        (Listing("NSE", "AB", "BE"), "2"),
        (Listing("NSE", "CD"), "3"),
        (Listing("NSE", "B"), ""),
        (Listing("NSE", "EF"), ""),
        (Listing("NSE", "EF", "N1"), "4"),
        (Listing("NSE", "INDEX 50"), "99"),
        (Listing("BSE", "AB", "A"), "5"),
        (Listing("MCX", "AB"), ""),
        (Listing("NYSE", "AB"), ""),
    ],
)
def test_a_series_is_never_taken_for_another(outside: Outside, listing: Listing, token: str) -> None:
    """Without one, an index or a share is meant, of its series EQ before BE; never a bond's."""
    names = [("1", "AB-EQ", "", "NSE"), ("2", "AB-BE", "", "NSE"), ("3", "CD-BE", "", "NSE"),
             ("4", "EF-N1", "", "NSE"), ("99", "Index 50", "AMXIDX", "NSE"),
             ("5", "AB", "", "BSE")]  # fmt: skip
    columns = ("token", "symbol", "instrumenttype", "exch_seg")
    rows = [dict(zip(columns, row, strict=True)) for row in names]
    outside.on("/OpenAPI_File/files/OpenAPIScripMaster.json", Reply(body=json.dumps(rows).encode()))
    tokens = Tokens(AngelMaster({"master_url": outside.url}, Gates(MemoryShared())))
    assert tokens.of([listing]).get(listing, "") == token
    many = [Listing(listing.exchange, f"S{number}") for number in range(FEW)]
    assert tokens.of([*many, listing]) == ({listing: token} if token else {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("root_url", "angel"),
        ("feed_url", "http://angel"),
        ("orders_url", "nowhere"),
        ("quotes_per_second", "0"),
        ("local_ip", "home"),
        ("public_ip", "203.0.113.7\r\nX-Evil: 1"),
        ("mac_address", "02:00"),
        ("colour", "red"),
    ],
)
def test_a_wrong_option_is_named(name: str, value: str) -> None:
    with pytest.raises(Misuse, match=rf"angelone\.{name}"):
        AngelOne({name: value}, MemoryShared())


def test_by_default_it_speaks_to_angel_one_more_slowly_than_it_may() -> None:
    usual = AngelConfig()
    assert usual.root_url == "https://apiconnect.angelone.in"
    assert usual.feed_url.startswith("wss://smartapisocket.angelone.in/")
    assert max(usual.requests_per_second, usual.quotes_per_second) < 1
    assert usual.candles_per_second < 3


def test_no_secret_shows_anywhere(outside: Outside, caplog: pytest.LogCaptureFixture) -> None:
    outside.on(LOGIN, told(PAIR))
    outside.on(PROFILE, stopped("AG8001"))
    outside.on(f"{AUTH}/jwt/v1/generateTokens", stopped("AG8001"))
    broker = made(outside)
    with caplog.at_level(logging.DEBUG):
        session = broker.login(given(), NOW)
        with pytest.raises(Reauth) as caught:
            broker.renew(session, NOW)
    assert session.user_name == "TFA001", "a name is not worth a login"
    assert "hush" not in caplog.text + str(caught.value) + repr(session) + repr(Leave.of(session))
    assert "2468" not in caplog.text
    broker.close()
