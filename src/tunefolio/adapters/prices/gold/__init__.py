"""Gold and silver in dollars an ounce: the closes of the nearest future, as Yahoo shows it."""

from tunefolio.adapters.prices.gold.source import Gold

__all__ = ["Gold"]
