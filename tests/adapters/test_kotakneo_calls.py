"""Kotak's thin calls, over real HTTP to a server that answers as a test says: logins, addresses, batches."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.broker_samples.kotakneo import (
    CANDLE,
    CLAIM,
    FILE,
    HOLDING,
    INFY,
    LIMITS,
    MASTER,
    NO_FILES,
    ORDER,
    PASS,
    PATHS,
    POSITION,
    QUOTE,
    QUOTED,
    SESSION,
    TRADED,
    book,
    files,
    told,
)
from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.brokers.kotakneo import KotakNeo, wire
from tunefolio.adapters.brokers.kotakneo.neo import Neo, NeoConfig, Pass
from tunefolio.adapters.brokers.kotakneo.scrips import Scrips
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices import SOURCES
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, Instant
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.fills import DayFills
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Interval

NOW = Instant.parse("2026-11-20T10:00:00", IST)
LOGIN, VALIDATE = "/login/1.0/tradeApiLogin", "/login/1.0/tradeApiValidate"
FILLED = {
    "consumer_key": "the-consumer-key", "mobile": "9000000001", "ucc": "tfk01", "mpin": "864202",
    "totp": "123456",
}  # fmt: skip
FAST = {"requests_per_second": "1000", "quotes_per_second": "1000", "historical_per_second": "1000"}


class Counting(MemoryShared):
    """Remembers which rates were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, float]] = []

    def reserve(self, name: str, per_second: float, burst: int) -> float:
        self.asked.append((name, per_second))
        return super().reserve(name, per_second, burst)


@pytest.fixture
def shared() -> Counting:
    return Counting()


@pytest.fixture
def kotak(outside: Outside, shared: Counting) -> Iterator[KotakNeo]:
    options = {"root_url": outside.url, "base_url": outside.url, "timeout_seconds": "2", **FAST}
    broker = KotakNeo(options, shared)
    yield broker
    broker.close()


def filled(**others: str) -> Mapping[str, Secret]:
    return {name: Secret(text) for name, text in {**FILLED, **others}.items()}


def view(**others: Any) -> Reply:
    data = {"token": "view-token", "sid": "view-sid", "ucc": "TFK01", "kType": "View", "status": "success"}
    return told({"data": {**data, **others}})


def trade(base: str, **others: Any) -> Reply:
    data = {
        "token": "trade-token", "sid": "trade-sid", "ucc": "TFK01", "greetingName": "ASHA RAO",
        "dataCenter": "E43", "baseUrl": base, "kType": "Trade", "status": "success",
    }  # fmt: skip
    return told({"data": {**data, **others}})


def named(outside: Outside) -> None:
    """The day's list of instruments, at the server's own address."""
    outside.on(PATHS, files(outside.url))
    outside.on(FILE, Reply(body=MASTER.encode(), content_type="text/csv"))


class TestLogin:
    def test_a_code_and_a_pin_make_a_session(self, outside: Outside, kotak: KotakNeo) -> None:
        outside.on(LOGIN, view())
        outside.on(VALIDATE, trade(outside.url))
        session = kotak.login(filled(), NOW)
        assert (session.broker_user, session.user_name) == ("TFK01", "ASHA RAO")
        assert session.expires == Instant.parse("2026-11-21T06:00:00", IST)
        leave = Pass.of(session.token)
        assert (leave.base, leave.centre, leave.sid.reveal()) == (outside.url, "E43", "trade-sid")
        first, second = outside.asked
        assert first.headers["authorization"] == second.headers["authorization"] == "the-consumer-key"
        assert first.headers["neo-fin-key"] == "neotradeapi"
        assert (second.headers["sid"], second.headers["auth"]) == ("view-sid", "view-token")
        assert first.headers["content-type"] == "application/json"
        assert json.loads(first.body) == {"mobileNumber": "+919000000001", "ucc": "TFK01", "totp": "123456"}
        assert json.loads(second.body) == {"mpin": "864202"}

    def test_nothing_of_it_is_printed_or_logged(
        self, outside: Outside, kotak: KotakNeo, caplog: pytest.LogCaptureFixture
    ) -> None:
        outside.on(LOGIN, view())
        outside.on(VALIDATE, trade(outside.url))
        with caplog.at_level(logging.DEBUG):
            session = kotak.login(filled(), NOW)
        said = f"{session!r} {Pass.of(session.token)!r} {caplog.text}"
        for secret in ("the-consumer-key", "864202", "123456", "trade-token", "trade-sid"):
            assert secret not in said

    def test_logging_out_is_forgetting(self, outside: Outside, kotak: KotakNeo) -> None:
        kotak.logout("", SESSION)
        assert outside.asked == []

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(401, b'{"stCode":401,"errMsg":"Invalid MPIN 864202","status":"failure"}'),
            Reply(200, b'{"stCode":401,"errMsg":"Invalid MPIN 864202","status":"failure"}'),
            Reply(200, b'{"data":{"status":"failed","errMsg":"Invalid MPIN 864202"}}'),
            Reply(400, b'{"error":[{"code":"400","message":"Invalid MPIN 864202"}]}'),
        ],
    )
    def test_kotaks_refusal_names_the_field_and_hides_what_was_sent(
        self, outside: Outside, kotak: KotakNeo, reply: Reply
    ) -> None:
        outside.on(LOGIN, view())
        outside.on(VALIDATE, reply)
        with pytest.raises(Rejected, match=r"Invalid MPIN ••• \(mpin\)") as caught:
            kotak.login(filled(), NOW)
        assert caught.value.code == "credentials"
        assert "864202" not in str(caught.value)

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(429, b"{}"),
            Reply(503, b""),
            Reply(200, b""),
            Reply(200, b"<html>"),
            Reply(200, b'{"stCode":429,"errMsg":"Too many","status":"failure"}'),
        ],
    )
    def test_what_passes_is_retry(self, outside: Outside, kotak: KotakNeo, reply: Reply) -> None:
        outside.on(LOGIN, reply)
        with pytest.raises(Retry):
            kotak.login(filled(), NOW)

    @pytest.mark.parametrize("field", ["token", "sid"])
    def test_a_session_without_its_tokens_is_none(
        self, outside: Outside, kotak: KotakNeo, field: str
    ) -> None:
        outside.on(LOGIN, view())
        outside.on(VALIDATE, trade(outside.url, **{field: ""}))
        with pytest.raises(Rejected, match=field):
            kotak.login(filled(), NOW)

    def test_somebody_elses_session_is_refused(self, outside: Outside, kotak: KotakNeo) -> None:
        outside.on(LOGIN, view())
        outside.on(VALIDATE, trade(outside.url, ucc="TFK02"))
        with pytest.raises(Rejected, match="TFK01"):
            kotak.login(filled(), NOW)

    @pytest.mark.parametrize(
        ("field", "text"),
        [
            ("consumer_key", "short"), ("mobile", "12345"), ("ucc", "x"), ("mpin", "12345"), ("mpin", ""),
            ("totp", "12 34"), ("totp_secret", "0189"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_a_credential_is_not_sent(
        self, outside: Outside, kotak: KotakNeo, field: str, text: str
    ) -> None:
        with pytest.raises(Misuse, match=field) as caught:
            kotak.login(filled(**{field: text}), NOW)
        assert not text or text not in caught.value.problem
        assert outside.asked == []

    def test_a_code_or_its_secret_must_be_given(self, kotak: KotakNeo) -> None:
        with pytest.raises(Misuse, match="totp"):
            kotak.login(filled(totp=""), NOW)


class TestAddresses:
    @pytest.mark.parametrize(
        "base",
        [
            "https://e43.kotaksecurities.com.example.org",
            "https://kotaksecurities.com@example.org",
            "https://evilkotaksecurities.com",
            "http://e43.kotaksecurities.com",
            "https://e43.kotaksecurities.com:8443",
            "https://e43.kotaksecurities.com?x=1",
            "ftp://e43.kotaksecurities.com",
            "https://[::1",
            "http://127.0.0.1:1",
            "e43.kotaksecurities.com",
        ],
    )
    def test_a_forged_host_is_refused(self, base: str) -> None:
        """Whoever got a session to name his host would be sent its tokens."""
        with pytest.raises(Rejected, match="stranger") as caught:
            NeoConfig().checked(base, "the login")
        assert caught.value.code == "address"

    def test_the_login_checks_it_and_so_does_every_call(self, outside: Outside, shared: Counting) -> None:
        outside.on(LOGIN, view())
        outside.on(VALIDATE, trade("https://example.org"))
        kotak = KotakNeo({"root_url": outside.url, **FAST}, shared)
        with pytest.raises(Rejected, match="stranger"):
            kotak.login(filled(), NOW)
        forged = Pass("TFK01", Secret("k"), Secret("s"), Secret("a"), "https://example.org", "E43")
        with pytest.raises(Rejected, match="stranger"):
            kotak.funds("", BrokerSession("TFK01", "", forged.packed(), NOW))
        kotak.close()

    def test_kotaks_own_and_this_machines_are_taken(self, outside: Outside) -> None:
        real, here = NeoConfig(), NeoConfig.of({"root_url": outside.url})
        assert real.checked("https://e43.kotaksecurities.com/", "x") == "https://e43.kotaksecurities.com"
        assert here.checked("http://127.0.0.1:9", "x") == "http://127.0.0.1:9"
        assert here.config_url == outside.url, "a rehearsal asks nobody else"
        assert real.config_url == "https://lapi.kotaksecurities.com"

    def test_the_streams_are_where_the_configuration_says(self, outside: Outside, shared: Counting) -> None:
        neo = Neo(NeoConfig.of({"root_url": outside.url, **FAST}), shared)
        own = {
            "E43_broadcast_source": "sf",
            "E43_sf_broadcast_endpoint": f"{outside.url}/apifeed",
            "E43_sf_interactive_endpoint": f"{outside.url}/realtime",
        }
        outside.on("/5config/config", told({"data": {"configs": own}}))
        assert wire.feed_of(neo, PASS) == f"ws{outside.url[4:]}/apifeed"
        assert wire.orders_of(neo, PASS) == f"ws{outside.url[4:]}/realtime"
        neo.close()

    @pytest.mark.parametrize("reply", [Reply(500, b""), told({"data": {}}), told({"data": {"configs": {}}})])
    def test_without_it_the_login_and_then_habit_decide(
        self, outside: Outside, shared: Counting, reply: Reply
    ) -> None:
        outside.on("/5config/config", reply)
        neo = Neo(NeoConfig(config_url=outside.url), shared)
        assert wire.feed_of(neo, PASS) == "wss://sfeed.kotaksecurities.com/apifeed"
        assert wire.orders_of(neo, PASS) == "wss://e43.kotaksecurities.com/realtime"
        own = Pass(
            PASS.ucc, PASS.key, PASS.sid, PASS.auth, PASS.base, PASS.centre,
            "https://feed.kotaksecurities.com/f", "wss://rt.kotaksecurities.com/r",
        )  # fmt: skip
        assert wire.feed_of(neo, own) == "wss://feed.kotaksecurities.com/f"
        assert wire.orders_of(neo, own) == "wss://rt.kotaksecurities.com/r"
        neo.close()

    def test_a_forged_feed_is_refused(self, outside: Outside, shared: Counting) -> None:
        forged = {"E43_broadcast_source": "sf", "E43_sf_broadcast_endpoint": "wss://example.org/f"}
        outside.on("/5config/config", told({"data": {"configs": forged}}))
        neo = Neo(NeoConfig(config_url=outside.url), shared)
        with pytest.raises(Rejected, match="stranger"):
            wire.feed_of(neo, PASS)
        neo.close()

    def test_a_rehearsal_without_a_feed_does_not_turn_to_the_real_one(
        self, outside: Outside, shared: Counting
    ) -> None:
        outside.on("/5config/config", told({"data": {"configs": {}}}))
        neo = Neo(NeoConfig.of({"root_url": outside.url, **FAST}), shared)
        with pytest.raises(Retry, match="no feed"):
            wire.feed_of(neo, PASS)
        neo.close()

    def test_a_list_of_instruments_elsewhere_is_not_fetched(self, outside: Outside, kotak: KotakNeo) -> None:
        outside.on(PATHS, told({"data": {"filesPaths": ["https://example.org/nse_cm-v1.csv"]}}))
        with pytest.raises(Rejected, match="stranger"):
            kotak.quotes("", SESSION).quotes([INFY])


class TestCalls:
    def test_a_statement_names_its_shares_by_the_days_list(self, outside: Outside, kotak: KotakNeo) -> None:
        named(outside)
        outside.on("/portfolio/v1/holdings", told({"data": [HOLDING]}))
        outside.on("/portfolio/v2/positions", book(POSITION))
        outside.on("/quick/user/limits", told(LIMITS))
        statement = kotak.statements("", SESSION).fetch(NOW)
        assert statement.holdings[0].instrument == CLAIM
        assert statement.positions[0].instrument == CLAIM
        asked = {one.path: one for one in outside.asked}
        books = asked["/portfolio/v1/holdings"]
        assert (books.headers["sid"], books.headers["auth"]) == ("hush-sid", "hush-auth")
        assert json.loads(asked["/quick/user/limits"].form["jData"]) == {
            "seg": "ALL", "exch": "ALL", "prod": "ALL",
        }  # fmt: skip

    def test_positions_are_looked_for_at_the_former_address_too(
        self, outside: Outside, kotak: KotakNeo
    ) -> None:
        outside.on(PATHS, NO_FILES)
        outside.on("/portfolio/v1/holdings", told({"data": []}))
        outside.on("/quick/user/positions", book(POSITION))
        outside.on("/quick/user/limits", told(LIMITS))
        assert len(kotak.statements("", SESSION).fetch(NOW).positions) == 1

    def test_half_a_statement_is_none(self, outside: Outside, kotak: KotakNeo) -> None:
        outside.on(PATHS, NO_FILES)
        outside.on("/portfolio/v1/holdings", told({"data": [HOLDING]}))
        outside.on("/portfolio/v2/positions", book(POSITION))
        outside.on("/quick/user/limits", Reply(503, b""))
        with pytest.raises(Retry):
            kotak.statements("", SESSION).fetch(NOW)

    def test_no_data_is_an_empty_day(self, outside: Outside, kotak: KotakNeo) -> None:
        nothing = told({"stat": "Not_Ok", "stCode": 5203, "errMsg": "No Data"})
        for path in ("/quick/user/trades", "/quick/user/orders", "/quick/order/history"):
            outside.on(path, nothing)
        assert kotak.fills("", SESSION) == DayFills()
        assert kotak.orders("", SESSION) == ()
        with pytest.raises(Rejected, match="261120") as caught:
            kotak.order_history("", SESSION, "261120")
        assert caught.value.code == "unknown_order"

    def test_the_list_is_read_once_for_many_calls(self, outside: Outside, kotak: KotakNeo) -> None:
        named(outside)
        outside.on("/quick/user/orders", book(ORDER))
        for _ in range(3):
            assert kotak.orders("", SESSION)[0].instrument == CLAIM
        assert [one.path for one in outside.asked].count(FILE) == 1

    def test_a_contract_is_named_without_the_large_list(self, outside: Outside, kotak: KotakNeo) -> None:
        outside.on("/quick/user/orders", book({**ORDER, "exSeg": "nse_fo", "trdSym": "INFY26NOVFUT"}))
        (order,) = kotak.orders("", SESSION)
        assert order.instrument.listing == Listing("NFO", "INFY26NOVFUT")
        assert [one.path for one in outside.asked] == ["/quick/user/orders"]

    def test_a_list_grows_old_and_is_read_again(self, outside: Outside, shared: Counting) -> None:
        named(outside)
        hours = [0.0]
        neo = Neo(NeoConfig.of({"root_url": outside.url, "base_url": outside.url, **FAST}), shared)
        scrips = Scrips(neo, lambda: hours[0] * 3600)
        for hour in (0, 3.9, 4.1, 8, 8.2):
            hours[0] = hour
            assert scrips.symbols(PASS, [INFY])
        assert [one.path for one in outside.asked].count(FILE) == 3
        neo.close()

    @pytest.mark.parametrize("content", [b"", b"pSymbol,pGroup\n1,2\n", MASTER[:-40].encode()])
    def test_a_list_that_breaks_off_is_retry(self, outside: Outside, kotak: KotakNeo, content: bytes) -> None:
        named(outside)
        outside.on(FILE, Reply(body=content, content_type="text/csv"))
        with pytest.raises(Retry):
            kotak.quotes("", SESSION).quotes([INFY])

    def test_quotes_come_fifty_at_a_time_and_need_the_application_alone(
        self, outside: Outside, kotak: KotakNeo
    ) -> None:
        rows = [f"{token},EQ,nse_cm,S{token},S{token}-EQ,,S,5,1,-1,2,-1" for token in range(1, 121)]
        named(outside)
        outside.on(FILE, Reply(body="\n".join([MASTER.splitlines()[0], *rows]).encode()))
        listings = [Listing("NSE", f"S{token}") for token in range(1, 121)]
        for start in (1, 51, 101):
            names = ",".join(f"nse_cm|{token}" for token in range(start, min(start + 50, 121)))
            path = f"/script-details/1.0/quotes/neosymbol/{names}/all".replace("|", "%7C")
            row = {**QUOTE, "exchange_token": str(start)}
            outside.on(path, told([row]))
            outside.on(path.replace("%7C", "|"), told([row]))
        found = kotak.quotes("", SESSION).quotes(listings)
        assert [one.symbol for one in found] == ["S1", "S51", "S101"]
        last = outside.asked[-1]
        assert last.headers["authorization"] == "hush-key"
        assert "sid" not in last.headers

    def test_candles_leave_out_what_is_not_asked_and_what_still_runs(
        self, outside: Outside, kotak: KotakNeo
    ) -> None:
        named(outside)
        rows = [["2026-11-20T09:14:00+0530", *CANDLE[1:]], CANDLE, ["2026-11-20T09:59:30+0530", *CANDLE[1:]]]
        outside.on(
            "/market-data/1.0/historical/details",
            told({"status": "success", "interval": "1min", "data": {"candles": rows}}),
        )
        since = NOW - timedelta(minutes=45)
        assert kotak.candles("", SESSION, INFY, Interval.MINUTE, since=since, until=NOW) == (TRADED,)
        assert dict(outside.asked[-1].query) == {
            "neosymbol": "nse_cm|1594", "interval": "1min", "fromdate": "2026-11-20", "todate": "2026-11-20",
        }  # fmt: skip

    def test_a_past_that_kotak_does_not_tell_is_none(self, outside: Outside, kotak: KotakNeo) -> None:
        named(outside)
        for listing in (Listing("NSE", "NOBODY"), Listing("NASDAQ", "AAPL")):
            assert kotak.candles("", SESSION, listing, Interval.DAY, since=NOW, until=NOW) is None

    def test_a_quote_is_of_the_listing_that_was_asked(self, outside: Outside, kotak: KotakNeo) -> None:
        named(outside)
        for name in ("nse_cm%7C1594", "nse_cm|1594"):
            outside.on(f"/script-details/1.0/quotes/neosymbol/{name}/all", told([QUOTE]))
        assert kotak.quotes("", SESSION).quotes([INFY]) == {INFY: QUOTED}
        assert QUOTED.last == Decimal(1430)

    def test_every_lane_has_its_own_rate_for_each_customer(
        self, outside: Outside, kotak: KotakNeo, shared: Counting
    ) -> None:
        named(outside)
        outside.on("/quick/user/limits", told(LIMITS))
        kotak.funds("", SESSION)
        with pytest.raises(Rejected):
            kotak.quotes("", SESSION).quotes([INFY])  # nobody answers that path here
        assert [name for name, _ in shared.asked] == [
            "rate:kotakneo:trade:TFK01", "rate:kotakneo:master:TFK01", "rate:kotakneo:master:TFK01",
            "rate:kotakneo:quote:TFK01",
        ]  # fmt: skip

    def test_the_list_of_instruments_and_the_broker_share_their_options(self) -> None:
        shared = {"root_url": "http://127.0.0.1:9", "consumer_key": "key", "requests_per_second": "8"}
        assert NeoConfig.of(shared).requests_per_second == 8
        assert SOURCES.of("kotakneo")(shared, Gates(MemoryShared())) is not None

    def test_as_published_or_slower(self) -> None:
        usual = NeoConfig()
        assert usual.requests_per_second <= 300 / 60
        assert usual.quotes_per_second <= 25

    def test_a_session_of_another_version_is_over(self, kotak: KotakNeo) -> None:
        for text in ("", "{}", "not json", '{"ucc": 1}', "[]"):
            with pytest.raises(Reauth):
                kotak.funds("", BrokerSession("TFK01", "", Secret(text), NOW))

    def test_what_is_packed_is_unpacked(self) -> None:
        assert Pass.of(PASS.packed()) == PASS
