"""TuneFolio: an exact record of what an investor owns across brokers, and what it is worth."""

__version__ = "0.1.0"
