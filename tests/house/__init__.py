"""The house as a whole: its walls, its words, its repository."""
