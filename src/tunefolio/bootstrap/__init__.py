"""WIRING: the one place that knows every room."""
