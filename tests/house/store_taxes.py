"""A person's rows in the tables of taxes, and arguments for their functions: part of store_world."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.disposals import Way
from tunefolio.analysis.tax.taxpayer import EarlierLoss, LossKind, Others, Residency
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store import tax_answers, taxpayers
from tunefolio.store.db import WriteDb
from tunefolio.store.tax_answers import DeedTold, InstrumentTold, YearTold

INTO, BEFORE = FinancialYear(2025), FinancialYear(2023)
LOSS = EarlierLoss(BEFORE, LossKind.SHORT_TERM, Decimal(700))
SAMPLES: dict[str, Any] = {
    "Residency": Residency.RESIDENT,
    "FinancialYear": INTO,
    "YearTold": YearTold(INTO, others=Others(Decimal(1))),
    "InstrumentTold": InstrumentTold(TaxClass.SGB, Decimal(9)),
    "tax_answers.put_losses.losses": [],
    "taxpayers.put_pan.sealed": b"new",
}


def taxed(
    db: WriteDb,
    viewer: Viewer,
    name: str,
    account: AccountId,
    fact: TransactionId,
    instrument: InstrumentId,
    now: Instant,
) -> dict[str, Any]:
    """Two who are taxed, and a row of everything that can be told."""
    mine = taxpayers.add(db, viewer, name, Residency.RESIDENT, now).id
    other = taxpayers.add(db, viewer, f"{name} huf", Residency.RESIDENT, now).id
    taxpayers.give(db, viewer, mine, [account])
    taxpayers.put_pan(db, viewer, mine, f"{name} pan".encode())
    tax_answers.put_year(db, viewer, mine, YearTold(INTO, slab_rate=Decimal("0.3")), now)
    tax_answers.put_losses(db, viewer, mine, INTO, [LOSS])
    tax_answers.put_instrument(db, viewer, instrument, InstrumentTold(TaxClass.LISTED_EQUITY, Decimal(100)))
    tax_answers.put_deeds(db, viewer, {fact: DeedTold(Decimal(1), Way.SALE, subscribed=True)})
    return {
        "TaxpayerId": mine,
        "taxpayers.give.id": other,
        "taxpayers.give.accounts": [account],
        "tax_answers.put_deeds.told": {fact: DeedTold(Decimal(2))},
    }
