"""OPINIONS: what may happen? Arrays of float64 only; no scanner lives here yet."""
