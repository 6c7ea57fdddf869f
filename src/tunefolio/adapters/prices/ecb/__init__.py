"""The European Central Bank's reference rates: every currency against the euro, each working day."""

from tunefolio.adapters.prices.ecb.source import EuropeanCentralBank

__all__ = ["EuropeanCentralBank"]
