"""A person's own word on the sector of an instrument, before every other source."""

from __future__ import annotations

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import name_of
from tunefolio.services import audit, noted
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.store import instruments, sectors
from tunefolio.store.db import WriteDb


def put(
    db: WriteDb, house: House, viewer: Viewer, instrument: InstrumentId, sector: str, industry: str = ""
) -> None:
    """In place of a former word. Raises NotFound for what the viewer may not see, Misuse."""
    viewer.must_write()
    if instrument not in instruments.visible(db, viewer, [instrument]):
        raise NotFound("instrument")
    former = sectors.overrides(db, viewer).get(instrument)
    branch = name_of(industry, "industry") if industry.strip() else ""
    sectors.set_override(db, viewer, instrument, name_of(sector, "sector"), branch, house.clock.now())
    before = {} if former is None else {"sector": former.sector, "industry": former.industry}
    pairs = audit.differing(before, {"sector": name_of(sector, "sector"), "industry": branch})
    told = {"name": noted.listed(db, instrument), **pairs}
    audit.note(db, house, viewer, Act.SECTOR_SET, f"instrument:{instrument}", told)


def clear(db: WriteDb, house: House, viewer: Viewer, instrument: InstrumentId) -> bool:
    """Back to what others say; whether there was an own word."""
    viewer.must_write()
    former = sectors.overrides(db, viewer).get(instrument)
    if not sectors.clear_override(db, viewer, instrument):
        audit.pass_over()
        return False
    told = {"name": noted.listed(db, instrument), "sector": "" if former is None else former.sector}
    audit.note(db, house, viewer, Act.SECTOR_CLEARED, f"instrument:{instrument}", told)
    return True
