"""Corporate actions beside each account: what they would make of it, and what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.people import Viewer
from tunefolio.ledger.kinds import RULES, Kind
from tunefolio.ledger.meanings import Spellings
from tunefolio.ledger.notation import line
from tunefolio.market.instruments import Instrument, quoted_in
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.proposals import Held, Proposal, found
from tunefolio.services.views.shapes_repairs import ActionState, ActionsView, ActionView, HeldState
from tunefolio.store import accounts, instruments
from tunefolio.store.db import ReadDb


def actions(
    db: ReadDb, _house: House, viewer: Viewer, *, portfolio: PortfolioId | None = None
) -> ActionsView:
    """Every action on what the accounts in view held before its ex-date; undecided ones first, then the
    newest. Raises NotFound for another's portfolio."""
    homes = active_accounts(db, viewer, portfolio)
    proposals = found(db, viewer, homes)
    known = instruments.of_ids(db, sorted(_named(proposals)))
    titles = {account.id: account.name for account in accounts.listed(db, viewer)}
    return ActionsView(tuple(_shown(proposal, known, titles) for proposal in proposals))


def _named(proposals: Iterable[Proposal]) -> set[InstrumentId]:
    ids: set[InstrumentId] = set()
    for proposal in proposals:
        ids |= {proposal.instrument.id} | {held.instrument for held in proposal.before}
        if not isinstance(proposal.after, Missing):
            ids |= {held.instrument for held in proposal.after}
        if not isinstance(proposal.fact, Missing):
            ids |= {id for id in (proposal.fact.instrument, proposal.fact.other) if id is not None}
    return ids


def _shown(
    proposal: Proposal, known: Mapping[InstrumentId, Instrument], titles: Mapping[AccountId, str]
) -> ActionView:
    action, fact = proposal.action, proposal.fact
    spellings = Spellings(lambda id: f"{known[id].exchange}:{known[id].symbol}", titles.__getitem__)
    after = proposal.after
    usual = quoted_in(proposal.instrument.exchange) or proposal.account.currency
    return ActionView(
        proposal.reference,
        proposal.account,
        proposal.instrument,
        action.kind.value,
        RULES[Kind(action.kind.value)].title,
        action.ex_day,
        ActionState(proposal.state.value),
        _states(proposal.before, known),
        after if isinstance(after, Missing) else _states(after, known),
        "" if isinstance(fact, Missing) else line(fact, spellings, (), usual),
        action.source,
    )


def _states(held: Iterable[Held], known: Mapping[InstrumentId, Instrument]) -> tuple[HeldState, ...]:
    return tuple(HeldState(known[one.instrument], one.quantity, one.cost) for one in held)
