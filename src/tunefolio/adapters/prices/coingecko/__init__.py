"""CoinGecko: coins in any currency: last prices, daily closes, and which coins there are."""

from tunefolio.adapters.prices.coingecko.source import CoinGecko

__all__ = ["CoinGecko"]
