"""Files that brokers let their users download; each module registers its formats."""

from tunefolio.adapters.brokers.files import holdings, tradebook

__all__ = ["holdings", "tradebook"]
