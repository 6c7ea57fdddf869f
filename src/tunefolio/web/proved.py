"""What dangerous deeds ask for: a proof, minutes old and in this session, that it is still the person."""

from __future__ import annotations

from fastapi import Depends

from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.services import proofs
from tunefolio.services.house import House
from tunefolio.web.deps import CurrentVisit, HouseDep, Visit
from tunefolio.web.errors import TooMany


def must_have_proved(house: HouseDep, visit: CurrentVisit) -> None:
    """Raises ProofNeeded: a page leads to /prove and back, a program asks /api/v1/proof."""
    with house.database.reading() as db:
        proofs.must_have_proved(db, house, visit.person.viewer, visit.session.id)


def prove_by_password(house: House, visit: Visit, password: str) -> None:
    """What a form has beside its own fields where nothing was proved yet; "" for none. Opens its own
    transactions, for argon2 works between them. Raises Misuse, TooMany."""
    if not password:
        return
    try:
        proofs.prove(house, visit.person.viewer, visit.session.id, Secret(password))
    except Retry as busy:
        raise TooMany(busy.reason, after=busy.after) from None
    except Rejected as wrong:
        raise Misuse("password", "is not yours", cure="Try again") from wrong


PROVED = [Depends(must_have_proved)]
