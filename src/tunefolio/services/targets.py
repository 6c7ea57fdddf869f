"""How a person wishes money to be spread: a weight for each name of a dimension, kept for each portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import PortfolioId
from tunefolio.core.money import plain
from tunefolio.core.people import Viewer
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.store import events, portfolios
from tunefolio.store import targets as kept
from tunefolio.store.db import ReadDb, WriteDb

_DIMENSIONS = frozenset({"sector", "asset_class", "account", "currency", "cap_class"})
_PLACES = 6


def put(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    portfolio: PortfolioId | None,
    dimension: str,
    weights: Mapping[str, Decimal],
) -> None:
    """Set all targets of one dimension; none are left for names not given. portfolio None: all together.

    weights: ratios above 0, together at most 1; what they leave is not spoken for. Raises Misuse, NotFound.
    """
    viewer.must_write()
    if portfolio is not None:
        portfolios.portfolio_of(db, viewer, portfolio)
    if dimension not in _DIMENSIONS:
        raise Misuse(
            "dimension", f"{dimension!r} is unknown", cure=f"Known: {', '.join(sorted(_DIMENSIONS))}"
        )
    for name, weight in weights.items():
        _must_be_weight(name, weight)
    whole = sum(weights.values(), Decimal(0))
    if whole > 1:
        raise Misuse("weight", f"all together are {plain(whole * 100)} %", cure="At most 100 %")
    former = kept.of(db, viewer, portfolio, dimension)
    kept.put(db, viewer, portfolio, dimension, dict(weights))
    subject = "" if portfolio is None else f"portfolio:{portfolio}"
    told = {"name": dimension.replace("_", " "), **audit.differing(former, weights)}
    audit.note(db, house, viewer, Act.TARGETS_SET, subject, told)
    events.emit(db, house.bus, events.Event("transactions", viewer.person, ()))


def of(db: ReadDb, viewer: Viewer, portfolio: PortfolioId | None, dimension: str) -> dict[str, Decimal]:
    """The weights wished for, by name; empty when none are."""
    return kept.of(db, viewer, portfolio, dimension)


def _must_be_weight(name: str, weight: Decimal) -> None:
    if not name.strip() or len(name) > 120:
        raise Misuse("name", f"{name[:40]!r} is no name of a group")
    exponent = weight.normalize().as_tuple().exponent
    if not weight.is_finite() or not 0 < weight <= 1:
        raise Misuse("weight", f"{weight} of {name} must lie above 0 % and at most 100 %")
    if isinstance(exponent, int) and -exponent > _PLACES:
        raise Misuse("weight", f"{plain(weight)} of {name} has more than {_PLACES} places")
