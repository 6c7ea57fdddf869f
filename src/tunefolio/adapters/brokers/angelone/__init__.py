"""Angel One, by SmartAPI: login by form, statements, fills, orders, quotes, candles, ticks, instruments."""

from tunefolio.adapters.brokers.angelone.broker import AngelOne

__all__ = ["AngelOne"]
