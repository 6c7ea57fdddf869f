"""What dangerous deeds ask for: a proof, minutes old and in this session, that it is still the person."""

from __future__ import annotations

from fastapi import Depends

from tunefolio.services import proofs
from tunefolio.web.deps import CurrentVisit, HouseDep


def must_have_proved(house: HouseDep, visit: CurrentVisit) -> None:
    """Raises ProofNeeded: a page leads to /prove and back, a program asks /api/v1/proof."""
    with house.database.reading() as db:
        proofs.must_have_proved(db, house, visit.person.viewer, visit.session.id)


PROVED = [Depends(must_have_proved)]
