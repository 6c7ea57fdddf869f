"""Failures on demand happen as planned, as often as planned, where planned."""

from __future__ import annotations

import time

import httpx2
import pytest

from tunefolio.core.errors import Misuse
from tunefolio.sandbox.faults import FaultKind, Faults
from tunefolio.sandbox.serve import Sandbox


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("503", 503)])
def test_refusals_come_in_the_brokers_envelope(
    kite: httpx2.Client, sandbox: Sandbox, kind: str, status: int
) -> None:
    sandbox.kite_faults.plan(kind, path="/portfolio", times=2)
    assert kite.get("/user/profile").status_code == 200
    answers = [kite.get("/portfolio/holdings") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].json()["error_type"] == "NetworkException"


def test_a_gateway_answers_in_html(kite: httpx2.Client, sandbox: Sandbox) -> None:
    sandbox.kite_faults.plan(FaultKind.BAD_GATEWAY)
    answer = kite.get("/portfolio/holdings")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")


def test_answers_are_cut_short(kite: httpx2.Client, sandbox: Sandbox) -> None:
    whole = kite.get("/user/profile").content
    sandbox.kite_faults.plan("truncated")
    sandbox.kite_faults.plan("empty")
    cut, empty = kite.get("/user/profile"), kite.get("/user/profile")
    assert (cut.status_code, empty.status_code) == (200, 200)
    assert cut.content == whole[: len(whole) // 2]
    assert empty.content == b""
    with pytest.raises(ValueError, match=r"."):
        cut.json()


def test_an_answer_is_late(kite: httpx2.Client, sandbox: Sandbox) -> None:
    sandbox.kite_faults.plan("slow", seconds=0.3)
    started = time.monotonic()
    assert kite.get("/user/profile").status_code == 200
    assert time.monotonic() - started >= 0.3


def test_the_token_dies_in_the_middle(kite: httpx2.Client, sandbox: Sandbox) -> None:
    sandbox.kite_faults.plan("dead_token", path="/portfolio/holdings")
    assert kite.get("/user/profile").status_code == 200
    assert kite.get("/portfolio/holdings").json()["error_type"] == "TokenException"
    assert kite.get("/user/profile").status_code == 403


def test_another_process_plans_over_the_control_path(kite: httpx2.Client) -> None:
    made = kite.post("/__rehearsal__/faults", json={"kind": "503", "path": "/orders", "times": 2})
    assert made.status_code == 201
    assert kite.get("/orders").status_code == 503
    assert kite.get("/__rehearsal__/faults").json() == [
        {"kind": "503", "path": "/orders", "times": 1, "seconds": 2.0, "retry_after": None}
    ]
    assert kite.delete("/__rehearsal__/faults").status_code == 204
    assert kite.get("/orders").status_code == 200
    for wrong in ({"kind": "rain"}, {"kind": "503", "colour": "red"}, {"kind": "503", "times": 0}):
        assert kite.post("/__rehearsal__/faults", json=wrong).status_code == 400
    assert kite.delete("/__rehearsal__/sessions").status_code == 204
    assert kite.get("/orders").status_code == 403


def test_plans_are_used_up_in_order() -> None:
    faults = Faults()
    faults.plan("429", path="/a")
    faults.plan("503", path="/", times=2)
    taken = [faults.take(path) for path in ("/b", "/a/c", "/a", "/a")]
    assert [None if one is None else one.kind for one in taken] == ["503", "429", "503", None]
    with pytest.raises(Misuse, match="slash"):
        faults.plan("429", path="a")
    with pytest.raises(Misuse, match="delay"):
        faults.plan("slow", seconds=1e9)
