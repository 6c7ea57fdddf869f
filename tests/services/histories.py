"""A market source with a memory: past bars, rates and what companies did, all as the test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from tunefolio.core.errors import TunefolioError
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionClaim, ActionKind, Terms
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import BarsClaim, RateClaim


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def told(
    symbol: str, ex_day: str, kind: str, ratio: str = "", amount: str = "", source: str = "board", **rest: str
) -> ActionClaim:
    """An action in one line: told("WIPRO", "2024-12-03", "bonus", "1:1")."""
    new, _, old = ratio.partition(":")
    terms = Terms(
        ActionKind(kind),
        Decimal(new) if new else None,
        Decimal(old) if old else None,
        cost_ratio=Decimal(rest["cost"]) if "cost" in rest else None,
        amount=Decimal(amount) if amount else None,
    )
    other = Listing("NSE", rest["other"]) if "other" in rest else None
    return ActionClaim(Listing("NSE", symbol), day(ex_day), terms, source, other=other)


def bar_of(on: str, said: str) -> Bar:
    """`1500` is a close alone, `1490 1510 1480 1500 1000` a whole bar."""
    numbers = said.split()
    if len(numbers) == 1:
        return Bar(day(on), Decimal(said))
    first, high, low, last = map(Decimal, numbers[:4])
    return Bar(day(on), last, first, high, low, int(numbers[4]))


@dataclass
class HistoryBoard:
    """A source of bars and rates in memory; `problem` is raised from the call that makes `patience` negative.

    closes: by symbol and day, as `close` or `open high low close volume`.
    """

    closes: dict[str, dict[str, str]] = field(default_factory=dict)
    announced: list[ActionClaim] = field(default_factory=list)
    fixings: dict[str, dict[str, str]] = field(default_factory=dict)
    currency: Currency = INR
    problem: TunefolioError | None = None
    patience: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    name: str = "board"

    def serves(self, listing: Listing) -> bool:
        return True

    def bars(self, listing: Listing, since: TradingDay, until: TradingDay) -> BarsClaim | None:
        self._ask(listing.symbol, since, until)
        known = self.closes.get(listing.symbol)
        actions = tuple(
            action for action in self.announced if action.listing == listing and action.ex_day >= since
        )
        if known is None and not actions:
            return None
        inside = [bar_of(text, told) for text, told in sorted((known or {}).items())]
        return BarsClaim(tuple(one for one in inside if since <= one.day < until), self.currency, actions)

    def rates(
        self, base: Currency, quote: Currency, since: TradingDay, until: TradingDay
    ) -> tuple[RateClaim, ...] | None:
        self._ask(f"{base}{quote}", since, until)
        known = self.fixings.get(f"{base}{quote}")
        if known is None:
            return None
        inside = (RateClaim(base, quote, day(text), Decimal(rate)) for text, rate in known.items())
        return tuple(sorted((one for one in inside if since <= one.day < until), key=lambda one: one.day))

    def _ask(self, what: str, since: TradingDay, until: TradingDay) -> None:
        self.asked.append((what, since.iso(), until.iso()))
        if self.problem is not None:
            self.patience -= 1
            if self.patience < 0:
                raise self.problem
