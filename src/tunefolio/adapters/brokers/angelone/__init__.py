"""Angel One (SmartAPI): its public list of instruments."""
