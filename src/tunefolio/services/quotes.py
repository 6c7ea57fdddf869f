"""Last prices: the one way they are kept, and who is asked for them.

A person's connected brokers go first, then the market's sources, each listing by its own order of choice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from tunefolio.core.errors import Reauth, Rejected, Retry
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Price, plain
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account
from tunefolio.market.instruments import Instrument, Listing
from tunefolio.market.provider import UNSAID, MarketQuoteSource, QuoteClaim, QuoteSource
from tunefolio.market.quotes import Quote
from tunefolio.services import alerts, books, standings
from tunefolio.services.brokers import line, needs_login
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.store import events, instruments, quotes
from tunefolio.store.db import ReadDb, WriteDb

CHANNEL = "quotes"
"""Where newest prices are published to whoever listens now."""

AT_ONCE = 200
"""Listings asked for in one go: between two goes a job can be stopped and tells how far it is."""

_log = logging.getLogger(__name__)
_FUTURE_SECONDS = 300


# Keeping ----------------------------------------------------------------------------------------


def keep(db: WriteDb, house: House, fresh: Sequence[Quote]) -> frozenset[InstrumentId]:
    """Keep prices in the caller's transaction: the one way they are written; which instruments moved.

    A price that is older than the standing one, or the very same, changes nothing and wakes nobody. Alerts
    are judged on what was written; pages hear of it once it is kept, other processes on the fan-out.
    """
    newest: dict[InstrumentId, Quote] = {}
    for quote in fresh:
        other = newest.get(quote.instrument)
        if other is None or other.as_of <= quote.as_of:
            newest[quote.instrument] = quote
    standing = quotes.latest(db, newest)
    moved = [quote for id, quote in sorted(newest.items()) if _is_news(standing.get(id), quote)]
    if not moved:
        return frozenset()
    quotes.put(db, moved)
    ids = tuple(quote.instrument for quote in moved)
    alerts.judge(db, house, ids)
    events.emit(db, house.bus, events.Event(CHANNEL, None, ids))
    told = payload(moved)
    db.after_commit(lambda: house.fanout.publish(CHANNEL, told))
    return frozenset(ids)


def payload(moved: Iterable[Quote]) -> bytes:
    """Prices as the fan-out carries them: [id, price, previous close or null, as of, source, kind] each."""
    return orjson.dumps(
        [
            [
                quote.instrument,
                plain(quote.price.amount),
                None if quote.previous_close is None else plain(quote.previous_close.amount),
                quote.as_of.iso(),
                quote.source,
                str(quote.kind),
            ]
            for quote in moved
        ]
    )


def _is_news(standing: Quote | None, quote: Quote) -> bool:
    if standing is None:
        return True
    return quote.as_of >= standing.as_of and quote != standing


# Asking -----------------------------------------------------------------------------------------


def held(db: ReadDb, viewer: Viewer) -> frozenset[InstrumentId]:
    """Every instrument with units in one of the viewer's active accounts."""
    folds = books.folded(db, viewer, active_accounts(db, viewer))
    return frozenset(p.instrument for fold in folds.values() for p in fold.holdings.open())


def refresh(house: House, viewer: Viewer, wanted: Iterable[InstrumentId]) -> frozenset[InstrumentId]:
    """Fetch and keep newer quotes; which instruments were answered for. A source that is away leaves the
    rest as it is: first the viewer's connected brokers, then the market for what they did not know."""
    ids = frozenset(wanted)
    if not ids:
        return ids
    with house.database.reading() as db:
        known = instruments.of_ids(db, ids)
        lines = broker_lines(db, house, viewer)
    fresh: dict[InstrumentId, Quote] = {}
    for there in lines:
        missing = [one for id, one in known.items() if id not in fresh]
        if missing:
            fresh |= there.asked(house, missing)
    fresh |= asked_of_market(house, [one for id, one in known.items() if id not in fresh])
    keep_all(house, fresh.values())
    return frozenset(fresh)


def keep_all(house: House, fresh: Iterable[Quote]) -> frozenset[InstrumentId]:
    """Keep prices in a transaction of their own."""
    news = list(fresh)
    if not news:
        return frozenset()
    with house.database.writing() as db:
        return keep(db, house, news)


@dataclass(frozen=True, slots=True)
class BrokerLine:
    """A broker asked over one account's session, made at `since`."""

    quotes: QuoteSource
    viewer: Viewer
    account: Account
    since: Instant | None

    def asked(self, house: House, missing: Sequence[Instrument]) -> dict[InstrumentId, Quote]:
        """What the broker knows of these; a session that has ended is recorded for its owner."""
        try:
            return _asked(house, self.quotes, missing)
        except Reauth as problem:
            needs_login(house, self.viewer, self.account.id, str(problem), since=self.since)
            return {}


def broker_lines(db: ReadDb, house: House, viewer: Viewer) -> list[BrokerLine]:
    """One line for each broker the viewer is connected to, unless it is stopped: prices are the same over all
    of them."""
    found: dict[str, BrokerLine] = {}
    for account in active_accounts(db, viewer):
        if account.broker in found or standings.is_stopped(db, account.broker):
            continue
        if account.broker in house.brokers:
            try:
                there = line(db, house, viewer, account)
            except Reauth:
                continue
            source = there.broker.quotes(there.api_key, there.session)
            found[account.broker] = BrokerLine(source, viewer, account, there.connected)
    return list(found.values())


def asked_of_market(house: House, missing: Sequence[Instrument]) -> dict[InstrumentId, Quote]:
    """What the market's sources know: each listing is asked of its first choice, then of its next, so that
    one call carries as many listings as it can."""
    fresh: dict[InstrumentId, Quote] = {}
    choices = {one.id: house.sources.quotes(one.listing) for one in missing}
    for rank in range(max(map(len, choices.values()), default=0)):
        groups: dict[str, tuple[MarketQuoteSource, list[Instrument]]] = {}
        for one in missing:
            if one.id not in fresh and rank < len(choices[one.id]):
                source = choices[one.id][rank]
                groups.setdefault(source.name, (source, []))[1].append(one)
        for source, ours in groups.values():
            fresh |= _asked(house, source, ours)
    return fresh


def _asked(
    house: House, source: QuoteSource | MarketQuoteSource, missing: Sequence[Instrument]
) -> dict[InstrumentId, Quote]:
    """Raises Reauth; a source that is away, or talks nonsense, knows nothing for now."""
    by_listing = {instrument.listing: instrument for instrument in missing}
    if not by_listing:
        return {}
    try:
        answer = source.quotes(list(by_listing))
    except (Retry, Rejected) as problem:
        _log.warning("no quotes", extra={"source": source.name, "problem": str(problem)})
        return {}
    return dict(_fitting(house, by_listing, answer, source.name))


def _fitting(
    house: House,
    by_listing: Mapping[Listing, Instrument],
    answer: Mapping[Listing, QuoteClaim],
    source: str,
) -> Iterable[tuple[InstrumentId, Quote]]:
    """Those above zero, in the instrument's own currency, and not of a time yet to come."""
    now = house.clock.now()
    for listing, claim in answer.items():
        one = by_listing.get(listing)
        if one is None or claim.last <= 0:
            continue
        if claim.currency not in (UNSAID, one.currency):
            extra = {"symbol": one.symbol, "theirs": claim.currency, "ours": one.currency}
            _log.warning("a price in another currency is left alone", extra=extra)
            continue
        if (claim.as_of - now).total_seconds() > _FUTURE_SECONDS:
            _log.warning("a price of a time to come is left alone", extra={"symbol": one.symbol})
            continue
        yield one.id, _quote(one, claim, source)


def _quote(instrument: Instrument, claim: QuoteClaim, source: str) -> Quote:
    close = claim.previous_close
    before = Price(close, instrument.currency) if close is not None and close > 0 else None
    return Quote(instrument.id, Price(claim.last, instrument.currency), before, claim.as_of, source)
