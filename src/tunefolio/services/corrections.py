"""An admin's word on an instrument's name, sector and industry: for everyone, before every source, until
cleared."""

from __future__ import annotations

from dataclasses import dataclass

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import name_of
from tunefolio.market.sectors import Classification
from tunefolio.services import audit
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.store import corrections, events, instruments, sectors
from tunefolio.store.corrections import Correction, Listed
from tunefolio.store.db import ReadDb, WriteDb


@dataclass(frozen=True, slots=True)
class Corrected:
    """An instrument, what is said of it without any person's own word, and the correction if there is one."""

    listed: Listed
    classification: Classification
    correction: Correction | None


def page(
    db: ReadDb,
    house: House,
    admin: Viewer,
    text: str,
    after: InstrumentId | None,
    limit: int,
    *,
    corrected: bool = False,
) -> list[Corrected]:
    """Instruments that everyone sees, by id; raises Forbidden for all but admins."""
    found = corrections.listed(db, admin, text.strip()[:80], after, limit, corrected=corrected)
    return _with_words(db, house, found)


def one(db: ReadDb, house: House, admin: Viewer, instrument: InstrumentId) -> Corrected:
    """One of them; raises Forbidden, NotFound."""
    admin.must_administer()
    return _with_words(db, house, [corrections.listed_of(db, instrument)])[0]


def correct(
    db: WriteDb,
    house: House,
    admin: Viewer,
    instrument: InstrumentId,
    *,
    name: str = "",
    sector: str = "",
    industry: str = "",
    reason: str = "",
) -> None:
    """Say what holds for everyone; "" leaves what sources say. Raises Forbidden, NotFound, Misuse."""
    admin.must_administer()
    words = {"name": name.strip(), "sector": sector.strip(), "industry": industry.strip()}
    given = {field: name_of(text, field) if text else "" for field, text in words.items()}
    if not given["name"] and not given["sector"]:
        raise Misuse(
            "sector", "nothing is corrected", cure="Give a name or a sector, or clear the correction"
        )
    if given["industry"] and not given["sector"]:
        raise Misuse("sector", "is missing beside the industry", cure="Name the sector it belongs to")
    why = reason.strip()[:200]
    before = one(db, house, admin, instrument)
    corrections.put(db, admin, instrument, **given, reason=why, now=house.clock.now())
    after = one(db, house, admin, instrument)
    told = {**_told(before, "before"), **_told(after, "after"), "reason": why}
    audit.note(db, house, admin, Act.CORRECTED, f"instrument:{instrument}", told)
    events.emit(db, house.bus, events.Event("instruments", None, (instrument,)))


def clear(db: WriteDb, house: House, admin: Viewer, instrument: InstrumentId) -> bool:
    """Back to what sources say; whether anything was corrected. Raises Forbidden, NotFound."""
    before = one(db, house, admin, instrument)
    if not corrections.clear(db, admin, instrument):
        return False
    told = {**_told(before, "before"), **_told(one(db, house, admin, instrument), "after")}
    audit.note(db, house, admin, Act.CORRECTION_CLEARED, f"instrument:{instrument}", told)
    events.emit(db, house.bus, events.Event("instruments", None, (instrument,)))
    return True


def _with_words(db: ReadDb, house: House, found: list[Listed]) -> list[Corrected]:
    ids = [each.id for each in found]
    said, known = corrections.of_ids(db, ids), instruments.of_ids(db, ids)
    provided, house_words = sectors.provided(db, ids), sectors.of_house(db)
    return [
        Corrected(
            each,
            house.sectors.classify(
                known[each.id],
                house_words.get(each.id),
                provided[each.id].claim if each.id in provided else None,
            ),
            said.get(each.id),
        )
        for each in found
    ]


def _told(state: Corrected, when: str) -> dict[str, str]:
    return {
        f"name_{when}": state.listed.name,
        f"sector_{when}": state.classification.sector,
        f"industry_{when}": state.classification.industry,
    }
