"""One holding explained: its lots, what was closed, and every fact it is made of."""

from __future__ import annotations

from tunefolio.analysis.valuation import ValuedPosition, valued
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import Money, Price
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.lots import Lot
from tunefolio.ledger.positions import apportioned, fold_order, in_force
from tunefolio.ledger.transactions import Transaction
from tunefolio.services.books import folded
from tunefolio.services.house import House
from tunefolio.services.views.portfolios import classes_of
from tunefolio.services.views.prices import freshness
from tunefolio.services.views.shapes import LotRow, LotsView
from tunefolio.store import accounts, instruments, quotes, transactions
from tunefolio.store.db import ReadDb


def lots(db: ReadDb, house: House, viewer: Viewer, account: AccountId, instrument: InstrumentId) -> LotsView:
    """What one account holds, or once held, of one instrument; raises NotFound."""
    home = accounts.account_of(db, viewer, account)
    fold = folded(db, viewer, [home])[account]
    position = fold.holdings.positions.get(instrument)
    if position is None:
        raise NotFound("holding")
    listed = instruments.of_ids(db, [instrument])
    line = valued(account, position, quotes.latest(db, [instrument])) if position.lots else None
    today = TradingDay(calendar_date(house.clock.now()))
    return LotsView(
        home,
        listed[instrument],
        classes_of(db, house, viewer, listed)[instrument],
        line,
        lot_rows(line, today) if line is not None else (),
        tuple(reversed(position.matches)),
        _facts(db, viewer, home, instrument),
        position.realised,
        position.income,
        freshness(house.calendar, house.clock.now(), line.quote.as_of if line and line.quote else None),
        line.missing if line is not None else "everything is sold",
    )


def lot_rows(line: ValuedPosition, today: TradingDay) -> tuple[LotRow, ...]:
    """The lots of a line; its value is apportioned to them, so that they add up to it to the paisa."""
    lots_held, value = line.position.lots, line.value
    if value is None:
        return tuple(_lot_row(lot, None, today) for lot in lots_held)
    parts = apportioned(value, [lot.quantity for lot in lots_held])
    return tuple(_lot_row(lot, part, today) for lot, part in zip(lots_held, parts, strict=True))


def _lot_row(lot: Lot, value: Money | None, today: TradingDay) -> LotRow:
    held_days = None if lot.day is None else today - lot.day
    pnl = None if value is None else value - lot.cost
    return LotRow(lot, Price.per(lot.cost, lot.quantity), held_days, value, pnl)


def _facts(db: ReadDb, viewer: Viewer, home: Account, instrument: InstrumentId) -> tuple[Transaction, ...]:
    history = in_force(transactions.of_account(db, viewer, home.id))
    mine = [fact for fact in history if fact.fact.instrument == instrument]
    return tuple(sorted(mine, key=fold_order, reverse=True))
