"""Kite's postback: an order update sent to the application's own address, proved by a checksum."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from tunefolio.adapters import jsons
from tunefolio.adapters.brokers.zerodha.errors import mapping, text
from tunefolio.adapters.brokers.zerodha.orders import order
from tunefolio.core.errors import Rejected
from tunefolio.core.secret import Secret
from tunefolio.trading.orders import OrderReport


def checksum(order_id: str, stamp: str, secret: Secret) -> str:
    """SHA-256 in hex of the order's number, its timestamp as written and the application's secret."""
    return hashlib.sha256(f"{order_id}{stamp}{secret.reveal()}".encode()).hexdigest()


def user_of(body: bytes) -> str:
    """Whom it says it is about: a claim that nothing proves yet. Raises Rejected with code "wrong_type"."""
    return text(_row(body), "user_id", "postback")


def postback(body: bytes, secret: Secret) -> tuple[str, OrderReport]:
    """The broker's user and the order it tells of. At least once and in any order: it says how things stood.

    Raises Rejected with code "checksum" for what was not sent by Kite, "wrong_type" for what is no order.
    """
    row = _row(body)
    due = checksum(text(row, "order_id", "postback"), text(row, "order_timestamp", "postback"), secret)
    if not hmac.compare_digest(due.encode(), text(row, "checksum", "postback").encode()):
        raise Rejected("Zerodha: the postback's checksum is not the application's", code="checksum")
    return text(row, "user_id", "postback"), order(row, "postback")


def _row(body: bytes) -> Mapping[str, Any]:
    try:
        return mapping(jsons.loads(body), "postback")
    except ValueError:
        raise Rejected("Zerodha: the postback is not JSON", code="wrong_type") from None
