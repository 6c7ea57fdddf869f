"""JSON without floats: every number with a fraction arrives as the Decimal its digits spell."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn


def loads(content: bytes) -> Any:
    """Parsed JSON; raises ValueError for anything else, NaN and Infinity included."""
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
