"""A deadline on the wire, under TLS: in the handshake, in the headers, not for who answers in time."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tunefolio.adapters.deadlines import Deadline

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """One connection after the other, each answered so; the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def client(papers: Path, deadline: Deadline) -> httpx2.Client:
    made = httpx2.Client(verify=ssl.create_default_context(cafile=str(papers)), timeout=5, trust_env=False)
    deadline.watch(made)
    return made


def secured(papers: Path, then: Callable[[ssl.SSLSocket], None]) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as stream:
            stream.recv(4_096)
            then(stream)

    return answer


def test_an_answer_in_time_is_read(papers: Path) -> None:
    deadline = Deadline()
    answer = secured(papers, lambda stream: stream.sendall(HEAD + b"\r\nok"))
    with serving(answer) as port, client(papers, deadline) as https, deadline.within(5):
        assert https.get(f"https://localhost:{port}/").content == b"ok"


def test_headers_that_trickle_end_at_the_deadline(papers: Path) -> None:
    def trickle(stream: ssl.SSLSocket) -> None:
        stream.sendall(HEAD + b"X-Slow: ")
        for _ in range(100):
            stream.sendall(b"y")
            time.sleep(0.05)

    deadline = Deadline()
    began = time.monotonic()
    with (
        serving(secured(papers, trickle)) as port,
        client(papers, deadline) as https,
        deadline.within(0.4),
        pytest.raises(httpx2.TimeoutException),
    ):
        https.get(f"https://localhost:{port}/")
    assert time.monotonic() - began < 4


def test_a_handshake_that_never_ends_ends_at_the_deadline(papers: Path) -> None:
    ended = threading.Event()
    deadline = Deadline()
    began = time.monotonic()

    def stall(_: socket.socket) -> None:
        ended.wait(5)

    with serving(stall) as port, client(papers, deadline) as https:
        with deadline.within(0.3), pytest.raises(httpx2.TimeoutException):
            https.get(f"https://localhost:{port}/")
        ended.set()
    assert time.monotonic() - began < 4


def test_outside_of_a_call_time_outs_are_the_clients_own() -> None:
    deadline = Deadline()
    assert deadline.left(7.0) == 7.0
    assert deadline.left(None) is None
    with deadline.within(3):
        assert deadline.left(1.0) == 1.0
        left = deadline.left(None)
        assert left is not None
        assert 2 < left <= 3
    with deadline.within(-1):
        assert deadline.left(5.0) == 0.001
    assert deadline.left(7.0) == 7.0
