"""What the control panel can do, without HTTP: every deed is checked, done, and written into its list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any, Protocol

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST, Instant, TradingDay, calendar_date
from tunefolio.sandbox import totp, wording
from tunefolio.sandbox.accounts import Line
from tunefolio.sandbox.clock import ShiftedClock
from tunefolio.sandbox.depot import Depot
from tunefolio.sandbox.faults import Fault, FaultKind, Faults
from tunefolio.sandbox.kite.postback import Postbox
from tunefolio.sandbox.orderbook import Execution, Order
from tunefolio.sandbox.people import Trader
from tunefolio.sandbox.tradebook import tradebook

_MOST_ENTRIES = 1_000
_FIRST_DAY = TradingDay.parse("2000-01-01")


class Sessions(Protocol):
    """Who is logged in at one face."""

    def end_all(self) -> None: ...

    def end_of(self, user_id: str, /) -> None:
        """Every session of one user: somebody has logged in elsewhere."""
        ...


@dataclass(frozen=True, slots=True)
class Face:
    """One simulated counterpart. name: a broker's, or yahoo or world. sessions: None where nobody logs in.

    application: the key of the one application it knows; "" where it asks for none.
    """

    name: str
    title: str
    address: Callable[[], str]
    faults: Faults
    sessions: Sessions | None = None
    application: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something the panel did. at: by the exchange's clock."""

    at: Instant
    deed: str
    detail: str


@dataclass(slots=True)
class Panel:
    """Over one depot, its clock, and all faces. postbox: where Zerodha's face calls the app; note_shift: told
    how far ahead the clock is now."""

    depot: Depot
    clock: ShiftedClock
    faces: Mapping[str, Face]
    postbox: Postbox = field(default_factory=Postbox)
    note_shift: Callable[[timedelta], None] = lambda _: None
    _log: list[Entry] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def entries(self) -> tuple[Entry, ...]:
        """All that was done, newest first; the last thousand."""
        with self._lock:
            return tuple(reversed(self._log))

    def note(self, deed: str, detail: str) -> None:
        """Into the list of what was done."""
        with self._lock:
            self._log.append(Entry(self.clock.now(), deed, detail))
            del self._log[:-_MOST_ENTRIES]

    def state(self) -> dict[str, Any]:
        """The clock, the faces with what is to go wrong, and how much has happened."""
        return {
            "clock": self.time(),
            "faces": [self.face(name) for name in self.faces],
            "accounts": len(self.depot.people()),
            "events": len(self.depot.happened),
            "postback": self.postbox.url,
        }

    def time(self) -> dict[str, Any]:
        now = self.clock.now()
        session = self.depot.market.sessions.current(now)
        window = self.depot.market.sessions.regular(session)
        return {
            "now": now.iso(IST),
            "ahead_seconds": self.clock.ahead.total_seconds(),
            "session": session.iso(),
            "is_open": window.open <= now < window.end,
            "opened": self.depot.opened.iso(),
        }

    def shift(self, *, days: int = 0, to: Instant | None = None) -> dict[str, Any]:
        """The clock forward by days, or to a moment ahead. Raises Misuse."""
        if (to is None) == (days == 0):
            raise Misuse("days", "either days or a moment is wanted", cure='{"days": 1} or {"to": "2026-…"}')
        if to is None and not 1 <= days <= 3_660:
            raise Misuse("days", f"{days} is not between 1 and 3660")
        self.clock.shift(timedelta(days=days) if to is None else to - self.clock.now())
        self.note_shift(self.clock.ahead)
        self.depot.stir()
        told = self.time()
        self.note("clock", f"is {told['now']}")
        return told

    def face(self, name: str) -> dict[str, Any]:
        one = self._face(name)
        return {
            "name": one.name,
            "title": one.title,
            "address": one.address(),
            "application": one.application,
            "latency_seconds": one.faults.latency_seconds,
            "faults": [_fault(fault) for fault in one.faults.standing()],
            "has_sessions": one.sessions is not None,
        }

    def plan(self, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """kind, and path, times, seconds, retry_after where they differ from the usual. Raises Misuse."""
        one = self._face(name)
        wanted = {key: value for key, value in said.items() if value not in (None, "")}
        unknown = wanted.keys() - {"kind", *_FAULT_READERS}
        if unknown:
            raise Misuse(min(unknown), "a fault has no such field", cure=f"Known: {', '.join(_FAULT_FIELDS)}")
        if "kind" not in wanted:
            raise Misuse("kind", "a fault needs it", cure=f"Known: {', '.join(FaultKind)}")
        kind = wording.text("kind", wanted.pop("kind"))
        values = {key: _FAULT_READERS[key](key, value) for key, value in wanted.items()}
        fault = one.faults.plan(kind, **values)
        self.note("fault", f"{fault.kind} {fault.times}x at {name}{fault.path}")
        return {"face": name, **_fault(fault)}

    def clear(self, name: str = "") -> None:
        """Nothing goes wrong any more, at one face or at all."""
        for one in [self._face(name)] if name else list(self.faces.values()):
            one.faults.clear()
            one.faults.slow_down(0)
        self.note("faults cleared", name or "everywhere")

    def slow_down(self, name: str, seconds: float) -> dict[str, Any]:
        self._face(name).faults.slow_down(seconds)
        self.note("latency", f"{seconds:g} s at {name}")
        return self.face(name)

    def register_postback(self, url: str) -> None:
        """Where the app wants to be told of orders; "" for nowhere any more. Raises Misuse."""
        self.postbox.register(url)
        self.note("postback address", url or "none")

    def end_sessions(self, name: str, user: str = "") -> None:
        """Everybody's at a face, or one user's, as when they log in elsewhere. Raises Misuse."""
        sessions = self._face(name).sessions
        if sessions is None:
            raise Misuse("face", f"nobody logs in at {name}")
        if user and self.depot.trader(name, user) is None:
            raise Misuse("user", f"nobody is {user!r} at {name}", cure="GET /control/accounts lists them")
        if user:
            sessions.end_of(user)
        else:
            sessions.end_all()
        self.note("sessions ended", f"{user or 'everybody'} at {name}")

    def happen(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """One event by its words. Raises Misuse."""
        number = self.depot.happen(wording.event_of(said))
        one = wording.told(self.depot.happened[-1])
        words = [f"{name} {value}" for name, value in one["event"].items() if value not in (None, "")]
        self.note("event", ", ".join(words).removeprefix("kind "))
        return {"order_no": str(number) if number != one["number"] else None, **one}

    def events(self) -> list[dict[str, Any]]:
        return [wording.told(one) for one in self.depot.happened]

    def accounts(self, broker: str = "") -> list[dict[str, Any]]:
        """Who can sign in where, with what, and the code of this half minute."""
        return [self._credentials(trader) for trader in self.depot.people(broker)]

    def account(self, broker: str, user: str) -> dict[str, Any]:
        """Everything the account shows now. Raises Misuse."""
        books = self.depot.books(broker, user)
        return {
            "broker": broker,
            "user": user,
            "cash": _rupees(books.cash),
            "lines": [_line(line) for line in books.lines],
            "orders": [_order(order) for order in books.orders],
            "executions": [_execution(one) for one in books.executions],
        }

    def tradebook(self, broker: str, user: str, start: TradingDay | None, end: TradingDay | None) -> str:
        """Of [start, end); without them, of everything past. Raises Misuse."""
        self.depot.books(broker, user)
        after = TradingDay(calendar_date(self.clock.now())).plus_days(1)
        return tradebook(self.depot.past(broker, user), start or _FIRST_DAY, end or after)

    def _credentials(self, trader: Trader) -> dict[str, Any]:
        code = totp.code(trader.totp_secret, self.clock.now()) if trader.totp_secret else ""
        face = self.faces.get(trader.broker)
        return {
            "broker": trader.broker, "user": trader.user_id, "name": trader.name,
            "application": "" if face is None else face.application,
            "password": trader.password, "pin": trader.pin, "mobile": trader.mobile,
            "totp_secret": trader.totp_secret, "totp_code": code,
        }  # fmt: skip

    def _face(self, name: str) -> Face:
        one = self.faces.get(name)
        if one is None:
            raise Misuse("face", f"{name!r} is no face", cure=f"Known: {', '.join(self.faces)}")
        return one


_FAULT_READERS: dict[str, Callable[[str, Any], Any]] = {
    "path": wording.text,
    "times": wording.whole,
    "seconds": wording.real,
    "retry_after": wording.whole,
}
_FAULT_FIELDS = ("kind", *_FAULT_READERS)


def _fault(fault: Fault) -> dict[str, Any]:
    return {**asdict(fault), "kind": str(fault.kind)}


def _rupees(paise: int) -> str:
    return f"{'-' if paise < 0 else ''}{abs(paise) // 100}.{abs(paise) % 100:02d}"


def _line(line: Line) -> dict[str, Any]:
    return {
        "key": line.listed.key, "isin": line.listed.company.isin or "", "settled": line.settled,
        "unsettled": line.unsettled, "used": line.used, "pledged": line.pledged,
        "margin_funded": line.margin_funded, "average": f"{line.average:.6f}",
    }  # fmt: skip


def _order(order: Order) -> dict[str, Any]:
    return {
        "order_no": str(order.order_no), "key": order.listed.key, "side": order.side,
        "quantity": order.quantity, "filled": order.filled, "price": _rupees(order.price),
        "average": _rupees(order.average), "status": order.status, "message": order.message,
        "product": order.product, "placed": order.placed.iso(IST), "updated": order.updated.iso(IST),
        "states": [state.status for state in order.states],
    }  # fmt: skip


def _execution(one: Execution) -> dict[str, Any]:
    return {
        "trade_no": str(one.trade_no), "order_no": str(one.order_no), "key": one.listed.key,
        "side": one.side, "quantity": one.quantity, "price": _rupees(one.price), "at": one.at.iso(IST),
        "product": one.product,
    }  # fmt: skip
