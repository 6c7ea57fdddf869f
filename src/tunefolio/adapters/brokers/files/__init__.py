"""Files that brokers let their users download; each module registers its formats."""

from tunefolio.adapters.brokers.files import angel_trades, holdings, mapped, own, tradebook

__all__ = ["angel_trades", "holdings", "mapped", "own", "tradebook"]
