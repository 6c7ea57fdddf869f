"""Every account of the simulated exchange, at all its brokers: moved by events, read at the exchange's clock.

What an account shows follows from its people, the market, the session it opened on and the events so far: the
same at every asking, for every face. Thread-safe; order feeds are told in the loop they wait in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import RLock

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, Instant, TradingDay
from tunefolio.sandbox import checks
from tunefolio.sandbox.accounts import Account, Books, Line
from tunefolio.sandbox.corporate import Split as Announced
from tunefolio.sandbox.events import Bonus, Cancellation, Event, Fill, Happened, Split, Transfer
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.orderbook import Execution, Order
from tunefolio.sandbox.people import Trader

Holder = tuple[str, str]
"""A broker's name and the user's id there."""


@dataclass(slots=True)
class _Watcher:
    """Who waits for order changes: of one holder, or of every user of a broker when user is ""."""

    broker: str
    user: str
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[tuple[Trader, Order]]
    told: dict[int, int] = field(default_factory=dict)

    def tell(self, trader: Trader, orders: Sequence[Order]) -> None:
        """Every state not yet told, one by one."""
        for order in orders:
            known = self.told.get(order.order_no, 0)
            self.told[order.order_no] = len(order.states)
            for state in list(order.history())[known:]:
                with suppress(RuntimeError):  # its loop has ended: nobody waits any more
                    self.loop.call_soon_threadsafe(self.queue.put_nowait, (trader, state))


class Depot:
    """The accounts of one exchange. opened: the session on which they stand as their people say; None: the
    one of now. note: told of everything that happens."""

    def __init__(
        self,
        market: Market,
        clock: Clock,
        people: Sequence[Trader],
        *,
        opened: TradingDay | None = None,
        note: Callable[[Happened], None] = lambda _: None,
    ) -> None:
        self.market = market
        self._clock = clock
        self.opened = opened or market.sessions.current(clock.now())
        self._accounts = {
            (trader.broker, trader.user_id): Account(trader, place, self.opened)
            for place, trader in enumerate(people)
        }
        self._note = note
        self._lock = RLock()
        self._happened: list[Happened] = []
        self._own: dict[Holder, list[Happened]] = {}
        self._placed_by: dict[int, Holder] = {}
        self._known: dict[Holder, tuple[object, Books]] = {}
        self._watchers: list[_Watcher] = []

    def people(self, broker: str = "") -> tuple[Trader, ...]:
        """Of one broker, or everybody."""
        return tuple(one.trader for one in self._accounts.values() if broker in ("", one.trader.broker))

    def trader(self, broker: str, user: str) -> Trader | None:
        account = self._accounts.get((broker, user))
        return None if account is None else account.trader

    def lines(self, broker: str, user: str) -> list[Line]:
        """What is in the demat, without today's trades: those are positions until the session is over."""
        return list(self.books(broker, user).lines)

    def executions(self, broker: str, user: str) -> list[Execution]:
        """Of the running session, oldest first."""
        return list(self.books(broker, user).executions)

    def orders(self, broker: str, user: str) -> list[Order]:
        """Of the running session, oldest first."""
        return list(self.books(broker, user).orders)

    def cash(self, broker: str, user: str) -> int:
        """Paise that are left after today's executions and deposits."""
        return self.books(broker, user).cash

    def past(self, broker: str, user: str) -> list[Execution]:
        """Every execution of earlier sessions, and how what the account opened with was bought."""
        books = self.books(broker, user)
        return [*self._accounts[broker, user].purchases(self.market), *books.past]

    def books(self, broker: str, user: str) -> Books:
        """All that the account shows now. Raises Misuse for a stranger."""
        account = self._accounts.get((broker, user))
        if account is None:
            raise Misuse("user", f"nobody is {user!r} at {broker!r}", cure="GET /control/accounts lists them")
        now = self._clock.now()
        with self._lock:
            own = [one for one in self._own.get((broker, user), ()) if one.at <= now]
            stand = self._stand_of(account, own, now)
            known = self._known.get((broker, user))
            if known is None or known[0] != stand:
                known = stand, account.books(self.market, own, now)
                self._known[broker, user] = known
            return known[1]

    def _stand_of(self, account: Account, own: Sequence[Happened], now: Instant) -> object:
        """Equal while the account shows the same."""
        sessions = self.market.sessions
        today = sessions.current(now)
        due = account.due(self.market, now)
        ends = sessions.with_auction(today).end <= now, sessions.regular(today).end <= now
        return today, len(own), due, ends, len(self.market.register.announced())

    @property
    def happened(self) -> tuple[Happened, ...]:
        """Every event so far, in the order they were told."""
        return tuple(self._happened)

    def happen(self, event: Event) -> int:
        """Let it happen. Returns the number of the order it made or moved, of any other event its place.

        Raises Misuse, with nothing changed, for what cannot be: an unknown user or listing, more units than
        are held, a time at which nothing trades, an ex-day that is not ahead.
        """
        with self._lock:
            checked = checks.checked(self, event, self._clock.now(), len(self._happened) + 1)
            self._note(checked)
            self.restore(checked)
        self.stir()
        return self._number_of(checked)

    def restore(self, one: Happened) -> None:
        """Take up what happened already, as it was checked then."""
        with self._lock:
            self._happened.append(one)
            match one.event:
                case Split(symbol, ex_day, new, old):
                    self.market.register.announce(Announced(symbol, ex_day, new, old))
                case Bonus(symbol, ex_day, new, held):
                    self.market.register.announce(Announced(symbol, ex_day, new + held, held, is_bonus=True))
                case _:
                    for holder in self.holders(one.event):
                        if number := checks.order_of(one):
                            self._placed_by.setdefault(number, holder)
                        self._own.setdefault(holder, []).append(one)
                        self._own[holder].sort(key=lambda other: (other.at, other.number))

    def holders(self, event: Event) -> list[Holder]:
        """Whose accounts it concerns; of a split nobody's. Raises Misuse for an unknown order."""
        match event:
            case Split() | Bonus():
                return []
            case Transfer():
                return [(event.broker, event.user), (event.to_broker, event.to_user)]
            case Fill() | Cancellation():
                return [self._owner_of(event.order_no)]
            case _:
                return [(event.broker, event.user)]

    def _owner_of(self, order_no: int) -> Holder:
        holder = self._placed_by.get(order_no)
        if holder is None:
            raise Misuse("order_no", f"no event placed an order {order_no}")
        return holder

    def _number_of(self, one: Happened) -> int:
        return checks.order_of(one) or one.number

    @contextmanager
    def watch(self, broker: str, user: str) -> Iterator[asyncio.Queue[Order]]:
        """The user's order changes from now on, each state by itself. In the running loop."""
        own: asyncio.Queue[Order] = asyncio.Queue()
        with self.watch_all(broker, user) as queue:
            passing = asyncio.get_running_loop().create_task(_pass_on(queue, own))
            try:
                yield own
            finally:
                passing.cancel()

    @contextmanager
    def watch_all(self, broker: str, user: str = "") -> Iterator[asyncio.Queue[tuple[Trader, Order]]]:
        """Order changes of every user of a broker, with whose they are."""
        watcher = _Watcher(broker, user, asyncio.get_running_loop(), asyncio.Queue())
        for trader in self._watched(watcher):
            orders = self.orders(trader.broker, trader.user_id)
            watcher.told.update((order.order_no, len(order.states)) for order in orders)
        with self._lock:
            self._watchers.append(watcher)
        try:
            yield watcher.queue
        finally:
            with self._lock:
                self._watchers.remove(watcher)

    def stir(self) -> None:
        """Tell every watcher what has changed, by events and by the clock."""
        with self._lock:
            for watcher in self._watchers:
                for trader in self._watched(watcher):
                    watcher.tell(trader, self.orders(trader.broker, trader.user_id))

    def _watched(self, watcher: _Watcher) -> list[Trader]:
        return [one for one in self.people(watcher.broker) if watcher.user in ("", one.user_id)]


async def _pass_on(queue: asyncio.Queue[tuple[Trader, Order]], own: asyncio.Queue[Order]) -> None:
    while True:
        _, order = await queue.get()
        own.put_nowait(order)
