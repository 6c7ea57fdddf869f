"""One suite per port, run over every adapter that registers itself."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Mapping

import pytest

import tunefolio.adapters as adapters
from tests.adapters.outside import Outside, Reply
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry, TunefolioError
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import BROKERS, AppKeys, BrokerMaker, BrokerSession
from tunefolio.ledger.files import FORMATS, FileFormat
from tunefolio.market.instruments import Listing

for _module in pkgutil.walk_packages(adapters.__path__, "tunefolio.adapters."):
    if ".brokers" in _module.name or ".prices" in _module.name:
        importlib.import_module(_module.name)


NOW = Instant.parse("2026-11-20T10:00:00+05:30")
SESSION = BrokerSession("TF0001", "Asha", Secret("hush-token"), NOW)
INFY = Listing("NSE", "INFY")

brokers = pytest.mark.parametrize(("name", "make"), list(BROKERS), ids=BROKERS.names())
OURS = [(name, form) for name, form in FORMATS if type(form).__module__.startswith("tunefolio.")]
formats = pytest.mark.parametrize(("name", "form"), OURS, ids=[name for name, _ in OURS])

REPLIES: dict[str, tuple[Reply, tuple[type[TunefolioError], ...]]] = {
    "a 429": (Reply(429, b"slow down", "text/plain", {"Retry-After": "5"}), (Retry,)),
    "a 500": (Reply(500, b""), (Retry,)),
    "a 502 page": (Reply(502, b"<html>Bad Gateway</html>", "text/html"), (Retry,)),
    "a 403 page": (Reply(403, b"<html>no</html>", "text/html"), (Rejected, Reauth)),
    "torn JSON": (Reply(200, b'{"status":"success","data":{"a'), (Retry,)),
    "an empty body": (Reply(200, b""), (Retry,)),
    "a list": (Reply(200, b"[]"), (Rejected,)),
}
replies = pytest.mark.parametrize("reply", REPLIES)


class Everywhere(Outside):
    """Answers every path alike."""

    def __init__(self, same: Reply) -> None:
        super().__init__()
        self._same = same

    def reply(self, path: str) -> Reply:
        return self._same


def test_something_is_registered() -> None:
    assert "zerodha" in BROKERS
    assert [name for name, _ in OURS] == [
        "kite_holdings_csv",
        "zerodha_holdings_xlsx",
        "zerodha_tradebook_csv",
        "zerodha_tradebook_xlsx",
    ]


@brokers
def test_a_broker_knows_its_name(name: str, make: BrokerMaker) -> None:
    broker = make({})
    assert broker.name == name
    assert broker.title


@brokers
def test_a_broker_refuses_options_it_does_not_have(name: str, make: BrokerMaker) -> None:
    for wrong in ({"no_such_option": "1"}, {"root_url": "not an address"}):
        with pytest.raises(Misuse, match=name):
            make(wrong)


@brokers
def test_a_login_page_carries_key_and_state(name: str, make: BrokerMaker) -> None:
    url = make({}).login_url("some-key", "some-state")
    assert url.startswith("https://")
    assert "some-key" in url
    assert "some-state" in url


@brokers
@pytest.mark.parametrize("answer", [{}, {"status": "success"}, {"error": "denied"}])
def test_a_way_back_without_proof_makes_no_session(
    name: str, make: BrokerMaker, answer: Mapping[str, str]
) -> None:
    with pytest.raises((Rejected, Misuse)):
        make({"root_url": "http://127.0.0.1:9"}).exchange(AppKeys("k", Secret("s")), answer, NOW)


@brokers
@replies
def test_a_broker_raises_only_what_the_port_allows(name: str, make: BrokerMaker, reply: str) -> None:
    same, kinds = REPLIES[reply]
    outside = Everywhere(same)
    outside.start()
    try:
        broker = make({"root_url": outside.url})
        for call in (
            lambda: broker.statements("key", SESSION).fetch(NOW),
            lambda: broker.quotes("key", SESSION).quotes([INFY]),
        ):
            with pytest.raises(kinds) as caught:
                call()
            assert "hush-token" not in str(caught.value)
    finally:
        outside.stop()


@brokers
def test_a_broker_that_is_away_is_retry(name: str, make: BrokerMaker) -> None:
    broker = make({"root_url": "http://127.0.0.1:9"})
    for call in (
        lambda: broker.statements("key", SESSION).fetch(NOW),
        lambda: broker.quotes("key", SESSION).quotes([INFY]),
    ):
        with pytest.raises(Retry):
            call()


@brokers
def test_nothing_asked_nothing_answered(name: str, make: BrokerMaker) -> None:
    source = make({"root_url": "http://127.0.0.1:9"}).quotes("key", SESSION)
    assert source.quotes([]) == {}
    assert source.quotes([Listing("NASDAQ", "AAPL")]) == {}
    assert source.name == name


@formats
def test_a_format_knows_its_name(name: str, form: FileFormat) -> None:
    assert form.name == name
    assert form.title


@formats
@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"hello", b"a,b\n1,2\n", b"PK\x03\x04", b"\xff\xfe\x00", b"\x00" * 100, b"%PDF-1.7"],
)
def test_a_format_refuses_what_it_is_not(name: str, form: FileFormat, content: bytes) -> None:
    """One format claims a ruined workbook, so that its refusal says what is wrong with it."""
    claims_ruins = name == "zerodha_tradebook_xlsx" and content.startswith(b"PK")
    assert form.recognises("file", content) is claims_ruins
    with pytest.raises(Misuse) as caught:
        form.parse(content, hashlib.sha256(content).hexdigest())
    assert caught.value.field == "file"
