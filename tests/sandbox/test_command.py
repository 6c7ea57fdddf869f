"""`tunefolio sandbox`: a rehearsal ground that says how a house is told of it, and ends when told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.sources import brokers_of, sources_of
from tunefolio.cli import Exit, main
from tunefolio.ledger.brokers import RedirectLogin
from tunefolio.settings import Settings


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The command in a process of its own, and what it printed."""
    environ = dict(os.environ) | {"TUNEFOLIO_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "tunefolio", "sandbox", "--port", "0", "--seed", "7", "--json"]
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            printed = ""
            while not printed.endswith("\n}\n"):
                printed += process.stdout.readline()
            yield process, json.loads(printed)
        finally:
            process.kill()


def test_it_serves_until_it_is_told_to_stop(running: tuple[subprocess.Popen[str], dict[str, Any]]) -> None:
    process, told = running
    state = httpx2.get(f"{told['addresses']['control']}/state").json()
    assert {face["address"] for face in state["faces"]} == set(told["addresses"].values()) - {
        told["addresses"]["control"]
    }
    assert state["clock"]["is_open"], "it trades at any hour"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == Exit.OK
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(told["addresses"]["control"])


def test_a_house_takes_the_environment_that_it_prints(
    running: tuple[subprocess.Popen[str], dict[str, Any]], tmp_path: Path
) -> None:
    _, told = running
    settings = Settings.from_env(
        {"TUNEFOLIO_HOME": str(tmp_path), **told["environment"]}, families=adapters.families()
    )
    adapters.load()
    brokers = brokers_of(settings, MemoryShared())
    assert {"zerodha", "angelone", "kotakneo"} <= set(brokers)
    login = brokers["zerodha"]
    assert isinstance(login, RedirectLogin)
    address = login.login_url(told["environment"]["TUNEFOLIO_ZERODHA_API_KEY"], "state")
    assert "REHEARSAL" in httpx2.get(address).text
    assert len(sources_of(settings, Gates(MemoryShared())).all) > 5


def test_a_taken_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["sandbox", "--port", str(port)]) == Exit.USAGE
    told = capsys.readouterr().err
    assert told.startswith("tunefolio: --port: ")
    assert str(port) in told


@pytest.mark.parametrize("words", [("--latency", "90"), ("--redirect", "home"), ("--postback", "x")])
def test_a_wrong_word_is_refused(words: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "--port", "0", *words]) == Exit.USAGE
    assert capsys.readouterr().err.startswith("tunefolio: ")
