"""Zerodha, by Kite Connect v3: login, statements, quotes, instruments, ticks."""

from tunefolio.adapters.brokers.zerodha.broker import Zerodha

__all__ = ["Zerodha"]
