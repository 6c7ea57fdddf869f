"""Figures worked out again from the derivations of the API, by operations written here and nowhere else.

Money and units are Decimal, figures of returns and risk floats of the standard library: no code of the
product takes part, so that a figure that is wrong on both sides would have to be thought wrong twice.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

Number = Decimal | float
Tree = Mapping[str, Any]
WIDE = Context(prec=80)
SURE = 0.05


def recount(tree: Tree) -> Number:
    """The value of a tree from its leaves alone; fails where any node says something else."""
    told = number_of(tree["value"])
    if tree["op"] == "leaf":
        return told
    value = _worked_out(tree)
    assert same(value, told), f"{tree['name']}: {tree['op']} gives {value}, and {told} is told"
    return value


def _worked_out(tree: Tree) -> Number:
    op: str = tree["op"]
    parts = [recount(part) for part in tree.get("inputs", ())]
    if op == "plain average":
        return plain_average(tree)
    if "table" in tree:
        return TABLES[op](Days.of(tree))
    if op.startswith(("product, ", "money, ")):
        return _rounded(_product(parts), int(op.split()[1]))
    return PLAIN[op](parts)


def same(one: Number, other: Number) -> bool:
    """Exact numbers agree in every digit (quotients in 30), floats but for their last digits."""
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return abs(one - other) <= abs(other).scaleb(-30)
    return math.isclose(one, other, rel_tol=1e-8, abs_tol=1e-10)


def leaves(tree: Tree) -> Iterator[Tree]:
    if tree["op"] == "leaf":
        yield tree
    for part in tree.get("inputs", ()):
        yield from leaves(part)


def number_of(value: str | float) -> Number:
    """Exact numbers stand as text in JSON, floats as numbers."""
    return Decimal(value) if isinstance(value, str) else value


def _sum(parts: Sequence[Any]) -> Decimal:
    result = Decimal(0)
    for part in parts:
        result = WIDE.add(result, part)
    return result


def _product(parts: Sequence[Any]) -> Decimal:
    result = Decimal(1)
    for part in parts:
        result = WIDE.multiply(result, Decimal(repr(part)) if isinstance(part, float) else part)
    return result


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP, context=WIDE)


PLAIN: Mapping[str, Callable[[Sequence[Any]], Number]] = {
    "sum": _sum,
    "difference": lambda parts: WIDE.subtract(parts[0], _sum(parts[1:])),
    "product": _product,
    "quotient": lambda parts: WIDE.divide(parts[0], parts[1]),
    "negate": lambda parts: -parts[0],
    "same": lambda parts: parts[0],
    "float": lambda parts: float(parts[0]),
}


def plain_average(tree: Tree) -> float:
    """One cost for all units: purchases add to it, sales take their share, to the minor unit."""
    table, held, cost = tree["table"], Decimal(0), Decimal(0)
    unit = Decimal(1).scaleb(-int(tree["settings"]["digits"]))
    for units, added in zip(table["units"], table["cost"], strict=True):
        change = Decimal(repr(units))
        if change < 0 < held:
            cost -= (cost * -change / held).quantize(unit) if held + change else cost
        held, cost = held + change, cost + Decimal(repr(added))
    return float(cost)


@dataclass(frozen=True)
class Days:
    """The table under a figure: one row a day, the first the eve; None where there is no value."""

    day: Sequence[int]
    value: Sequence[float | None]
    inflow: Sequence[float]
    outflow: Sequence[float]
    gross: Sequence[float]
    benchmark: Sequence[float | None]
    sessions: float

    @classmethod
    def of(cls, tree: Tree) -> Days:
        table = tree["table"]
        days = [date.fromisoformat(text).toordinal() for text in table["day"]]
        assert tree["settings"]["risk_free"] == 0, "rates of interest come into no figure yet"
        return cls(
            days,
            table["value"],
            table["inflow"],
            table["outflow"],
            table["gross"],
            table.get("benchmark", [None] * len(days)),
            tree["settings"]["sessions"],
        )

    @property
    def first(self) -> int:
        """The row from which time counts: the eve, or the first day on which anything moved."""
        if self.value[0] != 0:
            return 0
        moved = zip(self.inflow, self.outflow, self.gross, strict=True)
        return next((place for place, each in enumerate(moved) if any(each)), 0)

    @property
    def length(self) -> int:
        return self.day[-1] - self.day[self.first]

    @property
    def start(self) -> float:
        assert self.value[0] is not None
        return self.value[0]

    @property
    def end(self) -> float:
        assert self.value[-1] is not None
        return self.value[-1]

    def daily(self) -> list[float | None]:
        """The return of each row after the eve; None where a value lacks or nothing worked."""
        return [factor - 1 if factor is not None else None for factor in self.factors(single=True)]

    def growth(self) -> list[float | None]:
        """What 1 at the start has become, a row each; None on days without a value."""
        level, curve = 1.0, []
        for place, factor in enumerate(self.factors(single=False), 1):
            level *= 1.0 if factor is None else factor
            curve.append(level if self.value[place] is not None else None)
        return curve

    def factors(self, *, single: bool) -> list[float | None]:
        """Value over capital, from one known day to the next. single: only from one row to the next."""
        before, inflow, outflow, gross, rows = self.start, 0.0, 0.0, 0.0, 0
        factors: list[float | None] = []
        for place in range(1, len(self.day)):
            inflow, outflow = inflow + self.inflow[place], outflow + self.outflow[place]
            gross, rows, now = gross + self.gross[place], rows + 1, self.value[place]
            if now is None:
                factors.append(None)
                continue
            capital = before + inflow
            worked = max(capital, gross) if before == 0 else capital
            end = now + outflow + (worked - capital)
            known = worked > 0 and (rows == 1 or not single)
            factors.append(end / worked if known else None)
            before, inflow, outflow, gross, rows = now, 0.0, 0.0, 0.0, 0
        return factors

    def returns(self) -> list[float]:
        """Daily returns from the first day with capital, those that are known."""
        return [each for each in self.daily()[max(self.first - 1, 0) :] if each is not None]

    def pairs(self) -> tuple[list[float], list[float]]:
        """Daily returns beside the benchmark's, of days that have both."""
        own, theirs, daily = [], [], self.daily()
        for place in range(max(self.first, 1), len(self.day)):
            mine = daily[place - 1]
            now, before = self.benchmark[place], self.benchmark[place - 1]
            if mine is not None and now is not None and before is not None:
                own.append(mine)
                theirs.append(now / before - 1)
        return own, theirs

    def flows(self) -> list[tuple[int, float]]:
        """Of the investor: what was laid out is below zero."""
        amounts = [out - into for into, out in zip(self.inflow, self.outflow, strict=True)]
        amounts[0] -= self.start
        amounts[-1] += self.end
        return [(day, amount) for day, amount in zip(self.day, amounts, strict=True) if amount]


def twr(days: Days) -> float:
    return math.prod(factor for factor in days.factors(single=False) if factor is not None) - 1


def xirr(flows: Sequence[tuple[int, float]]) -> float:
    """Bisection between the two rates around zero growth where the worth of all flows changes sides."""
    first = flows[0][0]

    def worth(rate: float) -> float:
        return math.fsum(amount * math.exp(-rate * (day - first) / 365) for day, amount in flows)

    step = 0.005
    low, high = 0.0, 0.0
    while worth(low) * worth(low - step) > 0 and worth(high) * worth(high + step) > 0:
        low, high = low - step, high + step
        assert high < 10, "no rate makes these flows worth nothing"
    low, high = (low - step, low) if worth(low) * worth(low - step) <= 0 else (high, high + step)
    sign = worth(low) > 0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (worth(middle) > 0) == sign else (low, middle)
    return math.expm1((low + high) / 2)


def dietz(days: Days) -> float:
    length = days.length
    net = [into - out for into, out in zip(days.inflow, days.outflow, strict=True)]
    capital = days.start + math.fsum(
        flow * (days.day[-1] - day) / length for flow, day in zip(net, days.day, strict=True)
    )
    return (days.end - days.start - math.fsum(net)) / capital


def simple(days: Days) -> float:
    paid = days.start + math.fsum(days.inflow)
    return (days.end + math.fsum(days.outflow) - paid) / paid


def falls(curve: Sequence[float | None]) -> list[tuple[int, float]]:
    peak, found = 1.0, []
    for place, level in enumerate(curve):
        if level is not None:
            peak = max(peak, level)
            found.append((place, level / peak - 1))
    return found


def max_drawdown(days: Days) -> float:
    return min((depth for _, depth in falls(days.growth())), default=0.0)


def recovery_days(days: Days) -> float:
    every = falls(days.growth())
    trough, _ = min(every, key=lambda fall: (fall[1], fall[0]))
    back = next(place for place, depth in every if place > trough and depth == 0)
    return float(days.day[back + 1] - days.day[trough + 1])


def volatility(days: Days) -> float:
    return statistics.stdev(days.returns()) * math.sqrt(days.sessions)


def sharpe(days: Days) -> float:
    returns = days.returns()
    return statistics.fmean(returns) / statistics.stdev(returns) * math.sqrt(days.sessions)


def sortino(days: Days) -> float:
    returns = days.returns()
    down = math.sqrt(statistics.fmean(min(each, 0) ** 2 for each in returns))
    return statistics.fmean(returns) / down * math.sqrt(days.sessions)


def calmar(days: Days) -> float:
    returns = days.returns()
    curve = [math.prod(1 + each for each in returns[: place + 1]) for place in range(len(returns))]
    return _a_year(returns, days.sessions) / -min(depth for _, depth in falls(curve))


def value_at_risk(days: Days) -> float:
    """The quantile between the two returns that stand around its place."""
    ranked = sorted(days.returns())
    place = SURE * (len(ranked) - 1)
    low = int(place)
    return ranked[low] + (place - low) * (ranked[low + 1] - ranked[low])


def expected_shortfall(days: Days) -> float:
    limit = value_at_risk(days)
    return statistics.fmean(each for each in days.returns() if each <= limit)


def _a_year(returns: Sequence[float], sessions: float) -> float:
    return float(math.prod(1 + each for each in returns) ** (sessions / len(returns))) - 1


def benchmark_twr(days: Days) -> float:
    first, last = days.benchmark[days.first], days.benchmark[-1]
    assert first is not None
    assert last is not None
    return last / first - 1


def benchmark_value(days: Days) -> float:
    """Every flow buys or sells units of the benchmark at its level of the day."""
    units = 0.0
    for place, level in enumerate(days.benchmark):
        money = days.inflow[place] - days.outflow[place] + (days.start if place == 0 else 0)
        if money:
            assert level is not None
            units += money / level
    assert days.benchmark[-1] is not None
    return units * days.benchmark[-1]


def benchmark_xirr(days: Days) -> float:
    flows = dict(days.flows())
    flows[days.day[-1]] = flows.get(days.day[-1], 0.0) - days.end + benchmark_value(days)
    return xirr(sorted(flows.items()))


def beta(days: Days) -> float:
    own, theirs = days.pairs()
    return statistics.covariance(own, theirs) / statistics.variance(theirs)


def alpha(days: Days) -> float:
    own, theirs = days.pairs()
    left = statistics.fmean(own) - beta(days) * statistics.fmean(theirs)
    return float((1 + left) ** days.sessions) - 1


def tracking_error(days: Days) -> float:
    differences = [mine - other for mine, other in zip(*days.pairs(), strict=True)]
    return statistics.stdev(differences) * math.sqrt(days.sessions)


def information_ratio(days: Days) -> float:
    own, theirs = days.pairs()
    return (_a_year(own, days.sessions) - _a_year(theirs, days.sessions)) / tracking_error(days)


TABLES: Mapping[str, Callable[[Days], float]] = {
    "twr": twr,
    "twr_annual": lambda days: float((1 + twr(days)) ** (365 / days.length)) - 1,
    "xirr": lambda days: xirr(days.flows()),
    "xirr_period": lambda days: float((1 + xirr(days.flows())) ** (days.length / 365)) - 1,
    "dietz": dietz,
    "simple": simple,
    "volatility": volatility,
    "sharpe": sharpe,
    "sortino": sortino,
    "calmar": calmar,
    "max_drawdown": max_drawdown,
    "recovery_days": recovery_days,
    "var": value_at_risk,
    "es": expected_shortfall,
    "benchmark_twr": benchmark_twr,
    "benchmark_value": benchmark_value,
    "benchmark_xirr": benchmark_xirr,
    "excess": lambda days: twr(days) - benchmark_twr(days),
    "beta": beta,
    "alpha": alpha,
    "tracking_error": tracking_error,
    "information_ratio": information_ratio,
}
