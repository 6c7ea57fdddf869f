"""The rehearsal with COUNT people at its Kite: python -m bench.sync_sandbox COUNT LATENCY_SECONDS.

Says its address and everybody's token as one line of JSON; ends with its input.
"""

from __future__ import annotations

import hashlib
import json
import sys

from tunefolio.core.secret import Secret
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.kite.desk import KiteRates
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.people import Demat, Purchase, Trader
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

KEY, SECRET = "bench", "bench-secret"
_SHARES = ("INFY", "TCS", "RELIANCE", "HDFCBANK", "ITC", "SBIN", "WIPRO", "LT", "AXISBANK", "MARUTI")


def trader(number: int) -> Trader:
    """Ten shares, a different number of each for everybody."""
    demat = tuple(
        Demat(f"NSE:{symbol}", (Purchase("2026-01-05", 10 + (number + place) % 90),))
        for place, symbol in enumerate(_SHARES)
    )
    user = f"B{number:05}"
    return Trader(user, "password", "123456", f"Bench {number}", f"{user}@example.org", 100_000_00, demat)


def main() -> None:
    count, latency = int(sys.argv[1]), float(sys.argv[2])
    people = tuple(trader(number) for number in range(count))
    config = SandboxConfig(
        AppKeys(KEY, Secret(SECRET)), "http://localhost:1/", hours="always", people=people,
        kite_rates=KiteRates(other=Rate(100_000, 1.0)), latency_seconds=latency,
    )  # fmt: skip
    with Sandbox(config) as sandbox:
        tokens = {}
        for one in people:
            request = sandbox.grants.ask(one.user_id, KEY)
            checksum = hashlib.sha256(f"{KEY}{request}{SECRET}".encode()).hexdigest()
            tokens[one.user_id] = sandbox.grants.exchange(KEY, request, checksum).access_token
        sys.stdout.write(json.dumps({"url": sandbox.kite_url, "tokens": tokens}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
