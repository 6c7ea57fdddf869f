"""Faces of those who know the market: one module each, with `routes(market, clock)` below its own root."""
