"""Angel One's broker over real HTTP and WebSockets against the rehearsal: what it says is what the market and
the accounts there are, and every fault becomes one of the port's errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from tests.adapters.angels import PACES, TRADING, angel, filled, logged_in, rehearsal
from tunefolio.adapters.brokers.angelone import AngelOne
from tunefolio.adapters.brokers.angelone.smart import AngelConfig
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry, TunefolioError
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant, TradingDay
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.fills import DayFills
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Interval
from tunefolio.sandbox.angel.app import AngelRates
from tunefolio.sandbox.events import Cancellation, Fill, PartialFill, Rejection, Trade
from tunefolio.sandbox.market import Candle as Minute
from tunefolio.sandbox.people import ANGEL_ASHA, ANGEL_VIKRAM
from tunefolio.sandbox.serve import Sandbox
from tunefolio.trading.orders import OrderReport, OrderSide, OrderState

T = TypeVar("T")
INFY, SBIN_BSE, NIFTY = Listing("NSE", "INFY"), Listing("BSE", "SBIN"), Listing("NSE", "NIFTY 50")
NOBODY = Listing("NSE", "NOSUCH", "EQ")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(TRADING)


@pytest.fixture
def sandbox(clock: FixedClock) -> Iterator[Sandbox]:
    with rehearsal(clock) as running:
        yield running


@pytest.fixture
def broker(sandbox: Sandbox) -> Iterator[AngelOne]:
    with angel(sandbox) as made:
        yield made


@pytest.fixture
def session(broker: AngelOne) -> BrokerSession:
    return logged_in(broker, TRADING)


def rupees(paise: float) -> Decimal:
    return Decimal(round(paise)) / 100


def test_a_login_by_code_and_one_by_secret(broker: AngelOne) -> None:
    one = broker.login(filled(TRADING), TRADING)
    other = broker.login(filled(TRADING, totp="", totp_secret=ANGEL_ASHA.totp_secret), TRADING)
    assert (one.broker_user, one.user_name) == ("TFA001", "ASHA RAO")
    assert one.expires == Instant.parse("2026-11-21T06:00:00+05:30")
    with pytest.raises(Reauth):
        broker.funds("", one)
    assert broker.funds("", other).available.amount > 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"pin": "0000"}, "PIN"),
        ({"client_code": "TFA404"}, "client code"),
        ({"totp": "000000"}, "code"),
        ({"api_key": "not-this-one"}, "API key"),
        ({"totp": "", "totp_secret": "GEZDGNBVGY3TQOJQ"}, "code"),
    ],
)
def test_a_refused_login_names_what_was_wrong(broker: AngelOne, changes: dict[str, str], named: str) -> None:
    with pytest.raises(Rejected, match=named) as caught:
        broker.login(filled(TRADING, ANGEL_ASHA, **changes), TRADING)
    assert caught.value.code == "credentials"
    assert not any(value and value in str(caught.value) for value in changes.values())


def test_a_form_that_is_not_filled_asks_nobody(broker: AngelOne) -> None:
    with pytest.raises(Misuse, match="totp"):
        broker.login(filled(TRADING, totp=""), TRADING)


def test_renewal_makes_a_newer_session_and_works_once(broker: AngelOne, session: BrokerSession) -> None:
    newer = broker.renew(session, TRADING)
    assert newer.token != session.token
    assert broker.funds("", newer) == broker.funds("", session)
    with pytest.raises(Reauth):
        broker.renew(session, TRADING)


def test_logout_ends_the_session_and_may_be_repeated(broker: AngelOne, session: BrokerSession) -> None:
    broker.logout("", session)
    with pytest.raises(Reauth):
        broker.statements("", session).fetch(TRADING)
    broker.logout("", session)


def test_sessions_end_with_the_night(broker: AngelOne, session: BrokerSession, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=18))
    with pytest.raises(Reauth, match="Log in again"):
        broker.orders("", session)


def test_the_statement_is_the_account(broker: AngelOne, session: BrokerSession, sandbox: Sandbox) -> None:
    told = broker.statements("", session).fetch(TRADING)
    lines = sandbox.depot.lines("angelone", "TFA001")
    assert (told.broker, told.broker_user, told.at) == ("angelone", "TFA001", TRADING)
    assert [one.settled for one in told.holdings] == [line.settled for line in lines]
    assert [one.unsettled for one in told.holdings] == [line.unsettled for line in lines]
    for one, line in zip(told.holdings, lines, strict=True):
        sight = sandbox.market.sight(line.listed, TRADING)
        company = line.listed.company
        series = (company.series or "EQ") if line.listed.exchange == "NSE" else ""
        assert one.instrument.listing == Listing(line.listed.exchange, company.symbol, series)
        assert one.instrument.isin == company.isin
        assert (
            one.last_price == Price(rupees(sight.last), one.last_price.currency) if one.last_price else False
        )
        assert one.average_price is not None
        assert abs(one.average_price.amount - Decimal(str(line.average))) <= Decimal("0.005")
    assert told.cash == Money(rupees(sandbox.depot.cash("angelone", "TFA001")), INR)
    (bought,) = told.positions
    (traded,) = sandbox.depot.executions("angelone", "TFA001")
    assert (bought.quantity, bought.product) == (Decimal(20), "DELIVERY")
    assert bought.average_price.amount == rupees(traded.price)


def test_an_account_without_dealings(broker: AngelOne) -> None:
    session = logged_in(broker, TRADING, ANGEL_VIKRAM)
    assert broker.statements("", session).fetch(TRADING).positions == ()
    assert broker.fills("", session) == DayFills()
    assert broker.orders("", session) == ()
    assert broker.triggers("", session) == ()


def test_fills_and_orders_are_those_of_the_exchange(
    broker: AngelOne, session: BrokerSession, sandbox: Sandbox
) -> None:
    number = sandbox.depot.happen(PartialFill("angelone", "TFA001", "NSE:TCS", "BUY", 9, 4, tag="ours"))
    sandbox.depot.happen(Fill(number, 2))
    sandbox.depot.happen(Rejection("angelone", "TFA001", "NSE:TCS", "BUY", 1, "no margin"))
    fills = broker.fills("", session).fills
    executions = sandbox.depot.executions("angelone", "TFA001")
    assert [(one.trade_id, one.quantity, one.price.amount, one.at) for one in fills] == [
        (str(one.trade_no), Decimal(one.quantity), rupees(one.price), _whole(one.at)) for one in executions
    ]
    assert {one.kind for one in fills} == {Kind.BUY}
    bought, withdrawn, open_, refused = broker.orders("", session)
    assert (bought.state, withdrawn.state) == (OrderState.COMPLETE, OrderState.CANCELLED)
    assert (withdrawn.cancelled, withdrawn.pending) == (Decimal(60), Decimal(0))
    assert (open_.order_id, open_.tag, open_.side) == (str(number), "ours", OrderSide.BUY)
    assert [open_.quantity, open_.filled, open_.pending] == [9, 6, 3]
    assert (refused.state, refused.message) == (OrderState.REJECTED, "no margin")
    assert broker.order_history("", session, str(number)) == (open_,)
    with pytest.raises(Rejected, match="does not know"):
        broker.order_history("", session, "1")


def test_a_fill_keeps_its_day_when_it_is_read_after_midnight(
    broker: AngelOne, sandbox: Sandbox, clock: FixedClock
) -> None:
    """The trade book tells no day, and the day of asking would be the wrong one."""
    clock.advance(timedelta(hours=14))
    session = logged_in(broker, clock.now())
    (bought,) = broker.fills("", session).fills
    (traded,) = sandbox.depot.executions("angelone", "TFA001")
    assert bought.at == _whole(traded.at)
    assert str(bought.day) == "2026-11-20"


def _whole(moment: Instant) -> Instant:
    return Instant(moment.utc.replace(microsecond=0))


def test_funds(broker: AngelOne, session: BrokerSession, sandbox: Sandbox) -> None:
    told = broker.funds("", session)
    books = sandbox.depot.books("angelone", "TFA001")
    assert told.available.amount == rupees(books.cash)
    assert told.used is not None
    assert told.used.amount == rupees(books.opening_cash - books.cash)


def test_quotes_are_the_markets(broker: AngelOne, session: BrokerSession, sandbox: Sandbox) -> None:
    source = broker.quotes("", session)
    wanted = [INFY, INFY._replace(series="EQ"), SBIN_BSE, NIFTY, NOBODY, Listing("NYSE", "IBM")]
    found = source.quotes(wanted)
    assert set(found) == set(wanted[:4])
    for listing, quote in found.items():
        sight = sandbox.market.sight(
            sandbox.market.universe.of(f"{listing.exchange}:{listing.symbol}"), TRADING
        )
        assert (quote.last, quote.previous_close) == (rupees(sight.last), rupees(sight.previous_close))
        assert quote.as_of == sight.traded
    assert source.ltp([INFY, NOBODY]) == {INFY: found[INFY].last}


def test_quotes_of_the_whole_exchange_in_batches(
    broker: AngelOne, session: BrokerSession, sandbox: Sandbox
) -> None:
    everything = [Listing(one.exchange, one.company.symbol) for one in sandbox.market.universe]
    assert len(broker.quotes("", session).quotes(everything)) == len(set(everything))


@pytest.mark.parametrize("interval", list(Interval))
def test_candles_are_the_markets(
    broker: AngelOne, session: BrokerSession, sandbox: Sandbox, interval: Interval
) -> None:
    since = Instant.parse(f"2026-11-19T{'00:00' if interval is Interval.DAY else '09:15'}:00+05:30")
    found = broker.candles("", session, INFY, interval, since=since, until=TRADING)
    assert found
    length = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "1d": 1440}[interval]
    assert all(since <= one.start for one in found)
    assert found[-1].start + timedelta(minutes=length) <= TRADING
    assert [one.start for one in found] == sorted({one.start for one in found})
    infosys = sandbox.market.universe.of("NSE:INFY")
    path = list(
        sandbox.market.minutes(
            infosys, TradingDay.parse("2026-11-19"), TradingDay.parse("2026-11-20"), TRADING
        )
    )
    one, part = found[0], path[:length]
    assert (one.open, one.close) == (rupees(part[0].open), rupees(infosys_close(sandbox, part, interval)))
    assert one.high >= rupees(max(minute.high for minute in part))
    if interval is not Interval.DAY:
        assert one.high == rupees(max(minute.high for minute in part))
        assert one.volume == sum(minute.volume for minute in part)


def infosys_close(sandbox: Sandbox, part: list[Minute], interval: Interval) -> int:
    """A day ends with its official close, which is found after its last minute."""
    if interval is Interval.DAY:
        return sandbox.market.close(sandbox.market.universe.of("NSE:INFY"), TradingDay.parse("2026-11-19"))
    return part[-1].close


def test_candles_over_more_than_one_call(broker: AngelOne, session: BrokerSession, sandbox: Sandbox) -> None:
    since = Instant.parse("2026-09-01T00:00:00+05:30")
    found = broker.candles("", session, SBIN_BSE, Interval.MINUTE, since=since, until=TRADING)
    assert found is not None
    listed = sandbox.market.universe.of("BSE:SBIN")
    minutes = list(
        sandbox.market.minutes(
            listed, TradingDay.parse("2026-09-01"), TradingDay.parse("2026-11-21"), TRADING
        )
    )
    assert [one.start for one in found] == [one.start for one in minutes[:-1]]
    assert broker.candles("", session, NOBODY, Interval.DAY, since=since, until=TRADING) is None
    assert broker.candles("", session, INFY, Interval.DAY, since=TRADING, until=TRADING) == ()


CALLS: dict[str, Callable[[AngelOne, BrokerSession], object]] = {
    "statement": lambda broker, session: broker.statements("", session).fetch(TRADING),
    "fills": lambda broker, session: broker.fills("", session),
    "orders": lambda broker, session: broker.orders("", session),
    "history": lambda broker, session: broker.order_history("", session, "1"),
    "triggers": lambda broker, session: broker.triggers("", session),
    "funds": lambda broker, session: broker.funds("", session),
    "quotes": lambda broker, session: broker.quotes("", session).quotes([INFY]),
    "candles": lambda broker, session: broker.candles(
        "", session, INFY, Interval.HOUR, since=TRADING - timedelta(days=1), until=TRADING
    ),
    "renew": lambda broker, session: broker.renew(session, TRADING),
}
FAULTS: dict[str, type[TunefolioError]] = {
    "429": Retry, "403": Retry, "500": Retry, "502": Retry, "503": Retry, "truncated": Retry, "empty": Retry,
    "html": Retry, "dead_token": Reauth, "session_stolen": Reauth,
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_every_call_says_what_to_do_next(
    broker: AngelOne, sandbox: Sandbox, fault: str
) -> None:
    for name, call in CALLS.items():
        session = logged_in(broker, TRADING)
        if name in ("quotes", "candles"):
            call(broker, session)  # the tokens are known
        sandbox.angel.faults.plan(fault)
        with pytest.raises(FAULTS[fault]) as caught:
            call(broker, session)
        assert session.token.reveal() not in str(caught.value), name
        assert not sandbox.angel.faults.standing(), name


def test_a_login_whose_profile_fails_is_a_login_all_the_same(broker: AngelOne, sandbox: Sandbox) -> None:
    sandbox.angel.faults.plan("503", path="/rest/secure/angelbroking/user/v1/getProfile")
    assert logged_in(broker, TRADING).user_name == "TFA001"


def test_without_the_list_of_instruments_nothing_is_quoted(sandbox: Sandbox) -> None:
    with angel(sandbox, master_url=f"{sandbox.world_url}/angel_nowhere") as broker:
        session = logged_in(broker, TRADING)
        with pytest.raises(Retry, match="list of instruments"):
            broker.quotes("", session).quotes([INFY])
        assert broker.quotes("", session).quotes([]) == {}


def test_the_rates_of_the_broker_are_kept(clock: FixedClock) -> None:
    """At the broker's real limits, with the adapter's defaults, nobody is turned away."""
    with rehearsal(clock, AngelRates()) as strict:
        usual = AngelConfig()
        paces = {name: str(getattr(usual, name)) for name in PACES}
        with angel(strict, **paces) as broker:
            session = logged_in(broker, TRADING)
            for _ in range(2):
                broker.statements("", session).fetch(TRADING)
                broker.quotes("", session).quotes([INFY])


async def first(stream: AsyncGenerator[T, None], count: int) -> list[T]:
    """So many of a stream, within ten seconds."""
    found: list[T] = []
    async with asyncio.timeout(60):
        async with aclosing(stream):
            async for one in stream:
                found.append(one)
                if len(found) == count:
                    break
    return found


def test_ticks_are_the_markets_and_come_when_they_move(
    broker: AngelOne, session: BrokerSession, sandbox: Sandbox, clock: FixedClock
) -> None:
    async def listen() -> list[dict[Listing, Any]]:
        found: list[dict[Listing, Any]] = []
        ticks = broker.ticks("", session, [INFY, SBIN_BSE, NIFTY, NOBODY], clock)
        async with asyncio.timeout(60), aclosing(ticks):
            async for some in ticks:
                found.append(dict(some))
                if len(found) == 3:
                    await asyncio.sleep(0.5)  # repeated meanwhile, and no news
                    clock.advance(timedelta(minutes=3))
                if len(found) == 6:
                    return found
        return found

    found = asyncio.run(listen())
    assert [set(some) for some in found[:3]] == [{INFY}, {NIFTY}, {SBIN_BSE}] or {
        listing for some in found[:3] for listing in some
    } == {INFY, NIFTY, SBIN_BSE}
    for some, now in [(found[:3], TRADING), (found[3:], clock.now())]:
        assert len({listing for one in some for listing in one}) == 3
        for listing, quote in (pair for one in some for pair in one.items()):
            listed = sandbox.market.universe.of(f"{listing.exchange}:{listing.symbol}")
            sight = sandbox.market.sight(listed, now)
            assert (quote.last, quote.previous_close) == (rupees(sight.last), rupees(sight.previous_close))
            assert quote.as_of == sight.traded


def test_too_many_listings_are_a_misuse(broker: AngelOne, session: BrokerSession, clock: FixedClock) -> None:
    many = [Listing("NSE", f"S{number}") for number in range(1_001)]
    with pytest.raises(Misuse, match="1001"):
        asyncio.run(first(broker.ticks("", session, many, clock), 1))


def test_nothing_known_ends_at_once(broker: AngelOne, session: BrokerSession, clock: FixedClock) -> None:
    assert asyncio.run(first(broker.ticks("", session, [NOBODY], clock), 1)) == []


@pytest.mark.parametrize("fault", ["cut_off", "truncated_frame", "heartbeat_loss"])
def test_a_tick_line_that_fails_is_mended(
    broker: AngelOne, session: BrokerSession, sandbox: Sandbox, clock: FixedClock, fault: str
) -> None:
    async def listen() -> None:
        ticks = broker.ticks("", session, [INFY], clock)
        async with asyncio.timeout(60), aclosing(ticks):
            await anext(ticks)
            sandbox.angel.faults.plan(fault, times=20 if fault == "heartbeat_loss" else 1)
            clock.advance(timedelta(minutes=1))
            await asyncio.sleep(0.2 if fault != "heartbeat_loss" else 1.2)
            clock.advance(timedelta(minutes=1))
            while (await anext(ticks))[INFY].as_of < TRADING + timedelta(minutes=2):
                pass

    asyncio.run(listen())
    assert not sandbox.angel.faults.standing()


@pytest.mark.parametrize("feed", ["ticks", "updates"])
def test_a_stolen_session_ends_a_feed(
    broker: AngelOne, session: BrokerSession, sandbox: Sandbox, clock: FixedClock, feed: str
) -> None:
    async def listen() -> None:
        stream: AsyncGenerator[Any, None]
        stream = (
            broker.ticks("", session, [INFY], clock)
            if feed == "ticks"
            else broker.updates("", session, clock)
        )
        async with asyncio.timeout(60), aclosing(stream):
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(logged_in, broker, TRADING)
            if feed == "ticks":
                await waiting
                waiting = asyncio.ensure_future(anext(stream))
            await waiting

    with pytest.raises(Reauth):
        asyncio.run(listen())


async def heard(
    broker: AngelOne, session: BrokerSession, clock: FixedClock, count: int, happen: Callable[[], object]
) -> list[OrderReport]:
    """So many updates after something has happened."""
    updates = broker.updates("", session, clock)
    found: list[OrderReport] = []
    async with asyncio.timeout(60), aclosing(updates):
        waiting = asyncio.ensure_future(anext(updates))
        await asyncio.sleep(0.3)
        happen()
        found.append(await waiting)
        while len(found) < count:
            found.append(await anext(updates))
    return found


def test_updates_tell_each_state_of_an_order(
    broker: AngelOne, session: BrokerSession, sandbox: Sandbox, clock: FixedClock
) -> None:
    def happen() -> None:
        number = sandbox.depot.happen(PartialFill("angelone", "TFA001", "NSE:TCS", "BUY", 9, 4))
        sandbox.depot.happen(Cancellation(number))
        sandbox.depot.happen(Trade("angelone", "TFA002", "NSE:TCS", "BUY", 1))

    found = asyncio.run(heard(broker, session, clock, 6, happen))
    pending, opened = OrderState.PENDING, OrderState.OPEN
    assert [one.state for one in found] == [
        pending, pending, pending, opened, opened, OrderState.CANCELLED,
    ]  # fmt: skip
    assert [one.filled for one in found] == [0, 0, 0, 0, 4, 4]
    last, (booked, *_) = found[-1], broker.orders("", session)[::-1]
    assert (last.order_id, last.state, last.average) == (booked.order_id, booked.state, booked.average)


@pytest.mark.parametrize(
    ("fault", "fills"), [("duplicate_updates", [0, 0, 0, 0, 0]), ("out_of_order", [0, 0, 0, 0, 2])]
)
def test_updates_may_come_twice_and_in_any_order(
    broker: AngelOne,
    session: BrokerSession,
    sandbox: Sandbox,
    clock: FixedClock,
    fault: str,
    fills: list[int],
) -> None:
    def happen() -> None:
        sandbox.angel.faults.plan(fault)
        sandbox.depot.happen(Trade("angelone", "TFA001", "NSE:TCS", "BUY", 2))

    found = asyncio.run(heard(broker, session, clock, 5, happen))
    assert [one.filled for one in found] == fills
    words = [one.status for one in found]
    received, checked = "put order req received", "validation pending"
    assert words[:2] == ([received] * 2 if fault == "duplicate_updates" else [checked, received])


def test_an_update_line_that_drops_is_mended(
    broker: AngelOne, session: BrokerSession, sandbox: Sandbox, clock: FixedClock
) -> None:
    async def listen() -> OrderReport:
        updates = broker.updates("", session, clock)
        async with asyncio.timeout(60), aclosing(updates):
            waiting = asyncio.ensure_future(anext(updates))
            await asyncio.sleep(0.3)
            sandbox.angel.faults.plan("cut_off")
            await asyncio.sleep(0.5)
            sandbox.depot.happen(Trade("angelone", "TFA001", "NSE:TCS", "BUY", 2))
            return await waiting

    assert asyncio.run(listen()).quantity == 2


def test_no_secret_is_logged_or_shown(
    broker: AngelOne, sandbox: Sandbox, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    session = logged_in(broker, TRADING)
    broker.statements("", session).fetch(TRADING)
    asyncio.run(first(broker.ticks("", session, [INFY], clock), 1))
    sandbox.angel.grants.end_all()
    with pytest.raises(Reauth):
        asyncio.run(first(broker.ticks("", session, [INFY], clock), 1))

    held = json.loads(session.token.reveal())
    hidden = [held[name] for name in ("jwt", "refresh", "feed")] + [ANGEL_ASHA.pin, ANGEL_ASHA.totp_secret]
    ours = [record for record in caplog.records if not record.name.startswith("uvicorn")]
    shown = repr(session) + "".join(str(vars(record)) for record in ours)
    assert not [secret for secret in hidden if secret in shown and len(secret) > 4]
    assert isinstance(session.token, Secret)
