"""Mail, webhooks and Telegram against real servers of this process."""

from __future__ import annotations

import hashlib
import hmac
import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.testclient import TestClient

from tunefolio.adapters.notify.mail import Mail
from tunefolio.adapters.notify.telegram import Telegram, text_of
from tunefolio.adapters.notify.webhook import Webhook, is_public
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.identity import PersonId
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.faults import Faults
from tunefolio.sandbox.serve import SandboxConfig, market_of
from tunefolio.sandbox.world.app import world_app

AT = Instant.parse("2026-11-20T10:30:00+05:30")
NOTICE = Notice(
    PersonId(1),
    Urgency.INFO,
    "INFY <b>& co</b>\nBcc: x@y.z",
    "at 1,500 & more",
    AT,
    "https://a.b/c",
    "alert:7:1",
)
KEY = "a secret of sixteen"


# ── a mail server ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Post:
    """What an SMTP server took. answers: what it says to a command instead of 250."""

    port: int = 0
    letters: list[bytes] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)


@contextmanager
def post_office(**answers: str) -> Iterator[Post]:
    post = Post(answers=answers)

    class Talk(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self.say("220 post.example.org")
            while line := self.rfile.readline():
                word = line.split()[0].upper().decode() if line.split() else ""
                if word == "DATA" and word not in post.answers:
                    self.say("354 go on")
                    letter = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        letter += part
                    post.letters.append(letter)
                    self.say(post.answers.get("END", "250 taken"))
                else:
                    self.say(post.answers.get(word, "221 bye" if word == "QUIT" else "250 ok"))
                if word == "QUIT":
                    return

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)) as port:
        post.port = port
        yield post


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[int]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def mail(post: Post, user: str = "") -> Mail:
    return Mail(Secret(f"smtp://{user}127.0.0.1:{post.port}"), "folio@example.org", "folio.example.org")


def test_a_letter_arrives_whole_and_is_the_same_when_sent_again() -> None:
    with post_office() as post:
        for _ in range(2):
            mail(post).notify(NOTICE, Secret("asha@example.org"))
    first, second = (message_from_bytes(letter, policy=policy.default) for letter in post.letters)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["To"] == "asha@example.org"
    assert first["Subject"] == "INFY <b>& co</b> Bcc: x@y.z"
    assert first["Bcc"] is None
    assert "https://a.b/c" in first.get_content()
    assert first["Date"].datetime == AT.utc


def test_another_event_has_another_message_id() -> None:
    box = Mail(Secret("smtp://localhost"), "folio@example.org", "folio.example.org")
    ids = {box.message(replace(NOTICE, key=key), "a@example.org")["Message-ID"] for key in ("1", "2")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"RCPT": "550 no such box"}, Rejected),
        ({"RCPT": "450 come later"}, Retry),
        ({"MAIL": "421 busy"}, Retry),
        ({"END": "554 spam"}, Rejected),
    ],
)
def test_what_the_server_says_decides(answers: dict[str, str], error: type[Exception]) -> None:
    with post_office(**answers) as post, pytest.raises(error):
        mail(post).notify(NOTICE, Secret("asha@example.org"))


def test_a_server_that_is_away_is_tried_again() -> None:
    with pytest.raises(Retry):
        mail(Post(port=9)).notify(NOTICE, Secret("asha@example.org"))


# ── web receivers ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Calls:
    """What a web server was sent, and what it answers, in order; the last answer stands."""

    port: int = 0
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    seen: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def receiver(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[Calls]:
    calls = Calls(answers=list(answers) or [(200, {}, b"{}")])

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            calls.seen.append((self.path, dict(self.headers), body))
            status, headers, content = calls.answers[min(len(calls.seen), len(calls.answers)) - 1]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Hook)) as port:
        calls.port = port
        yield calls


def test_a_hook_gets_signed_json_with_the_events_key() -> None:
    hook = Webhook(allow_private=True)
    with receiver() as calls:
        hook.notify(NOTICE, Secret(hook.fit(f"{calls.url}/a?b=c {KEY}")))
    path, headers, body = calls.seen[0]
    assert path == "/a?b=c"
    stamp = headers["X-TuneFolio-Timestamp"].encode()
    digest = hmac.new(KEY.encode(), stamp + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-TuneFolio-Signature"] == f"sha256={digest}"
    assert headers["Idempotency-Key"] == "alert:7:1"
    assert headers["Host"] == f"127.0.0.1:{calls.port}"
    assert json.loads(body)["event"] == "alert:7:1"


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (410, Rejected), (302, Rejected), (429, Retry), (503, Retry)]
)
def test_what_the_receiver_answers_decides(status: int, error: type[Exception]) -> None:
    with receiver((status, {"Retry-After": "7", "Location": "http://127.0.0.1:1/"}, b"")) as calls:
        with pytest.raises(error) as told:
            Webhook(allow_private=True).notify(NOTICE, Secret(f"{calls.url}/ {KEY}"))
        assert len(calls.seen) == 1, "no redirect is followed"
    if isinstance(told.value, Retry):
        assert told.value.after == timedelta(seconds=7)


def test_an_own_network_is_refused_before_anything_is_sent() -> None:
    with receiver() as calls:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(Rejected, match="private"):
                Webhook().notify(NOTICE, Secret(f"http://{host}:{calls.port}/ {KEY}"))
    assert calls.seen == []


@pytest.mark.parametrize(
    "target",
    [
        "http://example.org/ ",
        "https://127.0.0.1/ ",
        "https://[::1]/ ",
        "https://[::ffff:10.0.0.1]/ ",
        "https://169.254.169.254/latest ",
        "https://localhost/ ",
        "https://printer.local/ ",
        "https://user:pass@example.org/ ",
        "ftp://example.org/ ",
        "https:// ",
        "not an address ",
        "https://example.org:99999999/ ",
    ],
)
def test_an_address_that_can_never_be_right_is_refused_at_once(target: str) -> None:
    with pytest.raises(Misuse):
        Webhook().fit(target + KEY)


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(Misuse, match="16"):
        Webhook().fit("https://example.org/hook short")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("::ffff:127.0.0.1", False),
    ],
)
def test_public_is_public(address: str, expected: bool) -> None:
    assert is_public(address) is expected


def test_hints_show_too_little_to_use() -> None:
    assert "secret" not in Webhook().hint(f"https://example.org/services/T0/abcdef {KEY}")
    assert "T0" not in Webhook().hint(f"https://example.org/services/T0/abcdef {KEY}")
    assert mail(Post(port=1)).hint("asha@example.org") == "a…@example.org"


# ── Telegram ──────────────────────────────────────────────────────────────────────────────────────


def test_a_message_is_plain_words_in_safe_markup() -> None:
    with receiver((200, {}, b'{"ok":true}')) as calls:
        Telegram(Secret("123:abc"), calls.url).notify(NOTICE, Secret("42"))
    path, _, body = calls.seen[0]
    form = parse_qs(body.decode())
    assert path == "/bot123:abc/sendMessage"
    assert form["chat_id"] == ["42"]
    assert form["text"][0].startswith("<b>INFY &lt;b&gt;&amp; co&lt;/b&gt;")


def test_telegram_says_how_long_to_wait(caplog: pytest.LogCaptureFixture) -> None:
    busy = b'{"ok":false,"error_code":429,"parameters":{"retry_after":11}}'
    with receiver((429, {}, busy)) as calls, pytest.raises(Retry) as told:
        Telegram(Secret("123:abc"), calls.url).notify(NOTICE, Secret("42"))
    assert told.value.after == timedelta(seconds=11)
    assert "123:abc" not in caplog.text + str(told.value)


@pytest.mark.parametrize(
    ("status", "error"), [(403, Rejected), (400, Rejected), (401, Rejected), (502, Retry)]
)
def test_what_telegram_answers_decides(status: int, error: type[Exception]) -> None:
    with receiver((status, {}, b'{"ok":false}')) as calls, pytest.raises(error):
        Telegram(Secret("123:abc"), calls.url).notify(NOTICE, Secret("42"))


@pytest.mark.parametrize("text", ["", "@asha", "12a", "1" * 30])
def test_a_chat_is_a_number(text: str) -> None:
    with pytest.raises(Misuse):
        Telegram(Secret("123:abc")).fit(text)


def test_the_rehearsal_takes_what_is_sent() -> None:
    """The face of the sandbox understands the very markup that is sent."""
    app = AppKeys("key", Secret("secret"))
    config = SandboxConfig(app, "http://localhost/back", clock=FixedClock(AT))
    client = TestClient(world_app(market_of(config), config.clock, Faults()))
    form = {"chat_id": "42", "text": text_of(NOTICE), "parse_mode": "HTML"}
    assert client.post("/telegram/bot1:a/sendMessage", data=form).json()["ok"] is True
    (message,) = client.get("/telegram/__arrived__").json()["messages"]
    assert message["text"].startswith("INFY &lt;b&gt;")
    broken = form | {"text": "a < b"}
    assert client.post("/telegram/bot1:a/sendMessage", data=broken).status_code == 400
