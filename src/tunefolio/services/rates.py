"""Past exchange rates of every currency a person meets against those she reports in, fetched in jobs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from tunefolio.core.errors import Rejected
from tunefolio.core.identity import JobId
from tunefolio.core.money import INR, Currency
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.market.fx import Rate
from tunefolio.market.provider import RateClaim
from tunefolio.services import closes
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.lifetimes import first_days
from tunefolio.services.portfolios import active_accounts
from tunefolio.store import events, instruments, portfolios
from tunefolio.store import rates as kept_rates
from tunefolio.store.db import ReadDb, WriteDb

_log = logging.getLogger(__name__)

Pair = tuple[Currency, Currency]


def ask_rates(db: WriteDb, house: House, viewer: Viewer) -> JobId | None:
    """Ask for the viewer's missing rates; None where no source has any. Asked twice it is one job."""
    if closes.source_of(house) is None:
        return None
    return ask(db, house, "rates", {}, owner=viewer.person, dedupe_key=f"rates:{viewer.person}")


@deed("rates", max_attempts=8)
def fetch_rates(house: House, work: Work) -> Mapping[str, Any]:
    """Fetch the daily rates its owner needs and lacks; without an owner, ask for that for each.

    Raises Retry when the source is away; what was fetched before is kept.
    """
    if work.viewer is None:
        return {"asked": _ask_for_all(house)}
    source = closes.source_of(house)
    if source is None:
        return {"skipped": "no source of past rates"}
    with house.database.reading() as db:
        wanted = _gaps(db, work.viewer, house.clock.now())
    kept = 0
    unknown: list[str] = []
    for done, ((base, quote), since, until) in enumerate(wanted):
        work.check()
        work.progress(done, len(wanted), f"Rates of {base} in {quote}")
        try:
            found = source.rates(base, quote, since, until)
        except Rejected as problem:
            _log.warning("no rates", extra={"pair": f"{base}/{quote}", "problem": str(problem)})
            found = None
        if found is None:
            unknown.append(f"{base}/{quote}")
            continue
        with house.database.writing() as db:
            kept += keep(db, house, work.viewer, found, source=source.name)
    work.progress(len(wanted), len(wanted), "Done")
    return {"pairs": len(wanted), "rates": kept, "unknown": unknown}


def keep(db: WriteDb, house: House, viewer: Viewer, claims: Iterable[RateClaim], *, source: str) -> int:
    """Keep rates above zero, for everyone; how many. A day given again replaces what stood there."""
    good = [Rate(one.base, one.quote, one.day, one.rate, source) for one in claims if one.rate > 0]
    kept_rates.put(db, good)
    if good:
        events.emit(db, house.bus, events.Event("quotes", viewer.person))
    return len(good)


def needed(db: ReadDb, viewer: Viewer) -> dict[Pair, TradingDay]:
    """Each foreign currency against each reporting one, and from when: the first fact. Reporting are the
    portfolios' currencies, INR where there is none."""
    first = first_days(db, viewer)
    if not first:
        return {}
    start = min(first.values())
    met = {instrument.currency for instrument in instruments.of_ids(db, sorted(first)).values()}
    met |= {account.currency for account in active_accounts(db, viewer)}
    reporting = {shelf.currency for shelf in portfolios.listed(db, viewer)} or {INR}
    return {(base, quote): start for base in sorted(met) for quote in sorted(reporting) if base != quote}


def _gaps(db: ReadDb, viewer: Viewer, now: Instant) -> list[tuple[Pair, TradingDay, TradingDay]]:
    """[since, until) of each pair: from a week before the first fact, so that its day has a rate to carry."""
    until = TradingDay(calendar_date(now, UTC))
    kept = kept_rates.spans(db)
    gaps: list[tuple[Pair, TradingDay, TradingDay]] = []
    for pair, first in needed(db, viewer).items():
        since, span = first.plus_days(-7), kept.get(pair)
        start = since if span is None or span[0] > since.plus_days(7) else span[1].plus_days(1)
        if start < until:
            gaps.append((pair, start, until))
    return gaps


def _ask_for_all(house: House) -> int:
    with house.database.writing() as db:
        owners = closes.owners_of(db, "rates")
        for owner in owners:
            ask_rates(db, house, owner)
    return len(owners)
