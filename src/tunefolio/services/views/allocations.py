"""How the money is spread by one dimension, and how far that is from the person's targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.allocation import Drift, Grouped, Slice, allocation, drifts
from tunefolio.analysis.valuation import ValuedPosition
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money
from tunefolio.core.people import Viewer
from tunefolio.services import targets
from tunefolio.services.house import House
from tunefolio.services.views.portfolios import portfolio as portfolio_view
from tunefolio.services.views.scopes import cap_class
from tunefolio.services.views.shapes import HoldingRow, PortfolioView
from tunefolio.services.views.shapes_allocation import AllocationSlice, AllocationView, Dimension
from tunefolio.store.db import ReadDb

_NO_VALUE = Missing("nothing in it has a price")


@dataclass(frozen=True, slots=True)
class SliceKey:
    """A slice's key, read: `slice:3:sector:Banks` or, inside it, `slice:3:sector:Banks//Private Banks`.

    portfolio None is written `all`.
    """

    portfolio: PortfolioId | None
    dimension: Dimension
    name: str
    inner: str = ""


def allocation_view(
    db: ReadDb,
    house: House,
    viewer: Viewer,
    *,
    portfolio: PortfolioId | None = None,
    dimension: Dimension = Dimension.SECTOR,
) -> AllocationView:
    """All holdings in view by one dimension, largest first; raises NotFound for another's portfolio."""
    view = portfolio_view(db, house, viewer, portfolio=portfolio)
    members = [_grouped(row, dimension) for row in view.rows]
    slices = allocation(members, view.currency, rates=view.rates, day=view.day)
    wished = targets.of(db, viewer, portfolio, dimension.value)
    drifted = {drift.name: drift for drift in drifts(slices, wished, view.currency)}
    key = f"slice:{portfolio or 'all'}:{dimension.value}"
    shown = [_slice(one, key, wished, drifted, view) for one in slices]
    held = {one.name for one in slices}
    shown += [_unheld(name, key, wished, drifted, view) for name in sorted(wished) if name not in held]
    whole = view.valuation
    return AllocationView(
        view.portfolio,
        "all" if portfolio is None else f"portfolio:{portfolio}",
        dimension,
        view.currency,
        whole.value,
        whole.unpriced,
        tuple(shown),
        sum(wished.values(), Decimal(0)) if wished else None,
        whole.missing,
    )


def parse_slice(text: str) -> SliceKey:
    """Read a slice's key; raises Misuse."""
    parts = text.split(":", 3)
    known = {dimension.value for dimension in Dimension}
    if len(parts) == 4 and parts[0] == "slice" and parts[2] in known and parts[3]:
        place = parts[1]
        if place == "all" or (place.isdecimal() and len(place) < 19):
            portfolio = None if place == "all" else PortfolioId(int(place))
            name, slash, inner = parts[3].partition("//")
            return SliceKey(portfolio, Dimension(parts[2]), name, inner if slash else "")
    raise Misuse("scope", f"{text[:60]!r} names no slice", cure="Ask with the key beside the figure")


def members_of(view: PortfolioView, key: SliceKey) -> list[tuple[ValuedPosition, str]]:
    """The holdings of one slice, with their symbols."""
    return [
        (row.valued, row.instrument.symbol)
        for row in view.rows
        if (group := _grouped(row, key.dimension)).group == key.name
        and (not key.inner or (group.inner or key.name) == key.inner)
    ]


def _grouped(row: HoldingRow, dimension: Dimension) -> Grouped:
    key, classes = row.instrument.economic_key, row.classification
    match dimension:
        case Dimension.SECTOR:
            return Grouped(classes.sector, key, row.valued, classes.industry)
        case Dimension.ASSET_CLASS:
            return Grouped(row.instrument.asset_class.value, key, row.valued)
        case Dimension.ACCOUNT:
            return Grouped(row.account.name, key, row.valued)
        case Dimension.CURRENCY:
            return Grouped(row.instrument.currency, key, row.valued)
        case Dimension.CAP_CLASS:
            return Grouped(cap_class(row.instrument), key, row.valued)


def _slice(
    one: Slice, key: str, wished: Mapping[str, Decimal], drifted: Mapping[str, Drift], view: PortfolioView
) -> AllocationSlice:
    part = one.part
    has_price = len(part.positions) > part.unpriced
    drift = drifted.get(one.name)
    lacking = None if one.name not in wished else _NO_VALUE
    name = f"{key}:{one.name}"
    return AllocationSlice(
        one.name,
        name,
        one.instruments,
        part.invested,
        part.value if has_price else _NO_VALUE,
        part.pnl if has_price else _NO_VALUE,
        one.weight_ratio if has_price and one.weight_ratio is not None else _NO_VALUE,
        wished.get(one.name),
        drift.drift if drift is not None else lacking,
        drift.to_target if drift is not None else lacking,
        part.unpriced,
        tuple(_inner(inside, name, view) for inside in one.parts),
    )


def _inner(one: Slice, key: str, view: PortfolioView) -> AllocationSlice:
    """A group inside a group; one without a name of its own is called what surrounds it."""
    outer = key.rsplit(":", 1)[1]
    named = Slice(one.name or outer, one.instruments, one.part, one.weight_ratio)
    shown = _slice(named, "", {}, {}, view)
    return AllocationSlice(
        named.name, f"{key}//{named.name}", shown.instruments, shown.invested, shown.value, shown.pnl,
        shown.weight, None, None, None, shown.unpriced,
    )  # fmt: skip


def _unheld(
    name: str, key: str, wished: Mapping[str, Decimal], drifted: Mapping[str, Drift], view: PortfolioView
) -> AllocationSlice:
    """A target of which nothing is held."""
    zero, drift = Money.zero(view.currency), drifted.get(name)
    weight: Decimal | Missing = Decimal(0) if drift is not None else _NO_VALUE
    return AllocationSlice(
        name,
        f"{key}:{name}",
        0,
        zero,
        zero,
        zero,
        weight,
        wished[name],
        drift.drift if drift is not None else _NO_VALUE,
        drift.to_target if drift is not None else _NO_VALUE,
        0,
    )
