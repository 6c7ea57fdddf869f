"""Brokers: one folder each, strangers to each other. What a broker can do is what its folder has."""
