"""Market facts out of a person's files: closes, rates, corporate actions. Columns: docs/spec/actions.md."""
