"""Alerts as pages and the API show them: what each watches, where it stands, how far it still is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.alerts import QUOTED, AlertId, AlertKind, Levels
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Price
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import Instrument
from tunefolio.market.quotes import Quote
from tunefolio.services.alert_holdings import levels_of
from tunefolio.services.alert_levels import Quoted, levels, session
from tunefolio.services.alert_terms import (
    AverageTerms,
    HappeningTerms,
    PnlTerms,
    RangeTerms,
    Terms,
    terms_of,
    words,
)
from tunefolio.services.alerts import Market, market_of
from tunefolio.services.house import House
from tunefolio.store import accounts, alerts, instruments, portfolios, quotes
from tunefolio.store.alerts import Alert
from tunefolio.store.db import ReadDb


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert in words. title: what it watches; words: its condition; level: the nearest one today.

    distance: from the number to the level: a ratio of the number for prices and money, points for ratios;
    None where one of them is not known or nothing is measured. unit: of value and level, "" for a ratio.
    """

    alert: Alert
    title: str
    listed: Instrument | None
    words: str
    unit: str
    value: Price | Decimal | None
    level: Price | Decimal | None
    distance: Decimal | None
    missing: str


@dataclass(frozen=True, slots=True)
class AlertPage:
    rows: tuple[AlertRow, ...]
    next: AlertId | None


@dataclass(frozen=True, slots=True)
class _Names:
    instruments: dict[InstrumentId, Instrument]
    accounts: dict[AccountId, str]
    portfolios: dict[PortfolioId, str]
    quotes: dict[InstrumentId, Quote]
    market: Market
    today: TradingDay


def page(db: ReadDb, house: House, viewer: Viewer, before: AlertId | None, limit: int) -> AlertPage:
    """The viewer's alerts, newest first; some ten queries for any number."""
    found = alerts.page(db, viewer, before, limit + 1)
    shown = found[:limit]
    next = shown[-1].id if len(found) > limit else None
    return AlertPage(tuple(rows(db, house, viewer, shown)), next)


def row_of(db: ReadDb, house: House, viewer: Viewer, id: AlertId) -> AlertRow:
    """One of them; raises NotFound."""
    (row,) = rows(db, house, viewer, [alerts.alert_of(db, viewer, id)])
    return row


def rows(db: ReadDb, house: House, viewer: Viewer, found: Sequence[Alert]) -> list[AlertRow]:
    """These alerts of the viewer's in words."""
    ids = {one.subject.instrument for one in found if one.subject.instrument is not None}
    past = {
        one.subject.instrument
        for one in found
        if one.subject.instrument is not None and _needs_past(terms_of(one.kind, one.parameters))
    }
    names = _Names(
        instruments.visible(db, viewer, ids),
        {one.id: one.name for one in accounts.listed(db, viewer)},
        {one.id: one.name for one in portfolios.listed(db, viewer)},
        quotes.latest(db, ids),
        market_of(db, ids, past),
        session(house.clock.now()),
    )
    return [_row(one, names) for one in found]


def _needs_past(terms: Terms) -> bool:
    return isinstance(terms, AverageTerms | RangeTerms)


def _row(alert: Alert, names: _Names) -> AlertRow:
    subject = alert.subject
    listed = None if subject.instrument is None else names.instruments.get(subject.instrument)
    terms = terms_of(alert.kind, alert.parameters)
    unit = _unit(terms, listed)
    value, found = _measured(alert, terms, names)
    level = None if isinstance(found, Missing) else _nearest(found, value)
    reason = str(found) if isinstance(found, Missing) else alert.problem
    return AlertRow(
        alert,
        _title(alert, listed, names),
        listed,
        words(terms, unit),
        unit,
        _figure(value, unit),
        _figure(level, unit),
        _distance(value, level, is_ratio=not unit),
        reason,
    )


def _measured(alert: Alert, terms: Terms, names: _Names) -> tuple[Decimal | None, Levels | Missing]:
    """The newest number, and where it speaks."""
    id = alert.subject.instrument
    seen = None if alert.seen is None else alert.seen.value
    if isinstance(terms, HappeningTerms):
        return None, Levels()
    if alert.kind not in QUOTED or id is None or not isinstance(terms, Quoted):
        return seen, levels_of(terms)
    quote = names.quotes.get(id)
    if quote is None:
        return None, Missing("it has no price yet", "It comes with the next refresh")
    day = session(quote.as_of)
    close = None if quote.previous_close is None else quote.previous_close.amount
    return quote.price.amount, levels(terms, alert.basis, day, close, names.market.past(id, day))


def _nearest(found: Levels, value: Decimal | None) -> Decimal | None:
    known = [level for level in (found.upper, found.lower) if level is not None]
    if not known or value is None:
        return known[0] if known else None
    return min(known, key=lambda level: abs(level - value))


def _distance(value: Decimal | None, level: Decimal | None, *, is_ratio: bool) -> Decimal | None:
    if value is None or level is None:
        return None
    if is_ratio:
        return level - value
    return None if value == 0 else (level - value) / abs(value)


def _figure(number: Decimal | None, unit: str) -> Price | Decimal | None:
    return Price(number, Currency(unit)) if unit and number is not None else number


def _unit(terms: Terms, listed: Instrument | None) -> str:
    if isinstance(terms, PnlTerms):
        return "" if terms.is_ratio or listed is None else listed.currency
    return listed.currency if listed is not None and isinstance(terms, Quoted) else ""


def _title(alert: Alert, listed: Instrument | None, names: _Names) -> str:
    subject = alert.subject
    home = ""
    if subject.account is not None:
        home = names.accounts.get(subject.account, "an account")
    elif subject.portfolio is not None:
        home = names.portfolios.get(subject.portfolio, "a portfolio")
    if listed is not None:
        return f"{listed.symbol} in {home}" if home else listed.symbol
    if home:
        return home
    return _ANYTHING.get(alert.kind, "All portfolios")


_ANYTHING = {
    AlertKind.SYNC_FAILED: "Any account",
    AlertKind.LOGIN_DUE: "Any account",
    AlertKind.DATA_STALE: "Anything followed",
}
