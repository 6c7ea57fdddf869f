"""Past exchange rates of every currency met against those reported in, fetched once for everyone."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta
from typing import Any

from tunefolio.core.identity import JobId
from tunefolio.core.money import INR, Currency
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.market.fx import Rate
from tunefolio.market.provider import RateClaim
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.sources import first_answer
from tunefolio.store import accounts, events, portfolios, tracking
from tunefolio.store import rates as kept_rates
from tunefolio.store.db import ReadDb, WriteDb

_log = logging.getLogger(__name__)

Pair = tuple[Currency, Currency]

_KIND = "rates"
_ASK_AGAIN_AFTER = timedelta(days=30)
"""Rates older than the oldest kept one are asked for again so rarely: mostly the source begins there."""

_LEAD_DAYS = 7
"""Rates begin so long before the first fact, so that its day has one to carry."""


def ask_rates(db: WriteDb, house: House, viewer: Viewer | None = None) -> JobId | None:
    """Ask for the rates that lack; None where no source has any or everything is in one currency. Asked twice
    it is one job. viewer: who follows the job; None for the house."""
    if not house.sources.rates() or not needed(db):
        return None
    owner = None if viewer is None else viewer.person
    if viewer is not None:
        audit.note(db, house, viewer, Act.RATES_ASKED)
    return ask(db, house, _KIND, {}, owner=owner, dedupe_key=_KIND if owner is None else f"{_KIND}:{owner}")


@deed(_KIND, max_attempts=8)
def fetch_rates(house: House, work: Work) -> Mapping[str, Any]:
    """Fetch the daily rates that are needed and lack. Raises Retry when every source is away; what came
    before is kept."""
    sources = house.sources.rates()
    if not sources:
        return {"skipped": "no source of past rates"}
    with house.database.reading() as db:
        wanted = _gaps(db, house, house.clock.now())
    kept = 0
    unknown: list[str] = []
    for done, ((base, quote), since, until) in enumerate(wanted):
        work.check()
        work.progress(done, len(wanted), f"Rates of {base} in {quote}")
        found = first_answer(sources, lambda one: one.rates(base, quote, since, until) or None)  # noqa: B023
        house.shared.put(_asked_name((base, quote)), since.iso().encode(), _ASK_AGAIN_AFTER)
        if found is None:
            unknown.append(f"{base}/{quote}")
            continue
        source, claims = found
        with house.database.writing() as db:
            kept += keep(db, house, claims, source=source.name)
    work.progress(len(wanted), len(wanted), "Done")
    return {"pairs": len(wanted), "rates": kept, "unknown": unknown}


def keep(db: WriteDb, house: House, claims: Iterable[RateClaim], *, source: str) -> int:
    """Keep rates above zero, for everyone; how many. A day given again replaces what stood there."""
    good = [Rate(one.base, one.quote, one.day, one.rate, source) for one in claims if one.rate > 0]
    kept_rates.put(db, good)
    if good:
        events.emit(db, house.bus, events.Event("quotes"))
    return len(good)


def needed(db: ReadDb) -> dict[Pair, TradingDay]:
    """Each currency met against each reported in, and from when: the first day anything was held in it.

    Reported in are the currencies of everyone's portfolios, INR where there is none.
    """
    met = tracking.currencies(db)
    if not met:
        return {}
    start, keeper = min(met.values()), Caretaker(_KIND)
    for account in accounts.all_active(db, keeper):
        met.setdefault(account.currency, start)
    reporting = portfolios.all_currencies(db, keeper) or {INR}
    return {(base, quote): met[base] for base in sorted(met) for quote in sorted(reporting) if base != quote}


def _gaps(db: ReadDb, house: House, now: Instant) -> list[tuple[Pair, TradingDay, TradingDay]]:
    """[since, until) of each pair: the past when it lacks and was not asked for lately, else what is new."""
    until = TradingDay(calendar_date(now, UTC))
    kept = kept_rates.spans(db)
    gaps: list[tuple[Pair, TradingDay, TradingDay]] = []
    for pair, first in needed(db).items():
        since, span = first.plus_days(-_LEAD_DAYS), kept.get(pair)
        lacks_past = span is None or span[0] > since.plus_days(_LEAD_DAYS)
        start = since
        if span is not None and (not lacks_past or _was_asked(house, pair, since)):
            start = span[1].plus_days(1)
        if start < until:
            gaps.append((pair, start, until))
    return gaps


def _was_asked(house: House, pair: Pair, since: TradingDay) -> bool:
    """Whether that far back was asked for within a month; forgotten with the shared memory, once more."""
    said = house.shared.get(_asked_name(pair))
    return said is not None and said.decode() <= since.iso()


def _asked_name(pair: Pair) -> str:
    return f"rates:asked:{pair[0]}:{pair[1]}"
