"""The derivations of values and statement lines: the same sums as tracks and periods, as trees down to facts.

A law test holds every tree's value equal to the figure it explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from tunefolio.analysis.columns import exchanges
from tunefolio.analysis.derivation import Derivation, lacking, leaf, made
from tunefolio.analysis.explain_parts import (
    UNITS,
    Facts,
    accrued,
    at_rate,
    day_cash,
    day_ref,
    day_sum,
    name_of,
    priced,
    state_of,
)
from tunefolio.analysis.periods import SIGNS, in_scope
from tunefolio.analysis.scopes import Period, Scope
from tunefolio.analysis.tracks import Track
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import DayRow, Moved

__all__ = [
    "Facts", "explain_cost", "explain_gain", "explain_line", "explain_statement", "explain_value", "money_of",
]  # fmt: skip


def explain_statement(
    tracks: Iterable[Track], scope: Scope, period: Period, facts: Facts | None = None
) -> Derivation:
    """The end as start and all lines: the statement itself as a tree."""
    known = list(tracks)
    parts = []
    for line, sign in SIGNS.items():
        tree = explain_line(known, scope, period, line, facts)
        parts.append(tree if sign > 0 else made(f"less {line}", "negate", [tree], tree.unit))
    return made("end", "sum", parts, parts[0].unit, formula="start + all lines = end")


def explain_line(
    tracks: Iterable[Track], scope: Scope, period: Period, line: str, facts: Facts | None = None
) -> Derivation:
    """One line of the statement (its field's name) as the sum over the scope's holdings and cash."""
    every = list(tracks)
    chosen = in_scope(every, scope)
    unit = chosen[0].currency if chosen else ""
    if line in {"paid_in", "paid_out"}:
        return _gross(every, chosen, period, line, facts)
    parts = [_line(every, track, period, line, facts) for track in chosen]
    told = [part for part in parts if part.op == "missing" or part.value]
    return made(line, "sum", told, unit, formula="sum over holdings and cash")


def explain_gain(
    tracks: Iterable[Track], scope: Scope, period: Period, facts: Facts | None = None
) -> Derivation:
    """What was earned: end − start − flows − in kind."""
    known = list(tracks)
    parts = [explain_line(known, scope, period, line, facts) for line in ("end", "start", "flows", "in_kind")]
    return made("total", "difference", parts, parts[0].unit, formula="end − start − flows − in kind")


def explain_value(track: Track, day: TradingDay | None, facts: Facts | None = None) -> Derivation:
    """What a holding or cash is worth at the close of the day: units × price × rate."""
    row, unit = track.state(day), track.currency
    name = f"value of {name_of(track)}"
    if row is None or day is None:
        return made(name, "sum", (), unit, formula="nothing was held")
    if row.instrument is None:
        return at_rate(name, state_of(track, row, "cash_balance", facts), track, day)
    if not row.units:
        owed = made("less contract value", "negate", [state_of(track, row, "notional", facts)], row.currency)
        return at_rate(name, owed, track, day)
    if row.instrument in track.market.valuers:
        return accrued(track, name, day)
    worth = priced(track, row.instrument, state_of(track, row, "units", facts), day, name=name, is_held=True)
    if not row.notional:
        return worth
    notional = at_rate("contract value", state_of(track, row, "notional", facts), track, day)
    return made(name, "difference", [worth, notional], unit, formula="units × price − contract value")


def explain_cost(track: Track, day: TradingDay | None, facts: Facts | None = None) -> Derivation:
    """Cost before charges at the day's rate; of cash, the cash."""
    row = track.state(day)
    name = f"cost of {name_of(track)}"
    if row is None or day is None:
        return made(name, "sum", (), track.currency, formula="nothing was held")
    held = "cash_balance" if row.instrument is None else "cost"
    return at_rate(name, state_of(track, row, held, facts), track, day)


def _line(every: Sequence[Track], track: Track, period: Period, line: str, facts: Facts | None) -> Derivation:
    name, unit = f"{line.replace('_', ' ')}: {name_of(track)}", track.currency
    match line:
        case "start" | "end":
            return explain_value(track, period.eve if line == "start" else period.until, facts)
        case "unrealised":
            parts = [
                explain_value(track, period.until, facts),
                explain_cost(track, period.until, facts),
                _line(every, track, period, "brought", facts),
                made(
                    "unrealised before",
                    "difference",
                    [explain_value(track, period.eve, facts), explain_cost(track, period.eve, facts)],
                    unit,
                    formula="value − cost before the period",
                ),
            ]
            return made(name, "difference", parts, unit, formula="value − cost − brought in kind − before")
        case "exchange":
            return _exchange(every, track, period, name, facts)
        case "brought":
            both = [_column(every, track, period, column, facts) for column in ("worth", "moved")]
            return made(name, "difference", both, unit, formula="market value − cost of what moved in kind")
        case _:
            column = {"flows": "flow", "in_kind": "worth"}.get(line, line)
            return _column(every, track, period, column, facts)


def _exchange(
    every: Sequence[Track], track: Track, period: Period, name: str, facts: Facts | None
) -> Derivation:
    if not track.is_foreign:
        return made(name, "sum", (), track.currency, formula="one currency: no rate changes it")
    column = {
        each: _column(every, track, period, each, facts)
        for each in ("realised", "income", "fees", "taxes", "flow", "moved")
    }
    gone = made("charges and taxes", "sum", [column["fees"], column["taxes"]], track.currency)
    came = made(
        "explained",
        "sum",
        [column["realised"], column["income"], column["flow"], column["moved"]],
        track.currency,
    )
    before = explain_cost(track, period.eve, facts)
    cost = made(
        "change of cost", "difference", [explain_cost(track, period.until, facts), before], track.currency
    )
    kept = made("cost that days explain", "difference", [came, gone], track.currency)
    formula = "change of cost at the rates of both ends − what each day's facts explain at its rate"
    return made(name, "difference", [cost, kept], track.currency, formula=formula)


def _column(
    every: Sequence[Track], track: Track, period: Period, column: str, facts: Facts | None
) -> Derivation:
    """A column's sum over the period's days, those without any left out."""
    first, end = track.span(period.since, period.until)
    laid = track.columns[column]
    holes = {hole.ordinal for hole in track.holes if hole.column == column}
    parts = [
        _cell(every, track, track.rows[place], column, facts)
        for place in range(first, end)
        if laid[place] or track.ordinals[place] in holes
    ]
    return made(f"{column}: {name_of(track)}", "sum", parts, track.currency, formula="sum over the days")


def _cell(every: Sequence[Track], track: Track, row: DayRow, column: str, facts: Facts | None) -> Derivation:
    """One day's sum of one column, converted as the track converts it."""
    if column == "worth" and row.moves:
        return _worth(track, row, facts)
    if column == "flow" and row.instrument is None:
        return _cash_flow(every, track, row, facts)
    if column == "flow":
        paid = made("paid", "negate", [day_sum(track, row, "cash", facts)], row.currency)
        return at_rate(f"flow of {row.day}", paid, track, row.day)
    field = "moved" if column == "worth" else column
    return at_rate(f"{column} of {row.day}", day_sum(track, row, field, facts), track, row.day)


def _worth(track: Track, row: DayRow, facts: Facts | None) -> Derivation:
    """Units moved in kind at the day's close; those without one at their cost."""
    parts: list[Derivation] = []
    rest: list[Derivation] = [day_sum(track, row, "moved", facts)]
    for move in row.moves:
        if move.instrument is None or move.instrument in track.market.valuers or not move.units:
            continue
        units = leaf("units moved", move.units, UNITS, day_ref(track, row.day))
        worth = priced(track, move.instrument, units, row.day, name="units moved in kind", is_held=False)
        if worth.op != "missing":
            parts.append(worth)
            rest.append(_move_cost(track, row, move))
    at_cost = made("the rest at cost", "difference", rest, row.currency)
    if at_cost.value or not parts:
        parts.append(at_rate("the rest at cost", at_cost, track, row.day))
    return made(f"moved in kind on {row.day}", "sum", parts, track.currency)


def _move_cost(track: Track, row: DayRow, move: Moved) -> Derivation:
    return leaf("cost of units moved", move.cost, row.currency, day_ref(track, row.day))


def _cash_flow(every: Sequence[Track], track: Track, row: DayRow, facts: Facts | None) -> Derivation:
    """Cash of the day but for its own income and charges: trades, conversions and the outside."""
    name = f"flow of {row.day}"
    if not track.is_foreign:
        parts = [day_sum(track, row, field, facts) for field in ("fees", "taxes")]
        less = made("less income", "negate", [day_sum(track, row, "income", facts)], row.currency)
        return made(name, "sum", [day_cash(track, row, facts), *parts, less], row.currency)
    paid = _trades_of(every, track, row)
    trades = [
        made("paid by a trade", "negate", [_cell(every, other, each, "flow", facts)], track.currency)
        for other, each in paid
    ]
    told = sum((each.cash for _, each in paid), Decimal(0))
    rest = row.cash - row.income + row.fees + row.taxes - row.outside - row.moved - told
    parts = [*trades, at_rate("from outside", day_sum(track, row, "outside", facts), track, row.day)]
    if row.moved:
        parts.append(_exchanged(every, track, row))
    if rest:
        untold = leaf("cash of other trades", rest, row.currency, day_ref(track, row.day))
        parts.append(at_rate("cash of other trades", untold, track, row.day))
    return made(name, "sum", parts, track.currency)


def _trades_of(every: Sequence[Track], cash: Track, row: DayRow) -> list[tuple[Track, DayRow]]:
    """The rows of the account's instruments that moved this cash that day."""
    same = [t for t in every if t.key.instrument is not None and t.key[::2] == cash.key[::2]]
    days = ((track, track.rows[slice(*track.span(row.day, row.day))]) for track in same)
    return [(track, each) for track, rows in days for each in rows if each.cash]


def _exchanged(every: Sequence[Track], track: Track, row: DayRow) -> Derivation:
    """One leg of the day's conversions, counted so that the account's legs cancel (docs/spec/periods.md)."""
    legs = [
        r for t in every if t.key.instrument is None and t.key.account == track.key.account
        for r in t.rows if r.day == row.day and r.moved
    ]  # fmt: skip
    counted = exchanges(legs, track.market, track.currency)[row.account, row.currency, row.day]
    if isinstance(counted, Missing):
        return lacking("converted", counted, track.currency)
    others = [leg for leg in legs if (leg.moved > 0) != (row.moved > 0)]
    home = [leg for leg in others if leg.currency == track.currency]
    if len(legs) == 2 and home:
        there = leaf("the leg at home", home[0].moved, track.currency, day_ref(track, row.day))
        return made("converted", "negate", [there], track.currency, formula="counts what the other side did")
    here = leaf("converted", row.moved, row.currency, day_ref(track, row.day))
    plain = at_rate("converted", here, track, row.day)
    if plain.value == counted:
        return plain
    return leaf("converted", counted, track.currency, day_ref(track, row.day))


def _gross(
    every: Sequence[Track], chosen: Sequence[Track], period: Period, line: str, facts: Facts | None
) -> Derivation:
    """Days on which more came in than went out (or the reverse), each net."""
    days: dict[TradingDay, list[Derivation]] = {}
    for track in chosen:
        first, end = track.span(period.since, period.until)
        holes = {hole.ordinal for hole in track.holes if hole.column == "flow"}
        for place in range(first, end):
            if track.columns["flow"][place] or track.ordinals[place] in holes:
                row = track.rows[place]
                days.setdefault(row.day, []).append(_cell(every, track, row, "flow", facts))
    unit = chosen[0].currency if chosen else ""
    nets = [made(f"net of {day}", "sum", parts, unit) for day, parts in sorted(days.items())]
    sign = 1 if line == "paid_in" else -1
    told = [net for net in nets if isinstance(net.value, str) or net.value * sign > 0]
    if line == "paid_out":
        told = [made(f"less {net.name}", "negate", [net], unit) for net in told]
    return made(line, "sum", told, unit, formula="sum over the days, each net")


def money_of(tree: Derivation) -> Money | Missing:
    """The figure a tree of money explains."""
    if isinstance(tree.value, Decimal):
        return Money(tree.value, Currency(tree.unit))
    return Missing(str(tree.value).removeprefix("not available: "))
