"""A market source with a memory: quotes, past closes, rates and what companies did, all as the test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tunefolio.core.errors import TunefolioError
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionClaim, ActionKind, Terms
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import HistoryClaim, QuoteClaim, RateClaim


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


@dataclass
class HistoryBoard:
    """A HistorySource in memory; `problem` is raised from the call that makes `patience` negative on."""

    closes: dict[str, dict[str, str]] = field(default_factory=dict)
    actions: list[ActionClaim] = field(default_factory=list)
    fixings: dict[str, dict[str, str]] = field(default_factory=dict)
    currency: Currency = INR
    problem: TunefolioError | None = None
    patience: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    name: str = "board"

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        return {}

    def history(self, listing: Listing, since: TradingDay, until: TradingDay) -> HistoryClaim | None:
        self._ask(listing.symbol, since, until)
        known = self.closes.get(listing.symbol)
        actions = tuple(
            action for action in self.actions if action.listing == listing and action.ex_day >= since
        )
        if known is None and not actions:
            return None
        inside = ((day(text), Decimal(price)) for text, price in (known or {}).items())
        return HistoryClaim(
            tuple(sorted(one for one in inside if since <= one[0] < until)), self.currency, actions
        )

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
