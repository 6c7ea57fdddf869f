"""Logs: one line an event, with its ids and without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from tunefolio import telemetry
from tunefolio.core.secret import Secret
from tunefolio.telemetry import LogFormat, Presence, masked, tagged

log = logging.getLogger("tunefolio.services.example")


@pytest.fixture
def root() -> Iterator[None]:
    """Puts the process's logging back as it was."""
    logger = logging.getLogger()
    before, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = before
    logger.setLevel(level)


def lines(format: LogFormat) -> io.StringIO:
    stream = io.StringIO()
    telemetry.configure(format, "INFO", stream)
    return stream


@pytest.mark.usefixtures("root")
def test_a_plain_line_has_level_room_message_and_fields() -> None:
    stream = lines(LogFormat.PLAIN)
    with tagged(job=12):
        log.info("job done", extra={"kind": "sync", "problem": "two words"})
    log.debug("not shown")
    text = stream.getvalue()
    assert text[2] == text[5] == ":"
    assert text[9:] == "INFO    services.example: job done job=12 kind=sync problem='two words'\n"


@pytest.mark.usefixtures("root")
def test_a_json_line_is_one_object_with_typed_fields_and_the_trace() -> None:
    stream = lines(LogFormat.JSON)
    with tagged(request="r-1"), tagged(job=7):
        try:
            raise ValueError("bad")
        except ValueError:
            log.exception("job broke", extra={"attempt": 2, "kept": None})
    [line] = stream.getvalue().splitlines()
    seen = json.loads(line)
    assert (seen["level"], seen["logger"], seen["message"]) == ("error", log.name, "job broke")
    assert (seen["request"], seen["job"], seen["attempt"], seen["kept"]) == ("r-1", "7", 2, None)
    assert seen["trace"].endswith("ValueError: bad")
    assert seen["at"].endswith("+00:00")


def test_ids_end_with_their_context() -> None:
    with tagged(request="a"):
        with tagged(job=1):
            assert telemetry.tags() == {"request": "a", "job": "1"}
        assert telemetry.tags() == {"request": "a"}
    assert telemetry.tags() == {}


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: token kite123:AbCdEf123456", "AbCdEf123456"),
        ("authorization='Bearer abcdef.ghijkl'", "abcdef"),
        ("GET /?request_token=Zx81kLmN&action=login", "Zx81kLmN"),
        ('{"access_token": "s3cr3tvalue", "user": 1}', "s3cr3tvalue"),
        ("{'api_secret': 's3cr3tvalue'}", "s3cr3tvalue"),
        ("checksum=0f3a9b17cc", "0f3a9b17cc"),
        ("password=correcthorse", "correcthorse"),
        ("postgresql://folio:pa55word@db/folio", "pa55word"),
        ("Set-Cookie: __Host-tunefolio=abc123def456; Path=/", "abc123def456"),
        ("hash $argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$hash", "c29tZXNhbHQ"),
        ("tf_pat_0123456789abcdefghij", "0123456789abcdefghij"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJzdWIi"),
    ],
)
def test_known_shapes_of_secrets_are_masked(text: str, hidden: str) -> None:
    assert hidden not in masked(text)
    assert Secret.MASK in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "3 of 7 imported",
        "instrument_token 408065",
        "state queued",
        "the token has expired",
        "code 200",
        "pin",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert masked(text) == text


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("format", list(LogFormat))
def test_secrets_in_messages_fields_and_traces_never_reach_a_line(format: LogFormat) -> None:
    stream = lines(format)
    held = Secret("0riginal-value")
    try:
        raise ValueError("access_token=tr4cedvalue")
    except ValueError:
        log.exception(
            "login with %s api_secret=%s", held, "m3ssagevalue", extra={"password": "f1eldvalue", "who": held}
        )
    text = stream.getvalue()
    for hidden in ("0riginal-value", "tr4cedvalue", "m3ssagevalue", "f1eldvalue"):
        assert hidden not in text


def test_what_is_away_is_told_once_and_its_return_once(caplog: pytest.LogCaptureFixture) -> None:
    broker = Presence(log, "Kite")
    with caplog.at_level(logging.INFO):
        broker.back()
        for _ in range(3):
            broker.gone("502")
        for _ in range(3):
            broker.back()
        broker.gone("429")
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [
        ("WARNING", "Kite is gone: 502"),
        ("INFO", "Kite is back"),
        ("WARNING", "Kite is gone: 429"),
    ]
