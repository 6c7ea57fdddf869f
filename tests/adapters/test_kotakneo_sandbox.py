"""The whole broker over HTTP and WebSocket, against the rehearsal's Kotak: well, and with all that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.sandbox.conftest import TRADING, at
from tests.sandbox.kotak_running import Running, running
from tunefolio.adapters.brokers.kotakneo import KotakNeo, stream, updates, wire
from tunefolio.adapters.brokers.kotakneo.neo import Neo, NeoConfig, Pass
from tunefolio.adapters.brokers.kotakneo.scrips import Scrips, claim_of
from tunefolio.adapters.memory import MemoryShared
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry
from tunefolio.core.identity import Isin
from tunefolio.core.money import Money, Price
from tunefolio.ledger.brokers import (
    BrokerSession,
    CandleSource,
    FormLogin,
    FundsSource,
    RedirectLogin,
    Renewal,
    TickSource,
)
from tunefolio.ledger.fills import DayFills, FillSource
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Interval, QuoteClaim
from tunefolio.sandbox.events import Cancellation, Deposit, PartialFill, Rejection, Trade, Transfer
from tunefolio.sandbox.faults import FaultKind
from tunefolio.sandbox.kotak.desk import Hello
from tunefolio.sandbox.people import KOTAK_ASHA
from tunefolio.trading.orders import OrderFeed, OrderReport, OrderSource, OrderState, TriggerSource

INFY, NIFTY, STEEL = Listing("NSE", "INFY"), Listing("NSE", "NIFTY 50"), Listing("BSE", "TATASTEEL")
WHO = ("kotakneo", "TFK01")
FAST = {"requests_per_second": "1000", "quotes_per_second": "1000", "historical_per_second": "1000"}


@pytest.fixture(scope="module")
def calm() -> Iterator[Running]:
    """One face for all that only look."""
    with running() as face:
        yield face


@pytest.fixture
def face() -> Iterator[Running]:
    """A face of one's own, to disturb."""
    with running() as own:
        yield own


def broker_of(face: Running) -> KotakNeo:
    return KotakNeo({"root_url": face.url, "timeout_seconds": "3", **FAST}, MemoryShared())


def logged_in(face: Running) -> tuple[KotakNeo, BrokerSession]:
    broker = broker_of(face)
    return broker, broker.login(face.credentials(), face.clock.now())


def test_what_it_can_is_told_by_its_ports() -> None:
    broker = KotakNeo({}, MemoryShared())
    able = (FormLogin, TickSource, CandleSource, FundsSource, FillSource, OrderSource, OrderFeed)
    assert all(isinstance(broker, port) for port in able)
    assert not any(isinstance(broker, port) for port in (RedirectLogin, Renewal, TriggerSource))


class TestBooks:
    def test_a_statement_names_every_share_by_its_isin(self, calm: Running) -> None:
        broker, session = logged_in(calm)
        statement = broker.statements("", session).fetch(TRADING)
        assert [(line.instrument.listing.symbol, line.quantity) for line in statement.holdings] == [
            ("HDFCBANK", Decimal(24)), ("ITC", Decimal(140)), ("BHARTIARTL", Decimal(24)),
            ("GOLDBEES", Decimal(400)), ("TATASTEEL", Decimal(100)),
        ]  # fmt: skip
        assert all(line.instrument.isin for line in statement.holdings)
        assert statement.cash == Money.of(Decimal(KOTAK_ASHA.cash) / 100)
        (sold,) = statement.positions
        assert (sold.instrument.isin, sold.quantity) == (Isin("INE154A01025"), Decimal(-40))
        price = Decimal(calm.depot.executions(*WHO)[0].price) / 100
        assert sold.average_price == Price.of(price)

    def test_fills_and_orders_agree_with_the_exchange(self, calm: Running) -> None:
        broker, session = logged_in(calm)
        (fill,) = broker.fills("", session).fills
        done = calm.depot.executions(*WHO)[0]
        assert (fill.trade_id, fill.quantity, fill.at) == (str(done.trade_no), Decimal(40), done.at)
        (order,) = broker.orders("", session)
        assert (order.order_id, order.state) == (fill.order_id, OrderState.COMPLETE)
        history = broker.order_history("", session, order.order_id)
        assert [one.state for one in history] == [OrderState.PENDING] * 3 + [
            OrderState.OPEN,
            OrderState.COMPLETE,
        ]

    def test_events_show_in_every_book(self, face: Running) -> None:
        broker, session = logged_in(face)
        face.depot.happen(PartialFill(*WHO, "NSE:INFY", "BUY", 10, 4, tag="half"))
        face.depot.happen(Rejection(*WHO, "NSE:TCS", "BUY", 1, "RMS: margin exceeds"))
        face.depot.happen(Deposit(*WHO, 50_000))
        face.depot.happen(Transfer("zerodha", "TF0001", *WHO, "NSE:LT", 5, average=0))
        _, half, refused = broker.orders("", session)
        assert (half.state, half.filled, half.pending, half.tag) == (
            OrderState.OPEN, Decimal(4), Decimal(6), "half",
        )  # fmt: skip
        assert (refused.state, refused.message) == (OrderState.REJECTED, "RMS: margin exceeds")
        face.depot.happen(Cancellation(int(half.order_id)))
        cancelled = broker.orders("", session)[1]
        assert (cancelled.state, cancelled.cancelled) == (OrderState.CANCELLED, Decimal(6))
        statement = broker.statements("", session).fetch(TRADING)
        assert statement.cash == Money.of(Decimal(KOTAK_ASHA.cash + 50_000) / 100)
        moved = next(line for line in statement.holdings if line.instrument.listing.symbol == "LT")
        assert (moved.quantity, moved.average_price) == (Decimal(5), None)
        assert broker.funds("", session).available == Money.of(Decimal(face.depot.cash(*WHO)) / 100)

    def test_before_the_first_order_the_books_are_empty(self) -> None:
        with running(at("2026-11-20T09:16:00")) as early:
            broker, session = logged_in(early)
            assert (broker.fills("", session), broker.orders("", session)) == (DayFills(), ())
            assert broker.statements("", session).fetch(TRADING).positions == ()


class TestPrices:
    def test_quotes_of_shares_and_an_index(self, calm: Running) -> None:
        broker, session = logged_in(calm)
        found = broker.quotes("", session).quotes([INFY, NIFTY, STEEL, Listing("NSE", "NOBODY")])
        for listing in (INFY, NIFTY, STEEL):
            sight = calm.market.sight(calm.market.universe.of(":".join(listing[:2])), TRADING)
            assert found[listing].last * 100 == sight.last
            assert found[listing].previous_close == Decimal(sight.previous_close) / 100
            assert found[listing].as_of == sight.traded
        assert len(found) == 3

    @pytest.mark.parametrize(
        ("interval", "days"),
        [(Interval.MINUTE, 2), (Interval.FIVE_MINUTES, 40), (Interval.HOUR, 100), (Interval.DAY, 400)],
    )
    def test_candles_are_whole_and_come_in_one_piece(
        self, calm: Running, interval: Interval, days: int
    ) -> None:
        broker, session = logged_in(calm)
        since = TRADING - timedelta(days=days)
        found = broker.candles("", session, INFY, interval, since=since, until=TRADING)
        assert found
        starts = [one.start for one in found]
        assert starts == sorted(set(starts))
        assert since <= starts[0]
        assert all(one.low <= min(one.open, one.close) <= one.high for one in found)
        length = {"1m": 1, "5m": 5, "1h": 60, "1d": 1440}[interval]
        assert starts[-1] + timedelta(minutes=length) <= TRADING, "the running one is left out"


class TestFaults:
    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            (FaultKind.RATE_LIMITED, Retry), (FaultKind.FAILED, Retry), (FaultKind.UNAVAILABLE, Retry),
            (FaultKind.BAD_GATEWAY, Retry), (FaultKind.TRUNCATED, Retry), (FaultKind.EMPTY, Retry),
            (FaultKind.PAGE, Retry), (FaultKind.FORBIDDEN, Reauth), (FaultKind.DEAD_TOKEN, Reauth),
            (FaultKind.SESSION_STOLEN, Reauth),
        ],
    )  # fmt: skip
    def test_a_book_that_fails_says_what_to_do(
        self, calm: Running, kind: FaultKind, error: type[Exception]
    ) -> None:
        broker, session = logged_in(calm)
        calm.faults.plan(kind, path="/portfolio", retry_after=7 if kind is FaultKind.RATE_LIMITED else None)
        with pytest.raises(error) as caught:
            broker.statements("", session).fetch(TRADING)
        if kind is FaultKind.RATE_LIMITED:
            assert isinstance(caught.value, Retry)
            assert caught.value.after == timedelta(seconds=7)
        calm.faults.clear()

    def test_rows_told_twice_are_one_fill_by_their_key(self, calm: Running) -> None:
        broker, session = logged_in(calm)
        calm.faults.plan(FaultKind.DUPLICATE_ROWS, path="/quick/user/trades")
        fills = broker.fills("", session).fills
        assert len(fills) == 2
        assert len({fill.source_key for fill in fills}) == 1

    def test_a_list_of_instruments_that_breaks_off_is_read_again(self, face: Running) -> None:
        broker, session = logged_in(face)
        face.faults.plan(FaultKind.TRUNCATED, path="/wso2-scripmaster")
        with pytest.raises(Retry):
            broker.quotes("", session).quotes([INFY])
        assert broker.quotes("", session).quotes([INFY])

    def test_a_login_elsewhere_ends_this_one(self, face: Running) -> None:
        broker, session = logged_in(face)
        broker.login(face.credentials(), face.clock.now())
        with pytest.raises(Reauth):
            broker.funds("", session)

    def test_the_morning_ends_every_session(self, face: Running) -> None:
        broker, session = logged_in(face)
        assert session.expires == at("2026-11-21T06:00:00")
        face.clock.set(at("2026-11-21T06:00:01"))
        with pytest.raises(Reauth):
            broker.funds("", session)

    @pytest.mark.parametrize(
        ("field", "text"),
        [("mpin", "111111"), ("totp_secret", "A" * 32), ("mobile", "9111111111"), ("ucc", "NOBODY")],
    )
    def test_wrong_credentials_are_refused_by_name(self, face: Running, field: str, text: str) -> None:
        with pytest.raises(Rejected) as caught:
            broker_of(face).login(face.credentials(**{field: text}), face.clock.now())
        assert caught.value.code == "credentials"
        assert f"({field})".replace("_secret", "") in caught.value.reason or field in ("mobile", "ucc")

    def test_after_some_wrong_pins_the_door_stays_shut_for_a_while(self, face: Running) -> None:
        broker, wrong = broker_of(face), face.credentials(mpin="111111")
        for _ in range(5):
            with pytest.raises(Rejected):
                broker.login(wrong, face.clock.now())
        with pytest.raises(Retry):
            broker.login(wrong, face.clock.now())


def line_of(face: Running, session: BrokerSession, greet: wire.Greet, address: str) -> wire.Line:
    """A line that tries again at once."""
    broker = broker_of(face)
    return wire.Line(
        f"ws{face.url[4:]}{address}",
        greet,
        lambda: broker.funds("", session),
        first_pause_seconds=0.01,
        silence_seconds=1,
    )


async def prices(
    face: Running, session: BrokerSession, listings: list[Listing], count: int
) -> list[Mapping[Listing, QuoteClaim]]:
    """So many messages of prices, while the clock goes on."""
    neo = Neo(NeoConfig.of({"root_url": face.url, **FAST}), MemoryShared())
    leave = Pass.of(session.token)
    asked = await asyncio.to_thread(Scrips(neo).symbols, leave, listings)
    greeting = stream.Greeting(leave, face.clock, list(asked))
    line = line_of(face, session, greeting, "/apifeed")
    heard: list[Mapping[Listing, QuoteClaim]] = []
    async with asyncio.timeout(60), aclosing(stream.quotes(line, greeting, asked, face.clock)) as told:
        async for some in told:
            heard.append(some)
            face.clock.advance(timedelta(seconds=7))
            if len(heard) == count:
                break
    neo.close()
    return heard


async def orders_told(face: Running, session: BrokerSession, count: int) -> list[OrderReport]:
    """So many updates; a deal is done when the first one of the day so far was heard."""
    hello = updates.Hello(Pass.of(session.token), answer_seconds=1)
    line = line_of(face, session, hello, "/realtime")
    heard: list[OrderReport] = []
    async with asyncio.timeout(60), aclosing(updates.updates(line, claim_of)) as told:
        async for one in told:
            heard.append(one)
            if len(heard) == 1:
                face.depot.happen(Trade(*WHO, "NSE:INFY", "BUY", 3))
            if len(heard) == count:
                break
    return heard


class TestTicks:
    def test_prices_come_as_the_market_makes_them(self, face: Running) -> None:
        broker, session = logged_in(face)
        seen: dict[Listing, QuoteClaim] = {}

        async def listen() -> None:
            listings = [INFY, NIFTY, STEEL, Listing("NSE", "NOBODY")]
            async with aclosing(broker.ticks("", session, listings, face.clock)) as told:
                async for some in told:
                    seen.update(some)
                    if len(seen) == 3:
                        return

        asyncio.run(listen())
        for listing, claim in seen.items():
            sight = face.market.sight(face.market.universe.of(":".join(listing[:2])), TRADING)
            assert (claim.last, claim.as_of) == (Decimal(sight.last) / 100, sight.traded)
        broker.close()

    def test_nothing_known_is_nothing_told_and_too_much_is_misuse(self, calm: Running) -> None:
        broker, session = logged_in(calm)

        async def none(listings: list[Listing]) -> list[object]:
            async with aclosing(broker.ticks("", session, listings, calm.clock)) as told:
                return [one async for one in told]

        assert asyncio.run(none([Listing("NSE", "NOBODY")])) == []
        broker.most_ticks = 1
        with pytest.raises(Misuse, match="listings"):
            asyncio.run(none([INFY, STEEL]))

    def test_a_frame_that_breaks_off_keeps_what_came_before(self, face: Running) -> None:
        """Two shares in one message: the second half is lost, the next price mends it."""
        _, session = logged_in(face)
        face.faults.plan(FaultKind.TRUNCATED_FRAME)
        heard = asyncio.run(prices(face, session, [INFY, STEEL], 3))
        assert {listing for some in heard for listing in some} == {INFY, STEEL}

    @pytest.mark.parametrize("kind", [FaultKind.CUT_OFF, FaultKind.HEARTBEAT_LOSS])
    def test_a_line_that_drops_or_falls_silent_is_mended(self, face: Running, kind: FaultKind) -> None:
        _, session = logged_in(face)
        face.faults.plan(kind, times=1 if kind is FaultKind.CUT_OFF else 30)
        heard = asyncio.run(prices(face, session, [INFY], 4))
        moments = [some[INFY].as_of for some in heard]
        assert moments == sorted(moments)

    def test_a_dead_session_is_told_and_not_tried_for_ever(self, face: Running) -> None:
        _, session = logged_in(face)

        async def until_it_ends() -> None:
            face.desk.grants.end_all()
            await prices(face, session, [INFY], 1)

        with pytest.raises(Reauth):
            asyncio.run(until_it_ends())

    def test_a_session_that_dies_while_listening(self, face: Running) -> None:
        _, session = logged_in(face)

        async def stolen() -> None:
            heard = asyncio.create_task(prices(face, session, [INFY], 10_000))
            await asyncio.sleep(0.3)
            broker_of(face).login(face.credentials(), face.clock.now())
            await heard

        with pytest.raises(Reauth):
            asyncio.run(stolen())


class TestUpdates:
    STATES = ("put order req received", "validation pending", "open pending", "open", "complete")

    def test_the_day_so_far_and_then_every_state(self, face: Running) -> None:
        broker, session = logged_in(face)
        heard: list[OrderReport] = []

        async def listen() -> None:
            async with asyncio.timeout(60), aclosing(broker.updates("", session, face.clock)) as told:
                async for one in told:
                    heard.append(one)
                    if len(heard) == 1:
                        face.depot.happen(Trade(*WHO, "NSE:INFY", "BUY", 3, tag="mine"))
                    if len(heard) == 6:
                        return

        asyncio.run(listen())
        assert [one.status for one in heard] == ["complete", *self.STATES]
        bought = heard[-1]
        assert (bought.instrument.isin, bought.tag) == (Isin("INE009A01021"), "mine")
        assert bought == broker.orders("", session)[-1]
        broker.close()

    @pytest.mark.parametrize("taken", list(Hello))
    def test_either_greeting_is_found(self, taken: Hello) -> None:
        with running(hellos=frozenset({taken})) as picky:
            _, session = logged_in(picky)
            heard = asyncio.run(orders_told(picky, session, 6))
            assert [one.status for one in heard[1:]] == list(self.STATES)

    def test_told_twice_and_out_of_order_nothing_is_lost(self, face: Running) -> None:
        _, session = logged_in(face)
        face.faults.plan(FaultKind.DUPLICATE_UPDATES, times=2)
        face.faults.plan(FaultKind.OUT_OF_ORDER)
        heard = asyncio.run(orders_told(face, session, 8))
        assert {one.status for one in heard} == set(self.STATES)
        assert len(heard) == 8
        assert [one.status for one in heard[1:]] != list(self.STATES)

    def test_a_line_that_drops_tells_the_day_again(self, face: Running) -> None:
        _, session = logged_in(face)
        face.faults.plan(FaultKind.CUT_OFF)
        heard = asyncio.run(orders_told(face, session, 8))
        assert [one.status for one in heard].count("complete") >= 2

    def test_a_dead_session_is_told(self, face: Running) -> None:
        _, session = logged_in(face)
        face.desk.grants.end_all()
        with pytest.raises(Reauth):
            asyncio.run(orders_told(face, session, 1))
