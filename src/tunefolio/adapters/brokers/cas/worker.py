"""The process that reads one PDF: it may hang, crash or grow without harm to the house.

In: a line of JSON with the password, then the PDF. Out: JSON, either what the statement says, without names,
addresses and PANs, or why it cannot be read. Nothing of it is logged.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

MOST_BYTES = 1 << 30
MOST_CPU_SECONDS = 120
_PRIVATE = frozenset({"investor_info", "PAN", "KYC", "PANKYC", "nominees", "owners", "nps", "advisor"})
"""What a statement tells and nobody here needs."""


def read(content: bytes, password: str) -> dict[str, Any]:
    """{"cas": what it says} or {"problem": a word}: password, unknown, damaged."""
    from casparser import read_cas_pdf  # imported here: large, and never in the house's own process
    from casparser.exceptions import CASParseError, IncorrectPasswordError, ParserException

    try:
        said = read_cas_pdf(io.BytesIO(content), password, output="json")
    except IncorrectPasswordError:
        return {"problem": "password"}
    except CASParseError as unknown:
        return {"problem": "unknown" if "identify" in str(unknown) else "damaged"}
    except (ParserException, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError):
        return {"problem": "damaged"}
    return {"cas": _without_persons(json.loads(said))}


def _without_persons(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_persons(part) for key, part in value.items() if key not in _PRIVATE}
    if isinstance(value, list):
        return [_without_persons(part) for part in value]
    return value


def _limit() -> None:
    """Memory and processor time of this process; where the system knows no such limits, the clock remains."""
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Read standard input, answer on standard output."""
    _limit()
    first, _, content = sys.stdin.buffer.read().partition(b"\n")
    try:
        answer = read(content, str(json.loads(first)["password"]))
    except MemoryError:
        answer = {"problem": "large"}
    sys.stdout.write(json.dumps(answer, separators=(",", ":"), sort_keys=True))


if __name__ == "__main__":
    main()
