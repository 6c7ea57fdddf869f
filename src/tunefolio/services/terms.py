"""On which terms a person's books are folded: what instruments are, and each account's lot method."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.ledger.lots import Method
from tunefolio.ledger.positions import Nature, Terms
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.store import accounts, instruments
from tunefolio.store.db import ReadDb

_SQUARED = frozenset({AssetClass.EQUITY, AssetClass.ETF})
_SQUARED_ON = frozenset({"NSE", "BSE"})


def nature_of(instrument: Instrument) -> Nature:
    """Equity and ETFs on NSE and BSE: a sale is matched with the same day's purchase first, as settlement
    nets them. Futures are margined: cash moves by gains only."""
    squares = instrument.asset_class in _SQUARED and instrument.exchange in _SQUARED_ON
    return Nature(squares=squares, margined=instrument.asset_class is AssetClass.FUTURE)


def methods_of(db: ReadDb, viewer: Viewer) -> dict[AccountId, Method]:
    """The lot method each account of the viewer's was given; archived ones too."""
    return accounts.lot_methods(db, viewer)


def terms_of(db: ReadDb, viewer: Viewer, ids: Collection[InstrumentId]) -> Terms:
    """The terms for books that touch these instruments."""
    return terms(instruments.of_ids(db, sorted(ids)), methods_of(db, viewer))


def terms(known: Mapping[InstrumentId, Instrument], methods: Mapping[AccountId, Method]) -> Terms:
    return Terms({id: nature_of(instrument) for id, instrument in known.items()}, dict(methods))
