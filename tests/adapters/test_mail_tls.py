"""Mail through encryption, against a real server with a certificate of the test's own making."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tunefolio.adapters.notify.mail import Mail
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import PersonId
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant

AT = Instant.parse("2026-11-20T10:30:00+05:30")
NOTICE = Notice(PersonId(1), Urgency.INFO, "INFY above 1,500", "at 1,512", AT, "/alerts", "alert:7:1")
ASHA = Secret("asha@example.org")
A_DAY = dt.timedelta(days=1)


def certificate(folder: Path, host: str, *, days_old: int = 1, days_left: int = 1) -> Path:
    """A certificate that vouches for itself, with its key, in one file."""
    now = dt.datetime.now(dt.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    named = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - days_old * A_DAY)
        .not_valid_after(now + days_left * A_DAY)
        .add_extension(x509.SubjectAlternativeName([named]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@dataclass
class Post:
    """What a mail server heard: each command with whether it was encrypted, letters, and who logged in.

    offers: whether it knows STARTTLS; at_once: whether it is encrypted from the first byte.
    """

    context: ssl.SSLContext
    offers: bool = True
    at_once: bool = False
    port: int = 0
    heard: list[tuple[str, bool]] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    def encrypted(self, word: str) -> list[bool]:
        return [is_encrypted for said, is_encrypted in self.heard if said == word]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    post: Post

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up in the middle of a handshake is what some tests are about."""


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.post = self.server.post
        with suppress(OSError):
            if self.post.at_once:
                self._encrypt()
            self._say("220 post.example.org")
            while line := self.rfile.readline():
                if not self._answer(line.decode().strip()):
                    return

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.request.close()

    def _answer(self, line: str) -> bool:
        """Whether the talk goes on."""
        word, _, rest = line.partition(" ")
        self.post.heard.append((word.upper(), isinstance(self.request, ssl.SSLSocket)))
        match word.upper():
            case "EHLO":
                offers = self.post.offers and not isinstance(self.request, ssl.SSLSocket)
                self._say(*["250-post", *(["250-STARTTLS"] if offers else []), "250 AUTH PLAIN"])
            case "STARTTLS":
                self._say("220 go ahead")
                self._encrypt()
            case "AUTH":
                self.post.logins.append(
                    base64.b64decode(rest.split()[-1]).decode().replace("\0", " ").strip()
                )
                self._say("235 welcome")
            case "DATA":
                self._say("354 go on")
                self.post.letters.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                self._say("250 taken")
            case "QUIT":
                self._say("221 bye")
                return False
            case _:
                self._say("250 ok")
        return True

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _encrypt(self) -> None:
        self.request = self.post.context.wrap_socket(self.request, server_side=True)
        self.rfile.close()
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", buffering=0)


@contextmanager
def post_office(
    shown: Path, *, offers: bool = True, at_once: bool = False, address: str = "127.0.0.1"
) -> Iterator[Post]:
    """A mail server of this process that shows that certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown)
    server = _Server((address, 0), _Talk)
    server.post = Post(context, offers, at_once, server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.post
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate for this machine, which this machine trusts."""
    made = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    return made


def send(post: Post, scheme: str, user: str = "", host: str = "127.0.0.1") -> None:
    url = Secret(f"{scheme}://{user}{host}:{post.port}")
    Mail(url, "folio@example.org", "folio.example.org").notify(NOTICE, ASHA)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_letter_and_password_go_encrypted(ours: Path, scheme: str) -> None:
    """With smtp:// after STARTTLS, with smtps:// from the first byte."""
    with post_office(ours, at_once=scheme == "smtps") as post:
        send(post, scheme, "folio%40example.org:p%3Ass%20word@")
    assert post.logins == ["folio@example.org p:ss word"]
    assert len(post.letters) == 1
    for word in ("AUTH", "MAIL", "RCPT", "DATA"):
        assert post.encrypted(word) == [True], word


def test_what_the_server_offered_before_the_encryption_is_asked_anew(ours: Path) -> None:
    """Somebody between the two could have put in anything until then."""
    with post_office(ours) as post:
        send(post, "smtp")
    assert post.encrypted("EHLO") == [False, True]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize(
    ("host", "words"),
    [("post.example.org", "IP address mismatch"), ("127.0.0.1", "signed certificate")],
    ids=["another's name", "nobody vouches for it"],
)
def test_a_certificate_that_is_not_trusted_stops_before_anything_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str, words: str
) -> None:
    shown = certificate(tmp_path, host)
    if host != "127.0.0.1":
        monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    with post_office(shown, at_once=scheme == "smtps") as post, pytest.raises(Retry) as caught:
        send(post, scheme, "folio:secret@")
    assert "the server's certificate is not trusted" in caught.value.reason
    assert words in caught.value.reason
    assert "secret" not in caught.value.reason
    assert (post.logins, post.letters) == ([], [])


def test_a_certificate_that_has_run_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = certificate(tmp_path, "127.0.0.1", days_old=3, days_left=-1)
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    with post_office(shown) as post, pytest.raises(Retry, match="certificate has expired"):
        send(post, "smtp")
    assert post.letters == []


def test_a_server_without_encryption_at_the_door_for_it_is_named(ours: Path) -> None:
    """smtps:// with the port of smtp://."""
    with post_office(ours) as post, pytest.raises(Retry, match="speaks no TLS"):
        send(post, "smtps", "folio:secret@")
    assert post.letters == []


def test_a_password_is_never_sent_to_another_machine_unencrypted(ours: Path) -> None:
    """Neither where a server offers no STARTTLS, nor where somebody before it hides the offer. 127.0.0.2
    is this machine under an address that is not known to be it."""
    with post_office(ours, offers=False, address="127.0.0.2") as post:
        with pytest.raises(Rejected, match="no encryption"):
            send(post, "smtp", "folio:secret@", host="127.0.0.2")
        assert (post.logins, post.letters) == ([], [])
    with post_office(ours, offers=False) as post:
        send(post, "smtp", "folio:secret@")
    assert post.logins == ["folio secret"]
