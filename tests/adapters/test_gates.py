"""How sources are asked: gates of two processes over one memory, and real servers that refuse and stall."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.gates import Gate, Gates, Manners
from tunefolio.adapters.http import Answer, Http, HttpConfig, Judge, by_refusal, by_status
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.redis import RedisShared
from tunefolio.core.errors import Rejected, Retry

QUICK = Manners(per_second=1_000, burst=1_000, rest=timedelta(seconds=60))


class Time:
    """Seconds that pass only when a test says so, or when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        self.meanwhile: Callable[[], None] | None = None

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        if self.meanwhile is not None:
            self.meanwhile()

    def wait(self, **span: float) -> None:
        self.seconds += timedelta(**span).total_seconds()


class House:
    """Some processes that share one memory and one time; a wall clock of its own for each."""

    def __init__(self) -> None:
        self.time = Time()
        self.shared = MemoryShared(self.time.now)
        self.opened: list[Gate] = []

    def process(
        self, url: str, manners: Manners = QUICK, judge: Judge = by_refusal, wall_ahead: float = 0
    ) -> Gate:
        gates = Gates(
            self.shared, self.time.sleep, random.Random(7), wall=lambda: 1e9 + self.time.seconds + wall_ahead
        )
        gate = gates.gate("far", url, manners, judge=judge, timeout_seconds=5, cap_bytes=1_000_000)
        self.opened.append(gate)
        return gate


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    for gate in made.opened:
        gate.close()


@contextmanager
def refusing(words: str = "") -> Iterator[pytest.ExceptionInfo[Retry]]:
    with pytest.raises(Retry, match=words or None) as caught:
        yield caught


# Rest ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 418, 429])
def test_a_refusal_lets_the_source_rest_in_every_process(house: House, outside: Outside, status: int) -> None:
    outside.on("/a", Reply(status), Reply(body=b"ok"))
    one, two = house.process(outside.url), house.process(outside.url)
    with refusing() as first:
        one.get("/a")
    assert first.value.after == timedelta(seconds=60)
    for gate in (one, two):
        with refusing("left alone") as later:
            gate.get("/a")
        assert later.value.after == timedelta(seconds=60)
    assert len(outside.asked) == 1
    house.time.wait(seconds=61)
    assert two.get("/a").content == b"ok"
    assert one.standing().resting is None


def test_what_the_source_asks_for_is_kept_but_not_beyond_reason(house: House, outside: Outside) -> None:
    outside.on(
        "/a", Reply(429, headers={"Retry-After": "600"}), Reply(429, headers={"Retry-After": "9" * 12})
    )
    gate = house.process(outside.url)
    with refusing() as caught:
        gate.get("/a")
    assert caught.value.after == timedelta(minutes=10)
    house.time.wait(seconds=601)
    with refusing() as caught:
        gate.get("/a")
    assert caught.value.after == timedelta(days=3)


def test_rests_grow_until_somebody_answers(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(429))
    gate = house.process(outside.url)
    lengths = []
    for _ in range(9):
        with refusing() as caught:
            gate.get("/a")
        assert caught.value.after is not None
        lengths.append(caught.value.after.total_seconds() / 60)
        house.time.wait(hours=3)
    assert lengths == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    outside.on("/a", Reply(body=b"ok"), Reply(429))
    gate.get("/a")
    with refusing() as caught:
        gate.get("/a")
    assert caught.value.after == timedelta(minutes=1)


def test_one_failure_is_forgiven_three_in_a_row_are_not(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(502), Reply(502), Reply(body=b"ok"), Reply(500))
    one, two = house.process(outside.url), house.process(outside.url)
    for gate in (one, two):
        with refusing("status 502"):
            gate.get("/a")
    one.get("/a")
    for gate in (one, two, one):
        with refusing("status 500"):
            gate.get("/a")
    assert len(outside.asked) == 6
    with refusing("left alone"):
        two.get("/a")
    assert len(outside.asked) == 6
    assert "500" in two.standing().problem


def test_nobody_at_home_is_soon_tried_again(house: House) -> None:
    """Our own line may be down: nobody is bothered by our asking, and it may be back at any moment."""
    gate = house.process("http://127.0.0.1:9")
    longest = timedelta()
    for _ in range(12):
        with refusing("no answer") as caught:
            gate.get("/a")
        longest = max(longest, caught.value.after or longest)
        house.time.wait(hours=3)
    assert longest == timedelta(minutes=5)


def test_after_a_rest_one_call_goes_first(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(429), Reply(429), Reply(body=b"ok"))
    one, two = house.process(outside.url), house.process(outside.url)
    with refusing():
        one.get("/a")
    house.time.wait(seconds=61)
    with refusing() as again:
        two.get("/a")
    assert again.value.after == timedelta(seconds=120)
    house.time.wait(seconds=121)

    def meanwhile_of_the_probe(answer: Answer) -> bytes:
        with refusing("tried by one call first"):
            one.get("/a")
        return answer.content

    assert two.read("/a", meanwhile_of_the_probe) == b"ok"
    assert len(outside.asked) == 3
    assert one.get("/a").content == b"ok"


def test_calls_refused_together_count_as_one_refusal(house: House, outside: Outside) -> None:
    """Ten calls were under way when it began: without care the rest would be 2^9 times as long."""
    outside.on("/a", Reply(429))
    first = house.process(outside.url)
    barrier = threading.Barrier(10)

    def refuse_all(answer: Answer) -> Retry | None:
        barrier.wait(5)
        return Retry("too often") if answer.status == 429 else None

    together = house.process(outside.url, judge=refuse_all)
    lengths: list[timedelta | None] = []

    def ask() -> None:
        try:
            together.get("/a")
        except Retry as refused:
            lengths.append(refused.after)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == [timedelta(seconds=60)] * 10
    assert first.standing().resting == timedelta(seconds=60)


def test_a_rest_that_begins_while_one_waits_its_turn_is_kept(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(body=b"ok"))
    outside.on("/b", Reply(429))
    slow = Manners(per_second=0.1)
    one, two = house.process(outside.url, slow), house.process(outside.url, QUICK)
    one.get("/a")

    def others_are_refused() -> None:
        house.time.meanwhile = None
        with refusing():
            two.get("/b")

    house.time.meanwhile = others_are_refused
    with refusing("left alone"):
        one.get("/a")
    assert [asked.path for asked in outside.asked] == ["/a", "/b"]


def test_no_wrong_clock_ends_or_lengthens_a_rest(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(429), Reply(body=b"ok"))
    late = house.process(outside.url, wall_ahead=-86_400)
    early = house.process(outside.url, wall_ahead=86_400)
    with refusing():
        late.get("/a")
    for gate, left in ((late, 60), (early, 1)):
        with refusing("left alone") as caught:
            gate.get("/a")
        assert caught.value.after == timedelta(seconds=left)
    house.time.wait(seconds=30)
    with refusing():
        early.get("/a")
    house.time.wait(seconds=31)
    assert late.get("/a").content == b"ok"
    assert len(outside.asked) == 2


def test_a_refusal_that_is_an_answer_is_no_reason_to_rest(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(404))
    gate = house.process(outside.url)
    for _ in range(5):
        with pytest.raises(Rejected):
            gate.get("/a")
    assert gate.standing().resting is None
    strict = house.process(outside.url, judge=by_status)
    outside.on("/a", Reply(403))
    with pytest.raises(Rejected, match="403"):
        strict.get("/a")


STATUSES = [200, 200, 304, 404, 429, 403, 500, 503]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 1), st.sampled_from(STATUSES)),
        st.tuples(st.just("wait"), st.integers(1, 400), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_happens_nobody_is_asked_while_it_rests(
    outside: Outside, steps: list[tuple[str, int, int]]
) -> None:
    """Two processes, any answers, any waits: a rest that one was told of is kept by both to its end, a budget
    is never exceeded, and what comes out is an answer or an error of ours."""
    house = House()
    manners = Manners(1_000, 1_000, budget=12, rest=timedelta(seconds=30))
    processes = [house.process(outside.url, manners) for _ in range(2)]
    rests_until, calls_of = 0.0, dict[float, int]()
    for what, number, status in steps:
        if what == "wait":
            house.time.wait(seconds=number)
            continue
        outside.on("/a", Reply(status, b"ok"))
        asked, now = len(outside.asked), house.time.seconds
        told: Retry | None = None
        try:
            processes[number].get("/a")
        except Retry as refused:
            told = refused
        except Rejected:
            assert status == 404
        calls = len(outside.asked) - asked
        assert calls <= (0 if now < rests_until else 1)
        calls_of[now // 86_400] = calls_of.get(now // 86_400, 0) + calls
        if calls and told is not None and told.after is not None:
            rests_until = now + told.after.total_seconds()
    assert all(count <= 12 for count in calls_of.values())
    for gate in house.opened:
        gate.close()


# Rate and budget -------------------------------------------------------------------------------------


def test_processes_share_one_rate(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(body=b"ok"))
    manners = Manners(per_second=2, burst=2)
    gates = [house.process(outside.url, manners) for _ in range(3)]
    for turn in range(12):
        gates[turn % 3].get("/a")
    assert len(outside.asked) == 12
    assert house.time.seconds >= 4.5  # twelve calls at two a second, two of them at once
    assert len(house.time.slept) >= 9
    assert len({round(wait % 0.5, 6) for wait in house.time.slept}) > 1, "no jitter"


def test_processes_share_one_budget(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(body=b"ok"))
    manners = Manners(1_000, 1_000, budget=3, period=timedelta(hours=1))
    one, two = house.process(outside.url, manners), house.process(outside.url, manners)
    for gate in (one, two, one):
        gate.get("/a")
    with refusing("budget of 3") as caught:
        two.get("/a")
    assert caught.value.after is not None
    assert timedelta() < caught.value.after <= timedelta(hours=1)
    assert (two.standing().spent, two.standing().budget) == (3, 3)
    house.time.wait(hours=1)
    two.get("/a")
    assert len(outside.asked) == 4


def test_a_resting_source_costs_no_budget(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(429))
    gate = house.process(outside.url, Manners(1_000, 1_000, budget=3))
    for _ in range(5):
        with refusing():
            gate.get("/a")
    assert gate.standing().spent == 1


def test_the_impatient_do_not_keep_the_queue_full(house: House, outside: Outside) -> None:
    """Refused for a long queue they take no place in it: it drains though they go on asking."""
    outside.on("/a", Reply(body=b"ok"))
    gate = house.process(outside.url, Manners(per_second=1, longest_wait=timedelta(seconds=3)))
    shared = house.shared
    for _ in range(4):
        shared.reserve("rate:far", 1, 1)  # four calls of other processes are waiting
    for _ in range(50):
        with refusing("too many calls"):
            gate.get("/a")
    house.time.wait(seconds=4)
    assert gate.get("/a").content == b"ok"


# What is remembered ----------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(house: House, outside: Outside) -> None:
    headers = {"ETag": '"v1"', "Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT"}
    outside.on(
        "/a", Reply(body=b"whole", headers=headers), Reply(304), Reply(body=b"new", headers={"ETag": "2"})
    )
    one, two = house.process(outside.url), house.process(outside.url)
    assert one.get("/a", params=[("d", "1")], remember=True).content == b"whole"
    again = two.get("/a", params=[("d", "1")], remember=True)
    assert (again.status, again.content, again.is_unchanged) == (200, b"whole", True)
    assert outside.asked[1].headers["if-none-match"] == '"v1"'
    assert outside.asked[1].headers["if-modified-since"] == headers["Last-Modified"]
    new = one.get("/a", params=[("d", "1")], remember=True)
    assert (new.content, new.is_unchanged) == (b"new", False)
    outside.on("/a", Reply(body=b"other"))
    one.get("/a", params=[("d", "2")], remember=True)
    assert "if-none-match" not in outside.asked[3].headers


def test_unchanged_without_having_been_asked_is_no_answer(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(304))
    gate = house.process(outside.url)
    with refusing("unchanged"):
        gate.get("/a")
    with refusing("unchanged"):
        gate.get("/a", remember=True)


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"[]\nx", b"{}\nnot zlib", b'{"If-None-Match":"x"}\n', b"\xff\xfe"]
)
def test_a_broken_memory_does_no_harm(house: House, outside: Outside, broken: bytes) -> None:
    outside.on("/a", Reply(body=b"whole", headers={"ETag": "1"}))
    gate = house.process(outside.url)
    name = gate._name_of("/a", ())
    house.shared.put(name, broken, timedelta(days=1))
    assert gate.get("/a", remember=True).content == b"whole"
    assert "if-none-match" not in outside.asked[0].headers


def test_a_memory_of_other_bytes_is_not_believed(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(body=b"whole", headers={"ETag": "1"}))
    gate = house.process(outside.url)
    gate.get("/a", remember=True)
    name = gate._name_of("/a", ())
    kept = house.shared.get(name)
    assert kept is not None
    head, _, body = kept.partition(b"\n")
    told = orjson.loads(head)
    house.shared.put(name, orjson.dumps({**told, "digest": "0" * 64}) + b"\n" + body, timedelta(days=1))
    gate.get("/a", remember=True)
    assert "if-none-match" not in outside.asked[1].headers


@pytest.mark.parametrize("broken", [b"", b"{", b"[1]", b'["a", "b", "c"]', b"7", b"null"])
def test_broken_rests_and_records_do_no_harm(house: House, outside: Outside, broken: bytes) -> None:
    outside.on("/a", Reply(502), Reply(body=b"ok"))
    gate = house.process(outside.url)
    house.shared.put("record:far", broken, timedelta(days=1))
    with refusing("502"):
        gate.get("/a")
    house.shared.put("rest:far", broken, timedelta(seconds=30))
    with refusing("left alone") as caught:
        gate.get("/a")
    assert caught.value.after == QUICK.rest
    house.time.wait(seconds=31)
    assert gate.get("/a").content == b"ok"


def whole(answer: Answer) -> bytes:
    if b"torn" in answer.content:
        raise Retry("breaks off")
    if b"odd" in answer.content:
        raise Rejected("makes no sense")
    return answer.content


def test_what_does_not_parse_is_not_remembered(house: House, outside: Outside) -> None:
    torn, good = (Reply(body=body, headers={"ETag": "1"}) for body in (b"torn", b"good"))
    outside.on("/a", torn, Reply(body=b"odd", headers={"ETag": "1"}), good, Reply(304))
    gate = house.process(outside.url)
    with refusing("breaks off"):
        gate.read("/a", whole, remember=True)
    with pytest.raises(Rejected):
        gate.read("/a", whole, remember=True)
    assert gate.read("/a", whole, remember=True) == b"good"
    assert gate.read("/a", whole, remember=True) == b"good"
    assert ["if-none-match" in asked.headers for asked in outside.asked] == [False, False, False, True]


def test_a_memory_that_does_not_parse_any_more_is_asked_for_afresh(house: House, outside: Outside) -> None:
    """A new version of ours reads more strictly than the one that remembered it."""
    outside.on("/a", Reply(body=b"odd", headers={"ETag": "1"}), Reply(304), Reply(body=b"good"))
    gate = house.process(outside.url)
    gate.get("/a", remember=True)
    assert gate.read("/a", whole, remember=True) == b"good"
    assert len(outside.asked) == 3


def test_torn_answers_are_failures(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(body=b"torn"))
    gate = house.process(outside.url)
    for _ in range(3):
        with refusing("breaks off"):
            gate.read("/a", whole)
    with refusing("left alone"):
        gate.read("/a", whole)
    assert len(outside.asked) == 3


# The wire --------------------------------------------------------------------------------------------


@contextmanager
def trickling(head: bytes, drop: bytes) -> Iterator[str]:
    """A server that sends `head` at once and then one `drop` each twentieth of a second, for ever."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4_096)
            try:
                connection.sendall(head)
                while not ended.wait(0.05):
                    connection.sendall(drop)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        thread.join(5)
        listener.close()


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"y"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_a_trickle_ends_at_the_deadline(head: bytes, drop: bytes) -> None:
    """Each byte comes before the time-out of silence: only the deadline of the whole call helps."""
    with trickling(head, drop) as url:
        http = Http(HttpConfig("Far", url, timeout_seconds=5, deadline_seconds=0.3))
        began = time.monotonic()
        with refusing("no answer in time"):
            http.get("/")
        assert time.monotonic() - began < 3
        http.close()


def test_a_deadline_is_each_calls_own(outside: Outside) -> None:
    outside.on("/a", Reply(body=b"ok"))
    http = Http(HttpConfig("Far", outside.url, timeout_seconds=5, deadline_seconds=0.2))
    http.get("/a")
    time.sleep(0.25)
    assert http.get("/a").content == b"ok"
    http.close()


def test_a_cap_holds_at_the_gate_and_is_no_reason_to_rest(house: House, outside: Outside) -> None:
    outside.on("/a", Reply(body=b"0" * 1_000_001))
    gate = house.process(outside.url)
    for _ in range(4):
        with pytest.raises(Rejected) as caught:
            gate.get("/a")
        assert caught.value.code == "too_large"
    assert gate.standing().resting is None


def test_two_processes_over_redis_share_rest_budget_and_memory(outside: Outside, redis_url: str) -> None:
    outside.on("/a", Reply(body=b"whole", headers={"ETag": "1"}), Reply(304), Reply(429))
    manners = Manners(1_000, 1_000, budget=3)
    shared = [RedisShared(redis_url), RedisShared(redis_url)]
    one, two = (Gates(each).gate("far", outside.url, manners) for each in shared)
    assert not one.get("/a", remember=True).is_unchanged
    assert two.get("/a", remember=True).is_unchanged
    with refusing():
        one.get("/a")
    with refusing("left alone") as caught:
        two.get("/a")
    assert caught.value.after is not None
    assert timedelta(seconds=50) < caught.value.after <= timedelta(seconds=60)
    shared[0].drop("rest:far")
    with refusing("budget of 3"):
        two.get("/a")
    assert len(outside.asked) == 3
    for gate, each in ((one, shared[0]), (two, shared[1])):
        gate.close()
        each.close()


def test_many_threads_lose_nothing(outside: Outside) -> None:
    outside.on("/a", Reply(body=b"whole", headers={"ETag": "1"}))
    shared = MemoryShared()
    gates = [Gates(shared).gate("far", outside.url, Manners(10_000, 10_000, budget=40)) for _ in range(2)]
    answers: list[bytes | None] = []

    def ask(gate: Gate) -> None:
        for _ in range(10):
            try:
                answers.append(gate.get("/a", remember=True).content)
            except Retry:
                answers.append(None)

    threads = [threading.Thread(target=ask, args=(gates[turn % 2],)) for turn in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for gate in gates:
        gate.close()
    assert answers.count(b"whole") == len(outside.asked) == 40
    assert answers.count(None) == 20
