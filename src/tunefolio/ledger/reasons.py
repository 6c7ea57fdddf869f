"""Why a broker's count and ours differ: each reason by its own evidence, with the facts that would mend it.

Pure: nothing is recorded here. The order of the reasons and why: docs/spec/reconcile.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from tunefolio.core.money import Money, Price, plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.breaks import Diagnosis, Draft, Reason, Repair, Scene
from tunefolio.ledger.contracts import parts_of
from tunefolio.ledger.fills import UnreadTrade
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.reconcile import Break, Cause
from tunefolio.ledger.transactions import Ratio
from tunefolio.market.instruments import AssetClass

_SMALL_RATIO = 20
"""Ratios with larger terms are no split that was ever made; the numbers agree by chance."""
_LIKE = Decimal("0.01")
"""Two costs within one per cent count as the same: a broker's average is rounded and leaves charges out."""
_SAME_TIME_DAYS = 90
"""So far apart two brokers may be looked at for the units that one lacks and the other has to be the same."""


def diagnosed(found: Break, scene: Scene) -> Diagnosis:
    """The likeliest reason with its evidence. Asked in turn, the strongest evidence first: a trade of just
    these units that nobody could read, a known action, a fraction, another listing, another account, a ratio
    that keeps the cost, a holding that nobody could read, else a missing trade. Contracts are not
    split, moved or renamed: they expire."""
    for judge in _OF_CONTRACTS if scene.contract is not None else _JUDGES:
        told = judge(found, scene)
        if told is not None:
            return told
    if found.cause is Cause.NO_COST:
        return _no_cost(found, scene)
    return _trade(found, scene)


def _unread_trade(found: Break, scene: Scene) -> Diagnosis | None:
    """Trades put aside that make just the difference: all of them together, or one alone."""
    gap = found.theirs - found.ours
    lost = [trade for line in scene.unread if (trade := UnreadTrade.find(line.place)) is not None]
    lost = [trade for trade in lost if trade.price.currency == scene.currency]
    for some in (lost, *([trade] for trade in lost)):
        if some and sum((trade.units for trade in some), Decimal(0)) == gap:
            return _unread(found, scene, some)
    return None


def _unread(found: Break, scene: Scene, some: Sequence[UnreadTrade]) -> Diagnosis:
    places = {trade.place for trade in some}
    lines = [line for line in scene.unread if line.place in places]
    evidence = (
        *(f"{line.place} ({line.symbol}) was put aside: {line.reason}" for line in lines),
        f"{'it makes' if len(some) == 1 else 'they make'} the difference of just these units",
    )
    drafts = tuple(_unread_drafts(found, scene, some))
    title = "Record the trade" if len(some) == 1 else f"Record the {len(some)} trades"
    repair = Repair("unread", f"{title} that could not be read", found.theirs, drafts)
    return Diagnosis(found, Reason.UNREAD, evidence, (repair, *_trade(found, scene).repairs))


def _unread_drafts(found: Break, scene: Scene, some: Sequence[UnreadTrade]) -> Iterator[Draft]:
    """As the broker told them; of a contract each closes what those before it leave, and opens the rest."""
    stands = found.ours
    for trade in some:
        yield from _trades(scene, found, stands, trade.units, day=trade.day, price=trade.price)
        stands += trade.units


def _unread_line(found: Break, scene: Scene) -> Diagnosis | None:
    """A holding that nobody could read is not in the broker's count: what seems gone may stand there."""
    lines = [line for line in scene.unread if UnreadTrade.find(line.place) is None]
    if not lines or found.theirs >= found.ours:
        return None
    evidence = (
        *(f"{line.place} names {line.symbol}, which was put aside: {line.reason}" for line in lines),
        "until it can be read, the units that seem to be missing are not known to be gone",
    )
    return Diagnosis(found, Reason.UNREAD, evidence, _trade(found, scene).repairs)


def _action(found: Break, scene: Scene) -> Diagnosis | None:
    for action in scene.pending:
        if found.theirs in {action.makes, _floor(action.makes)}:
            reason = {Kind.SPLIT: Reason.SPLIT, Kind.BONUS: Reason.BONUS}.get(action.kind, Reason.ACTION)
            evidence = (
                f"{action.title}, ex {action.ex_day}, is not in this account's books",
                f"it makes {plain(action.makes)} of {plain(found.ours)} units, as the broker counts",
            )
            repair = Repair(
                "action", f"Apply the {action.kind} of {action.ex_day}", action.makes, (), action.reference
            )
            return Diagnosis(found, reason, evidence, (repair, *_trade(found, scene).repairs))
    return None


def _rounding(found: Break, scene: Scene) -> Diagnosis | None:
    gap = found.theirs - found.ours
    if abs(gap) >= 1 or (gap == gap.to_integral_value()) or found.cause is Cause.NO_COST:
        return None
    evidence = (
        f"the counts differ by {plain(abs(gap))}, less than one unit",
        f"ours is {plain(found.ours)}, the broker's {plain(found.theirs)}",
    )
    if gap < 0:
        draft = _draft(scene, found, Kind.WRITE_OFF, -gap, amount=Money.zero(scene.currency), day=scene.seen)
        repair = Repair("fraction", "Write the fraction off", found.theirs, (draft,))
    else:
        draft = _draft(scene, found, Kind.OPENING, gap, amount=Money.zero(scene.currency), day=scene.seen)
        repair = Repair("fraction", "Add the fraction at no cost", found.theirs, (draft,))
    return Diagnosis(found, Reason.ROUNDING, evidence, (repair, *_trade(found, scene).repairs))


def _listing(found: Break, scene: Scene) -> Diagnosis | None:
    gap = found.theirs - found.ours
    for other, (name, differs) in scene.listings.items():
        if differs != -gap or gap == 0:
            continue
        evidence = (
            f"{plain(abs(gap))} units are {'more' if gap > 0 else 'fewer'} here at the broker",
            f"{name}, a listing of the same company, is {'short of' if gap > 0 else 'over by'} as many",
        )
        gone, come = (other, found.instrument) if gap > 0 else (found.instrument, other)
        draft = Draft(scene.account, Kind.RENAME, gone, scene.currency, other=come,
                      amount=Money.zero(scene.currency), day=scene.seen)  # fmt: skip
        repair = Repair("rename", f"Carry the lots over: {name} is the same company", found.theirs, (draft,))
        return Diagnosis(found, Reason.UNKNOWN_INSTRUMENT, evidence, (repair, *_trade(found, scene).repairs))
    return None


def _transfer(found: Break, scene: Scene) -> Diagnosis | None:
    gap = found.theirs - found.ours
    for other, (name, differs) in scene.elsewhere.items():
        if differs != -gap or gap == 0:
            continue
        source, target = (other, scene.account) if gap > 0 else (scene.account, other)
        drafts = (
            Draft(source, Kind.TRANSFER_OUT, found.instrument, scene.currency, abs(gap),
                  Money.zero(scene.currency), counterpart=target),
        )  # fmt: skip
        evidence = (
            f"{plain(abs(gap))} units are {'more' if gap > 0 else 'fewer'} at this broker than in the books",
            f"{name} has as many {'too many' if gap > 0 else 'too few'} in the books",
        )
        way = f"from {name}" if gap > 0 else f"to {name}"
        repair = Repair(
            "transfer", f"Record a transfer of {plain(abs(gap))} units {way}", found.theirs, drafts
        )
        return Diagnosis(found, Reason.TRANSFER, evidence, (repair, *_trade(found, scene).repairs))
    return None


def _restated(found: Break, scene: Scene) -> Diagnosis | None:
    """An account of which only statements tell has as many units more, or fewer, since about the same time:
    there an opening was made or restated, because nobody told where the units came from or went."""
    gap = found.theirs - found.ours
    for other, (name, told) in scene.restated.items():
        if gap == 0 or told.change != -gap or abs(scene.seen - told.since) > _SAME_TIME_DAYS:
            continue
        units, came = plain(abs(gap)), gap > 0
        source, target = (other, scene.account) if came else (scene.account, other)
        drafts = [
            Draft(source, Kind.TRANSFER_OUT, found.instrument, scene.currency, abs(gap),
                  Money.zero(scene.currency), counterpart=target)
        ]  # fmt: skip
        if told.former is not None:
            drafts.insert(0, Draft.again(other, told.former.fact))
        evidence = (
            f"{units} units are {'more' if came else 'fewer'} at this broker than in the books",
            f"{name} holds {units} {'fewer' if came else 'more'} since {told.since}, by its statements alone",
        )
        title = f"Record a transfer of {units} units {'from' if came else 'to'} {name}"
        place = "as they stood there before" if came else "in place of the opening made there"
        gone = () if told.standing is None else (told.standing.id,)
        repair = Repair("transfer", f"{title}, {place}", found.theirs, tuple(drafts), takes_back=gone)
        return Diagnosis(found, Reason.TRANSFER, evidence, (repair, *_trade(found, scene).repairs))
    return None


def _ratio(found: Break, scene: Scene) -> Diagnosis | None:
    """Units multiplied by a small ratio while the broker's total cost is ours: nobody paid for more."""
    if found.ours <= 0 or found.theirs <= 0 or scene.cost is None or scene.average is None:
        return None
    if scene.average.currency != scene.cost.currency:
        return None
    ratio = Fraction(found.theirs) / Fraction(found.ours)
    if ratio == 1 or max(ratio.numerator, ratio.denominator) > _SMALL_RATIO:
        return None
    theirs = scene.average * found.theirs
    if abs(theirs.amount - scene.cost.amount) > _LIKE * scene.cost.amount:
        return None
    said = f"{ratio.numerator}:{ratio.denominator}"
    evidence = (
        f"the broker counts {plain(found.theirs)} for our {plain(found.ours)}: {said}",
        f"its total cost {theirs.rounded()} is ours, {scene.cost}: the units grew, nothing was paid",
        "no such action is known to us yet",
    )
    repairs = tuple(_ratio_repairs(found, scene, ratio, said))
    reason = Reason.SPLIT
    return Diagnosis(found, reason, evidence, (*repairs, *_trade(found, scene).repairs))


def _ratio_repairs(found: Break, scene: Scene, ratio: Fraction, said: str) -> Iterator[Repair]:
    zero = Money.zero(scene.currency)
    whole = Ratio(Decimal(ratio.numerator), Decimal(ratio.denominator))
    split = Draft(scene.account, Kind.SPLIT, found.instrument, scene.currency, amount=zero, ratio=whole)
    yield Repair("split", f"Record a split {said}", found.theirs, (split,))
    if ratio > 1:
        more = ratio - 1
        added = Ratio(Decimal(more.numerator), Decimal(more.denominator))
        bonus = Draft(scene.account, Kind.BONUS, found.instrument, scene.currency, amount=zero, ratio=added)
        yield Repair("bonus", f"Record a bonus {added}", found.theirs, (bonus,))


def _expiry(found: Break, scene: Scene) -> Diagnosis | None:
    """What a broker names no more after its last day has been settled: nobody tells that as a trade."""
    if scene.expiry is None or scene.expiry >= scene.seen or found.theirs or not found.ours:
        return None
    units, is_held = plain(abs(found.ours)), found.ours > 0
    evidence = (
        f"it expired on {scene.expiry}",
        f"the books {'hold' if is_held else 'owe'} {units}, the broker does not name it any more",
        "one that ended in shares is recorded by hand, together with them",
    )
    repairs = tuple(_endings(found, scene, units))
    return Diagnosis(found, Reason.EXPIRY, evidence, (*repairs, *_trade(found, scene).repairs))


def _endings(found: Break, scene: Scene, units: str) -> Iterator[Repair]:
    """An option for nothing or for what it was worth; a future at its settlement price."""
    end, after = abs(found.ours), found.theirs
    if scene.contract is not AssetClass.OPTION:
        settled = _draft(scene, found, Kind.EXPIRY, end, day=scene.expiry)
        yield Repair(
            "expiry", f"Record the expiry of {units} at the final settlement price", after, (settled,)
        )
        return
    nothing = _draft(scene, found, Kind.EXPIRY, end, amount=Money.zero(scene.currency), day=scene.expiry)
    yield Repair("expiry", f"Record that {units} expired worthless", after, (nothing,))
    kind, said = (Kind.EXERCISE, "exercised") if found.ours > 0 else (Kind.ASSIGNMENT, "assigned")
    paid = _draft(scene, found, kind, end, day=scene.expiry)
    title = f"Record that {units} were {said} and settled in cash, at what each was worth"
    yield Repair(str(kind), title, after, (paid,))


def _no_cost(found: Break, scene: Scene) -> Diagnosis:
    gap = found.theirs - found.ours
    evidence = (f"the broker counts {plain(found.theirs)} and shows no average cost",)
    kind = Kind.OPENING if gap > 0 else Kind.SHORT
    draft = _draft(scene, found, kind, abs(gap), day=scene.seen)
    repair = Repair("opening", "Record them as an opening at the cost you know", found.theirs, (draft,))
    return Diagnosis(found, Reason.NO_COST, evidence, (repair,))


def _trade(found: Break, scene: Scene) -> Diagnosis:
    gap = found.theirs - found.ours
    evidence = (
        f"the broker counts {plain(found.theirs)}, the books {plain(found.ours)}",
        "no action, fraction, listing, account or ratio explains it",
    )
    if gap < 0:
        sale = tuple(_trades(scene, found, found.ours, gap))
        repairs = (Repair("sell", f"Record the missing sale of {plain(-gap)} units", found.theirs, sale),)
        return Diagnosis(found, Reason.MISSING_TRADE, evidence, repairs)
    buy = tuple(_trades(scene, found, found.ours, gap))
    bought = Repair("buy", f"Record the missing purchase of {plain(gap)} units", found.theirs, buy)
    if found.ours < 0:
        return Diagnosis(found, Reason.MISSING_TRADE, evidence, (bought,))
    rest = _rest_cost(found, scene)
    opening = _draft(scene, found, Kind.OPENING, gap, amount=rest, day=scene.seen)
    cost = "" if rest is None else f" at the broker's cost, {rest}"
    title = f"Record {plain(gap)} units as an opening{cost}"
    return Diagnosis(
        found, Reason.MISSING_TRADE, evidence, (bought, Repair("opening", title, found.theirs, (opening,)))
    )


def _rest_cost(found: Break, scene: Scene) -> Money | None:
    """What the further units cost if the broker's average is right; None when it cannot be."""
    if scene.average is None or scene.average.currency != scene.currency:
        return None
    known = Money.zero(scene.currency) if scene.cost is None else scene.cost
    rest = (scene.average * found.theirs).rounded() - known
    return rest if rest.amount >= 0 else None


def _trades(
    scene: Scene,
    found: Break,
    stands: Decimal,
    units: Decimal,
    *,
    day: TradingDay | None = None,
    price: Price | None = None,
) -> Iterator[Draft]:
    """Units bought (above zero) or sold; of a contract what that closes and opens where `stands` are held or
    owed. Shares are never owed: of them a sale is a sale."""
    whole = ((Kind.BUY if units > 0 else Kind.SELL, abs(units)),)
    for kind, part in whole if scene.contract is None else parts_of(stands, units):
        yield _draft(scene, found, kind, part, day=day, price=price)


def _draft(
    scene: Scene,
    found: Break,
    kind: Kind,
    quantity: Decimal,
    *,
    amount: Money | None = None,
    day: TradingDay | None = None,
    price: Price | None = None,
) -> Draft:
    return Draft(scene.account, kind, found.instrument, scene.currency, quantity, amount, day, price)


def _floor(units: Decimal) -> Decimal:
    return units.to_integral_value(rounding=ROUND_FLOOR)


_JUDGES = (_unread_trade, _action, _rounding, _listing, _transfer, _restated, _ratio, _unread_line)
_OF_CONTRACTS = (_unread_trade, _expiry, _unread_line)
