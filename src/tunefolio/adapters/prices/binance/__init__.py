"""Binance's spot market: daily bars, last prices and what is traded; no key, limits by address and weight."""

from tunefolio.adapters.prices.binance.source import Binance

__all__ = ["Binance"]
