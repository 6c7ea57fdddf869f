"""`tunefolio up` and `tunefolio demo` as processes: they say where they are, answer, and stop when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.nursery import born
from tests.ports import free_port
from tunefolio.bootstrap import serve
from tunefolio.core.errors import Misuse
from tunefolio.settings import Settings


@contextmanager
def serving(home: Path, *words: str, port: int, **given: str) -> Iterator[dict[str, Any]]:
    """What the command announces; at the end it is told to stop and must do so well."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")}
    environ = kept | {"TUNEFOLIO_HOME": str(home), "TUNEFOLIO_PORT": str(port)} | given
    process = subprocess.Popen(
        [sys.executable, "-m", "tunefolio", *words, "--json"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines: list[str] = []
        while line := process.stdout.readline():
            lines.append(line)
            if line.rstrip() == "}":
                break
        assert lines, process.communicate()[1]
        yield json.loads("".join(lines))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        assert process.returncode == 0, err
    finally:
        process.kill()
        process.communicate()


def asked(port: int, path: str) -> tuple[int, bytes]:
    with closing(HTTPConnection("localhost", port, timeout=60)) as caller:
        caller.request("GET", path, headers={"accept": "application/json"})
        answer = caller.getresponse()
        return answer.status, answer.read()


def test_up_serves_an_empty_house_until_it_is_told_to_stop(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "folio", "up", port=port, TUNEFOLIO_DATABASE_URL=database_url) as told:
        assert told["url"] == f"http://localhost:{port}"
        assert told["is_empty"] is True
        status, body = asked(port, "/")
        assert status == 200
        assert json.loads(body)["rehearsal"] is False


def test_demo_serves_a_rehearsal_prints_how_to_sign_in_and_ends_live_streams_first(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "folio", "demo", port=port) as told:
        assert told["email"] == "demo@localhost"
        assert len(told["password"]) == 23
        assert told["home"] == str(tmp_path / "folio-demo")
        status, body = asked(port, "/")
        assert status == 200
        assert json.loads(body)["rehearsal"] is True
        watcher = HTTPConnection("localhost", port, timeout=60)
        cookie = cookie_of(port, told)
        watcher.request("GET", "/live", headers={"cookie": cookie, "accept": "text/event-stream"})
        stream = watcher.getresponse()
        assert stream.status == 200
    stream.read()  # ended well, not cut off: http.client would raise IncompleteRead
    watcher.close()


def cookie_of(port: int, told: dict[str, Any]) -> str:
    """What the browser keeps when the person whom the demo names has signed in."""
    form = urlencode({"email": told["email"], "password": told["password"]})
    origin = f"http://localhost:{port}"
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": origin}
    with closing(HTTPConnection("localhost", port, timeout=60)) as caller:
        caller.request("POST", "/sign-in", form, headers)
        answer = caller.getresponse()
        answer.read()
        return str(answer.headers["set-cookie"]).partition(";")[0]


@pytest.mark.parametrize("word", ["up", "demo"])
def test_a_taken_port_is_one_clear_line(tmp_path: Path, word: str) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")}
        environ = kept | {"TUNEFOLIO_HOME": str(tmp_path / "folio"), "TUNEFOLIO_PORT": str(port)}
        assert born([word], environ, tmp_path / "said").wait(60) == 2
        assert (tmp_path / "said").read_text() == (
            f"tunefolio: TUNEFOLIO_PORT: port {port} on 127.0.0.1 is taken. "
            f"Stop the other program, or choose another port: TUNEFOLIO_PORT={port + 1}\n"
        )
        with pytest.raises(Misuse, match="is taken"):
            serve.must_be_free(Settings.from_env({"TUNEFOLIO_PORT": str(port)}))
    assert not (tmp_path / "folio").exists()
