"""Angel One's estimate of charges. Its documentation shows the sum as a tree, and the rows of single orders
torn: so the sum is what counts, and single orders are read only where they come whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.angelone.errors import missing
from tunefolio.adapters.brokers.angelone.fields import mapping, number, words
from tunefolio.adapters.brokers.angelone.smart import SECURE, Lane, Leave, Smart
from tunefolio.adapters.brokers.angelone.tokens import Tokens
from tunefolio.core.errors import Rejected
from tunefolio.core.money import plain
from tunefolio.ledger.charged import ChargedOrder, FeeAmounts, StatedCharges, added
from tunefolio.ledger.feeparts import FeeName
from tunefolio.ledger.kinds import Kind

_BATCH = 25
"""Angel One tells no limit; so many orders have been seen asked together."""
_SHARES = frozenset({"NSE", "BSE"})
_DEEPEST = 4
_NAMES = (
    ("brokerage", FeeName.BROKERAGE),
    ("ipft", FeeName.IPFT),
    ("investor protection", FeeName.IPFT),
    ("sebi", FeeName.SEBI),
    ("stamp", FeeName.STAMP),
    ("security transaction tax", FeeName.STT),
    ("securities transaction tax", FeeName.STT),
    ("stt", FeeName.STT),
    ("commodit", FeeName.CTT),
    ("ctt", FeeName.CTT),
    ("gst", FeeName.GST),
    ("transaction charge", FeeName.EXCHANGE),
    ("turnover charge", FeeName.EXCHANGE),
)
"""Words by which a line is known, the first that fits; all others are OTHER: shown, never dropped."""


def fetch(smart: Smart, leave: Leave, tokens: Tokens, orders: Sequence[ChargedOrder]) -> StatedCharges:
    """Raises Reauth, Retry, Rejected."""
    found = tokens.of([order.listing for order in orders])
    known = [order for order in orders if order.listing in found]
    parts = []
    for start in range(0, len(known), _BATCH):
        batch = known[start : start + _BATCH]
        body = {"orders": [asked(order, found[order.listing]) for order in batch]}
        told = smart.post(leave, f"{SECURE}/brokerage/v1/estimateCharges", body, Lane.CHARGES)
        parts.append(charges(told, batch))
    whole = added([part.whole for part in parts])
    each = {number: told for part in parts for number, told in part.each.items()}
    unknown = frozenset(order.number for order in orders if order.listing not in found)
    return StatedCharges(whole, each if all(part.each for part in parts) else {}, unknown)


def asked(order: ChargedOrder, token: str) -> Mapping[str, str]:
    """One order of the question: everything is text."""
    exchange, symbol, series = order.listing
    product = "DELIVERY" if exchange in _SHARES else "CARRYFORWARD"
    return {
        "product_type": "INTRADAY" if order.is_intraday else product,
        "transaction_type": "BUY" if order.kind is Kind.BUY else "SELL",
        "quantity": plain(order.quantity),
        "price": plain(order.price),
        "exchange": exchange,
        "symbol_name": f"{symbol}-{series}" if exchange == "NSE" and series else symbol,
        "token": token,
    }


def charges(data: Any, orders: Sequence[ChargedOrder]) -> StatedCharges:
    """`data` of the answer. Rejected: a sum without its lines."""
    told = mapping(data, "charges")
    whole = amounts(mapping(told.get("summary"), "charges.summary"), "charges.summary")
    return StatedCharges(whole, _each(told.get("charges"), orders))


def _each(rows: Any, orders: Sequence[ChargedOrder]) -> Mapping[str, FeeAmounts]:
    """Order by order, where each has a row with a list of its lines; else nothing."""
    if not isinstance(rows, list) or len(rows) != len(orders):
        return {}
    try:
        return {
            order.number: amounts(mapping(row, f"charges[{place}]"), f"charges[{place}]")
            for place, (order, row) in enumerate(zip(orders, rows, strict=True))
        }
    except Rejected:
        return {}


def amounts(row: Mapping[str, Any], where: str) -> FeeAmounts:
    """The leaves of its tree of lines, by name. Rejected where there is no tree, or where its leaves do not
    add up to what the row calls the total."""
    if not isinstance(row.get("breakup"), list):
        raise missing("breakup", where)
    found: dict[FeeName, Decimal] = {}
    for name, amount in _leaves(row["breakup"], where, 0):
        found[name] = found.get(name, Decimal(0)) + amount
    total = number(row, "total_charges", where)
    if abs(sum(found.values(), Decimal(0)) - total) > Decimal("0.01"):
        raise Rejected(f"Angel One: the lines of {where} are not its total", code="wrong_sum")
    return found


def _leaves(lines: Sequence[Any], where: str, depth: int) -> Iterator[tuple[FeeName, Decimal]]:
    for place, line in enumerate(lines):
        here = f"{where}.breakup[{place}]"
        row = mapping(line, here)
        inside = row.get("breakup")
        if isinstance(inside, list) and inside and depth < _DEEPEST:
            yield from _leaves(inside, here, depth + 1)
        else:
            yield _name(words(row, "name")), number(row, "amount", here)


def _name(said: str) -> FeeName:
    spoken = said.lower()
    return next((name for word, name in _NAMES if word in spoken), FeeName.OTHER)
