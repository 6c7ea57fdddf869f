"""Vested: shares in the United States, held in dollars. It has no API; its reports come in as files."""
