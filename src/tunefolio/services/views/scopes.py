"""A scope word looked up: whose accounts, which instruments, in which currency, under what name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tunefolio.analysis.scopes import Scope
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import INR, Currency
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account
from tunefolio.market.instruments import Instrument
from tunefolio.market.sectors import packaged
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.views.portfolios import classes_of
from tunefolio.services.views.series import Tracked, tagged, tracked
from tunefolio.services.views.shapes_figures import ScopeView
from tunefolio.services.views.words import About, ScopeWord
from tunefolio.store import accounts, instruments, portfolios, transactions
from tunefolio.store.db import ReadDb


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Everything figures of one scope are made from."""

    shown: ScopeView
    tracked: Tracked
    scope: Scope


def chosen(db: ReadDb, house: House, viewer: Viewer, word: ScopeWord) -> Chosen:
    """Look it up; raises NotFound for what is not there or another's."""
    homes, currency, title = _homes(db, viewer, word)
    if word.about is About.TAG:
        if word.name not in transactions.tags(db, viewer):
            raise NotFound("tag")
        found = tagged(db, house, viewer, homes, currency, word.name)
        return Chosen(ScopeView(str(word), title, currency), found, found.scope(found.instruments))
    found = tracked(db, house, viewer, homes, currency)
    picked = _instruments(db, house, viewer, word, found.instruments)
    if word.about in {About.HOLDING, About.INSTRUMENT}:
        if not picked:
            raise NotFound("holding" if word.about is About.HOLDING else "instrument")
        title = f"{_symbol(db, picked)}{title}"
    return Chosen(ScopeView(str(word), title, currency), found, found.scope(picked))


def choices(db: ReadDb, viewer: Viewer) -> tuple[ScopeView, ...]:
    """What a page offers: all, each portfolio, each account, each tag of the viewer's."""
    shown = [ScopeView("all", "Everything", INR)]
    live = [p for p in portfolios.listed(db, viewer) if p.archived is None]
    shown += [ScopeView(f"portfolio:{p.id}", p.name, p.currency) for p in live]
    shown += [ScopeView(f"account:{a.id}", a.name, a.currency) for a in active_accounts(db, viewer)]
    shown += [ScopeView(f"tag:{tag}", f"#{tag}", INR) for tag in transactions.tags(db, viewer)]
    return tuple(shown)


def cap_class(market: Instrument) -> str:
    """How large the company is, by the list that ships with the product."""
    return packaged().cap_class(market)


def _homes(db: ReadDb, viewer: Viewer, word: ScopeWord) -> tuple[Sequence[Account], Currency, str]:
    if word.portfolio is not None:
        portfolio = portfolios.portfolio_of(db, viewer, word.portfolio)
        return active_accounts(db, viewer, portfolio.id), portfolio.currency, portfolio.name
    if word.account is not None:
        account = accounts.account_of(db, viewer, AccountId(word.account))
        title = f" in {account.name}" if word.about is About.HOLDING else account.name
        return [account], account.currency, title
    titles = {About.ALL: "Everything", About.TAG: f"#{word.name}", About.INSTRUMENT: ""}
    return active_accounts(db, viewer), INR, titles.get(word.about, word.name)


def _instruments(
    db: ReadDb, house: House, viewer: Viewer, word: ScopeWord, ever: frozenset[InstrumentId]
) -> frozenset[InstrumentId] | None:
    """Those of the scope among what was ever held; None: all of them, and cash."""
    match word.about:
        case About.ALL | About.PORTFOLIO | About.ACCOUNT | About.TAG:
            return None
        case About.HOLDING | About.INSTRUMENT:
            return ever & {word.instrument} if word.instrument is not None else frozenset()
        case _:
            known = instruments.of_ids(db, sorted(ever))
            return frozenset(_named(db, house, viewer, word, known.values()))


def _named(
    db: ReadDb, house: House, viewer: Viewer, word: ScopeWord, known: Iterable[Instrument]
) -> Iterable[InstrumentId]:
    every = {instrument.id: instrument for instrument in known}
    classes = classes_of(db, house, viewer, every)
    for id, instrument in every.items():
        names = {
            About.SECTOR: classes[id].sector,
            About.INDUSTRY: classes[id].industry,
            About.ASSET_CLASS: instrument.asset_class.value,
            About.CAP_CLASS: cap_class(instrument),
            About.CURRENCY: instrument.currency,
        }
        if names[word.about] == word.name:
            yield id


def _symbol(db: ReadDb, ids: Iterable[InstrumentId]) -> str:
    return ", ".join(i.symbol for i in instruments.of_ids(db, sorted(ids)).values())
