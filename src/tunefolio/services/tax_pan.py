"""The permanent account number of a taxpayer: sealed at rest, masked on pages, whole only in files for the
return."""

from __future__ import annotations

from tunefolio.analysis.tax.pan import Pan, PanStatus
from tunefolio.analysis.tax.taxpayer import Age
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TaxpayerId
from tunefolio.core.people import Viewer
from tunefolio.services import audit
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.store import tax_answers, taxpayers
from tunefolio.store.db import WriteDb
from tunefolio.store.taxpayers import KeptTaxpayer

_PLACE = ("taxpayers", "pan")


def pan_of(house: House, taxpayer: KeptTaxpayer) -> Pan | None:
    """Her number, out of the vault; None: not told. Raises Misuse where its key is gone."""
    if taxpayer.sealed is None:
        return None
    return Pan.parse(house.vault.open(taxpayer.sealed, _PLACE[0], taxpayer.id, _PLACE[1]).reveal())


def tell_pan(db: WriteDb, house: House, viewer: Viewer, id: TaxpayerId, text: str | None) -> None:
    """None: as it was; empty: forgotten."""
    if text is None:
        return
    if text.strip():
        keep_pan(db, house, viewer, id, text)
    else:
        forget_pan(db, house, viewer, id)


def keep_pan(db: WriteDb, house: House, viewer: Viewer, id: TaxpayerId, text: str) -> None:
    """In place of the one told before. Raises Misuse for what is none, is a firm's, or another taxpayer's of
    the same owner; NotFound. The log learns that one was kept, never which."""
    viewer.must_write()
    pan = Pan.parse(text)
    others = {one.id: pan_of(house, one) for one in taxpayers.held(db, viewer)}
    if others.get(id) == pan:
        return
    if any(pan == known for other, known in others.items() if other != id):
        raise Misuse("pan", "is that of another taxpayer of yours", cure="Give each taxpayer her own")
    if pan.status is PanStatus.FAMILY:
        years = tax_answers.years(db, viewer, id)
        for told in years.values():
            must_have_age(pan, told.age, f"the age told for {told.year}")
    sealed = house.vault.seal(pan.number, _PLACE[0], id, _PLACE[1])
    taxpayers.put_pan(db, viewer, id, sealed)
    audit.note(
        db,
        house,
        viewer,
        Act.PAN_KEPT,
        f"taxpayer:{id}",
        {"name": _name(db, viewer, id), "status": pan.status.value},
    )


def forget_pan(db: WriteDb, house: House, viewer: Viewer, id: TaxpayerId) -> None:
    """Nothing where none was told. Raises NotFound."""
    viewer.must_write()
    if taxpayers.taxpayer_of(db, viewer, id).sealed is None:
        return
    taxpayers.put_pan(db, viewer, id, None)
    audit.note(db, house, viewer, Act.PAN_FORGOTTEN, f"taxpayer:{id}", {"name": _name(db, viewer, id)})


def _name(db: WriteDb, viewer: Viewer, id: TaxpayerId) -> str:
    return taxpayers.taxpayer_of(db, viewer, id).name


def must_have_age(pan: Pan | None, age: Age, what: str = "the age") -> None:
    """A Hindu undivided family has no age: the higher basic exemptions of seniors are those of individuals
    (Finance Act, First Schedule, part I). Raises Misuse."""
    if pan is not None and pan.status is PanStatus.FAMILY and age is not Age.BELOW_60:
        raise Misuse("age", f"{what} is of a person, not of a family", cure="Take 'Below 60' for a family")
