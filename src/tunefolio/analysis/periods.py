"""The period statement: from what it was worth to what it is worth, each cause on its line, to the paisa.

start + realised + unrealised + exchange + income − fees − taxes + flows + in kind = end. Rules:
docs/spec/periods.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import compress

from tunefolio.analysis.columns import Key
from tunefolio.analysis.derivation import EXACT
from tunefolio.analysis.scopes import Period, Scope
from tunefolio.analysis.tracks import Track
from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Currency, Money, minor_digits

Amount = Decimal | Missing

_ZERO = Decimal(0)

SIGNS = {
    "start": 1, "realised": 1, "unrealised": 1, "exchange": 1, "income": 1, "fees": -1, "taxes": -1,
    "flows": 1, "in_kind": 1,
}  # fmt: skip
"""The lines in the order they are read, and how each adds up to the end."""


@dataclass(frozen=True, slots=True)
class PeriodStatement:
    """One period of one scope in one currency; every line an exact sum, or why it is not available.

    start, end:  market value at the close before the period and at its last close, each valued on its own.
    realised:    gains of what was given up, before charges, counted in full in the period of the sale.
    unrealised:  change of (value − cost before charges), less the gain that came with units moved in kind.
    exchange:    what changed rates did to the cost of what was held, and what conversions lost or won.
    income:      dividends, interest and rewards before deductions. fees, taxes: all that were paid, ≥ 0.
    flows:       money that came into the scope less what left it = paid_in − paid_out (net of each day).
    in_kind:     units that came less those that left without money, at market value.
    brought:     the gain that units moved in kind brought along: their value less their cost. Already inside
                 in_kind; said so that it can be named.
    notes:       sentences on what was valued otherwise than asked.
    """

    currency: Currency
    period: Period
    start: Money | Missing
    realised: Money | Missing
    unrealised: Money | Missing
    exchange: Money | Missing
    income: Money | Missing
    fees: Money | Missing
    taxes: Money | Missing
    flows: Money | Missing
    in_kind: Money | Missing
    end: Money | Missing
    paid_in: Money | Missing
    paid_out: Money | Missing
    brought: Money | Missing
    notes: tuple[str, ...] = ()

    @property
    def gain(self) -> Money | Missing:
        """What was earned: end − start − flows − in kind."""
        sums = [self.end, self.start, self.flows, self.in_kind]
        known = [each for each in sums if isinstance(each, Money)]
        hole = missing_of(each for each in sums if isinstance(each, Missing))
        return hole if hole is not None else known[0] - known[1] - known[2] - known[3]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one track, before they are money; amounts in the report's currency."""

    start: Amount
    realised: Amount
    unrealised: Amount
    exchange: Amount
    income: Amount
    fees: Amount
    taxes: Amount
    flows: Amount
    in_kind: Amount
    end: Amount
    brought: Amount


def statement(tracks: Iterable[Track], scope: Scope, period: Period) -> PeriodStatement:
    """The period of all tracks in scope: the sum of theirs. Raises BrokenLaw when it does not add up."""
    chosen = in_scope(tracks, scope)
    currency = _currency(chosen)
    with localcontext(EXACT):
        return _stated([lines(track, period) for track in chosen], chosen, currency, period)


def by_key(tracks: Iterable[Track], scope: Scope, period: Period) -> dict[Key, PeriodStatement]:
    """The statement of each part; their lines add up to the scope's (paid_in, paid_out are its own)."""
    with localcontext(EXACT):
        return {
            track.key: _stated([lines(track, period)], [track], track.currency, period)
            for track in in_scope(tracks, scope)
        }


def in_scope(tracks: Iterable[Track], scope: Scope) -> list[Track]:
    return [track for track in tracks if scope.holds(track.key.account, track.key.instrument)]


def lines(track: Track, period: Period) -> Lines:
    """One track's lines, kept with it for the period last asked for."""
    kept: tuple[Period, Lines] | None = track.kept.get("lines")
    if kept is None or kept[0] != period:
        kept = track.kept["lines"] = (period, _lines(track, period))
    return kept[1]


def _lines(track: Track, period: Period) -> Lines:
    """unrealised and exchange follow from values and costs at both ends; that the days between lead from one
    end to the other is then tested.
    """
    span = track.span(period.since, period.until)
    total = {column: track.total(column, span) for column in track.columns}
    start, end = track.value(period.eve), track.value(period.until)
    cost_before, cost_after = track.cost(period.eve), track.cost(period.until)
    brought = _sum((1, total["worth"]), (-1, total["moved"]))
    unrealised = _sum((1, end), (-1, cost_after), (-1, start), (1, cost_before), (-1, brought))
    exchange = _sum(
        (1, cost_after), (-1, cost_before), (-1, total["realised"]), (-1, total["income"]),
        (1, total["fees"]), (1, total["taxes"]), (-1, total["flow"]), (-1, total["moved"]),
    )  # fmt: skip
    if track.is_foreign:
        _abroad(track, span, period, exchange)
    else:
        _at_home(track, exchange)
        exchange = _ZERO
    return Lines(
        start, total["realised"], unrealised, exchange, total["income"], total["fees"], total["taxes"],
        total["flow"], total["worth"], end, brought,
    )  # fmt: skip


def _at_home(track: Track, exchange: Amount) -> None:
    """In one currency the change of cost is explained by the days' sums alone."""
    if isinstance(exchange, Decimal) and exchange:
        detail = f"account {track.key.account}, instrument {track.key.instrument}: off by {exchange}"
        raise BrokenLaw("the period statement adds up", detail)


def _abroad(track: Track, span: tuple[int, int], period: Period, exchange: Amount) -> None:
    """What rates did to the cost held over each stretch between days with change, worked out a second way.

    Every converted sum was rounded once, so both ways may differ by half a minor unit for each.
    """
    rows = track.rows[span[0] : span[1]]
    if isinstance(exchange, Missing) or any(row.instrument is None and row.moved for row in rows):
        return
    held = [track.state(period.eve), *rows]
    ends = [*(row.day for row in rows), period.until]
    followed = _ZERO
    begin = period.eve
    for row, day in zip(held, ends, strict=True):
        cost = _ZERO if row is None else row.cash_balance if row.instrument is None else row.cost
        if row is not None and begin is not None and cost:
            before = track.market.rates.on(track.key.currency, track.currency, begin)
            after = track.market.rates.on(track.key.currency, track.currency, day)
            if isinstance(before, Missing) or isinstance(after, Missing):
                return
            followed += cost * (after.rate - before.rate)
        begin = day
    unit = Decimal(1).scaleb(-minor_digits(track.currency))
    if abs(followed - exchange) > unit * (4 * len(rows) + 4):
        detail = f"account {track.key.account}, instrument {track.key.instrument}: exchange {exchange}"
        raise BrokenLaw("the exchange line follows from cost and rates", f"{detail}, {followed:.4f} follows")


def _sum(*terms: tuple[int, Amount]) -> Amount:
    """Σ sign × amount; not available when an amount is not."""
    result = _ZERO
    holes: list[Missing] = []
    for sign, amount in terms:
        if isinstance(amount, Missing):
            holes.append(amount)
        else:
            result += sign * amount
    return missing_of(holes) or result


def _stated(
    parts: Sequence[Lines], chosen: Sequence[Track], currency: Currency, period: Period
) -> PeriodStatement:
    sums = {name: _sum(*((1, getattr(part, name)) for part in parts)) for name in Lines.__dataclass_fields__}
    _adds_up(sums, period)
    paid_in, paid_out = _gross(chosen, period, sums["flows"])
    money = {name: _money(amount, currency) for name, amount in sums.items()}
    return PeriodStatement(
        currency,
        period,
        **{name: amount for name, amount in money.items() if name != "brought"},
        paid_in=_money(paid_in, currency),
        paid_out=_money(paid_out, currency),
        brought=money["brought"],
        notes=_notes(chosen, period),
    )


def _adds_up(sums: dict[str, Amount], period: Period) -> None:
    followed = _sum(*((sign, sums[name]) for name, sign in SIGNS.items()))
    end = sums["end"]
    if isinstance(followed, Decimal) and isinstance(end, Decimal) and followed != end:
        raise BrokenLaw("the period statement adds up", f"{period}: {followed} follows where {end} is held")


def _gross(chosen: Sequence[Track], period: Period, flows: Amount) -> tuple[Amount, Amount]:
    """Money in and money out; what came and went on one day counts net, as for the returns."""
    if isinstance(flows, Missing):
        return flows, flows
    by_day: dict[int, Decimal] = {}
    for track in chosen:
        first, end = track.span(period.since, period.until)
        flow = track.columns["flow"][first:end]
        for ordinal, amount in compress(zip(track.ordinals[first:end], flow, strict=True), flow):
            by_day[ordinal] = by_day.get(ordinal, _ZERO) + amount
    paid_in = sum((amount for amount in by_day.values() if amount > 0), _ZERO)
    return paid_in, paid_in - flows


def _notes(chosen: Sequence[Track], period: Period) -> tuple[str, ...]:
    """What was valued otherwise than asked, unless it came and went inside the scope."""
    first = 0 if period.since is None else period.since.date.toordinal()
    last = period.until.date.toordinal()
    concerned: dict[str, Decimal] = {}
    for note in (note for track in chosen for note in track.notes if first <= note.ordinal <= last):
        concerned[note.text] = concerned.get(note.text, _ZERO) + note.cost
    return tuple(text for text, cost in concerned.items() if cost)


def _money(amount: Amount, currency: Currency) -> Money | Missing:
    return amount if isinstance(amount, Missing) else Money(amount, currency)


def _currency(chosen: Sequence[Track]) -> Currency:
    currencies = {track.currency for track in chosen}
    if len(currencies) > 1:
        raise Misuse("currency", f"tracks in {', '.join(sorted(currencies))} cannot be added")
    return next(iter(currencies), INR)
