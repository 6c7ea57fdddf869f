"""Bars on their way into the store: held against the rules and what is known, the doubted set aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.identity import InstrumentId
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionClaim, Terms, sound_from
from tunefolio.market.bars import Bar, Bars
from tunefolio.market.gaps import Stretch
from tunefolio.market.instruments import Instrument
from tunefolio.market.provider import BarsClaim
from tunefolio.market.validation import Doubt, Judged, Reason, Yardstick, band_of, disagreement, judged, seam
from tunefolio.services import announcements
from tunefolio.services.house import House
from tunefolio.services.markets import calendar_of, could_trade, final_until
from tunefolio.services.masters import underlyings
from tunefolio.store import actions, bars, quarantine
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.quarantine import Verdict

TOLERANCE = Decimal("0.005")
"""Two sources whose closes are further apart than this ratio disagree."""

_AROUND_DAYS = 14


@dataclass(frozen=True, slots=True)
class Sifted:
    """good: to be kept. doubts: to be looked at. differing: beside a bar of another source that stands."""

    good: tuple[Bar, ...]
    doubts: tuple[Doubt, ...]
    differing: tuple[Doubt, ...] = ()
    actions: tuple[ActionClaim, ...] = ()


def sift(
    db: ReadDb, house: House, instrument: Instrument, part: Stretch, claim: BarsClaim, *, source: str
) -> Sifted:
    """The bars of a stretch that are new and fit to be kept. What is held already stands: its source was
    asked first, or an exchange's own file told it."""
    around = _around(db, instrument.id, part)
    by = yardstick(db, house, instrument, claim.actions, source=source)
    told = sorted(claim.bars, key=lambda bar: bar.day)
    sound = _sound_from(told, around, part, claim.actions)
    seamed = None if sound is None else seam(told, sound)
    inside = [bar for bar in (told if seamed is None else seamed.good) if part.first <= bar.day < part.end]
    found = judged(inside, by, _before(told if seamed is None else seamed.good, around, part))
    held = {bar.day: bar for bar in around if part.first <= bar.day < part.end}
    return Sifted(
        tuple(bar for bar in found.good if bar.day not in held),
        (*_inside(seamed, part), *found.doubts),
        tuple(differing(found.good, held)),
        claim.actions,
    )


def keep(db: WriteDb, house: House, instrument: Instrument, sifted: Sifted, *, source: str) -> int:
    """Keep what is good, set aside what is not, and note what companies did; days new or changed."""
    now = house.clock.now()
    changed = 0
    if sifted.good:
        fresh = Bars.of(sifted.good, source)
        changed = bars.put(db, instrument.id, instrument.currency, fresh, now)
    quarantine.put(db, instrument.id, source, sifted.doubts, now=now)
    quarantine.put(db, instrument.id, source, sifted.differing, now=now, verdict=Verdict.REPLACED)
    announcements.keep(db, house, sifted.actions)
    return changed


def yardstick(
    db: ReadDb, house: House, instrument: Instrument, told: Iterable[ActionClaim] = (), *, source: str
) -> Yardstick:
    """What this instrument's bars of a source are held against: its sessions, its band, its ex-days."""
    kept = {action.ex_day for action in actions.of_instruments(db, [instrument.id])}
    now = house.clock.now()
    today = calendar_of(house, instrument).today(now)
    return Yardstick(
        lambda day: could_trade(house, instrument, day),
        final_until(house, instrument, now),
        band_of(instrument, underlyings(db, [instrument], today)),
        frozenset(kept | {action.ex_day for action in told}),
        quarantine.accepted_days(db, instrument.id, source),
    )


def differing(fresh: Iterable[Bar], held: dict[TradingDay, Bar]) -> Iterable[Doubt]:
    """Those of `fresh` whose close is another than the one held of that day."""
    for bar in fresh:
        if bar.day in held and (words := disagreement(held[bar.day], bar, TOLERANCE)):
            yield Doubt(bar, Reason.DISAGREES, words)


def _inside(seamed: Judged | None, part: Stretch) -> list[Doubt]:
    doubts = () if seamed is None else seamed.doubts
    return [doubt for doubt in doubts if part.first <= doubt.bar.day < part.end]


def _around(db: ReadDb, id: InstrumentId, part: Stretch) -> list[Bar]:
    since, until = part.first.plus_days(-_AROUND_DAYS), part.end.plus_days(_AROUND_DAYS)
    held = bars.of(db, [id], since, until).get(id)
    return [] if held is None else list(held)


def _before(told: Sequence[Bar], held: Sequence[Bar], part: Stretch) -> Bar | None:
    """The last good bar before the stretch: as held, else as the source tells it."""
    for earlier in (held, told):
        known = [bar for bar in earlier if bar.day < part.first]
        if known:
            return known[-1]
    return None


def _sound_from(
    told: Sequence[Bar], held: Sequence[Bar], part: Stretch, claims: Sequence[ActionClaim]
) -> TradingDay | None:
    """From when on the source divides by a split, where it does so only from a New Year: what is held of the
    days after tells the step."""
    splits: list[tuple[TradingDay, Terms]] = [(claim.ex_day, claim.terms) for claim in claims]
    if not splits:
        return None
    after = [bar for bar in held if bar.day >= part.end]
    return sound_from([(bar.day, bar.close) for bar in (*told, *after)], splits)
