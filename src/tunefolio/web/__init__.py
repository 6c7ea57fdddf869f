"""FACES: what do people see? Pages, API, live updates."""
