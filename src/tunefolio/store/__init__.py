"""MEMORY: where is it kept? Tables declared once, query functions that return our own frozen values."""
