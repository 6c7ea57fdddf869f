"""ACTION: what shall we do, and may we? Books and opinions meet here; nothing trades yet."""
