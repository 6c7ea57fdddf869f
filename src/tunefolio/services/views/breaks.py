"""Where brokers and books differ: each with its reason, its evidence and what would mend it."""

from __future__ import annotations

from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.money import Currency
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.breaks import Draft, Repair
from tunefolio.ledger.meanings import Spellings
from tunefolio.ledger.notation import line
from tunefolio.market.instruments import usual_currency
from tunefolio.services.books import folded
from tunefolio.services.diagnoses import Found, diagnoses
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.views.shapes_repairs import BreaksView, BreakView, Evidence, RepairView
from tunefolio.store import accounts, instruments
from tunefolio.store.db import ReadDb

_ANY_DAY = "<day>"
_ANY_PRICE = "<price>"


def breaks(db: ReadDb, house: House, viewer: Viewer, *, portfolio: PortfolioId | None = None) -> BreaksView:
    """All breaks of the active accounts in view, by account; raises NotFound for another's portfolio."""
    homes = active_accounts(db, viewer, portfolio)
    folds = folded(db, viewer, homes)
    found = diagnoses(db, house, viewer, homes)
    names = _names(db, found)
    titles = {account.id: account.name for account in accounts.listed(db, viewer)}
    return BreaksView(
        tuple(_shown(one, db, names, titles) for one in found),
        tuple(h for h in homes if folds[h.id].stated is not None and not folds[h.id].breaks),
        tuple(h for h in homes if folds[h.id].stated is None and not folds[h.id].problem),
    )


def _names(db: ReadDb, found: list[Found]) -> dict[InstrumentId, str]:
    ids = {one.told.found.instrument for one in found}
    for one in found:
        for repair in one.told.repairs:
            for draft in repair.drafts:
                ids |= {draft.instrument} | ({draft.other} if draft.other is not None else set())
    return {id: f"{i.exchange}:{i.symbol}" for id, i in instruments.of_ids(db, sorted(ids)).items()}


def _shown(one: Found, db: ReadDb, names: dict[InstrumentId, str], titles: dict[AccountId, str]) -> BreakView:
    told = one.told
    (listed,) = instruments.of_ids(db, [told.found.instrument]).values()
    return BreakView(
        told.key,
        one.account,
        listed,
        told.found,
        one.statement.at,
        told.reason.value,
        tuple(map(Evidence, told.evidence)),
        tuple(_repair(told.key, repair, one.account, names, titles) for repair in told.repairs),
    )


def _repair(
    key: str, repair: Repair, home: Account, names: dict[InstrumentId, str], titles: dict[AccountId, str]
) -> RepairView:
    lines = tuple(_line(draft, home.currency, names, titles) for draft in repair.drafts)
    return RepairView(f"{key}:{repair.name}", repair.title, lines, repair.wants, repair.after)


def _line(
    draft: Draft, currency: Currency, names: dict[InstrumentId, str], titles: dict[AccountId, str]
) -> str:
    """The fact in the notation; what the person must say first stands in angle brackets."""
    fact = draft.fact({"day": "2000-01-01", "price": "1"}, "")
    about = "" if fact.instrument is None else names[fact.instrument]
    usual = usual_currency(about, currency)
    text = line(fact, Spellings(names.__getitem__, titles.__getitem__), (), usual)
    if "day" in draft.wants:
        text = text.replace(TradingDay.parse("2000-01-01").iso(), _ANY_DAY, 1)
    return text.replace("@ 1", f"@ {_ANY_PRICE}", 1) if "price" in draft.wants else text
