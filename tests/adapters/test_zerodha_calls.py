"""Zerodha's thin calls, over real HTTP to a server that answers in each dialect."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.adapters.outside import Outside, Reply, failure, success, zipped
from tunefolio.adapters.brokers.zerodha import Zerodha
from tunefolio.adapters.memory import MemoryShared
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import BROKERS, AppKeys, BrokerSession, RedirectLogin
from tunefolio.market.instruments import Listing

SHAPES = Path(__file__).parent / "fixtures" / "kite"
NOW = Instant.parse("2026-11-20T10:00:00+05:30")
APP = AppKeys("key", Secret("app-secret"))
SESSION = BrokerSession("TF0001", "Asha Rao", Secret("day-token"), NOW)
WAY_BACK = {"status": "success", "action": "login", "request_token": "once", "state": "s"}


def shape(name: str) -> Reply:
    return Reply(body=(SHAPES / name).read_bytes())


@pytest.fixture
def zerodha(outside: Outside) -> Iterator[Zerodha]:
    fast = {"quotes_per_second": "1000", "requests_per_second": "1000", "timeout_seconds": "2"}
    broker = Zerodha({"root_url": outside.url, **fast}, MemoryShared())
    yield broker
    broker.close()


def whole(outside: Outside) -> None:
    outside.on("/user/profile", shape("profile.json"))
    outside.on("/portfolio/holdings", shape("holdings.json"))
    outside.on("/portfolio/positions", shape("positions.json"))
    outside.on("/user/margins", shape("margins.json"))


def test_login_exchange_and_logout(outside: Outside, zerodha: Zerodha) -> None:
    outside.on("/session/token", shape("session.json"), success(True))
    session = zerodha.exchange(APP, WAY_BACK, NOW)
    assert (session.broker_user, session.user_name) == ("TF0001", "Asha Rao")
    assert session.expires == Instant.parse("2026-11-21T06:00:00+05:30")
    zerodha.logout("key", session)
    exchanged, ended = outside.asked
    assert exchanged.method == "POST"
    assert exchanged.headers["x-kite-version"] == "3"
    assert exchanged.form == {
        "api_key": "key",
        "request_token": "once",
        "checksum": hashlib.sha256(b"keyonceapp-secret").hexdigest(),
    }
    assert ended.method == "DELETE"
    assert ended.query == [("api_key", "key"), ("access_token", "day-token")]


def test_a_used_request_token_is_rejected(outside: Outside, zerodha: Zerodha) -> None:
    outside.on("/session/token", failure(403, "TokenException", "Token is invalid or has expired."))
    with pytest.raises(Rejected, match="works once") as caught:
        zerodha.exchange(APP, WAY_BACK, NOW)
    assert caught.value.code == "request_token"


def test_what_kite_says_goes_to_the_log_and_a_sentence_to_the_person(
    outside: Outside, zerodha: Zerodha, caplog: pytest.LogCaptureFixture
) -> None:
    whole(outside)
    outside.on(
        "/portfolio/holdings", failure(403, "TokenException", "Incorrect `api_key` or `access_token`.")
    )
    with caplog.at_level(logging.INFO), pytest.raises(Reauth) as caught:
        zerodha.statements("key", SESSION).fetch(NOW)
    assert str(caught.value) == "Zerodha has ended the session. Log in again to refresh."
    assert [getattr(r, "said", "") for r in caplog.records] == ["Incorrect `api_key` or `access_token`."]
    outside.on("/session/token", failure(403, "TokenException", "Invalid `checksum`."))
    with pytest.raises(Rejected, match="check the API key and secret") as refused:
        zerodha.exchange(APP, WAY_BACK, NOW)
    assert "checksum" not in str(refused.value)


def test_a_login_given_up_asks_nobody(outside: Outside, zerodha: Zerodha) -> None:
    with pytest.raises(Rejected, match="not completed"):
        zerodha.exchange(APP, {"status": "cancelled"}, NOW)
    assert outside.asked == []


def test_logging_out_twice_is_no_error(outside: Outside, zerodha: Zerodha) -> None:
    outside.on("/session/token", failure(403, "TokenException"))
    zerodha.logout("key", SESSION)
    outside.on("/session/token", failure(500, "GeneralException"))
    with pytest.raises(Retry):
        zerodha.logout("key", SESSION)


def test_a_whole_statement(outside: Outside, zerodha: Zerodha) -> None:
    whole(outside)
    statement = zerodha.statements("key", SESSION).fetch(NOW)
    assert (statement.broker, statement.broker_user, statement.at) == ("zerodha", "TF0001", NOW)
    assert [line.quantity for line in statement.holdings] == [345, 1000, 25]
    assert statement.cash is not None
    assert statement.cash.amount == Decimal("80250.35")
    assert len(statement.positions) == 2
    assert {asked.headers["authorization"] for asked in outside.asked} == {"token key:day-token"}


@pytest.mark.parametrize(
    "path", ["/user/profile", "/portfolio/holdings", "/portfolio/positions", "/user/margins"]
)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failure(403, "TokenException"), Reauth),
        (failure(403, "PermissionException"), Rejected),
        (failure(429, "NetworkException", Retry_After="3"), Retry),
        (failure(500, "GeneralException"), Retry),
        (Reply(502, b"<html>Bad Gateway</html>", "text/html"), Retry),
        (Reply(200, b"<html>", "text/html"), Retry),
        (Reply(200, b'{"status":"success","da'), Retry),
        (Reply(200, b""), Retry),
    ],
)
def test_never_half_a_statement(
    outside: Outside, zerodha: Zerodha, path: str, reply: Reply, kind: type[Exception]
) -> None:
    whole(outside)
    outside.on(path, reply)
    with pytest.raises(kind):
        zerodha.statements("key", SESSION).fetch(NOW)


def test_quotes_in_batches_of_five_hundred(outside: Outside, zerodha: Zerodha) -> None:
    outside.on("/quote", shape("quote.json"))
    wanted = [Listing("NSE", f"S{number}") for number in range(1_100)]
    wanted += [Listing("NSE", "INFY"), Listing("NSE", "INFY", "EQ"), Listing("NSE", "CENTRALBK", "BE")]
    wanted += [Listing("NYSE", "IBM"), Listing("MF", "INF209K01157")]
    found = zerodha.quotes("key", SESSION).quotes(wanted)
    assert [len(asked.query) for asked in outside.asked] == [500, 500, 102]
    assert ("i", "NSE:CENTRALBK-BE") in outside.asked[2].query
    assert set(found) == {
        Listing("NSE", "INFY"),
        Listing("NSE", "INFY", "EQ"),
        Listing("NSE", "CENTRALBK", "BE"),
    }


def test_no_listings_no_call(outside: Outside, zerodha: Zerodha) -> None:
    assert zerodha.quotes("key", SESSION).quotes([]) == {}
    assert outside.asked == []


def test_light_quotes_and_tokens(outside: Outside, zerodha: Zerodha) -> None:
    infy = Listing("NSE", "INFY")
    row = {
        "instrument_token": 408065,
        "last_price": 1560.4,
        "ohlc": {"open": 1, "high": 1, "low": 1, "close": 0},
    }
    for path in ("/quote/ohlc", "/quote/ltp"):
        outside.on(path, success({"NSE:INFY": row}))
    source = zerodha.quotes("key", SESSION)
    assert source.ohlc([infy]) == {infy: (Decimal("1560.4"), None)}
    assert source.ltp([infy]) == {infy: Decimal("1560.4")}
    assert source.tokens([infy]) == {408065: infy}
    source.ltp([Listing("NSE", f"S{number}") for number in range(1_001)])
    assert [len(asked.query) for asked in outside.asked] == [1, 1, 1, 1_000, 1]


def test_the_instruments_file_comes_gzipped(outside: Outside, zerodha: Zerodha) -> None:
    outside.on("/instruments/NSE", zipped((SHAPES / "instruments.csv").read_bytes(), "text/csv"))
    outside.on("/instruments", zipped((SHAPES / "instruments.csv").read_bytes(), "text/csv"))
    assert len(list(zerodha.instruments("key", SESSION, "NSE"))) == 3
    assert len(list(zerodha.instruments("key", SESSION))) == 3


def test_quotes_keep_to_their_limit(outside: Outside) -> None:
    outside.on("/quote", success({}))
    slow = Zerodha({"root_url": outside.url, "quotes_per_second": "0.001"}, MemoryShared())
    infy = [Listing("NSE", "INFY")]
    slow.quotes("key", SESSION).quotes(infy)
    slow.quotes("another key", SESSION).quotes(infy)
    with pytest.raises(Retry, match="waiting"):
        slow.quotes("key", SESSION).quotes(infy)
    assert len(outside.asked) == 2


def test_no_secret_is_logged_or_told(
    outside: Outside, zerodha: Zerodha, caplog: pytest.LogCaptureFixture
) -> None:
    outside.on("/session/token", shape("session.json"), Reply(502, b"", "text/html"))
    with caplog.at_level(logging.DEBUG):
        session = zerodha.exchange(APP, WAY_BACK, NOW)
        with pytest.raises(Retry) as caught:
            zerodha.logout("key", session)
    for hidden in ("day-token", "app-secret", "once"):
        assert hidden not in caplog.text + str(caught.value) + repr(session)


def test_options_are_checked() -> None:
    with pytest.raises(Misuse, match=r"zerodha\.root_url"):
        Zerodha({"root_url": "kite"}, MemoryShared())
    with pytest.raises(Misuse, match=r"zerodha\.colour"):
        Zerodha({"colour": "red"}, MemoryShared())
    with pytest.raises(Misuse, match=r"zerodha\.requests_per_second"):
        Zerodha({"requests_per_second": "0"}, MemoryShared())
    made = BROKERS.of("zerodha")({"login_url": "http://127.0.0.1:7/connect/login"}, MemoryShared())
    assert isinstance(made, RedirectLogin)
    assert made.login_url("key", "state").startswith("http://127.0.0.1:7/connect/login?v=3&api_key=key&")


def test_by_default_it_speaks_to_zerodha() -> None:
    url = Zerodha({}, MemoryShared()).login_url("key", "s")
    assert url.startswith("https://kite.zerodha.com/connect/login?")
