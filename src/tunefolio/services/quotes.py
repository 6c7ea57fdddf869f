"""Last prices for what people hold: the broker's where an account is connected, else the market source."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tunefolio.core.errors import Reauth, Rejected, Retry
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Price
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account
from tunefolio.market.instruments import Instrument
from tunefolio.market.provider import QuoteClaim, QuoteSource
from tunefolio.market.quotes import Quote
from tunefolio.services import books
from tunefolio.services.brokers import line, needs_login
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.portfolios import active_accounts
from tunefolio.store import accounts, events, instruments, quotes
from tunefolio.store.db import ReadDb

_log = logging.getLogger(__name__)


@deed("refresh_quotes", max_attempts=3)
def refresh_quotes(house: House, work: Work) -> Mapping[str, Any]:
    """Refresh the prices of everything its owner holds; without an owner, ask for that for each person."""
    if work.viewer is None:
        return {"asked": _ask_for_all(house)}
    with house.database.reading() as db:
        wanted = held(db, work.viewer)
    work.progress(0, len(wanted), "Asking for prices")
    fresh = refresh(house, work.viewer, wanted)
    work.progress(len(wanted), len(wanted), "Done")
    return {"wanted": len(wanted), "refreshed": len(fresh)}


def held(db: ReadDb, viewer: Viewer) -> frozenset[InstrumentId]:
    """Every instrument with units in one of the viewer's active accounts."""
    folds = books.folded(db, viewer, active_accounts(db, viewer))
    return frozenset(p.instrument for fold in folds.values() for p in fold.holdings.open())


def refresh(house: House, viewer: Viewer, wanted: Iterable[InstrumentId]) -> frozenset[InstrumentId]:
    """Fetch and keep newer quotes; which instruments got one. A source that is away leaves the rest as it is.

    Every source is asked once, with all it has to answer: first the viewer's connected brokers, then the
    market source for what they did not know.
    """
    ids = frozenset(wanted)
    if not ids:
        return ids
    with house.database.reading() as db:
        known = instruments.of_ids(db, list(ids))
        sources = _sources(db, house, viewer)
    fresh: dict[InstrumentId, Quote] = {}
    for source in sources:
        missing = [known[i] for i in ids if i in known and i not in fresh]
        if missing:
            fresh |= _asked(house, viewer, source, missing)
    _keep(house, viewer, fresh)
    return frozenset(fresh)


@dataclass(frozen=True, slots=True)
class _Source:
    """Whom to ask. account: by whose broker session, made at `since`; None for the market's own source."""

    quotes: QuoteSource
    account: Account | None = None
    since: Instant | None = None


def _sources(db: ReadDb, house: House, viewer: Viewer) -> list[_Source]:
    """One line per broker suffices: prices are the same for all its users."""
    found: dict[str, _Source] = {}
    for account in active_accounts(db, viewer):
        if account.broker in house.brokers and account.broker not in found:
            try:
                there = line(db, house, viewer, account)
            except Reauth:
                continue
            asked = there.broker.quotes(there.api_key, there.session)
            found[account.broker] = _Source(asked, account, there.connected)
    market = house.market_quotes
    return [*found.values(), *([_Source(market)] if market is not None else [])]


def _asked(
    house: House, viewer: Viewer, source: _Source, missing: list[Instrument]
) -> dict[InstrumentId, Quote]:
    by_listing = {instrument.listing: instrument for instrument in missing}
    try:
        answer = source.quotes.quotes(list(by_listing))
    except Reauth as problem:
        if source.account is not None:
            needs_login(house, viewer, source.account.id, str(problem), since=source.since)
        return {}
    except (Retry, Rejected) as problem:
        _log.warning("no quotes", extra={"source": source.quotes.name, "problem": str(problem)})
        return {}
    return {
        by_listing[listing].id: _quote(by_listing[listing], claim, source.quotes.name)
        for listing, claim in answer.items()
        if listing in by_listing and claim.last > 0
    }


def _quote(instrument: Instrument, claim: QuoteClaim, source: str) -> Quote:
    close = claim.previous_close
    before = Price(close, instrument.currency) if close is not None and close > 0 else None
    return Quote(instrument.id, Price(claim.last, instrument.currency), before, claim.as_of, source)


def _keep(house: House, viewer: Viewer, fresh: Mapping[InstrumentId, Quote]) -> None:
    if not fresh:
        return
    ids = sorted(fresh)
    with house.database.writing() as db:
        quotes.put(db, [fresh[i] for i in ids])
        events.emit(db, house.bus, events.Event("quotes", viewer.person, tuple(ids)))


def _ask_for_all(house: House) -> int:
    with house.database.writing() as db:
        owners = {account.owner for account in accounts.all_active(db, Caretaker("refresh_quotes"))}
        for owner in sorted(owners):
            ask(db, house, "refresh_quotes", {}, owner=owner, dedupe_key=f"refresh_quotes:{owner}")
    return len(owners)
