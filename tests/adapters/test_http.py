"""The polite client, over real HTTP."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

import pytest

from tests.adapters.outside import Outside, Reply, zipped
from tunefolio.adapters.http import Answer, Http, HttpConfig, Pace, by_status, is_loopback
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.options import Options
from tunefolio.core.errors import Misuse, Rejected, Retry


def client(outside: Outside, timeout_seconds: float = 5, cap_bytes: int = 1_000) -> Http:
    return Http(HttpConfig("Far", outside.url, timeout_seconds, cap_bytes, {"X-Me": "here"}))


def test_what_is_sent(outside: Outside) -> None:
    outside.on("/a", Reply(body=b"{}", headers={"Set-Cookie": "A3=x; Path=/; Secure"}))
    http = client(outside)
    answer = http.get("/a", params=[("i", "NSE:M&M"), ("i", "b c")], headers={"X-Key": "k"})
    assert (answer.status, answer.content, answer.content_type) == (200, b"{}", "application/json")
    assert answer.cookies == ("A3=x",)
    http.send("POST", "/a", form={"k": "a&b"})
    http.close()
    first, second = outside.asked
    assert first.query == [("i", "NSE:M&M"), ("i", "b c")]
    assert first.headers["x-key"] == "k"
    assert first.headers["x-me"] == "here"
    assert (second.method, second.form) == ("POST", {"k": "a&b"})


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Rejected), (301, Rejected), (404, Rejected), (429, Retry), (500, Retry), (503, Retry)],
)
def test_a_status_says_what_to_do(outside: Outside, status: int, error: type[Exception]) -> None:
    outside.on("/a", Reply(status, b"x", headers={"Retry-After": "7"}))
    http = client(outside)
    with pytest.raises(error) as caught:
        http.get("/a")
    http.close()
    if isinstance(caught.value, Retry):
        assert caught.value.after == timedelta(seconds=7)
    if isinstance(caught.value, Rejected):
        assert caught.value.code == f"http_{status}"


def test_retry_after_as_a_date_counts_from_the_answers_own_clock() -> None:
    headers = {"date": "Sat, 21 Nov 2026 10:00:00 GMT", "retry-after": "Sat, 21 Nov 2026 10:02:00 GMT"}
    assert Answer(429, headers, b"").retry_after == timedelta(minutes=2)
    assert Answer(429, {"retry-after": "soon"}, b"").retry_after is None
    assert Answer(429, {}, b"").retry_after is None


def test_nobody_there_is_retry(outside: Outside) -> None:
    http = Http(HttpConfig("Far", "http://127.0.0.1:9"))
    with pytest.raises(Retry, match="Far: no answer"):
        http.get("/")
    http.close()


def test_a_torn_body_is_retry(outside: Outside) -> None:
    outside.on("/a", Reply(body=b"{", torn=True))
    http = client(outside, timeout_seconds=0.3)
    with pytest.raises(Retry):
        http.get("/a")
    http.close()


def test_a_bad_encoding_is_retry(outside: Outside) -> None:
    outside.on("/a", Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}))
    http = client(outside)
    with pytest.raises(Retry):
        http.get("/a")
    http.close()


def test_the_cap_holds_after_decompression(outside: Outside) -> None:
    outside.on("/a", zipped(b"0" * 5_000_000, "text/csv"))
    http = client(outside)
    with pytest.raises(Rejected, match="larger than") as caught:
        http.get("/a")
    assert caught.value.code == "too_large"
    http.close()


def test_no_url_or_header_reaches_the_log(outside: Outside, caplog: pytest.LogCaptureFixture) -> None:
    outside.on("/a", Reply(502, b""), Reply(502, b""), Reply(body=b"{}"))
    http = client(outside)
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            with pytest.raises(Retry):
                http.get("/a", params=[("token", "hush-hush")], headers={"Authorization": "hush-hush"})
        http.get("/a", params=[("token", "hush-hush")], headers={"Authorization": "hush-hush"})
    http.close()
    assert "hush-hush" not in caplog.text
    assert [record.message for record in caplog.records if record.name.startswith("tunefolio")] == [
        "outside.away",
        "outside.back",
    ]


@pytest.mark.parametrize("per_second", [0.5, 1, 2, 3, 10, 25])
def test_no_second_has_more_calls_than_are_allowed(per_second: float) -> None:
    pace = Pace(MemoryShared(lambda: 0.0), "ours", per_second)
    moments = [pace.reserve() for _ in range(60) if per_second > 1] or [pace.reserve() for _ in range(20)]
    for start in moments:
        assert sum(start <= moment < start + 1 for moment in moments) <= max(1, per_second)
    assert len(moments) / moments[-1] > per_second * 0.85, "and not many fewer"


def test_who_would_wait_too_long_is_refused() -> None:
    slow = Pace(MemoryShared(), "ours", 0.5, longest_wait_seconds=1)
    assert slow.reserve() == 0
    with pytest.raises(Retry) as caught:
        slow.reserve()
    assert caught.value.after is not None
    assert caught.value.after > timedelta(seconds=1)
    with pytest.raises(Retry, match="waiting already"):
        slow.reserve()


def test_calls_keep_their_distance_where_they_arrive(outside: Outside) -> None:
    """The slow one may have arrived at its end: the next leaves a whole interval after that, no sooner."""
    outside.on("/slow", Reply(body=b"{}", delay=0.3))
    outside.on("/a", Reply(body=b"{}"))
    http, pace = client(outside), Pace(MemoryShared(), "ours", 2)
    http.get("/slow", pace=pace)
    answered = time.monotonic()
    http.get("/a", pace=pace)
    http.close()
    assert time.monotonic() - answered >= 0.49, "by its departure it would be 0.23"


def test_two_processes_share_the_pace_of_one_name() -> None:
    shared = MemoryShared()
    one, other, another = (Pace(shared, name, 2) for name in ("ours", "ours", "theirs"))
    assert one.reserve() == 0
    assert other.reserve() > 0
    assert another.reserve() == 0


def test_threads_share_one_pace(outside: Outside) -> None:
    outside.on("/a", Reply(body=b"{}"))
    http, pace = client(outside), Pace(MemoryShared(), "ours", 10)
    began = time.monotonic()
    threads = [threading.Thread(target=http.get, args=("/a",), kwargs={"pace": pace}) for _ in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    http.close()
    assert len(outside.asked) == 14
    assert time.monotonic() - began >= 0.35


def test_by_status_lets_good_answers_pass() -> None:
    assert by_status(Answer(204, {}, b"")) is None


def test_loopback() -> None:
    assert is_loopback("http://127.0.0.1:80")
    assert is_loopback("ws://localhost/x")
    assert not is_loopback("https://api.kite.trade")


def test_options_name_the_wrong_one() -> None:
    with pytest.raises(Misuse, match=r"far\.colour: no such option"):
        Options("far", {"colour": "red"}, {"url"})
    options = Options(
        "far", {"url": "ftp://x", "rate": "-1", "port": "http://h:99999"}, {"url", "rate", "port"}
    )
    for bad in ("url", "port"):
        with pytest.raises(Misuse, match=rf"far\.{bad}"):
            options.url(bad, "")
    with pytest.raises(Misuse, match=r"far\.rate"):
        options.above_zero("rate", 1)
    assert options.above_zero("other", 2.5) == 2.5
    assert Options("far", {"url": "http://h:1/ "}, {"url"}).url("url", "") == "http://h:1"
