"""Kotak Neo, by its Trade API v3: login, statements, fills, orders, prices past and present, streams."""

from tunefolio.adapters.brokers.kotakneo.broker import KotakNeo

__all__ = ["KotakNeo"]
